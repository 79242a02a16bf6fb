//! Input that a person got wrong, with what would be right.

use std::fmt;

pub use bletwin_schema::nearest;

/// Bad input and what would be right; the command exits with 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput {
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for BadInput {}

/// The error for a name that does not exist, where a file of that name would do.
#[must_use]
pub fn unknown_name_or_file(kind: &str, typed: &str, known: &[&str], list: &str) -> BadInput {
    let file = format!("{typed}.toml");
    if typed.is_empty() || !std::path::Path::new(&file).is_file() {
        return unknown_name(kind, typed, known, list);
    }
    let here = if std::path::Path::new(&file).is_absolute() { "" } else { "./" };
    let help = format!("did you mean the file `{here}{file}`? name it with its ending");
    BadInput { what: format!("there is no {kind} `{typed}`"), help }
}

/// The error for a name that does not exist.
#[must_use]
pub fn unknown_name(kind: &str, typed: &str, known: &[&str], list: &str) -> BadInput {
    let help = match nearest(typed, known) {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => format!("there are: {}; {list}", known.join(", ")),
    };
    BadInput { what: format!("there is no {kind} `{typed}`"), help }
}
