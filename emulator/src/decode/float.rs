//! A6: FPv4-SP, and the coprocessors that are not there.

use super::encoding::{Decoded, Reject, bad, bit, field, require};
use super::kinds::{Float, FloatUnary};
use super::op::{Op, Single};

pub(super) fn decode(first: u16, second: u16) -> Decoded {
    let coprocessor = field(second, 8, 4);
    if coprocessor & 0xE != 10 {
        // With the prefix 11 of 0–5 bits it is UNDEFINED whatever the coprocessor.
        return if field(first, 8, 2) == 3 || field(first, 4, 6) < 2 {
            Err(Reject::Undefined)
        } else {
            Ok(Op::NoCoprocessor { number: coprocessor })
        };
    }
    if bit(first, 12) || field(first, 8, 2) == 3 {
        return Err(Reject::Undefined);
    }
    match (bit(first, 9), bit(second, 4)) {
        (false, _) => load_store(first, second),
        (true, true) => transfer(first, second),
        (true, false) => data(first, second),
    }
}

const fn single(four: u8, one: bool) -> Single {
    four << 1 | one as u8
}

/// The lower half of a double register; there are sixteen.
fn double(four: u8, one: bool) -> Result<Single, Reject> {
    if one { Err(Reject::Undefined) } else { Ok(four << 1) }
}

