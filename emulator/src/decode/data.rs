//! A5.3.1, A5.3.3, A5.3.11: data processing on immediates and on shifted registers.

use super::encoding::{Decoded, Reject, bad, bit, field, immediate_shift, require};
use super::kinds::{Alu, Shift};
use super::op::Op;

/// The operation of four bits, or what it becomes without a first operand or a destination.
fn operation(code: u8, flags: bool, d: u8, n: u8) -> Result<Alu, Reject> {
    let compares = flags && d == 15;
    Ok(match code {
        0 if compares => Alu::Tst,
        0 => Alu::And,
        1 => Alu::Bic,
        2 if n == 15 => Alu::Mov,
        2 => Alu::Orr,
        3 if n == 15 => Alu::Mvn,
        3 => Alu::Orn,
        4 if compares => Alu::Teq,
        4 => Alu::Eor,
        8 if compares => Alu::Cmn,
        8 => Alu::Add,
        10 => Alu::Adc,
        11 => Alu::Sbc,
        13 if compares => Alu::Cmp,
        13 => Alu::Sub,
        14 => Alu::Rsb,
        _ => return Err(Reject::Undefined),
    })
}

/// Which destination and first operand an operation allows; the same for both forms.
fn require_operands(op: Alu, d: u8, n: u8) -> Result<(), Reject> {
    require(match op {
        Alu::Tst | Alu::Teq => !bad(n),
        Alu::Cmp | Alu::Cmn => n != 15,
        Alu::Mov | Alu::Mvn => !bad(d),
        // SP only as SP plus or minus something.
        Alu::Add | Alu::Sub => d != 15 && n != 15 && (d != 13 || n == 13),
        _ => !bad(d) && !bad(n),
    })
}

pub(super) fn shifted_register(first: u16, second: u16) -> Decoded {
    let (code, flags, n) = (field(first, 5, 4), bit(first, 4), field(first, 0, 4));
    let (d, m) = (field(second, 8, 4), field(second, 0, 4));
    let amount = field(second, 12, 3) << 2 | field(second, 6, 2);
    let kind = field(second, 4, 2);
    if code == 6 {
        return pack(flags, second, d, n, m, amount);
    }
    let op = operation(code, flags, d, n)?;
    require(!bit(second, 15))?;
    let (shift, amount) = immediate_shift(kind, amount);
    if op == Alu::Mov && shift == Shift::Lsl && amount == 0 && !flags {
        require(d != 15 && m != 15 && !(d == 13 && m == 13))?;
    } else {
        require_operands(op, d, n)?;
        require(!bad(m))?;
    }
    if d == 13 && n == 13 {
        require(shift == Shift::Lsl && amount <= 3)?;
    }
    Ok(Op::DataRegister { op, flags, d, n, m, shift, amount })
}

/// PKHBT and PKHTB.
fn pack(flags: bool, second: u16, d: u8, n: u8, m: u8, amount: u8) -> Decoded {
    if flags || bit(second, 4) {
        return Err(Reject::Undefined);
    }
    require(!bit(second, 15) && !bad(d) && !bad(n) && !bad(m))?;
    let top = bit(second, 5);
    let amount = if top && amount == 0 { 32 } else { amount };
    Ok(Op::Pack { top, d, n, m, amount })
}

