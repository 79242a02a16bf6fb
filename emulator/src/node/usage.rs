//! Statistics on a program's use of its processor.

use ble::time::Instant;
use bletwin_sim::charge::{Regulator, Spent};

use super::ChipNode;
use crate::memory::{Memory, RAM_BASE};
use crate::nrf52840::RAM;

/// A program's use of the processor since power-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CpuUse {
    /// Cycles, sleep included.
    pub cycles: u64,
    /// Cycles in which the processor was awake.
    pub awake: u64,
    /// The interrupt or exception that took longest from its entry to its return, with all that
    /// preempted it, and how many cycles that was; `None`: there was none.
    pub longest: Option<(String, u64)>,
    /// Octets of the main stack that were used at most; zeros at their end do not count. `None`:
    /// the stack pointer that the program begins with lies outside RAM.
    pub stack: Option<u32>,
}

impl ChipNode {
    /// For how long it has done what, over all its power-ups.
    #[must_use]
    pub fn spent(&self, now: Instant) -> Spent {
        let mut spent = *self.spent;
        if let Some(cpu) = &self.cpu {
            spent.add_all(&cpu.bus().spent(self.ticks(now)));
        }
        spent
    }

    /// What regulates its supply; as after a reset while it is off.
    #[must_use]
    pub fn regulator(&self) -> Regulator {
        self.cpu.as_ref().map_or(Regulator::Ldo, |cpu| cpu.bus().regulator())
    }

    /// The program's use of its processor; `None` while the chip is off.
    #[must_use]
    pub fn cpu_use(&self) -> Option<CpuUse> {
        let cpu = self.cpu.as_ref()?;
        let longest = cpu.longest_handler().map(|(handler, number, cycles)| {
            let name = self.image.symbols.at(handler).map(str::to_owned);
            (name.unwrap_or_else(|| format!("exception {number}")), cycles)
        });
        let memory = cpu.memory();
        let top = memory.read(0).map(u32::from_le_bytes);
        let top = top.filter(|top| (RAM_BASE + 4..=RAM_BASE + RAM).contains(top));
        Some(CpuUse {
            cycles: cpu.cycles(),
            awake: cpu.cycles() - cpu.cycles_slept(),
            longest,
            stack: top.map(|top| used(memory, self.image.symbols.end_below(top), top & !3)),
        })
    }
}

/// Octets below `top` down to the lowest word that is not zero, and not below `floor`: RAM is zero
/// at power-up.
fn used(memory: &Memory, floor: u32, top: u32) -> u32 {
    let floor = floor.max(RAM_BASE).next_multiple_of(4);
    let written = |address: &u32| memory.read(*address).is_some_and(|word: [u8; 4]| word != [0; 4]);
    let lowest = (floor..top).step_by(4).find(written).unwrap_or(top);
    top - lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u32 = RAM_BASE + 0x800;

    #[test]
    fn a_stack_is_used_down_to_what_was_written() {
        let mut memory = Memory::new(4096, 4096);
        assert_eq!(used(&memory, 0, TOP), 0);
        // What lies below are variables, and above another's.
        memory.write_ram(RAM_BASE + 0x40, [1; 4]);
        memory.write_ram(TOP, [1; 4]);
        memory.write_ram(TOP - 0x100, [0, 0, 1, 0]);
        assert_eq!(used(&memory, RAM_BASE + 0x42, TOP), 0x100);
        assert_eq!(used(&memory, 0, TOP), 0x800 - 0x40);
        assert_eq!(used(&memory, TOP, TOP), 0);
    }
}
