//! What all peripherals of the chip have in common: tasks, events, shorts, interrupts.

use crate::bus::Ticks;
use crate::memory::Memory;

/// [`Ticks`] in a microsecond.
pub(super) const MICROSECOND: Ticks = 64_000;
/// [`Ticks`] in a tick of the 16 MHz clock.
pub(super) const TICK_16M: Ticks = 4_000;
/// [`Ticks`] in a tick of the 32,768 Hz clock: a whole number.
pub(super) const TICK_32K: Ticks = 1_953_125;

/// A task or an event: the peripheral's number (its address, bits 12–18) and which of its 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Endpoint {
    pub(super) peripheral: u8,
    pub(super) index: u8,
}

impl Endpoint {
    pub(super) const fn new(peripheral: u8, index: u8) -> Self {
        Self { peripheral, index }
    }

    /// The task or event whose register is at an address.
    pub(super) fn at(address: u32, first: u32) -> Option<Self> {
        let offset = (address & 0xFFF).checked_sub(first)?;
        (address >> 19 == 0x4000_0000 >> 19 && offset < 0x80)
            .then(|| Self::new((address >> 12 & 0x7F) as u8, (offset / 4) as u8))
    }
}

/// Offset of the first task's register.
pub(super) const TASKS: u32 = 0;
/// Offset of the first event's register.
pub(super) const EVENTS: u32 = 0x100;

/// The registers that all have. Bit n of INTEN belongs to the event at 0x100 + 4n.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Common {
    pub(super) events: u32,
    pub(super) interrupts: u32,
    pub(super) shorts: u32,
}

impl Common {
    /// Whether the interrupt line is high.
    pub(super) fn interrupts(&self) -> bool {
        self.events & self.interrupts != 0
    }

    fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            // Tasks read as 0.
            0..0x80 => 0,
            EVENTS..0x180 => self.events >> ((offset - EVENTS) / 4) & 1,
            0x200 => self.shorts,
            0x300 | 0x304 | 0x308 => self.interrupts,
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            EVENTS..0x180 => {
                let bit = 1 << ((offset - EVENTS) / 4);
                // Software may also set an event; it triggers nothing.
                self.events = if value & 1 == 1 { self.events | bit } else { self.events & !bit };
            }
            0x200 => self.shorts = value,
            0x300 => self.interrupts = value,
            0x304 => self.interrupts |= value,
            0x308 => self.interrupts &= !value,
            _ => return false,
        }
        true
    }
}

/// What a peripheral works with at one moment.
pub(super) struct Moment<'a> {
    pub(super) now: Ticks,
    pub(super) memory: &'a mut Memory,
    /// The events that it raises, in order.
    pub(super) raised: &'a mut Vec<u8>,
}

impl Moment<'_> {
    pub(super) fn raise(&mut self, event: u8) {
        self.raised.push(event);
    }
}

/// A peripheral. Its registers beyond the common ones are its own.
pub(super) trait Peripheral {
    fn common(&self) -> &Common;
    fn common_mut(&mut self) -> &mut Common;

    /// A task was triggered, by the processor or by an event.
    fn task(&mut self, _task: u8, _moment: &mut Moment<'_>) {}

    /// A register of its own; `None` if it is not modelled.
    fn read(&mut self, offset: u32, now: Ticks) -> Option<u32>;

    /// Whether the register is modelled.
    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool;

    /// When it does something next by itself.
    fn next_event(&self) -> Option<Ticks> {
        None
    }

    /// Does what is due at this moment.
    fn due(&mut self, _moment: &mut Moment<'_>) {}

    /// The tasks (as bits) that an event triggers by SHORTS.
    fn shorted(&self, _event: u8) -> u32 {
        0
    }

    /// Whether an event is visible; RTCs hide what is not enabled.
    fn passes(&self, _event: u8) -> bool {
        true
    }

    /// The 32,768 Hz clock runs from a moment on, or no longer.
    fn low_frequency_clock(&mut self, _since: Option<Ticks>, _now: Ticks) {}
}

/// A read of any register, `None` if it is not modelled.
pub(super) fn read(peripheral: &mut dyn Peripheral, offset: u32, now: Ticks) -> Option<u32> {
    peripheral.read(offset, now).or_else(|| peripheral.common().read(offset))
}

/// A write to any register but a task's; whether it is modelled.
pub(super) fn write(
    peripheral: &mut dyn Peripheral,
    offset: u32,
    value: u32,
    moment: &mut Moment<'_>,
) -> bool {
    peripheral.write(offset, value, moment) || peripheral.common_mut().write(offset, value)
}
