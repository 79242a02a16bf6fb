//! A5.3.5–A5.3.10: loads and stores.

use super::encoding::{Block, Decoded, Reject, bad, bit, branches, field, require};
use super::kinds::{Hint, Index, Size};
use super::op::Op;

/// LDM, STM, PUSH, POP.
pub(super) fn multiple(first: u16, list: u16, block: Block) -> Decoded {
    let (n, writeback) = (field(first, 0, 4), bit(first, 5));
    let before = match field(first, 7, 2) {
        1 => false,
        2 => true,
        _ => return Err(Reject::Undefined),
    };
    require(n != 15 && list.count_ones() >= 2 && !bit(list, 13))?;
    require(!(writeback && list >> n & 1 == 1))?;
    if bit(first, 4) {
        require(list >> 14 != 3)?;
        if bit(list, 15) {
            branches(block)?;
        }
        return Ok(Op::LoadMultiple { n, before, writeback, list });
    }
    require(!bit(list, 15))?;
    Ok(Op::StoreMultiple { n, before, writeback, list })
}

pub(super) fn dual_or_exclusive(first: u16, second: u16, block: Block) -> Decoded {
    let (pre, writeback) = (bit(first, 8), bit(first, 5));
    if !pre && !writeback {
        return exclusive(first, second, block);
    }
    let (t, t2, n) = (field(second, 12, 4), field(second, 8, 4), field(first, 0, 4));
    let magnitude = i16::from(field(second, 0, 8)) << 2;
    let offset = if bit(first, 7) { magnitude } else { -magnitude };
    require(!bad(t) && !bad(t2) && !(writeback && (n == t || n == t2)))?;
    let index = indexed(pre, writeback);
    if bit(first, 4) {
        require(t != t2 && !(n == 15 && writeback))?;
        return Ok(Op::LoadDual { t, t2, n: Some(n).filter(|n| *n != 15), index, offset });
    }
    require(n != 15)?;
    Ok(Op::StoreDual { t, t2, n, index, offset })
}

const fn indexed(pre: bool, writeback: bool) -> Index {
    match (pre, writeback) {
        (true, false) => Index::Offset,
        (true, true) => Index::Pre,
        (false, _) => Index::Post,
    }
}

fn exclusive(first: u16, second: u16, block: Block) -> Decoded {
    let (n, t, d) = (field(first, 0, 4), field(second, 12, 4), field(second, 8, 4));
    let load = bit(first, 4);
    if !bit(first, 7) {
        let offset = u16::from(field(second, 0, 8)) << 2;
        require(n != 15 && !bad(t))?;
        if load {
            require(d == 15)?;
            return Ok(Op::LoadExclusive { size: Size::Word, t, n, offset });
        }
        require(!bad(d) && d != n && d != t)?;
        return Ok(Op::StoreExclusive { size: Size::Word, d, t, n, offset });
    }
    let (kind, m) = (field(second, 4, 4), field(second, 0, 4));
    if let (true, 0 | 1) = (load, kind) {
        require(t == 15 && d == 0 && n != 13 && !bad(m))?;
        branches(block)?;
        return Ok(Op::TableBranch { half: kind == 1, n, m });
    }
    let size = match kind {
        4 => Size::Byte,
        5 => Size::Half,
        _ => return Err(Reject::Undefined),
    };
    require(n != 15 && !bad(t))?;
    if load {
        require(d == 15 && m == 15)?;
        return Ok(Op::LoadExclusive { size, t, n, offset: 0 });
    }
    require(d == 15 && !bad(m) && m != n && m != t)?;
    Ok(Op::StoreExclusive { size, d: m, t, n, offset: 0 })
}

/// How the second halfword says where; the unprivileged forms behave like plain ones, except that
/// they allow fewer registers.
enum Place {
    Immediate { index: Index, offset: i16, unprivileged: bool },
    Register { m: u8, amount: u8 },
}

fn place(wide_offset: bool, second: u16) -> Result<Place, Reject> {
    if wide_offset {
        let offset = (second & 0xFFF).cast_signed();
        return Ok(Place::Immediate { index: Index::Offset, offset, unprivileged: false });
    }
    if !bit(second, 11) {
        if field(second, 6, 5) != 0 {
            return Err(Reject::Undefined);
        }
        return Ok(Place::Register { m: field(second, 0, 4), amount: field(second, 4, 2) });
    }
    let (pre, up, writeback) = (bit(second, 10), bit(second, 9), bit(second, 8));
    if !pre && !writeback {
        return Err(Reject::Undefined);
    }
    let magnitude = i16::from(field(second, 0, 8));
    let offset = if up { magnitude } else { -magnitude };
    let unprivileged = pre && up && !writeback;
    Ok(Place::Immediate { index: indexed(pre, writeback), offset, unprivileged })
}

pub(super) fn store(first: u16, second: u16) -> Decoded {
    let (n, t) = (field(first, 0, 4), field(second, 12, 4));
    let size = match field(first, 5, 2) {
        0 => Size::Byte,
        1 => Size::Half,
        2 => Size::Word,
        _ => return Err(Reject::Undefined),
    };
    let place = place(bit(first, 7), second)?;
    if n == 15 {
        return Err(Reject::Undefined);
    }
    require(t != 15 && (t != 13 || size == Size::Word))?;
    match place {
        Place::Immediate { index, offset, unprivileged } => {
            require(index == Index::Offset || n != t)?;
            require(!unprivileged || t != 13)?;
            Ok(Op::Store { size, t, n, index, offset })
        }
        Place::Register { m, amount } => {
            require(!bad(m))?;
            Ok(Op::StoreRegister { size, t, n, m, amount })
        }
    }
}

pub(super) fn load(pc: u32, first: u16, second: u16, block: Block) -> Decoded {
    let (n, t) = (field(first, 0, 4), field(second, 12, 4));
    let size = match (bit(first, 8), field(first, 5, 2)) {
        (false, 0) => Size::Byte,
        (false, 1) => Size::Half,
        (false, 2) => Size::Word,
        (true, 0) => Size::SignedByte,
        (true, 1) => Size::SignedHalf,
        _ => return Err(Reject::Undefined),
    };
    let word = size == Size::Word;
    if n == 15 {
        let offset = u32::from(second & 0xFFF);
        let base = pc & !3;
        let address =
            if bit(first, 7) { base.wrapping_add(offset) } else { base.wrapping_sub(offset) };
        if t == 15 && !word {
            return Ok(Op::Hint(Hint::Nop));
        }
        require(word || t != 13)?;
        if t == 15 {
            branches(block)?;
        }
        return Ok(Op::LoadLiteral { size, t, address });
    }
    let place = place(bit(first, 7), second)?;
    if t == 15 && word {
        branches(block)?;
    }
    match place {
        Place::Immediate { index: Index::Offset, unprivileged: false, .. } if t == 15 && !word => {
            // PLD, PLI and hints not allocated.
            Ok(Op::Hint(Hint::Nop))
        }
        Place::Immediate { index, offset, unprivileged } => {
            require(index == Index::Offset || n != t)?;
            require(if word && !unprivileged { true } else { !bad(t) })?;
            Ok(Op::Load { size, t, n, index, offset })
        }
        Place::Register { m, amount } => {
            require(!bad(m) && (word || t != 13))?;
            if t == 15 && !word {
                return Ok(Op::Hint(Hint::Nop));
            }
            Ok(Op::LoadRegister { size, t, n, m, amount })
        }
    }
}
