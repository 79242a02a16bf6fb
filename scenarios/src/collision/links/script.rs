//! What a meeting on two links is.

use bletwin_explore::case::Side;

/// What the hosts do, and what has to come of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Links {
    /// Number of the script that it plays.
    pub script: &'static str,
    /// Ids of the decisions that it is about.
    pub rules: &'static [&'static str],
    /// What the hosts do, when both links are there and features have been exchanged.
    pub steps: &'static [HostStep],
    /// What has to be seen on each link.
    pub seen: [Expected; 2],
}

/// What a host does on a link, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStep {
    /// It asks for another connInterval, units of 1.25 ms.
    Ask(Side, usize, u16),
    /// It agrees to what it was asked.
    Agree(Side, usize),
    /// So many connection events pass.
    Pass(u64),
}

/// What has to be seen on a link; see [`crate::collision::Collision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub(super) air: &'static [&'static str],
    pub(super) central: &'static [&'static str],
    pub(super) peripheral: &'static [&'static str],
}
