//! The radio operation under way, and which events belong to it.

use ble::phy::{Coding, Phy, T_IFS_US};
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent};
use ble::time::{Duration, Instant};

/// T_IFS: 150 µs from the end of a packet to the start of its answer.
pub(super) const T_IFS: Duration = Duration::from_us(T_IFS_US as u64);

/// By how much the times of an event may disagree with those of the command: rounding between
/// clocks and the jitter of the sleep clock. Leftovers of cancelled operations are further off.
const SLACK: Duration = Duration::from_us(50);

/// How long after its latest conceivable end an operation is given up. A radio always answers,
/// except to a reply that was ordered too late.
const PATIENCE: Duration = Duration::from_us(500);

/// The latest radio command, as far as its events depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    /// Nothing: every event is a leftover.
    Idle,
    /// Listening for a packet that starts in `from..=until`.
    Listening { from: Instant, until: Instant, phy: Phy },
    /// Sending a packet that starts at `from` and ends at `until`.
    Sending { from: Instant, until: Instant, then: AfterTransmit },
    /// Listening after a transmission that ended at `from`.
    Awaiting { from: Instant, phy: Phy },
}

impl Operation {
    /// What `command`, given at `now`, starts.
    pub(super) fn of(now: Instant, command: &RadioCommand) -> Self {
        match command {
            RadioCommand::Transmit { at, phy, pdu, then, .. } => {
                let until = *at + phy.air_time(pdu.payload_len());
                Self::Sending { from: *at, until, then: *then }
            }
            RadioCommand::Reply { phy, pdu, then, .. } => {
                let until = now + T_IFS + phy.air_time(pdu.payload_len());
                Self::Sending { from: now, until, then: *then }
            }
            RadioCommand::Receive { from, until, receiver, .. } => {
                Self::Listening { from: *from, until: *until, phy: receiver.phy }
            }
            RadioCommand::Stop => Self::Idle,
        }
    }

    /// Whether `event` can be what this operation leads to next.
    pub(super) fn expects(&self, now: Instant, event: &RadioEvent) -> bool {
        let (first, last) = match event {
            RadioEvent::Transmitted { start, end } | RadioEvent::Received { start, end, .. } => {
                (*start, *end)
            }
            RadioEvent::Missed { at } => (*at, *at),
        };
        let (from, until) = match (self, event) {
            (Self::Listening { from, until, .. }, RadioEvent::Received { .. }) => (*from, *until),
            (Self::Listening { from, .. }, RadioEvent::Missed { .. })
            | (
                Self::Awaiting { from, .. },
                RadioEvent::Received { .. } | RadioEvent::Missed { .. },
            )
            | (Self::Sending { from, .. }, RadioEvent::Transmitted { .. }) => (*from, Instant::MAX),
            _ => return false,
        };
        from <= first + SLACK && first <= until + SLACK && first <= last && last <= now + SLACK
    }

    /// Advances to the operation that follows `event`.
    pub(super) fn advance(&mut self, event: &RadioEvent) {
        *self = match (*self, event) {
            (
                Self::Sending { then: AfterTransmit::Receive(receiver), .. },
                RadioEvent::Transmitted { end, .. },
            ) => Self::Awaiting { from: *end, phy: receiver.phy },
            _ => Self::Idle,
        };
    }

    /// When an operation without an answer is given up.
    pub(super) fn overdue(&self) -> Option<Instant> {
        let end = match *self {
            Self::Idle => return None,
            Self::Listening { until, phy, .. } => until + longest(phy),
            Self::Sending { until, .. } => until,
            Self::Awaiting { from, phy } => from + T_IFS + longest(phy),
        };
        Some(end + PATIENCE)
    }
}

/// Air time of the longest packet.
const fn longest(phy: Phy) -> Duration {
    phy.sent_with(Coding::S8).air_time(255)
}

/// Air time of the shortest packet.
pub(super) const fn shortest(phy: Phy) -> Duration {
    phy.sent_with(Coding::S2).air_time(0)
}
