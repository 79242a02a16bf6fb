//! The values behind [`services::TABLE`](super::services::TABLE).

use super::services::{TABLE, handle};
use super::{Attribute, Database, Scratch};
use crate::host::att::AttError;
use ble::hci::ConnectionParameters;

/// Bit 0 of a Client Characteristic Configuration.
const NOTIFY: u16 = 0x0001;
/// Bit 1.
const INDICATE: u16 = 0x0002;

/// Bits of Client Supported Features that are defined: robust caching, enhanced bearer,
/// multiple notifications.
const FEATURES: u8 = 0x07;

/// Values that all clients share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Values {
    /// Button characteristic.
    pub button: bool,
    /// LED characteristic.
    pub led: bool,
    /// Peripheral Preferred Connection Parameters.
    pub preferred: ConnectionParameters,
    /// Level that the LED demands for writing.
    pub demanded_level: u8,
    /// Database Hash.
    pub hash: [u8; 16],
}

/// What one client has configured. It lasts as long as the connection or, with a bond, the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Client {
    /// Client Characteristic Configuration of the Button.
    pub button: u16,
    /// Client Characteristic Configuration of Service Changed.
    pub service_changed: u16,
    /// Client Supported Features.
    pub features: u8,
}

impl Client {
    /// As 16 bits, for a bond: bit 0 Button notifies, bit 1 Service Changed indicates, from bit
    /// 8 on Client Supported Features.
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        u16::from_le_bytes([
            (self.button & NOTIFY) as u8 | (self.service_changed & INDICATE) as u8,
            self.features,
        ])
    }

    /// From a bond; bits that mean nothing are dropped.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        let [_, features] = bits.to_le_bytes();
        Self {
            button: bits & NOTIFY,
            service_changed: bits & INDICATE,
            features: features & FEATURES,
        }
    }

    /// Whether the client wants to be notified of the Button.
    #[must_use]
    pub const fn wants_button(&self) -> bool {
        self.button & NOTIFY != 0
    }
}

/// The database as one client sees it.
#[derive(Debug)]
pub struct View<'a> {
    /// Shared values.
    pub values: &'a mut Values,
    /// This client's.
    pub client: &'a mut Client,
}

impl Database for View<'_> {
    fn attributes(&self) -> &'static [Attribute] {
        &TABLE
    }

    fn demanded_level(&self) -> u8 {
        self.values.demanded_level
    }

    fn read(&self, handle: u16, value: &mut Scratch) {
        let mut put = |octets: &[u8]| {
            // The longest value has 16 octets.
            let _ = value.extend_from_slice(octets);
        };
        match handle {
            handle::SERVICE_CHANGED_CONFIGURATION => {
                put(&self.client.service_changed.to_le_bytes());
            }
            handle::CLIENT_FEATURES => put(&[self.client.features]),
            handle::DATABASE_HASH => put(&self.values.hash),
            handle::PREFERRED_PARAMETERS => {
                let p = self.values.preferred;
                for field in [p.interval_min, p.interval_max, p.latency, p.timeout] {
                    put(&field.to_le_bytes());
                }
            }
            handle::BUTTON => put(&[u8::from(self.values.button)]),
            handle::BUTTON_CONFIGURATION => put(&self.client.button.to_le_bytes()),
            _ => {}
        }
    }

    fn write(&mut self, handle: u16, offset: u16, value: &[u8]) -> Result<(), AttError> {
        match handle {
            handle::LED => {
                let [led] = whole(offset, value)?;
                if led > 1 {
                    return Err(AttError::VALUE_NOT_ALLOWED);
                }
                self.values.led = led == 1;
            }
            handle::BUTTON_CONFIGURATION => {
                self.client.button = configuration(offset, value, NOTIFY)?;
            }
            handle::SERVICE_CHANGED_CONFIGURATION => {
                self.client.service_changed = configuration(offset, value, INDICATE)?;
            }
            handle::CLIENT_FEATURES => {
                self.client.features = features(self.client.features, offset, value)?;
            }
            _ => return Err(AttError::WRITE_NOT_PERMITTED),
        }
        Ok(())
    }
}

/// A value of fixed length, which is only ever written whole.
fn whole<const N: usize>(offset: u16, value: &[u8]) -> Result<[u8; N], AttError> {
    let value = <[u8; N]>::try_from(value).map_err(|_| AttError::INVALID_LENGTH)?;
    if offset == 0 { Ok(value) } else { Err(AttError::INVALID_OFFSET) }
}

fn configuration(offset: u16, value: &[u8], possible: u16) -> Result<u16, AttError> {
    let value = u16::from_le_bytes(whole(offset, value)?);
    if value & !possible == 0 { Ok(value) } else { Err(AttError::CCCD_IMPROPERLY_CONFIGURED) }
}

/// A client may set feature bits but not take one back; octets beyond the first are reserved.
fn features(before: u8, offset: u16, value: &[u8]) -> Result<u8, AttError> {
    if offset != 0 {
        return Err(AttError::INVALID_OFFSET);
    }
    let [first, ..] = value else { return Err(AttError::INVALID_LENGTH) };
    let after = first & FEATURES;
    if before & !after == 0 { Ok(after) } else { Err(AttError::VALUE_NOT_ALLOWED) }
}
