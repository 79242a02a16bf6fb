//! Whether an event can be missed on purpose.

use ble::schedule::Waited;

use super::LinkConnection;

/// Events that must be left for the central to be heard, behind one that is missed.
const CHANCES: u64 = 4;

impl LinkConnection {
    /// Whether the connection can miss its next event: it is established, it had an answer in the
    /// last one, no change is under way, and [`CHANCES`] more events come before the supervision
    /// timer expires.
    pub(in crate::link) fn can_miss(&self) -> bool {
        // LL-SUP-1: supervision.
        let needed = self.timeline.interval().times(CHANCES);
        let changes = self.new_map.is_some() || self.new_phy.is_some();
        self.acknowledged
            && self.waited == Waited::NONE
            && !changes
            && self.new_parameters.is_none()
            && self.supervision >= self.timeline.opens(self.skip) + needed
    }
}
