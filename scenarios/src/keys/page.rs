//! Keys as pages of TOML: all values with where they come from, and a page to begin with.

use bletwin_schema::{Keys, Origins};

/// Comments stand at this column, where the line leaves room.
const COLUMN: usize = 44;

/// Every key with its value in `of`, and behind it where that comes from: `origins`, or else
/// `otherwise`.
#[must_use]
pub fn flat<T>(keys: Keys<T>, of: &T, origins: &Origins, otherwise: &str) -> String {
    grouped(keys, |key| {
        let line = format!("{} = {}", key.name, key.get(of).toml());
        let from = origins.get(key.name).map_or_else(|| otherwise.to_owned(), ToString::to_string);
        format!("{line:<COLUMN$} # {from}\n")
    })
}

/// Every key with what it means, the values that it takes and, behind `# `, its value in `of`.
#[must_use]
pub fn to_begin_with<T>(keys: Keys<T>, of: &T) -> String {
    grouped(keys, |key| {
        let (meaning, values) = (key.meaning, key.values());
        format!("\n## {meaning}\n## {values}\n# {} = {}\n", key.name, key.get(of).toml())
    })
}

fn grouped<T>(keys: Keys<T>, line: impl Fn(&bletwin_schema::Key<T>) -> String) -> String {
    let mut text = String::new();
    let mut group = "";
    for key in keys.iter() {
        if key.group != group {
            group = key.group;
            text += &format!("\n### {group}\n");
        }
        text += &line(key);
    }
    text
}
