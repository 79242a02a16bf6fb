//! Where a program spends its processor's time: cycles by instruction, told by function.

use std::collections::BTreeMap;

use super::ChipNode;
use crate::cpu::{Cpu, Watch};
use crate::nrf52840::{FLASH, Nrf52840};

/// Cycles of each instruction that was executed.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// Of each halfword of flash.
    flash: Vec<u64>,
    /// Of code elsewhere.
    others: BTreeMap<u32, u64>,
    /// The instruction that is being executed, and for how many cycles the processor had been awake
    /// before it; `None`: it has executed none yet.
    under_way: Option<(u32, u64)>,
}

/// What a function has taken of the processor's time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its name as it is in the file; `None`: code to which the file gives no name.
    pub name: Option<String>,
    /// Cycles of its own instructions, without those of functions that it calls. What the entry to
    /// an exception takes counts for the instruction before.
    pub cycles: u64,
}

impl Profile {
    fn new() -> Self {
        Self { flash: vec![0; FLASH as usize / 2], others: BTreeMap::new(), under_way: None }
    }

    fn charge(&mut self, awake: u64) {
        let Some((address, before)) = self.under_way else { return };
        let place = self.flash.get_mut(address as usize / 2);
        let cycles = place.unwrap_or_else(|| self.others.entry(address).or_default());
        // A reset begins to count anew.
        *cycles += awake.saturating_sub(before);
    }

    /// Addresses with the cycles that were spent there.
    fn spent(&self) -> impl Iterator<Item = (u32, u64)> {
        let flash = self.flash.iter().enumerate().map(|(n, cycles)| (2 * n as u32, *cycles));
        let others = self.others.iter().map(|(address, cycles)| (*address, *cycles));
        flash.chain(others).filter(|(_, cycles)| *cycles > 0)
    }
}

impl Watch<Nrf52840> for Profile {
    fn halts(&mut self, cpu: &Cpu<Nrf52840>) -> bool {
        let awake = cpu.cycles() - cpu.cycles_slept();
        self.charge(awake);
        self.under_way = Some((cpu.register(15), awake));
        false
    }
}

impl ChipNode {
    /// Counts the cycles of functions from now on, or no longer. What the program does is not
    /// changed by it, but the emulator takes longer; under a debugger nothing is counted.
    pub fn profile(&mut self, on: bool) {
        self.profile.0 = on.then(|| Box::new(Profile::new()));
    }

    /// The functions that took time since [`Self::profile`], most first; none without it.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        let Some(profile) = &*self.profile else { return Vec::new() };
        let mut found = BTreeMap::<_, u64>::new();
        for (address, cycles) in profile.spent() {
            *found.entry(self.image.symbols.at(address)).or_default() += cycles;
        }
        let function = |(name, cycles): (Option<&str>, u64)| {
            let name = name.map(str::to_owned);
            Function { name, cycles }
        };
        let mut functions: Vec<_> = found.into_iter().map(function).collect();
        functions.sort_by_key(|function| std::cmp::Reverse(function.cycles));
        functions
    }
}

#[cfg(test)]
mod tests {
    use ble::time::Instant;
    use bletwin_sim::world::{Placement, World, WorldConfig};

    use super::super::tests::{chip, program};
    use super::*;
    use crate::elf::Symbols;
    use crate::untracked::Untracked;

    /// 1,000 rounds of two instructions, three cycles each; then an endless loop without a name.
    #[test]
    fn cycles_are_told_by_function_and_change_nothing() {
        let mut image = program(1_000, &[]);
        image.symbols = Untracked(Symbols::named(&[(0x100, 4, "begins"), (0x104, 4, "counts")]));
        let mut chip = chip(image);
        let run = |chip: ChipNode| {
            let mut world = World::new(WorldConfig::default());
            let id = world.add("chip", chip, Placement::default());
            world.run_until(Instant::from_us(1_000));
            world.node(id).clone()
        };
        let plain = run(chip.clone());
        assert_eq!(plain.functions(), []);
        chip.profile(true);
        let profiled = run(chip);
        assert!(profiled == plain, "it does the same");
        let functions = profiled.functions();
        let cycles = |name: Option<&str>| {
            let function = functions.iter().find(|function| function.name.as_deref() == name);
            function.expect("it ran").cycles
        };
        // The last round does not branch back.
        assert_eq!(cycles(Some("counts")), 3 * 1_000 - 1);
        assert_eq!(functions.iter().map(|function| function.name.as_deref()).next(), Some(None));
        let all: u64 = functions.iter().map(|function| function.cycles).sum();
        let awake = profiled.cpu_use().expect("it is on").awake;
        assert!((1..=8).contains(&(awake - all)), "all but the last instruction: {all} of {awake}");
    }
}
