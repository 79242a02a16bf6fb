//! From an address on the private bus to its register.

use super::nvic;
use crate::bus::Bus;
use crate::cpu::{Cpu, Raised};
use crate::exception::{EXTERNAL, Fault};
use crate::stop::Cause;

const SPACE: u32 = 0xE000_E000;
const MPU: &str = "the memory protection unit is not modelled: build the firmware without it";
const OTHER: &str = "only system control, NVIC, SysTick, DWT's cycle counter and the \
                     floating-point context are modelled; ITM, FPB, TPIU and debug are not";

/// Identification: CPUID to ISAR4 of a Cortex-M4 r0p1.
const FEATURES: [u32; 13] = [
    0x0000_0030,
    0x0000_0200,
    0x0010_0000,
    0,
    0x0000_0030,
    0,
    0x0100_0000,
    0,
    0x0114_1110,
    0x0211_2000,
    0x2123_2231,
    0x0111_1131,
    0x0131_0132,
];

impl<B: Bus> Cpu<B> {
    pub(crate) fn read_private(&mut self, address: u32) -> Result<u32, Raised> {
        self.require_privilege(address)?;
        let now = self.cycles();
        let system = &mut self.system;
        Ok(match address {
            0xE000_1000 => 4 << 28 | u32::from(system.counter.enabled()),
            0xE000_1004 => system.counter.value(now),
            0xE000_E004 => u32::from(crate::exception::LINES) / 32 - 1,
            0xE000_E008 => 0,
            0xE000_E010 => system.tick.control(),
            0xE000_E014 => system.tick.reload(),
            0xE000_E018 => system.tick.value(now),
            // No reference clock, and no calibration.
            0xE000_E01C => 1 << 31,
            0xE000_ED00 => 0x410F_C241,
            0xE000_ED04 => self.interrupt_state(),
            0xE000_ED08 => system.vector_table,
            0xE000_ED0C => self.reset_control(),
            0xE000_ED10 => system.sleep,
            0xE000_ED14 => system.configuration,
            0xE000_ED18..=0xE000_ED20 => {
                let first = (address - 0xE000_ED18) as u8 + 4;
                u32::from_le_bytes(std::array::from_fn(|n| {
                    self.exceptions.priority_register(first + n as u8)
                }))
            }
            0xE000_ED24 => self.handler_state(),
            0xE000_ED28 => system.faults.status,
            0xE000_ED2C => system.faults.hard,
            0xE000_ED30 | 0xE000_ED34 | 0xE000_ED3C => 0,
            0xE000_ED38 => system.faults.bus_address,
            0xE000_ED40..=0xE000_ED70 => FEATURES[(address - 0xE000_ED40) as usize / 4],
            0xE000_ED88 => system.float.access(),
            0xE000_ED90 => 8 << 8,
            0xE000_ED94 => 0,
            // No debugger is attached.
            0xE000_EDF0 => 0,
            0xE000_EDFC => u32::from(system.counter.trace()) << 24,
            0xE000_EF34 => system.float.context(),
            0xE000_EF38 => system.float.lazy.address,
            0xE000_EF3C => system.float.defaults,
            0xE000_EF40 => 0x1011_0021,
            0xE000_EF44 => 0x1100_0011,
            _ if address >= SPACE && nvic::RANGE.contains(&(address - SPACE)) => {
                nvic::read(&self.exceptions, address - SPACE)
            }
            _ => return Err(self.not_modelled(address, false)),
        })
    }

    /// `octets` are one, two or four.
    pub(crate) fn write_private(&mut self, address: u32, octets: &[u8]) -> Result<(), Raised> {
        // STIR may be open to all.
        let open = address == 0xE000_EF00 && self.system.configuration & 2 != 0;
        if !open {
            self.require_privilege(address)?;
        }
        let (word, value) = (address & !3, self.merged(address, octets)?);
        let now = self.cycles();
        let system = &mut self.system;
        match word {
            0xE000_1000 => system.counter.set_enabled(value & 1 == 1, now),
            0xE000_1004 => system.counter.set(value, now),
            // ACTLR: what it disables is not modelled.
            0xE000_E008 => {}
            0xE000_E010 => system.tick.set_control(value, now),
            0xE000_E014 => system.tick.set_reload(value, now),
            0xE000_E018 => system.tick.clear(now),
            0xE000_ED04 => self.set_interrupt_state(value),
            0xE000_ED08 => system.vector_table = value & !0x7F,
            0xE000_ED0C => self.set_reset_control(value),
            0xE000_ED10 => self.set_sleep(value),
            0xE000_ED14 => self.set_configuration(value),
            0xE000_ED18..=0xE000_ED20 => {
                let first = (word - 0xE000_ED18) as u8 + 4;
                for (n, priority) in value.to_le_bytes().into_iter().enumerate() {
                    self.exceptions.set_priority(first + n as u8, priority);
                }
            }
            0xE000_ED24 => self.set_handler_state(value),
            0xE000_ED28 => system.faults.status &= !value,
            0xE000_ED2C => system.faults.hard &= !value,
            0xE000_ED30 | 0xE000_ED34 | 0xE000_ED38 | 0xE000_ED3C | 0xE000_EDF0 => {}
            0xE000_ED88 => system.float.set_access(value),
            0xE000_ED94 if value & 1 == 0 => {}
            0xE000_EDFC => system.counter.set_trace(value >> 24 & 1 == 1, now),
            0xE000_EF00 => self.pend((value & 0x3F) as u8 + EXTERNAL),
            0xE000_EF34 => system.float.set_context(value),
            0xE000_EF38 => system.float.lazy.address = value & !7,
            0xE000_EF3C => system.float.defaults = value & 0x07C0_0000,
            _ if word >= SPACE && nvic::RANGE.contains(&(word - SPACE)) => {
                nvic::write(&mut self.exceptions, word - SPACE, value);
            }
            _ => return Err(self.not_modelled(word, true)),
        }
        Ok(())
    }

    /// The word to write. Priorities keep the octets that are not written; CFSR takes octets and
    /// halves, and 0 changes nothing there.
    fn merged(&mut self, address: u32, octets: &[u8]) -> Result<u32, Raised> {
        if let Ok(word) = octets.try_into() {
            return Ok(u32::from_le_bytes(word));
        }
        let word = address & !3;
        let is_priority = (0xE000_ED18..=0xE000_ED23).contains(&address)
            || address >= SPACE
                && nvic::RANGE.contains(&(word - SPACE))
                && nvic::takes_octets(word - SPACE);
        let mut bytes = if is_priority { self.read_private(word)? } else { 0 }.to_le_bytes();
        let from = (address & 3) as usize;
        bytes[from..from + octets.len()].copy_from_slice(octets);
        Ok(u32::from_le_bytes(bytes))
    }

    fn require_privilege(&mut self, address: u32) -> Result<(), Raised> {
        if self.privileged() {
            return Ok(());
        }
        Err(self.fault(Fault::Data { address }))
    }

    fn not_modelled(&mut self, address: u32, write: bool) -> Raised {
        let hint = if (0xE000_ED90..0xE000_EDF0).contains(&address) { MPU } else { OTHER };
        self.halt(Cause::Register { address, write, hint })
    }
}
