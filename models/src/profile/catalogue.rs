//! The built-in profiles: TOML files like those of users, embedded.

use serde::Deserialize;

use super::compose::{self, Entry};
use super::quirk::Unexpressed;

macro_rules! embedded {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../", $folder, "/", $name, ".toml")))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

/// Whole centrals, in the order of lists.
const CENTRALS: Files = embedded!("centrals":
    "honest" "phone" "ios" "macos" "android-13" "android-16" "android-qualcomm" "samsung" "bluez"
    "windows-10" "windows-11" "windows-intel" "windows-intel-m1" "windows-intel-m3"
    "windows-intel-restart" "windows-intel-clean" "windows-intel-meteor-lake" "surface-pro-4"
    "esp32" "cyw43439"
);

/// Quirks: each is a central that differs in one behaviour.
const QUIRKS: Files = embedded!("quirks":
    "phy-stall" "phy-stall-silent" "phy-stall-no-switch" "second-phy-request"
    "second-phy-request-cached" "param-request-before-phy-instant" "conn-update-during-phy"
    "phy-request-after-param-request" "short-reject-for-length" "short-reject-for-phy"
    "unknown-rsp-for-phy" "stall-if-phy-unknown" "encryption-beats-phy" "late-encryption"
    "close-instants" "param-unknown-stall" "key-missing" "forgets-itself"
    "forgotten-stays-forgotten" "no-pairing-on-att-error" "debug-key-refused" "no-keyboard"
    "refuses-after-boot" "apple-parameter-rules" "parameters-overwritten"
    "short-supervision-timeout" "connect-refused"
);

/// Centrals with bad intentions.
const ATTACKERS: Files = embedded!("attackers": "static-passkey-attacker");

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    CENTRALS.iter().chain(QUIRKS).chain(ATTACKERS)
}

/// The text of a built-in profile.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Names of everything built in.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| *name)
}

/// A built-in profile by its name.
#[must_use]
pub fn entry(name: &str) -> Option<Entry> {
    text(name)?;
    // A test parses every embedded file.
    compose::built_in(name).ok()
}

fn entries(files: Files) -> Vec<Entry> {
    files.iter().filter_map(|(name, _)| entry(name)).collect()
}

/// All built-in central profiles, in the order of lists.
#[must_use]
pub fn centrals() -> Vec<Entry> {
    entries(CENTRALS)
}

/// All built-in quirks, in the order of lists.
#[must_use]
pub fn quirks() -> Vec<Entry> {
    entries(QUIRKS)
}

/// Entries of the catalogue that no file expresses, and why.
#[must_use]
pub fn unexpressed() -> Vec<Unexpressed> {
    #[derive(Deserialize)]
    struct List {
        entry: Vec<Unexpressed>,
    }
    let text = include_str!("../../quirks-not-expressed.toml");
    // A test parses every embedded file.
    toml::from_str(text).map_or_else(|_| Vec::new(), |list: List| list.entry)
}
