//! A5.3.16, A5.3.17: multiplications and divisions.

use super::encoding::{Decoded, Reject, bad, bit, field, require};
use super::kinds::Long;
use super::op::Op;

pub(super) fn decode(first: u16, second: u16) -> Decoded {
    let (code, n) = (field(first, 4, 3), field(first, 0, 4));
    let (a, d, kind, m) =
        (field(second, 12, 4), field(second, 8, 4), field(second, 4, 2), field(second, 0, 4));
    if field(second, 6, 2) != 0 {
        return Err(Reject::Undefined);
    }
    let add = Some(a).filter(|a| *a != 15);
    let low = bit(second, 4);
    let op = match (code, kind) {
        (0, 0) if a == 15 => Op::Multiply { flags: false, d, n, m },
        (0, 0) => Op::MultiplyAdd { subtract: false, d, n, m, a },
        (0, 1) => {
            require(a != 15)?;
            Op::MultiplyAdd { subtract: true, d, n, m, a }
        }
        (1, _) => Op::MultiplyHalves { n_top: bit(second, 5), m_top: low, d, n, m, a: add },
        (2, 0 | 1) => Op::MultiplyDual { subtract: false, exchange: low, d, n, m, a: add },
        (3, 0 | 1) => Op::MultiplyWordHalf { m_top: low, d, n, m, a: add },
        (4, 0 | 1) => Op::MultiplyDual { subtract: true, exchange: low, d, n, m, a: add },
        (5, 0 | 1) => Op::MultiplyMost { subtract: false, round: low, d, n, m, a: add },
        (6, 0 | 1) => {
            require(a != 15)?;
            Op::MultiplyMost { subtract: true, round: low, d, n, m, a: add }
        }
        (7, 0) => Op::SumOfDifferences { d, n, m, a: add },
        _ => return Err(Reject::Undefined),
    };
    require(!bad(d) && !bad(n) && !bad(m) && a != 13)?;
    Ok(op)
}

pub(super) fn long(first: u16, second: u16) -> Decoded {
    let (code, n) = (field(first, 4, 3), field(first, 0, 4));
    let (lo, hi, kind, m) =
        (field(second, 12, 4), field(second, 8, 4), field(second, 4, 4), field(second, 0, 4));
    if let (1 | 3, 15) = (code, kind) {
        require(lo == 15 && !bad(hi) && !bad(n) && !bad(m))?;
        return Ok(Op::Divide { signed: code == 1, d: hi, n, m });
    }
    let exchange = bit(second, 4);
    let plain = |op| Op::MultiplyLong { op, lo, hi, n, m };
    let op = match (code, kind) {
        (0, 0) => plain(Long::Smull),
        (2, 0) => plain(Long::Umull),
        (4, 0) => plain(Long::Smlal),
        (6, 0) => plain(Long::Umlal),
        (6, 6) => plain(Long::Umaal),
        (4, 8..=11) => {
            Op::MultiplyLongHalves { n_top: bit(second, 5), m_top: exchange, lo, hi, n, m }
        }
        (4, 12 | 13) => Op::MultiplyLongDual { subtract: false, exchange, lo, hi, n, m },
        (5, 12 | 13) => Op::MultiplyLongDual { subtract: true, exchange, lo, hi, n, m },
        _ => return Err(Reject::Undefined),
    };
    require(!bad(lo) && !bad(hi) && !bad(n) && !bad(m) && lo != hi)?;
    Ok(op)
}
