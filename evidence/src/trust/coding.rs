//! Whether the coding indicator of LE Coded is that of the air: some sniffers give the same one
//! whatever was sent. T_IFS tells, for a packet with S=8 is half as long again as one with S=2.

use ble::phy::TxPhy;
use ble::time::TICKS_PER_US;

use super::clock::{Clock, Stamp, T_IFS, answers};
use super::decision::{TrustDecision, share};
use super::packets::air_time;
use crate::air::SniffedPacket;

/// T_IFS by a clock that is that of the air.
const NEAR: u64 = 5 * TICKS_PER_US;
/// So many answers that fit the other coding alone are not chance.
const PAIRS_MIN: usize = 4;

/// The other coding; `None`: there is none.
const fn other(phy: Option<TxPhy>) -> Option<TxPhy> {
    match phy {
        Some(TxPhy::CodedS2) => Some(TxPhy::CodedS8),
        Some(TxPhy::CodedS8) => Some(TxPhy::CodedS2),
        _ => None,
    }
}

/// The coding with which T_IFS is between a packet and what follows it, if one of the two is.
fn fitting(first: &SniffedPacket, next: &SniffedPacket, removed: bool) -> Option<TxPhy> {
    let other = other(first.phy).filter(|_| answers(first, next))?;
    let between = next.at.saturating_sub(first.at);
    let fits = |phy| {
        let long = air_time(&SniffedPacket { phy: Some(phy), ..first.clone() }, removed);
        between.saturating_sub(long).abs_diff(T_IFS) <= NEAR
    };
    first.phy.into_iter().chain([other]).find(|phy| fits(*phy))
}

/// Decides whether the indicator is believed. Where it is not, a packet keeps the coding that the
/// time of its answer shows, and has none, and so no end, where nothing shows it.
pub(super) fn decide(
    packets: &mut [SniffedPacket],
    removed: bool,
    clock: Clock,
) -> TrustDecision<bool> {
    let (mut stated, mut changed) = (0, 0);
    if clock.exact && clock.stamp == Stamp::Start {
        for two in packets.windows(2) {
            if let [first, next] = two
                && let Some(found) = fitting(first, next, removed)
            {
                let fits = Some(found) == first.phy;
                stated += usize::from(fits);
                changed += usize::from(!fits);
            }
        }
    }
    if changed < PAIRS_MIN || changed <= stated {
        return TrustDecision { value: true, why: String::new() };
    }
    for index in 0..packets.len() {
        if let Some([first, rest @ ..]) = packets.get_mut(index..)
            && other(first.phy).is_some()
        {
            first.phy = rest.first().and_then(|next| fitting(first, next, removed));
        }
    }
    let share = share(changed, changed + stated);
    let why =
        format!("the coding of LE Coded is not as the file says: T_IFS fits the other in {share}");
    TrustDecision { value: false, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::parse;
    use crate::container::{LinkType, Raw};

    const EXACT: Clock = Clock { device: false, stamp: Stamp::Start, exact: true };

    /// Events of two empty PDUs on LE Coded 100 ms apart, sent with these codings, and in a file
    /// that always says S=8.
    fn file(sent: TxPhy) -> Vec<SniffedPacket> {
        let packet = |record: u64, at: u64| {
            let mut octets = vec![6, 0, 0, 0, 0, 0, 0, 0, 0x13, 0x8C];
            octets.extend([1, 2, 3, 4, 0, 1, 0, 9, 9, 9]);
            let link = LinkType::LeLlWithPhdr;
            let raw = Raw { interface: 0, ns: 0, whole: true, link, host: None, octets: &octets };
            let mut packet = parse(&raw, record).expect("a packet");
            packet.at = at as i64;
            packet
        };
        let reply = sent.air_time(0).ticks() + T_IFS as u64;
        let event = |n: u64| {
            let anchor = n * 100_000 * TICKS_PER_US;
            [packet(2 * n + 1, anchor), packet(2 * n + 2, anchor + reply)]
        };
        (0..6).flat_map(event).collect()
    }

    #[test]
    fn a_coding_that_the_times_contradict_is_not_believed() {
        let phys = |packets: &[SniffedPacket]| -> Vec<Option<TxPhy>> {
            packets.iter().map(|packet| packet.phy).collect()
        };
        let mut right = file(TxPhy::CodedS8);
        assert_eq!(phys(&right), [Some(TxPhy::CodedS8); 12]);
        assert!(decide(&mut right, false, EXACT).value);
        assert_eq!(phys(&right), [Some(TxPhy::CodedS8); 12]);

        let mut wrong = file(TxPhy::CodedS2);
        let coding = decide(&mut wrong, false, EXACT);
        assert!(!coding.value && coding.why.contains("6 of 6"), "{coding}");
        assert_eq!(phys(&wrong), [Some(TxPhy::CodedS2), None].repeat(6));

        let mut unknown = file(TxPhy::CodedS2);
        assert!(decide(&mut unknown, false, Clock { exact: false, ..EXACT }).value);
    }
}
