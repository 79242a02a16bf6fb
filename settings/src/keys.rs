//! Settings by their names, as people write them.

use core::fmt;

use firmware_core::config::PhyUpdate;

use crate::{AskPhy, Identity, Passkeys, Preset, Settings};

/// A setting, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as before the `=`.
    pub name: &'static str,
    /// The values that it takes.
    pub takes: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
}

/// All settings that there are.
pub const KEYS: [Setting; 4] = [
    Setting {
        name: "preset",
        takes: "zephyr-2024 or recommended",
        about: "what all the rest departs from; zephyr-2024 is the founding case",
    },
    Setting {
        name: "passkey",
        takes: "random, none, or six digits: 000000 to 999999",
        about: "random: the log shows it; none: Just Works after the pairing button; digits: the \
                same always, which each attempt to pair gives one bit of away",
    },
    Setting {
        name: "phy-update",
        takes: "preset, on-connect, after-bonding or never",
        about: "when the peripheral asks for 2M",
    },
    Setting {
        name: "address",
        takes: "factory, or a static random address such as C0:1D:B0:0B:1E:55",
        about: "the identity address; factory: the one that the chip was made with",
    },
];

/// A value that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such setting.
    UnknownKey,
    /// It does not take this value.
    BadValue(Setting),
}

impl Settings {
    /// Sets one by its name.
    ///
    /// # Errors
    /// [`Refused`], and nothing is changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let key = KEYS.into_iter().find(|key| key.name == name).ok_or(Refused::UnknownKey)?;
        let bad = Refused::BadValue(key);
        match name {
            "preset" => self.preset = preset(value).ok_or(bad)?,
            "passkey" => self.passkey = passkey(value).ok_or(bad)?,
            "phy-update" => self.phy_update = phy_update(value).ok_or(bad)?,
            _ => self.address = address(value).ok_or(bad)?,
        }
        Ok(())
    }

    /// The value of one, as [`Self::set`] takes it; `None`: there is no such setting.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "preset" => Value::Preset(self.preset),
            "passkey" => Value::Passkey(self.passkey),
            "phy-update" => Value::PhyUpdate(self.phy_update),
            "address" => Value::Address(self.address),
            _ => return None,
        })
    }
}

/// A value that prints as it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The value of `preset`.
    Preset(Preset),
    /// The value of `passkey`.
    Passkey(Passkeys),
    /// The value of `phy-update`.
    PhyUpdate(AskPhy),
    /// The value of `address`.
    Address(Identity),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preset(Preset::Zephyr2024) => "zephyr-2024",
            Self::Preset(Preset::Recommended) => "recommended",
            Self::Passkey(Passkeys::Random) => "random",
            Self::Passkey(Passkeys::None) => "none",
            Self::Passkey(Passkeys::Fixed(number)) => return write!(f, "{number:06}"),
            Self::PhyUpdate(AskPhy::Preset) => "preset",
            Self::PhyUpdate(AskPhy::Own(PhyUpdate::OnConnect)) => "on-connect",
            Self::PhyUpdate(AskPhy::Own(PhyUpdate::AfterBonding)) => "after-bonding",
            Self::PhyUpdate(AskPhy::Own(PhyUpdate::Never)) => "never",
            Self::Address(Identity::Factory) => "factory",
            Self::Address(Identity::Given([a, b, c, d, e, g])) => {
                return write!(f, "{g:02X}:{e:02X}:{d:02X}:{c:02X}:{b:02X}:{a:02X}");
            }
        })
    }
}

fn preset(value: &str) -> Option<Preset> {
    match value {
        "zephyr-2024" => Some(Preset::Zephyr2024),
        "recommended" => Some(Preset::Recommended),
        _ => None,
    }
}

fn passkey(value: &str) -> Option<Passkeys> {
    match value {
        "random" => Some(Passkeys::Random),
        "none" => Some(Passkeys::None),
        digits if digits.len() == 6 && digits.bytes().all(|octet| octet.is_ascii_digit()) => {
            digits.parse().ok().map(Passkeys::Fixed)
        }
        _ => None,
    }
}

fn phy_update(value: &str) -> Option<AskPhy> {
    Some(match value {
        "preset" => AskPhy::Preset,
        "on-connect" => AskPhy::Own(PhyUpdate::OnConnect),
        "after-bonding" => AskPhy::Own(PhyUpdate::AfterBonding),
        "never" => AskPhy::Own(PhyUpdate::Never),
        _ => return None,
    })
}

fn address(value: &str) -> Option<Identity> {
    if value == "factory" {
        return Some(Identity::Factory);
    }
    let mut parts = value.split(':');
    let mut octets = [0; 6];
    for octet in octets.iter_mut().rev() {
        let part = parts.next().filter(|part| part.len() == 2)?;
        // `from_str_radix` would take a sign.
        let digits = part.bytes().all(|octet| octet.is_ascii_hexdigit());
        *octet = u8::from_str_radix(part, 16).ok().filter(|_| digits)?;
    }
    (parts.next().is_none() && is_static_random(octets)).then_some(Identity::Given(octets))
}

/// Whether these can be a static random address (Vol 6, Part B, 1.3.2.1): the two highest bits are
/// 1, and of the others not all are the same.
pub(crate) fn is_static_random(octets: [u8; 6]) -> bool {
    let [low @ .., high] = octets;
    let all = |octet: u8, top: u8| low == [octet; 5] && high == top;
    high >> 6 == 0b11 && !all(0, 0xC0) && !all(0xFF, 0xFF)
}
