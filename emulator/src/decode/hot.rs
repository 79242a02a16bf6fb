//! The forms that programs consist of, each as an operation of its own.
//!
//! [`Op`] has one operation for all arithmetic with an immediate and one for all loads, so that
//! decoding stays close to the manual. To tell their cases apart costs the computer a second jump
//! to an address that it cannot foresee, which is as much as all the rest of an instruction.

use super::{Alu, Index, Op, Reg, Shift, Size};

impl Op {
    /// The same instruction, in the form that is executed fastest.
    #[must_use]
    pub(crate) fn hot(self) -> Self {
        let hot = match self {
            Self::DataImmediate { op, flags: false, d, n, imm, .. } => plain(op, d, n, imm),
            Self::DataImmediate { op, flags: true, d, n, carry, imm } => {
                setting(op, (d, n), carry, imm)
            }
            Self::DataRegister { op, flags, d, n, m, amount: 0, .. } => {
                registers(op, flags, (d, n, m))
            }
            Self::DataRegister { op: Alu::Mov, flags, d, m, shift, amount, .. } => {
                shifted(shift, flags, (d, m), amount)
            }
            Self::Load { size, t, n, index: Index::Offset, offset } => match size {
                Size::Word => Some(Self::LoadWord(t, n, offset)),
                Size::Half => Some(Self::LoadHalf(t, n, offset)),
                Size::Byte => Some(Self::LoadByte(t, n, offset)),
                Size::SignedHalf | Size::SignedByte => None,
            },
            Self::Store { size, t, n, index: Index::Offset, offset } => match size {
                Size::Word => Some(Self::StoreWord(t, n, offset)),
                Size::Half => Some(Self::StoreHalf(t, n, offset)),
                Size::Byte => Some(Self::StoreByte(t, n, offset)),
                Size::SignedHalf | Size::SignedByte => None,
            },
            _ => None,
        };
        hot.unwrap_or(self)
    }
}

/// Of those that set no flags.
fn plain(op: Alu, d: Reg, n: Reg, imm: u32) -> Option<Op> {
    Some(match op {
        Alu::Mov => Op::Move(d, imm),
        Alu::Add => Op::Add(d, n, imm),
        Alu::Sub => Op::Add(d, n, imm.wrapping_neg()),
        Alu::And => Op::And(d, n, imm),
        Alu::Bic => Op::And(d, n, !imm),
        Alu::Orr => Op::Orr(d, n, imm),
        Alu::Cmp => Op::Compare(n, imm),
        _ => return None,
    })
}

/// With flags. Logic sets the carry that expanding the immediate made, if it made one.
fn setting(op: Alu, (d, n): (Reg, Reg), carry: Option<bool>, imm: u32) -> Option<Op> {
    Some(match op {
        Alu::Mov if carry.is_none() => Op::MoveFlags(d, imm),
        Alu::Add => Op::AddFlags(d, n, imm),
        Alu::Sub => Op::SubFlags(d, n, imm),
        Alu::Cmp => Op::Compare(n, imm),
        _ => return None,
    })
}

/// Two registers as they are.
fn registers(op: Alu, flags: bool, (d, n, m): (Reg, Reg, Reg)) -> Option<Op> {
    Some(match (op, flags) {
        (Alu::Mov, false) => Op::MoveRegister(d, m),
        (Alu::Add, false) => Op::AddRegister(d, n, m),
        (Alu::Add, true) => Op::AddRegisterFlags(d, n, m),
        (Alu::Adc, true) => Op::AdcRegisterFlags(d, n, m),
        (Alu::Sub, true) => Op::SubRegisterFlags(d, n, m),
        (Alu::Orr, false) => Op::OrrRegister(d, n, m),
        (Alu::Orr, true) => Op::OrrRegisterFlags(d, n, m),
        (Alu::Eor, false) => Op::EorRegister(d, n, m),
        (Alu::Cmp, _) => Op::CompareRegister(n, m),
        _ => return None,
    })
}

/// A register, shifted by 1 to 32.
fn shifted(shift: Shift, flags: bool, (d, m): (Reg, Reg), amount: u8) -> Option<Op> {
    Some(match (shift, flags) {
        (Shift::Lsl, false) => Op::ShiftLeft(d, m, amount),
        (Shift::Lsl, true) => Op::ShiftLeftFlags(d, m, amount),
        (Shift::Lsr, false) => Op::ShiftRight(d, m, amount),
        (Shift::Lsr, true) => Op::ShiftRightFlags(d, m, amount),
        _ => return None,
    })
}
