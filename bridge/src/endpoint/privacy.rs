//! LL Privacy (Vol 6, Part B, 6): the resolving list, and private addresses that the device
//! generates.
//!
//! The halves resolve peers. Local private addresses are generated here, from the local IRK of the
//! list's entry for the peer, and given to the halves as their random address when an activity
//! begins.

use std::collections::BTreeMap;

use ble::address::{Address, AddressKind};
use ble::crypto::address::resolvable;
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::random::Stream;
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use super::Endpoint;
use super::commands::{Call, GRANTED, Parsed, Reply, Verdict};

/// Devices in the resolving list.
const LIST: usize = 8;
/// Seconds after which a private address is replaced, unless the host says otherwise.
const TIMEOUT_S: u16 = 900;
/// Most that a host may say.
const TIMEOUT_MAX_S: u16 = 0x0E10;

/// Own_Address_Type of commands that advertise, scan or initiate, 0–3, in two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct OwnAddress {
    pub(super) random: bool,
    /// From the resolving list, where it has a key.
    pub(super) private: bool,
}

/// One device of the resolving list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    local_irk: Secret<16>,
    peer_irk: Secret<16>,
    /// Local private address for this peer, in use or ready.
    local: Option<[u8; 6]>,
    /// The peer's private address that was seen last; one of its key before that.
    peer: Option<[u8; 6]>,
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Privacy {
    entries: BTreeMap<Address, Entry>,
    resolves: bool,
    timeout_s: u16,
    /// When advertising takes a new address.
    rotate: Option<Instant>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), resolves: false, timeout_s: TIMEOUT_S, rotate: None }
    }
}

impl Privacy {
    /// When [`Self::rotates`] will hold.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.rotate
    }

    /// Whether it is time for a new address; that is said once.
    pub(super) fn rotates(&mut self, now: Instant) -> bool {
        self.rotate.take_if(|at| *at <= now).is_some()
    }

    /// Advertising begins, from a private address or not: an expired address is replaced.
    pub(super) fn advertises(&mut self, now: Instant, private: bool) {
        let timeout = Duration::from_secs(u64::from(self.timeout_s));
        self.rotate = private.then(|| now + timeout);
    }

    /// Notices a peer's private address.
    pub(super) fn saw(&mut self, identity: Address, private: Address) {
        if let Some(entry) = self.entries.get_mut(&identity) {
            entry.peer = Some(private.octets);
        }
    }

    /// Whether Own_Address_Type 1 or 3 has nothing to show: no random address, and with 3 no key
    /// for the peer whose address the host gives.
    pub(super) fn lacks_own(
        &self,
        own: OwnAddress,
        random: Option<[u8; 6]>,
        peer: Option<Address>,
    ) -> bool {
        let entry = peer.filter(|_| own.private).and_then(|peer| self.entries.get(&peer));
        let key = entry.is_some_and(|entry| entry.local.is_some());
        own.random && random.is_none() && !key
    }

    /// A new private address for a peer, if the list has a key for that.
    pub(super) fn own_for(&mut self, random: &mut Stream, peer: Address) -> Option<[u8; 6]> {
        let prand = random.octets();
        let entry = self.entries.get_mut(&peer)?;
        entry.local = made_of(&entry.local_irk, prand);
        entry.local
    }

    /// A new private address for the first peer that has one.
    pub(super) fn own_for_anybody(&mut self, random: &mut Stream) -> Option<[u8; 6]> {
        self.listed().into_iter().find_map(|peer| self.own_for(random, peer))
    }

    /// A new private address for each of these peers that has one.
    pub(super) fn own_for_each(
        &mut self,
        random: &mut Stream,
        peers: Vec<Address>,
    ) -> Vec<(Address, [u8; 6])> {
        let own = |peer| self.own_for(random, peer).map(|octets| (peer, octets));
        peers.into_iter().filter_map(own).collect()
    }

    /// The identities of the list.
    pub(super) fn listed(&self) -> Vec<Address> {
        self.entries.keys().copied().collect()
    }

    /// A new private address of a peer, by which directed advertising names it.
    pub(super) fn target(&mut self, random: &mut Stream, peer: Address) -> Option<Address> {
        // LL-PRIV-1: target of directed advertising.
        let prand = random.octets();
        let entry = self.entries.get_mut(&peer)?;
        let octets = made_of(&entry.peer_irk, prand)?;
        entry.peer = Some(octets);
        Some(Address::new(AddressKind::Random, octets))
    }
}

