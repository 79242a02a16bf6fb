//! What instructions of one form differ in.

/// An operation of the arithmetic unit that all of its forms (immediate, shifted register) share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Alu {
    And,
    Bic,
    Orr,
    Orn,
    Eor,
    Mov,
    Mvn,
    Tst,
    Teq,
    Add,
    Adc,
    Sub,
    Sbc,
    Rsb,
    Cmp,
    Cmn,
}

/// A shift; `Rrx` is ROR by 0 in encodings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Shift {
    Lsl,
    Lsr,
    Asr,
    Ror,
    Rrx,
}

/// What a load or store moves, and how a load fills the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Size {
    Byte,
    Half,
    Word,
    SignedByte,
    SignedHalf,
}

/// Operations with one source register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Unary {
    Clz,
    Rbit,
    Rev,
    Rev16,
    Revsh,
}

/// What an extension takes from the rotated register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Extend {
    SignedHalf,
    UnsignedHalf,
    SignedBytes,
    UnsignedBytes,
    SignedByte,
    UnsignedByte,
}

/// How lanes of a parallel addition or subtraction treat what does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Lanes {
    Signed,
    SignedSaturating,
    SignedHalving,
    Unsigned,
    UnsignedSaturating,
    UnsignedHalving,
}

/// What the lanes of a parallel operation do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Parallel {
    Add16,
    Asx,
    Sax,
    Sub16,
    Add8,
    Sub8,
}

/// Saturating additions; the doubling ones saturate twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Saturating {
    Qadd,
    Qdadd,
    Qsub,
    Qdsub,
}

/// Multiplications with 64 bits of result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Long {
    Smull,
    Umull,
    Smlal,
    Umlal,
    Umaal,
}

/// Floating-point operations with two sources, of which some also take the destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics without the V")]
pub enum Float {
    Mla,
    Mls,
    Nmla,
    Nmls,
    Mul,
    Nmul,
    Add,
    Sub,
    Div,
    Fma,
    Fms,
    Fnma,
    Fnms,
}

/// Floating-point operations with one source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics without the V")]
pub enum FloatUnary {
    Mov,
    Abs,
    Neg,
    Sqrt,
    /// Half precision in the lower (false) or upper half to single.
    FromHalf(bool),
    /// Single to half precision into the lower (false) or upper half.
    ToHalf(bool),
    FromSigned,
    FromUnsigned,
    /// With the rounding of FPSCR if true, else towards zero.
    ToSigned(bool),
    ToUnsigned(bool),
}

/// How an address is made from base and offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's terms")]
pub enum Index {
    Offset,
    Pre,
    Post,
}

/// Hints and barriers without operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the manual's mnemonics")]
pub enum Hint {
    Nop,
    Yield,
    Wfe,
    Wfi,
    Sev,
    Dsb,
    Dmb,
    Isb,
    Clrex,
}
