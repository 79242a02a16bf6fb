//! Taking an exception: stacking, late arrival, the vector.

use super::fault::VECTOR_TABLE;
use super::{EXTERNAL, Fault, HARD_FAULT, numbers};
use crate::bus::Bus;
use crate::cpu::{Cpu, Raised};

/// Entry takes 12 cycles (Cortex-M4 TRM 3.9): until the frame is written another exception of
/// higher priority may go first.
const STACKING: u64 = 8;
const VECTOR: u64 = 4;
/// Another 17 if the floating-point registers are written immediately.
const FLOAT_STACKING: u64 = 17;
/// Instead of both when no frame has to be written.
const TAIL_CHAINING: u64 = 6;

/// Octets of a frame without and with floating point.
pub(super) const FRAME: u32 = 0x20;
pub(super) const FLOAT_FRAME: u32 = 0x68;

impl<B: Bus> Cpu<B> {
    pub(crate) fn pend(&mut self, number: u8) {
        self.exceptions.pending |= 1 << number;
        self.look_at_exceptions();
    }

    /// The priority that code runs with now.
    pub(crate) fn running_priority(&self) -> i16 {
        self.exceptions.running(self.exception_masks())
    }

    /// The exception to take now.
    pub(crate) fn preempting(&self) -> Option<u8> {
        if self.exceptions.pending == 0 {
            return None;
        }
        self.exceptions.beating(self.running_priority())
    }

    /// Whether one would be taken if PRIMASK were clear: that ends sleep.
    pub(crate) fn would_preempt(&self) -> bool {
        let masks = super::Masks { primask: false, ..self.exception_masks() };
        self.exceptions.beating(self.exceptions.running(masks)).is_some()
    }

    /// ExceptionEntry: stacks, then enters this exception, or one that is more urgent by then.
    pub(crate) fn take_exception(&mut self, number: u8) {
        let link = self.return_value();
        let pushed = self.push_frame();
        self.advance_cycles(STACKING);
        if pushed.is_err() {
            self.discard_trap();
            self.pend_fault(Fault::Stacking);
        }
        self.synchronise();
        let number = self.preempting().unwrap_or(number);
        self.advance_cycles(VECTOR);
        self.enter(number, link);
    }

    /// Takes an exception right after another, whose frame stays.
    pub(super) fn tail_chain(&mut self, number: u8, link: u32) {
        self.advance_cycles(TAIL_CHAINING);
        self.enter(number, link);
    }

    /// EXC_RETURN for the present state.
    fn return_value(&self) -> u32 {
        let control = self.control_register();
        let mode = match (self.exception_number, control.process_stack) {
            (0, true) => 0xD,
            (0, false) => 0x9,
            _ => 0x1,
        };
        0xFFFF_FFE0 | u32::from(!control.float_active) << 4 | mode
    }

    /// PushStack: eight words, and room for the floating-point registers if CONTROL.FPCA is set.
    fn push_frame(&mut self) -> Result<(), Raised> {
        let extended = self.control_register().float_active;
        let aligned = self.system.aligns_stack() || extended;
        let stack = self.register(13);
        let mask = if aligned { !7 } else { !3 };
        let frame = stack.wrapping_sub(if extended { FLOAT_FRAME } else { FRAME }) & mask;
        let padded = aligned && stack & 4 != 0;
        let words = [
            self.register(0),
            self.register(1),
            self.register(2),
            self.register(3),
            self.register(12),
            self.register(14),
            self.register(15),
            self.stacked_status() | u32::from(padded) << 9,
        ];
        self.set_stack(frame);
        for (word, address) in words.into_iter().zip((frame..).step_by(4)) {
            self.store_word(address, word)?;
        }
        if extended {
            self.push_float(frame + FRAME)?;
        }
        Ok(())
    }

    /// Writes them immediately, or reserves their place.
    fn push_float(&mut self, frame: u32) -> Result<(), Raised> {
        if self.system.float.stacks_lazily() {
            self.system.float.lazy.address = frame;
            self.system.float.lazy.pending = true;
            return Ok(());
        }
        self.advance_cycles(FLOAT_STACKING);
        self.store_float_frame(frame)
    }

    /// ExceptionTaken: enters the handler, or that of HardFault if the vector cannot be read.
    fn enter(&mut self, number: u8, link: u32) {
        let vector = self.system.vector_table().wrapping_add(4 * u32::from(number));
        let Some(handler) = self.memory().read(vector).map(u32::from_le_bytes) else {
            self.discard_trap();
            self.system.faults.hard |= VECTOR_TABLE;
            if number == HARD_FAULT {
                return self.stop_with(crate::stop::Cause::Lockup);
            }
            return self.enter_after_vector_fault(link);
        };
        self.enter_handler(number, handler, link);
        let now = self.cycles();
        self.usage.entered(number, now);
        self.exceptions.pending &= !(1 << number);
        self.exceptions.active |= 1 << number;
    }

    fn enter_after_vector_fault(&mut self, link: u32) {
        if self.running_priority() <= -1 {
            return self.stop_with(crate::stop::Cause::Lockup);
        }
        self.enter(HARD_FAULT, link);
    }

    /// The external interrupts among pending ones, lowest first, for ICSR.
    pub(crate) fn first_pending(&self) -> u8 {
        let enabled = u128::from(self.exceptions.enabled) << EXTERNAL | 0xFFFF;
        numbers(self.exceptions.pending & enabled)
            .min_by_key(|number| (self.exceptions.group_priority(*number), *number))
            .unwrap_or(0)
    }
}
