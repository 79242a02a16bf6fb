//! A connection in which nothing happens; see [`bletwin_sim::leap`].

use ble::hci::Role;
use ble::time::Instant;
use bletwin_sim::leap::Idle;

use super::{Activity, CentralController};

impl CentralController {
    /// The only connection, if it is all that this controller has to do, it is between two events,
    /// and no coming event does anything but count.
    #[must_use]
    pub fn idle(&self) -> Option<Idle> {
        let free = self.activity == Activity::Idle && self.shared.has_no_output();
        let scans = self.scanner.scanning() || self.scanner.initiating.is_some();
        let mut links = self.links.iter().flatten();
        let only = links.next().filter(|_| free && !scans && links.next().is_none())?;
        let mut rests = only.counts_only(&self.shared.config);
        self.armed(&mut |armed| rests &= armed.what.only_waits());
        rests.then(|| Idle {
            access_address: only.link.access_address,
            role: Role::Central,
            interval: only.link.parameters.interval(),
            anchor: only.link.anchor,
            until: Instant::earlier(self.scanner.deadline(), only.other_deadline()),
        })
    }

    /// The next `events` events of the [idle](Self::idle) connection, an even number, are over:
    /// Empty PDUs, all of which arrived.
    pub fn leap(&mut self, events: u16) {
        self.links.iter_mut().flatten().for_each(|served| served.link.leap(events));
    }
}
