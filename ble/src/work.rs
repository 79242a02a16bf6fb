//! What kind of work a call did, so that a runner can charge time for it.

/// Which of a device's execution levels a piece of work belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The radio interrupt: must be done well within T_IFS.
    Radio,
    /// After the connection event: link layer procedures, encryption of queued PDUs.
    Control,
    /// Thread: L2CAP, ATT, SMP, application.
    Host,
}

/// Work done by one call. Runners turn the counts into cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "work costs time; charge it or say why not"]
pub struct Work {
    /// Where it ran.
    pub level: Level,
    /// Messages, events or PDUs handled.
    pub items: u16,
    /// AES blocks computed.
    pub aes_blocks: u16,
}

impl Work {
    /// Work of one item without cryptography.
    pub const fn one(level: Level) -> Self {
        Self { level, items: 1, aes_blocks: 0 }
    }

    /// No work at all.
    pub const fn none(level: Level) -> Self {
        Self { level, items: 0, aes_blocks: 0 }
    }

    /// The sum of two pieces of work on the same level.
    pub const fn and(self, other: Self) -> Self {
        Self {
            level: self.level,
            items: self.items.saturating_add(other.items),
            aes_blocks: self.aes_blocks.saturating_add(other.aes_blocks),
        }
    }
}
