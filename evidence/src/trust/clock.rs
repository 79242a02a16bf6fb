//! Whose time is that of the air: T_IFS is in every capture, and 150 µs for everybody.

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use ble::time::TICKS_PER_US;

use super::decision::TrustDecision;
use super::packets::air_time;
use crate::air::{Counted, SniffedPacket};

const US: i64 = TICKS_PER_US as i64;
const NS: i64 = 64;
/// T_IFS in 1/64 ns.
const T_IFS: i64 = 150 * US;
/// Two packets of one event, with a clock that is not too bad.
const NEAR: i64 = 1_000 * US;
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

/// Times of the file since its first packet.
fn of_file(packets: &[SniffedPacket]) -> Vec<i64> {
    let first = packets.first().map_or(0, |packet| packet.ns);
    packets.iter().map(|packet| packet.ns.saturating_sub(first).saturating_mul(NS)).collect()
}

/// Times of the sniffer's counter since its first packet; `None`: it has none.
fn of_device(packets: &[SniffedPacket], removed: bool) -> Option<Vec<i64>> {
    let file = of_file(packets);
    let mut times = Vec::with_capacity(packets.len());
    let mut before: Option<(i64, &SniffedPacket)> = None;
    for (packet, file) in packets.iter().zip(file) {
        let counted = packet.counted?;
        let at = match before {
            None => file,
            Some((at, last)) => at.saturating_add(match (last.counted?, counted) {
                (Counted::StartUs(from), Counted::StartUs(to)) => {
                    i64::from(to.wrapping_sub(from)) * US
                }
                (_, Counted::SinceUs(since)) => {
                    let last = air_time(last, removed && last.mic_ok);
                    i64::from(since) * US + last
                }
                (Counted::Tenths(from), Counted::Tenths(to)) => {
                    i64::from(to.wrapping_sub(from)) * US / 10
                }
                _ => return None,
            }),
        };
        // Over a pause that the counter does not span, or where it was set anew, the file counts.
        let far = at.saturating_sub(file).abs() > 2_000_000 * US;
        let at = if far { file } else { at };
        times.push(at);
        before = Some((at, packet));
    }
    Some(times)
}

/// Whether T_IFS has to be between two packets that follow each other in the file.
fn answers(first: &SniffedPacket, second: &SniffedPacket) -> bool {
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

/// How far T_IFS is off, in the middle, and of how many pairs.
fn error(packets: &[SniffedPacket], times: &[i64], stamp: Stamp, removed: bool) -> (i64, usize) {
    let long = |packet: &SniffedPacket| air_time(packet, removed && packet.mic_ok);
    let pairs = packets.windows(2).zip(times.windows(2));
    let mut errors: Vec<i64> = pairs
        .filter_map(|(packets, times)| {
            let ([first, second], [from, to]) = (packets, times) else { return None };
            let between = to.saturating_sub(*from);
            let gap = match stamp {
                Stamp::Start => between.saturating_sub(long(first)),
                Stamp::End => between.saturating_sub(long(second)),
            };
            (answers(first, second) && gap.abs() < NEAR).then(|| gap.saturating_sub(T_IFS).abs())
        })
        .collect();
    let pairs = errors.len();
    let middle = pairs / 2;
    if errors.is_empty() {
        return (i64::MAX, 0);
    }
    // A lost packet makes a long gap, in a minority of pairs.
    (*errors.select_nth_unstable(middle).1, pairs)
}

pub(super) fn decide(packets: &[SniffedPacket], removed: bool) -> (Vec<i64>, TrustDecision<Clock>) {
    let mut best: Option<(i64, usize, Clock, Vec<i64>)> = None;
    let sources = [(false, Some(of_file(packets))), (true, of_device(packets, removed))];
    for (device, times) in sources {
        let Some(times) = times else { continue };
        for stamp in [Stamp::Start, Stamp::End] {
            let (off, pairs) = error(packets, &times, stamp, removed);
            let better = best.as_ref().is_none_or(|(than, ..)| off < *than);
            if better {
                let exact = pairs >= PAIRS_MIN && off <= EXACT;
                best = Some((off, pairs, Clock { device, stamp, exact }, times.clone()));
            }
        }
    }
    let unknown = Clock { device: false, stamp: Stamp::Start, exact: false };
    let (off, pairs, clock, mut times) = best.unwrap_or((i64::MAX, 0, unknown, Vec::new()));
    if clock.stamp == Stamp::End {
        for (time, packet) in times.iter_mut().zip(packets) {
            *time = time.saturating_sub(air_time(packet, removed && packet.mic_ok));
        }
    }
    times.iter_mut().for_each(|time| *time = (*time).clamp(-EDGE, EDGE));
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
    (times, TrustDecision { value: clock, why })
}
