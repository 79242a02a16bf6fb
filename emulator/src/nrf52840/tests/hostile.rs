//! Whatever a program writes to registers, and whatever happens to the chip meanwhile.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

use super::*;
use crate::memory::UICR_BASE;

/// Programs, and what each does.
const PROGRAMS: u64 = 200;
const STEPS: u32 = 150;

struct Guest {
    chip: Chip,
    random: ChaCha8Rng,
}

impl Guest {
    fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32() % bound
    }

    /// A value that is likely to mean something.
    fn value(&mut self) -> u32 {
        match self.below(6) {
            0 => 1,
            1 => self.below(8),
            2 => 1 << self.below(32),
            3 => RAM_BASE + self.below(4200),
            4 => u32::MAX - self.below(300),
            _ => self.random.next_u32(),
        }
    }

    /// A register, mostly one that exists.
    fn register(&mut self) -> u32 {
        let number = [0, 1, 2, 6, 8, 11, 12, 13, 14, 15, 16, 20, 26, 30, 31, 36, 40, 50];
        let base = 0x4000_0000 + (number[self.below(18) as usize] << 12);
        let offset = match self.below(6) {
            0 => 4 * self.below(32),
            1 => 0x100 + 4 * self.below(32),
            2 => 0x200 + 4 * self.below(80),
            3 => 0x400 + 4 * self.below(32),
            4 => 0x500 + 4 * self.below(96),
            _ => 4 * self.below(1024),
        };
        if self.below(20) == 0 { 0x5000_0000 + offset } else { base + offset }
    }

    fn step(&mut self) {
        let (register, value) = (self.register(), self.value());
        match self.below(16) {
            0..9 => drop(self.chip.context(|bus, context| bus.write(register, value, context))),
            9 => drop(self.chip.context(|bus, context| bus.read(register, context))),
            10 => {
                let base = if value & 1 == 0 { 0 } else { UICR_BASE };
                let address = base + (register & 0xFFC);
                let _ = self.chip.context(|bus, context| bus.write_flash(address, value, context));
            }
            11 => {
                let ticks = u64::from(self.below(200)) * MICROSECOND + u64::from(value % 4000);
                self.chip.pass(ticks);
            }
            12 => {
                let level = [None, Some(true), Some(false)][self.below(3) as usize];
                let (port, pin) = (self.below(3) as usize, self.below(40) as u8);
                self.chip.bus.drive(port, pin, level);
            }
            13 => {
                let mode = [Mode::Le1M, Mode::Le2M, Mode::CodedS8, Mode::CodedS2];
                let mode = mode[self.below(4) as usize];
                let octets = (0..self.below(300)).map(|n| (n ^ value) as u8).collect();
                let access_address = if value & 1 == 0 { ACCESS_ADDRESS } else { value };
                let (start, frequency) = (self.chip.now, 2402);
                let burst = Burst { start, mode, frequency, access_address, octets };
                self.chip.bus.hear(burst, value as u8);
            }
            14 => {
                let millivolts = [1000, 1700, 2500, 3000][self.below(4) as usize];
                self.chip.supply(millivolts);
            }
            _ => {
                let asleep = value & 1 == 1;
                self.chip.context(|bus, context| bus.sleeps(asleep, context));
            }
        }
        if self.chip.bus.resets() {
            self.chip.bus.reset(value & 1 == 1, &mut self.chip.memory);
        }
        sent(&mut self.chip);
    }
}

#[test]
fn nothing_that_a_program_writes_panics() {
    for seed in 0..PROGRAMS {
        let mut guest = Guest { chip: tuned(), random: ChaCha8Rng::seed_from_u64(seed) };
        (0..STEPS).for_each(|_| guest.step());
        let (now, chip) = (guest.chip.now, &mut guest.chip);
        let unstable = chip.bus.power_fails(now, &mut chip.memory);
        let mut next = Chip { memory: chip.memory.clone(), ..Chip::new() };
        next.bus.power_up(unstable, 3000, &mut next.memory);
        next.pass(MICROSECOND);
    }
}
