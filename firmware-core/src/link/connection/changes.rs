//! Changes that take effect on their way from event to event.

use super::super::instant::{Pending, events_until, take_due};
use super::super::message::NewParameters;
use super::super::window;
use super::{LinkConnection, TIMEOUT_UNIT};
use ble::time::Instant;

impl LinkConnection {
    /// Events until the nearest instant.
    pub(super) fn events_to_instant(&self) -> u16 {
        let instants = [
            self.new_map.map(|p| p.instant),
            self.new_phy.map(|p| p.instant),
            self.new_parameters.map(|p| p.instant),
        ];
        let ahead = instants.into_iter().flatten().map(|i| events_until(i, self.event));
        ahead.min().unwrap_or(u16::MAX)
    }

    /// Advances by `events` events; each change takes effect in its own event.
    pub(super) fn advance(&mut self, events: u16) {
        let mut left = events;
        while left > 0 {
            // At most three instants lie on the way, and each is taken out when it is reached.
            let step = left.min(self.events_to_instant().max(1));
            left = left.saturating_sub(step);
            // LL-EVENT-2: skipped events count.
            self.event = self.event.wrapping_add(step);
            self.hopper.advance(step);
            self.timeline.advance(step);
            self.apply_due();
        }
    }

    pub(super) fn apply_due(&mut self) {
        if let Some(new) = take_due(&mut self.new_map, self.event) {
            self.channel_map = new.change;
        }
        if let Some(new) = take_due(&mut self.new_phy, self.event) {
            (self.tx, self.rx) = new.change;
        }
        if let Some(Pending { instant, change }) = take_due(&mut self.new_parameters, self.event) {
            let interval = window::interval(change.interval);
            if instant == self.event {
                // LL-UPD-1: new parameters from the instant on.
                self.timeline.update(interval, change.win_offset, change.win_size);
            } else {
                let passed = self.event.wrapping_sub(instant);
                self.timeline.update_from_anchor(interval, passed);
            }
            self.take_over(change, self.timeline.expected());
        }
    }

    /// The part of a connection update that is not about anchors. The supervision timer starts
    /// anew at `at`, unless it expires before.
    pub(super) fn take_over(&mut self, new: NewParameters, at: Instant) {
        self.latency = new.latency;
        self.timeout = TIMEOUT_UNIT.times(u64::from(new.timeout));
        // LL-SUP-3: supervision at an instant.
        if self.supervision > at {
            self.supervision = at + self.timeout;
        }
    }
}
