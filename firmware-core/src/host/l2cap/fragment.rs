//! From frames to ACL fragments no longer than the controller's buffers.

use super::Frame;
use ble::hci::{ACL_MAX, AclBoundary, AclData};
use ble::queue::Queue;

/// Frames that wait for the controller, per connection.
pub const FRAMES: usize = 4;

/// Outgoing frames of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Fragmenter {
    frames: Queue<Frame, FRAMES>,
    sent: usize,
}

impl Fragmenter {
    /// Queues a frame; `None` (and the frame is dropped) when [`FRAMES`] wait. Ask
    /// [`Self::has_room`] first for what must not be lost.
    #[must_use]
    pub fn push(&mut self, frame: Frame) -> Option<()> {
        self.frames.push(frame).ok()
    }

    /// Whether another frame can be queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.frames.is_full()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The next fragment, of at most `limit` octets.
    pub fn next(&mut self, limit: usize) -> Option<(AclBoundary, AclData)> {
        let frame = self.frames.front()?;
        let rest = frame.get(self.sent..)?;
        let fragment = rest.get(..rest.len().min(limit.clamp(1, ACL_MAX)))?;
        let fragment = AclData::from_slice(fragment).ok()?;
        let boundary = if self.sent == 0 { AclBoundary::First } else { AclBoundary::Continuing };
        self.sent = self.sent.saturating_add(fragment.len());
        if self.sent >= frame.len() {
            self.frames.pop();
            self.sent = 0;
        }
        Some((boundary, fragment))
    }
}
