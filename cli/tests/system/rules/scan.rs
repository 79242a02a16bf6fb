//! Finds the ids of rules in sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What cites a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Citations {
    /// Crates, by folder, whose code does.
    pub(crate) code: BTreeSet<String>,
    /// Files whose tests do.
    pub(crate) tests: BTreeSet<String>,
}

/// By the rule's id.
pub(crate) type Coverage = BTreeMap<String, Citations>;

/// The ids in a text: `LL-AREA-1`, not as a part of a longer word.
pub(crate) fn ids(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| bletwin_rules::is_id(word)).map(str::to_owned).collect()
}

/// Adds what one source file cites. `path` is relative to the workspace. The oracle judges rules,
/// it does not keep them, and its own tests show only that it can: neither counts.
pub(crate) fn scan(coverage: &mut Coverage, path: &Path, text: &str, is_test: bool) {
    let mut parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    let folder = parts.next().unwrap_or_default();
    let of_oracle = path.starts_with("oracle/src");
    let code = if is_test { "" } else { crate::sources::without_tests(text) };
    for id in ids(code) {
        let citations = coverage.entry(id).or_default();
        if !of_oracle {
            citations.code.insert(folder.clone());
        }
    }
    for id in ids(&text[code.len()..]) {
        let citations = coverage.entry(id).or_default();
        if !of_oracle {
            citations.tests.insert(path.to_string_lossy().into_owned());
        }
    }
}
