//! A5.2: 16-bit Thumb instruction encoding.

use super::encoding::{Block, Decoded, Reject, bit, branches, field, immediate_shift, require};
use super::kinds::{Alu, Extend, Hint, Index, Shift, Size, Unary};
use super::op::Op;

pub(super) fn decode(pc: u32, half: u16, block: Block) -> Decoded {
    let flags = block == Block::Outside;
    match half >> 12 {
        0 | 1 => shift_add(half, flags),
        2 | 3 => Ok(immediate8(half, flags)),
        4 => match field(half, 10, 2) {
            0 => data(half, flags),
            1 => high_registers(half, block),
            _ => {
                let address = (pc & !3).wrapping_add(u32::from(half & 0xFF) << 2);
                Ok(Op::LoadLiteral { size: Size::Word, t: field(half, 8, 3), address })
            }
        },
        5 => Ok(load_store_register(half)),
        6..=8 => Ok(load_store_immediate(half)),
        9 => {
            let offset = i16::from(field(half, 0, 8)) << 2;
            Ok(transfer(bit(half, 11), Size::Word, field(half, 8, 3), 13, offset))
        }
        10 => {
            let imm = u32::from(half & 0xFF) << 2;
            let d = field(half, 8, 3);
            Ok(if bit(half, 11) {
                immediate(Alu::Add, false, d, 13, imm)
            } else {
                immediate(Alu::Mov, false, d, 15, (pc & !3).wrapping_add(imm))
            })
        }
        11 => miscellaneous(pc, half, block),
        12 => multiple(half),
        13 => match field(half, 8, 4) {
            14 => Err(Reject::Undefined),
            15 => Ok(Op::SupervisorCall { imm: field(half, 0, 8) }),
            condition => {
                require(block == Block::Outside)?;
                let offset = i32::from(half as u8 as i8) << 1;
                Ok(Op::BranchIf { condition, target: pc.wrapping_add_signed(offset) })
            }
        },
        _ => {
            branches(block)?;
            let offset = i32::from((half << 5) as i16 >> 4);
            Ok(Op::Branch { target: pc.wrapping_add_signed(offset) })
        }
    }
}

const fn immediate(op: Alu, flags: bool, d: u8, n: u8, imm: u32) -> Op {
    Op::DataImmediate { op, flags, d, n, carry: None, imm }
}

const fn register(op: Alu, flags: bool, d: u8, n: u8, m: u8) -> Op {
    Op::DataRegister { op, flags, d, n, m, shift: Shift::Lsl, amount: 0 }
}

/// A5.2.1, its first half.
fn shift_add(half: u16, flags: bool) -> Decoded {
    let (d, n, m) = (field(half, 0, 3), field(half, 3, 3), field(half, 6, 3));
    Ok(match field(half, 9, 4) {
        12 => register(Alu::Add, flags, d, n, m),
        13 => register(Alu::Sub, flags, d, n, m),
        14 => immediate(Alu::Add, flags, d, n, u32::from(m)),
        15 => immediate(Alu::Sub, flags, d, n, u32::from(m)),
        _ => {
            let amount = field(half, 6, 5);
            let (shift, amount) = immediate_shift(field(half, 11, 2), amount);
            // LSL by 0 is MOVS, which has no place in an IT block.
            require(flags || amount != 0)?;
            Op::DataRegister { op: Alu::Mov, flags, d, n: 15, m: n, shift, amount }
        }
    })
}

/// A5.2.1, its second half.
fn immediate8(half: u16, flags: bool) -> Op {
    let (d, imm) = (field(half, 8, 3), u32::from(half & 0xFF));
    match field(half, 11, 2) {
        0 => immediate(Alu::Mov, flags, d, 15, imm),
        1 => immediate(Alu::Cmp, true, 15, d, imm),
        2 => immediate(Alu::Add, flags, d, d, imm),
        _ => immediate(Alu::Sub, flags, d, d, imm),
    }
}

/// A5.2.2: data processing.
fn data(half: u16, flags: bool) -> Decoded {
    let (d, m) = (field(half, 0, 3), field(half, 3, 3));
    let shift = |shift| Op::ShiftRegister { shift, flags, d, n: d, m };
    Ok(match field(half, 6, 4) {
        0 => register(Alu::And, flags, d, d, m),
        1 => register(Alu::Eor, flags, d, d, m),
        2 => shift(Shift::Lsl),
        3 => shift(Shift::Lsr),
        4 => shift(Shift::Asr),
        5 => register(Alu::Adc, flags, d, d, m),
        6 => register(Alu::Sbc, flags, d, d, m),
        7 => shift(Shift::Ror),
        8 => register(Alu::Tst, true, 15, d, m),
        9 => immediate(Alu::Rsb, flags, d, m, 0),
        10 => register(Alu::Cmp, true, 15, d, m),
        11 => register(Alu::Cmn, true, 15, d, m),
        12 => register(Alu::Orr, flags, d, d, m),
        13 => Op::Multiply { flags, d, n: m, m: d },
        14 => register(Alu::Bic, flags, d, d, m),
        _ => register(Alu::Mvn, flags, d, 15, m),
    })
}

/// A5.2.3: special data instructions, branch and exchange.
fn high_registers(half: u16, block: Block) -> Decoded {
    let (d, m) = (field(half, 0, 3) | field(half, 7, 1) << 3, field(half, 3, 4));
    match field(half, 8, 2) {
        0 => {
            require(!(d == 15 && m == 15))?;
            if d == 15 {
                branches(block)?;
                return Ok(Op::Jump { add: true, m });
            }
            Ok(register(Alu::Add, false, d, d, m))
        }
        1 => {
            require(!(d < 8 && m < 8) && d != 15 && m != 15)?;
            Ok(register(Alu::Cmp, true, 15, d, m))
        }
        2 => {
            if d == 15 {
                branches(block)?;
                return Ok(Op::Jump { add: false, m });
            }
            Ok(register(Alu::Mov, false, d, 15, m))
        }
        _ => {
            require(field(half, 0, 3) == 0)?;
            branches(block)?;
            if bit(half, 7) {
                require(m != 15)?;
                return Ok(Op::CallRegister { m });
            }
            Ok(Op::BranchExchange { m })
        }
    }
}

