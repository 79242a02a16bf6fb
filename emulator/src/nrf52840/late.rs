//! Writes that reach a peripheral late.
//!
//! Clearing an event, or its interrupt, may take four cycles of the processor to take effect, as
//! the product specification says of interrupts (4413_417 v1.7, 6.1.8); an access to any peripheral
//! waits until it has. A handler that returns within them is entered again. All other writes take
//! effect immediately.

use super::{Endpoint, Moment, Nrf52840, peripheral};
use crate::bus::{Context, TICKS_PER_CYCLE, Ticks};
use crate::memory::Memory;

/// How late such a write arrives.
const LATE: Ticks = 4 * TICKS_PER_CYCLE;

/// INTEN and INTENCLR.
const INTERRUPTS: [u32; 2] = [0x300, 0x308];

/// A write that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Late {
    pub(super) due: Ticks,
    number: u8,
    offset: u32,
    value: u32,
}

impl Nrf52840 {
    /// Takes a write that arrives late; `false` if it does not.
    pub(super) fn delay(&mut self, to: (u8, u32), value: u32, context: &Context<'_>) -> bool {
        let (number, offset) = to;
        let clears = (peripheral::EVENTS..0x180).contains(&offset) && value & 1 == 0;
        if !clears && !INTERRUPTS.contains(&offset) {
            return false;
        }
        let due = context.now + LATE;
        self.late = Some(Late { due, number, offset, value });
        true
    }

    /// The delayed write arrives now.
    pub(super) fn arrive(&mut self, now: Ticks, memory: &mut Memory) {
        let Some(Late { number, offset, value, .. }) = self.late.take() else { return };
        let mut raised = Vec::new();
        if let Some(peripheral) = self.peripheral(number) {
            let mut moment = Moment { now, memory, raised: &mut raised };
            peripheral::write(peripheral, offset, value, &mut moment);
        }
        let raised = raised.into_iter().map(|event| Endpoint::new(number, event));
        let queue = raised.map(super::Signal::Event).collect();
        self.settle(now, memory, queue);
        self.look_ahead();
    }
}
