//! Input that a person got wrong, with what would be right.

use std::fmt;

/// What was wrong and what would be right; the command exits with 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput {
    /// What was wrong.
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

/// The names closest to what was typed, most similar first, as `a`, `b` or `c`.
#[must_use]
pub fn nearest(typed: &str, known: &[&str]) -> Option<String> {
    let mut ranked: Vec<(f64, &str)> =
        known.iter().map(|name| (strsim::jaro_winkler(typed, name), *name)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let near: Vec<&str> =
        ranked.into_iter().take_while(|(score, _)| *score > 0.7).take(3).map(|(_, n)| n).collect();
    (!near.is_empty()).then(|| near.join("` or `"))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_names_the_right_word_first() {
        let known = ["pairing", "reconnect", "static-passkey"];
        assert_eq!(nearest("pairng", &known).as_deref(), Some("pairing"));
        assert_eq!(nearest("zzz", &known), None);
    }
}
