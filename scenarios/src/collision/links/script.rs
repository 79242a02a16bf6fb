//! A collision across two links, as data.

use bletwin_explore::case::Side;

/// The steps of the hosts, and the expected result.
#[derive(Debug, PartialEq, Eq)]
pub struct Links {
    /// Number of the script that it plays.
    pub script: &'static str,
    /// Ids of the decisions that it is about.
    pub rules: &'static [&'static str],
    /// The steps of the hosts, once both links are up and features have been exchanged.
    pub steps: &'static [HostStep],
    /// The expected result on each link.
    pub seen: [Expected; 2],
}

/// A step of a host on a link, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStep {
    /// It asks for another connInterval, units of 1.25 ms.
    Ask(Side, usize, u16),
    /// It accepts the request.
    Agree(Side, usize),
    /// This many connection events pass.
    Pass(u64),
}

/// The expected result on a link; see [`crate::collision::Collision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub(super) air: &'static [&'static str],
    pub(super) central: &'static [&'static str],
    pub(super) peripheral: &'static [&'static str],
}
