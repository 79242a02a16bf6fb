//! Between single precision and fixed point, integers, half precision.

use super::round::{HALF, Rounding, SINGLE, cut, round};
use super::{AHP, DEFAULT_NAN, DN, IOC, IXC, NumberKind, QUIET, signed, unpack};

/// FixedToFP: `value · 2^-fraction`.
pub(crate) fn from_fixed(value: i64, fraction: u8, rounding: Rounding, fpscr: &mut u32) -> u32 {
    if value == 0 {
        return 0;
    }
    let magnitude = value.unsigned_abs().into();
    round(SINGLE, value < 0, magnitude, -i32::from(fraction), rounding, fpscr)
}

/// FPToFixed: `bits · 2^fraction` as an integer of `width` bits, saturated.
pub(crate) fn to_fixed(
    bits: u32,
    fraction: u8,
    width: u8,
    is_signed: bool,
    rounding: Rounding,
    fpscr: &mut u32,
) -> u32 {
    let number = unpack(bits, fpscr);
    let (lowest, highest) = if is_signed {
        (-(1_i64 << (width - 1)), (1_i64 << (width - 1)) - 1)
    } else {
        (0, (1_i64 << width) - 1)
    };
    let beyond = if number.negative { lowest } else { highest };
    let (value, lost) = match number.kind {
        NumberKind::Zero => (0, false),
        NumberKind::Quiet | NumberKind::Signalling => {
            *fpscr |= IOC;
            return 0;
        }
        NumberKind::Infinite => {
            *fpscr |= IOC;
            return beyond as u32;
        }
        NumberKind::Finite { mantissa, exponent } => {
            let exponent = exponent + i32::from(fraction);
            if exponent > 40 {
                *fpscr |= IOC;
                return beyond as u32;
            }
            let (kept, lost, half) = cut(mantissa.into(), -exponent);
            let grows = rounding.grows(number.negative, kept & 1 == 1, lost, half);
            let magnitude = kept as i128 + i128::from(grows);
            (if number.negative { -magnitude } else { magnitude }, lost != 0)
        }
    };
    if value < lowest.into() || value > highest.into() {
        *fpscr |= IOC;
        return beyond as u32;
    }
    if lost {
        *fpscr |= IXC;
    }
    value as u32
}

/// FPHalfToSingle: exact; AHP in FPSCR chooses the format of the half.
pub(crate) fn from_half(half: u16, fpscr: &mut u32) -> u32 {
    let half = u32::from(half);
    let negative = half >> 15 == 1;
    let (biased, fraction) = (half >> 10 & 0x1F, half & 0x3FF);
    match (biased, fraction) {
        (0, 0) => signed(negative, 0),
        (0, _) => {
            // Subnormal there, normal here.
            let up = fraction.leading_zeros() - 21;
            let fraction = fraction << up & 0x3FF;
            signed(negative, (113 - up) << 23 | fraction << 13)
        }
        (31, 0) if *fpscr & AHP == 0 => signed(negative, 0xFF << 23),
        (31, _) if *fpscr & AHP == 0 => {
            if fraction & 0x200 == 0 {
                *fpscr |= IOC;
            }
            if *fpscr & DN != 0 {
                return DEFAULT_NAN;
            }
            signed(negative, 0xFF << 23 | QUIET | fraction << 13)
        }
        _ => signed(negative, (biased + 112) << 23 | fraction << 13),
    }
}

/// FPSingleToHalf: rounded; AHP in FPSCR chooses the format of the half.
pub(crate) fn to_half(bits: u32, fpscr: &mut u32) -> u16 {
    let number = unpack(bits, fpscr);
    let sign = if number.negative { 0x8000 } else { 0 };
    let alternative = *fpscr & AHP != 0;
    match number.kind {
        NumberKind::Zero => sign,
        NumberKind::Infinite if alternative => {
            *fpscr |= IOC;
            sign | 0x7FFF
        }
        NumberKind::Infinite => sign | 0x7C00,
        NumberKind::Quiet | NumberKind::Signalling => {
            if alternative || number.kind == NumberKind::Signalling {
                *fpscr |= IOC;
            }
            if alternative {
                return sign;
            }
            if *fpscr & DN != 0 {
                return 0x7E00;
            }
            sign | 0x7E00 | (bits >> 13 & 0x1FF) as u16
        }
        NumberKind::Finite { mantissa, exponent } => {
            let rounding = Rounding::of(*fpscr);
            round(HALF, number.negative, mantissa.into(), exponent, rounding, fpscr) as u16
        }
    }
}
