//! Faults: their registers, escalation, lockup.

use super::{BUS_FAULT, HARD_FAULT, MEM_MANAGE, SV_CALL, USAGE_FAULT};
use crate::bus::Bus;
use crate::cpu::Cpu;
use crate::stop::Cause;

/// The fault of an instruction or of an exception entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// There is no code there.
    Fetch {
        address: u32,
    },
    /// No device answered a load or store.
    Data {
        address: u32,
    },
    /// Pushing the frame of an exception failed.
    Stacking,
    /// Popping it failed.
    Unstacking,
    Undefined,
    /// Thumb state was left.
    InvalidState,
    /// EXC_RETURN or the frame was no good.
    InvalidReturn,
    NoCoprocessor,
    Unaligned,
    DivideByZero,
}

/// HFSR.VECTTBL: the vector of an exception could not be read.
pub(crate) const VECTOR_TABLE: u32 = 1 << 1;
const FORCED: u32 = 1 << 30;

const MMFAR_VALID: u32 = 1 << 7;
const BFAR_VALID: u32 = 1 << 15;

/// Where no code may be: peripherals, devices, the system (B3.1).
const fn never_code(address: u32) -> bool {
    matches!(address >> 29, 2 | 5..)
}

impl Fault {
    /// The exception and its bits in CFSR.
    const fn register(self) -> (u8, u32) {
        match self {
            Self::Fetch { address } if never_code(address) => (MEM_MANAGE, 1),
            Self::Fetch { .. } => (BUS_FAULT, 1 << 8),
            Self::Data { .. } => (BUS_FAULT, 1 << 9 | BFAR_VALID),
            Self::Unstacking => (BUS_FAULT, 1 << 11),
            Self::Stacking => (BUS_FAULT, 1 << 12),
            Self::Undefined => (USAGE_FAULT, 1 << 16),
            Self::InvalidState => (USAGE_FAULT, 1 << 17),
            Self::InvalidReturn => (USAGE_FAULT, 1 << 18),
            Self::NoCoprocessor => (USAGE_FAULT, 1 << 19),
            Self::Unaligned => (USAGE_FAULT, 1 << 24),
            Self::DivideByZero => (USAGE_FAULT, 1 << 25),
        }
    }
}

impl<B: Bus> Cpu<B> {
    /// Pends the fault of the instruction before R15 − 4, which will be returned to.
    pub(crate) fn raise_fault(&mut self, fault: Fault) {
        self.return_to_instruction();
        self.pend_fault(fault);
    }

    /// Pends a fault that no instruction is returned to for.
    pub(crate) fn pend_fault(&mut self, fault: Fault) {
        let (number, status) = fault.register();
        let faults = &mut self.system.faults;
        faults.status |= status;
        if let Fault::Data { address } = fault {
            faults.bus_address = address;
        }
        debug_assert_eq!(status & MMFAR_VALID, 0, "no fault here knows a data address of MPU");
        let enabled = self.system.handles(number);
        self.pend_or_escalate(number, enabled);
    }

    /// A synchronous exception that cannot be taken now becomes a HardFault, and that, if it
    /// cannot be taken either, lockup.
    fn pend_or_escalate(&mut self, number: u8, enabled: bool) {
        let running = self.running_priority();
        if enabled && self.exceptions.group_priority(number) < running {
            self.pend(number);
            return;
        }
        self.system.faults.hard |= FORCED;
        self.pend_hard_fault();
    }

    pub(crate) fn pend_hard_fault(&mut self) {
        if self.running_priority() <= -1 {
            self.stop_with(Cause::Lockup);
        } else {
            self.pend(HARD_FAULT);
        }
    }

    /// SVC: pends SVCall, or a HardFault where SVCall cannot be taken now.
    pub(crate) fn supervisor_call(&mut self) {
        self.pend_or_escalate(SV_CALL, true);
    }
}
