//! Attributes of bonded peripherals, kept from connection to connection (Vol 3, Part G, 2.5.2).

use ble::time::Instant;

use super::CentralHost;
use super::config::{Caching, Step};
use super::connection::HostConnection;
use super::gatt::Database;

/// Maximum number of rediscoveries on one connection.
const RENEWALS_MAX: u8 = 4;

/// The cached attributes of a bonded peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Cache {
    /// The discovered attributes.
    pub database: Database,
    /// Its Database Hash, where that was read: least significant octet first.
    pub hash: Option<Vec<u8>>,
}

impl HostConnection {
    /// The discovered attributes are void: everything from the discovery on must be repeated.
    /// `false`: too many repetitions.
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
    /// Stores the discovered attributes, if there is a bond.
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

    /// The peripheral may just have indicated that its attributes have changed.
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
        // Steps that have failed with old handles are repeated.
        self.status.refused = 0;
    }
}
