//! LL Privacy (Vol 6, Part B, 6): the resolving list, and private addresses of the device's own
//! making.
//!
//! The halves resolve peers. Own private addresses are made here, from the local IRK of the list's
//! entry for the peer, and given to the halves as their random address when an activity begins.

use std::collections::BTreeMap;

use ble::address::{Address, AddressKind};
use ble::crypto::address::resolvable;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, ScanParameters};
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use super::Endpoint;
use super::arbiter::Side;
use super::commands::Verdict;
use super::extended::OwnAddress;

/// Devices in the resolving list.
pub(super) const LIST: usize = 8;
/// Seconds after which a private address is replaced, unless the host says otherwise.
const TIMEOUT_S: u16 = 900;
/// Most that a host may say.
const TIMEOUT_MAX_S: u16 = 0x0E10;

/// One device of the resolving list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    local_irk: Secret<16>,
    peer_irk: Secret<16>,
    /// Own private address for this peer that is in use, or would be.
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
    /// Own_Address_Type 2 or 3 of the command at hand; of advertising, scanning and initiating,
    /// once a command has been carried out.
    asked: bool,
    advertising: bool,
    scanning: bool,
    initiating: bool,
    /// What was asked of advertising and scanning, for when they begin.
    advertise: Option<AdvertisingParameters>,
    scan: Option<ScanParameters>,
    /// When advertising takes a new address.
    rotate: Option<Instant>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            resolves: false,
            timeout_s: TIMEOUT_S,
            asked: false,
            advertising: false,
            scanning: false,
            initiating: false,
            advertise: None,
            scan: None,
            rotate: None,
        }
    }
}

impl Privacy {
    /// When [`Endpoint::rotate_address`] is due.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.rotate
    }

    /// Notices a peer's private address.
    pub(super) fn saw(&mut self, identity: Address, private: Address) {
        if let Some(entry) = self.entries.get_mut(&identity) {
            entry.peer = Some(private.octets);
        }
    }
}

impl Endpoint {
    /// Own_Address_Type 2 and 3 become 0 and 1, and are remembered: the waist knows no others.
    pub(super) fn without_private_type(&mut self, opcode: u16, packet: &[u8]) -> Vec<u8> {
        let mut packet = packet.to_vec();
        let offset = match opcode {
            0x2006 | 0x200B => 5,
            0x200D => 12,
            _ => return packet,
        };
        if let Some(kind) = packet.get_mut(3 + offset) {
            self.privacy.asked = matches!(*kind, 2 | 3);
            if self.privacy.asked {
                *kind &= 1;
            }
        }
        packet
    }

    /// Whether Own_Address_Type 1 or 3 has nothing to show: no random address, and with 3 no key
    /// for the peer whose address the host gives.
    pub(super) fn lacks_own(
        &self,
        own: OwnAddress,
        random: Option<[u8; 6]>,
        peer: Option<Address>,
    ) -> bool {
        let entry = peer.filter(|_| own.private).and_then(|peer| self.privacy.entries.get(&peer));
        let key = entry.is_some_and(|entry| entry.local.is_some());
        own.random && random.is_none() && !key
    }

    /// A new private address for a peer, if the list has a key for that.
    pub(super) fn private_address(&mut self, peer: Address) -> Option<[u8; 6]> {
        let prand = self.random.octets();
        let entry = self.privacy.entries.get_mut(&peer)?;
        entry.local = made_of(&entry.local_irk, prand);
        entry.local
    }

    /// A new private address of a peer, by which directed advertising names it.
    pub(super) fn target_address(&mut self, peer: Address) -> Option<Address> {
        // LL-PRIV-1: target of directed advertising.
        let prand = self.random.octets();
        let entry = self.privacy.entries.get_mut(&peer)?;
        let octets = made_of(&entry.peer_irk, prand)?;
        entry.peer = Some(octets);
        Some(Address::new(AddressKind::Random, octets))
    }

    /// Whether the command at hand has asked for a private address.
    pub(super) const fn private_is_asked(&self) -> bool {
        self.privacy.asked
    }

    /// Parameters that the controller has taken, and whether from a private address.
    pub(super) fn advertise_as_asked(&mut self, parameters: AdvertisingParameters, private: bool) {
        self.privacy.advertise = Some(parameters);
        self.privacy.advertising = private;
    }

    /// Parameters that the controller has taken, and whether from a private address.
    pub(super) fn scan_as_asked(&mut self, parameters: ScanParameters, private: bool) {
        self.privacy.scan = Some(parameters);
        self.privacy.scanning = private;
    }

    pub(super) const fn initiate_privately(&mut self, private: bool) {
        self.privacy.initiating = private;
    }

    /// Advertising takes a new address when its time has come.
    pub(super) fn rotate_from(&mut self, now: Instant) {
        let timeout = Duration::from_secs(u64::from(self.privacy.timeout_s));
        self.privacy.rotate = Some(now + timeout);
    }

    /// A private address for the first peer that has one.
    pub(super) fn private_address_for_anybody(&mut self) -> Option<[u8; 6]> {
        let peers: Vec<Address> = self.privacy.entries.keys().copied().collect();
        peers.into_iter().find_map(|peer| self.private_address(peer))
    }

    /// Before advertising begins, or goes on under new addresses: whether the own one is private.
    pub(super) fn prepare_advertising(&mut self, now: Instant) -> bool {
        self.privacy.rotate = None;
        let Some(parameters) = self.privacy.advertise.clone() else { return false };
        let private = self.privacy.advertising.then(|| self.private_address(parameters.peer));
        let private = private.flatten();
        self.halves.show_own(private);
        let directed = matches!(
            parameters.kind,
            AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty
        );
        let hides = directed && self.privacy.advertising;
        let target = hides.then(|| self.target_address(parameters.peer)).flatten();
        self.halves.show_target(target);
        if private.is_some() {
            self.rotate_from(now);
        }
        private.is_some()
    }

