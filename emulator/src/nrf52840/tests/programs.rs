//! Small programs in machine code.

use super::*;
use crate::{Cpu, Model, Outcome};

const COUNTER: u32 = RAM_BASE + 0x800;

/// `LDR Rt, [PC, …]` at an address, from a literal.
fn load(register: u16, at: u32, literal: u32) -> u16 {
    0x4800 | register << 8 | ((literal - ((at + 4) & !3)) / 4) as u16
}

/// A program that triggers EGU0 once, and its handler, which counts its runs at [`COUNTER`],
/// clears the event and ends in `tail`.
fn counted(tail: &[u16]) -> u32 {
    let literals = [EGU0 + 0x304, 0xE000_E100, 1 << 20, EGU0, EGU0 + 0x100, COUNTER];
    let literal = |n: u32| 0x180 + 4 * n;
    let main = [
        load(0, 0x100, literal(0)),
        0x2101, // MOVS R1, #1
        0x6001, // STR R1, [R0]
        load(0, 0x106, literal(1)),
        load(2, 0x108, literal(2)),
        0x6002, // STR R2, [R0]
        load(0, 0x10C, literal(3)),
        0x6001, // STR R1, [R0]
        0xE7FE, // B .
    ];
    let mut handler = vec![
        load(0, 0x140, literal(4)),
        load(3, 0x142, literal(5)),
        0x681A, // LDR R2, [R3]
        0x1C52, // ADDS R2, R2, #1
        0x601A, // STR R2, [R3]
        0x2100, // MOVS R1, #0
        0x6001, // STR R1, [R0]
    ];
    handler.extend(tail);
    let mut memory = Memory::new(4096, 4096).with_uicr(4096);
    let mut put = |address, octets: &[u8]| assert!(memory.program(address, octets));
    let halves = |halves: &[u16]| halves.iter().flat_map(|h| h.to_le_bytes()).collect::<Vec<_>>();
    put(0, &(RAM_BASE + 0x700).to_le_bytes());
    put(4, &0x101_u32.to_le_bytes());
    put(4 * (16 + 20), &0x141_u32.to_le_bytes());
    put(0x100, &halves(&main));
    put(0x140, &halves(&handler));
    literals.iter().zip(0..).for_each(|(word, n)| put(literal(n), &u32::to_le_bytes(*word)));
    let bus = Chip::new().bus;
    let mut cpu = Cpu::new(Model::NRF52840, memory, bus);
    assert_eq!(cpu.run(100 * MICROSECOND), Outcome::Reached);
    cpu.memory().read(COUNTER).map_or(0, u32::from_le_bytes)
}

/// Clearing an event may take four cycles: a handler that returns before is entered again, one that
/// reads it back, or has something else to do, is not (product specification, 6.1.8).
#[test]
fn an_event_cleared_too_late_enters_its_handler_again() {
    const RETURN: u16 = 0x4770; // BX LR
    const NOP: u16 = 0xBF00;
    const READ_BACK: u16 = 0x6801; // LDR R1, [R0]
    assert_eq!(counted(&[RETURN]), 2);
    assert_eq!(counted(&[READ_BACK, RETURN]), 1);
    assert_eq!(counted(&[NOP, NOP, NOP, NOP, RETURN]), 1);
}
