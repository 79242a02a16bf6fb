//! From halfwords to [`Op`], by encoding group as in chapter A5 of the ARMv7-M manual (DDI 0403).
//! UNPREDICTABLE is distinguished from UNDEFINED: bits fixed as (0) or (1) count.

mod branch;
mod data;
mod encoding;
mod float;
mod hot;
mod kinds;
mod memory;
mod multiply;
mod op;
mod register;
mod thumb16;

#[cfg(test)]
mod tests;

use crate::timing;

pub use encoding::Block;
use encoding::{Decoded, Reject, field};
pub use kinds::{
    Alu, Extend, Float, FloatUnary, Hint, Index, Lanes, Long, Parallel, Saturating, Shift, Size,
    Unary,
};
pub use op::{Op, Reg, Single};

/// An instruction with the facts that the loop needs in advance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// What it does.
    pub op: Op,
    /// Its length: 2 or 4 octets.
    pub length: u8,
    /// It branches, so that in an IT block it may only be the last.
    pub last_only: bool,
    /// What comes next need not be what stands behind it.
    pub moves: bool,
    /// Minimum number of cycles.
    pub cycles: u8,
}

/// Whether a first halfword begins an instruction of 32 bits.
#[must_use]
pub const fn is_wide(first: u16) -> bool {
    first >> 11 >= 0b11101
}

/// Decodes what stands at `address`; `second` is the halfword after it, whether needed or not.
#[must_use]
pub fn decode(address: u32, first: u16, second: u16, block: Block) -> Instruction {
    let wide = is_wide(first);
    let pc = address.wrapping_add(4);
    let decoded =
        if wide { wide_op(pc, first, second, block) } else { thumb16::decode(pc, first, block) };
    let op = match decoded {
        Ok(op) => op,
        Err(Reject::Undefined) => Op::Undefined,
        Err(Reject::Unpredictable) => Op::Unpredictable,
    };
    Instruction {
        op,
        length: if wide { 4 } else { 2 },
        last_only: op.ends_block(),
        moves: op.moves(),
        cycles: timing::cycles(&op),
    }
}

/// A5.3: 32-bit Thumb instruction encoding.
fn wide_op(pc: u32, first: u16, second: u16, block: Block) -> Decoded {
    match (first >> 11 & 3, field(first, 4, 7)) {
        (1, op) if op & 0x64 == 0 => memory::multiple(first, second, block),
        (1, op) if op & 0x64 == 4 => memory::dual_or_exclusive(first, second, block),
        (1, op) if op & 0x60 == 0x20 => data::shifted_register(first, second),
        (1 | 3, op) if op & 0x40 != 0 => float::decode(first, second),
        (2, op) => match (second >> 15, op & 0x20) {
            (0, 0) => data::modified_immediate(first, second),
            (0, _) => data::plain_immediate(pc, first, second),
            _ => branch::decode(pc, first, second, block),
        },
        (_, op) if op & 0x71 == 0 => memory::store(first, second),
        (_, op) if op & 0x61 == 1 => memory::load(pc, first, second, block),
        (_, op) if op & 0x70 == 0x20 => register::decode(first, second),
        (_, op) if op & 0x78 == 0x30 => multiply::decode(first, second),
        (_, op) if op & 0x78 == 0x38 => multiply::long(first, second),
        _ => Err(Reject::Undefined),
    }
}

impl Op {
    /// Whether the loop has to look where it goes on.
    const fn moves(self) -> bool {
        self.ends_block()
            || matches!(
                self,
                Self::BranchIf { .. } | Self::CompareBranch { .. } | Self::IfThen { .. }
            )
    }

    /// Whether it may branch, so that only the last place of an IT block is open to it.
    const fn ends_block(self) -> bool {
        match self {
            Self::Jump { .. }
            | Self::TableBranch { .. }
            | Self::Branch { .. }
            | Self::Call { .. }
            | Self::BranchExchange { .. }
            | Self::CallRegister { .. } => true,
            Self::Load { t, .. } | Self::LoadRegister { t, .. } | Self::LoadLiteral { t, .. } => {
                t == 15
            }
            Self::LoadMultiple { list, .. } => list >> 15 == 1,
            _ => false,
        }
    }
}
