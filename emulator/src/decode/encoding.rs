//! What the encodings have in common: fields of halfwords, and rejected encodings.

use super::kinds::Shift;
use super::op::{Op, Reg};

/// Where an instruction stands with regard to an IT block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Block {
    /// In no IT block.
    Outside,
    /// Inside the block.
    Inside,
    /// The last of one.
    Last,
}

/// Why halfwords are no instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reject {
    Undefined,
    Unpredictable,
}

pub(super) type Decoded = Result<Op, Reject>;

/// `length` bits of a halfword from `low`, at most eight.
pub(super) const fn field(half: u16, low: u32, length: u32) -> u8 {
    (half >> low & ((1 << length) - 1)) as u8
}

pub(super) const fn bit(half: u16, position: u32) -> bool {
    half >> position & 1 == 1
}

/// SP and PC, where an encoding forbids both.
pub(super) const fn bad(register: Reg) -> bool {
    register == 13 || register == 15
}

/// UNPREDICTABLE unless the encoding keeps its rule.
pub(super) const fn require(kept: bool) -> Result<(), Reject> {
    if kept { Ok(()) } else { Err(Reject::Unpredictable) }
}

/// A branch may only be the last of an IT block.
pub(super) fn branches(block: Block) -> Result<(), Reject> {
    require(block != Block::Inside)
}

/// The shift that two bits and an amount of five mean.
pub(super) const fn immediate_shift(kind: u8, amount: u8) -> (Shift, u8) {
    match (kind, amount) {
        (0, _) => (Shift::Lsl, amount),
        (1, 0) => (Shift::Lsr, 32),
        (1, _) => (Shift::Lsr, amount),
        (2, 0) => (Shift::Asr, 32),
        (2, _) => (Shift::Asr, amount),
        (_, 0) => (Shift::Rrx, 1),
        _ => (Shift::Ror, amount),
    }
}
