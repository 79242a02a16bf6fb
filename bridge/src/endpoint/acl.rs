//! Data from the host, and its credits.

use ble::hci::Return;
use ble::hci::codec::parse_acl;
use ble::time::Instant;
use bletwin_sim::record::Note;

use super::Endpoint;
use super::commands::{Reply, Verdict};

/// ACL packets that a half always has room for.
const BUFFERS: u8 = 4;
/// Event code, bit in the event mask and link type of Data Buffer Overflow.
const OVERFLOW: (u8, u32, u8) = (0x1A, 25, 0x01);

impl Endpoint {
    /// ACL packets that the host may have outstanding, over all connections.
    fn buffers(&self) -> u8 {
        self.config.acl_buffers.clamp(1, BUFFERS)
    }

    pub(super) fn read_buffer_size(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Waist(Return::BufferSize { length: 251, count: self.buffers() }))
    }

    /// Malformed data and data for a former connection are ignored; data beyond the credits are
    /// dropped, and the host is notified.
    pub(super) fn acl(&mut self, now: Instant, packet: &[u8]) {
        let Ok(acl) = parse_acl(packet) else { return };
        if !self.connections.contain(acl.handle) {
            return;
        }
        if self.connections.outstanding() >= u32::from(self.buffers()) {
            let (code, bit, link_type) = OVERFLOW;
            if self.masks.classic(bit) {
                self.raw_event(code, &[link_type]);
            }
            return;
        }
        if !acl.data.is_empty() {
            self.connections.given(acl.handle);
        }
        self.note(Note::AclOut(acl.clone()));
        self.halves.acl(now, acl);
    }
}
