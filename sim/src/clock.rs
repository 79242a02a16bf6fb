//! Per-node clocks by exact ratios: `local = (world - origin) · (10⁹ + ppb) / 10⁹`.
//!
//! Every conversion starts from the origin, so that nothing accumulates. Rounding: a local reading
//! is rounded down (a counter shows the last tick that has passed), a world time is the first at
//! which the local clock shows the wanted value or more (a compare never fires early).

use ble::time::{Duration, Instant};

const BILLION: i64 = 1_000_000_000;

/// How wrong a node's two clocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ClockConfig {
    /// Error of the sleep clock in parts per 10⁹; positive runs fast. Devices may have up to
    /// ±500,000 (500 ppm); values beyond ±100,000,000 are taken as that.
    pub sleep_ppb: i32,
    /// Error of the active (radio) clock in parts per 10⁹; devices may have up to ±50,000.
    pub active_ppb: i32,
    /// Each radio start by the sleep clock is off by a random 0 to this many µs, late. The
    /// specification allows 16.
    pub sleep_jitter_us: u8,
    /// Each T_IFS is off by a random −this to +this many µs. The specification allows 2.
    pub active_jitter_us: u8,
}

/// One clock that runs since `origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    origin: Instant,
    /// Local ticks per 10⁹ world ticks.
    rate: u64,
}

impl Clock {
    /// A clock that shows zero at `origin` (world time) and is `ppb` parts per 10⁹ fast.
    #[must_use]
    pub fn new(origin: Instant, ppb: i32) -> Self {
        let bounded = i64::from(ppb).clamp(-BILLION / 10, BILLION / 10);
        Self { origin, rate: (BILLION + bounded).unsigned_abs() }
    }

    /// What the clock shows at a world time; zero before its origin.
    #[must_use]
    pub fn local(&self, world: Instant) -> Instant {
        Instant::from_ticks(scale(
            world.since(self.origin).ticks(),
            self.rate,
            1_000_000_000,
            false,
        ))
    }

    /// The first world time at which the clock shows `local` or more. "Never" stays never.
    #[must_use]
    pub fn world(&self, local: Instant) -> Instant {
        if local == Instant::MAX {
            return Instant::MAX;
        }
        self.origin + self.span(Duration::from_ticks(local.ticks()))
    }

    /// World time that passes while the clock counts `local`, rounded up.
    #[must_use]
    pub fn span(&self, local: Duration) -> Duration {
        Duration::from_ticks(scale(local.ticks(), 1_000_000_000, self.rate, true))
    }
}

fn scale(ticks: u64, multiply: u64, divide: u64, up: bool) -> u64 {
    if multiply == divide {
        return ticks;
    }
    let product = u128::from(ticks) * u128::from(multiply);
    let divide = u128::from(divide);
    let quotient = if up { product.div_ceil(divide) } else { product / divide };
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ppm_error_is_exact_over_hours() {
        let fast = Clock::new(Instant::ZERO, 50_000);
        let hours = Instant::ZERO + Duration::from_secs(10 * 3600);
        // 36,000 s at +50 ppm: 1.8 s fast, to the tick.
        assert_eq!(fast.local(hours), hours + Duration::from_ms(1_800));
        assert_eq!(fast.world(hours + Duration::from_ms(1_800)), hours);
        let slow = Clock::new(Instant::from_us(7), -50_000);
        assert_eq!(
            slow.local(hours + Duration::from_us(7)),
            hours.before(Duration::from_ms(1_800))
        );
    }

    #[test]
    fn active_clock_measures_150_us_off_by_its_error() {
        let clock = Clock::new(Instant::ZERO, 50_000);
        let span = clock.span(Duration::from_us(150));
        // 150 µs less 7.5 ns: 480 ticks, rounded up to the next whole tick.
        assert_eq!(span.ticks(), 9_600_000 - 479);
    }

    proptest! {
        #[test]
        fn a_compare_never_fires_early_nor_a_tick_late(
            ppb in -500_000i32..=500_000, origin in 0u64..1 << 40, local in 0u64..1 << 55,
        ) {
            let clock = Clock::new(Instant::from_ticks(origin), ppb);
            let local = Instant::from_ticks(local);
            let world = clock.world(local);
            prop_assert!(clock.local(world) >= local);
            prop_assert!(clock.local(world) <= local + Duration::from_ticks(1));
            let before = world.before(Duration::from_ticks(1));
            prop_assert!(world.ticks() == origin || clock.local(before) < local);
        }
    }
}
