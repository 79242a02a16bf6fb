//! Violations that are known and let pass, with where they are known from.

use serde::Deserialize;

use super::campaign::Finding;

/// The list that bletwin comes with.
const LIST: &str = include_str!("../allowlist.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Known>,
}

/// A violation that is let pass.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Firmware as the finding's case names it.
    pub peripheral: String,
    /// Central as the finding's case names it.
    pub central: String,
    /// Id of the rule.
    pub rule: String,
    /// Where it is known from.
    pub source: String,
}

/// All of them.
#[must_use]
pub fn known() -> Vec<Known> {
    // The list is part of the program; a test reads it.
    toml::from_str::<File>(LIST).map(|file| file.known).unwrap_or_default()
}

/// Where a finding is known from, if it is.
#[must_use]
pub fn source(list: &[Known], finding: &Finding) -> Option<String> {
    let case = &finding.case;
    let fits = |known: &&Known| {
        (&known.peripheral, &known.central, &known.rule)
            == (&case.peripheral, &case.central, &finding.rule)
    };
    list.iter().find(fits).map(|known| known.source.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_read_and_every_entry_has_a_source() {
        let file: File = toml::from_str(LIST).expect("the list is TOML");
        for known in file.known {
            assert!(known.source.starts_with("https://"), "{known:?}");
        }
    }
}
