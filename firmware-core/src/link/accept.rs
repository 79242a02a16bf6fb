//! Who may scan and connect: the filter accept list, and identities behind private addresses
//! (Vol 6, Part B, 4.3.2 and 6.2).

use super::message::ACCEPT_LIST_MAX;
use ble::address::Address;
use ble::queue::Queue;

/// Private addresses whose owner is remembered.
const CACHE: usize = 8;

/// Devices of the resolving list.
const IGNORED_MAX: usize = 8;

/// A peer, as far as it can be identified within T_IFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Known: by the address on air, or the identity that it was resolved to.
    Known { address: Address, identity: Option<Address> },
    /// A private address that no key of the resolving list resolves.
    Stranger,
    /// A private address that `Control` has not tried to resolve yet.
    Unresolved,
}

/// The filter accept list and the cache of resolved addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct AcceptList {
    devices: heapless::Vec<Address, ACCEPT_LIST_MAX>,
    resolved: Queue<(Address, Option<Address>), CACHE>,
    /// Identities that must not be shown.
    ignored: heapless::Vec<Address, IGNORED_MAX>,
}

impl AcceptList {
    pub(super) fn clear(&mut self) {
        self.devices.clear();
    }

    /// Adds a device; `false`: there are [`ACCEPT_LIST_MAX`] others.
    #[must_use]
    pub(super) fn add(&mut self, device: Address) -> bool {
        self.devices.contains(&device) || self.devices.push(device).is_ok()
    }

    pub(super) fn remove(&mut self, device: Address) {
        self.devices.retain(|d| *d != device);
    }

    pub(super) fn contains(&self, device: Address) -> bool {
        self.devices.contains(&device)
    }

    /// Ignores what shows this identity; `false`: there are [`IGNORED_MAX`] others.
    #[must_use]
    pub(super) fn ignore(&mut self, identity: Address) -> bool {
        self.ignores(identity) || self.ignored.push(identity).is_ok()
    }

    pub(super) fn heed(&mut self, identity: Address) {
        self.ignored.retain(|ignored| *ignored != identity);
    }

    pub(super) fn heed_all(&mut self) {
        self.ignored.clear();
    }

    /// Whether a device shows an identity that it must hide.
    pub(super) fn ignores(&self, address: Address) -> bool {
        self.ignored.contains(&address)
    }

    /// Remembers whose private address `rpa` is; the oldest is forgotten for it.
    pub(super) fn remember(&mut self, rpa: Address, identity: Option<Address>) {
        self.resolved.retain(|(known, _)| *known != rpa);
        self.resolved.push_dropping_oldest((rpa, identity));
    }

    /// Who uses `address` on air; private addresses are looked up if `resolve`.
    pub(super) fn identify(&self, address: Address, resolve: bool) -> Peer {
        // LL-ADV-5: filter accept list.
        if !(resolve && address.is_resolvable()) {
            return Peer::Known { address, identity: None };
        }
        match self.resolved.iter().find(|(known, _)| *known == address) {
            Some(&(_, Some(identity))) => Peer::Known { address, identity: Some(identity) },
            Some((_, None)) => Peer::Stranger,
            None => Peer::Unresolved,
        }
    }
}
