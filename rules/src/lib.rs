//! The rules as data: what link layers and hosts have to do, in this project's words.
//!
//! A rule is a constant with its id, title, words, source and force, in the module of its document;
//! `docs/rules` is printed from here. Code and tests cite it, findings name it:
//!
//! ```
//! use bletwin_rules::{Force, Rule, phy};
//!
//! assert_eq!(phy::LL_PHY_6.title, "fields that name no PHY");
//! assert_eq!(phy::LL_PHY_6.force, Force::Shall);
//! assert_eq!(Rule::find("LL-PHY-6"), Some(&phy::LL_PHY_6));
//! ```
#![forbid(unsafe_code)]

#[macro_use]
mod macros;

pub mod acknowledgement;
pub mod advertising;
pub mod att;
pub mod channel_map;
pub mod channels;
pub mod collisions;
pub mod connection;
pub mod connection_update;
pub mod control;
pub mod data_length;
pub mod encryption;
pub mod extended;
pub mod features;
pub mod framing;
pub mod gatt;
pub mod hosts;
pub mod instants;
pub mod phy;
pub mod ping;
pub mod privacy;
pub mod smp;
pub mod termination;
pub mod timeout;
pub mod version;

/// How strongly the text of the Core Specification asks for what a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Force {
    /// Mandatory. A device that does otherwise breaks the rule: a finding.
    Shall,
    /// Recommended. A device that does otherwise is observed and breaks no rule.
    Should,
    /// Allowed. A device that does otherwise breaks no rule and is not observed.
    May,
    /// Not decided by the text; this is what this project's link layers do.
    Own,
}

impl Force {
    /// As documents say it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Shall => "shall",
            Self::Should => "should",
            Self::May => "may",
            Self::Own => "own choice",
        }
    }
}

/// Who is bound by a rule, and which crates implement it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keeper {
    /// Both roles, each with code of its own.
    Both,
    /// The peripheral: `firmware-core`.
    Peripheral,
    /// The central: `models`.
    Central,
    /// Both, in the vocabulary that they share, `ble`: formats and primitives.
    Codec,
    /// Both, in the radio of `sim`.
    Radio,
}

impl Keeper {
    /// As documents say it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Peripheral => "peripheral",
            Self::Central => "central",
            Self::Codec => "both, in the codec",
            Self::Radio => "both, in the radio",
        }
    }

    /// The crates that must have code for it, by folder.
    #[must_use]
    pub const fn crates(self) -> &'static [&'static str] {
        match self {
            Self::Both => &["firmware-core", "models"],
            Self::Peripheral => &["firmware-core"],
            Self::Central => &["models"],
            Self::Codec => &["ble"],
            Self::Radio => &["sim"],
        }
    }
}

/// What a link layer or a host has to do, and where the Core Specification says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its name, as it is cited: `LL-PHY-4`.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// What is demanded or recommended.
    pub text: &'static str,
    /// What else there is to say: paragraphs, often none.
    pub notes: &'static [&'static str],
    /// Where it comes from: sections of the Core Specification.
    pub source: &'static str,
    /// How strongly it is meant.
    pub force: Force,
    /// Who is bound by it.
    pub keeper: Keeper,
    /// Whether the oracle judges it in every run; otherwise tests alone show it.
    pub judged: bool,
}

impl Rule {
    /// The rule with this id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        rules().find(|rule| rule.id == id)
    }

    /// The rule with this id, if the oracle judges it.
    #[must_use]
    pub fn judged(id: &str) -> Option<&'static Self> {
        judged().find(|rule| rule.id == id)
    }

    /// Its source without volume and part where that is the link layer's: `5.1.10`.
    #[must_use]
    pub fn sections(&self) -> &'static str {
        self.source.strip_prefix("Vol 6, Part B ").unwrap_or(self.source)
    }

    /// Whether this is about what PDUs say and when, not about how they are sent.
    #[must_use]
    pub fn is_of_control(id: &str) -> bool {
        let mut control = DOCUMENTS.iter().filter(|document| document.layer == Layer::Control);
        control.any(|document| document.rules.iter().any(|rule| rule.id == id))
    }
}

/// What the rules of a document are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// How PDUs are sent: bits, channels, time, acknowledgement.
    Air,
    /// What control PDUs say and when.
    Control,
    /// Pairing and key distribution: the Security Manager.
    Smp,
    /// How attributes are read, written and notified: the Attribute Protocol.
    Att,
    /// Profiles: GATT and GAP.
    Gatt,
}

/// Rules that belong together: a file of `docs/rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Name of the file.
    pub file: &'static str,
    /// What its rules are about.
    pub layer: Layer,
    /// Heading of the file, as text without markup.
    pub title: &'static str,
    /// What it says before the first rule; Markdown.
    pub intro: &'static str,
    /// In the order of the file.
    pub rules: &'static [Rule],
}

/// The documents, in reading order.
pub const DOCUMENTS: &[Document] = &[
    framing::DOCUMENT,
    advertising::DOCUMENT,
    extended::DOCUMENT,
    privacy::DOCUMENT,
    connection::DOCUMENT,
    channels::DOCUMENT,
    acknowledgement::DOCUMENT,
    control::DOCUMENT,
    version::DOCUMENT,
    features::DOCUMENT,
    data_length::DOCUMENT,
    phy::DOCUMENT,
    connection_update::DOCUMENT,
    channel_map::DOCUMENT,
    encryption::DOCUMENT,
    ping::DOCUMENT,
    termination::DOCUMENT,
    instants::DOCUMENT,
    timeout::DOCUMENT,
    collisions::DOCUMENT,
    smp::DOCUMENT,
    att::DOCUMENT,
    gatt::DOCUMENT,
];

/// All rules, in the order of the documents.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    DOCUMENTS.iter().flat_map(|document| document.rules)
}

/// All rules that the oracle judges.
pub fn judged() -> impl Iterator<Item = &'static Rule> {
    rules().filter(|rule| rule.judged)
}

/// What an id begins with: the layer of its rule.
pub const PREFIXES: [&str; 5] = ["LL", "SMP", "ATT", "GATT", "GAP"];

/// Whether this has the form of an id: `LL-AREA-1`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let area = |area: &str| !area.is_empty() && area.bytes().all(|b| b.is_ascii_uppercase());
    let number = |n: &str| n.parse::<u16>().is_ok_and(|n| n > 0) && !n.starts_with('0');
    parts.next().is_some_and(|layer| PREFIXES.contains(&layer))
        && parts.next().is_some_and(area)
        && parts.next().is_some_and(number)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own() {
        let mut ids: Vec<_> = rules().map(|rule| rule.id).collect();
        ids.iter().for_each(|id| assert!(is_id(id), "{id}"));
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id is used twice");
    }

    #[test]
    fn every_rule_says_something_and_where_it_comes_from() {
        for rule in rules() {
            let said = [rule.title, rule.text, rule.source];
            assert!(said.iter().all(|text| !text.trim().is_empty()), "{rule:?}");
            assert!(rule.text.ends_with('.') && rule.source.starts_with("Vol "), "{rule:?}");
        }
    }

    #[test]
    fn an_id_has_area_and_number() {
        for wrong in ["LLX1", "LL-X-01", "LL-X-", "LL--1", "ll-x-1", "LL-X-1-2", "XX-X-1"] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
