//! LL Privacy: which peers must not use their identity, and when this device uses private
//! addresses, by the commands of its host.

use ble::address::Address;
use ble::crypto::address::resolves;
use ble::hci::Command;
use ble::secret::Secret;
use bletwin_rules::advertising::LL_ADV_6;
use bletwin_rules::privacy::{LL_PRIV_1, LL_PRIV_2, LL_PRIV_3, LL_PRIV_4};

/// A device of the resolving list.
#[derive(Clone)]
struct Device {
    identity: Address,
    /// All zeros: none.
    peer_irk: Secret<16>,
    local_irk: Secret<16>,
    device_privacy: bool,
}

/// Activities that Own_Address_Type 2 or 3 makes private.
#[derive(Clone, Copy, Default)]
struct Private {
    advertising: bool,
    initiating: bool,
}

/// The resolving list of one controller, and its uses.
#[derive(Clone, Default)]
pub(super) struct Resolving {
    devices: Vec<Device>,
    enabled: bool,
    private: Private,
}

/// The broken rule and how, if any.
type Wrong = Option<(&'static str, String)>;

/// Commands whose typed form lacks Own_Address_Type, and its offset.
const OWN_ADDRESS_TYPES: [(u16, usize); 2] = [(0x2006, 5), (0x200D, 12)];

impl Resolving {
    /// A command as octets of H4, which comes before its typed form.
    pub(super) fn octets(&mut self, h4: &[u8]) {
        let [1, low, high, _, parameters @ ..] = h4 else { return };
        let opcode = u16::from_le_bytes([*low, *high]);
        let place = OWN_ADDRESS_TYPES.iter().find(|(wanted, _)| *wanted == opcode);
        let own = place.and_then(|(_, at)| parameters.get(*at));
        let private = matches!(own, Some(2 | 3));
        match opcode {
            0x2006 => self.private.advertising = private,
            0x200D => self.private.initiating = private,
            _ => {}
        }
    }

    /// A command that the controller is taken to obey.
    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::LeAddToResolvingList { identity, peer_irk, local_irk }
                if self.device(*identity).is_none() =>
            {
                self.devices.push(Device {
                    identity: *identity,
                    peer_irk: peer_irk.clone(),
                    local_irk: local_irk.clone(),
                    device_privacy: false,
                });
            }
            Command::LeRemoveFromResolvingList { identity } => {
                self.devices.retain(|device| device.identity != *identity);
            }
            Command::LeClearResolvingList => self.devices.clear(),
            Command::LeSetAddressResolutionEnable { enable } => self.enabled = *enable,
            Command::LeSetPrivacyMode { identity, device_privacy } => {
                for device in &mut self.devices {
                    if device.identity == *identity {
                        device.device_privacy = *device_privacy;
                    }
                }
            }
            _ => {}
        }
    }

    fn device(&self, identity: Address) -> Option<&Device> {
        self.devices.iter().find(|device| device.identity == identity)
    }

    /// Whether advertising for this peer is from this private address.
    pub(super) fn advertises_as(&self, peer: Address, own: Address) -> bool {
        let key = self.device(peer).filter(|_| self.private.advertising);
        key.is_some_and(|device| has(&device.local_irk) && resolves(&device.local_irk, own))
    }

    /// The fault of an answer to this device, if any. While address resolution is disabled no fault
    /// is found: stacks differ on what network privacy demands then.
    pub(super) fn served(&self, peer: Address) -> Wrong {
        let hidden = self.device(peer).is_some_and(|d| has(&d.peer_irk) && !d.device_privacy);
        let wrong = self.enabled && hidden;
        wrong.then(|| (LL_ADV_6.id, format!("answers the identity {peer}, which ought to hide")))
    }

    /// The fault of directed advertising for this peer with this target, if any.
    pub(super) fn calls(&self, peer: Address, target: Address) -> Wrong {
        let keyed = self.device(peer).is_some_and(|device| has(&device.peer_irk));
        (self.private.advertising && keyed && target == peer)
            .then(|| (LL_PRIV_1.id, format!("names its target by the identity {target}")))
    }

    /// The fault of accepting an initiator when `target`, an address of `peer`, was addressed, if
    /// any.
    pub(super) fn accepts(&self, peer: Address, target: Address, initiator: Address) -> Wrong {
        // A host that makes private addresses itself names one of them.
        let is_peer = |device: &&Device| {
            device.identity == peer || has(&device.peer_irk) && resolves(&device.peer_irk, peer)
        };
        let device = self.devices.iter().find(is_peer);
        let key = device.map(|device| &device.peer_irk).filter(|irk| has(irk));
        let meant = initiator == target
            || initiator == peer
            || device.is_some_and(|device| device.identity == initiator)
            || key.is_some_and(|irk| resolves(irk, initiator));
        (!meant).then(|| (LL_PRIV_2.id, format!("lets {initiator} in, and has called {target}")))
    }

    /// The fault of an initiator's address towards this advertiser, which has addressed `target` if
    /// its advertising is directed. Local addresses that need the key of an unresolved peer are not
    /// judged.
    pub(super) fn initiates(
        &self,
        initiator: Address,
        advertiser: Address,
        target: Option<Address>,
    ) -> Wrong {
        if !self.private.initiating {
            return None;
        }
        let hides = initiator.is_resolvable();
        if let Some(target) = target.filter(|target| hides && target.is_identity()) {
            return Some((LL_PRIV_4.id, format!("answers to the identity {target}")));
        }
        let is_it = |device: &&Device| {
            device.identity == advertiser
                || has(&device.peer_irk) && resolves(&device.peer_irk, advertiser)
        };
        let entry = self.devices.iter().find(is_it);
        let keyed = entry.is_some_and(|device| has(&device.local_irk));
        (self.enabled && keyed && !hides)
            .then(|| (LL_PRIV_3.id, format!("shows {initiator}, and has a private address for it")))
    }
}

fn has(irk: &Secret<16>) -> bool {
    *irk != Secret::new([0; 16])
}
