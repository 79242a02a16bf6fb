//! CCM beside RADIO: encryption and decryption while a packet is on air.

use super::blocks::{CCM, INPUT, OUTPUT, PLAIN, SECRET, put, session_on};
use super::*;

/// RADIO and CCM that share a packet, with the octet between header and payload that CCM wants.
fn beside(decrypts: bool, packet: u32) -> Chip {
    let mut chip = session_on(tuned(), decrypts);
    chip.write(RADIO + 0x514, 0x108 | 1 << 20);
    chip.write(RADIO + 0x504, packet);
    chip
}

/// As it is on air, without that octet.
fn on_air() -> Vec<u8> {
    [&SECRET[..2], &SECRET[3..]].concat()
}

/// Channel 25 of PPI: ADDRESS to CRYPT, when nothing of the packet is there yet.
#[test]
fn a_packet_is_decrypted_while_it_is_received() {
    let mut chip = beside(true, INPUT);
    chip.write(CCM + 0x200, 0);
    chip.write(PPI + 0x504, 1 << 25);
    chip.write(CCM, 1);
    chip.write(RADIO + 4, 1);
    chip.when(RADIO + 0x100);
    chip.when(CCM + 0x100);
    chip.bus.hear(burst_of(&on_air(), chip.now + MICROSECOND), 61);
    chip.when(RADIO + 0x104);
    assert!(chip.bus.next_event().is_some(), "the packet goes on");
    let end = chip.when(RADIO + 0x10C);
    assert_eq!(chip.read(CCM + 0x104), 0);
    let decrypted = chip.when(CCM + 0x104);
    assert!((1..20).contains(&((decrypted - end) / MICROSECOND)), "soon after END");
    assert_eq!(chip.read(CCM + 0x400), 1, "MICSTATUS");
    assert_eq!(chip.memory.octets(OUTPUT, 4).as_deref(), Some(&PLAIN[..]));
}

/// Channel 24 of PPI: READY to KSGEN, and its short to CRYPT, while START has begun to send.
#[test]
fn a_packet_is_encrypted_ahead_of_its_sending() {
    let mut chip = beside(false, OUTPUT);
    put(&mut chip, INPUT, &PLAIN);
    chip.write(PPI + 0x504, 1 << 24);
    chip.write(RADIO, 1);
    chip.when(RADIO + 0x100);
    let sent = sent(&mut chip);
    assert_eq!(sent[0].octets, burst_of(&on_air(), 0).octets);
    chip.when(CCM + 0x104);
    assert_eq!(chip.memory.octets(OUTPUT, 8).as_deref(), Some(&SECRET[..]));
}

/// CRYPT is under way when RADIO is started by software.
#[test]
fn a_packet_that_is_being_encrypted_is_sent_encrypted() {
    let mut chip = beside(false, OUTPUT);
    put(&mut chip, INPUT, &PLAIN);
    chip.write(RADIO + 0x200, 0);
    chip.write(RADIO, 1);
    chip.when(RADIO + 0x100);
    chip.write(CCM, 1);
    chip.when(CCM + 0x100);
    chip.write(RADIO + 8, 1);
    assert_eq!(chip.read(CCM + 0x104), 0, "not yet");
    assert_eq!(sent(&mut chip)[0].octets, burst_of(&on_air(), 0).octets);
    chip.when(CCM + 0x104);
}
