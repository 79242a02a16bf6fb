//! A collision, as data.

use bletwin_explore::case;

use super::seen::Seen;

/// The procedures of both hosts, and the expected result.
#[derive(Debug, PartialEq, Eq)]
pub struct Collision {
    /// Number of the script that it plays, as in the tests of the link layers.
    pub script: &'static str,
    /// Ids of the decisions that it is about.
    pub rules: &'static [&'static str],
    /// The procedures that the hosts start. Features are exchanged before.
    pub asks: &'static [case::Procedure],
    /// Control PDUs that have to be on air, in this order, repetitions and features left out:
    /// `C` the central's, `P` the peripheral's.
    pub air: &'static [&'static str],
    /// The expected events to the central's host.
    pub central: &'static [&'static str],
    /// The expected events to the peripheral's host.
    pub peripheral: &'static [&'static str],
}

impl Collision {
    pub(super) fn expects(&self) -> Seen {
        Seen::expected(self.air, self.central, self.peripheral)
    }
}
