//! Whose time is that of the air: T_IFS is in every capture, and 150 µs for everybody.

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use ble::time::TICKS_PER_US;

use super::decision::TrustDecision;
use super::packets::air_time;
use crate::air::{Counted, SniffedPacket};

const US: i64 = TICKS_PER_US as i64;
const NS: i64 = 64;
/// T_IFS in 1/64 ns.
pub(super) const T_IFS: i64 = 150 * US;
/// Two packets of one event, with a clock that is not too bad.
const NEAR: u64 = 1_000 * TICKS_PER_US;
/// So far from the time of the file a counter is not that of its packets: 2 s.
const FAR: u64 = 2_000_000 * TICKS_PER_US;
/// A clock with a typical error of T_IFS below this is that of the air.
const EXACT: i64 = 5 * US / 2;
/// The beginning and end of all times, so that sums of them are no overflow: a year.
const EDGE: i64 = 1 << 61;
/// So many pairs decide.
const PAIRS_MIN: usize = 4;

/// Whose time is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Whether it is the sniffer's own counter, rather than the time of the file.
    pub device: bool,
    /// Which end of a packet it stamps.
    pub stamp: Stamp,
    /// Whether it is that of the air, to the microsecond.
    pub exact: bool,
}

/// Which end of a packet has its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The first bit of the preamble.
    Start,
    /// The last bit of the CRC.
    End,
}

/// Gives times since the first packet, packet by packet.
struct Ticking {
    /// By the sniffer's counter, and not by the time of the file.
    device: bool,
    removed: bool,
    first: i64,
    /// Time, counter and length on air of the packet before.
    before: Option<(i64, Option<Counted>, i64)>,
}

impl Ticking {
    fn new(packets: &[SniffedPacket], device: bool, removed: bool) -> Self {
        let first = packets.first().map_or(0, |packet| packet.at);
        Self { device, removed, first, before: None }
    }

    /// `None`: there is no counter.
    fn next(&mut self, packet: &SniffedPacket) -> Option<i64> {
        let file = packet.at.saturating_sub(self.first).saturating_mul(NS);
        if !self.device {
            return Some(file);
        }
        let counted = packet.counted?;
        let at = match self.before {
            None => file,
            Some((at, last, long)) => at.saturating_add(match (last?, counted) {
                (Counted::StartUs(from), Counted::StartUs(to)) => {
                    i64::from(to.wrapping_sub(from)) * US
                }
                (_, Counted::SinceUs(since)) => i64::from(since) * US + long,
                (Counted::Tenths(from), Counted::Tenths(to)) => {
                    i64::from(to.wrapping_sub(from)) * US / 10
                }
                _ => return None,
            }),
        };
        // Over a pause that the counter does not span, or where it was set anew, the file counts.
        let far = at.abs_diff(file) > FAR;
        let at = if far { file } else { at };
        self.before = Some((at, packet.counted, air_time(packet, self.removed)));
        Some(at)
    }
}

/// Whether T_IFS has to be between two packets that follow each other in the file.
pub(super) fn answers(first: &SniffedPacket, second: &SniffedPacket) -> bool {
    let damaged = first.crc_ok == Some(false) || second.crc_ok == Some(false);
    if damaged || first.access_address != second.access_address || first.octets.is_empty() {
        return false;
    }
    if first.access_address != ADVERTISING_ACCESS_ADDRESS {
        return true;
    }
    let kind = |packet: &SniffedPacket| packet.octets.first().map_or(15, |header| header & 0x0F);
    let asks = matches!(kind(first), 0 | 6) && matches!(kind(second), 3 | 5);
    first.channel == second.channel && (asks || kind(first) == 3 && kind(second) == 4)
}

/// How far T_IFS is off by a clock that stamps first bits, and by one that stamps last bits: in the
/// middle, and of how many pairs. `None`: there is no such clock.
fn errors(packets: &[SniffedPacket], device: bool, removed: bool) -> Option<[(i64, usize); 2]> {
    let mut ticking = Ticking::new(packets, device, removed);
    let mut errors = [Vec::new(), Vec::new()];
    let mut before: Option<(&SniffedPacket, i64)> = None;
    for packet in packets {
        let at = ticking.next(packet)?;
        if let Some((first, from)) = before.filter(|(first, _)| answers(first, packet)) {
            let between = at.saturating_sub(from);
            let long = [first, packet].map(|packet| air_time(packet, removed));
            for (errors, long) in errors.iter_mut().zip(long) {
                let gap = between.saturating_sub(long);
                let off = u32::try_from(gap.abs_diff(T_IFS)).unwrap_or(u32::MAX);
                errors.extend((gap.unsigned_abs() < NEAR).then_some(off));
            }
        }
        before = Some((packet, at));
    }
    Some(errors.map(|mut errors| {
        let (pairs, middle) = (errors.len(), errors.len() / 2);
        if errors.is_empty() {
            return (i64::MAX, 0);
        }
        // A lost packet makes a long gap, in a minority of pairs.
        (i64::from(*errors.select_nth_unstable(middle).1), pairs)
    }))
}

/// Finds out whose times are those of the air, and gives packets these.
pub(super) fn decide(packets: &mut [SniffedPacket], removed: bool) -> TrustDecision<Clock> {
    let mut best: Option<(i64, usize, Clock)> = None;
    for device in [false, true] {
        let Some(errors) = errors(packets, device, removed) else { continue };
        for ((off, pairs), stamp) in errors.into_iter().zip([Stamp::Start, Stamp::End]) {
            if best.is_none_or(|(than, ..)| off < than) {
                let exact = pairs >= PAIRS_MIN && off <= EXACT;
                best = Some((off, pairs, Clock { device, stamp, exact }));
            }
        }
    }
    let unknown = Clock { device: false, stamp: Stamp::Start, exact: false };
    let (off, pairs, clock) = best.unwrap_or((i64::MAX, 0, unknown));
    let mut ticking = Ticking::new(packets, clock.device, removed);
    for packet in packets {
        let mut at = ticking.next(packet).unwrap_or_default();
        if clock.stamp == Stamp::End {
            at = at.saturating_sub(air_time(packet, removed));
        }
        packet.at = at.clamp(-EDGE, EDGE);
    }
    let whose = if clock.device { "the sniffer's counter" } else { "the time of the file" };
    let end = match clock.stamp {
        Stamp::Start => "first",
        Stamp::End => "last",
    };
    let off = format!("{}.{}", off / US, off % US * 10 / US);
    let why = match (clock.exact, pairs) {
        (true, _) => {
            format!("{whose} is that of the {end} bit: T_IFS is off by {off} µs in {pairs} pairs")
        }
        (false, 0) => "nothing tests the times: no packet follows another at once".to_owned(),
        (false, _) => {
            format!("times are not those of the air: at best ({whose}) {off} µs off, {pairs} pairs")
        }
    };
    TrustDecision { value: clock, why }
}
