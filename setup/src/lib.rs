//! The setup of a run: a firmware configuration, a central, the air between them and a seed.
//!
//! ```
//! use bletwin_setup::Setup;
//!
//! let mut setup = Setup::new("zephyr-2024", "windows-intel", 1)?;
//! setup.set("phy-update=after-bonding")?; // the firmware
//! setup.set("loss=2")?; // the air
//! setup.set("central.phy-req=honest")?; // the central
//! let error = setup.set("phy-updates=never").unwrap_err();
//! assert!(error.to_string().contains("phy-updates"), "{error}");
//! # Ok::<(), bletwin_setup::error::BadInput>(())
//! ```
#![forbid(unsafe_code)]

mod air;
pub mod applications;
pub mod centrals;
pub mod chip;
pub mod error;
pub mod keys;
mod party;

use std::path::Path;

use bletwin_emulator::node::Image;
pub use bletwin_firmware_node::{Build, Tenant};
use bletwin_models::host::Step;
use bletwin_models::profile::{self, KEYS, Profile, SIZE_MAX};
use bletwin_schema::{Fault, Origin, Origins};
use firmware_core::config::Config;
use firmware_core::host::gatt::Access;
use serde::Deserialize;
use toml::Spanned;

use crate::error::{BadInput, unknown_name_or_file};
use crate::keys::{AIR, PERIPHERAL, conflict, page};
pub use air::{Air, Person};
use chip::Chosen;
pub use party::Other;

/// Names of the built-in firmware configurations.
pub const PRESETS: [&str; 2] = ["zephyr-2024", "recommended"];

/// A built-in firmware configuration by its name.
#[must_use]
pub fn preset(name: &str) -> Option<Build> {
    let config = match name {
        "zephyr-2024" => Config::zephyr_2024(),
        "recommended" => Config::recommended(),
        _ => return None,
    };
    Some(Build { config, application: applications::default(), update: None })
}

/// Everything that determines a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name of the firmware configuration, for reports.
    pub peripheral_name: String,
    /// The firmware: its configuration and its application.
    pub peripheral: Build,
    /// The file that a chip runs in the firmware's place; its known properties are above.
    pub chip: Option<Image>,
    /// The central's profile, with all changes made.
    pub central: Profile,
    /// Whether the central's controller was given quirks of the user's own making: its violations
    /// are reported, but are no failure, because no profile could have declared them.
    pub made_up: bool,
    /// The second central, in a scenario with two; `None`: another of the same kind.
    pub other: Option<Box<Other>>,
    /// Air and clocks.
    pub air: Air,
    /// Seed of all randomness.
    pub seed: u64,
    /// Where values of the firmware and of the central come from, for messages about them.
    pub origins: [Origins; 2],
}

impl Setup {
    /// A firmware preset and a central, each by name or as a TOML file that ends in `.toml`, and a
    /// seed.
    ///
    /// # Errors
    /// [`BadInput`] for names that do not exist and files that cannot be used.
    pub fn new(peripheral: &str, central: &str, seed: u64) -> Result<Self, BadInput> {
        Self::with(peripheral, Firmware::find(peripheral)?, None, central, seed)
    }

    /// The same, or `elf=FILE` for a chip that runs that file.
    ///
    /// # Errors
    /// As [`Self::new`], and for files that cannot be flashed.
    pub fn open(peripheral: &str, central: &str, seed: u64) -> Result<Self, BadInput> {
        let Some(file) = peripheral.strip_prefix(chip::PREFIX) else {
            return Self::new(peripheral, central, seed);
        };
        let image = chip::load(Path::new(file))?;
        let mut firmware = Firmware::find("recommended")?;
        if let Some(chosen) = Chosen::of(&image) {
            firmware.build.config = chosen.config();
        }
        Self::with(peripheral, firmware, Some(image), central, seed)
    }

    /// Whether a chip runs a file with a configuration page, in which settings can be changed.
    #[must_use]
    pub fn has_page(&self) -> bool {
        self.chip.as_ref().and_then(Chosen::of).is_some()
    }

