//! When something happens next, and which interrupt lines are high.
//!
//! Both are asked for after each instruction that reaches a peripheral, of which most change one
//! of them: only those that may have changed are looked at anew.

use super::peripheral::Common;
use super::{CCM, ECB, GPIOTE, NVMC, Nrf52840, PPI};
use crate::bus::Ticks;

/// The peripherals, in the order in which what is due at the same time happens.
pub(super) const ORDER: [u8; 26] = [
    0, 1, 8, 9, 10, 26, 27, 11, 17, 36, 12, 13, ECB, 20, 21, 22, 23, 24, 25, CCM, 16, GPIOTE, 2,
    40, NVMC, PPI,
];

/// Above the highest number.
const NUMBERS: usize = 41;

/// What is known of each peripheral, by its number.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// When it does something by itself, if it is armed.
    next: [Ticks; NUMBERS],
    /// Those that do something by themselves, as bits.
    armed: u64,
    /// Those whose interrupt line is high.
    lines: u64,
    /// Those that may have changed since.
    changed: u64,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { next: [Ticks::MAX; NUMBERS], armed: 0, lines: 0, changed: u64::MAX }
    }
}

impl Ahead {
    /// A peripheral may have changed.
    #[inline]
    pub(super) fn touch(&mut self, number: u8) {
        self.changed |= 1 << number;
    }

    /// All may have changed.
    pub(super) fn touch_all(&mut self) {
        self.changed = u64::MAX;
    }

    /// Whether a peripheral has something to do at a moment.
    fn is_due(&self, number: u8, now: Ticks) -> bool {
        self.armed >> number & 1 == 1 && self.next[usize::from(number)] <= now
    }

    fn earliest(&self) -> Option<Ticks> {
        let mut armed = self.armed;
        let mut earliest = Ticks::MAX;
        while armed != 0 {
            earliest = earliest.min(self.next[armed.trailing_zeros() as usize % NUMBERS]);
            armed &= armed - 1;
        }
        (self.armed != 0).then_some(earliest)
    }
}

impl Nrf52840 {
    /// The next event and the lines.
    pub(super) fn foreseen(&mut self) -> (Option<Ticks>, u64) {
        if self.rest.is_some() {
            self.ahead.touch_all();
            return (None, 0);
        }
        let mut changed = std::mem::take(&mut self.ahead.changed);
        while changed != 0 {
            let number = changed.trailing_zeros() as u8;
            changed &= changed - 1;
            self.look_at(number);
        }
        let waiting = (!self.waiting.is_empty()).then_some(self.waiting_until);
        debug_assert!(self.foresees(), "a change went unnoticed");
        (self.ahead.earliest().into_iter().chain(waiting).min(), self.ahead.lines)
    }

    fn look_at(&mut self, number: u8) {
        let Some(peripheral) = self.shared(number) else { return };
        let (next, high) = (peripheral.next_event(), Common::interrupts(peripheral.common()));
        let bit = 1 << number;
        let ahead = &mut *self.ahead;
        ahead.lines = ahead.lines & !bit | u64::from(high) << number;
        ahead.armed = ahead.armed & !bit | u64::from(next.is_some()) << number;
        ahead.next[usize::from(number)] = next.unwrap_or(Ticks::MAX);
    }

    /// The peripherals that have something to do at a moment, in order.
    pub(super) fn due(&self, now: Ticks) -> impl Iterator<Item = u8> + use<> {
        let due = ORDER.map(|number| self.ahead.is_due(number, now));
        ORDER.into_iter().zip(due).filter(|(_, due)| *due).map(|(number, _)| number)
    }

    /// Whether what is kept is what a look at all of them would find.
    fn foresees(&self) -> bool {
        ORDER.into_iter().all(|number| {
            self.shared(number).is_some_and(|peripheral| {
                let next = peripheral.next_event().unwrap_or(Ticks::MAX);
                let high = Common::interrupts(peripheral.common());
                let line = self.ahead.lines >> number & 1 == 1;
                next == self.ahead.next[usize::from(number)] && high == line
            })
        })
    }
}
