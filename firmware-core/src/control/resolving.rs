//! The resolving list (Vol 6, Part B, 4.7 and 6.4): whose private address is it?

use crate::link::message::LinkOrder;
use ble::address::Address;
use ble::crypto::address::resolves_by;
use ble::crypto::aes::Aes;
use ble::error::ErrorCode;
use ble::queue::Queue;
use ble::secret::Secret;

use super::outbox::Outbox;

/// Devices in the resolving list.
pub(super) const RESOLVING_LIST: usize = 8;

/// Number of private addresses that `Link` was last sent a resolution for.
const RECENT: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Device {
    identity: Address,
    peer_irk: Secret<16>,
    /// Accepts the device under its identity address too.
    device_privacy: bool,
    /// `Link` has been ordered to ignore its identity.
    ignored: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct ResolvingList {
    devices: Queue<Device, RESOLVING_LIST>,
    pub(super) enabled: bool,
    /// Resolutions sent to `Link`, to be corrected when the list changes.
    recent: Queue<(Address, Option<Address>), RECENT>,
}

impl ResolvingList {
    pub(super) fn add(&mut self, identity: Address, peer_irk: Secret<16>) -> Result<(), ErrorCode> {
        // A new device starts with network privacy.
        let new = Device { identity, peer_irk, device_privacy: false, ignored: false };
        // With the same key two identities could not be distinguished.
        let clashes = |device: &Device| {
            device.identity == identity || device.has_irk() && device.peer_irk == new.peer_irk
        };
        if !identity.is_identity() || self.devices.iter().any(clashes) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.devices.push(new).map_err(|_| ErrorCode::MEMORY_CAPACITY_EXCEEDED)
    }

    pub(super) fn remove(&mut self, out: &mut Outbox, identity: Address) -> Result<(), ErrorCode> {
        let before = self.devices.len();
        if self.devices.iter().any(|device| device.identity == identity && device.ignored) {
            out.order(LinkOrder::Heed(identity));
        }
        self.devices.retain(|device| device.identity != identity);
        if self.devices.len() == before {
            return Err(ErrorCode::UNKNOWN_CONNECTION);
        }
        Ok(())
    }

    pub(super) fn clear(&mut self, out: &mut Outbox) {
        if self.devices.iter().any(|device| device.ignored) {
            out.order(LinkOrder::HeedAll);
        }
        self.devices.clear();
    }

    pub(super) fn set_mode(&mut self, identity: Address, device: bool) -> Result<(), ErrorCode> {
        let found = self.devices.iter_mut().find(|entry| entry.identity == identity);
        found.ok_or(ErrorCode::UNKNOWN_CONNECTION)?.device_privacy = device;
        Ok(())
    }

    /// Whose the private address is, and how many AES blocks it took to find out.
    pub(super) fn resolve(&self, aes: Aes, address: Address) -> (Option<Address>, u16) {
        resolve(aes, self.enabled, &self.devices, address)
    }

    /// Whether a device must be ignored because it shows its identity address although network
    /// privacy is asked of it, whether private addresses are resolved or not.
    pub(super) fn must_hide(&self, address: Address) -> bool {
        self.devices.iter().any(|device| device.identity == address && device.must_hide())
    }

    /// Resolves an address and orders `Link` to use the result.
    pub(super) fn announce(
        &mut self,
        aes: Aes,
        out: &mut Outbox,
        rpa: Address,
    ) -> (Option<Address>, u16) {
        let (identity, blocks) = self.resolve(aes, rpa);
        self.recent.retain(|(known, _)| *known != rpa);
        self.recent.push_dropping_oldest((rpa, identity));
        out.order(LinkOrder::Resolved { rpa, identity });
        (identity, blocks)
    }

    /// The list has changed: what `Link` remembers may be wrong now.
    pub(super) fn changed(&mut self, aes: Aes, out: &mut Outbox) -> u16 {
        self.order_ignored(out);
        let mut blocks = 0_u16;
        for (rpa, known) in self.recent.iter_mut() {
            let (identity, cost) = resolve(aes, self.enabled, &self.devices, *rpa);
            blocks = blocks.saturating_add(cost);
            if core::mem::replace(known, identity) != identity {
                out.order(LinkOrder::Resolved { rpa: *rpa, identity });
            }
        }
        blocks
    }

    /// Orders `Link` to ignore identities or to heed them again. Removal from the list is handled
    /// where it happens.
    fn order_ignored(&mut self, out: &mut Outbox) {
        // LL-ADV-6: network privacy.
        for device in self.devices.iter_mut() {
            let (identity, ignored) = (device.identity, device.must_hide());
            if core::mem::replace(&mut device.ignored, ignored) != ignored {
                out.order(if ignored {
                    LinkOrder::Ignore(identity)
                } else {
                    LinkOrder::Heed(identity)
                });
            }
        }
    }
}

fn resolve(
    aes: Aes,
    enabled: bool,
    devices: &Queue<Device, RESOLVING_LIST>,
    address: Address,
) -> (Option<Address>, u16) {
    let mut blocks = 0_u16;
    if !enabled || !address.is_resolvable() {
        return (None, blocks);
    }
    for device in devices.iter().filter(|device| device.has_irk()) {
        blocks = blocks.saturating_add(1);
        if resolves_by(aes, &device.peer_irk, address) {
            return (Some(device.identity), blocks);
        }
    }
    (None, blocks)
}

impl Device {
    /// Whether it must be ignored under its identity address: network privacy is asked of it.
    fn must_hide(&self) -> bool {
        self.has_irk() && !self.device_privacy
    }

    fn has_irk(&self) -> bool {
        self.peer_irk != Secret::new([0; 16])
    }
}
