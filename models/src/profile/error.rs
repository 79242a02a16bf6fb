//! What is wrong with a profile, where, and what would be right.

use std::fmt;

use super::schema::File;
use super::text::TAKES;

/// Why a profile was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// The file, or the name of what was asked for.
    pub place: String,
    /// Line, counted from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
    /// A word that does not exist, and those that do: the nearest may be meant.
    pub unknown: Option<Box<(String, Vec<String>)>>,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ProfileError {}

impl ProfileError {
    pub(super) fn new(place: &str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            line: None,
            what: what.into(),
            help: help.into(),
            unknown: None,
        }
    }

    /// With the line of this file that names what is wrong, if the error is about this file and
    /// does not know its line yet.
    pub(super) fn found_in(self, place: &str, text: &str, file: &File) -> Self {
        if self.line.is_some() || self.place != place {
            return self;
        }
        let typed = self.unknown.as_ref().map(|unknown| unknown.0.as_str());
        let names = typed.into_iter().chain(file.extends.as_deref());
        let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        let line = names.iter().find_map(|name| text.lines().position(|line| line.contains(name)));
        Self { line: line.map(|n| n + 1), ..self }
    }

    /// From what TOML or the schema have against a text.
    pub(super) fn of_toml(place: &str, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map(|span| span.start.min(text.len()));
        let line = start.map(|at| text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count());
        Self { line: line.map(|n| n + 1), ..Self::of_message(place, error.message()) }
    }

    /// From what the schema says of a value.
    pub(super) fn of_message(place: &str, message: &str) -> Self {
        let message = message.trim_end();
        if let Some((what, help)) = message.split_once(&format!("; {TAKES}")) {
            return Self::new(place, what, format!("{TAKES}{help}"));
        }
        let help = "docs/CENTRALS.md and `bletwin central new` show how it is written";
        let mut error = Self::new(place, message, help);
        if let Some(words) = message.strip_prefix("unknown ") {
            // "unknown field `a`, expected one of `b`, `c`"
            let mut quoted = words.split('`').skip(1).step_by(2).map(str::to_owned);
            if let Some(typed) = quoted.next() {
                error.what = match words.starts_with("field") {
                    true => format!("there is no key `{typed}`"),
                    false => format!("`{typed}` is not known here"),
                };
                error.unknown = Some(Box::new((typed, quoted.collect())));
            }
        }
        error
    }
}
