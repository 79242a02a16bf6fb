//! Integer time. One unit everywhere: 1/64 ns.
//!
//! The unit makes the three clocks of an nRF52 exact integers: 1 µs = 64,000, one cycle of 64 MHz
//! = 1,000, one tick of 32,768 Hz = 1,953,125. A `u64` of it lasts nine years.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Add, AddAssign, Sub};

use crate::divisor::Divisor;

/// A point in time on some clock, in 1/64 ns since that clock started.
///
/// Which clock is a matter of context: inside the core it is always the node's own sleep clock.
///
/// Its [`Hash`] goes through [`Hasher::write_i128`], which nothing else in the project uses, so
/// that a hasher that knows the present can hash states *relative to now*: two worlds that differ
/// only in the date are then the same state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(u64);

/// A span of time in 1/64 ns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

/// What a ppm is one of.
const MILLION: Divisor = Divisor::new(1_000_000);

/// Ticks of 1/64 ns in one microsecond.
pub const TICKS_PER_US: u64 = 64_000;

impl Instant {
    /// The start of the clock.
    pub const ZERO: Self = Self(0);
    /// The end of all time; used as "never".
    pub const MAX: Self = Self(u64::MAX);

    /// From raw ticks of 1/64 ns.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// From whole microseconds since the clock started.
    #[must_use]
    pub const fn from_us(us: u64) -> Self {
        Self(us.saturating_mul(TICKS_PER_US))
    }

    /// Raw ticks of 1/64 ns.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Whole microseconds, rounded down.
    #[must_use]
    pub const fn as_us(self) -> u64 {
        self.0 / TICKS_PER_US
    }

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The earlier of two points in time, either of which may never come. Deadlines are asked for
    /// after each call: a chip does this in a tenth of the time that an iterator takes.
    #[inline]
    #[must_use]
    pub const fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(first), Some(second)) => Some(if second.0 < first.0 { second } else { first }),
            (None, other) => other,
            (one, None) => one,
        }
    }

    /// `self - by`, stopping at the start of the clock.
    #[must_use]
    pub const fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.0))
    }
}

impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i128(i128::from(self.0));
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, by: Duration) {
        self.0 = self.0.saturating_add(by.0);
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}us+{}", self.as_us(), self.0 % TICKS_PER_US)
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From raw ticks of 1/64 ns.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// From whole microseconds, saturating.
    #[must_use]
    pub const fn from_us(us: u64) -> Self {
        Self(us.saturating_mul(TICKS_PER_US))
    }

    /// From whole milliseconds, saturating.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self::from_us(ms.saturating_mul(1_000))
    }

    /// From whole seconds, saturating.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self::from_us(secs.saturating_mul(1_000_000))
    }

    /// Raw ticks of 1/64 ns.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Whole microseconds, rounded down.
    #[must_use]
    pub const fn as_us(self) -> u64 {
        self.0 / TICKS_PER_US
    }

    /// `self · n`, saturating.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// `self / n`, rounded down; zero for `n == 0`.
    #[must_use]
    pub const fn divided_by(self, n: u64) -> Self {
        match self.0.checked_div(n) {
            Some(ticks) => Self(ticks),
            None => Self(0),
        }
    }

    /// `self · ppm / 10⁶`, rounded up: the most that a clock of that accuracy can be off.
    #[must_use]
    pub const fn ppm(self, ppm: u32) -> Self {
        // 128 bits only where they are needed: a Cortex-M4 takes 2,000 cycles for them, in T_IFS.
        if let Some(scaled) = self.0.checked_mul(ppm as u64) {
            return Self(MILLION.divide_up(scaled));
        }
        let scaled = (self.0 as u128).saturating_mul(ppm as u128).div_ceil(1_000_000);
        Self(if scaled > u64::MAX as u128 { u64::MAX } else { scaled as u64 })
    }

    /// Difference, zero if `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}us+{}", self.as_us(), self.0 % TICKS_PER_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_makes_the_three_clocks_integers() {
        assert_eq!(Duration::from_us(1).ticks(), 64_000);
        assert_eq!(Duration::from_secs(1).ticks() % 32_768, 0);
        assert_eq!(Duration::from_secs(1).ticks() / 32_768, 1_953_125);
        assert_eq!(Duration::from_secs(1).ticks() / 64_000_000, 1_000);
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Instant::MAX + Duration::from_us(1), Instant::MAX);
        assert_eq!(Instant::ZERO.before(Duration::from_us(1)), Instant::ZERO);
        assert_eq!(Instant::ZERO.since(Instant::MAX), Duration::ZERO);
    }

    #[test]
    fn the_earlier_of_two_may_be_the_only_one() {
        let (a, b) = (Some(Instant::from_us(1)), Some(Instant::from_us(2)));
        for (one, other, first) in [(a, b, a), (b, a, a), (a, None, a), (None, b, b)] {
            assert_eq!(Instant::earlier(one, other), first);
        }
        assert_eq!(Instant::earlier(None, None), None);
    }

    #[test]
    fn ppm_rounds_up() {
        assert_eq!(Duration::from_ticks(1).ppm(1), Duration::from_ticks(1));
        assert_eq!(Duration::from_secs(1).ppm(50), Duration::from_us(50));
        let (most, days) = (Duration::from_ticks(u64::MAX), Duration::from_secs(1 << 20));
        assert_eq!(most.ppm(2_000_000), most);
        assert_eq!(days.ppm(1_000_000), days, "the product has more than 64 bits");
    }
}
