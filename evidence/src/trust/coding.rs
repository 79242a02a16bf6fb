//! Whether the coding indicator of LE Coded is that of the air: there are sniffers that sometimes
//! give the other one. T_IFS tells: no answer begins before what it answers has ended, and a packet
//! with S=8 is half as long again as one with S=2.

use ble::phy::TxPhy;
use ble::time::TICKS_PER_US;

use super::clock::{Clock, Stamp, T_IFS, answers};
use super::decision::{TrustDecision, share};
use super::packets::air_time;
use crate::air::SniffedPacket;

/// T_IFS by a clock that is that of the air.
const NEAR: u64 = 5 * TICKS_PER_US;
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

/// Decides whether the indicator is always right. Where the time of its answer shows that it is
/// not, a packet gets the coding that this shows; the answer of such a packet, if nothing shows its
/// own, gets none, and so no end.
pub(super) fn decide(
    packets: &mut [SniffedPacket],
    removed: bool,
    clock: Clock,
) -> TrustDecision<bool> {
    let (mut right, mut wrong) = (0, 0);
    let mut doubted = false;
    let exact = clock.exact && clock.stamp == Stamp::Start;
    for index in 0..packets.len() {
        let Some([first, rest @ ..]) = packets.get_mut(index..).filter(|_| exact) else { break };
        let shown = rest.first().and_then(|next| fitting(first, next, removed));
        let was_doubted = std::mem::take(&mut doubted) && other(first.phy).is_some();
        match shown {
            Some(phy) if Some(phy) == first.phy => right += 1,
            Some(phy) => {
                wrong += 1;
                (first.phy, doubted) = (Some(phy), true);
            }
            None if was_doubted => first.phy = None,
            None => {}
        }
    }
    let share = share(wrong, wrong + right);
    let why = match wrong {
        0 => String::new(),
        _ => format!("the coding of LE Coded is not always right: T_IFS fits the other in {share}"),
    };
    TrustDecision { value: wrong == 0, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::parse;
    use crate::container::{LinkType, Raw};

    const EXACT: Clock = Clock { device: false, stamp: Stamp::Start, exact: true };

    /// Events of two empty PDUs on LE Coded, 100 ms apart and sent with this coding, in a file that
    /// always says S=8.
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

    // LL-TIFS-1: inter frame space.
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

        // Most are right, and some are not.
        let mut some = [file(TxPhy::CodedS8), file(TxPhy::CodedS2).split_off(10)].concat();
        let coding = decide(&mut some, false, EXACT);
        assert!(!coding.value && coding.why.contains("1 of 7"), "{coding}");
        let s8 = [Some(TxPhy::CodedS8); 12];
        assert_eq!(phys(&some), [&s8[..], &[Some(TxPhy::CodedS2), None]].concat());

        let mut unknown = file(TxPhy::CodedS2);
        assert!(decide(&mut unknown, false, Clock { exact: false, ..EXACT }).value);
    }
}
