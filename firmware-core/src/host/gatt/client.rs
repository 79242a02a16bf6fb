//! What one client has configured.

use super::table::{INDICATE, NOTIFY};
use super::{Configuration, Gatt};

/// Most Client Characteristic Configurations of a table, Service Changed's included: a bond has
/// two bits for each.
pub const CONFIGURATIONS: usize = 7;

/// Bits of Client Supported Features that are defined: robust caching, enhanced bearer,
/// multiple notifications.
pub(super) const FEATURES: u8 = 0x07;

/// Bit 0 of Client Supported Features.
const ROBUST_CACHING: u8 = 0x01;

/// Bit 0 of a Client Characteristic Configuration: notifications.
pub(super) const NOTIFICATIONS: u16 = 0x0001;
/// Bit 1: indications.
pub(super) const INDICATIONS: u16 = 0x0002;

/// Where a bond keeps each configuration: the bits of its notifications and of its indications.
/// Bits 8 to 10 are Client Supported Features. Bits 0 and 1 are where they were when there was one
/// application; Service Changed, which is first, is never notified.
const PLACES: [[u16; 2]; CONFIGURATIONS] = [
    [0, 1 << 1],
    [1 << 0, 1 << 2],
    [1 << 3, 1 << 4],
    [1 << 5, 1 << 6],
    [1 << 7, 1 << 11],
    [1 << 12, 1 << 13],
    [1 << 14, 1 << 15],
];

/// What one client has configured. It lasts as long as the connection or, with a bond, the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Client {
    /// Client Characteristic Configurations, by their numbers.
    configurations: [u8; CONFIGURATIONS],
    /// Client Supported Features.
    pub features: u8,
}

impl Client {
    /// As 16 bits, for a bond.
    #[must_use]
    pub fn to_bits(self) -> u16 {
        let bits = |(configuration, places): (&u8, &[u16; 2])| {
            let [notifications, indications] = places;
            let bit =
                |mask, place: &u16| if u16::from(*configuration) & mask != 0 { *place } else { 0 };
            bit(NOTIFICATIONS, notifications) | bit(INDICATIONS, indications)
        };
        let features = u16::from_le_bytes([0, self.features]);
        self.configurations.iter().zip(&PLACES).map(bits).fold(features, |all, bits| all | bits)
    }

    /// From a bond; bits that mean nothing in this table are dropped.
    #[must_use]
    pub fn from_bits(bits: u16, gatt: &Gatt) -> Self {
        let [_, features] = bits.to_le_bytes();
        let mut client = Self { features: features & FEATURES, ..Self::default() };
        for of in gatt.configurations() {
            let Some([notifications, indications]) = PLACES.get(usize::from(of.number)) else {
                break;
            };
            let bit = |mask, place: &u16| if bits & place != 0 { mask } else { 0 };
            let value = bit(NOTIFICATIONS, notifications) | bit(INDICATIONS, indications);
            client.configure(of, value & of.bits());
        }
        client
    }

    /// The same client with another table: its configurations there do not apply here, except the
    /// one of Service Changed.
    #[must_use]
    pub(super) fn of_another_table(self) -> Self {
        let [first, ..] = self.configurations;
        let mut configurations = [0; CONFIGURATIONS];
        configurations[0] = first;
        Self { configurations, ..self }
    }

    /// Whether it has asked for robust caching.
    pub(in crate::host) const fn caches_robustly(&self) -> bool {
        self.features & ROBUST_CACHING != 0
    }

    /// The value of a configuration.
    #[must_use]
    pub fn configuration(&self, of: Configuration) -> u16 {
        self.configurations.get(usize::from(of.number)).copied().map_or(0, u16::from)
    }

    /// Whether a value is to be notified.
    #[must_use]
    pub fn wants_notifications(&self, of: Configuration) -> bool {
        self.configuration(of) & NOTIFICATIONS != 0
    }

    /// Whether a value is to be indicated.
    #[must_use]
    pub fn wants_indications(&self, of: Configuration) -> bool {
        self.configuration(of) & INDICATIONS != 0
    }

    pub(super) fn configure(&mut self, of: Configuration, value: u16) {
        if let Some(place) = self.configurations.get_mut(usize::from(of.number)) {
            let [low, _] = value.to_le_bytes();
            *place = low;
        }
    }
}

impl Configuration {
    /// Its bit among the values that are to be sent.
    pub(in crate::host) const fn bit(self) -> u8 {
        match 1_u8.checked_shl(self.number as u32) {
            Some(bit) => bit,
            None => 0,
        }
    }

    /// The bits that a client may set.
    // GATT-PROP-1: what a characteristic permits.
    pub(super) const fn bits(self) -> u16 {
        let notify = if self.possible & NOTIFY != 0 { NOTIFICATIONS } else { 0 };
        let indicate = if self.possible & INDICATE != 0 { INDICATIONS } else { 0 };
        notify | indicate
    }
}
