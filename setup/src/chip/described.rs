//! The settings that a description of firmware comes to, as far as a configuration page holds it.

use ble::security::IoCapability;
use bletwin_firmware_node::Build;
use firmware_core::config::{Config, Passkey};
use settings::{AskPhy, KEYS, Passkeys, Preset, Settings};

use crate::error::BadInput;
use crate::keys::PERIPHERAL;
use crate::{Firmware, applications};

/// Where the sources make a configuration of the page.
const SOURCE: &str = "targets/nrf52840/src/chosen.rs";
/// Where they have another application.
const EXAMPLE: &str = "examples/my-peripheral/chip";
/// The keys of what no firmware of a chip does, whatever its configuration.
const MISTAKES: &str = "Mistakes of other firmware";

/// The settings of this firmware, with the address of `before`: a firmware's file has none.
///
/// # Errors
/// [`BadInput`] that names every key whose value no configuration page can hold.
pub fn describe(firmware: &Firmware, before: &Settings) -> Result<Settings, BadInput> {
    let config = &firmware.build.config;
    let mut settings = Settings {
        preset: match firmware.preset.as_str() {
            "zephyr-2024" => Preset::Zephyr2024,
            _ => Preset::Recommended,
        },
        passkey: passkey(config),
        phy_update: AskPhy::Preset,
        address: before.address,
    };
    if held(&settings, config).config.phy_update != config.phy_update {
        settings.phy_update = AskPhy::Own(config.phy_update);
    }
    let held = held(&settings, config);
    let differs = |key: &&bletwin_schema::Key<Build>| key.get(&firmware.build) != key.get(&held);
    let beyond: Vec<_> = PERIPHERAL.iter().filter(differs).collect();
    let Some(first) = beyond.first() else { return Ok(settings) };
    let named = beyond.iter().map(|key| {
        let value = key.get(&firmware.build).toml();
        let from = firmware.origins.get(key.name);
        from.map_or_else(
            || format!("`{} = {value}`", key.name),
            |from| format!("`{} = {value}` ({from})", key.name),
        )
    });
    let named = named.collect::<Vec<_>>().join(", ");
    let own = match (first.name, first.group) {
        ("app" | "updated-app", _) => format!("link the application in, as {EXAMPLE} does"),
        (_, MISTAKES) => "leave it out: no chip's build of the core makes this mistake".into(),
        _ => format!("build the firmware with it, where {SOURCE} makes the configuration"),
    };
    let keys = KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
    Err(BadInput {
        what: format!("a chip's configuration page cannot hold {named}"),
        help: format!(
            "{own}; the page has {keys}, and its passkey=none is `io = \"none\"` with \
             `required-level = 2`"
        ),
    })
}

/// Where passkeys come from, as the page has it.
fn passkey(config: &Config) -> Passkeys {
    match (config.passkey, config.io, config.required_level) {
        (Passkey::Static(passkey), ..) => Passkeys::Fixed(passkey),
        (Passkey::Random, IoCapability::NoInputNoOutput, 2) => Passkeys::None,
        (Passkey::Random, ..) => Passkeys::Random,
    }
}

/// What a firmware with these settings is, at the address of the other.
fn held(settings: &Settings, other: &Config) -> Build {
    let config = Config { address: other.address, ..settings.config([0; 6]) };
    Build { config, application: applications::default(), update: None }
}

#[cfg(test)]
mod tests {
    use settings::Found;

    use super::*;

    fn described(text: &str) -> Result<Settings, BadInput> {
        let firmware = Firmware::parse("mine.toml", text).expect("a firmware");
        let mut before = Settings::default();
        before.set("address", "C0:1D:B0:0B:1E:55").expect("an address");
        let settings = describe(&firmware, &before)?;
        assert_eq!(settings.address, before.address);
        assert_eq!(Found::read(&settings.page()), Found::Both(settings));
        // The chip is the one that was described.
        let config = Config { address: firmware.build.config.address, ..settings.config([0; 6]) };
        assert_eq!(config, firmware.build.config, "{text}");
        Ok(settings)
    }

    #[test]
    fn what_the_page_has_comes_from_the_file() {
        for (text, expected) in [
            ("", ["zephyr-2024", "random", "preset"]),
            ("preset = \"recommended\"", ["recommended", "random", "preset"]),
            ("passkey = \"000042\"", ["zephyr-2024", "000042", "preset"]),
            ("phy-update = \"never\"", ["zephyr-2024", "random", "never"]),
            ("io = \"none\"\nrequired-level = 2", ["zephyr-2024", "none", "preset"]),
            // Said, but as the preset has it.
            ("bonding = true\napp = \"led-button\"", ["zephyr-2024", "random", "preset"]),
        ] {
            let settings = described(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let value = |name| settings.value(name).expect(name).to_string();
            assert_eq!(["preset", "passkey", "phy-update"].map(value), expected, "{text}");
        }
    }

    #[test]
    fn what_it_cannot_hold_is_named_with_its_line_and_a_way_out() {
        for (text, named, way) in [
            ("\ndata-length = \"never\"", "`data-length = \"never\"` (mine.toml:2)", SOURCE),
            ("io = \"none\"", "`io = \"none\"` (mine.toml:1)", "with `required-level = 2`"),
            ("app = \"thermometer\"", "`app = \"thermometer\"` (mine.toml:1)", EXAMPLE),
            ("refusals = \"extended-only\"", "`refusals = ", "no chip's build"),
            (
                "bonding = false\ndebug-key = true",
                "(mine.toml:1), `debug-key = true`",
                "phy-update",
            ),
        ] {
            let error = described(text).expect_err(text);
            assert!(error.what.contains(named), "{}", error.what);
            assert!(error.help.contains(way), "{}", error.help);
        }
    }

    /// Whatever a key is set to: the chip is then as described, or the key is named.
    #[test]
    fn every_key_is_held_or_named() {
        for preset in crate::PRESETS {
            let shown = Firmware::find(preset).expect("a preset").flat();
            let whole = described(&shown).expect("a preset is what the page has");
            assert_eq!(whole.value("preset").expect("it has").to_string(), preset);
        }
        for key in PERIPHERAL.iter() {
            for class in key.shape().classes() {
                let mut build = crate::preset("zephyr-2024").expect("a preset");
                PERIPHERAL.set(&mut build, key.name, &class.sample).expect("of its shape");
                let text = format!("{} = {}", key.name, key.get(&build).toml());
                if let Err(error) = described(&text) {
                    assert!(error.what.contains(&format!("`{} = ", key.name)), "{}", error.what);
                }
            }
        }
    }
}