    fn with(
        peripheral: &str,
        firmware: Firmware,
        chip: Option<Image>,
        central: &str,
        seed: u64,
    ) -> Result<Self, BadInput> {
        let Other { central, made_up, origins } = Other::find(central)?;
        Ok(Self {
            peripheral_name: peripheral.to_owned(),
            peripheral: firmware.build,
            chip,
            origins: [firmware.origins, origins],
            made_up,
            central,
            other: None,
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
        let config = &mut self.peripheral.config;
        if chip::configure(self.chip.as_mut(), config, name, value)? {
            return Ok(());
        }
        if AIR.find(name).is_some() {
            return Ok(AIR.set(&mut self.air, name, value)?);
        }
        match name.strip_prefix(keys::CENTRAL_PREFIX) {
            Some(name) => self.set_central(name, value),
            None => match PERIPHERAL.find(name) {
                Some(key) => {
                    if let Some(image) = &self.chip {
                        chip::known(key.name, Chosen::of(image).is_some())?;
                    }
                    PERIPHERAL.set(&mut self.peripheral, name, value)?;
                    self.origins[0].insert(key.name, given());
                    Ok(())
                }
                None => {
                    let help = "`--set help` lists all keys";
                    Err(PERIPHERAL.unknown(name, &AIR.names(), help).into())
                }
            },
        }
    }

    /// The error for a scenario with pairing if nothing asks for one: no attribute needs security,
    /// and neither host begins it. `None`: something does, or it is not known (a chip).
    #[must_use]
    pub fn nobody_pairs(&self) -> Option<BadInput> {
        let Build { config, application, .. } = &self.peripheral;
        let secure = |access: Access| match access {
            Access::Never => false,
            Access::Level(level) => level > 1,
            Access::Demanded => config.required_level > 1,
        };
        let attributes = application.gatt().attributes;
        let asks = attributes.iter().any(|a| secure(a.read) || secure(a.write))
            || config.security_request
            || self.central.host.steps.contains(&Step::Secure)
            || self.central.host.attack.is_some()
            || self.chip.is_some();
        (!asks).then(|| BadInput {
            what: format!(
                "nothing asks for pairing: `{}` has no attribute that needs it, and neither host \
                 begins it",
                application.name()
            ),
            help: "`bletwin run unpaired` is the scenario in which nobody pairs".into(),
        })
    }

    /// Whether a key of the central was set by the user: in a file or after `--set`, not by a
    /// central that comes along.
    #[must_use]
    pub fn is_central_key_given(&self, key: &str) -> bool {
        let given = |origin: &Origin| {
            origin.place == conflict::COMMAND_LINE || profile::is_file(&origin.place)
        };
        self.origins[1].get(key).is_some_and(given)
    }

    /// Looks for values of the central that cannot go together, once all are set.
    ///
    /// # Errors
    /// [`BadInput`] with what contradicts what.
    pub fn check(&self) -> Result<(), BadInput> {
        let other = self.other.iter().map(|other| &other.central);
        std::iter::once(&self.central).chain(other).try_for_each(|central| Ok(central.check()?))
    }

    /// Values that can have no effect beside the others, with where they come from.
    #[must_use]
    pub fn warnings(&self) -> Vec<BadInput> {
        [self.firmware_warnings(), self.central_warnings()].concat()
    }

    /// Those of the firmware, where no central is meant.
    #[must_use]
    pub fn firmware_warnings(&self) -> Vec<BadInput> {
        conflict::warnings(conflict::firmware(&self.peripheral), &self.origins[0])
    }

    /// Those of the central, where no firmware is meant.
    #[must_use]
    pub fn central_warnings(&self) -> Vec<BadInput> {
        let mut warnings = conflict::warnings(self.central.warnings(), &self.origins[1]);
        if let Some(other) = &self.other {
            for warning in conflict::warnings(other.central.warnings(), &other.origins) {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }
}

/// Where a value of `--set` comes from.
fn given() -> Origin {
    Origin { place: conflict::COMMAND_LINE.into(), line: None }
}

/// No preset says which application there is: it is the program's first.
fn default_application() -> Origins {
    let place = "first of this program".into();
    Origins::from([("app", Origin { place, line: None })])
}

/// A firmware configuration, and where its values come from.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// The preset that it departs from.
    pub preset: String,
    /// Configuration and application.
    pub build: Build,
    /// Where the values come from that are not the preset's.
    pub origins: Origins,
}

impl Firmware {
    /// A preset, or a file whose name ends in `.toml`.
    ///
    /// # Errors
    /// [`BadInput`] with the nearest names, or with file, line, column and what would be right.
    pub fn find(name: &str) -> Result<Self, BadInput> {
        if name.starts_with(chip::PREFIX) {
            return Err(chip::not_here(name));
        }
        if !name.ends_with(".toml") {
            let build = preset(name).ok_or_else(|| {
                let list = "a file must end in .toml; `bletwin list` shows all presets";
                unknown_name_or_file("peripheral preset", name, &PRESETS, list)
            })?;
            return Ok(Self { preset: name.into(), build, origins: default_application() });
        }
        let text = centrals::read(Path::new(name)).map_err(|error| BadInput {
            what: format!("cannot read {name}: {error}"),
            help: "give a preset, or a TOML file; `bletwin peripheral new` begins one".into(),
        })?;
        Self::parse(name, &text).map_err(|fault| {
            let at = fault.at.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
            BadInput { what: format!("{name}{at}: {}", fault.what), help: fault.help }
        })
    }

    /// A firmware configuration as TOML: `preset` (default `zephyr-2024`) and keys of
    /// [`keys::PERIPHERAL`].
    ///
    /// # Errors
    /// [`Fault`] with line and column of the error.
    pub fn parse(place: &str, text: &str) -> Result<Self, Fault> {
        /// The contents of a file beside the keys.
        #[derive(Deserialize)]
        struct Head {
            preset: Option<Spanned<String>>,
        }
        if text.len() > SIZE_MAX {
            let what = format!("longer than {} KiB", SIZE_MAX / 1024);
            return Err(Fault::new(what, "a firmware is a page of `key = value` lines"));
        }
        let help = "`bletwin peripheral new` and docs/FIRMWARE.md show all keys";
        let mut unused = Build {
            config: Config::zephyr_2024(),
            application: applications::default(),
            update: None,
        };
        let document = PERIPHERAL.read(text, &["preset"], help, &mut unused).map_err(elsewhere)?;
        let head: Head = toml::from_str(text).map_err(|error| Fault::of_toml(text, &error))?;
        let name = head.preset.as_ref().map_or("zephyr-2024", |name| name.get_ref().as_str());
        let mut build = preset(name).ok_or_else(|| {
            let help = format!("there are {}", PRESETS.join(" and "));
            let fault =
                Fault::unknown(format!("there is no preset `{name}`"), name, &PRESETS, &help);
            fault.at(text, head.preset.as_ref().map(Spanned::span))
        })?;
        let mut origins = default_application();
        PERIPHERAL.apply(&document, &mut build, place, &mut origins);
        Ok(Self { preset: name.into(), build, origins })
    }

    /// Keys whose values are not the preset's.
    #[must_use]
    pub fn departures(&self) -> Vec<&'static str> {
        let Some(base) = preset(&self.preset) else { return Vec::new() };
        let differs = |key: &&bletwin_schema::Key<Build>| key.get(&self.build) != key.get(&base);
        PERIPHERAL.iter().filter(differs).map(|key| key.name).collect()
    }

    /// Values that can have no effect, with where they come from.
    #[must_use]
    pub fn warnings(&self) -> Vec<BadInput> {
        conflict::warnings(conflict::firmware(&self.build), &self.origins)
    }

    /// Every value for programs; docs/JSON.md describes it.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let keys = page::json(PERIPHERAL, &self.build, &self.origins, &self.preset);
        serde_json::json!({ "preset": self.preset, "keys": keys })
    }

    /// Every value, as TOML that reads back, and where each comes from.
    #[must_use]
    pub fn flat(&self) -> String {
        let keys = page::flat(PERIPHERAL, &self.build, &self.origins, &self.preset);
        format!("preset = {:?}\n{keys}", self.preset)
    }
}

/// A key of something else, in a file of a firmware.
fn elsewhere(fault: Fault) -> Fault {
    let name = fault.what.split('`').nth(1).filter(|_| fault.what.starts_with("there is no key"));
    let help = match name {
        Some(name) if AIR.find(name).is_some() => {
            format!("it belongs to the air: give `--set {name}=VALUE` to the command")
        }
        Some(name) if KEYS.find(name).is_some() => {
            format!(
                "it belongs to the central: put it into its file, or give \
                 `--set central.{name}=VALUE`"
            )
        }
        _ => return fault,
    };
    Fault { help, ..fault }
}

/// A file to begin with: every key with its meaning and, commented out, the value that it has in
/// the preset. With the `# ` taken off everything is as it was.
///
/// # Errors
/// [`BadInput`] if there is no such preset.
pub fn template(preset: &str) -> Result<String, BadInput> {
    let firmware = Firmware::find(preset)?;
    let keys = page::to_begin_with(PERIPHERAL, &firmware.build);
    Ok(format!(
        "preset = {preset:?}\n\n\
         ## Lines that begin with `# ` say what holds already; take it off those to change.\n{keys}"
    ))
}

#[cfg(test)]
mod tests {
    use bletwin_schema::Position;
    use firmware_core::config::PhyUpdate;

