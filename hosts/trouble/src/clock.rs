//! embassy-time's clock: the simulated one.
//!
//! There is one for the whole process, because embassy-time knows no other: a process runs one
//! [`crate::Air`] at a time. Put each test into a file of its own below `tests/`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use embassy_time_driver::Driver;

#[derive(Debug)]
struct State {
    /// Simulated time in µs, never set back.
    now: u64,
    /// Who wants to be woken when, in the order of asking.
    alarms: BTreeMap<(u64, u64), Waker>,
    asked: u64,
}

#[derive(Debug)]
struct Clock(Mutex<State>);

impl Clock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        self.state().now
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        let mut state = self.state();
        let known = |other: &Waker| other.will_wake(waker);
        if state.alarms.range((at, 0)..=(at, u64::MAX)).any(|(_, other)| known(other)) {
            return;
        }
        state.asked += 1;
        let key = (at, state.asked);
        state.alarms.insert(key, waker.clone());
    }
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock(Mutex::new(State {
    now: 0,
    alarms: BTreeMap::new(),
    asked: 0,
})));

/// When the next alarm is due.
pub(crate) fn next_alarm() -> Option<u64> {
    CLOCK.state().alarms.first_key_value().map(|((at, _), _)| *at)
}

/// Sets the time to `now`, and wakes tasks that waited for it.
pub(crate) fn set(now: u64) {
    let mut state = CLOCK.state();
    state.now = state.now.max(now);
    let later = state.alarms.split_off(&(now.saturating_add(1), 0));
    let due = std::mem::replace(&mut state.alarms, later);
    drop(state);
    due.into_values().for_each(Waker::wake);
}
