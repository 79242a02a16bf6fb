//! Where in a connection a packet belongs, by its time alone: anchor points come at multiples of
//! the interval, and answers after T_IFS.

use ble::crypto::ccm::Direction;
use ble::time::TICKS_PER_US;

/// 1 µs and 1.25 ms in 1/64 ns.
pub(super) const US: i64 = TICKS_PER_US as i64;
pub(super) const UNIT: i64 = 1_250 * US;
/// An answer comes so soon after what it answers, rules or not; with one lost packet between two
/// others there are at least 344 µs.
const ANSWER: i64 = 300 * US;
/// The same where times are not those of the air.
const ANSWER_ROUGHLY: i64 = 600 * US;
/// How far a packet of the peripheral is behind the anchor point at the least: an empty PDU on LE
/// 2M, and T_IFS.
pub(super) const BEHIND: i64 = 190 * US;
/// An answer to an empty PDU on LE 1M, LE 2M, and LE Coded with either coding.
const EMPTY: [i64; 4] = [230 * US, 194 * US, 612 * US, 870 * US];
/// The longest packet of a central, and T_IFS.
pub(super) const ANSWERED: i64 = 2_300 * US;

/// A packet as far as its place matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// First bit and last bit, in 1/64 ns.
    pub at: i64,
    pub end: i64,
    /// What the sniffer says of who sent it.
    pub told: Option<Direction>,
    /// Whether times are those of the air.
    pub exact: bool,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PacketPlace {
    pub direction: Direction,
    /// How many events after the last anchor point that was known.
    pub events: u64,
    /// Whether it comes where an anchor point is expected.
    pub anchor: bool,
    /// Packets that have to be missing before it.
    pub missing: u32,
    /// Whether its time leaves no doubt who sent it.
    pub sure: bool,
}

/// What is known of when events begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Its nominal interval, in 1/64 ns.
    pub(crate) interval: i64,
    /// The first anchor point with this interval, and how many intervals ago it was.
    first: (i64, u64),
    /// The last one that was seen.
    pub(crate) last: i64,
    /// By how much the interval is longer for the sniffer, in parts of 2⁴⁰.
    rate: i64,
}

impl Grid {
    pub(crate) const fn new(interval: i64, anchor: i64) -> Self {
        Self { interval, first: (anchor, 0), last: anchor, rate: 0 }
    }

    /// With the clock that another interval has shown.
    pub(super) const fn with_rate(mut self, rate: i64) -> Self {
        self.rate = rate;
        self
    }

    pub(super) const fn rate(&self) -> i64 {
        self.rate
    }

    /// How far off the sniffer's clock is, in thousandths of a part per million.
    pub(crate) fn ppb(&self) -> i64 {
        ((i128::from(self.rate) * 1_000_000_000) >> 40) as i64
    }

    /// So many intervals, as the sniffer's clock has them.
    pub(super) fn span(&self, events: u64) -> i64 {
        let nominal = i128::from(self.interval).saturating_mul(i128::from(events));
        let nominal = nominal.min(i128::from(i64::MAX / 4));
        (nominal + ((nominal * i128::from(self.rate)) >> 40)) as i64
    }

    /// How far off an anchor point may be after so many events.
    pub(crate) fn tolerance(&self, events: u64, exact: bool) -> i64 {
        if !exact {
            return (self.interval / 6).min(2_500 * US);
        }
        let fitted =
            self.first.1.saturating_mul(u64::try_from(self.interval / US).unwrap_or(0)) > 2_000_000;
        // Sleep clocks of 500 ppm at the worst and a sniffer of 100 ppm, or what is left of them.
        let parts = if fitted { 25_000 } else { 1_666 };
        (40 * US + self.span(events) / parts).min(self.interval / 4)
    }

    /// An anchor point was seen so many events after the last one.
    pub(crate) fn anchor(&mut self, at: i64, events: u64) {
        self.last = at;
        self.first.1 = self.first.1.saturating_add(events);
        let nominal = i128::from(self.interval) * i128::from(self.first.1);
        // Below half a second the jitter of both clocks is more than what they are off.
        if nominal > i128::from(500_000 * US) {
            let real = i128::from(at) - i128::from(self.first.0);
            let rate = ((real - nominal) << 40) / nominal;
            // Nothing is further off than 1,000 ppm: what is, is not an anchor point of this grid.
            const MOST: i128 = (1 << 40) / 1_000;
            self.rate = rate.clamp(-MOST, MOST) as i64;
        }
    }

