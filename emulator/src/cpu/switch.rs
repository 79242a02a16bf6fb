//! What exceptions change in the processor.

use super::{Control, Cpu, Sleep};
use crate::bus::Bus;
use crate::exception::Masks;

impl<B: Bus> Cpu<B> {
    pub(crate) fn exception_masks(&self) -> Masks {
        self.masks
    }

    pub(crate) fn clear_faultmask(&mut self) {
        self.masks.faultmask = false;
    }

    pub(crate) fn control_register(&self) -> Control {
        self.control
    }

    pub(crate) fn advance_cycles(&mut self, cycles: u64) {
        self.cycles += cycles;
    }

    /// Lets the loop look at exceptions before the next instruction.
    pub(crate) fn look_at_exceptions(&mut self) {
        self.deadline.0 = 0;
    }

    /// Forgets what a failed access raised: it becomes another fault.
    pub(crate) fn discard_trap(&mut self) {
        self.trap.0 = None;
    }

    pub(crate) fn return_to_instruction(&mut self) {
        self.next = self.registers[15].wrapping_sub(4);
    }

    pub(crate) fn set_stack(&mut self, value: u32) {
        self.registers[13] = value & !3;
    }

    /// XPSR as a frame has it.
    pub(crate) fn stacked_status(&self) -> u32 {
        let block = u32::from(self.block);
        self.status() | (block & 3) << 25 | (block >> 2) << 10
    }

    /// The state that a handler begins with.
    pub(crate) fn enter_handler(&mut self, number: u8, handler: u32, link: u32) {
        self.select_stack(false);
        self.registers[14] = link;
        self.exception_number = number;
        self.control.float_active = false;
        self.block = 0;
        self.next = handler & !1;
        self.thumb = handler & 1 == 1;
        self.exclusive = false;
        self.event = true;
    }

    /// The state of a frame.
    pub(crate) fn restore(&mut self, words: [u32; 6], pc: u32, status: u32, float: bool) {
        let [r0, r1, r2, r3, r12, lr] = words;
        self.registers[..4].copy_from_slice(&[r0, r1, r2, r3]);
        self.registers[12] = r12;
        self.registers[14] = lr;
        self.next = pc & !1;
        self.flags.set_bits(status);
        self.thumb = status >> 24 & 1 == 1;
        self.block = (status >> 25 & 3 | (status >> 10 & 0x3F) << 2) as u8;
        self.exception_number = status as u8;
        self.control.float_active = float;
        self.exclusive = false;
        self.event = true;
    }

    pub(crate) fn sleep_on_exit(&mut self) {
        self.sleeping = Some(Sleep::Interrupt);
    }
}
