//! The octets of the page. A copy, all in little endian:
//!
//! | offset | octets | is |
//! |---|---|---|
//! | 0 | 4 | `bltw` |
//! | 4 | 1 | version of this table, 1 |
//! | 5 | 1 | octets of a copy, 32 |
//! | 6 | 1 | preset: 1 zephyr-2024, 2 recommended |
//! | 7 | 1 | passkey: 0 random, 1 fixed, 2 none |
//! | 8 | 4 | the fixed passkey, else 0 |
//! | 12 | 1 | PHY update: 0 as the preset, 1 on connecting, 2 after bonding, 3 never |
//! | 13 | 1 | address: 0 the chip's, 1 given |
//! | 14 | 6 | the given address, least significant octet first, else 0 |
//! | 20 | 8 | 0 |
//! | 28 | 4 | CRC-32 of all before |

use firmware_core::config::PhyUpdate;

use crate::{AskPhy, Identity, Passkeys, Preset, Settings, crc32, keys};

/// Octets of the page: what the chip erases at once.
pub const PAGE: usize = 4096;
/// Octets of a copy.
pub const COPY: usize = 32;
/// Where the second copy begins; the first begins with the page.
pub const SECOND: usize = PAGE / 2;

const MAGIC: [u8; 4] = *b"bltw";
const VERSION: u8 = 1;
const BLANK: u8 = 0xFF;

/// What a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was ever written there.
    Blank,
    /// Two valid copies; the first counts.
    Both(Settings),
    /// One valid copy. The other is damaged.
    One(Settings),
    /// Copies of this version, which this firmware does not know, and none that it knows.
    Newer(u8),
    /// Neither of the copies is valid.
    Damaged,
}

/// What a firmware with a configuration page has at the symbol [`SYMBOL`], in flash: where its page
/// is, and a copy of what counts if that says nothing.
#[derive(Debug)]
#[repr(C)]
pub struct Described {
    /// The page itself.
    pub page: &'static [u8; PAGE],
    /// The defaults, as [`Settings::copy`] has them.
    pub defaults: [u8; COPY],
}

/// The symbol of [`Described`].
pub const SYMBOL: &str = "BLETWIN_SETTINGS";

/// What one place has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Blank,
    Valid(Settings),
    Newer(u8),
    Damaged,
}

impl Found {
    /// Reads a page. What is missing of it counts as damaged.
    #[must_use]
    pub fn read(page: &[u8]) -> Self {
        let copies = [0, SECOND].map(|at| {
            let copy = page.get(at..).and_then(|rest| rest.first_chunk::<COPY>());
            copy.map_or(Copied::Damaged, read)
        });
        match copies {
            [Copied::Blank, Copied::Blank] => Self::Blank,
            [Copied::Valid(settings), Copied::Valid(_)] => Self::Both(settings),
            [Copied::Valid(settings), _] | [_, Copied::Valid(settings)] => Self::One(settings),
            [Copied::Newer(version), _] | [_, Copied::Newer(version)] => Self::Newer(version),
            _ => Self::Damaged,
        }
    }

    /// What counts, if anything of it does.
    #[must_use]
    pub const fn settings(&self) -> Option<Settings> {
        match self {
            Self::Both(settings) | Self::One(settings) => Some(*settings),
            Self::Blank | Self::Newer(_) | Self::Damaged => None,
        }
    }
}

impl core::fmt::Display for Found {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Blank => f.write_str("blank, so the defaults count"),
            Self::Both(_) => f.write_str("two valid copies"),
            Self::One(_) => f.write_str("one valid copy, the other is damaged"),
            Self::Newer(version) => write!(f, "of version {version}, so the defaults count"),
            Self::Damaged => f.write_str("damaged, so the defaults count"),
        }
    }
}

#[inline(never)]
fn read(copy: &[u8; COPY]) -> Copied {
    if copy.iter().all(|octet| *octet == BLANK) {
        return Copied::Blank;
    }
    let Some((octets, crc)) = copy.split_last_chunk::<4>() else { return Copied::Damaged };
    let whole = octets.starts_with(&MAGIC) && u32::from_le_bytes(*crc) == crc32(octets);
    if !whole {
        return Copied::Damaged;
    }
    match (octets.get(4), octets.get(5)) {
        (Some(&VERSION), Some(length)) if usize::from(*length) == COPY => {
            fields(octets).map_or(Copied::Damaged, Copied::Valid)
        }
        (Some(version), _) if *version > VERSION => Copied::Newer(*version),
        _ => Copied::Damaged,
    }
}

/// What a copy says; `None` if it says what nothing writes.
fn fields(octets: &[u8]) -> Option<Settings> {
    let [preset, passkey, p0, p1, p2, p3, phy, address, given @ .., _, _, _, _, _, _, _, _] =
        octets.get(6..)?
    else {
        return None;
    };
    let number = u32::from_le_bytes([*p0, *p1, *p2, *p3]);
    let given: [u8; 6] = given.try_into().ok()?;
    let settings = Settings {
        preset: match preset {
            1 => Preset::Zephyr2024,
            2 => Preset::Recommended,
            _ => return None,
        },
        passkey: match passkey {
            0 => Passkeys::Random,
            1 if number <= 999_999 => Passkeys::Fixed(number),
            2 => Passkeys::None,
            _ => return None,
        },
        phy_update: match phy {
            0 => AskPhy::Preset,
            1 => AskPhy::Own(PhyUpdate::OnConnect),
            2 => AskPhy::Own(PhyUpdate::AfterBonding),
            3 => AskPhy::Own(PhyUpdate::Never),
            _ => return None,
        },
        address: match address {
            0 => Identity::Factory,
            1 if keys::is_static_random(given) => Identity::Given(given),
            _ => return None,
        },
    };
    // Nothing lies where there is nothing to say.
    settings.copy().starts_with(octets).then_some(settings)
}

impl Settings {
    /// One copy, as it is in flash.
    #[must_use]
    pub const fn copy(&self) -> [u8; COPY] {
        let preset = match self.preset {
            Preset::Zephyr2024 => 1,
            Preset::Recommended => 2,
        };
        let (passkey, number) = match self.passkey {
            Passkeys::Random => (0, 0_u32),
            Passkeys::Fixed(number) => (1, number),
            Passkeys::None => (2, 0),
        };
        let phy = match self.phy_update {
            AskPhy::Preset => 0,
            AskPhy::Own(PhyUpdate::OnConnect) => 1,
            AskPhy::Own(PhyUpdate::AfterBonding) => 2,
            AskPhy::Own(PhyUpdate::Never) => 3,
        };
        let (address, [a, b, c, d, e, f]) = match self.address {
            Identity::Factory => (0, [0; 6]),
            Identity::Given(octets) => (1, octets),
        };
        let [m0, m1, m2, m3] = MAGIC;
        let [n0, n1, n2, n3] = number.to_le_bytes();
        let octets: [u8; COPY - 4] = [
            m0, m1, m2, m3, VERSION, COPY as u8, preset, passkey, n0, n1, n2, n3, phy, address, a,
            b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        let mut copy = [0; COPY];
        if let Some((before, crc)) = copy.split_last_chunk_mut::<4>() {
            before.copy_from_slice(&octets);
            *crc = crc32(&octets).to_le_bytes();
        }
        copy
    }

    /// The whole page, as a programmer writes it.
    #[must_use]
    pub fn page(&self) -> [u8; PAGE] {
        let mut page = [BLANK; PAGE];
        for at in [0, SECOND] {
            if let Some(place) = page.get_mut(at..at + COPY) {
                place.copy_from_slice(&self.copy());
            }
        }
        page
    }
}