    /// An anchor point that was not seen: so many events later one is expected.
    pub(crate) fn expected(&self, events: u64) -> i64 {
        self.last.saturating_add(self.span(events))
    }

    /// How many intervals after the last anchor point, to the nearest.
    pub(crate) fn nearest(&self, at: i64) -> u64 {
        let since = at.saturating_sub(self.last).max(0);
        let one = self.span(1).max(1);
        u64::try_from((since + one / 2) / one).unwrap_or(0)
    }

    /// Whether an anchor point is expected where a packet is, and after how many events.
    pub(crate) fn fits(&self, seen: &Sighting) -> Option<u64> {
        let events = self.nearest(seen.at);
        let off = seen.at.saturating_sub(self.expected(events)).abs();
        (events > 0 && off <= self.tolerance(events, seen.exact)).then_some(events)
    }

    /// Whether a packet is neither an anchor point nor an answer nor of the event of the last one.
    pub(crate) fn puzzles(&self, seen: &Sighting, last: Option<(Direction, i64)>) -> bool {
        let gap = last.map_or(i64::MAX, |(_, end)| seen.at.saturating_sub(end));
        gap > ANSWERED && seen.at != self.last && self.fits(seen).is_none()
    }

    /// Where a packet belongs; `last`: direction and end of the one before.
    pub(crate) fn place(&self, seen: &Sighting, last: Option<(Direction, i64)>) -> PacketPlace {
        let answer = if seen.exact { ANSWER } else { ANSWER_ROUGHLY };
        let gap = last.map_or(i64::MAX, |(_, end)| seen.at.saturating_sub(end));
        let fits = self.fits(seen);
        // An event that fills its interval ends before the next anchor point.
        if let Some((before, _)) = last
            && gap <= answer
            && (fits.is_none() || gap <= answer / 2 && before == Direction::CentralToPeripheral)
        {
            return PacketPlace {
                direction: other(before),
                events: 0,
                anchor: false,
                missing: 0,
                sure: gap > 0,
            };
        }
        if let Some(events) = fits {
            let missing = u32::try_from(events - 1).unwrap_or(u32::MAX);
            let direction = Direction::CentralToPeripheral;
            return PacketPlace { direction, events, anchor: true, missing, sure: true };
        }
        self.within(seen, last)
    }

    /// A packet that no anchor point and no other packet explains: some of its event are missing.
    fn within(&self, seen: &Sighting, last: Option<(Direction, i64)>) -> PacketPlace {
        let since = seen.at.saturating_sub(self.last).max(0);
        let early = self.tolerance(1, seen.exact);
        let events = u64::try_from((since + early) / self.span(1).max(1)).unwrap_or(0);
        let behind = seen.at.saturating_sub(self.expected(events));
        let skipped = u32::try_from(events).unwrap_or(u32::MAX);
        let first_answer = (BEHIND..ANSWERED).contains(&behind);
        // Most of what a central sends is empty, and that tells.
        let after_empty = EMPTY.iter().any(|empty| (behind - empty).abs() <= 20 * US);
        let by_time = match (last, events) {
            // One packet of this event is missing: between two of one sender.
            (Some((before, _)), 0) => before,
            // The anchor point is missing, and what answers it is there.
            _ if first_answer => Direction::PeripheralToCentral,
            _ => Direction::CentralToPeripheral,
        };
        let sure = seen.exact && after_empty && events > 0;
        let direction = seen.told.filter(|_| !sure).unwrap_or(by_time);
        let same = events == 0 && last.is_some_and(|(before, _)| before == direction);
        let missing = match events {
            0 => {
                if same {
                    1
                } else {
                    2
                }
            }
            _ => skipped,
        };
        PacketPlace { direction, events, anchor: false, missing, sure }
    }
}

pub(super) const fn other(direction: Direction) -> Direction {
    match direction {
        Direction::CentralToPeripheral => Direction::PeripheralToCentral,
        Direction::PeripheralToCentral => Direction::CentralToPeripheral,
    }
}
