//! The processor: its state, and the loop.

mod access;
mod alu;
mod control;
mod debug;
mod dsp;
mod execute;
mod flags;
mod float;
mod multiply;
mod run;
mod switch;
mod transfer;
mod usage;

#[cfg(test)]
mod tests;

pub use run::{Outcome, Watch};

use flags::Flags;
use float::FloatRegisters;

use crate::bus::{Bus, TICKS_PER_CYCLE, Ticks};
use crate::decode::Reg;
use crate::exception::{Exceptions, Fault, Masks};
use crate::memory::Memory;
use crate::stop::Cause;
use crate::system::System;
use crate::timing::FlashTiming;
use crate::untracked::Untracked;
use usage::Usage;

/// What differs between chips with this processor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Model {
    /// Bits of an exception's priority that exist, 3 to 8.
    pub priority_bits: u8,
    /// Cycles that flash makes the processor wait when neither cache nor prefetch has the octets.
    pub flash_wait_states: u8,
}

impl Model {
    /// The nRF52840 at 64 MHz.
    pub const NRF52840: Self = Self { priority_bits: 3, flash_wait_states: 2 };
}

/// Something went wrong in an instruction; what, is kept in the processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raised;

/// What was raised.
#[derive(Clone, Copy, Debug)]
enum Trap {
    Fault(Fault),
    Stop(Cause),
}

/// What a sleeping processor waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Sleep {
    /// WFI, or the end of the last handler with SLEEPONEXIT.
    Interrupt,
    /// WFE that found the event register clear.
    Event,
    /// Something outside it, which only a reset ends.
    Reset,
}

/// CONTROL: nPRIV, SPSEL and FPCA, from bit 0 on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Control {
    pub(crate) unprivileged: bool,
    pub(crate) process_stack: bool,
    pub(crate) float_active: bool,
}

impl Control {
    fn bits(self) -> u32 {
        u32::from(self.unprivileged)
            | u32::from(self.process_stack) << 1
            | u32::from(self.float_active) << 2
    }
}

/// A Cortex-M4F with its memory and its peripherals. A value: a copy continues independently.
///
/// ```
/// use bletwin_emulator::{Cpu, Memory, Model, NoBus, Outcome};
///
/// let mut memory = Memory::new(4096, 4096);
/// // Stack pointer, reset vector; MOVS R0, #42; BKPT #0.
/// memory.program(0, &[0x00, 0x10, 0x00, 0x20, 0x09, 0, 0, 0, 0x2A, 0x20, 0x00, 0xBE]);
/// let mut cpu = Cpu::new(Model::NRF52840, memory, NoBus);
/// let Outcome::Stopped(stop) = cpu.run(1_000_000) else { panic!("it runs on") };
/// assert_eq!((cpu.register(0), stop.address), (42, 10));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cpu<B> {
    /// R15 is the address of the instruction being executed, plus 4.
    registers: [u32; 16],
    /// The next instruction.
    next: u32,
    flags: Flags,
    /// ITSTATE: conditions that are left of an IT block; 0 outside of one.
    block: u8,
    /// EPSR.T; it is only clear on the way to a fault.
    thumb: bool,
    /// IPSR: number of the exception being handled; 0 in thread mode.
    pub(crate) exception_number: u8,
    /// The stack pointer that R13 is not.
    other_stack: u32,
    control: Control,
    masks: Masks,
    float: FloatRegisters,
    exclusive: bool,
    /// The event register.
    event: bool,
    sleeping: Option<Sleep>,
    cycles: u64,
    /// When the last single load or store ended.
    access_ended: u64,
    flash: FlashTiming,
    pub(crate) exceptions: Exceptions,
    pub(crate) system: System,
    memory: Memory,
    bus: B,
    /// Cycles slept, for statistics.
    slept: Untracked<u64>,
    pub(crate) usage: Untracked<Usage>,
    /// The fast loop ends at this cycle. Only meaningful within [`Cpu::run`].
    deadline: Untracked<u64>,
    trap: Untracked<Option<Trap>>,
    stop: Untracked<Option<Cause>>,
}

impl<B: Bus> Cpu<B> {
    /// The processor as after power-up, with the stack pointer and program counter of its memory.
    #[must_use]
    pub fn new(model: Model, memory: Memory, bus: B) -> Self {
        let mut cpu = Self {
            registers: [0; 16],
            next: 0,
            flags: Flags::new(),
            block: 0,
            thumb: true,
            exception_number: 0,
            other_stack: 0,
            control: Control::default(),
            masks: Masks::default(),
            float: FloatRegisters::new(),
            exclusive: false,
            event: false,
            sleeping: None,
            cycles: 0,
            access_ended: u64::MAX,
            flash: FlashTiming::new(model.flash_wait_states, memory.flash_len()),
            exceptions: Exceptions::new(model.priority_bits),
            system: System::new(),
            memory,
            bus,
            slept: Untracked(0),
            usage: Untracked(Usage::default()),
            deadline: Untracked(0),
            trap: Untracked(None),
            stop: Untracked(None),
        };
        cpu.reset();
        cpu
    }