fn load_store(first: u16, second: u16) -> Decoded {
    let (pre, up, writeback, load) = (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    let wide = bit(second, 8);
    if !pre && !up && !writeback {
        return if bit(first, 6) { pair(first, second) } else { Err(Reject::Undefined) };
    }
    let n = field(first, 0, 4);
    let four = field(second, 12, 4);
    let d = if wide { double(four, bit(first, 6))? } else { single(four, bit(first, 6)) };
    let imm = field(second, 0, 8);
    if pre && !writeback {
        let offset = i16::from(imm) << 2;
        let offset = if up { offset } else { -offset };
        let count = if wide { 2 } else { 1 };
        if load {
            return Ok(Op::FloatLoad { d, count, n: Some(n).filter(|n| *n != 15), offset });
        }
        require(n != 15)?;
        return Ok(Op::FloatStore { d, count, n, offset });
    }
    if pre == up {
        return Err(Reject::Undefined);
    }
    // An odd number of words of doubles is FLDMX and its like, deprecated.
    require(n != 15 && imm != 0 && u32::from(d) + u32::from(imm) <= 32)?;
    require(!wide || imm.is_multiple_of(2))?;
    let (count, before) = (imm, pre);
    Ok(if load {
        Op::FloatLoadMultiple { d, count, n, before, writeback }
    } else {
        Op::FloatStoreMultiple { d, count, n, before, writeback }
    })
}

/// VMOV between two core registers and a pair of singles or a double.
fn pair(first: u16, second: u16) -> Decoded {
    let (t, t2) = (field(second, 12, 4), field(first, 0, 4));
    let (four, one) = (field(second, 0, 4), bit(second, 5));
    if field(second, 6, 2) != 0 || !bit(second, 4) {
        return Err(Reject::Undefined);
    }
    let m = if bit(second, 8) { double(four, one)? } else { single(four, one) };
    require(!bad(t) && !bad(t2) && m != 31)?;
    if bit(first, 4) {
        require(t != t2)?;
        return Ok(Op::FloatToCorePair { t, t2, m });
    }
    Ok(Op::FloatFromCorePair { t, t2, m })
}

/// VMOV of one register or half of a double, VMRS, VMSR.
fn transfer(first: u16, second: u16) -> Decoded {
    let (code, load) = (field(first, 5, 3), bit(first, 4));
    let (t, four, one) = (field(second, 12, 4), field(first, 0, 4), bit(second, 7));
    let rest = second & 0x6F;
    if bit(second, 8) {
        // Only whole words of a double.
        if code > 1 || field(second, 5, 2) != 0 {
            return Err(Reject::Undefined);
        }
        require(!bad(t) && rest & 0xF == 0)?;
        let n = double(four, one)? | code;
        return Ok(if load { Op::FloatToCore { t, n } } else { Op::FloatFromCore { t, n } });
    }
    match code {
        0 => {
            require(!bad(t) && rest == 0)?;
            let n = single(four, one);
            Ok(if load { Op::FloatToCore { t, n } } else { Op::FloatFromCore { t, n } })
        }
        7 => {
            require(four == 1 && !one && rest == 0 && t != 13)?;
            if load {
                return Ok(Op::FloatReadStatus { t: Some(t).filter(|t| *t != 15) });
            }
            require(t != 15)?;
            Ok(Op::FloatWriteStatus { t })
        }
        _ => Err(Reject::Undefined),
    }
}

fn data(first: u16, second: u16) -> Decoded {
    if bit(second, 8) {
        // Double precision is not there.
        return Err(Reject::Undefined);
    }
    let d = single(field(second, 12, 4), bit(first, 6));
    let n = single(field(first, 0, 4), bit(second, 7));
    let m = single(field(second, 0, 4), bit(second, 5));
    let second_form = bit(second, 6);
    let either = |plain, other| if second_form { other } else { plain };
    let op = match field(first, 4, 4) & 0b1011 {
        0 => either(Float::Mla, Float::Mls),
        1 => either(Float::Nmls, Float::Nmla),
        2 => either(Float::Mul, Float::Nmul),
        3 => either(Float::Add, Float::Sub),
        8 if !second_form => Float::Div,
        9 => either(Float::Fnms, Float::Fnma),
        10 => either(Float::Fma, Float::Fms),
        11 if !second_form => {
            require(second & 0xA0 == 0)?;
            let octet = field(first, 0, 4) << 4 | field(second, 0, 4);
            return Ok(Op::FloatImmediate { d, bits: expand(octet) });
        }
        11 => return other(first, second, d, m),
        _ => return Err(Reject::Undefined),
    };
    Ok(Op::Float { op, d, n, m })
}

/// VFPExpandImm for single precision.
fn expand(octet: u8) -> u32 {
    let octet = u32::from(octet);
    let exponent = if octet >> 6 & 1 == 1 { 0x1F << 25 } else { 1 << 30 };
    (octet >> 7) << 31 | exponent | (octet & 0x3F) << 19
}

fn other(first: u16, second: u16, d: Single, m: Single) -> Decoded {
    let upper = bit(second, 7);
    let unary = |op| Ok(Op::FloatUnary { op, d, m });
    match field(first, 0, 4) {
        0 => unary(if upper { FloatUnary::Abs } else { FloatUnary::Mov }),
        1 => unary(if upper { FloatUnary::Sqrt } else { FloatUnary::Neg }),
        2 => unary(FloatUnary::FromHalf(upper)),
        3 => unary(FloatUnary::ToHalf(upper)),
        4 => Ok(Op::FloatCompare { d, m: Some(m), all_nans: upper }),
        5 => {
            require(second & 0x2F == 0)?;
            Ok(Op::FloatCompare { d, m: None, all_nans: upper })
        }
        8 => unary(if upper { FloatUnary::FromSigned } else { FloatUnary::FromUnsigned }),
        12 => unary(FloatUnary::ToUnsigned(!upper)),
        13 => unary(FloatUnary::ToSigned(!upper)),
        10 | 11 | 14 | 15 => {
            let wide = upper;
            let size: u8 = if wide { 32 } else { 16 };
            let back = field(second, 0, 4) << 1 | u8::from(bit(second, 5));
            let fraction = size.checked_sub(back).ok_or(Reject::Unpredictable)?;
            let (to_fixed, signed) = (bit(first, 2), !bit(first, 0));
            Ok(Op::FloatFixed { to_fixed, signed, wide, d, fraction })
        }
        _ => Err(Reject::Undefined),
    }
}
