//! The processor's own registers, at 0xE000_0000: system control, NVIC, SysTick, cycle counter,
//! floating-point context.
//!
//! Not there: the MPU (enabling it stops the emulator), ITM, FPB, TPIU, debug, DWT beyond its
//! cycle counter.

mod control;
mod counter;
mod float;
mod nvic;
mod registers;
mod tick;

#[cfg(test)]
mod tests;

use counter::CycleCounter;
use float::FloatControl;
use tick::SysTick;

use crate::exception::{BUS_FAULT, MEM_MANAGE, USAGE_FAULT};

/// CFSR, HFSR, DFSR, BFAR. MMFAR is only written by the MPU, which is not there.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct FaultStatus {
    pub(crate) status: u32,
    pub(crate) hard: u32,
    pub(crate) bus_address: u32,
}

/// All of it but the exceptions.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct System {
    vector_table: u32,
    /// SCR: SLEEPONEXIT, SLEEPDEEP and SEVONPEND.
    sleep: u32,
    /// CCR: stack alignment, traps of unaligned access and of division by 0, NONBASETHRDENA.
    configuration: u32,
    /// SHCSR, its enable bits.
    handlers: u32,
    pub(crate) faults: FaultStatus,
    pub(crate) float: FloatControl,
    pub(crate) tick: SysTick,
    counter: CycleCounter,
}

const SLEEP_ON_EXIT: u32 = 1 << 1;
const EVENT_ON_PENDING: u32 = 1 << 4;
/// The bits of SCR that exist.
const SLEEP_BITS: u32 = 0x16;

const THREAD_AT_ANY_LEVEL: u32 = 1 << 0;
const TRAP_UNALIGNED: u32 = 1 << 3;
const TRAP_DIVISION: u32 = 1 << 4;
const ALIGN_STACK: u32 = 1 << 9;
/// The bits of CCR that exist.
const CONFIGURATION_BITS: u32 = 0x31B;

const HANDLER_BITS: u32 = 7 << 16;

impl System {
    pub(crate) const fn new() -> Self {
        Self {
            vector_table: 0,
            sleep: 0,
            configuration: ALIGN_STACK,
            handlers: 0,
            faults: FaultStatus { status: 0, hard: 0, bus_address: 0 },
            float: FloatControl::new(),
            tick: SysTick::new(),
            counter: CycleCounter::new(),
        }
    }

    /// SysTick stands still from now on.
    pub(crate) fn stop_tick(&mut self) {
        self.tick = SysTick::new();
    }

    pub(crate) const fn vector_table(&self) -> u32 {
        self.vector_table
    }

    pub(crate) const fn sleeps_on_exit(&self) -> bool {
        self.sleep & SLEEP_ON_EXIT != 0
    }

    pub(crate) const fn event_on_pending(&self) -> bool {
        self.sleep & EVENT_ON_PENDING != 0
    }

    pub(crate) const fn returns_to_thread_at_any_level(&self) -> bool {
        self.configuration & THREAD_AT_ANY_LEVEL != 0
    }

    pub(crate) const fn traps_unaligned(&self) -> bool {
        self.configuration & TRAP_UNALIGNED != 0
    }

    pub(crate) const fn traps_division(&self) -> bool {
        self.configuration & TRAP_DIVISION != 0
    }

    pub(crate) const fn aligns_stack(&self) -> bool {
        self.configuration & ALIGN_STACK != 0
    }

    /// Whether a fault has its own handler, or escalates.
    pub(crate) const fn handles(&self, number: u8) -> bool {
        let bit = match number {
            MEM_MANAGE => 16,
            BUS_FAULT => 17,
            USAGE_FAULT => 18,
            _ => return true,
        };
        self.handlers >> bit & 1 == 1
    }
}