fn immediate12(first: u16, second: u16) -> u16 {
    (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
}

/// ThumbExpandImm_C: the value, and the carry if the expansion makes one.
fn expand(imm12: u16) -> Result<(u32, Option<bool>), Reject> {
    let octet = u32::from(imm12 & 0xFF);
    if imm12 >> 10 != 0 {
        let value = (octet | 0x80).rotate_right(u32::from(imm12 >> 7));
        return Ok((value, Some(value >> 31 == 1)));
    }
    let pattern = imm12 >> 8 & 3;
    require(pattern == 0 || octet != 0)?;
    let value = match pattern {
        0 => octet,
        1 => octet << 16 | octet,
        2 => octet << 24 | octet << 8,
        _ => octet * 0x0101_0101,
    };
    Ok((value, None))
}

pub(super) fn modified_immediate(first: u16, second: u16) -> Decoded {
    let (flags, n, d) = (bit(first, 4), field(first, 0, 4), field(second, 8, 4));
    let op = operation(field(first, 5, 4), flags, d, n)?;
    require_operands(op, d, n)?;
    let (imm, carry) = expand(immediate12(first, second))?;
    Ok(Op::DataImmediate { op, flags, d, n, carry, imm })
}

pub(super) fn plain_immediate(pc: u32, first: u16, second: u16) -> Decoded {
    let (n, d) = (field(first, 0, 4), field(second, 8, 4));
    let imm12 = immediate12(first, second);
    let lsb = field(second, 12, 3) << 2 | field(second, 6, 2);
    let code = field(first, 4, 5);
    match code {
        0 | 10 => Ok(add_or_subtract(pc, code == 10, d, n, u32::from(imm12))),
        4 | 12 => {
            let imm = u16::from(n) << 12 | imm12;
            require(!bad(d))?;
            Ok(if code == 12 { Op::Movt { d, imm } } else { moved(d, u32::from(imm)) })
        }
        16 | 18 | 24 | 26 => saturate(first, second, lsb),
        20 | 28 => {
            let width = field(second, 0, 5) + 1;
            require(!bit(first, 10) && !bit(second, 5) && !bad(d) && !bad(n))?;
            require(lsb + width <= 32)?;
            Ok(Op::Extract { signed: code == 20, d, n, lsb, width })
        }
        22 => {
            let msb = field(second, 0, 5);
            require(!bit(first, 10) && !bit(second, 5) && !bad(d) && n != 13 && msb >= lsb)?;
            let n = Some(n).filter(|n| *n != 15);
            Ok(Op::Insert { d, n, lsb, width: msb - lsb + 1 })
        }
        _ => Err(Reject::Undefined),
    }
    .and_then(|op| match op {
        Op::DataImmediate { op: Alu::Add | Alu::Sub, d, n, .. } => {
            require(d != 15 && (d != 13 || n == 13)).map(|()| op)
        }
        Op::DataImmediate { d, .. } => require(!bad(d)).map(|()| op),
        _ => Ok(op),
    })
}

const fn moved(d: u8, imm: u32) -> Op {
    Op::DataImmediate { op: Alu::Mov, flags: false, d, n: 15, carry: None, imm }
}

/// ADDW and SUBW; with the program counter ADR.
fn add_or_subtract(pc: u32, subtract: bool, d: u8, n: u8, imm: u32) -> Op {
    let base = pc & !3;
    if n == 15 {
        let address = if subtract { base.wrapping_sub(imm) } else { base.wrapping_add(imm) };
        return moved(d, address);
    }
    let op = if subtract { Alu::Sub } else { Alu::Add };
    Op::DataImmediate { op, flags: false, d, n, carry: None, imm }
}

/// SSAT, USAT and their halfword forms.
fn saturate(first: u16, second: u16, amount: u8) -> Decoded {
    let (d, n) = (field(second, 8, 4), field(first, 0, 4));
    let (signed, arithmetic) = (!bit(first, 7), bit(first, 5));
    require(!bit(first, 10) && !bit(second, 5) && !bad(d) && !bad(n))?;
    if arithmetic && amount == 0 {
        require(!bit(second, 4))?;
        let to = field(second, 0, 4) + u8::from(signed);
        return Ok(Op::Saturate16 { signed, d, n, to });
    }
    let to = field(second, 0, 5) + u8::from(signed);
    let shift = if arithmetic { Shift::Asr } else { Shift::Lsl };
    Ok(Op::Saturate { signed, d, n, to, shift, amount })
}
