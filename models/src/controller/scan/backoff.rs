//! Backoff of active scanners (Vol 6, Part B, 4.4.3.2).

use crate::controller::shared::Shared;

/// Largest upperLimit; backoffCount is drawn from 1 to upperLimit.
const BACKOFF_MAX: u32 = 256;

/// Backoff of active scanners (4.4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backoff {
    upper_limit: u32,
    count: u32,
    successes: u8,
    failures: u8,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { upper_limit: 1, count: 1, successes: 0, failures: 0 }
    }
}

impl Backoff {
    /// An advertisement that could be asked: whether to ask now.
    pub(super) fn ask(&mut self) -> bool {
        self.count = self.count.saturating_sub(1);
        self.count == 0
    }

    pub(super) fn done(&mut self, sh: &mut Shared, success: bool) {
        if success {
            self.failures = 0;
            self.successes += 1;
            if self.successes == 2 {
                self.successes = 0;
                self.upper_limit = (self.upper_limit / 2).max(1);
            }
        } else {
            self.successes = 0;
            self.failures += 1;
            if self.failures == 2 {
                self.failures = 0;
                self.upper_limit = (self.upper_limit * 2).min(BACKOFF_MAX);
            }
        }
        self.count = sh.random.below(self.upper_limit) + 1;
    }
}
