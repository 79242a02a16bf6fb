//! Who heard a packet, as far as what its peer sent afterwards shows.

use ble::pdu::data::DataHeader;
use bletwin_sniffer::{Arrival, Direction, Frame, Hearing, NodeId, Reception};

/// HCI's word for a strength that is not known.
const NO_RSSI: i8 = 127;

/// A packet arrived at its peer, unharmed.
pub(crate) fn arrived(frame: &Frame, peer: NodeId) -> Hearing {
    let at = frame.end.unwrap_or(frame.at);
    Hearing::Known(vec![Arrival { node: peer, how: Reception::Ok, rssi_dbm: NO_RSSI, at }])
}

/// What is known of the reception of one packet, from the next of the connection: `lossy`: whether
/// other packets of it are missing anywhere. `None`: nothing.
fn heard(frame: &Frame, next: &Frame, peer: NodeId, lossy: bool) -> Option<Hearing> {
    let (followed, after) = (frame.followed?, next.followed?);
    if after.missing > 0 {
        return None;
    }
    let header = DataHeader::from_octet(frame.pdu.header());
    let following = DataHeader::from_octet(next.pdu.header());
    if after.direction != followed.direction {
        // It expects the next number, or this one again.
        let taken = following.nesn != header.sn;
        return Some(if taken { arrived(frame, peer) } else { Hearing::Known(Vec::new()) });
    }
    // Its sender says the same again: no answer was on air, unless the sniffer has missed it.
    let again = following.sn == header.sn && next.pdu.payload() == frame.pdu.payload();
    let central = followed.direction == Direction::CentralToPeripheral;
    (again && central && !lossy).then(|| Hearing::Known(Vec::new()))
}

/// What is known of all packets of a connection; `ends`: central and peripheral.
pub(crate) fn infer(frames: &[&Frame], ends: [NodeId; 2], lossy: bool) -> Vec<Hearing> {
    let mut all = Vec::with_capacity(frames.len());
    for (place, frame) in frames.iter().enumerate() {
        let next = frames.get(place + 1);
        let peer = match frame.followed.map(|followed| followed.direction) {
            Some(Direction::CentralToPeripheral) => ends[1],
            _ => ends[0],
        };
        let heard = next.and_then(|next| heard(frame, next, peer, lossy));
        all.push(heard.unwrap_or(Hearing::Unknown));
    }
    all
}
