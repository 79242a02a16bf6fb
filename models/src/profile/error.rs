//! Errors in profiles: what is wrong, where, and what would be right.

use std::fmt;

use bletwin_schema::{Fault, Position};

/// Why a profile was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// The file, or the requested name.
    pub place: String,
    /// Where in the file.
    pub at: Option<Position>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(Position { line, column }) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ProfileError {}

impl ProfileError {
    pub(super) fn new(place: &str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::in_file(place, Fault::new(what, help))
    }

    /// The error about a fault in this file.
    pub(super) fn in_file(place: &str, fault: Fault) -> Self {
        let Fault { at, what, help } = fault;
        Self { place: place.into(), at, what, help }
    }
}