    /// Before scanning begins: SCAN_REQ shows the private address for the first peer that has one.
    pub(super) fn prepare_scanning(&mut self, now: Instant) {
        let Some(parameters) = self.privacy.scan.clone() else { return };
        let scanning = self.privacy.scanning;
        let private = scanning.then(|| self.private_address_for_anybody()).flatten();
        self.halves.scan_as(private);
        let _ = self.ask(now, Side::Central, Command::LeSetScanParameters { parameters });
    }

    /// Before initiating begins.
    pub(super) fn prepare_initiating(&mut self, peer: Option<Address>) {
        // LL-PRIV-3: whichever listed device is found, it sees the address for it.
        let listed: Vec<_> = match peer {
            _ if !self.privacy.initiating => Vec::new(),
            Some(peer) => vec![peer],
            None => self.privacy.entries.keys().copied().collect(),
        };
        let mut each = Vec::new();
        for peer in listed {
            each.extend(self.private_address(peer).map(|octets| (peer, octets)));
        }
        self.halves.connect_as(each);
    }

    /// Advertising goes on under a new private address.
    pub(super) fn rotate_address(&mut self, now: Instant) {
        if self.privacy.rotate.is_none_or(|at| now < at) {
            return;
        }
        self.privacy.rotate = None;
        let peer = self.privacy.advertise.as_ref().map(|parameters| parameters.peer);
        // A key that has gone leaves the address as it is: the identity is not shown for that.
        if self.halves.is_advertising()
            && peer.is_some_and(|peer| self.private_address(peer).is_some())
        {
            let _ = self.prepare_advertising(now);
            let goes_on = Command::LeSetAdvertisingEnable { enable: true };
            let _ = self.ask(now, Side::Peripheral, goes_on);
        }
        self.rotate_set(now);
    }

    /// Commands of the resolving list.
    pub(super) fn privacy_command(&mut self, now: Instant, command: Command) -> Option<Verdict> {
        let listing = self.privacy.resolves && self.is_active();
        Some(match command {
            Command::LeAddToResolvingList { .. }
            | Command::LeRemoveFromResolvingList { .. }
            | Command::LeClearResolvingList
                if listing =>
            {
                Err(ErrorCode::COMMAND_DISALLOWED)
            }
            Command::LeSetAddressResolutionEnable { .. } | Command::LeSetPrivacyMode { .. }
                if self.is_active() =>
            {
                Err(ErrorCode::COMMAND_DISALLOWED)
            }
            Command::LeAddToResolvingList { identity, ref peer_irk, ref local_irk } => {
                let keys = [peer_irk.clone(), local_irk.clone()];
                self.add(now, identity, keys, command)
            }
            Command::LeRemoveFromResolvingList { identity } => {
                match self.privacy.entries.remove(&identity) {
                    Some(_) => self.both(now, command),
                    None => Err(ErrorCode::UNKNOWN_CONNECTION),
                }
            }
            Command::LeClearResolvingList => {
                self.privacy.entries.clear();
                self.both(now, command)
            }
            Command::LeSetAddressResolutionEnable { enable } => {
                self.privacy.resolves = enable;
                self.both(now, command)
            }
            Command::LeSetPrivacyMode { identity, .. } => {
                if self.privacy.entries.contains_key(&identity) {
                    self.both(now, command)
                } else {
                    Err(ErrorCode::UNKNOWN_CONNECTION)
                }
            }
            _ => return None,
        })
    }

    fn add(
        &mut self,
        now: Instant,
        identity: Address,
        [peer_irk, local_irk]: [Secret<16>; 2],
        command: Command,
    ) -> Verdict {
        if self.privacy.entries.contains_key(&identity) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        if self.privacy.entries.len() >= LIST {
            return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
        }
        // Addresses that are as good as any before one has been on air.
        let (local, peer) = (self.random.octets(), self.random.octets());
        let (local, peer) = (made_of(&local_irk, local), made_of(&peer_irk, peer));
        let done = self.both(now, command)?;
        self.privacy.entries.insert(identity, Entry { local_irk, peer_irk, local, peer });
        Ok(done)
    }

    /// LE Set Resolvable Private Address Timeout.
    pub(super) fn set_timeout(&mut self, parameters: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let seconds = parameters.try_into().map(u16::from_le_bytes).unwrap_or(0);
        if !(1..=TIMEOUT_MAX_S).contains(&seconds) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.privacy.timeout_s = seconds;
        Ok(Vec::new())
    }

    /// LE Read Peer (or Local) Resolvable Address; zeros where there is no key.
    pub(super) fn read_private(
        &self,
        parameters: &[u8],
        local: bool,
    ) -> Result<Vec<u8>, ErrorCode> {
        let (Some((kind, octets)), 7) = (parameters.split_first(), parameters.len()) else {
            return Err(ErrorCode::INVALID_PARAMETERS);
        };
        let kind = match kind {
            0 => AddressKind::Public,
            1 => AddressKind::Random,
            _ => return Err(ErrorCode::INVALID_PARAMETERS),
        };
        let octets = octets.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)?;
        let entry = self.privacy.entries.get(&Address::new(kind, octets));
        let entry = entry.ok_or(ErrorCode::UNKNOWN_CONNECTION)?;
        let address = if local { entry.local } else { entry.peer };
        Ok(address.unwrap_or_default().to_vec())
    }
}

/// A private address of this key, unless there is none.
fn made_of(irk: &Secret<16>, prand: [u8; 3]) -> Option<[u8; 6]> {
    (*irk != Secret::new([0; 16])).then(|| resolvable(irk, prand).octets)
}
