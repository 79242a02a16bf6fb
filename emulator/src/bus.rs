//! What lies outside the processor: peripherals.

use crate::memory::Memory;

/// Time in 1/1000 of a processor cycle: at 64 MHz 1/64 ns, the unit of bletwin's worlds.
pub type Ticks = u64;

/// [`Ticks`] in a processor cycle.
pub const TICKS_PER_CYCLE: Ticks = 1000;

/// What a peripheral may read and change during an access.
#[derive(Debug)]
pub struct Context<'a> {
    /// Time since power-up.
    pub now: Ticks,
    /// Memory, for DMA and the flash controller.
    pub memory: &'a mut Memory,
}

/// Why an access to a peripheral failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BusError {
    /// Nothing answers there: the processor takes a BusFault, as the chip's would.
    Nobody,
    /// The chip has something there that is not modelled: the emulator stops and shows the hint.
    NotModelled(&'static str),
}

/// The peripherals of a chip. Addresses are those from 0x4000_0000 on, and flash for
/// [`Bus::write_flash`].
pub trait Bus {
    /// Reads the word at a multiple of four.
    ///
    /// # Errors
    /// See [`BusError`].
    fn read(&mut self, address: u32, context: &mut Context<'_>) -> Result<u32, BusError>;

    /// Writes the word at a multiple of four.
    ///
    /// # Errors
    /// See [`BusError`].
    fn write(
        &mut self,
        address: u32,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), BusError>;

    /// A store of the processor to flash, which the flash controller allows or not.
    ///
    /// # Errors
    /// See [`BusError`].
    fn write_flash(
        &mut self,
        _address: u32,
        _value: u32,
        _context: &mut Context<'_>,
    ) -> Result<(), BusError> {
        Err(BusError::Nobody)
    }

    /// Whether something here resets the chip.
    fn resets(&self) -> bool {
        false
    }

    /// Whether the processor executes nothing until something here resets the chip.
    fn halts(&self) -> bool {
        false
    }

    /// The processor falls asleep, or wakes; false: it has said so before, or nothing here cares.
    fn sleeps(&mut self, _asleep: bool, _context: &mut Context<'_>) -> bool {
        false
    }

    /// Whether flash has its instruction cache switched on; `None`: nothing here switches it.
    fn flash_cache(&self) -> Option<bool> {
        None
    }

    /// Until when flash cannot be read: a processor that runs from it waits.
    fn flash_busy_until(&self) -> Ticks {
        0
    }

    /// When something will happen next by itself.
    fn next_event(&self) -> Option<Ticks>;

    /// Processes everything due until now, in order.
    fn advance(&mut self, context: &mut Context<'_>);

    /// The level of each interrupt line, line 0 lowest.
    fn interrupts(&self) -> u64;
}

/// No peripherals at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct NoBus;

impl Bus for NoBus {
    fn read(&mut self, _: u32, _: &mut Context<'_>) -> Result<u32, BusError> {
        Err(BusError::Nobody)
    }

    fn write(&mut self, _: u32, _: u32, _: &mut Context<'_>) -> Result<(), BusError> {
        Err(BusError::Nobody)
    }

    fn next_event(&self) -> Option<Ticks> {
        None
    }

    fn advance(&mut self, _: &mut Context<'_>) {}

    fn interrupts(&self) -> u64 {
        0
    }
}
