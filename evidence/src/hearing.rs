//! Who heard a packet, as far as what its peer sent afterwards shows.

use ble::pdu::data::DataHeader;
use ble::phy::T_IFS_US;
use ble::time::Duration;
use bletwin_sniffer::{Arrival, Direction, Frame, Hearing, NodeId, Reception};

/// HCI's word for a strength that is not known.
const NO_RSSI: i8 = 127;

/// A packet arrived at its peer, unharmed.
pub(crate) fn arrived(frame: &Frame, peer: NodeId) -> Hearing {
    let at = frame.end.unwrap_or(frame.at);
    Hearing::Known(vec![Arrival { node: peer, how: Reception::Ok, rssi_dbm: NO_RSSI, at }])
}

/// Its peer had something of it, for it answered, and did not take it: it was damaged there, and
/// ended for the peer T_IFS before the answer. Or the peer had no room, which looks the same.
fn damaged(next: &Frame, peer: NodeId) -> Hearing {
    let at = next.at.before(Duration::from_us(u64::from(T_IFS_US)));
    let how = Reception::CrcError;
    Hearing::Known(vec![Arrival { node: peer, how, rssi_dbm: NO_RSSI, at }])
}

/// What is known of the reception of one packet, from the next of the connection and the peer's
/// last one `before` it; `lossy`: whether other packets are missing anywhere. `None`: nothing.
fn heard(
    frame: &Frame,
    before: Option<&Frame>,
    next: &Frame,
    peer: NodeId,
    lossy: bool,
) -> Option<Hearing> {
    let (followed, after) = (frame.followed?, next.followed?);
    if after.missing > 0 {
        return None;
    }
    let header = DataHeader::from_octet(frame.pdu.header());
    let following = DataHeader::from_octet(next.pdu.header());
    if after.direction == followed.direction {
        // Its sender says the same again: no answer was on air, unless the sniffer has missed it.
        let again = following.sn == header.sn && next.pdu.payload() == frame.pdu.payload();
        let central = followed.direction == Direction::CentralToPeripheral;
        return (again && central && !lossy).then(|| Hearing::Known(Vec::new()));
    }
    let former = before.map(|before| DataHeader::from_octet(before.pdu.header()));
    // It expects the next number, or this one again. Of what was acknowledged before, another copy
    // arrived unless the answer leaves unheeded what it acknowledges.
    let taken = following.nesn != header.sn;
    let again = former.is_some_and(|former| former.nesn != header.sn);
    let unheeded =
        former.is_some_and(|former| header.nesn != former.sn && following.sn == former.sn);
    Some(match taken && !(again && unheeded) {
        true => arrived(frame, peer),
        false if after.event == followed.event => damaged(next, peer),
        false => Hearing::Known(Vec::new()),
    })
}

/// Finds out what is known of all packets of a connection; `ends`: central and peripheral.
pub(crate) fn infer(frames: &mut [Frame], ends: [NodeId; 2], lossy: bool) {
    let mut last: [Option<usize>; 2] = [None; 2];
    for place in 0..frames.len() {
        let (Some(frame), next) = (frames.get(place), frames.get(place + 1)) else { break };
        let down = frame
            .followed
            .is_some_and(|followed| followed.direction == Direction::CentralToPeripheral);
        let (own, peer) = if down { (0, 1) } else { (1, 0) };
        let before = last[peer].and_then(|place| frames.get(place));
        let heard = next.and_then(|next| heard(frame, before, next, ends[peer], lossy));
        last[own] = Some(place);
        if let Some(frame) = frames.get_mut(place) {
            frame.hearing = heard.unwrap_or(Hearing::Unknown);
        }
    }
}
