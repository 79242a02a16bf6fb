//! Floating-point registers and instructions.

use super::{Cpu, Raised};
use crate::bus::Bus;
use crate::decode::{Float, FloatUnary, Reg, Single};
use crate::exception::Fault;
use crate::float::{self, Rounding, negate};

/// The bits of FPSCR that exist.
const STATUS: u32 = 0xF7C0_009F;
/// The bits that FPDSCR gives a new context.
const DEFAULTS: u32 = 0x07C0_0000;

/// S0–S31 and FPSCR.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FloatRegisters {
    singles: [u32; 32],
    pub(crate) status: u32,
}

impl FloatRegisters {
    pub(crate) const fn new() -> Self {
        Self { singles: [0; 32], status: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, register: Single) -> u32 {
        self.singles[usize::from(register & 31)]
    }

    #[inline]
    pub(crate) fn set(&mut self, register: Single, value: u32) {
        self.singles[usize::from(register & 31)] = value;
    }

    pub(crate) fn set_status(&mut self, value: u32) {
        self.status = value & STATUS;
    }
}

impl<B: Bus> Cpu<B> {
    /// ExecuteFPCheck: whether the unit may be used, and what its use begins.
    #[inline]
    pub(super) fn use_float(&mut self) -> Result<(), Raised> {
        let system = &self.system;
        if self.control.float_active && system.float.open() && !system.float.lazy.pending {
            return Ok(());
        }
        self.begin_float()
    }

    #[cold]
    fn begin_float(&mut self) -> Result<(), Raised> {
        if !self.system.float.allowed(self.privileged()) {
            return Err(self.fault(Fault::NoCoprocessor));
        }
        if self.system.float.lazy.pending {
            self.preserve_float()?;
        }
        if self.system.float.automatic() && !self.control.float_active {
            let kept = self.float.status & !DEFAULTS;
            self.float.status = kept | self.system.float.defaults & DEFAULTS;
            self.control.float_active = true;
        }
        Ok(())
    }

    /// The stacking that was put off at the exception's entry.
    fn preserve_float(&mut self) -> Result<(), Raised> {
        let frame = self.system.float.lazy.address;
        self.store_float_frame(frame)?;
        self.system.float.lazy.pending = false;
        self.cycles += 17;
        Ok(())
    }

    /// S0–S15 and FPSCR to the extended part of a frame.
    pub(crate) fn store_float_frame(&mut self, frame: u32) -> Result<(), Raised> {
        for k in 0..16 {
            self.store_word(frame.wrapping_add(4 * k), self.float.get(k as Single))?;
        }
        self.store_word(frame.wrapping_add(0x40), self.float.status)
    }

    pub(crate) fn load_float_frame(&mut self, frame: u32) -> Result<(), Raised> {
        for k in 0..16 {
            let value = self.load_word(frame.wrapping_add(4 * k))?;
            self.float.set(k as Single, value);
        }
        let status = self.load_word(frame.wrapping_add(0x40))?;
        self.float.set_status(status);
        Ok(())
    }

    pub(super) fn float_operation(&mut self, op: Float, d: Single, n: Single, m: Single) {
        let registers = &mut self.float;
        let (c, a, b) = (registers.get(d), registers.get(n), registers.get(m));
        let s = &mut registers.status;
        let result = match op {
            Float::Mla => {
                let product = float::mul(a, b, s);
                float::add(c, product, s)
            }
            Float::Mls => {
                let product = float::mul(a, b, s);
                float::add(c, negate(product), s)
            }
            Float::Nmla => {
                let product = float::mul(a, b, s);
                float::add(negate(c), negate(product), s)
            }
            Float::Nmls => {
                let product = float::mul(a, b, s);
                float::add(negate(c), product, s)
            }
            Float::Mul => float::mul(a, b, s),
            Float::Nmul => negate(float::mul(a, b, s)),
            Float::Add => float::add(a, b, s),
            Float::Sub => float::sub(a, b, s),
            Float::Div => float::div(a, b, s),
            Float::Fma => float::fused(c, a, b, s),
            Float::Fms => float::fused(c, negate(a), b, s),
            Float::Fnma => float::fused(negate(c), negate(a), b, s),
            Float::Fnms => float::fused(negate(c), a, b, s),
        };
        registers.set(d, result);
    }

    pub(super) fn float_unary(&mut self, op: FloatUnary, d: Single, m: Single) {
        let registers = &mut self.float;
        let (old, value) = (registers.get(d), registers.get(m));
        let mode = Rounding::of(registers.status);
        let chosen = |by_status| if by_status { mode } else { Rounding::Zero };
        let s = &mut registers.status;
        let result = match op {
            FloatUnary::Mov => value,
            FloatUnary::Abs => value & !(1 << 31),
            FloatUnary::Neg => negate(value),
            FloatUnary::Sqrt => float::sqrt(value, s),
            FloatUnary::FromHalf(upper) => {
                float::from_half((if upper { value >> 16 } else { value }) as u16, s)
            }
            FloatUnary::ToHalf(upper) => {
                let half = u32::from(float::to_half(value, s));
                if upper { old & 0xFFFF | half << 16 } else { old & 0xFFFF_0000 | half }
            }
            FloatUnary::FromSigned => float::from_fixed(value.cast_signed().into(), 0, mode, s),
            FloatUnary::FromUnsigned => float::from_fixed(value.into(), 0, mode, s),
            FloatUnary::ToSigned(by_status) => {
                float::to_fixed(value, 0, 32, true, chosen(by_status), s)
            }
            FloatUnary::ToUnsigned(by_status) => {
                float::to_fixed(value, 0, 32, false, chosen(by_status), s)
            }
        };
        registers.set(d, result);
    }

    pub(super) fn float_compare(&mut self, d: Single, m: Option<Single>, all_nans: bool) {
        let registers = &mut self.float;
        let (a, b) = (registers.get(d), m.map_or(0, |m| registers.get(m)));
        let conditions = float::compare(a, b, all_nans, &mut registers.status);
        registers.status = registers.status & 0x0FFF_FFFF | conditions;
    }

    pub(super) fn float_fixed(
        &mut self,
        to_fixed: bool,
        (signed, wide): (bool, bool),
        d: Single,
        fraction: u8,
    ) {
        let registers = &mut self.float;
        let value = registers.get(d);
        let s = &mut registers.status;
        let result = if to_fixed {
            let width = if wide { 32 } else { 16 };
            float::to_fixed(value, fraction, width, signed, Rounding::Zero, s)
        } else {
            let value = match (signed, wide) {
                (true, true) => value.cast_signed().into(),
                (false, true) => value.into(),
                (true, false) => (value as i16).into(),
                (false, false) => (value as u16).into(),
            };
            float::from_fixed(value, fraction, Rounding::Nearest, s)
        };
        registers.set(d, result);
    }

    pub(super) fn float_read_status(&mut self, t: Option<Reg>) {
        match t {
            Some(t) => self.set(t, self.float.status),
            None => self.flags.set_conditions(self.float.status),
        }
    }
}
