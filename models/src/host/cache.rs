//! Attributes of bonded peripherals, kept from connection to connection (Vol 3, Part G, 2.5.2).

use ble::time::Instant;

use super::CentralHost;
use super::config::{Caching, Step};
use super::connection::HostConnection;
use super::gatt::Database;

/// So often a connection begins anew at most, whatever its peripheral says.
const RENEWALS_MAX: u8 = 4;

/// What a host keeps of a bonded peripheral's attributes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Cache {
    /// What was discovered.
    pub database: Database,
    /// Its Database Hash, where that was read: least significant octet first.
    pub hash: Option<Vec<u8>>,
}

impl HostConnection {
    /// What was discovered means nothing any more: everything from the discovery on is to be done
    /// again. `false`: not once more.
    pub(super) fn renew(&mut self) -> bool {
        let may = self.renewed < RENEWALS_MAX && !self.closing;
        if may {
            self.client.distrust();
            self.renewed += 1;
            self.renews = true;
        }
        may
    }
}

impl CentralHost {
    /// Keeps what was discovered, if it is with a bond.
    pub(super) fn keep_attributes(&mut self) {
        let Some(connection) = self.connection.as_ref() else { return };
        let (peer, known) = (connection.peer, connection.client.cache());
        if self.config.caching == Caching::None {
            return;
        }
        if let Some(bond) = self.bonds.iter_mut().find(|bond| bond.is_with(peer)) {
            bond.cache = known;
        }
    }

    /// The peripheral may just have told that its attributes are others.
    // GATT-SYNC-3: what has changed is discovered anew.
    pub(super) fn attributes_changed(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else { return };
        if !connection.client.was_told() || !connection.renew() {
            return;
        }
        // What waits for time waits for nothing that has to come first.
        connection.running.take_if(|running| running.until().is_some());
        self.note("The attributes are others now");
        self.advance(now);
    }

    /// Begins with the discovery again, once nothing is under way.
    pub(super) fn renew_if_due(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if !connection.renews || connection.running.is_some() {
            return;
        }
        connection.renews = false;
        let steps = self.config.steps.iter().cloned();
        connection.steps = steps.skip_while(|step| *step != Step::Discover).collect();
        // What has failed by old handles is done again.
        self.status.refused = 0;
    }
}
