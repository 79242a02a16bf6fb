//! A central out of captures: what it was seen to do ([`Seen`]), the built-in central that comes
//! nearest to it, and what has to be changed of that ([`learn`]). What its peripheral was seen to
//! do are keys of a firmware ([`SeenFirmware`]). Nothing is invented: what was not seen is what the
//! base has, and the file says so.
//!
//! ```
//! use bletwin_learn::{Seen, learn};
//!
//! let nothing = learn(&Seen::default());
//! assert_eq!((nothing.base.name.as_str(), nothing.changes.len()), ("honest", 0));
//! assert!(nothing.toml("nobody knows it").contains("# Not seen"));
//! ```
#![forbid(unsafe_code)]

mod change;
mod comment;
mod excerpt;
mod firmware;
mod looking;
mod nearest;
mod seen;
mod test_file;
pub mod twin;
mod write;

use bletwin_models::profile::{KEYS, Profile};

pub use change::Change;
pub use excerpt::excerpt;
pub use firmware::{Fact, FirmwareKey, SeenFirmware};
pub use looking::{Shown, Values};
pub use nearest::{contradictions, nearest};
pub use seen::{Reaction, Seen, SeenRequest, SeenStep, Situation, Start};
pub use test_file::test_file;
pub use write::not_seen;

/// What was learned of a central.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The built-in central that comes nearest.
    pub base: Profile,
    /// What is otherwise than in the base.
    pub changes: Vec<Change>,
    /// What was seen.
    pub seen: Seen,
}

/// The central that was seen.
#[must_use]
pub fn learn(seen: &Seen) -> Learned {
    let (base, changes) = nearest(seen);
    Learned { base, changes, seen: seen.clone() }
}

impl Learned {
    /// The central, ready to be put into a world.
    ///
    /// # Errors
    /// The key that does not take what was seen, and why.
    pub fn profile(&self, name: &str) -> Result<Profile, String> {
        let mut profile = self.base.clone();
        name.clone_into(&mut profile.name);
        for (key, value) in self.changes.iter().flat_map(|change| &change.values) {
            profile.set(key, &value.to_string()).map_err(|fault| format!("{key}: {fault}"))?;
        }
        if self.changes.iter().flat_map(|change| &change.values).any(|(key, _)| is_rule(key)) {
            profile.breaks.clear();
        }
        Ok(profile)
    }

    /// The file that describes it.
    #[must_use]
    pub fn toml(&self, about: &str) -> String {
        write::toml(self, about)
    }
}

/// Whether a key departs from the rules.
fn is_rule(key: &str) -> bool {
    KEYS.find(key).is_some_and(|key| key.group.starts_with("Departures"))
}
