//! Centrals as data: TOML files, built in or the user's own.
//!
//! A profile's name means nothing: two profiles that differ in name only behave the same. The
//! format is described in docs/CENTRALS.md.

pub mod catalogue;
mod compose;
mod conflict;
mod convert;
mod definition;
mod error;
mod quirk;
mod schema;
#[cfg(test)]
mod tests;
mod values;

use bletwin_schema::{Conflict, Fault};
pub use compose::{Entry, Read, SIZE_MAX, is_file, load};
pub use definition::Profile;
pub use error::ProfileError;
pub use quirk::{Confidence, Quirk, Shows, Symptoms, Unexpressed};
pub use schema::{KEYS, VERSION};
pub use values::{Io, Millis};

use crate::controller::ControllerQuirks;

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
