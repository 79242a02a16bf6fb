//! The flags of APSR.

use std::hash::{Hash, Hasher};

/// N, Z, C, V, Q and GE. N and Z are kept as the result they come from: most results are never
/// asked for their flags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    /// N is its highest bit.
    negative: u32,
    /// Z is whether it is 0.
    zero: u32,
    pub(crate) carry: bool,
    pub(crate) overflow: bool,
    pub(crate) saturated: bool,
    /// GE, bits 0–3.
    pub(crate) lanes: u8,
}

impl Flags {
    pub(crate) const fn new() -> Self {
        Self { negative: 0, zero: 1, carry: false, overflow: false, saturated: false, lanes: 0 }
    }

    /// N and Z of a result.
    #[inline]
    pub(crate) fn set_result(&mut self, result: u32) {
        self.negative = result;
        self.zero = result;
    }

    /// NZCV from bits 31–28.
    pub(crate) fn set_conditions(&mut self, bits: u32) {
        self.negative = bits;
        self.zero = !bits & 1 << 30;
        self.carry = bits >> 29 & 1 == 1;
        self.overflow = bits >> 28 & 1 == 1;
    }

    /// As in APSR: NZCVQ in bits 31–27, GE in bits 19–16.
    pub(crate) fn bits(&self) -> u32 {
        self.negative & 1 << 31
            | u32::from(self.zero == 0) << 30
            | u32::from(self.carry) << 29
            | u32::from(self.overflow) << 28
            | u32::from(self.saturated) << 27
            | u32::from(self.lanes) << 16
    }

    pub(crate) fn set_bits(&mut self, bits: u32) {
        self.set_conditions(bits);
        self.saturated = bits >> 27 & 1 == 1;
        self.lanes = (bits >> 16 & 0xF) as u8;
    }

    /// ConditionPassed; 14 and 15 are always.
    #[inline]
    pub(crate) fn passes(&self, condition: u8) -> bool {
        let negative = self.negative >> 31 == 1;
        let zero = self.zero == 0;
        match condition {
            0 => zero,
            1 => !zero,
            2 => self.carry,
            3 => !self.carry,
            4 => negative,
            5 => !negative,
            6 => self.overflow,
            7 => !self.overflow,
            8 => self.carry && !zero,
            9 => !self.carry || zero,
            10 => negative == self.overflow,
            11 => negative != self.overflow,
            12 => !zero && negative == self.overflow,
            13 => zero || negative != self.overflow,
            _ => true,
        }
    }
}

impl PartialEq for Flags {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Flags {}

impl Hash for Flags {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}
