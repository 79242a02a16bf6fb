//! Single-precision arithmetic of FPv4-SP in integers: bit for bit as the manual's pseudocode
//! (DDI 0403 A2.5) on every host, with all rounding modes, flush to zero, default NaN and the
//! cumulative flags.

mod arithmetic;
mod convert;
mod round;

#[cfg(test)]
mod tests;

pub(crate) use arithmetic::{add, compare, div, fused, mul, sqrt, sub};
pub(crate) use convert::{from_fixed, from_half, to_fixed, to_half};
pub(crate) use round::Rounding;

/// FPSCR: alternative half precision.
pub(crate) const AHP: u32 = 1 << 26;
/// FPSCR: default NaN.
pub(crate) const DN: u32 = 1 << 25;
/// FPSCR: flush to zero.
pub(crate) const FZ: u32 = 1 << 24;
/// FPSCR, cumulative: an input was flushed to zero.
pub(crate) const IDC: u32 = 1 << 7;
/// FPSCR, cumulative: inexact.
pub(crate) const IXC: u32 = 1 << 4;
/// FPSCR, cumulative: underflow.
pub(crate) const UFC: u32 = 1 << 3;
/// FPSCR, cumulative: overflow.
pub(crate) const OFC: u32 = 1 << 2;
/// FPSCR, cumulative: division by zero.
pub(crate) const DZC: u32 = 1 << 1;
/// FPSCR, cumulative: invalid operation.
pub(crate) const IOC: u32 = 1 << 0;

const SIGN: u32 = 1 << 31;
const INFINITY: u32 = 0x7F80_0000;
const DEFAULT_NAN: u32 = 0x7FC0_0000;
const QUIET: u32 = 1 << 22;

/// The value's bits with the sign turned.
pub(crate) const fn negate(bits: u32) -> u32 {
    bits ^ SIGN
}

/// A number taken apart; what is finite is `mantissa · 2^exponent`.
#[derive(Clone, Copy, Debug)]
struct Number {
    negative: bool,
    kind: NumberKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NumberKind {
    Zero,
    Finite { mantissa: u32, exponent: i32 },
    Infinite,
    Quiet,
    Signalling,
}

impl Number {
    fn is_nan(self) -> bool {
        matches!(self.kind, NumberKind::Quiet | NumberKind::Signalling)
    }
}

/// FPUnpack for single precision.
fn unpack(bits: u32, fpscr: &mut u32) -> Number {
    let negative = bits & SIGN != 0;
    let (biased, fraction) = ((bits >> 23 & 0xFF).cast_signed(), bits & 0x7F_FFFF);
    let kind = match (biased, fraction) {
        (0, 0) => NumberKind::Zero,
        (0, _) if *fpscr & FZ != 0 => {
            *fpscr |= IDC;
            NumberKind::Zero
        }
        (0, _) => NumberKind::Finite { mantissa: fraction, exponent: -149 },
        (255, 0) => NumberKind::Infinite,
        (255, _) if fraction & QUIET != 0 => NumberKind::Quiet,
        (255, _) => NumberKind::Signalling,
        _ => NumberKind::Finite { mantissa: fraction | 1 << 23, exponent: biased - 150 },
    };
    Number { negative, kind }
}

/// The first NaN among operands, signalling ones before quiet ones, as a result (FPProcessNaNs).
fn process_nans(operands: &[(u32, Number)], fpscr: &mut u32) -> Option<u32> {
    let find = |kind| operands.iter().find(|(_, number)| number.kind == kind);
    let (bits, number) = find(NumberKind::Signalling).or_else(|| find(NumberKind::Quiet))?;
    if number.kind == NumberKind::Signalling {
        *fpscr |= IOC;
    }
    Some(if *fpscr & DN != 0 { DEFAULT_NAN } else { bits | QUIET })
}

fn invalid(fpscr: &mut u32) -> u32 {
    *fpscr |= IOC;
    DEFAULT_NAN
}

const fn signed(negative: bool, magnitude: u32) -> u32 {
    if negative { magnitude | SIGN } else { magnitude }
}
