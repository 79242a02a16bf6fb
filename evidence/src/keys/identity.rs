//! Who is behind private addresses: identity resolving keys, and the addresses that belong to them.

use ble::address::Address;
use ble::crypto::address::resolves;
use ble::secret::Secret;

/// An identity resolving key, and the address that it stands for, if that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) irk: Secret<16>,
    pub(crate) address: Option<Address>,
    /// Whether the user gave it.
    pub(crate) given: bool,
}

impl Identity {
    /// Whether this device has the address.
    pub(crate) fn has(&self, address: Address) -> bool {
        self.address == Some(address) || resolves(&self.irk, address)
    }
}

/// What one side of a pairing tells of itself: first its key, then its address.
#[derive(Default)]
pub(crate) struct Told {
    irk: Option<Secret<16>>,
}

impl Told {
    /// An SMP command; what it completes.
    pub(crate) fn command(&mut self, pdu: &[u8]) -> Option<Identity> {
        match pdu {
            // Identity Information.
            [0x08, irk @ ..] => {
                let irk = Secret::new(<[u8; 16]>::try_from(irk).ok()?);
                self.irk = Some(irk.clone());
                Some(Identity { irk, address: None, given: false })
            }
            // Identity Address Information.
            [0x09, kind @ 0..=1, octets @ ..] => {
                let octets = <[u8; 6]>::try_from(octets).ok()?;
                let kind = match kind {
                    0 => ble::address::AddressKind::Public,
                    _ => ble::address::AddressKind::Random,
                };
                let address = Some(Address::new(kind, octets));
                self.irk.take().map(|irk| Identity { irk, address, given: false })
            }
            _ => None,
        }
    }
}
