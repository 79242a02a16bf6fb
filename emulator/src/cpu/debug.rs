//! What a debugger reads and writes.

use super::Cpu;
use crate::bus::Bus;

impl<B: Bus + Clone> Cpu<B> {
    /// Writes R0–R14, or 15: where it goes on. Elsewhere than it stands no IT block is left over,
    /// and no sleep.
    pub fn set_register(&mut self, number: u8, value: u32) {
        if number != 15 {
            return self.set(number, value);
        }
        let next = value & !1;
        if next != self.next {
            (self.next, self.block, self.sleeping) = (next, 0, None);
        }
    }

    /// XPSR with the state of an IT block.
    #[must_use]
    pub fn whole_status(&self) -> u32 {
        self.stacked_status()
    }

    /// Writes the flags of XPSR; its other bits stay.
    pub fn set_flags(&mut self, status: u32) {
        self.flags.set_bits(status);
    }

    /// The main stack pointer and that of processes.
    #[must_use]
    pub fn stack_pointers(&self) -> [u32; 2] {
        let (used, other) = (self.get(13), self.other_stack);
        let process = self.control.process_stack && self.exception_number == 0;
        if process { [other, used] } else { [used, other] }
    }

    /// S0–S31, and FPSCR.
    #[must_use]
    pub fn float_registers(&self) -> ([u32; 32], u32) {
        (std::array::from_fn(|n| self.float.get(n as u8)), self.float.status)
    }

    /// Writes S0–S31, and FPSCR.
    pub fn set_float_registers(&mut self, singles: [u32; 32], status: u32) {
        (0..).zip(singles).for_each(|(n, value)| self.float.set(n, value));
        self.float.set_status(status);
    }

    /// Reads octets from anywhere, registers of peripherals as well, which does nothing to them; as
    /// many as can be read.
    #[must_use]
    pub fn peek(&self, address: u32, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count);
        let mut copy = None;
        while octets.len() < count {
            let at = address.wrapping_add(octets.len() as u32);
            if let Some([octet]) = self.memory.read(at) {
                octets.push(octet);
                continue;
            }
            let copy: &mut Self = copy.get_or_insert_with(|| self.clone());
            let Ok(word) = copy.load_word(at & !3) else { break };
            let left = count - octets.len();
            octets.extend(word.to_le_bytes().iter().skip((at & 3) as usize).take(left));
        }
        octets
    }

    /// Writes octets: into flash as a programmer does, to whole registers of peripherals as a
    /// program does. False: there is something that cannot be written, and nothing was.
    #[must_use]
    pub fn poke(&mut self, address: u32, octets: &[u8]) -> bool {
        let mut copy = self.clone();
        let done = copy.try_poke(address, octets);
        if done {
            *self = copy;
        }
        done
    }

    fn try_poke(&mut self, address: u32, octets: &[u8]) -> bool {
        if self.memory.read::<1>(address).is_some() {
            return self.memory_mut().program(address, octets);
        }
        let (words, rest) = octets.as_chunks::<4>();
        rest.is_empty()
            && address.is_multiple_of(4)
            && (0..).zip(words).all(|(n, word)| {
                self.store_word(address.wrapping_add(4 * n), u32::from_le_bytes(*word)).is_ok()
            })
    }
}
