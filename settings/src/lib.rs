//! The configuration page of a chip's firmware: what can be chosen without building it anew.
//!
//! A page of flash has two copies of the [`Settings`], each with a version and a CRC, so that one
//! bad word leaves the other. The firmware reads it once, at its start, and never writes it; a
//! programmer does. A page that is blank, damaged or newer than the firmware leaves the firmware
//! with its own defaults, and [`Found`] says which of it was the case.
//!
//! ```
//! use settings::{Found, Settings};
//!
//! let mut settings = Settings::default();
//! settings.set("passkey", "123456").unwrap();
//! let page = settings.page();
//! assert_eq!(Found::read(&page), Found::Both(settings));
//! assert_eq!(Found::read(&[0xFF; settings::PAGE]), Found::Blank);
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod crc;
mod keys;
mod page;

use ble::address::Address;
use ble::security::IoCapability;
use firmware_core::config::{Config, Passkey, PhyUpdate};

pub use crc::crc32;
pub use keys::{KEYS, Refused, Setting};
pub use page::{COPY, Described, Found, PAGE, SECOND, SYMBOL};

/// A configuration that the firmware comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// [`Config::zephyr_2024`]: the firmware of the founding case.
    Zephyr2024,
    /// What bletwin recommends: [`Config::recommended`].
    Recommended,
}

/// Where the passkey of a pairing comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passkeys {
    /// A new one for each pairing, which the log shows.
    Random,
    /// Always this one, 0–999,999: see [`Passkey::Static`] on what that gives away.
    Fixed(u32),
    /// None: nothing is shown, and everything that security level 2 (Just Works) suffices for is
    /// open to it. The pairing button then shows consent.
    None,
}

/// When the firmware asks for a faster PHY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AskPhy {
    /// As the preset has it.
    Preset,
    /// As said here.
    Own(PhyUpdate),
}

/// The identity address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The static random address that the chip was made with (FICR).
    Factory,
    /// This static random address, least significant octet first.
    Given([u8; 6]),
}

/// All that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// What all the rest departs from.
    pub preset: Preset,
    /// Where passkeys come from.
    pub passkey: Passkeys,
    /// When to ask for 2M.
    pub phy_update: AskPhy,
    /// The identity address.
    pub address: Identity,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// What bletwin recommends, with the address of the chip.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            preset: Preset::Recommended,
            passkey: Passkeys::Random,
            phy_update: AskPhy::Preset,
            address: Identity::Factory,
        }
    }

    /// The configuration of the core. `factory`: the octets of the address that the chip was made
    /// with, least significant first; they are made those of a static random address (Vol 6, Part
    /// B, 1.3.2.1).
    #[must_use]
    pub const fn config(&self, factory: [u8; 6]) -> Config {
        let mut config = match self.preset {
            Preset::Zephyr2024 => Config::zephyr_2024(),
            Preset::Recommended => Config::recommended(),
        };
        config.passkey = match self.passkey {
            Passkeys::Fixed(passkey) => Passkey::Static(passkey),
            Passkeys::Random | Passkeys::None => Passkey::Random,
        };
        if let Passkeys::None = self.passkey {
            config.io = IoCapability::NoInputNoOutput;
            config.required_level = 2;
        }
        if let AskPhy::Own(when) = self.phy_update {
            config.phy_update = when;
        }
        let [a, b, c, d, e, f] = match self.address {
            Identity::Factory => factory,
            Identity::Given(octets) => octets,
        };
        let random = ble::address::AddressKind::Random;
        config.address = Address::new(random, [a, b, c, d, e, f | 0xC0]);
        config
    }
}

#[cfg(test)]
mod tests;