    use super::*;

    fn parse(text: &str) -> Result<Build, Fault> {
        Firmware::parse("mine.toml", text).map(|firmware| firmware.build)
    }

    #[test]
    fn a_file_is_a_preset_and_what_differs() {
        let text = "preset = \"zephyr-2024\"\nphy-update = \"never\"";
        let firmware = Firmware::parse("mine.toml", text).unwrap();
        let mut wanted = preset("zephyr-2024").unwrap();
        wanted.config.phy_update = PhyUpdate::Never;
        assert_eq!(firmware.build, wanted);
        let flat = firmware.flat();
        assert!(
            flat.lines()
                .any(|l| l.starts_with("phy-update = \"never\" ") && l.ends_with("# mine.toml:2")),
            "{flat}"
        );
        assert!(flat.contains("# zephyr-2024\n"), "{flat}");
        let app = flat.lines().find(|line| line.starts_with("app = ")).unwrap();
        assert!(app.ends_with("# first of this program"), "{app}");
        assert_eq!(parse(&flat), Ok(wanted), "what is shown reads back");
    }

    #[test]
    fn a_page_to_begin_with_reads_with_and_without_its_comments() {
        for name in PRESETS {
            let page = template(name).unwrap();
            assert_eq!(parse(&page), Ok(preset(name).unwrap()));
            assert_eq!(parse(&page.replace("\n# ", "\n")), Ok(preset(name).unwrap()), "{page}");
        }
    }