    /// Resets the processor alone: memory, peripherals and time stay.
    pub fn reset(&mut self) {
        self.trap.0 = None;
        self.usage.reset();
        let word = |address| self.memory.read(address).map_or(0, u32::from_le_bytes);
        let (stack, start) = (word(0), word(4));
        self.registers = [0; 16];
        self.registers[13] = stack & !3;
        self.registers[14] = u32::MAX;
        self.next = start & !1;
        self.thumb = start & 1 == 1;
        self.flags = Flags::new();
        self.block = 0;
        self.exception_number = 0;
        self.other_stack = 0;
        self.control = Control::default();
        self.masks = Masks::default();
        self.float = FloatRegisters::new();
        self.exclusive = false;
        self.event = false;
        self.sleeping = None;
        self.exceptions.reset();
        self.system = System::new();
        self.stop.0 = None;
    }

    /// Lets time pass in which nothing is executed.
    pub(crate) fn pass(&mut self, ticks: Ticks) {
        let cycles = ticks.div_ceil(TICKS_PER_CYCLE);
        self.cycles += cycles;
        self.slept.0 += cycles;
    }

    /// R0–R14; 15 is the address of the next instruction.
    #[must_use]
    pub fn register(&self, number: u8) -> u32 {
        if number == 15 { self.next } else { self.get(number) }
    }

    /// XPSR without the state of an IT block.
    #[must_use]
    pub fn status(&self) -> u32 {
        self.flags.bits() | u32::from(self.thumb) << 24 | u32::from(self.exception_number)
    }

    /// Time since power-up.
    #[must_use]
    pub fn now(&self) -> Ticks {
        self.cycles * TICKS_PER_CYCLE
    }

    /// Cycles since power-up, sleep included.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Cycles slept since power-up.
    #[must_use]
    pub fn cycles_slept(&self) -> u64 {
        *self.slept
    }

    /// The exception that took longest from entry to return, with what preempted it: where its
    /// handler begins, its number, its cycles.
    pub(crate) fn longest_handler(&self) -> Option<(u32, u8, u64)> {
        let longest = self.usage.longest()?;
        let vector = self.system.vector_table().wrapping_add(4 * u32::from(longest.number));
        let handler = self.memory.read(vector).map_or(0, u32::from_le_bytes);
        Some((handler & !1, longest.number, longest.cycles))
    }

    /// Whether it sleeps, in WFI or WFE.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.sleeping.is_some()
    }

    /// When something will happen next by itself: in a peripheral, or SysTick.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let tick = self.system.tick.next();
        let tick = (tick != u64::MAX).then(|| tick.saturating_mul(TICKS_PER_CYCLE));
        tick.into_iter().chain(self.bus.next_event()).min()
    }

    /// Flash and RAM.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Flash and RAM, to change as a debugger does, or to [seal](Memory::seal).
    pub fn memory_mut(&mut self) -> &mut Memory {
        self.flash.invalidate();
        &mut self.memory
    }

    /// The peripherals and the memory, for what concerns both.
    pub(crate) fn parts(&mut self) -> (&mut B, &mut Memory) {
        (&mut self.bus, &mut self.memory)
    }

    /// The peripherals, to look at.
    #[must_use]
    pub fn bus(&self) -> &B {
        &self.bus
    }

    /// The peripherals, to give them what comes from outside.
    pub fn bus_mut(&mut self) -> &mut B {
        &mut self.bus
    }

    /// Switches the flash's instruction cache.
    pub fn set_flash_cache(&mut self, on: bool) {
        self.flash.set_cache(on);
    }
}

impl<B> Cpu<B> {
    #[inline(always)]
    fn get(&self, register: Reg) -> u32 {
        self.registers[usize::from(register & 15)]
    }

    /// Not for R15. The stack pointer's lowest two bits are always 0.
    #[inline(always)]
    fn set(&mut self, register: Reg, value: u32) {
        let value = if register == 13 { value & !3 } else { value };
        self.registers[usize::from(register & 15)] = value;
    }

    #[cold]
    pub(crate) fn fault(&mut self, fault: Fault) -> Raised {
        self.trap.0 = Some(Trap::Fault(fault));
        Raised
    }

    #[cold]
    pub(crate) fn halt(&mut self, cause: Cause) -> Raised {
        self.trap.0 = Some(Trap::Stop(cause));
        Raised
    }
}
