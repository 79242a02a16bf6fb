//! A simulator that does not play every event of an idle connection: it asks whether one is idle,
//! and has its events counted.

use super::Link;
use super::operation::Operation;
use ble::time::{Duration, Instant};

/// A connection in whose next events nothing happens but Empty PDUs, unless its central has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleLink {
    /// Access address of its packets.
    pub access_address: u32,
    /// connInterval: from anchor point to anchor point.
    pub interval: Duration,
    /// Anchor point that is expected next, by the local clock.
    pub anchor: Instant,
}

impl<const LINKS: usize> Link<LINKS> {
    /// The only connection, if it is all that this link layer has to do, it is between two events,
    /// none of which is skipped, and nothing waits to be sent, reported or changed.
    #[must_use]
    pub fn idle(&self) -> Option<IdleLink> {
        let free = self.owner.is_none()
            && self.operation == Operation::Idle
            && self.command.is_none()
            && self.gap_wanted.is_none()
            && self.reports.is_empty()
            && self.advertiser.next_event().is_none()
            && !self.lost.contains(&true);
        let mut connections = self.connections.iter().flatten();
        let only = connections.next().filter(|_| free && connections.next().is_none())?;
        only.idle()
    }

    /// The next `events` events of the [idle](Self::idle) connection, an even number, are over as
    /// if each had had an Empty PDU both ways; the anchor points have moved on `by` meanwhile.
    pub fn leap(&mut self, events: u16, by: Duration) {
        self.connections.iter_mut().flatten().for_each(|connection| connection.leap(events, by));
    }
}
