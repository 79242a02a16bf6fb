//! The instructions of ARMv7E-M with FPv4-SP, as the executor wants them: addresses that are
//! relative to the program counter are resolved, immediates expanded, aliases one.

use super::kinds::{
    Alu, Extend, Float, FloatUnary, Hint, Index, Lanes, Long, Parallel, Saturating, Shift, Size,
    Unary,
};

/// Number of a core register, 0–15.
pub type Reg = u8;
/// Number of a single-precision register, 0–31.
pub type Single = u8;

/// One decoded instruction. Twelve octets at most, because the fast loop reads the table of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "fields are the manual's: d, n, m, a, t are registers")]
pub enum Op {
    /// `carry` is the carry-out of the immediate's expansion, if it has one.
    DataImmediate {
        op: Alu,
        flags: bool,
        d: Reg,
        n: Reg,
        carry: Option<bool>,
        imm: u32,
    },
    DataRegister {
        op: Alu,
        flags: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        shift: Shift,
        amount: u8,
    },
    ShiftRegister {
        shift: Shift,
        flags: bool,
        d: Reg,
        n: Reg,
        m: Reg,
    },
    Movt {
        d: Reg,
        imm: u16,
    },
    /// MOV to, or ADD to, the program counter.
    Jump {
        add: bool,
        m: Reg,
    },
    Insert {
        d: Reg,
        /// `None` clears (BFC).
        n: Option<Reg>,
        lsb: u8,
        width: u8,
    },
    Extract {
        signed: bool,
        d: Reg,
        n: Reg,
        lsb: u8,
        width: u8,
    },
    Saturate {
        signed: bool,
        d: Reg,
        n: Reg,
        to: u8,
        shift: Shift,
        amount: u8,
    },
    Saturate16 {
        signed: bool,
        d: Reg,
        n: Reg,
        to: u8,
    },
    Extend {
        kind: Extend,
        d: Reg,
        /// Added, unless absent.
        n: Option<Reg>,
        m: Reg,
        rotate: u8,
    },
    Unary {
        op: Unary,
        d: Reg,
        m: Reg,
    },
    Pack {
        top: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        amount: u8,
    },
    Select {
        d: Reg,
        n: Reg,
        m: Reg,
    },
    Parallel {
        lanes: Lanes,
        op: Parallel,
        d: Reg,
        n: Reg,
        m: Reg,
    },
    Saturating {
        op: Saturating,
        d: Reg,
        n: Reg,
        m: Reg,
    },
    Multiply {
        flags: bool,
        d: Reg,
        n: Reg,
        m: Reg,
    },
    MultiplyAdd {
        subtract: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        a: Reg,
    },
    /// SMLAxy and SMULxy.
    MultiplyHalves {
        n_top: bool,
        m_top: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        a: Option<Reg>,
    },
    /// SMLAWy and SMULWy.
    MultiplyWordHalf {
        m_top: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        a: Option<Reg>,
    },
    /// SMLAD, SMUAD, SMLSD, SMUSD.
    MultiplyDual {
        subtract: bool,
        exchange: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        a: Option<Reg>,
    },
    /// SMMLA, SMMUL, SMMLS.
    MultiplyMost {
        subtract: bool,
        round: bool,
        d: Reg,
        n: Reg,
        m: Reg,
        a: Option<Reg>,
    },
    SumOfDifferences {
        d: Reg,
        n: Reg,
        m: Reg,
        a: Option<Reg>,
    },
    MultiplyLong {
        op: Long,
        lo: Reg,
        hi: Reg,
        n: Reg,
        m: Reg,
    },
    /// SMLALxy: adds the product of a half of `n` and a half of `m` to the 64 bits of `hi:lo`.
    MultiplyLongHalves {
        n_top: bool,
        m_top: bool,
        lo: Reg,
        hi: Reg,
        n: Reg,
        m: Reg,
    },
    /// SMLALD, SMLSLD: adds the sum or the difference of both products of halves to `hi:lo`.
    MultiplyLongDual {
        subtract: bool,
        exchange: bool,
        lo: Reg,
        hi: Reg,
        n: Reg,
        m: Reg,
    },
    Divide {
        signed: bool,
        d: Reg,
        n: Reg,
        m: Reg,
    },
    Load {
        size: Size,
        t: Reg,
        n: Reg,
        index: Index,
        offset: i16,
    },
    Store {
        size: Size,
        t: Reg,
        n: Reg,
        index: Index,
        offset: i16,
    },
    LoadRegister {
        size: Size,
        t: Reg,
        n: Reg,
        m: Reg,
        amount: u8,
    },
    StoreRegister {
        size: Size,
        t: Reg,
        n: Reg,
        m: Reg,
        amount: u8,
    },
    LoadLiteral {
        size: Size,
        t: Reg,
        address: u32,
    },
    LoadDual {
        t: Reg,
        t2: Reg,
        /// `None`: relative to the aligned program counter.
        n: Option<Reg>,
        index: Index,
        offset: i16,
    },
    StoreDual {
        t: Reg,
        t2: Reg,
        n: Reg,
        index: Index,
        offset: i16,
    },
    LoadMultiple {
        n: Reg,
        before: bool,
        writeback: bool,
        list: u16,
    },
    StoreMultiple {
        n: Reg,
        before: bool,
        writeback: bool,
        list: u16,
    },
    LoadExclusive {
        size: Size,
        t: Reg,
        n: Reg,
        offset: u16,
    },
    StoreExclusive {
        size: Size,
        d: Reg,
        t: Reg,
        n: Reg,
        offset: u16,
    },
    TableBranch {
        half: bool,
        n: Reg,
        m: Reg,
    },
    Branch {
        target: u32,
    },
    BranchIf {
        condition: u8,
        target: u32,
    },
    CompareBranch {
        if_zero: bool,
        n: Reg,
        target: u32,
    },
    Call {
        target: u32,
    },
    BranchExchange {
        m: Reg,
    },
    CallRegister {
        m: Reg,
    },
    /// IT; the octet is the state that the next instruction begins with.
    IfThen {
        state: u8,
    },
    Hint(Hint),
    ChangeState {
        disable: bool,
        primask: bool,
        faultmask: bool,
    },
    ReadSpecial {
        d: Reg,
        special: u8,
    },
    WriteSpecial {
        n: Reg,
        special: u8,
        mask: u8,
    },
    SupervisorCall {
        imm: u8,
    },
    Breakpoint {
        imm: u8,
    },
    Float {
        op: Float,
        d: Single,
        n: Single,
        m: Single,
    },
    FloatUnary {
        op: FloatUnary,
        d: Single,
        m: Single,
    },
    FloatImmediate {
        d: Single,
        bits: u32,
    },
    FloatCompare {
        d: Single,
        /// `None` compares with zero.
        m: Option<Single>,
        /// Quiet NaNs are invalid as well (VCMPE).
        all_nans: bool,
    },
    /// Between floating and fixed point, in place.
    FloatFixed {
        to_fixed: bool,
        signed: bool,
        wide: bool,
        d: Single,
        fraction: u8,
    },
    /// VLDR and VSTR; `count` is 1 (single) or 2 (double).
    FloatLoad {
        d: Single,
        count: u8,
        /// `None`: relative to the aligned program counter.
        n: Option<Reg>,
        offset: i16,
    },
    FloatStore {
        d: Single,
        count: u8,
        n: Reg,
        offset: i16,
    },
    FloatLoadMultiple {
        d: Single,
        count: u8,
        n: Reg,
        before: bool,
        writeback: bool,
    },
    FloatStoreMultiple {
        d: Single,
        count: u8,
        n: Reg,
        before: bool,
        writeback: bool,
    },
    FloatToCore {
        t: Reg,
        n: Single,
    },
    FloatFromCore {
        t: Reg,
        n: Single,
    },
    FloatToCorePair {
        t: Reg,
        t2: Reg,
        m: Single,
    },
    FloatFromCorePair {
        t: Reg,
        t2: Reg,
        m: Single,
    },
    /// VMRS; `None` writes the condition flags.
    FloatReadStatus {
        t: Option<Reg>,
    },
    FloatWriteStatus {
        t: Reg,
    },
    /// An instruction of a coprocessor that is not there, or that is floating point of a kind that
    /// FPv4-SP lacks.
    NoCoprocessor {
        number: u8,
    },
    /// UNDEFINED: raises a UsageFault.
    Undefined,
    /// UNPREDICTABLE: a chip may do anything; the emulator stops.
    Unpredictable,
    /// From here on hot forms of the above, which only `Op::hot` makes: d, n, m or t, n, as the
    /// manual orders them, then the immediate.
    Move(Reg, u32),
    MoveFlags(Reg, u32),
    MoveRegister(Reg, Reg),
    Add(Reg, Reg, u32),
    AddFlags(Reg, Reg, u32),
    SubFlags(Reg, Reg, u32),
    And(Reg, Reg, u32),
    Orr(Reg, Reg, u32),
    Compare(Reg, u32),
    AddRegister(Reg, Reg, Reg),
    AddRegisterFlags(Reg, Reg, Reg),
    AdcRegisterFlags(Reg, Reg, Reg),
    SubRegisterFlags(Reg, Reg, Reg),
    OrrRegister(Reg, Reg, Reg),
    OrrRegisterFlags(Reg, Reg, Reg),
    EorRegister(Reg, Reg, Reg),
    CompareRegister(Reg, Reg),
    ShiftLeft(Reg, Reg, u8),
    ShiftLeftFlags(Reg, Reg, u8),
    ShiftRight(Reg, Reg, u8),
    ShiftRightFlags(Reg, Reg, u8),
    LoadWord(Reg, Reg, i16),
    LoadHalf(Reg, Reg, i16),
    LoadByte(Reg, Reg, i16),
    StoreWord(Reg, Reg, i16),
    StoreHalf(Reg, Reg, i16),
    StoreByte(Reg, Reg, i16),
}
