//! A time by which something has to be another.

use ble::time::{Duration, Instant};

/// When a private address has to be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Due(Instant);

impl Due {
    /// Without a limit.
    pub(super) const NEVER: Self = Self(Instant::MAX);

    /// So long after now; `None`: never.
    pub(super) fn set(&mut self, now: Instant, life: Option<Duration>) {
        self.0 = life.map_or(Instant::MAX, |life| now + life);
    }

    /// The time itself, [`Instant::MAX`] for never.
    pub(super) const fn at(self) -> Instant {
        self.0
    }
}
