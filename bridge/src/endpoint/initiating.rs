//! Connections as central: LE Create Connection (Vol 4, Part E, 7.8.12), and the part that it
//! shares with the extended command.

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{Command, CreateConnection};
use ble::time::Instant;

use super::Endpoint;
use super::arbiter::Side;
use super::commands::{Reply, Verdict};
use super::privacy::OwnAddress;

/// The requested initiating.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Initiating {
    /// To connect to any device of the accept list.
    from_list: bool,
}

impl Initiating {
    /// Whether it looks at the accept list.
    pub(super) const fn filters(&self) -> bool {
        self.from_list
    }
}

impl Endpoint {
    pub(super) fn create_connection(
        &mut self,
        now: Instant,
        request: CreateConnection,
        private: bool,
    ) -> Verdict {
        self.initiate(OwnAddress { random: request.own_address_random, private }, request.peer)?;
        self.halves.command(now, Side::Central, Command::LeCreateConnection { request });
        Ok(Reply::Half(Side::Central))
    }

    /// Before a connection is made, to this peer or to any of the accept list: whether it may be,
    /// and from which addresses.
    pub(super) fn initiate(
        &mut self,
        own: OwnAddress,
        peer: Option<Address>,
    ) -> Result<(), ErrorCode> {
        if self.halves.is_initiating() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        if self.privacy.lacks_own(own, self.settings.random_address(), peer) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        if peer.is_some_and(|peer| self.connections.reach(peer)) {
            return Err(ErrorCode::CONNECTION_ALREADY_EXISTS);
        }
        self.initiating.from_list = peer.is_none();
        // LL-PRIV-3: whichever listed device is found, it sees the address for it.
        let peers = match peer {
            _ if !own.private => Vec::new(),
            Some(peer) => vec![peer],
            None => self.privacy.listed(),
        };
        self.halves.connect_as(self.privacy.own_for_each(&mut self.random, peers));
        Ok(())
    }
}
