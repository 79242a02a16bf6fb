//! What a run is made of: a firmware configuration, a central, the air between them and a seed.

use std::path::Path;

use bletwin_models::controller::ControllerQuirks;
use bletwin_models::profile::{self, Profile};
use firmware_core::config::Config;

use crate::error::{BadInput, unknown_name, unknown_name_or_file};
use crate::{centrals, keys};

/// The air between the two devices, the errors of their clocks, the load of the peripheral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Air {
    /// Packets lost at random, parts per million.
    pub loss_ppm: u32,
    /// Error of the peripheral's sleep clock in ppm; the central's is off the other way.
    pub clock_ppm: i32,
    /// Metres between the devices.
    pub distance_m: u32,
    /// How late the peripheral's host gets to work, ms; 0: as the chip does it.
    pub host_latency_ms: u32,
}

impl Default for Air {
    fn default() -> Self {
        Self { loss_ppm: 0, clock_ppm: 0, distance_m: 2, host_latency_ms: 0 }
    }
}

/// Names of the built-in firmware configurations.
pub const PRESETS: [&str; 2] = ["zephyr-2024", "recommended"];

/// A built-in firmware configuration by its name.
#[must_use]
pub fn preset(name: &str) -> Option<Config> {
    match name {
        "zephyr-2024" => Some(Config::zephyr_2024()),
        "recommended" => Some(Config::recommended()),
        _ => None,
    }
}

/// Everything that determines a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name of the firmware configuration, for reports.
    pub peripheral_name: String,
    /// The firmware configuration.
    pub peripheral: Config,
    /// The central.
    pub central: Profile,
    /// Whether the central's controller was given quirks of the user's own making: what it then
    /// breaks is told, but is no failure, for no profile could have declared it.
    pub made_up: bool,
    /// Air and clocks.
    pub air: Air,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Setup {
    /// A firmware preset and a central, each by name or as a TOML file that ends in `.toml`, and a
    /// seed.
    ///
    /// # Errors
    /// [`BadInput`] for names that do not exist and files that cannot be used.
    pub fn new(peripheral: &str, central: &str, seed: u64) -> Result<Self, BadInput> {
        let found = centrals::find(central)?.profile;
        Ok(Self {
            peripheral_name: peripheral.to_owned(),
            peripheral: load_peripheral(peripheral)?,
            made_up: profile::is_file(central)
                && found.breaks.is_empty()
                && found.controller.quirks != ControllerQuirks::default(),
            central: found,
            air: Air::default(),
            seed,
        })
    }

    /// Applies one `KEY=VALUE`.
    ///
    /// # Errors
    /// [`BadInput`] if there is no such key or it does not take that value.
    pub fn set(&mut self, assignment: &str) -> Result<(), BadInput> {
        let Some((name, value)) = assignment.split_once('=') else {
            return Err(BadInput {
                what: format!("`{assignment}` is not KEY=VALUE"),
                help: "for example `--set phy-update=after-bonding`; `--set help` lists the keys"
                    .into(),
            });
        };
        let (name, value) = (name.trim(), value.trim());
        if let Some(done) = keys::apply(keys::PERIPHERAL, &mut self.peripheral, name, value) {
            return done;
        }
        if let Some(done) = keys::apply(keys::AIR, &mut self.air, name, value) {
            return done;
        }
        if let Some(name) = name.strip_prefix(keys::CENTRAL_PREFIX) {
            return self.set_central(name, value);
        }
        Err(keys::unknown_key(name, &keys::all_names()))
    }

    /// Another quirk makes another central: what the profile declared holds no longer.
    fn set_central(&mut self, name: &str, value: &str) -> Result<(), BadInput> {
        let before = self.central.controller.quirks.clone();
        keys::apply_central(&mut self.central, name, value)?;
        let quirks = &self.central.controller.quirks;
        if *quirks != before {
            self.central.breaks.clear();
            self.made_up = *quirks != ControllerQuirks::default();
        }
        Ok(())
    }

    /// Looks for values of the central that cannot go together, once all are set.
    ///
    /// # Errors
    /// [`BadInput`] with what contradicts what.
    pub fn check(&self) -> Result<(), BadInput> {
        self.central.check().map_err(Into::into)
    }
}

fn load_peripheral(name: &str) -> Result<Config, BadInput> {
    if !name.ends_with(".toml") {
        return preset(name).ok_or_else(|| {
            let list = "a file must end in .toml; `bletwin list` shows all presets";
            unknown_name_or_file("peripheral preset", name, &PRESETS, list)
        });
    }
    let text = std::fs::read_to_string(Path::new(name)).map_err(|error| BadInput {
        what: format!("cannot read {name}: {error}"),
        help: "give a preset, or a TOML file with a `preset` and keys as in `--set help`".into(),
    })?;
    parse_peripheral(&text).map_err(|bad| BadInput { what: format!("{name}: {}", bad.what), ..bad })
}

/// A firmware configuration as a TOML table: `preset` (default `zephyr-2024`) and keys of
/// [`keys::PERIPHERAL`].
///
/// # Errors
/// [`BadInput`] with the line where the text is not TOML, or the key that is wrong.
pub fn parse_peripheral(text: &str) -> Result<Config, BadInput> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| BadInput {
        what: error.to_string().trim_end().to_owned(),
        help: "write `key = \"value\"` lines; `--set help` lists the keys".into(),
    })?;
    let mut config = match table.get("preset") {
        None => Config::zephyr_2024(),
        Some(toml::Value::String(name)) => preset(name)
            .ok_or_else(|| unknown_name("preset", name, &PRESETS, "use one as `preset = …`"))?,
        Some(other) => return Err(wrong_type("preset", other)),
    };
    for (name, value) in table.iter().filter(|(name, _)| *name != "preset") {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            other => return Err(wrong_type(name, other)),
        };
        let names: Vec<&str> = keys::PERIPHERAL.iter().map(|k| k.name).collect();
        keys::apply(keys::PERIPHERAL, &mut config, name, &text)
            .unwrap_or_else(|| Err(keys::unknown_key(name, &names)))?;
    }
    Ok(config)
}

fn wrong_type(name: &str, value: &toml::Value) -> BadInput {
    BadInput {
        what: format!("`{name}` is of type {}", value.type_str()),
        help: "write a string, a whole number or a truth value".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firmware_core::config::PhyUpdate;

    #[test]
    fn a_file_is_a_preset_and_what_differs() {
        let config = parse_peripheral("preset = \"zephyr-2024\"\nphy-update = \"never\"").unwrap();
        assert_eq!(config, Config { phy_update: PhyUpdate::Never, ..Config::zephyr_2024() });
    }

    #[test]
    fn errors_say_where_and_what_would_be_right() {
        let typo = parse_peripheral("phy-updat = \"never\"").unwrap_err();
        assert!(typo.help.contains("phy-update"), "{typo}");
        let value = parse_peripheral("phy-update = \"sometimes\"").unwrap_err();
        assert!(value.help.contains("after-bonding"), "{value}");
        let broken = parse_peripheral("x = \n").unwrap_err();
        assert!(broken.what.contains("line 1"), "{broken}");
        let kind = parse_peripheral("io = [1]").unwrap_err();
        assert!(kind.what.contains("array"), "{kind}");
    }
}
