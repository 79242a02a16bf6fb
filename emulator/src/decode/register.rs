//! A5.3.12–A5.3.15: data processing on registers, parallel additions, miscellaneous operations.

use super::encoding::{Decoded, Reject, bad, bit, field, require};
use super::kinds::{Extend, Lanes, Parallel, Saturating, Shift, Unary};
use super::op::Op;

pub(super) fn decode(first: u16, second: u16) -> Decoded {
    let (code, n) = (field(first, 4, 4), field(first, 0, 4));
    let (d, kind, m) = (field(second, 8, 4), field(second, 4, 4), field(second, 0, 4));
    if second >> 12 != 15 {
        return Err(Reject::Undefined);
    }
    let op = match (code, kind) {
        (0..=7, 0) => {
            let shift = [Shift::Lsl, Shift::Lsr, Shift::Asr, Shift::Ror][usize::from(code >> 1)];
            Op::ShiftRegister { shift, flags: bit(first, 4), d, n, m }
        }
        (0..=5, 8..) => return extend(code, second, d, n, m),
        (8.., 0..=7) => parallel(code & 7, kind, d, n, m)?,
        (8..=11, 8..=11) => return miscellaneous(code & 3, kind & 3, d, n, m),
        _ => return Err(Reject::Undefined),
    };
    require(!bad(d) && !bad(n) && !bad(m))?;
    Ok(op)
}

fn extend(code: u8, second: u16, d: u8, n: u8, m: u8) -> Decoded {
    let kind = match code {
        0 => Extend::SignedHalf,
        1 => Extend::UnsignedHalf,
        2 => Extend::SignedBytes,
        3 => Extend::UnsignedBytes,
        4 => Extend::SignedByte,
        _ => Extend::UnsignedByte,
    };
    require(!bit(second, 6) && !bad(d) && n != 13 && !bad(m))?;
    let n = Some(n).filter(|n| *n != 15);
    Ok(Op::Extend { kind, d, n, m, rotate: field(second, 4, 2) * 8 })
}

fn parallel(code: u8, kind: u8, d: u8, n: u8, m: u8) -> Decoded {
    let op = match code {
        0 => Parallel::Add8,
        1 => Parallel::Add16,
        2 => Parallel::Asx,
        4 => Parallel::Sub8,
        5 => Parallel::Sub16,
        6 => Parallel::Sax,
        _ => return Err(Reject::Undefined),
    };
    let lanes = match kind {
        0 => Lanes::Signed,
        1 => Lanes::SignedSaturating,
        2 => Lanes::SignedHalving,
        4 => Lanes::Unsigned,
        5 => Lanes::UnsignedSaturating,
        6 => Lanes::UnsignedHalving,
        _ => return Err(Reject::Undefined),
    };
    Ok(Op::Parallel { lanes, op, d, n, m })
}

fn miscellaneous(code: u8, kind: u8, d: u8, n: u8, m: u8) -> Decoded {
    let saturating = |op| Op::Saturating { op, d, n, m };
    let unary = |op| Op::Unary { op, d, m };
    let op = match (code, kind) {
        (0, 0) => saturating(Saturating::Qadd),
        (0, 1) => saturating(Saturating::Qdadd),
        (0, 2) => saturating(Saturating::Qsub),
        (0, _) => saturating(Saturating::Qdsub),
        (1, 0) => unary(Unary::Rev),
        (1, 1) => unary(Unary::Rev16),
        (1, 2) => unary(Unary::Rbit),
        (1, _) => unary(Unary::Revsh),
        (2, 0) => Op::Select { d, n, m },
        (3, 0) => unary(Unary::Clz),
        _ => return Err(Reject::Undefined),
    };
    require(!bad(d) && !bad(n) && !bad(m))?;
    // With one source it is named twice.
    require(!matches!(op, Op::Unary { .. }) || n == m)?;
    Ok(op)
}
