//! Keys as pages of TOML: all values with where they come from, and a page to begin with.

use bletwin_schema::{Keys, Origins, Written};
use serde_json::{Map, Value, json};

/// Column of comments, if the line is short enough.
const COLUMN: usize = 44;

/// A text from outside as a comment may have it: on one line, and without control characters, which
/// a comment of TOML must not have.
#[must_use]
pub fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Every key with its value in `of`, and behind it where that comes from: `origins`, or else
/// `otherwise`.
#[must_use]
pub fn flat<T>(keys: Keys<T>, of: &T, origins: &Origins, otherwise: &str) -> String {
    grouped(keys, |key| {
        let line = format!("{} = {}", key.name, key.get(of).toml());
        let from = origins.get(key.name).map_or_else(|| otherwise.to_owned(), ToString::to_string);
        format!("{line:<COLUMN$} # {}\n", comment(&from))
    })
}

/// The same for programs: by key its `value` and `from`, a file or a name, with the `line`.
#[must_use]
pub fn json<T>(keys: Keys<T>, of: &T, origins: &Origins, otherwise: &str) -> Map<String, Value> {
    let entry = |key: &bletwin_schema::Key<T>| {
        let origin = origins.get(key.name);
        let from = origin.map_or(otherwise, |origin| origin.place.as_str());
        let line = origin.and_then(|origin| origin.line);
        let value = value(&key.get(of));
        (key.name.to_owned(), json!({ "value": value, "from": from, "line": line }))
    };
    keys.iter().map(entry).collect()
}

fn value(written: &Written) -> Value {
    match written {
        Written::Text(text) => json!(text),
        Written::Number(number) => json!(number),
        Written::Bits(bits) => json!(bits),
        Written::Flag(flag) => json!(flag),
        Written::List(items) => items.iter().map(value).collect(),
    }
}

/// Every key with its meaning, its possible values and, after `# `, its value in `of`.
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
