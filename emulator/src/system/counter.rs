//! The cycle counter of the DWT.

/// CYCCNT, and its enable bits.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct CycleCounter {
    /// DEMCR.TRCENA: the DWT is switched on.
    trace: bool,
    /// DWT_CTRL.CYCCNTENA: CYCCNT counts while the DWT is on.
    enabled: bool,
    /// The count minus the processor's, or the count itself while it stands still.
    offset: u32,
}

impl CycleCounter {
    pub(super) const fn new() -> Self {
        Self { trace: false, enabled: false, offset: 0 }
    }

    fn runs(&self) -> bool {
        self.trace && self.enabled
    }

    pub(super) fn value(&self, now: u64) -> u32 {
        if self.runs() { (now as u32).wrapping_add(self.offset) } else { self.offset }
    }

    pub(super) fn set(&mut self, value: u32, now: u64) {
        self.offset = if self.runs() { value.wrapping_sub(now as u32) } else { value };
    }

    fn switch(&mut self, now: u64, change: impl FnOnce(&mut Self)) {
        let value = self.value(now);
        change(self);
        self.set(value, now);
    }

    pub(super) fn set_trace(&mut self, on: bool, now: u64) {
        self.switch(now, |counter| counter.trace = on);
    }

    pub(super) fn set_enabled(&mut self, on: bool, now: u64) {
        self.switch(now, |counter| counter.enabled = on);
    }

    pub(super) fn trace(&self) -> bool {
        self.trace
    }

    pub(super) fn enabled(&self) -> bool {
        self.enabled
    }
}
