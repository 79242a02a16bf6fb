//! What a collision is.

use bletwin_explore::case;

use super::seen::Seen;

/// What both hosts ask for, and what has to come of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Collision {
    /// Number of the script that it plays, as in the tests of the link layers.
    pub script: &'static str,
    /// Ids of the decisions that it is about.
    pub rules: &'static [&'static str],
    /// What the hosts ask for. Features are exchanged before.
    pub asks: &'static [case::Procedure],
    /// Control PDUs that have to be on air, in this order, repetitions and features left out:
    /// `C` the central's, `P` the peripheral's.
    pub air: &'static [&'static str],
    /// What the central's host has to be told.
    pub central: &'static [&'static str],
    /// What the peripheral's host has to be told.
    pub peripheral: &'static [&'static str],
}

impl Collision {
    pub(super) fn expects(&self) -> Seen {
        Seen::expected(self.air, self.central, self.peripheral)
    }
}
