//! Time without the radio, for somebody who has to wait for it: flash, at whose work a processor
//! stands still.
//!
//! Mostly there is enough between two events. Where there is not, because a central fills its
//! events with data or because their packets are as long as the interval, who waits gets it like
//! this:
//!
//! 1. After [`EARLY`] events end with their first answer. That costs throughput and no event.
//! 2. After [`GIVES_UP`] an event of a connection is given up that
//!    [can miss](super::connection::LinkConnection::can_miss) it: never two in a row, and none that
//!    supervision could need.

use ble::link::LinkId;
use ble::time::{Duration, Instant};

use super::Link;
use super::schedule::Owner;

/// After so long a wait events end with their first answer.
pub const EARLY: Duration = Duration::from_ms(30);
/// After so long a wait an event is given up.
pub const GIVES_UP: Duration = Duration::from_ms(60);

impl<const LINKS: usize> Link<LINKS> {
    /// Somebody waits for a gap between operations of the radio, or waits no more, because there is
    /// one or because nothing is to be done. To be called again after each gap that was used.
    pub fn wait_for_gap(&mut self, now: Instant, waits: bool) {
        self.gap_wanted = waits.then(|| self.gap_wanted.unwrap_or(now));
    }

    /// Whether somebody has waited for so long.
    pub(super) fn has_waited(&self, now: Instant, patience: Duration) -> bool {
        self.gap_wanted.is_some_and(|since| now.since(since) >= patience)
    }

    /// Whether the next event of this owner is given up; the radio is free for it.
    pub(super) fn gives_up(&self, now: Instant, owner: Owner) -> bool {
        // Advertising leaves gaps, or ends after 1.28 s.
        let Owner::Link(LinkId(n)) = owner else { return false };
        let connection = self.connections.get(usize::from(n)).and_then(Option::as_ref);
        self.has_waited(now, GIVES_UP) && connection.is_some_and(|connection| connection.can_miss())
    }
}
