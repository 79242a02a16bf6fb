//! Values of several keys that do not go together.

use crate::document::Document;
use crate::fault::Position;

/// Values that contradict each other, or one that can have no effect beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The keys that it is about, the one to mend first.
    pub keys: Vec<&'static str>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
    /// Whether it is a warning only: a value without effect that contradicts no other.
    pub harmless: bool,
}

impl Conflict {
    /// Values that are not taken together.
    #[must_use]
    pub fn error(keys: &[&'static str], what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { keys: keys.to_vec(), what: what.into(), help: help.into(), harmless: false }
    }

    /// A value without effect, which is accepted with a warning.
    #[must_use]
    pub fn warning(
        keys: &[&'static str],
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { harmless: true, ..Self::error(keys, what, help) }
    }

    /// Where a file sets the first of its keys that it sets.
    #[must_use]
    pub fn position(&self, document: &Document) -> Option<Position> {
        self.keys.iter().find_map(|key| document.position(key))
    }
}
