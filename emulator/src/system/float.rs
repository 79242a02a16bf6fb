//! Access to floating point, and its registers in exceptions.

/// A frame whose floating-point part is not yet written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Lazy {
    /// FPCCR.LSPACT: the frame has room for the registers, but they are not stored.
    pub(crate) pending: bool,
    /// FPCAR: where S0 of that frame belongs.
    pub(crate) address: u32,
}

/// CPACR, FPCCR, FPCAR, FPDSCR.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FloatControl {
    /// CPACR, its field for coprocessor 10.
    access: u8,
    /// FPCCR.ASPEN: a floating-point instruction sets CONTROL.FPCA.
    automatic: bool,
    /// FPCCR.LSPEN: an exception reserves room for the registers, and stores them when needed.
    lazily: bool,
    pub(crate) lazy: Lazy,
    /// FPDSCR: AHP, DN, FZ and RMode of a new floating-point context.
    pub(crate) defaults: u32,
}

const AUTOMATIC: u32 = 1 << 31;
const LAZILY: u32 = 1 << 30;

impl FloatControl {
    pub(super) const fn new() -> Self {
        Self {
            access: 0,
            automatic: true,
            lazily: true,
            lazy: Lazy { pending: false, address: 0 },
            defaults: 0,
        }
    }

    /// Open to all code.
    #[inline]
    pub(crate) fn open(&self) -> bool {
        self.access == 3
    }

    pub(crate) fn allowed(&self, privileged: bool) -> bool {
        self.open() || self.access == 1 && privileged
    }

    pub(crate) fn automatic(&self) -> bool {
        self.automatic
    }

    pub(crate) fn stacks_lazily(&self) -> bool {
        self.lazily
    }

    /// CPACR as read: the same access to coprocessors 10 and 11.
    pub(super) fn access(&self) -> u32 {
        (u32::from(self.access) * 5) << 20
    }

    pub(super) fn set_access(&mut self, value: u32) {
        self.access = (value >> 20 & 3) as u8;
    }

    /// FPCCR, without the bits that say what state the frame was made in.
    pub(super) fn context(&self) -> u32 {
        u32::from(self.automatic) << 31
            | u32::from(self.lazily) << 30
            | u32::from(self.lazy.pending)
    }

    pub(super) fn set_context(&mut self, value: u32) {
        self.automatic = value & AUTOMATIC != 0;
        self.lazily = value & LAZILY != 0;
        self.lazy.pending = value & 1 == 1;
    }
}
