//! A run as a value: everything that it depends on, readable by people as TOML.

use serde::{Deserialize, Serialize};

use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

mod procedure;

pub use procedure::{Procedure, Side, What};

/// Everything that a run depends on beside the version of bletwin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// Firmware: a preset by name, or a file that ends in `.toml`.
    pub peripheral: String,
    /// Central by name; its link layer takes part, its host is replaced.
    pub central: String,
    /// Changes of firmware and central, `KEY=VALUE` as in `--set`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// Seed of all randomness.
    pub seed: u64,
    /// Channel selection algorithm, 1 or 2.
    pub csa: Csa,
    /// Whether the link is encrypted when the run proper begins. Both ends have a bond.
    pub encryption: Switch,
    /// The state of the link when the run proper begins.
    pub start: Start,
    /// connInterval, units of 1.25 ms, 6–3200.
    pub interval: u16,
    /// Errors of the sleep clocks.
    pub clocks: Clocks,
    /// Packets lost at random from the start of the run proper, parts per million.
    pub loss_ppm: u32,
    /// The procedures that the hosts start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<Procedure>,
    /// Packets that do not arrive as they were sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// The connection event before which the run is cut off, whatever is open then; what only the
    /// end shows is not judged. None: when nothing is to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u16>,
    /// The requests that the two hosts refuse where they may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuse: Vec<Refusal>,
    /// How the central misbehaves, beyond its profile: `KEY=VALUE` of a central as in `--set`,
    /// without the prefix: `phy-req=never@always`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<String>,
    /// Rules whose violations are not reported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppress: Vec<String>,
}

impl Default for Case {
    /// Nothing is asked for and nothing is lost.
    fn default() -> Self {
        Self {
            peripheral: "recommended".into(),
            central: "honest".into(),
            set: Vec::new(),
            seed: 1,
            csa: Csa::default(),
            encryption: Switch::Off,
            start: Start::Fresh,
            interval: 6,
            clocks: Clocks::default(),
            loss_ppm: 0,
            procedures: Vec::new(),
            losses: Vec::new(),
            until: None,
            refuse: Vec::new(),
            quirks: Vec::new(),
            suppress: Vec::new(),
        }
    }
}

/// Channel selection algorithm.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub enum Csa {
    /// Algorithm #1: the central does not know the other.
    One,
    /// Algorithm #2: both ends have said that they know it.
    #[default]
    Two,
}

impl TryFrom<u8> for Csa {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(format!("there is no channel selection algorithm {number}, only 1 and 2")),
        }
    }
}

impl From<Csa> for u8 {
    fn from(csa: Csa) -> Self {
        match csa {
            Csa::One => 1,
            Csa::Two => 2,
        }
    }
}

/// Off or on, for [`Case::encryption`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// The link is not encrypted.
    #[default]
    Off,
    /// The link is encrypted with the key of the bond.
    On,
}

/// A refusal of a host. The peripheral's host refuses parameters with `param-requests=refuse` in
/// `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The central's host: the connection parameters that the peripheral asks for.
    CentralParameters,
    /// The peripheral's host: the key, as it has lost its bond.
    PeripheralKey,
}

/// The state of the link when the run proper begins.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Just established (and encrypted): the firmware's own procedures are under way.
    #[default]
    Fresh,
    /// Idle, and connEventCount is about to pass 65535.
    NearWrap,
    /// Idle, with a connPeripheralLatency of 4.
    #[serde(rename = "latency-4")]
    Latency4,
    /// Idle, on LE 2M both ways.
    #[serde(rename = "2m")]
    Le2M,
    /// Idle, on LE Coded both ways.
    Coded,
}

impl Start {
    /// Its name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::NearWrap => "near-wrap",
            Self::Latency4 => "latency-4",
            Self::Le2M => "2m",
            Self::Coded => "coded",
        }
    }
}

/// Errors of the sleep clocks in ppm, −500 to 500.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Clocks {
    /// Error of the peripheral's sleep clock; positive runs fast.
    pub peripheral: i16,
    /// Error of the central's sleep clock; positive runs fast.
    pub central: i16,
}

