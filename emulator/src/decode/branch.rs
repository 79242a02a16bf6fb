//! A5.3.4: branches and miscellaneous control.

use super::encoding::{Block, Decoded, Reject, bad, bit, branches, field, require};
use super::kinds::Hint;
use super::op::Op;
use super::thumb16::hint;

pub(super) fn decode(pc: u32, first: u16, second: u16, block: Block) -> Decoded {
    match (bit(second, 14), bit(second, 12)) {
        (false, false) if field(first, 7, 3) != 7 => {
            require(block == Block::Outside)?;
            let target = pc.wrapping_add_signed(conditional_offset(first, second));
            Ok(Op::BranchIf { condition: field(first, 6, 4), target })
        }
        (false, false) => control(first, second),
        (false, true) => {
            branches(block)?;
            Ok(Op::Branch { target: pc.wrapping_add_signed(offset(first, second)) })
        }
        (true, true) => {
            branches(block)?;
            Ok(Op::Call { target: pc.wrapping_add_signed(offset(first, second)) })
        }
        (true, false) => Err(Reject::Undefined),
    }
}

fn sign_extend(value: u32, bits: u32) -> i32 {
    (value << (32 - bits)) as i32 >> (32 - bits)
}

fn conditional_offset(first: u16, second: u16) -> i32 {
    let (sign, j1, j2) = (first >> 10 & 1, second >> 13 & 1, second >> 11 & 1);
    let high = u32::from(sign << 2 | j2 << 1 | j1) << 18;
    sign_extend(high | u32::from(first & 0x3F) << 12 | u32::from(second & 0x7FF) << 1, 21)
}

fn offset(first: u16, second: u16) -> i32 {
    let sign = first >> 10 & 1;
    let i1 = !(second >> 13 ^ sign) & 1;
    let i2 = !(second >> 11 ^ sign) & 1;
    let high = u32::from(sign << 2 | i1 << 1 | i2) << 22;
    sign_extend(high | u32::from(first & 0x3FF) << 12 | u32::from(second & 0x7FF) << 1, 25)
}

fn control(first: u16, second: u16) -> Decoded {
    let n = field(first, 0, 4);
    let special = field(second, 0, 8);
    match field(first, 4, 7) {
        0x38 | 0x39 => {
            let mask = field(second, 10, 2);
            require(!bit(first, 4) && !bit(second, 13) && field(second, 8, 2) == 0 && !bad(n))?;
            require(mask == 2 || mask != 0 && special <= 3)?;
            require(known(special))?;
            Ok(Op::WriteSpecial { n, special, mask })
        }
        0x3A => {
            if field(second, 8, 3) != 0 {
                return Err(Reject::Undefined);
            }
            require(n == 15 && !bit(second, 13) && !bit(second, 11))?;
            Ok(Op::Hint(hint(special)))
        }
        0x3B => barrier(n, second),
        0x3E | 0x3F => {
            let d = field(second, 8, 4);
            require(!bit(first, 4) && n == 15 && !bit(second, 13) && !bad(d) && known(special))?;
            Ok(Op::ReadSpecial { d, special })
        }
        _ => Err(Reject::Undefined),
    }
}

/// The special registers that exist (B5.1).
const fn known(special: u8) -> bool {
    matches!(special, 0..=3 | 5..=9 | 16..=20)
}

fn barrier(n: u8, second: u16) -> Decoded {
    let hint = match field(second, 4, 4) {
        2 => Hint::Clrex,
        4 => Hint::Dsb,
        5 => Hint::Dmb,
        6 => Hint::Isb,
        _ => return Err(Reject::Undefined),
    };
    require(n == 15 && !bit(second, 13) && field(second, 8, 4) == 15)?;
    require(hint != Hint::Clrex || field(second, 0, 4) == 15)?;
    Ok(Op::Hint(hint))
}
