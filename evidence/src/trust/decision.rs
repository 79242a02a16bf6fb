//! What was decided about a field of a file, with the numbers that decided it.

use std::fmt;

/// What was decided about one field, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustDecision<T> {
    /// What was decided.
    pub value: T,
    /// Why, in words, with the numbers.
    pub why: String,
}

impl<T: fmt::Debug> fmt::Display for TrustDecision<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// In how many of how many, in words.
pub(super) fn share(some: usize, all: usize) -> String {
    format!("{some} of {all}")
}
