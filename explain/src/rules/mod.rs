//! The rules of the link layer, read from `docs/rules/`: the documents are the source.
//!
//! Each rule has an id that code and tests cite. The rows of the two tables of decisions are
//! rules as well; `docs/rules/collisions.md` prints them.

mod parse;
mod table;

use bletwin_oracle::{self as oracle};
use bletwin_rules::Force;

pub use parse::parse;
pub use table::{BEGIN, END, decisions, printed};

/// Who has to keep a rule, and where that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    const ALL: [Self; 5] = [Self::Both, Self::Peripheral, Self::Central, Self::Codec, Self::Radio];

    /// As in the documents.
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
            Self::Codec => &["ble"],
            Self::Central => &["models"],
            Self::Radio => &["sim"],
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As it is cited: `LL-PHY-4`.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What is demanded.
    pub text: String,
    /// What else there is to say; may be empty.
    pub note: String,
    /// Where it comes from, in the Core Specification.
    pub source: String,
    /// How strongly the text asks for it.
    pub force: Force,
    /// Who has to keep it.
    pub keeper: Keeper,
    /// The document that states it, below `docs/rules/`.
    pub document: &'static str,
}

impl Rule {
    /// Whether the oracle judges it in every run.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        oracle::Rule::find(&self.id).is_some()
    }
}

macro_rules! documents {
    ($($name:literal),* $(,)?) => {
        /// The documents, in the order of their reading.
        pub const DOCUMENTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../docs/rules/", $name)))),*];
    };
}

documents![
    "framing.md",
    "advertising.md",
    "extended.md",
    "privacy.md",
    "connection.md",
    "channels.md",
    "acknowledgement.md",
    "control.md",
    "version.md",
    "features.md",
    "data-length.md",
    "phy.md",
    "connection-update.md",
    "channel-map.md",
    "encryption.md",
    "ping.md",
    "termination.md",
    "instants.md",
    "timeout.md",
    "collisions.md",
];

/// All rules of the documents and of the tables.
///
/// # Errors
/// Document and line that are not as `docs/rules/README.md` wants them.
pub fn all() -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for (document, text) in DOCUMENTS {
        // A checkout may have other line ends.
        rules.extend(parse(document, &text.replace("\r\n", "\n"))?);
    }
    rules.extend(decisions()?.into_iter().map(|decision| decision.rule()));
    Ok(rules)
}
