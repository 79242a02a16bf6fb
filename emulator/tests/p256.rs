//! P-256 on the chip in the cycles that its author has published, without a constant of the
//! emulator that was chosen for it.
//!
//! `BLETWIN_P256` names the ELF file of `targets/nrf52840/p256-cycles` (`.ci/cross.sh` builds it).

use std::io::Write as _;

use bletwin_emulator::nrf52840::{Identity, Nrf52840, Revision, memory};
use bletwin_emulator::{Cpu, Model, Outcome, elf};

/// Cycles on an nRF52840, from the README of P256-Cortex-M4, which p256-cm4 has its assembly from.
const KEY_PAIR: u32 = 327_000;
const SHARED_SECRET: u32 = 906_000;

/// Whether a count is within this percentage of another.
fn within(count: u32, percent: u32, published: u32) -> bool {
    count.abs_diff(published) <= published / 100 * percent
}

#[test]
fn p256_takes_the_cycles_that_are_published() {
    let Some(path) = std::env::var_os("BLETWIN_P256") else {
        let line = b"SKIPPED: BLETWIN_P256 names no file (.ci/cross.sh builds it)\n";
        return std::io::stderr().write_all(line).expect("standard error");
    };
    let file = std::fs::read(&path).expect("BLETWIN_P256 names a file");
    let mut memory = memory();
    let symbols = elf::load(&file, &mut memory).expect("it can be flashed");
    let revision = Revision::default();
    let identity = Identity { device_address: 1, device_id: 1, entropy: [0; 32], revision };
    let mut cpu = Cpu::new(Model::NRF52840, memory, Nrf52840::new(&identity));
    if let Outcome::Stopped(stop) = cpu.run(64_000_000_000) {
        panic!("{}", stop.report(symbols.at(stop.address)));
    }
    let place = symbols.address("BLETWIN_CYCLES").expect("the symbol");
    let words = [0, 4, 8].map(|offset| cpu.memory().read(place + offset).map(u32::from_le_bytes));
    let [Some(pair), Some(secret), Some(right)] = words else { panic!("{words:?}") };
    println!("key pair {pair} cycles, shared secret {secret}");
    assert_eq!(right, 1, "both sides have the same secret");
    assert!(within(pair, 5, KEY_PAIR), "key pair: {pair}");
    assert!(within(secret, 3, SHARED_SECRET), "shared secret: {secret}");
}
