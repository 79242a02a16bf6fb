//! A connection whose events differ in counters and times alone.

use super::super::leap::IdleLink;
use super::LinkConnection;
use ble::schedule::Waited;
use ble::time::Duration;

impl LinkConnection {
    /// What it is, if it is between two events, listens to each, and has nothing to send and
    /// nothing to change.
    pub(in crate::link) fn idle(&self) -> Option<IdleLink> {
        let every_event = self.latency == 0 && self.skip == 0 && self.waited == Waited::NONE;
        let settled = self.established && self.acknowledged && self.sequence.is_idle();
        let lasts = self.events_to_instant() == u16::MAX && self.running.is_none();
        (every_event && settled && lasts).then(|| IdleLink {
            access_address: self.access_address,
            interval: self.timeline.interval(),
            anchor: self.timeline.expected(),
        })
    }

    /// So many events are over, and were as the last one; anchor points have moved on `by`.
    pub(in crate::link) fn leap(&mut self, events: u16, by: Duration) {
        self.event = self.event.wrapping_add(events);
        self.hopper.advance(events);
        self.timeline.shift(by);
        self.supervision += by;
    }
}
