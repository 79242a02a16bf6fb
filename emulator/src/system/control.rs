//! The system control block.

use crate::bus::Bus;
use crate::cpu::Cpu;
use crate::exception::{NMI, PEND_SV, SYS_TICK};
use crate::stop::Cause;

use super::{CONFIGURATION_BITS, HANDLER_BITS, SLEEP_BITS};

/// Key of AIRCR, when written and when read.
const KEY: u32 = 0x05FA;
const KEY_READ: u32 = 0xFA05;
const RESET_REQUEST: u32 = 1 << 2;

/// Where SHCSR has exceptions: bit and number.
const ACTIVE: [(u32, u8); 7] = [(0, 4), (1, 5), (3, 6), (7, 11), (8, 12), (10, 14), (11, 15)];
const PENDED: [(u32, u8); 4] = [(12, 6), (13, 4), (14, 5), (15, 11)];

impl<B: Bus> Cpu<B> {
    /// ICSR as read: the active exception, and what is pending.
    pub(super) fn interrupt_state(&self) -> u32 {
        let pending = self.exceptions.pending;
        let bit = |number: u8, to: u32| ((pending >> number) as u32 & 1) << to;
        let to_base = u32::from(self.exceptions.active.count_ones() <= 1) << 11;
        u32::from(self.exception_number)
            | to_base
            | u32::from(self.first_pending()) << 12
            | u32::from(pending >> 16 != 0) << 22
            | bit(SYS_TICK, 26)
            | bit(PEND_SV, 28)
            | bit(NMI, 31)
    }

    pub(super) fn set_interrupt_state(&mut self, value: u32) {
        let sets = [(31, NMI), (28, PEND_SV), (26, SYS_TICK)];
        let clears = [(27, PEND_SV), (25, SYS_TICK)];
        for (bit, number) in clears {
            if value >> bit & 1 == 1 {
                self.exceptions.pending &= !(1 << number);
            }
        }
        for (bit, number) in sets {
            if value >> bit & 1 == 1 {
                self.pend(number);
            }
        }
    }

    /// AIRCR as read: the key and PRIGROUP.
    pub(super) fn reset_control(&self) -> u32 {
        KEY_READ << 16 | u32::from(self.exceptions.group) << 8
    }

    pub(super) fn set_reset_control(&mut self, value: u32) {
        if value >> 16 != KEY {
            return;
        }
        self.exceptions.group = (value >> 8 & 7) as u8;
        if value & RESET_REQUEST != 0 {
            self.stop_with(Cause::Reset);
        }
    }

    /// SHCSR as read: faults with handlers of their own, active and pending exceptions.
    pub(super) fn handler_state(&self) -> u32 {
        let exceptions = &self.exceptions;
        let bits = |table: &[(u32, u8)], set: u128| {
            table.iter().fold(0, |bits, (bit, number)| bits | ((set >> number) as u32 & 1) << bit)
        };
        self.system.handlers | bits(&ACTIVE, exceptions.active) | bits(&PENDED, exceptions.pending)
    }

    pub(super) fn set_handler_state(&mut self, value: u32) {
        self.system.handlers = value & HANDLER_BITS;
        for (table, set) in [
            (&ACTIVE[..], &mut self.exceptions.active),
            (&PENDED[..], &mut self.exceptions.pending),
        ] {
            for (bit, number) in table {
                *set = *set & !(1 << number) | u128::from(value >> bit & 1) << number;
            }
        }
    }

    pub(super) fn set_sleep(&mut self, value: u32) {
        self.system.sleep = value & SLEEP_BITS;
    }

    pub(super) fn set_configuration(&mut self, value: u32) {
        self.system.configuration = value & CONFIGURATION_BITS;
    }
}
