//! A second emulator, crate rsemu: it is there wherever the tests are.

use std::sync::Arc;

use rsemu::core::space::{AddressSpace, RamStore, Region};
use rsemu::cpu::arm::v7m::{ArmV7m, Config, FpUnit};

use crate::image::{Image, RESULTS, WORDS};
use crate::qemu;

const SIZE: u64 = 4 << 20;
const RAM: u64 = 0x2000_0000;
/// Instructions within which an image ends.
const LONG: u64 = 1 << 28;
/// The call of a debugger, who is not there.
const BREAKPOINT: [u8; 2] = [0xAB, 0xBE];

/// Runs an image up to its first breakpoint; the words of each program's result.
pub(crate) fn run(image: &Image) -> Vec<[u32; WORDS]> {
    let (code, ram) = (Arc::new(RamStore::new(SIZE)), Arc::new(RamStore::new(SIZE)));
    code.write_at(0, &image.octets).expect("the image fits");
    let space = AddressSpace::new("board", 32);
    for (store, address) in [(&code, 0), (&ram, RAM)] {
        let region = Region::ram("memory", Arc::clone(store));
        space.topology().map(region, address).expect("it is free");
    }
    let mut config = Config::CORTEX_M4.with_priority_bits(8);
    config.ext.fp = FpUnit::V4Sp;
    let cpu = ArmV7m::new(config);
    cpu.attach_space(Arc::new(space));
    // The reset sequence.
    cpu.step();
    let next = |pc: u32| image.octets.get(pc as usize..pc as usize + 2);
    let ends = (0..LONG).any(|_| {
        cpu.step();
        next(cpu.pc()) == Some(&BREAKPOINT)
    });
    assert!(ends, "a program does not end");
    let mut octets = vec![0; image.programs.len() * WORDS * 4];
    ram.read_at(u64::from(RESULTS) - RAM, &mut octets).expect("results are in RAM");
    qemu::results(&octets)
}
