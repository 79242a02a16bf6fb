//! The registers as GDB counts them: those of the M profile, its stack pointers, those of the
//! floating-point unit.

use gdbstub::arch::{Arch, Registers};

use crate::cpu::Cpu;
use crate::nrf52840::Nrf52840;

/// R0–R15, XPSR, then MSP and PSP, which are only read.
const WORDS: usize = 19;
/// S0–S31, in pairs for GDB, and FPSCR.
const FLOATS: usize = 33;

/// The processor, as gdbstub wants to know of it.
#[derive(Debug)]
pub enum CortexM {}

impl Arch for CortexM {
    type Usize = u32;
    type Registers = CoreRegisters;
    type BreakpointKind = usize;
    type RegId = ();

    fn target_description_xml() -> Option<&'static str> {
        Some(include_str!("target.xml"))
    }
}

/// All that GDB sees, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoreRegisters {
    words: [u32; WORDS + FLOATS],
}

impl Default for CoreRegisters {
    fn default() -> Self {
        Self { words: [0; WORDS + FLOATS] }
    }
}

impl CoreRegisters {
    pub(super) fn of(cpu: &Cpu<Nrf52840>) -> Self {
        let mut words = [0; WORDS + FLOATS];
        (0..16).for_each(|n| words[usize::from(n)] = cpu.register(n));
        words[16] = cpu.whole_status();
        words[17..19].copy_from_slice(&cpu.stack_pointers());
        let (singles, status) = cpu.float_registers();
        words[19..51].copy_from_slice(&singles);
        words[51] = status;
        Self { words }
    }

    pub(super) fn put(&self, cpu: &mut Cpu<Nrf52840>) {
        (0..16).for_each(|n| cpu.set_register(n, self.words[usize::from(n)]));
        cpu.set_flags(self.words[16]);
        let singles = std::array::from_fn(|n| self.words[WORDS + n]);
        cpu.set_float_registers(singles, self.words[51]);
    }
}

impl Registers for CoreRegisters {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.words[15]
    }

    fn gdb_serialize(&self, mut write: impl FnMut(Option<u8>)) {
        self.words.iter().flat_map(|word| word.to_le_bytes()).for_each(|octet| write(Some(octet)));
    }

    /// All of them, or none: another number of octets is refused.
    fn gdb_deserialize(&mut self, octets: &[u8]) -> Result<(), ()> {
        let (words, rest) = octets.as_chunks::<4>();
        if !rest.is_empty() || words.len() != self.words.len() {
            return Err(());
        }
        self.words.iter_mut().zip(words).for_each(|(to, word)| *to = u32::from_le_bytes(*word));
        Ok(())
    }
}
