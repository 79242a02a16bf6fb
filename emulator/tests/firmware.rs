//! The firmware of `targets/nrf52840`, unchanged, up to its first packets on air.
//!
//! `BLETWIN_FIRMWARE` names the ELF file (`.ci/cross.sh` builds it); without it there is nothing to
//! run.

use std::io::Write as _;

use bletwin_emulator::nrf52840::{Burst, Identity, Mode, Nrf52840, Revision, memory};
use bletwin_emulator::{Cpu, Model, Outcome, elf};

const SECOND: u64 = 64_000_000_000;
const MILLISECOND: u64 = SECOND / 1000;

fn chip(entropy: [u8; 32]) -> Option<(Cpu<Nrf52840>, elf::Symbols)> {
    let Some(path) = std::env::var_os("BLETWIN_FIRMWARE") else {
        // libtest swallows what `println!` prints.
        let line = b"SKIPPED: BLETWIN_FIRMWARE names no firmware (.ci/cross.sh builds it)\n";
        std::io::stderr().write_all(line).expect("standard error");
        return None;
    };
    let file = std::fs::read(&path).expect("BLETWIN_FIRMWARE names a file");
    let mut memory = memory();
    let symbols = elf::load(&file, &mut memory).expect("it can be flashed");
    let revision = Revision::default();
    let identity = Identity { device_address: 0xC0FF_EE00_0001, device_id: 1, entropy, revision };
    Some((Cpu::new(Model::NRF52840, memory, Nrf52840::new(&identity)), symbols))
}

fn run(cpu: &mut Cpu<Nrf52840>, symbols: &elf::Symbols, until: u64) -> Vec<Burst> {
    if let Outcome::Stopped(stop) = cpu.run(until) {
        panic!("{}", stop.report(symbols.at(stop.address)));
    }
    cpu.bus_mut().sent().into_iter().map(|sent| sent.burst).collect()
}

/// Undoes the whitening of a channel, written from the Core Specification, Vol 6, Part B, 3.2.
fn unwhitened(octets: &[u8], channel: u8) -> Vec<u8> {
    // Positions 0 to 6 of the register: a 1, then the channel index, highest bit first.
    let mut register: [bool; 7] = std::array::from_fn(|n| n == 0 || channel >> (6 - n) & 1 == 1);
    let mut one = |octet: &u8| {
        (0..8).fold(*octet, |octet, bit| {
            let out = register[6];
            register.rotate_right(1);
            register[4] ^= out;
            octet ^ u8::from(out) << bit
        })
    };
    octets.iter().map(&mut one).collect()
}

/// The CRC of a PDU as it is sent, written from Vol 6, Part B, 3.1.1.
fn crc(pdu: &[u8]) -> [u8; 3] {
    // Position 0 is the lowest bit; position 23 goes out first.
    let mut register: u32 = 0x55_5555;
    for octet in pdu {
        for bit in 0..8 {
            let out = register >> 23 & 1 ^ u32::from(octet >> bit & 1);
            register = register << 1 & 0xFF_FFFF ^ (out * 0x65B);
        }
    }
    let sent = register.reverse_bits() >> 8;
    [sent as u8, (sent >> 8) as u8, (sent >> 16) as u8]
}

#[test]
fn the_firmware_advertises() {
    let entropy = std::array::from_fn(|n| n as u8 ^ 0x5A);
    let Some((mut cpu, symbols)) = chip(entropy) else { return };
    let sent = run(&mut cpu, &symbols, SECOND);
    println!(
        "{} packets, {} cycles of which {} asleep",
        sent.len(),
        cpu.cycles(),
        cpu.cycles_slept()
    );
    assert!(sent.len() >= 9, "three advertising events at least: {}", sent.len());
    let mut pdus = Vec::new();
    for (burst, channel) in sent.iter().zip([37, 38, 39].into_iter().cycle()) {
        let frequency = [2402, 2426, 2480][usize::from(channel) - 37];
        assert_eq!((burst.mode, burst.frequency), (Mode::Le1M, frequency), "channel {channel}");
        assert_eq!(burst.access_address, 0x8E89_BED6);
        let octets = unwhitened(&burst.octets, channel);
        let length = usize::from(octets[1]);
        let (pdu, check) = octets.split_at(2 + length);
        assert_eq!(check, crc(pdu));
        pdus.push(octets);
    }
    // ADV_IND on each channel, with the same CRC.
    assert_eq!(pdus[0][0] & 0xF, 0, "ADV_IND: {:02x?}", pdus[0]);
    assert!(pdus[1..3].iter().all(|pdu| *pdu == pdus[0]));
    // Events are at least 20 ms apart (Vol 6, Part B, 4.4.2.2), and so are their first packets.
    let first: Vec<u64> = sent.iter().step_by(3).map(|burst| burst.start).collect();
    assert!(first.windows(2).all(|pair| pair[1] - pair[0] >= 20 * MILLISECOND), "{first:?}");
}

#[test]
fn the_same_entropy_gives_the_same_state() {
    let run_to = |entropy| {
        let (mut cpu, symbols) = chip(entropy)?;
        let sent = run(&mut cpu, &symbols, SECOND / 2);
        Some((cpu, sent))
    };
    let (Some(a), Some(b), Some(c)) = (run_to([1; 32]), run_to([1; 32]), run_to([2; 32])) else {
        return;
    };
    assert!(a == b);
    assert!(a.0 != c.0);
}
