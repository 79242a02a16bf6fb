//! The catalogue entry of a quirk beside its keys: its symptoms and its cures.

use serde::Deserialize;

/// How far a quirk can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Confidence {
    /// Described with a trace or a maintainer's analysis.
    A,
    /// A user's report; the cause is inferred.
    B,
    /// Known in the field, without a source.
    C,
}

/// The table `[quirk]`: with the file's own keys the effect shows, without them (with what the
/// file extends) it does not, and each cure heals it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Quirk {
    /// Entries of the catalogue that it stands for, `Q1`.
    pub ids: Vec<String>,
    /// In one line.
    pub title: String,
    /// How far it can be relied upon.
    pub confidence: Confidence,
    /// Where it was seen.
    pub seen_in: String,
    /// The scenario that shows it.
    #[serde(default = "Quirk::pairing")]
    pub scenario: String,
    /// The firmware that shows it: a preset.
    #[serde(default = "Quirk::zephyr")]
    pub firmware: String,
    /// What else it takes, as `KEY=VALUE` of `--set`: an older firmware, a worse air.
    #[serde(default)]
    pub set: Vec<String>,
    /// Seeds with which it is shown.
    #[serde(default = "Quirk::first_seed")]
    pub seeds: Vec<u64>,
    /// How it shows.
    pub effect: Symptoms,
    /// Changes of the firmware that heal it, the cheapest first; each is a list of `KEY=VALUE`.
    #[serde(default)]
    pub cures: Vec<Vec<String>>,
    /// Advice to the user; the only remedy where there is no cure.
    pub advice: String,
}

/// The symptoms of a quirk at the peripheral. Anything not named is unrestricted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Symptoms {
    /// Outcome of the run, as in `--json`.
    pub outcome: Option<String>,
    /// A disconnection for this reason.
    pub reason: Option<u8>,
    /// A `Security failed` with this error.
    pub err: Option<u8>,
    /// Transmit PHY at the end: 1 for 1M, 2 for 2M.
    pub phy: Option<u8>,
    /// connInterval at the end.
    pub interval_us: Option<u32>,
    /// Lines of the peripheral's log.
    pub log: Vec<String>,
    /// PDUs on air, as the ladder names them.
    pub air: Vec<String>,
}

impl Quirk {
    fn pairing() -> String {
        "pairing".into()
    }

    fn zephyr() -> String {
        "zephyr-2024".into()
    }

    fn first_seed() -> Vec<u64> {
        vec![1]
    }
}

/// A run that shows a behaviour by which nothing fails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shows {
    /// The central that does it.
    pub central: String,
    /// The scenario in which it shows, by its name.
    pub scenario: String,
    /// What else it takes, as `KEY=VALUE` of `--set`.
    #[serde(default)]
    pub set: Vec<String>,
    /// PDUs on air, in this order, as in the ladder.
    pub air: Vec<String>,
}

/// A catalogue entry without a file, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unexpressed {
    /// Its number in the quirk catalogue, `Q16`.
    pub id: String,
    /// In one line.
    pub title: String,
    /// Where it was seen.
    pub seen_in: String,
    /// Why there is no file.
    pub reason: String,
    /// Where it is seen, if nothing fails by it: in a central that does it.
    #[serde(default)]
    pub shows: Option<Shows>,
    /// Where it is described.
    #[serde(default)]
    pub sources: Vec<String>,
}