    #[test]
    fn what_a_file_repeats_is_no_departure() {
        let firmware = |text| Firmware::parse("mine.toml", text).unwrap();
        let text = "preset = \"recommended\"\nphy-update = \"after-bonding\"\nio = \"none\"";
        assert_eq!(firmware(text).departures(), ["io"]);
        assert_eq!(firmware("").departures(), [""; 0]);
    }

    #[test]
    fn values_without_effect_are_reported_with_their_line() {
        let cases = [
            (
                "features-hollow = [\"2m\"]\nfeatures-left-out = [\"2m\", \"ping\"]",
                1,
                "`2m` is hollow",
            ),
            ("passkey = \"123456\"\nrequired-level = 2\nio = \"none\"", 1, "`passkey`"),
            ("io = \"none\"\nrequired-level = 3", 2, "nobody reaches"),
            ("\nio = \"none\"", 2, "nobody reaches"),
            (
                "io = \"none\"\nrequired-level = 2\npairing-outside-mode = \"authenticated\"",
                3,
                "lets nobody in",
            ),
        ];
        for (text, line, what) in cases {
            let warnings = Firmware::parse("mine.toml", text).unwrap().warnings();
            assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
            assert!(warnings[0].what.starts_with(&format!("mine.toml:{line}: ")), "{warnings:?}");
            assert!(warnings[0].what.contains(what), "{warnings:?}");
        }
        for name in PRESETS {
            assert_eq!(Firmware::find(name).unwrap().warnings(), [], "{name}");
        }
        let mut setup = Setup::new("recommended", "macos", 1).unwrap();
        assert_eq!(setup.warnings(), []);
        setup.set("io=none").unwrap();
        setup.set("central.features=0x1").unwrap();
        setup.set("central.request-parameters=true").unwrap();
        let warnings: Vec<String> =
            setup.warnings().into_iter().map(|warning| warning.what).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().all(|warning| warning.starts_with("--set: ")), "{warnings:?}");
    }

    #[test]
    fn errors_say_where_and_what_would_be_right() {
        let typo = parse("phy-updat = \"never\"").unwrap_err();
        assert!(typo.help.contains("did you mean `phy-update`"), "{typo}");
        let value = parse("phy-update = \"after-bondign\"").unwrap_err();
        assert!(value.help.starts_with("did you mean `after-bonding`? it takes: "), "{value}");
        let broken = parse("x = \n").unwrap_err();
        assert_eq!(broken.at.map(|at| at.line), Some(1), "{broken}");
        let kind = parse("preset = \"recommended\"\nio = [1]").unwrap_err();
        assert!(kind.help.contains("display-only"), "{kind}");
        assert_eq!(kind.at, Some(Position { line: 2, column: 7 }));
        let preset = parse("preset = \"recommendd\"").unwrap_err();
        assert_eq!(preset.at, Some(Position { line: 1, column: 10 }));
        let foreign = parse("distance = 10").unwrap_err();
        assert!(foreign.help.contains("`--set distance=VALUE`"), "{foreign}");
        let foreign = parse("mtu = 100").unwrap_err();
        assert!(foreign.help.contains("`--set central.mtu=VALUE`"), "{foreign}");
        let bare = parse("preset = \"recommended\"\nphy-update = never").unwrap_err();
        assert!(bare.help.contains("phy-update = \"never\""), "{bare}");
        assert_eq!(bare.at.map(|at| at.line), Some(2));
        let whole = parse("preferred = [24, 36, 30, 40]").unwrap_err();
        assert!(whole.what.starts_with("`24, 36, 30, 40` is no value"), "{whole}");
        let entry = parse("features-left-out = [\"2m\", \"codde\"]").unwrap_err();
        assert!(entry.help.contains("`coded`"), "{entry}");
        assert_eq!(entry.at, Some(Position { line: 1, column: 28 }));
    }
}
