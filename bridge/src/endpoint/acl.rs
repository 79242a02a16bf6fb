//! Data from the host, and its credits.

use ble::hci::codec::parse_acl;
use ble::time::Instant;
use bletwin_sim::record::Note;

use super::Endpoint;

/// ACL packets that a half always has room for.
const BUFFERS: u8 = 4;
/// Event code, bit in the event mask and link type of Data Buffer Overflow.
const OVERFLOW: (u8, u32, u8) = (0x1A, 25, 0x01);

impl Endpoint {
    /// ACL packets that the host may have outstanding, over all connections.
    pub(super) fn buffers(&self) -> u8 {
        self.config.acl_buffers.clamp(1, BUFFERS)
    }

    /// Malformed data and data for a connection that is gone are ignored; beyond the credits they
    /// are dropped and the host is told.
    pub(super) fn acl(&mut self, now: Instant, packet: &[u8]) {
        let Ok(acl) = parse_acl(packet) else { return };
        let outstanding: u32 =
            self.connections.values().map(|known| u32::from(known.outstanding)).sum();
        let buffers = u32::from(self.buffers());
        let Some(known) = self.connections.get_mut(&acl.handle.0) else { return };
        if outstanding >= buffers {
            let (code, bit, link_type) = OVERFLOW;
            if self.settings.masks.classic(bit) {
                self.raw_event(code, &[link_type]);
            }
            return;
        }
        if !acl.data.is_empty() {
            known.outstanding = known.outstanding.saturating_add(1);
        }
        self.note(Note::AclOut(acl.clone()));
        self.halves.acl(now, acl);
    }
}
