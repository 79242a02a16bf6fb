//! P-256 on the chip in the cycles that its author has published, without a constant of the
//! emulator that was chosen for it; and what the encryption of PDUs takes by software and by ECB.
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

/// The program, after a second.
fn played() -> Option<(Cpu<Nrf52840>, elf::Symbols)> {
    let Some(path) = std::env::var_os("BLETWIN_P256") else {
        let line = b"SKIPPED: BLETWIN_P256 names no file (.ci/cross.sh builds it)\n";
        std::io::stderr().write_all(line).expect("standard error");
        return None;
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
    Some((cpu, symbols))
}

fn words<const N: usize>(cpu: &Cpu<Nrf52840>, symbols: &elf::Symbols, name: &str) -> [u32; N] {
    let place = symbols.address(name).expect("the symbol");
    std::array::from_fn(|n| {
        let word = cpu.memory().read(place + 4 * n as u32);
        word.map(u32::from_le_bytes).expect("it is in RAM")
    })
}

#[test]
fn p256_takes_the_cycles_that_are_published() {
    let Some((cpu, symbols)) = played() else { return };
    let [pair, secret, right] = words(&cpu, &symbols, "BLETWIN_CYCLES");
    println!("key pair {pair} cycles, shared secret {secret}");
    assert_eq!(right, 1, "both sides have the same secret");
    assert!(within(pair, 5, KEY_PAIR), "key pair: {pair}");
    assert!(within(secret, 3, SHARED_SECRET), "shared secret: {secret}");
}

/// A block takes ECB 461 cycles and software 1,500 and more. targets/nrf52840/README.md has the
/// numbers.
#[test]
fn ecb_encrypts_a_pdu_in_a_fraction_of_what_software_takes() {
    let Some((cpu, symbols)) = played() else { return };
    let all: [u32; 7] = words(&cpu, &symbols, "BLETWIN_AES_CYCLES");
    println!("27 and 251 octets by software, by ECB, back by ECB: {all:?}");
    let [short, long, short_by_ecb, long_by_ecb, short_back, long_back, right] = all;
    assert_eq!(right, 1);
    for (blocks, software, by_ecb, back) in
        [(7, short, short_by_ecb, short_back), (35, long, long_by_ecb, long_back)]
    {
        assert!(by_ecb > blocks * 461 && back > blocks * 461, "{all:?}");
        assert!(by_ecb < software / 3 && back < software / 3, "{all:?}");
    }
}
