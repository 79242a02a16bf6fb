//! What nodes say of a connection in which nothing happens, so that a world need not play it; see
//! [`World::leap`](crate::world::World::leap).

use ble::hci::Role;
use ble::time::{Duration, Instant};

/// A connection between two of its events, as one of its ends has it: nothing is queued, nothing is
/// under way but what waits for its time, and no event does more than count. Times are by the
/// node's sleep clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// It tells which two nodes are the ends of one connection.
    pub access_address: u32,
    /// Of this end.
    pub role: Role,
    /// connInterval. Peripheral latency is not used.
    pub interval: Duration,
    /// Anchor point of the next event.
    pub anchor: Instant,
    /// When this node has something else to do than the next event. The supervision timer does not
    /// count: events set it back.
    pub until: Option<Instant>,
}
