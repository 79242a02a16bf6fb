//! Multiplications.

use super::Cpu;
use crate::decode::{Long, Reg};

fn half(value: u32, top: bool) -> i64 {
    i64::from((if top { value >> 16 } else { value }) as i16)
}

/// Sum or difference of the products of halves.
fn dual(a: u32, b: u32, subtract: bool, exchange: bool) -> i64 {
    let low = half(a, false) * half(b, exchange);
    let high = half(a, true) * half(b, !exchange);
    if subtract { low - high } else { low + high }
}

impl<B> Cpu<B> {
    fn accumulator(&self, a: Option<Reg>) -> i64 {
        a.map_or(0, |a| self.get(a).cast_signed().into())
    }

    /// A sum that does not fit sets Q and wraps.
    fn set_sum(&mut self, d: Reg, sum: i64) {
        self.flags.saturated |= i64::from(sum as i32) != sum;
        self.set(d, sum as u32);
    }

    #[inline]
    pub(super) fn multiply(&mut self, flags: bool, (d, n, m): (Reg, Reg, Reg)) {
        let result = self.get(n).wrapping_mul(self.get(m));
        if flags {
            self.flags.set_result(result);
        }
        self.set(d, result);
    }

    #[inline]
    pub(super) fn multiply_add(&mut self, subtract: bool, (d, n, m): (Reg, Reg, Reg), a: Reg) {
        let product = self.get(n).wrapping_mul(self.get(m));
        let a = self.get(a);
        self.set(d, if subtract { a.wrapping_sub(product) } else { a.wrapping_add(product) });
    }

    pub(super) fn multiply_halves(
        &mut self,
        (n_top, m_top): (bool, bool),
        (d, n, m): (Reg, Reg, Reg),
        a: Option<Reg>,
    ) {
        let product = half(self.get(n), n_top) * half(self.get(m), m_top);
        self.set_sum(d, product + self.accumulator(a));
    }

    pub(super) fn multiply_word_half(
        &mut self,
        m_top: bool,
        (d, n, m): (Reg, Reg, Reg),
        a: Option<Reg>,
    ) {
        let product = i64::from(self.get(n).cast_signed()) * half(self.get(m), m_top);
        self.set_sum(d, (product >> 16) + self.accumulator(a));
    }

    pub(super) fn multiply_dual(
        &mut self,
        (subtract, exchange): (bool, bool),
        (d, n, m): (Reg, Reg, Reg),
        a: Option<Reg>,
    ) {
        let products = dual(self.get(n), self.get(m), subtract, exchange);
        self.set_sum(d, products + self.accumulator(a));
    }

    pub(super) fn multiply_most(
        &mut self,
        (subtract, round): (bool, bool),
        (d, n, m): (Reg, Reg, Reg),
        a: Option<Reg>,
    ) {
        let product = i64::from(self.get(n).cast_signed()) * i64::from(self.get(m).cast_signed());
        let a = self.accumulator(a) << 32;
        let sum = if subtract { a.wrapping_sub(product) } else { a.wrapping_add(product) };
        let sum = if round { sum.wrapping_add(1 << 31) } else { sum };
        self.set(d, (sum >> 32) as u32);
    }

    fn pair(&self, lo: Reg, hi: Reg) -> u64 {
        u64::from(self.get(hi)) << 32 | u64::from(self.get(lo))
    }

    fn set_pair(&mut self, lo: Reg, hi: Reg, value: u64) {
        self.set(lo, value as u32);
        self.set(hi, (value >> 32) as u32);
    }

    #[inline]
    pub(super) fn multiply_long(&mut self, op: Long, lo: Reg, hi: Reg, (n, m): (Reg, Reg)) {
        let (a, b) = (self.get(n), self.get(m));
        let signed = || (i64::from(a.cast_signed()) * i64::from(b.cast_signed())).cast_unsigned();
        let unsigned = u64::from(a) * u64::from(b);
        let result = match op {
            Long::Smull => signed(),
            Long::Umull => unsigned,
            Long::Smlal => self.pair(lo, hi).wrapping_add(signed()),
            Long::Umlal => self.pair(lo, hi).wrapping_add(unsigned),
            // It always fits.
            Long::Umaal => unsigned + u64::from(self.get(lo)) + u64::from(self.get(hi)),
        };
        self.set_pair(lo, hi, result);
    }

    pub(super) fn multiply_long_halves(
        &mut self,
        (n_top, m_top): (bool, bool),
        (lo, hi): (Reg, Reg),
        (n, m): (Reg, Reg),
    ) {
        let product = half(self.get(n), n_top) * half(self.get(m), m_top);
        self.set_pair(lo, hi, self.pair(lo, hi).wrapping_add_signed(product));
    }

    pub(super) fn multiply_long_dual(
        &mut self,
        (subtract, exchange): (bool, bool),
        (lo, hi): (Reg, Reg),
        (n, m): (Reg, Reg),
    ) {
        let products = dual(self.get(n), self.get(m), subtract, exchange);
        self.set_pair(lo, hi, self.pair(lo, hi).wrapping_add_signed(products));
    }
}
