//! Centrals as data: TOML files, built in or the user's own.
//!
//! A profile's name means nothing: two profiles that differ in name only behave the same. The
//! format is described in docs/CENTRALS.md.

pub mod catalogue;
mod compose;
mod conflict;
mod convert;
mod error;
mod quirk;
mod schema;
#[cfg(test)]
mod tests;
mod values;

use bletwin_schema::{Conflict, Fault};
pub use compose::{Entry, Read, SIZE_MAX, is_file, load};
pub use error::ProfileError;
pub use quirk::{Confidence, Effect, Quirk, Shows, Unexpressed};
pub use schema::{KEYS, VERSION};
pub use values::Io;

use crate::controller::{ControllerConfig, ControllerQuirks};
use crate::host::HostConfig;

/// A central that can be put into a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// How it is called on the command line.
    pub name: String,
    /// What it is, in a line or two.
    pub about: String,
    /// Where its behaviour is known from.
    pub sources: Vec<String>,
    /// Ids of the link layer's rules that it breaks, as the oracle names them
    /// (`bletwin_rules::judged`): found against this central they are no surprise. Plain
    /// data, like everything here; a test proves that each of them is broken in some run.
    pub breaks: Vec<String>,
    /// What may still be under way when a run with it is ended, as
    /// [`What::kind`](ble::armed::What::kind) has it; the run passes all the same.
    pub busy: Vec<String>,
    /// Its link layer.
    pub controller: ControllerConfig,
    /// Its host.
    pub host: HostConfig,
}

impl Default for Profile {
    /// A central that keeps every rule and does what it is asked at once.
    fn default() -> Self {
        Self {
            name: "honest".into(),
            about: String::new(),
            sources: Vec::new(),
            breaks: Vec::new(),
            busy: Vec::new(),
            controller: ControllerConfig::default(),
            host: HostConfig::default(),
        }
    }
}

impl Profile {
    /// All whole centrals.
    #[must_use]
    pub fn all() -> Vec<Self> {
        catalogue::centrals().into_iter().map(|entry| entry.profile).collect()
    }

    /// The built-in central, quirk or attacker of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        catalogue::entry(name).map(|entry| entry.profile)
    }

    /// `honest`: the measure for all others.
    #[must_use]
    pub fn honest() -> Self {
        Self::by_name("honest").unwrap_or_default()
    }

    /// `phone`: nRF Connect.
    #[must_use]
    pub fn phone() -> Self {
        Self::by_name("phone").unwrap_or_default()
    }

    /// `windows-intel`: the laptop of the founding case.
    #[must_use]
    pub fn windows_intel() -> Self {
        Self::by_name("windows-intel").unwrap_or_default()
    }

    /// `static-passkey-attacker`; see [`crate::attacker`].
    #[must_use]
    pub fn attacker() -> Self {
        Self::by_name("static-passkey-attacker").unwrap_or_default()
    }

    /// The same central without its controller's quirks.
    #[must_use]
    pub fn without_quirks(mut self) -> Self {
        self.controller.quirks = ControllerQuirks::default();
        self.breaks.clear();
        self.busy.clear();
        self
    }

    /// Changes one thing; see [`KEYS`].
    ///
    /// # Errors
    /// If there is no such key, or its value makes no sense.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        KEYS.set(self, key, value)
    }

    /// Looks for values that cannot go together.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), ProfileError> {
        let found = conflict::conflicts(self).into_iter().find(|found| !found.harmless);
        found.map_or(Ok(()), |found| Err(ProfileError::new(&self.name, found.what, found.help)))
    }

    /// Values that can have no effect beside the others.
    #[must_use]
    pub fn warnings(&self) -> Vec<Conflict> {
        conflict::conflicts(self).into_iter().filter(|found| found.harmless).collect()
    }
}
