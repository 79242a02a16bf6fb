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
/// ended for the peer T_IFS before the answer. Or the peer had no room, which looks the same where
/// it has nothing to go on with.
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
    // It goes on as acknowledged here, so it has heard this, and had no room for it.
    let heeded = former.is_some_and(|former| header.nesn != former.sn && following.sn != former.sn);
    if !taken && heeded {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use ble::pdu::data::Llid;
    use ble::radio::AirPdu;
    use ble::time::Instant;
    use bletwin_sniffer::{Followed, RecordId, Sealing};

    /// Packets of one event, the central's first: SN and NESN of each.
    fn event(numbers: &[(bool, bool)]) -> Vec<Hearing> {
        let ends = [NodeId(0), NodeId(1)];
        let frame = |(n, &(sn, nesn)): (usize, &(bool, bool))| {
            let header = DataHeader { llid: Llid::Continuation, sn, nesn, md: true };
            let down = n % 2 == 0;
            let direction =
                if down { Direction::CentralToPeripheral } else { Direction::PeripheralToCentral };
            let at = Instant::from_us(1_000 + 230 * n as u64);
            Frame {
                id: RecordId(n as u64 + 1),
                at,
                end: Some(at + Duration::from_us(80)),
                from: ends[usize::from(!down)],
                access_address: 0xAF9A_8396,
                pdu: AirPdu::new(header.octet(), &[]).expect("it fits"),
                channel: None,
                phy: None,
                crc_init: None,
                hearing: Hearing::Unknown,
                sealing: Sealing::AsOnAir,
                followed: Some(Followed { direction, event: Some(0), missing: 0 }),
            }
        };
        let mut frames: Vec<Frame> = numbers.iter().enumerate().map(frame).collect();
        infer(&mut frames, ends, false);
        frames.into_iter().map(|frame| frame.hearing).collect()
    }

    fn arrived(hearing: &Hearing) -> Option<bool> {
        let Hearing::Known(all) = hearing else { return None };
        Some(all.iter().any(|arrival| arrival.how == Reception::Ok))
    }

    // LL-SN-1: sequence number. Who has no room does not acknowledge, and goes on all the same.
    #[test]
    fn who_goes_on_as_acknowledged_has_heard_what_it_does_not_acknowledge() {
        let (no, yes) = (false, true);
        // The peripheral takes nothing and repeats its packet: damaged there, as far as it matters.
        let damaged = event(&[(no, no), (no, no), (no, yes), (no, no)]);
        assert_eq!(damaged.iter().map(arrived).nth(2), Some(Some(false)));
        // It takes nothing and has a new packet: the acknowledgement was heard.
        let heeded = event(&[(no, no), (no, no), (no, yes), (yes, no)]);
        assert_eq!(heeded.iter().map(arrived).nth(2), Some(None));
        // It takes it.
        let taken = event(&[(no, no), (no, no), (no, yes), (yes, yes)]);
        assert_eq!(taken.iter().map(arrived).nth(2), Some(Some(true)));
    }
}
