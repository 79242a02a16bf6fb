//! What is wrong with a file or a value, where, and what would be right.

use std::fmt;
use std::ops::Range;

/// A place in a text, counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Number of the line, from 1.
    pub line: usize,
    /// Number of the character in its line, from 1.
    pub column: usize,
}

impl Position {
    /// Where an octet of a text is.
    #[must_use]
    pub fn of(text: &str, octet: usize) -> Self {
        let before = text.get(..octet.min(text.len())).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
    }
}

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, in a file.
    pub at: Option<Position>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// Without a place.
    #[must_use]
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at: None, what: what.into(), help: help.into() }
    }

    /// At a place of a text.
    #[must_use]
    pub fn at(self, text: &str, span: Option<Range<usize>>) -> Self {
        Self { at: span.map(|span| Position::of(text, span.start)), ..self }
    }

    /// A name that does not exist; the nearest of those that do may be meant.
    #[must_use]
    pub fn unknown(what: impl Into<String>, typed: &str, known: &[&str], help: &str) -> Self {
        let help = match nearest(typed, known) {
            Some(near) => format!("did you mean `{near}`? {help}"),
            None => help.to_owned(),
        };
        Self::new(what, help)
    }

    /// What TOML has against a text.
    #[must_use]
    pub fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim_end();
        let fault = match error.span().and_then(|span| bare_word(text, span.start)) {
            Some((key, word)) => {
                let help = format!("write it in quotes: {key} = \"{word}\"");
                Self::new(format!("`{word}` is a text without quotes"), help)
            }
            None if message.starts_with("duplicate key") => {
                Self::new(message, "leave one of the two lines out")
            }
            None if message.contains("expected a sequence") => {
                Self::new(message, "write a list: key = [\"one\", \"another\"]")
            }
            None => {
                let help = "write lines `key = value`, texts in quotes: name = \"my laptop\"";
                Self::new(message, help)
            }
        };
        fault.at(text, error.span())
    }
}

/// What stands for the value of a line, and its key, if that is a word that should be in quotes.
fn bare_word(text: &str, octet: usize) -> Option<(&str, &str)> {
    let start = text.get(..octet)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_@:+".contains(c);
    let word = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(plain);
    let truth = ["true", "false", "inf", "nan"].contains(&value);
    (word && !truth).then_some((key.trim(), value))
}

/// The names closest to what was typed, most similar first, as `a`, `b` or `c`.
#[must_use]
pub fn nearest(typed: &str, known: &[&str]) -> Option<String> {
    let near = ranked(typed, known, 0.7);
    (!near.is_empty()).then(|| near[..near.len().min(3)].join("` or `"))
}

/// The names that are at least so similar (0 to 1) to what was typed, most similar first.
pub(crate) fn ranked<'a>(typed: &str, known: &[&'a str], least: f64) -> Vec<&'a str> {
    let mut ranked: Vec<(f64, &str)> =
        known.iter().map(|name| (similarity(typed, name), *name)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    ranked.into_iter().take_while(|(score, _)| *score > least).map(|(_, name)| name).collect()
}

/// One slip of the finger, however short the word, is nearest of all.
fn similarity(typed: &str, name: &str) -> f64 {
    let slip = typed.len() > 1 && strsim::damerau_levenshtein(typed, name) == 1;
    if slip { 0.99 } else { strsim::jaro_winkler(typed, name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_names_the_right_word_first() {
        let known = ["pairing", "reconnect", "static-passkey"];
        assert_eq!(nearest("pairng", &known).as_deref(), Some("pairing"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(nearest("mut", &["mitm", "mtu"]).as_deref(), Some("mtu` or `mitm"));
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(Position::of("a\nµs = 1", 6), Position { line: 2, column: 4 });
        assert_eq!(Position::of("", 9), Position { line: 1, column: 1 });
    }
}
