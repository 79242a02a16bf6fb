//! Branches, special registers, hints.

use super::{Cpu, Raised, Sleep};
use crate::bus::Bus;
use crate::decode::{Hint, Reg};

/// Cycles to refill the pipeline when the target was known early: an immediate branch.
const EARLY: u64 = 1;
/// When it comes from a register or from memory.
const LATE: u64 = 2;

impl<B: Bus> Cpu<B> {
    /// 1 to 3 cycles to refill the pipeline (Cortex-M4 TRM 3.3.1: "P"): one more for a wide
    /// instruction that is not aligned to a word.
    #[inline(always)]
    fn refill(&mut self, target: u32, cycles: u64) {
        self.next = target;
        self.cycles += cycles;
        if target & 2 != 0 && self.memory.is_wide(target) {
            self.cycles += 1;
        }
    }

    #[inline(always)]
    pub(super) fn branch(&mut self, target: u32) {
        self.refill(target, EARLY);
    }

    #[inline(always)]
    pub(super) fn call(&mut self, target: u32) {
        self.set(14, self.next | 1);
        self.refill(target, EARLY);
    }

    /// BXWritePC. A cleared lowest bit leaves Thumb state, which the next instruction pays for.
    #[inline(always)]
    pub(super) fn branch_exchange(&mut self, value: u32) -> Result<(), Raised> {
        if value >> 28 == 0xF && self.exception_number != 0 {
            return self.exception_return(value);
        }
        self.jump_interworking(value);
        Ok(())
    }

    #[inline(always)]
    fn jump_interworking(&mut self, value: u32) {
        self.refill(value & !1, LATE);
        if value & 1 == 0 {
            self.thumb = false;
            self.deadline.0 = 0;
        }
    }

    pub(super) fn call_register(&mut self, m: Reg) {
        let target = self.get(m);
        self.set(14, self.next | 1);
        self.jump_interworking(target);
    }

    /// MOV and ADD to the program counter.
    pub(super) fn jump(&mut self, add: bool, m: Reg) {
        let value = self.get(m);
        let target = if add { self.get(15).wrapping_add(value) } else { value };
        self.refill(target & !1, LATE);
    }

    pub(super) fn table_branch(&mut self, half: bool, n: Reg, m: Reg) -> Result<(), Raised> {
        let (base, index) = (self.get(n), self.get(m));
        let entry: u32 = if half {
            u16::from_le_bytes(self.load(base.wrapping_add(index << 1))?).into()
        } else {
            self.load::<1>(base.wrapping_add(index))?[0].into()
        };
        self.refill(self.get(15).wrapping_add(entry << 1), LATE);
        Ok(())
    }

    /// Whether privileged instructions and registers are open.
    pub(crate) fn privileged(&self) -> bool {
        self.exception_number != 0 || !self.control.unprivileged
    }

    pub(super) fn hint(&mut self, hint: Hint) {
        match hint {
            Hint::Wfi => self.sleep(Sleep::Interrupt),
            Hint::Wfe if self.event => self.event = false,
            Hint::Wfe => self.sleep(Sleep::Event),
            Hint::Sev => self.event = true,
            Hint::Clrex => self.exclusive = false,
            // The pipeline is filled anew.
            Hint::Isb => self.cycles += 3,
            Hint::Nop | Hint::Yield | Hint::Dsb | Hint::Dmb => {}
        }
    }

    fn sleep(&mut self, sleep: Sleep) {
        self.sleeping = Some(sleep);
        self.deadline.0 = 0;
    }

    /// CPS: sets or clears PRIMASK and FAULTMASK; unprivileged code changes neither.
    pub(super) fn change_state(&mut self, disable: bool, primask: bool, faultmask: bool) {
        if !self.privileged() {
            return;
        }
        if primask {
            self.masks.primask = disable;
        }
        if faultmask {
            self.set_faultmask(disable);
        }
        self.deadline.0 = 0;
    }

    fn set_faultmask(&mut self, set: bool) {
        if !set || self.running_priority() > -1 {
            self.masks.faultmask = set;
        }
    }

    /// MRS: the special register with this number; 0 where this code may not read it.
    pub(super) fn read_special(&self, special: u8) -> u32 {
        let privileged = self.privileged();
        match special {
            0..=7 => {
                let flags = if special & 4 == 0 { self.flags.bits() } else { 0 };
                let number = special & 1 == 1 && privileged;
                flags | if number { u32::from(self.exception_number) } else { 0 }
            }
            8 if privileged => self.main_stack(),
            9 if privileged => self.process_stack(),
            16 if privileged => self.masks.primask.into(),
            17 | 18 if privileged => self.masks.basepri.into(),
            19 if privileged => self.masks.faultmask.into(),
            20 => self.control.bits(),
            _ => 0,
        }
    }

    /// MSR: the special register with this number; unchanged where this code may not write it.
    pub(super) fn write_special(&mut self, special: u8, mask: u8, value: u32) {
        if special <= 3 {
            let old = self.flags.bits();
            let bits = if mask & 2 != 0 { 0xF800_0000 } else { 0 }
                | if mask & 1 != 0 { 0x000F_0000 } else { 0 };
            self.flags.set_bits(old & !bits | value & bits);
            return;
        }
        if !self.privileged() {
            return;
        }
        let priority = self.exceptions.implemented(value as u8);
        match special {
            8 => self.set_main_stack(value),
            9 => self.set_process_stack(value),
            16 => self.masks.primask = value & 1 == 1,
            17 => self.masks.basepri = priority,
            18 => {
                let basepri = self.masks.basepri;
                if priority != 0 && (basepri == 0 || priority < basepri) {
                    self.masks.basepri = priority;
                }
            }
            19 => self.set_faultmask(value & 1 == 1),
            20 => self.write_control(value),
            _ => {}
        }
        self.deadline.0 = 0;
    }

    fn write_control(&mut self, value: u32) {
        self.control.unprivileged = value & 1 == 1;
        self.control.float_active = value & 4 != 0;
        if self.exception_number == 0 {
            self.select_stack(value & 2 != 0);
        }
    }

    /// Makes R13 the process stack's pointer, or the main stack's.
    pub(crate) fn select_stack(&mut self, process: bool) {
        if self.control.process_stack != process {
            std::mem::swap(&mut self.registers[13], &mut self.other_stack);
            self.control.process_stack = process;
        }
    }

    pub(crate) fn main_stack(&self) -> u32 {
        if self.control.process_stack { self.other_stack } else { self.registers[13] }
    }

    pub(crate) fn process_stack(&self) -> u32 {
        if self.control.process_stack { self.registers[13] } else { self.other_stack }
    }

    fn set_main_stack(&mut self, value: u32) {
        let at = if self.control.process_stack {
            &mut self.other_stack
        } else {
            &mut self.registers[13]
        };
        *at = value & !3;
    }

    pub(crate) fn set_process_stack(&mut self, value: u32) {
        let at = if self.control.process_stack {
            &mut self.registers[13]
        } else {
            &mut self.other_stack
        };
        *at = value & !3;
    }
}
