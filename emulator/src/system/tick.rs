//! SysTick, without work per cycle: only the cycle at which it next reaches 0 is kept.

/// The timer on the processor's clock, which is the only one that the nRF52840 gives it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SysTick {
    enabled: bool,
    interrupt: bool,
    reload: u32,
    /// The counter while the timer stands still.
    held: u32,
    /// The cycle at which it reaches 0, while it runs.
    zero_at: u64,
    counted: bool,
}

impl SysTick {
    pub(crate) const fn new() -> Self {
        Self { enabled: false, interrupt: false, reload: 0, held: 0, zero_at: 0, counted: false }
    }

    fn runs(&self) -> bool {
        self.enabled && (self.reload != 0 || self.zero_at != 0)
    }

    fn start(&mut self, value: u32, now: u64) {
        // From 0 it takes one cycle to load.
        let cycles = if value == 0 { 1 + u64::from(self.reload) } else { value.into() };
        self.zero_at = if value == 0 && self.reload == 0 { 0 } else { now + cycles };
    }

    /// The next cycle at which it reaches 0.
    pub(crate) fn next(&self) -> u64 {
        if self.runs() { self.zero_at } else { u64::MAX }
    }

    /// Counts until now; whether its exception is to be pended.
    pub(crate) fn advance(&mut self, now: u64) -> bool {
        if !self.runs() || now < self.zero_at {
            return false;
        }
        self.counted = true;
        if self.reload == 0 {
            // It stays at 0.
            self.held = 0;
            self.zero_at = 0;
        } else {
            let period = u64::from(self.reload) + 1;
            self.zero_at += ((now - self.zero_at) / period + 1) * period;
        }
        self.interrupt
    }

    pub(super) fn value(&self, now: u64) -> u32 {
        if !self.enabled {
            return self.held;
        }
        if !self.runs() {
            return 0;
        }
        let left = self.zero_at.saturating_sub(now);
        // A whole period away it is at 0 still.
        if left > self.reload.into() && self.reload != 0 && self.held == 0 {
            return 0;
        }
        left as u32
    }

    pub(super) fn control(&mut self) -> u32 {
        let bits = u32::from(self.enabled)
            | u32::from(self.interrupt) << 1
            | 1 << 2
            | u32::from(self.counted) << 16;
        self.counted = false;
        bits
    }

    pub(super) fn set_control(&mut self, value: u32, now: u64) {
        let enable = value & 1 == 1;
        self.interrupt = value & 2 != 0;
        if enable && !self.enabled {
            let held = self.held;
            self.held = 0;
            self.start(held, now);
        } else if !enable && self.enabled {
            self.held = self.value(now);
        }
        self.enabled = enable;
    }

    pub(super) fn reload(&self) -> u32 {
        self.reload
    }

    pub(super) fn set_reload(&mut self, value: u32, now: u64) {
        let at_zero = self.enabled && self.value(now) == 0;
        self.reload = value & 0x00FF_FFFF;
        if at_zero {
            self.start(0, now);
        }
    }

    /// Any write clears the counter.
    pub(super) fn clear(&mut self, now: u64) {
        self.counted = false;
        self.held = 0;
        if self.enabled {
            self.start(0, now);
        }
    }
}