/// What happens to a packet.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The peer hears nothing.
    #[default]
    Lost,
    /// The peer hears it with a wrong CRC.
    Corrupted,
}

/// A packet that does not arrive as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Loss {
    /// The end that sends the packet.
    pub of: Side,
    /// Which of the sender's packets, repetitions included, 1 = the first of the run proper.
    pub packet: u32,
    /// What happens to it.
    #[serde(default)]
    pub how: How,
}

impl Case {
    /// From the text of a file.
    ///
    /// # Errors
    /// [`BadInput`] if it is not TOML, has keys that do not exist, or values out of range.
    pub fn from_toml(text: &str) -> Result<Self, BadInput> {
        let case: Self = toml::from_str(text).map_err(|error| BadInput {
            what: format!("this is not a case: {}", error.message()),
            help: "docs/EXPLORE.md shows what a case looks like".into(),
        })?;
        case.setup()?;
        Ok(case)
    }

    /// As a file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // A plain table of strings, numbers and lists can always be written.
        toml::to_string(self).unwrap_or_default()
    }

    /// Firmware and central that it names, with all changes.
    ///
    /// # Errors
    /// [`BadInput`] for names that do not exist and values out of range.
    pub fn setup(&self) -> Result<Setup, BadInput> {
        self.in_range()?;
        let mut setup = Setup::new(&self.peripheral, &self.central, self.seed)?;
        for assignment in &self.set {
            setup.set(assignment)?;
        }
        for quirk in &self.quirks {
            setup.set(&format!("{}{quirk}", bletwin_setup::keys::CENTRAL_PREFIX))?;
        }
        Ok(setup)
    }

    pub(super) fn in_range(&self) -> Result<(), BadInput> {
        let ppm = |ppm: i16| (-500..=500).contains(&ppm);
        let wrong = if !(6..=3200).contains(&self.interval) {
            "`interval` is 6–3200 (1.25 ms)"
        } else if !ppm(self.clocks.peripheral) || !ppm(self.clocks.central) {
            "`clocks` are −500 to 500 ppm"
        } else if self.loss_ppm > 1_000_000 {
            "`loss-ppm` is at most 1000000"
        } else if self.procedures.iter().any(|p| p.position > 999 || p.event > 10_000) {
            "`position` is 0–999 and `event` at most 10000"
        } else if self.procedures.iter().any(Procedure::is_out_of_place) {
            "only a central can force a procedure, and not all of them; `min-used-channels` it must"
        } else if self.losses.iter().any(|loss| loss.packet == 0) {
            "the first packet has the number 1"
        } else {
            return Ok(());
        };
        Err(BadInput { what: "a value of this case is out of range".into(), help: wrong.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_readable_and_reads_back() {
        let phy = What::Phy { tx: 2, rx: 2 };
        let case = Case {
            start: Start::Latency4,
            procedures: vec![
                Procedure::new(Side::Peripheral, phy, 3),
                Procedure::new(Side::Central, What::Features, 2),
            ],
            losses: vec![Loss { of: Side::Central, packet: 4, how: How::Lost }],
            until: Some(40),
            refuse: vec![Refusal::PeripheralKey],
            quirks: vec!["phy-req=never@always".into()],
            ..Case::default()
        };
        insta::assert_snapshot!(case.to_toml());
        assert_eq!(Case::from_toml(&case.to_toml()), Ok(case));
    }

    #[test]
    fn unknown_keys_and_values_out_of_range_are_errors() {
        for text in [
            "sead = 1",
            "csa = 3",
            "interval = 5",
            "clocks = { central = 501 }",
            "central = \"nobody\"",
            "quirks = [\"phy-req=perhaps\"]",
            "[[losses]]\nof = \"central\"\npacket = 0",
            "[[procedures]]\nwho = \"central\"\nwhat = \"dance\"\nevent = 1",
        ] {
            assert!(Case::from_toml(text).is_err(), "{text}");
        }
        assert_eq!(Case::from_toml(""), Ok(Case::default()));
    }
}
