//! The 64 MHz crystal, HFXO: what radio and TIMER0 count by, and nothing else needs. It takes a
//! quarter of a milliampere, so it runs from shortly before an event until the event is over.

use ble::time::{Duration, Instant};
use nrf_pac::CLOCK;

/// From its start until it can be relied on: 360 µs, then 256 µs of debouncing (product
/// specification, CLOCK), and some more.
const START: Duration = Duration::from_us(680);

/// Since when it runs, or will.
pub struct Crystal {
    ready: Option<Instant>,
}

impl Crystal {
    /// Switched off, as after a reset.
    pub const fn new() -> Self {
        Self { ready: None }
    }

    /// Has it run; from when on it can be relied on.
    pub fn ready(&mut self, now: Instant) -> Instant {
        *self.ready.get_or_insert_with(|| {
            CLOCK.tasks_hfclkstart().write_value(1);
            now + START
        })
    }

    /// Lets it rest; whether it ran.
    pub fn stop(&mut self) -> bool {
        let ran = self.ready.take().is_some();
        if ran {
            CLOCK.tasks_hfclkstop().write_value(1);
        }
        ran
    }
}
