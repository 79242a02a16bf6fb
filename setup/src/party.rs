//! The centrals of a run: most have one, a race of two hosts and a machine with two systems have
//! another.
//!
//! `central.KEY` is a key of each of them, `central.1.KEY` and `central.2.KEY` of one alone.

use bletwin_models::controller::ControllerQuirks;
use bletwin_models::profile::{self, Entry, KEYS, Profile};
use bletwin_schema::Origins;

use super::{Setup, given};
use crate::centrals;
use crate::error::BadInput;
use crate::keys::CENTRAL_PREFIX;

/// The second central of a run.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its profile, with all changes made.
    pub central: Profile,
    /// Whether its controller was given quirks of the user's own making.
    pub made_up: bool,
    /// Where its values come from.
    pub origins: Origins,
}

impl Other {
    /// By name, or as a TOML file that ends in `.toml`.
    pub(crate) fn find(reference: &str) -> Result<Self, BadInput> {
        let Entry { profile: found, origins, .. } = centrals::find(reference)?;
        Ok(Self {
            made_up: profile::is_file(reference)
                && found.breaks.is_empty()
                && found.controller.quirks != ControllerQuirks::default(),
            central: found,
            origins,
        })
    }

    /// Another quirk makes another central: the profile's declarations no longer hold.
    fn set(&mut self, full: &str, key: &str, value: &str) -> Result<(), BadInput> {
        let before = self.central.controller.quirks.clone();
        self.central.set(key, value).map_err(|fault| BadInput {
            what: fault.what.replace(&format!("`{key}`"), &format!("`{full}`")),
            help: fault.help,
        })?;
        if let Some(key) = KEYS.find(key) {
            self.origins.insert(key.name, given());
        }
        let quirks = &self.central.controller.quirks;
        if *quirks != before {
            self.central.breaks.clear();
            self.central.busy.clear();
            self.made_up = *quirks != ControllerQuirks::default();
        }
        Ok(())
    }
}

impl Setup {
    /// The same with a second central, by name or as a TOML file that ends in `.toml`.
    ///
    /// # Errors
    /// [`BadInput`] for names that do not exist and files that cannot be used.
    pub fn beside(self, other: &str) -> Result<Self, BadInput> {
        Ok(Self { other: Some(Box::new(Other::find(other)?)), ..self })
    }

    /// As the second central sees it: with that as the one there is.
    #[must_use]
    pub fn of_other(&self) -> Option<Self> {
        let Other { central, made_up, origins } = self.other.as_deref()?.clone();
        let [firmware, _] = self.origins.clone();
        Some(Self { central, made_up, origins: [firmware, origins], other: None, ..self.clone() })
    }

    /// The central's value of `--set central.KEY`, or of one of them.
    pub(crate) fn set_central(&mut self, name: &str, value: &str) -> Result<(), BadInput> {
        let full = format!("{CENTRAL_PREFIX}{name}");
        let (which, key) = match name.split_once('.') {
            Some(("1", key)) => (Some(1), key),
            Some(("2", key)) => (Some(2), key),
            _ => (None, name),
        };
        if which == Some(2) && self.other.is_none() {
            return Err(BadInput {
                what: format!("`{full}`: there is one central"),
                help: format!("name a second one by --central, or set `{CENTRAL_PREFIX}{key}`"),
            });
        }
        if which != Some(2) {
            let [_, origins] = &mut self.origins;
            let mut first = Other {
                central: self.central.clone(),
                made_up: self.made_up,
                origins: std::mem::take(origins),
            };
            let result = first.set(&full, key, value);
            *origins = first.origins;
            result?;
            (self.central, self.made_up) = (first.central, first.made_up);
        }
        match &mut self.other {
            Some(other) if which != Some(1) => other.set(&full, key, value),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of each, and of one alone.
    #[test]
    fn a_key_is_of_each_central_or_of_one() {
        let mut setup = Setup::new("recommended", "phone", 1).unwrap().beside("macos").unwrap();
        setup.set("central.mtu=100").unwrap();
        setup.set("central.1.latency=3").unwrap();
        setup.set("central.2.timeout-ms=1000").unwrap();
        let other = setup.of_other().unwrap();
        let of = |setup: &Setup, key: &str| KEYS.find(key).unwrap().get(&setup.central).to_string();
        assert_eq!([of(&setup, "mtu"), of(&other, "mtu")], ["100", "100"]);
        assert_eq!([of(&setup, "latency"), of(&other, "latency")], ["3", "0"]);
        assert_eq!(of(&other, "timeout-ms"), "1000");
        assert_ne!(of(&setup, "timeout-ms"), "1000");
        assert!(other.is_central_key_given("timeout-ms"));
        assert!(!setup.is_central_key_given("timeout-ms"));
    }

    /// Violations of one central by a quirk of the user's are undeclared; the other's profile
    /// stands.
    #[test]
    fn a_quirk_is_made_up_of_the_one_that_has_it() {
        let first = "windows-intel-restart";
        let mut setup = Setup::new("recommended", first, 1).unwrap().beside("phone").unwrap();
        setup.set("central.2.phy-req=never").unwrap();
        assert!(!setup.made_up && !setup.central.breaks.is_empty());
        assert!(setup.of_other().unwrap().made_up);
    }

    /// Errors name the key as it was typed.
    #[test]
    fn errors_name_the_key_as_typed() {
        let mut alone = Setup::new("recommended", "phone", 1).unwrap();
        let error = alone.set("central.2.mtu=100").unwrap_err();
        assert!(error.what.contains("`central.2.mtu`: there is one central"), "{error}");
        let mut two = alone.beside("phone").unwrap();
        let error = two.set("central.2.mtuu=100").unwrap_err();
        assert!(error.what.contains("`central.2.mtuu`"), "{error}");
        assert!(two.set("central.3.mtu=100").is_err());
    }
}