/// A5.2.4: load/store single data item, the register forms.
fn load_store_register(half: u16) -> Op {
    let (t, n, m) = (field(half, 0, 3), field(half, 3, 3), field(half, 6, 3));
    let (load, size) = match field(half, 9, 3) {
        0 => (false, Size::Word),
        1 => (false, Size::Half),
        2 => (false, Size::Byte),
        3 => (true, Size::SignedByte),
        4 => (true, Size::Word),
        5 => (true, Size::Half),
        6 => (true, Size::Byte),
        _ => (true, Size::SignedHalf),
    };
    if load {
        Op::LoadRegister { size, t, n, m, amount: 0 }
    } else {
        Op::StoreRegister { size, t, n, m, amount: 0 }
    }
}

/// A5.2.4: load/store single data item, the immediate forms.
fn load_store_immediate(half: u16) -> Op {
    let (size, scale) = match half >> 12 {
        6 => (Size::Word, 2),
        7 => (Size::Byte, 0),
        _ => (Size::Half, 1),
    };
    let offset = i16::from(field(half, 6, 5)) << scale;
    transfer(bit(half, 11), size, field(half, 0, 3), field(half, 3, 3), offset)
}

const fn transfer(load: bool, size: Size, t: u8, n: u8, offset: i16) -> Op {
    let index = Index::Offset;
    if load {
        Op::Load { size, t, n, index, offset }
    } else {
        Op::Store { size, t, n, index, offset }
    }
}

/// STM and LDM.
fn multiple(half: u16) -> Decoded {
    let (n, list) = (field(half, 8, 3), half & 0xFF);
    require(list != 0)?;
    let listed = list >> n & 1 == 1;
    if bit(half, 11) {
        return Ok(Op::LoadMultiple { n, before: false, writeback: !listed, list });
    }
    // The base is stored as UNKNOWN unless it is the lowest.
    require(!listed || u32::from(n) == list.trailing_zeros())?;
    Ok(Op::StoreMultiple { n, before: false, writeback: true, list })
}

/// A5.2.5: miscellaneous 16-bit instructions.
fn miscellaneous(pc: u32, half: u16, block: Block) -> Decoded {
    let (d, m) = (field(half, 0, 3), field(half, 3, 3));
    let unary = |op| Op::Unary { op, d, m };
    let extend = |kind| Op::Extend { kind, d, n: None, m, rotate: 0 };
    match field(half, 8, 4) {
        0 => {
            let op = if bit(half, 7) { Alu::Sub } else { Alu::Add };
            Ok(immediate(op, false, 13, 13, u32::from(half & 0x7F) << 2))
        }
        1 | 3 | 9 | 11 => {
            require(block == Block::Outside)?;
            let offset = u32::from(field(half, 3, 5)) << 1 | u32::from(half >> 9 & 1) << 6;
            let target = pc.wrapping_add(offset);
            Ok(Op::CompareBranch { if_zero: !bit(half, 11), n: d, target })
        }
        2 => Ok(extend(match field(half, 6, 2) {
            0 => Extend::SignedHalf,
            1 => Extend::SignedByte,
            2 => Extend::UnsignedHalf,
            _ => Extend::UnsignedByte,
        })),
        4 | 5 => {
            let list = half & 0xFF | (half >> 8 & 1) << 14;
            require(list != 0)?;
            Ok(Op::StoreMultiple { n: 13, before: true, writeback: true, list })
        }
        6 if field(half, 5, 3) == 3 => {
            require(block == Block::Outside && field(half, 2, 2) == 0 && half & 3 != 0)?;
            let (primask, faultmask) = (bit(half, 1), bit(half, 0));
            Ok(Op::ChangeState { disable: bit(half, 4), primask, faultmask })
        }
        10 => match field(half, 6, 2) {
            0 => Ok(unary(Unary::Rev)),
            1 => Ok(unary(Unary::Rev16)),
            3 => Ok(unary(Unary::Revsh)),
            _ => Err(Reject::Undefined),
        },
        12 | 13 => {
            let list = half & 0xFF | (half >> 8 & 1) << 15;
            require(list != 0)?;
            if list >> 15 == 1 {
                branches(block)?;
            }
            Ok(Op::LoadMultiple { n: 13, before: false, writeback: true, list })
        }
        14 => Ok(Op::Breakpoint { imm: field(half, 0, 8) }),
        15 => if_then_or_hint(half, block),
        _ => Err(Reject::Undefined),
    }
}

fn if_then_or_hint(half: u16, block: Block) -> Decoded {
    let (condition, mask) = (field(half, 4, 4), field(half, 0, 4));
    if mask != 0 {
        require(block == Block::Outside && condition != 15)?;
        require(condition != 14 || mask.count_ones() == 1)?;
        return Ok(Op::IfThen { state: field(half, 0, 8) });
    }
    Ok(Op::Hint(hint(condition)))
}

/// The hints; those not allocated do nothing.
pub(super) const fn hint(number: u8) -> Hint {
    match number {
        1 => Hint::Yield,
        2 => Hint::Wfe,
        3 => Hint::Wfi,
        4 => Hint::Sev,
        _ => Hint::Nop,
    }
}
