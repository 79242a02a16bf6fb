//! Saturation, extension, lanes.

use super::Cpu;
use super::alu::shift;
use crate::decode::{Extend, Lanes, Parallel, Reg, Saturating, Shift, Unary};

/// The nearest value of `bits` bits, and whether it is another.
fn saturate(value: i64, signed: bool, bits: u8) -> (u32, bool) {
    let (lowest, highest) = if signed {
        (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
    } else {
        (0, (1_i64 << bits) - 1)
    };
    let nearest = value.clamp(lowest, highest);
    (nearest as u32, nearest != value)
}

fn half(value: u32, top: bool) -> u16 {
    (if top { value >> 16 } else { value }) as u16
}

/// One lane of `bits` bits: the result, and whether its GE bits are set.
fn lane(lanes: Lanes, subtract: bool, a: u16, b: u16, bits: u8) -> (u32, bool) {
    let signed = matches!(lanes, Lanes::Signed | Lanes::SignedSaturating | Lanes::SignedHalving);
    let up = 32 - u32::from(bits);
    let extend = |value: u16| {
        let high = u32::from(value) << up;
        if signed { i64::from(high.cast_signed() >> up) } else { i64::from(high >> up) }
    };
    let result = if subtract { extend(a) - extend(b) } else { extend(a) + extend(b) };
    let mask = u32::MAX >> up;
    match lanes {
        Lanes::Signed => (result as u32 & mask, result >= 0),
        Lanes::Unsigned if subtract => (result as u32 & mask, result >= 0),
        Lanes::Unsigned => (result as u32 & mask, result > i64::from(mask)),
        Lanes::SignedHalving | Lanes::UnsignedHalving => ((result >> 1) as u32 & mask, false),
        Lanes::SignedSaturating | Lanes::UnsignedSaturating => {
            (saturate(result, signed, bits).0 & mask, false)
        }
    }
}

fn parallel(lanes: Lanes, op: Parallel, a: u32, b: u32) -> (u32, u8) {
    if let Parallel::Add8 | Parallel::Sub8 = op {
        return (0..4).fold((0, 0), |(result, ge), n| {
            let octet = |value: u32| (value >> (8 * n) & 0xFF) as u16;
            let (value, set) = lane(lanes, op == Parallel::Sub8, octet(a), octet(b), 8);
            (result | value << (8 * n), ge | u8::from(set) << n)
        });
    }
    let exchange = matches!(op, Parallel::Asx | Parallel::Sax);
    let subtract_low = matches!(op, Parallel::Asx | Parallel::Sub16);
    let subtract_high = matches!(op, Parallel::Sax | Parallel::Sub16);
    let (low, low_set) = lane(lanes, subtract_low, half(a, false), half(b, exchange), 16);
    let (high, high_set) = lane(lanes, subtract_high, half(a, true), half(b, !exchange), 16);
    (high << 16 | low, (u8::from(high_set) * 12) | (u8::from(low_set) * 3))
}

impl<B> Cpu<B> {
    pub(super) fn parallel(&mut self, lanes: Lanes, op: Parallel, (d, n, m): (Reg, Reg, Reg)) {
        let (result, ge) = parallel(lanes, op, self.get(n), self.get(m));
        if let Lanes::Signed | Lanes::Unsigned = lanes {
            self.flags.lanes = ge;
        }
        self.set(d, result);
    }

    pub(super) fn select(&mut self, (d, n, m): (Reg, Reg, Reg)) {
        let lanes = self.flags.lanes;
        let mask = (0..4).fold(0, |mask, n| mask | (u32::from(lanes >> n & 1) * 0xFF) << (8 * n));
        self.set(d, self.get(n) & mask | self.get(m) & !mask);
    }

    pub(super) fn saturating(&mut self, op: Saturating, (d, n, m): (Reg, Reg, Reg)) {
        let signed = |register| i64::from(self.get(register).cast_signed());
        let (n, m) = (signed(n), signed(m));
        let (doubled, twice) = match op {
            Saturating::Qdadd | Saturating::Qdsub => saturate(2 * n, true, 32),
            Saturating::Qadd | Saturating::Qsub => saturate(n, true, 32),
        };
        let doubled = i64::from(doubled.cast_signed());
        let exact = match op {
            Saturating::Qadd | Saturating::Qdadd => m + doubled,
            Saturating::Qsub | Saturating::Qdsub => m - doubled,
        };
        let (result, once) = saturate(exact, true, 32);
        self.flags.saturated |= once | twice;
        self.set(d, result);
    }

    pub(super) fn saturate(&mut self, signed: bool, (d, n): (Reg, Reg), to: u8, by: (Shift, u8)) {
        let (value, _) = shift(self.get(n), by.0, by.1.into(), false);
        let (result, saturated) = saturate(value.cast_signed().into(), signed, to);
        self.flags.saturated |= saturated;
        self.set(d, result);
    }

    pub(super) fn saturate16(&mut self, signed: bool, d: Reg, n: Reg, to: u8) {
        let value = self.get(n);
        let one = |top| saturate(half(value, top).cast_signed().into(), signed, to);
        let ((low, below), (high, above)) = (one(false), one(true));
        self.flags.saturated |= below | above;
        self.set(d, high << 16 | low & 0xFFFF);
    }

    pub(super) fn extend(&mut self, kind: Extend, d: Reg, n: Option<Reg>, m: Reg, rotate: u8) {
        let value = self.get(m).rotate_right(rotate.into());
        let base = n.map_or(0, |n| self.get(n));
        let low = value.to_le_bytes();
        let halves = |low: u16, high: u16| {
            let low = (base as u16).wrapping_add(low);
            let high = half(base, true).wrapping_add(high);
            u32::from(high) << 16 | u32::from(low)
        };
        let signed = |octet: u8| i16::from(octet.cast_signed()).cast_unsigned();
        let result = match kind {
            Extend::SignedBytes => halves(signed(low[0]), signed(low[2])),
            Extend::UnsignedBytes => halves(low[0].into(), low[2].into()),
            Extend::SignedHalf => base.wrapping_add_signed((value as i16).into()),
            Extend::UnsignedHalf => base.wrapping_add(value & 0xFFFF),
            Extend::SignedByte => base.wrapping_add_signed((value as i8).into()),
            Extend::UnsignedByte => base.wrapping_add(value & 0xFF),
        };
        self.set(d, result);
    }

    pub(super) fn unary(&mut self, op: Unary, d: Reg, m: Reg) {
        let value = self.get(m);
        let result = match op {
            Unary::Clz => value.leading_zeros(),
            Unary::Rbit => value.reverse_bits(),
            Unary::Rev => value.swap_bytes(),
            Unary::Rev16 => value.swap_bytes().rotate_left(16),
            Unary::Revsh => i32::from((value as u16).swap_bytes().cast_signed()).cast_unsigned(),
        };
        self.set(d, result);
    }

    pub(super) fn pack(&mut self, top: bool, (d, n, m): (Reg, Reg, Reg), amount: u8) {
        let kind = if top { Shift::Asr } else { Shift::Lsl };
        let (shifted, _) = shift(self.get(m), kind, amount.into(), false);
        let base = self.get(n);
        let (high, low) = if top { (base, shifted) } else { (shifted, base) };
        self.set(d, high & 0xFFFF_0000 | low & 0xFFFF);
    }

    pub(super) fn sum_of_differences(&mut self, (d, n, m): (Reg, Reg, Reg), a: Option<Reg>) {
        let (x, y) = (self.get(n).to_le_bytes(), self.get(m).to_le_bytes());
        let sum: u32 = x.iter().zip(y).map(|(x, y)| u32::from(x.abs_diff(y))).sum();
        self.set(d, a.map_or(0, |a| self.get(a)).wrapping_add(sum));
    }
}
