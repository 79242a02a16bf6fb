//! Returning from an exception: checks, tail-chaining, unstacking.

use super::entry::{FLOAT_FRAME, FRAME};
use super::{Fault, NMI};
use crate::bus::Bus;
use crate::cpu::{Cpu, Raised};

/// Leaving takes 10 cycles, another 17 if floating-point registers are read back.
const UNSTACKING: u64 = 10;
const FLOAT_UNSTACKING: u64 = 17;

impl<B: Bus> Cpu<B> {
    /// ExceptionReturn by this EXC_RETURN: tail-chains to another exception, or unstacks.
    pub(crate) fn exception_return(&mut self, value: u32) -> Result<(), Raised> {
        let number = self.exception_number;
        let valid = value & 0x0FFF_FFE0 == 0x0FFF_FFE0 && self.returns_somewhere(value);
        if !valid || !self.exceptions.is_active(number) {
            // The exception is over nevertheless; its frame stays for the fault's return.
            self.deactivate(number);
            self.chain_fault(Fault::InvalidReturn, 0xF000_0000 | value & 0x0FFF_FFFF);
            return Ok(());
        }
        self.deactivate(number);
        let now = self.cycles();
        self.usage.left(number, now);
        self.synchronise();
        if let Some(next) = self.preempting() {
            self.tail_chain(next, value);
            self.look_at_exceptions();
            return Ok(());
        }
        if self.pop_frame(value).is_err() {
            self.discard_trap();
            self.chain_fault(Fault::Unstacking, value);
        }
        Ok(())
    }

    /// Whether the mode returned to fits the exceptions that are active.
    fn returns_somewhere(&self, value: u32) -> bool {
        let nested = self.exceptions.active.count_ones();
        match value & 0xF {
            1 => nested > 1,
            9 | 13 => nested == 1 || self.system.returns_to_thread_at_any_level(),
            _ => false,
        }
    }

    fn deactivate(&mut self, number: u8) {
        self.exceptions.active &= !(1 << number);
        if number != NMI {
            self.clear_faultmask();
        }
    }

    /// A fault of the return itself is taken like a tail-chained exception.
    fn chain_fault(&mut self, fault: Fault, link: u32) {
        self.pend_fault(fault);
        if let Some(next) = self.preempting() {
            self.tail_chain(next, link);
        }
        self.look_at_exceptions();
    }

    /// PopStack, and what follows from it. Nothing has changed if it fails.
    fn pop_frame(&mut self, value: u32) -> Result<(), Raised> {
        let process = value & 4 != 0;
        let thread = value & 8 != 0;
        let extended = value & 0x10 == 0;
        let frame = if process { self.process_stack() } else { self.main_stack() };
        let mut words = [0; 8];
        for (word, address) in words.iter_mut().zip((frame..).step_by(4)) {
            *word = self.load_word(address)?;
        }
        let [r0, r1, r2, r3, r12, lr, pc, status] = words;
        if thread != (status & 0x1FF == 0) {
            self.chain_fault(Fault::InvalidReturn, value);
            return Ok(());
        }
        if extended {
            if self.system.float.lazy.pending {
                self.system.float.lazy.pending = false;
            } else {
                self.load_float_frame(frame.wrapping_add(FRAME))?;
                self.advance_cycles(FLOAT_UNSTACKING);
            }
        }
        self.advance_cycles(UNSTACKING);
        self.select_stack(process);
        let padded = (self.system.aligns_stack() || extended) && status >> 9 & 1 == 1;
        let size = if extended { FLOAT_FRAME } else { FRAME };
        self.set_stack(frame.wrapping_add(size) | u32::from(padded) << 2);
        self.restore([r0, r1, r2, r3, r12, lr], pc, status, extended);
        self.look_at_exceptions();
        if thread && self.system.sleeps_on_exit() {
            self.sleep_on_exit();
        }
        Ok(())
    }
}