/// Of LE Read Peer (or Local) Resolvable Address: an identity.
pub(super) fn identity(call: &Call<'_>) -> Parsed<Address> {
    let (kind, octets) = call.parameters.split_first().ok_or(ErrorCode::INVALID_PARAMETERS)?;
    let kind = match kind {
        0 => AddressKind::Public,
        1 => AddressKind::Random,
        _ => return Err(ErrorCode::INVALID_PARAMETERS),
    };
    let octets = octets.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)?;
    Ok(Address::new(kind, octets))
}

/// Of LE Set Resolvable Private Address Timeout: seconds.
pub(super) fn timeout(call: &Call<'_>) -> Parsed<u16> {
    let seconds = call.parameters.try_into().map(u16::from_le_bytes).unwrap_or(0);
    if (1..=TIMEOUT_MAX_S).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(ErrorCode::INVALID_PARAMETERS)
    }
}

impl Endpoint {
    pub(super) fn read_resolving_list_size(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(vec![LIST as u8]))
    }

    pub(super) fn add_to_resolving_list(
        &mut self,
        now: Instant,
        identity: Address,
        peer_irk: Secret<16>,
        local_irk: Secret<16>,
    ) -> Verdict {
        self.list_may_change()?;
        if self.privacy.entries.contains_key(&identity) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        if self.privacy.entries.len() >= LIST {
            return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
        }
        // Addresses that are as good as any before one has been on air.
        let (local, peer) = (self.random.octets(), self.random.octets());
        let (local, peer) = (made_of(&local_irk, local), made_of(&peer_irk, peer));
        let keys = (peer_irk.clone(), local_irk.clone());
        let command =
            Command::LeAddToResolvingList { identity, peer_irk: keys.0, local_irk: keys.1 };
        let done = self.halves.both(now, command)?;
        self.privacy.entries.insert(identity, Entry { local_irk, peer_irk, local, peer });
        Ok(Reply::Waist(done))
    }

    pub(super) fn remove_from_resolving_list(
        &mut self,
        now: Instant,
        identity: Address,
    ) -> Verdict {
        self.list_may_change()?;
        self.privacy.entries.remove(&identity).ok_or(ErrorCode::UNKNOWN_CONNECTION)?;
        let command = Command::LeRemoveFromResolvingList { identity };
        self.halves.both(now, command).map(Reply::Waist)
    }

    pub(super) fn clear_resolving_list(&mut self, now: Instant) -> Verdict {
        self.list_may_change()?;
        self.privacy.entries.clear();
        self.halves.both(now, Command::LeClearResolvingList).map(Reply::Waist)
    }

    /// The list does not change while it is in use.
    fn list_may_change(&self) -> Result<(), ErrorCode> {
        if self.privacy.resolves { self.only_while_idle() } else { Ok(()) }
    }

    pub(super) fn set_address_resolution(&mut self, now: Instant, enable: bool) -> Verdict {
        self.only_while_idle()?;
        self.privacy.resolves = enable;
        let command = Command::LeSetAddressResolutionEnable { enable };
        self.halves.both(now, command).map(Reply::Waist)
    }

    pub(super) fn set_privacy_mode(
        &mut self,
        now: Instant,
        identity: Address,
        device_privacy: bool,
    ) -> Verdict {
        self.only_while_idle()?;
        if !self.privacy.entries.contains_key(&identity) {
            return Err(ErrorCode::UNKNOWN_CONNECTION);
        }
        let command = Command::LeSetPrivacyMode { identity, device_privacy };
        self.halves.both(now, command).map(Reply::Waist)
    }

    pub(super) fn set_private_timeout(&mut self, _: Instant, seconds: u16) -> Verdict {
        self.privacy.timeout_s = seconds;
        GRANTED
    }

    /// Zeros where there is no key.
    pub(super) fn read_own_private(&mut self, _: Instant, identity: Address) -> Verdict {
        let entry = self.privacy.entries.get(&identity).ok_or(ErrorCode::UNKNOWN_CONNECTION)?;
        Ok(Reply::Octets(entry.local.unwrap_or_default().to_vec()))
    }

    /// Zeros where there is no key.
    pub(super) fn read_peer_private(&mut self, _: Instant, identity: Address) -> Verdict {
        let entry = self.privacy.entries.get(&identity).ok_or(ErrorCode::UNKNOWN_CONNECTION)?;
        Ok(Reply::Octets(entry.peer.unwrap_or_default().to_vec()))
    }
}

/// A private address of this key, unless there is none.
fn made_of(irk: &Secret<16>, prand: [u8; 3]) -> Option<[u8; 6]> {
    (*irk != Secret::new([0; 16])).then(|| resolvable(irk, prand).octets)
}
