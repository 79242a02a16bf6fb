//! Arithmetic and logic on core registers.

use super::{Cpu, flags::Flags};
use crate::decode::{Alu, Reg, Shift};

/// AddWithCarry: the sum, carry and overflow.
#[inline]
fn add_with_carry(a: u32, b: u32, carry: bool) -> (u32, bool, bool) {
    let (sum, over) = a.overflowing_add(b);
    let (sum, again) = sum.overflowing_add(u32::from(carry));
    (sum, over | again, (a ^ sum) & (b ^ sum) & 1 << 31 != 0)
}

/// Shift_C by up to 255 places.
#[inline]
pub(super) fn shift(value: u32, shift: Shift, amount: u32, carry: bool) -> (u32, bool) {
    if amount == 0 {
        return (value, carry);
    }
    let wide = u64::from(value);
    match shift {
        Shift::Lsl => {
            let shifted = wide.checked_shl(amount).unwrap_or(0);
            (shifted as u32, shifted >> 32 & 1 == 1)
        }
        Shift::Lsr => {
            let shifted = (wide << 1).checked_shr(amount).unwrap_or(0);
            ((shifted >> 1) as u32, shifted & 1 == 1)
        }
        Shift::Asr => {
            let signed = i64::from(value.cast_signed()) << 1;
            let shifted = signed >> amount.min(62);
            ((shifted >> 1) as u32, shifted & 1 == 1)
        }
        Shift::Ror => {
            let rotated = value.rotate_right(amount & 31);
            (rotated, rotated >> 31 == 1)
        }
        Shift::Rrx => (value >> 1 | u32::from(carry) << 31, value & 1 == 1),
    }
}

/// The operation, with the carry that shifting or expanding its second operand made. Flags change
/// only on demand.
#[inline(always)]
fn compute(op: Alu, a: u32, b: u32, carry: bool, set: bool, flags: &mut Flags) -> u32 {
    let arithmetic = match op {
        Alu::Add | Alu::Cmn => Some((a, b, false)),
        Alu::Adc => Some((a, b, flags.carry)),
        Alu::Sub | Alu::Cmp => Some((a, !b, true)),
        Alu::Sbc => Some((a, !b, flags.carry)),
        Alu::Rsb => Some((!a, b, true)),
        _ => None,
    };
    if let Some((a, b, carry_in)) = arithmetic {
        let (sum, carry, overflow) = add_with_carry(a, b, carry_in);
        if set {
            flags.set_result(sum);
            flags.carry = carry;
            flags.overflow = overflow;
        }
        return sum;
    }
    let result = match op {
        Alu::And | Alu::Tst => a & b,
        Alu::Bic => a & !b,
        Alu::Orr => a | b,
        Alu::Orn => a | !b,
        Alu::Eor | Alu::Teq => a ^ b,
        Alu::Mvn => !b,
        _ => b,
    };
    if set {
        flags.set_result(result);
        flags.carry = carry;
    }
    result
}

impl<B> Cpu<B> {
    /// One case per operation, so that each is compiled by itself.
    #[inline(always)]
    fn operate(&mut self, op: Alu, set: bool, d: Reg, a: u32, b: u32, carry: bool) {
        macro_rules! each {
            ($($name:ident),* ; $($compare:ident),*) => {
                match op {
                    $(Alu::$name => {
                        let result = compute(Alu::$name, a, b, carry, set, &mut self.flags);
                        self.set(d, result);
                    })*
                    $(Alu::$compare => {
                        compute(Alu::$compare, a, b, carry, true, &mut self.flags);
                    })*
                }
            };
        }
        each!(And, Bic, Orr, Orn, Eor, Mov, Mvn, Add, Adc, Sub, Sbc, Rsb; Tst, Teq, Cmp, Cmn);
    }

    #[inline(always)]
    pub(super) fn data_immediate(
        &mut self,
        op: Alu,
        set: bool,
        (d, n): (Reg, Reg),
        carry: Option<bool>,
        imm: u32,
    ) {
        let carry = carry.unwrap_or(self.flags.carry);
        self.operate(op, set, d, self.get(n), imm, carry);
    }

    #[inline(always)]
    pub(super) fn data_register(
        &mut self,
        op: Alu,
        set: bool,
        (d, n, m): (Reg, Reg, Reg),
        kind: Shift,
        amount: u8,
    ) {
        let (b, carry) = shift(self.get(m), kind, amount.into(), self.flags.carry);
        self.operate(op, set, d, self.get(n), b, carry);
    }

    /// The second operand is a register as it is.
    #[inline(always)]
    pub(super) fn with_register(&mut self, op: Alu, set: bool, (d, n, m): (Reg, Reg, Reg)) {
        self.operate(op, set, d, self.get(n), self.get(m), self.flags.carry);
    }

    #[inline(always)]
    pub(super) fn shift_register(&mut self, kind: Shift, set: bool, (d, n, m): (Reg, Reg, Reg)) {
        let (result, carry) = shift(self.get(n), kind, self.get(m) & 0xFF, self.flags.carry);
        if set {
            self.flags.set_result(result);
            self.flags.carry = carry;
        }
        self.set(d, result);
    }

    pub(super) fn insert(&mut self, d: Reg, n: Option<Reg>, lsb: u8, width: u8) {
        let mask = (u32::MAX >> (32 - u32::from(width))) << lsb;
        let bits = n.map_or(0, |n| self.get(n) << lsb);
        self.set(d, self.get(d) & !mask | bits & mask);
    }

    pub(super) fn extract(&mut self, signed: bool, d: Reg, n: Reg, lsb: u8, width: u8) {
        let up = self.get(n) << (32 - u32::from(lsb) - u32::from(width));
        let down = 32 - u32::from(width);
        let value = if signed { (up.cast_signed() >> down).cast_unsigned() } else { up >> down };
        self.set(d, value);
    }

    /// SDIV and UDIV, and the cycles beyond the first that they take: 2 to 12, fewer the fewer
    /// bits the quotient has.
    pub(super) fn divide(
        &mut self,
        signed: bool,
        d: Reg,
        n: Reg,
        m: Reg,
    ) -> Result<(), super::Raised> {
        let (a, b) = (self.get(n), self.get(m));
        if b == 0 {
            if self.system.traps_division() {
                return Err(self.fault(crate::exception::Fault::DivideByZero));
            }
            self.set(d, 0);
            self.cycles += 1;
            return Ok(());
        }
        let (dividend, divisor, quotient) = if signed {
            let (a, b) = (a.cast_signed(), b.cast_signed());
            (a.unsigned_abs(), b.unsigned_abs(), a.wrapping_div(b).cast_unsigned())
        } else {
            (a, b, a / b)
        };
        let bits = (divisor.leading_zeros() + 1).saturating_sub(dividend.leading_zeros());
        self.cycles += u64::from(1 + (10 * bits).div_ceil(32));
        self.set(d, quotient);
        Ok(())
    }
}
