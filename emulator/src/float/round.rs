//! FPRound: an exact value to the nearest of a format.

use super::{AHP, FZ, IOC, IXC, OFC, UFC};

/// FPSCR.RMode: to which side an inexact result is rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rounding {
    Nearest,
    Up,
    Down,
    Zero,
}

impl Rounding {
    pub(crate) const fn of(fpscr: u32) -> Self {
        match fpscr >> 22 & 3 {
            0 => Self::Nearest,
            1 => Self::Up,
            2 => Self::Down,
            _ => Self::Zero,
        }
    }

    /// Whether a magnitude grows, given what was cut off in relation to half of the last place.
    pub(super) fn grows(self, negative: bool, odd: bool, cut: u128, half: u128) -> bool {
        match self {
            Self::Nearest => cut > half || cut == half && cut != 0 && odd,
            Self::Up => cut != 0 && !negative,
            Self::Down => cut != 0 && negative,
            Self::Zero => false,
        }
    }
}

/// A format of numbers.
#[derive(Clone, Copy)]
pub(super) struct Format {
    fraction: i32,
    exponent: u32,
}

pub(super) const SINGLE: Format = Format { fraction: 23, exponent: 8 };
pub(super) const HALF: Format = Format { fraction: 10, exponent: 5 };

/// Splits off the last `count` bits: what stays, what is cut off, and half of the last place.
pub(super) fn cut(mantissa: u128, count: i32) -> (u128, u128, u128) {
    match count {
        ..=0 => (mantissa << -count, 0, 0),
        1..=127 => {
            let half = 1 << (count - 1);
            (mantissa >> count, mantissa & ((half << 1) - 1), half)
        }
        // Less than half.
        _ => (0, mantissa, u128::MAX),
    }
}

/// Rounds `mantissa · 2^exponent`, not zero; the lowest bit of the mantissa may stand for
/// anything below it if the mantissa is far wider than the format.
pub(super) fn round(
    format: Format,
    negative: bool,
    mantissa: u128,
    exponent: i32,
    rounding: Rounding,
    fpscr: &mut u32,
) -> u32 {
    let bias = (1 << (format.exponent - 1)) - 1;
    let lowest = 1 - bias;
    let sign = u32::from(negative) << (format.exponent.cast_signed() + format.fraction);
    let leading = exponent + 127 - mantissa.leading_zeros().cast_signed();
    let tiny = leading < lowest;
    let single = format.exponent == 8;
    if tiny && single && *fpscr & FZ != 0 {
        *fpscr |= UFC;
        return sign;
    }
    let mut last = leading.max(lowest) - format.fraction;
    let (mut kept, lost, half) = cut(mantissa, last - exponent);
    if tiny && lost != 0 {
        *fpscr |= UFC;
    }
    if rounding.grows(negative, kept & 1 == 1, lost, half) {
        kept += 1;
        if kept >> (format.fraction + 1) != 0 {
            kept >>= 1;
            last += 1;
        }
    }
    let normal = kept >> format.fraction != 0;
    let biased = if normal { last + format.fraction + bias } else { 0 };
    let alternative = !single && *fpscr & AHP != 0;
    let limit = (1 << format.exponent) - i32::from(!alternative);
    if biased >= limit {
        let largest =
            ((limit.cast_unsigned() - 1) << format.fraction) | ((1 << format.fraction) - 1);
        if alternative {
            *fpscr |= IOC;
            return sign | largest;
        }
        *fpscr |= OFC | IXC;
        let to_infinity = rounding.grows(negative, true, 2, 1);
        return sign | if to_infinity { largest + 1 } else { largest };
    }
    if lost != 0 {
        *fpscr |= IXC;
    }
    let fraction = (kept as u32) & ((1 << format.fraction) - 1);
    sign | biased.cast_unsigned() << format.fraction | fraction
}
