//! Sums, products, quotients, roots, comparisons.

use super::round::{Rounding, SINGLE, round};
use super::{DZC, INFINITY, IOC, Number, NumberKind, invalid, process_nans, signed, unpack};

fn rounded(negative: bool, mantissa: u128, exponent: i32, fpscr: &mut u32) -> u32 {
    let rounding = Rounding::of(*fpscr);
    round(SINGLE, negative, mantissa, exponent, rounding, fpscr)
}

/// Zero that is the sum of opposite numbers.
fn cancelled(fpscr: u32) -> u32 {
    signed(Rounding::of(fpscr) == Rounding::Down, 0)
}

/// A finite value with a mantissa of up to 48 bits.
#[derive(Clone, Copy)]
struct Term {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// The rounded sum of two values that are not zero.
fn sum(a: Term, b: Term, fpscr: &mut u32) -> u32 {
    // Bits by which the term with the larger exponent is moved up at most; the other's bits below
    // that only matter as one.
    const ROOM: i32 = 72;
    let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let distance = high.exponent - low.exponent;
    let up = distance.min(ROOM);
    let down = (distance - up).min(100);
    let low_mantissa = i128::from(low.mantissa);
    let sticky = i128::from(low_mantissa & ((1 << down) - 1) != 0);
    let low_mantissa = low_mantissa >> down | sticky;
    let high_mantissa = i128::from(high.mantissa) << up;
    let with_sign = |negative, mantissa: i128| if negative { -mantissa } else { mantissa };
    let total = with_sign(high.negative, high_mantissa) + with_sign(low.negative, low_mantissa);
    if total == 0 {
        return cancelled(*fpscr);
    }
    rounded(total < 0, total.unsigned_abs(), high.exponent - up, fpscr)
}

/// FPAdd: `a + b` in single precision, rounded as FPSCR says.
pub(crate) fn add(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    add_or_subtract(a, b, false, fpscr)
}

/// FPSub: unlike the sum with the negated, it keeps the sign of a NaN.
pub(crate) fn sub(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    add_or_subtract(a, b, true, fpscr)
}

fn add_or_subtract(a: u32, b: u32, subtract: bool, fpscr: &mut u32) -> u32 {
    let (x, y) = (unpack(a, fpscr), unpack(b, fpscr));
    if let Some(nan) = process_nans(&[(a, x), (b, y)], fpscr) {
        return nan;
    }
    let y = Number { negative: y.negative != subtract, ..y };
    match (x.kind, y.kind) {
        (NumberKind::Infinite, NumberKind::Infinite) if x.negative != y.negative => invalid(fpscr),
        (NumberKind::Infinite, _) => signed(x.negative, INFINITY),
        (_, NumberKind::Infinite) => signed(y.negative, INFINITY),
        (NumberKind::Zero, NumberKind::Zero) if x.negative == y.negative => signed(x.negative, 0),
        (NumberKind::Zero, NumberKind::Zero) => cancelled(*fpscr),
        _ => match (term(x), term(y)) {
            (Some(x), Some(y)) => sum(x, y, fpscr),
            (Some(only), None) | (None, Some(only)) => {
                rounded(only.negative, only.mantissa.into(), only.exponent, fpscr)
            }
            (None, None) => 0,
        },
    }
}

fn term(number: Number) -> Option<Term> {
    match number.kind {
        NumberKind::Finite { mantissa, exponent } => {
            Some(Term { negative: number.negative, mantissa: mantissa.into(), exponent })
        }
        _ => None,
    }
}

/// FPMul: `a × b` in single precision, rounded as FPSCR says.
pub(crate) fn mul(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let (x, y) = (unpack(a, fpscr), unpack(b, fpscr));
    if let Some(nan) = process_nans(&[(a, x), (b, y)], fpscr) {
        return nan;
    }
    let negative = x.negative != y.negative;
    match (x.kind, y.kind) {
        (NumberKind::Infinite, NumberKind::Zero) | (NumberKind::Zero, NumberKind::Infinite) => {
            invalid(fpscr)
        }
        (NumberKind::Infinite, _) | (_, NumberKind::Infinite) => signed(negative, INFINITY),
        _ => match product(x, y) {
            Some(product) => rounded(negative, product.mantissa.into(), product.exponent, fpscr),
            None => signed(negative, 0),
        },
    }
}

/// The exact product of two finite values; `None` for zero.
fn product(x: Number, y: Number) -> Option<Term> {
    let (x, y) = (term(x)?, term(y)?);
    Some(Term {
        negative: x.negative != y.negative,
        mantissa: x.mantissa * y.mantissa,
        exponent: x.exponent + y.exponent,
    })
}

/// FPMulAdd: `addend + a · b`, rounded once.
pub(crate) fn fused(addend: u32, a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let (z, x, y) = (unpack(addend, fpscr), unpack(a, fpscr), unpack(b, fpscr));
    let infinite = x.kind == NumberKind::Infinite || y.kind == NumberKind::Infinite;
    let zero = x.kind == NumberKind::Zero || y.kind == NumberKind::Zero;
    let undefined = infinite && zero;
    if z.kind == NumberKind::Quiet && undefined {
        return invalid(fpscr);
    }
    if let Some(nan) = process_nans(&[(addend, z), (a, x), (b, y)], fpscr) {
        return nan;
    }
    let negative = x.negative != y.negative;
    if undefined || infinite && z.kind == NumberKind::Infinite && z.negative != negative {
        return invalid(fpscr);
    }
    if z.kind == NumberKind::Infinite {
        return signed(z.negative, INFINITY);
    }
    if infinite {
        return signed(negative, INFINITY);
    }
    match (term(z), product(x, y)) {
        (Some(z), Some(product)) => sum(z, product, fpscr),
        (Some(only), None) | (None, Some(only)) => {
            rounded(only.negative, only.mantissa.into(), only.exponent, fpscr)
        }
        (None, None) if z.negative == negative => signed(negative, 0),
        (None, None) => cancelled(*fpscr),
    }
}

/// FPDiv: `a ÷ b` in single precision, rounded as FPSCR says.
pub(crate) fn div(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    const MORE: i32 = 40;
    let (x, y) = (unpack(a, fpscr), unpack(b, fpscr));
    if let Some(nan) = process_nans(&[(a, x), (b, y)], fpscr) {
        return nan;
    }
    let negative = x.negative != y.negative;
    match (x.kind, y.kind) {
        (NumberKind::Infinite, NumberKind::Infinite) | (NumberKind::Zero, NumberKind::Zero) => {
            invalid(fpscr)
        }
        (NumberKind::Infinite, _) => signed(negative, INFINITY),
        (_, NumberKind::Infinite) | (NumberKind::Zero, _) => signed(negative, 0),
        (_, NumberKind::Zero) => {
            *fpscr |= DZC;
            signed(negative, INFINITY)
        }
        _ => {
            let (Some(x), Some(y)) = (term(x), term(y)) else { return 0 };
            // A subnormal divisor has few bits; then the quotient has the more.
            let dividend = u128::from(x.mantissa) << (MORE + 24);
            let divisor = u128::from(y.mantissa);
            let sticky = u128::from(!dividend.is_multiple_of(divisor));
            let exponent = x.exponent - y.exponent - MORE - 24;
            rounded(negative, (dividend / divisor) | sticky, exponent, fpscr)
        }
    }
}

/// FPSqrt: the square root of `a` in single precision, rounded as FPSCR says.
pub(crate) fn sqrt(a: u32, fpscr: &mut u32) -> u32 {
    let x = unpack(a, fpscr);
    if let Some(nan) = process_nans(&[(a, x)], fpscr) {
        return nan;
    }
    match x.kind {
        NumberKind::Zero => signed(x.negative, 0),
        _ if x.negative => invalid(fpscr),
        NumberKind::Infinite => INFINITY,
        _ => {
            let Some(x) = term(x) else { return 0 };
            // An even exponent, and far more bits than are kept.
            let up = 80 + (x.exponent & 1);
            let square = u128::from(x.mantissa) << up;
            let root = square.isqrt();
            let sticky = u128::from(root * root != square);
            rounded(false, root | sticky, (x.exponent - up) / 2, fpscr)
        }
    }
}

/// FPCompare: NZCV in bits 31–28.
pub(crate) fn compare(a: u32, b: u32, all_nans: bool, fpscr: &mut u32) -> u32 {
    const LESS: u32 = 8 << 28;
    const EQUAL: u32 = 6 << 28;
    const GREATER: u32 = 2 << 28;
    const UNORDERED: u32 = 3 << 28;
    let (x, y) = (unpack(a, fpscr), unpack(b, fpscr));
    if x.is_nan() || y.is_nan() {
        if all_nans || x.kind == NumberKind::Signalling || y.kind == NumberKind::Signalling {
            *fpscr |= IOC;
        }
        return UNORDERED;
    }
    let ordered = |number: Number, bits: u32| {
        let magnitude = if number.kind == NumberKind::Zero { 0 } else { bits & 0x7FFF_FFFF };
        if number.negative { -magnitude.cast_signed() } else { magnitude.cast_signed() }
    };
    match ordered(x, a).cmp(&ordered(y, b)) {
        std::cmp::Ordering::Less => LESS,
        std::cmp::Ordering::Equal => EQUAL,
        std::cmp::Ordering::Greater => GREATER,
    }
}
