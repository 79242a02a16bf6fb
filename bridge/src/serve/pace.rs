//! Wall time in proportion to simulated time.

use std::time::{Duration as Wall, Instant as WallInstant};

use ble::time::{Duration, Instant};

/// Falling behind by more than this is given up: simulated time then passes as slowly as it does.
const PATIENCE: Wall = Wall::from_millis(500);

/// Simulated time follows wall time, `factor` times as fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    factor: f64,
    wall: WallInstant,
    simulated: Instant,
}

impl Pace {
    pub(super) fn new(factor: f64, now: Instant) -> Self {
        Self { factor, wall: WallInstant::now(), simulated: now }
    }

    /// How many times as fast it is.
    pub(super) const fn factor(&self) -> f64 {
        self.factor
    }

    /// Where simulated time should be.
    pub(super) fn target(&self) -> Instant {
        let us = self.wall.elapsed().as_secs_f64() * 1e6 * self.factor;
        // A float is good for centuries of microseconds; beyond them it saturates.
        self.simulated + Duration::from_us(us as u64)
    }

    /// How long ago what comes next was due, in time on the wall.
    pub(super) fn late(&self, next: Option<Instant>) -> Wall {
        let late = next.map_or(0, |next| self.target().since(next).as_us());
        Wall::from_secs_f64(late as f64 / 1e6 / self.factor)
    }

    /// How long until simulated time should be there.
    pub(super) fn until(&self, at: Instant) -> Wall {
        let us = at.since(self.target()).as_us();
        Wall::from_secs_f64(us as f64 / 1e6 / self.factor)
    }

    /// Simulated time is at `now`. `true`: it was too far behind, and the pace restarts from here.
    pub(super) fn accept(&mut self, now: Instant) -> bool {
        let behind = self.target().since(now).as_us() as f64 / 1e6 / self.factor;
        let hopeless = behind > PATIENCE.as_secs_f64();
        if hopeless {
            *self = Self::new(self.factor, now);
        }
        hopeless
    }
}
