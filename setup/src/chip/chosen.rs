//! The configuration page of a file that a chip runs: what was chosen there counts for the person
//! as well, who knows it, and can be changed before the run.

use bletwin_emulator::node::Image;
use firmware_core::config::Config;
use settings::{COPY, Found, KEYS, PAGE, Refused, SYMBOL, Settings};

use crate::error::BadInput;

/// FICR's device address and device id; a scenario has one chip.
pub const IDENTITY: [u64; 2] = [0xC1C0_FFEE_0001, 1];

/// The page of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Where it is.
    pub address: u32,
    /// What it has.
    pub found: Found,
    /// What counts if that is nothing.
    pub defaults: Settings,
}

impl Chosen {
    /// Of a firmware with a configuration page; `None`: it has none, or describes none that is.
    #[must_use]
    pub fn of(image: &Image) -> Option<Self> {
        let at = image.symbols().address(SYMBOL)?;
        let described = image.octets(at, 4 + COPY)?;
        let (address, defaults) = described.split_first_chunk::<4>()?;
        let address = u32::from_le_bytes(*address);
        let page = image.octets(address, PAGE)?;
        let mut own = [0xFF; PAGE];
        own.get_mut(..COPY)?.copy_from_slice(defaults);
        let defaults = Found::read(&own).settings()?;
        Some(Self { address, found: Found::read(&page), defaults })
    }

    /// The settings that count.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.found.settings().unwrap_or(self.defaults)
    }

    /// The configuration that the emulated chip has then.
    #[must_use]
    pub fn config(&self) -> Config {
        let [address, _] = IDENTITY;
        let [a, b, c, d, e, f, ..] = address.to_le_bytes();
        self.settings().config([a, b, c, d, e, f])
    }

    /// Changes one of them in the image; `false`: there is none of that name.
    ///
    /// # Errors
    /// [`BadInput`] if it does not take this value.
    pub fn set(&mut self, image: &mut Image, name: &str, value: &str) -> Result<bool, BadInput> {
        if KEYS.iter().all(|key| key.name != name) {
            return Ok(false);
        }
        let mut settings = self.settings();
        set(&mut settings, name, value)?;
        let put = image.put(self.address, &settings.page());
        debug_assert!(put, "it was read from there");
        self.found = Found::Both(settings);
        Ok(true)
    }
}

/// Changes the configuration page of the file that a chip runs, and what is known of it; `false`:
/// there is no chip, it has no page, or not this in it.
///
/// # Errors
/// As [`Chosen::set`].
pub(crate) fn configure(
    chip: Option<&mut Image>,
    config: &mut Config,
    name: &str,
    value: &str,
) -> Result<bool, BadInput> {
    let Some(image) = chip else { return Ok(false) };
    let Some(mut chosen) = Chosen::of(image) else { return Ok(false) };
    let changed = chosen.set(image, name, value)?;
    if changed {
        *config = chosen.config();
    }
    Ok(changed)
}

/// Sets one of the settings.
///
/// # Errors
/// [`BadInput`] with what there is, or what it takes.
pub fn set(settings: &mut Settings, name: &str, value: &str) -> Result<(), BadInput> {
    settings.set(name, value).map_err(|refused| match refused {
        Refused::UnknownKey => {
            let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            BadInput {
                what: format!("a configuration page has no `{name}`"),
                help: format!("there are {}", names.join(", ")),
            }
        }
        Refused::BadValue(key) => BadInput {
            what: format!("`{name}` does not take `{value}`"),
            help: format!("it takes {}", key.takes),
        },
    })
}
