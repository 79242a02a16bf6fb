//! What a peripheral was seen to do, as keys of a firmware. What only its host knows (passkeys, who
//! may bond, what is stored) no capture shows.

mod advertising;
mod answers;
mod begins;
mod calm;
mod says;
mod write;

use std::collections::BTreeMap;

use bletwin_explain::captured::Explained;
use bletwin_setup::keys::PERIPHERAL;
use bletwin_setup::{PRESETS, preset};
use bletwin_sniffer::NodeId;

use crate::looking::{Looking, Values};

/// What one connection says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It has one of these values, as `--set` takes them.
    OneOf(Vec<&'static str>),
    /// It is a number from one to the other.
    Between(u32, u32),
    /// It has this value.
    Is(String),
}

/// A key of a firmware, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirmwareKey {
    /// Its name in files.
    pub key: &'static str,
    /// The value, as `--set` takes it.
    pub value: String,
    /// The packets that show it.
    pub places: Vec<String>,
    /// What else it may be, or was in another connection.
    pub range: Option<String>,
}

/// Everything that one peripheral was seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenFirmware {
    /// Connections of it that were looked at.
    pub connections: usize,
    /// By the names of keys.
    facts: BTreeMap<&'static str, Values<Fact>>,
    /// Whether it offers a feature, by the name that keys have for it.
    features: BTreeMap<&'static str, Values<bool>>,
    /// Features that it offers and does not know.
    hollow: Values<&'static str>,
    /// What the central asked for and got no answer to.
    unanswered: Values<&'static str>,
    /// What firmware here has no key for, in words.
    others: BTreeMap<&'static str, Values<String>>,
}

impl SeenFirmware {
    /// Adds what the peripheral did in one connection.
    pub(crate) fn look(&mut self, looking: &Looking<'_>) {
        self.connections += 1;
        looking.begins(self);
        looking.parameters_wanted(self);
        looking.peripheral_says(self);
        looking.peripheral_answers(self);
    }

    /// Adds how it advertised.
    pub(crate) fn advertised(&mut self, explained: &Explained, peripheral: NodeId) {
        advertising::look(self, explained, peripheral);
    }

    fn fact(&mut self, key: &'static str, fact: Fact, place: String) {
        self.facts.entry(key).or_default().add(fact, place);
    }

    fn word(&mut self, key: &'static str, word: &'static str, place: String) {
        self.fact(key, Fact::OneOf(vec![word]), place);
    }

    fn other(&mut self, what: &'static str, words: String, place: String) {
        self.others.entry(what).or_default().add(words, place);
    }

    /// The preset that agrees with the most of it; of equals the founding case's.
    #[must_use]
    pub fn nearest(&self) -> &'static str {
        let agrees = |name: &&&str| {
            let same = |key: &FirmwareKey| base(name, key.key) == Some(key.value.clone());
            self.keys(name).iter().filter(|key| same(key)).count()
        };
        PRESETS.iter().rev().max_by_key(agrees).copied().unwrap_or(PRESETS[0])
    }

    /// Keys of a firmware whose values were seen, in the order of the table; `base`: the preset
    /// that has a say where several values are left.
    #[must_use]
    pub fn keys(&self, base: &str) -> Vec<FirmwareKey> {
        PERIPHERAL.names().into_iter().filter_map(|key| self.key(key, base)).collect()
    }

    /// Keys of a firmware of which nothing was seen.
    #[must_use]
    pub fn not_seen(&self) -> Vec<&'static str> {
        let seen = self.keys(PRESETS[0]);
        let unseen = |name: &&str| seen.iter().all(|key| key.key != *name);
        PERIPHERAL.names().into_iter().filter(unseen).collect()
    }

    /// What was seen that firmware here has no key for: what, in which words, and where.
    pub fn others(&self) -> impl Iterator<Item = (&'static str, &Values<String>)> {
        self.others.iter().map(|(what, values)| (*what, values))
    }

    /// The firmware as a file, for `--peripheral`.
    #[must_use]
    pub fn toml(&self) -> String {
        write::toml(self)
    }
}

/// The value of a key in a preset, as `--set` takes it.
fn base(name: &str, key: &str) -> Option<String> {
    let build = preset(name)?;
    PERIPHERAL.find(key).map(|key| key.get(&build).to_string())
}
