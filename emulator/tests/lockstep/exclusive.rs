//! Exclusive loads and stores. QEMU compares address and value where a Cortex-M4 has a reservation,
//! so that they are not drawn for it: a program of them runs on rsemu, which has one as well.

use crate::image::Image;
use crate::{other, ours};

/// R0 is where is loaded and stored, R7 where the words are kept that are compared.
const PROGRAM: [u16; 61] = [
    0x3000, 0x2000, 0x0009, 0x0000, // SP, the entry
    0xF240, 0x0000, 0xF2C2, 0x0000, // R0 = 0x20000000
    0xF240, 0x0700, 0xF2C2, 0x0701, // R7 = 0x20010000
    0x2105, 0x6001, 0x2309, // [R0] = 5, R3 = 9
    0xE850, 0x2F00, 0xE840, 0x3400, 0x603C, // LDREX R2, STREX R4: word 0
    0x6805, 0x607D, // what is there: word 1
    0xE840, 0x3400, 0x60BC, // once more: word 2
    0x2101, 0x6001, // [R0] = 1
    0xE850, 0x2F00, 0xF3BF, 0x8F2F, 0xE840, 0x3400, 0x60FC, // with CLREX between: word 3
    0x6805, 0x613D, // what is there: word 4
    0xE8D0, 0x2F4F, 0xE8C0, 0x3F44, 0x617C, // LDREXB, STREXB: word 5
    0xE8D0, 0x2F5F, 0xE8C0, 0x3F54, 0x61BC, // LDREXH, STREXH: word 6
    0xE850, 0x2F01, 0xE840, 0x3401, 0x61FC, // LDREX, STREX of the next word: word 7
    0xE850, 0x2F00, 0x6805, 0xE840, 0x3400, 0x623C, // with a load between: word 8
    0x6805, 0x627D, // what is there: word 9
    0x2001, 0xBEAB, // the end
];

/// 0 where a store has taken place, 1 where it has not (STREX of ARMv7-M).
const EXPECTED: [u32; 10] = [0, 9, 1, 1, 1, 0, 0, 0, 0, 9];

#[test]
fn exclusive_stores_succeed_where_another_emulator_lets_them() {
    let octets = PROGRAM.iter().flat_map(|half| half.to_le_bytes()).collect();
    let image = Image::of_octets(octets, 1);
    let ours = ours::run(&image);
    assert_eq!(ours[0][..EXPECTED.len()], EXPECTED);
    assert_eq!(ours, other::run(&image));
}
