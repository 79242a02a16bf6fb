//! TOML files: what they set, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, Position};
use crate::key::Keys;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// In quotes, or after `--set KEY=`.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Flag(bool),
    /// A list, its entries as text.
    List(Vec<String>),
    /// What no key takes: a fraction, a date, a table, a number beyond 64 bits.
    Other(String),
}

impl Input {
    fn of(value: &DeValue<'_>) -> Self {
        let list = |items: &[Spanned<DeValue<'_>>]| {
            items.iter().map(|item| Self::of(item.get_ref()).word()).collect::<Option<Vec<_>>>()
        };
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Self::Other(number.to_string()), Self::Number),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => {
                list(items).map_or_else(|| Self::Other("a list of lists".into()), Self::List)
            }
            DeValue::Float(number) => Self::Other(number.to_string()),
            DeValue::Datetime(date) => Self::Other(date.to_string()),
            DeValue::Table(_) => Self::Other("a table".into()),
        }
    }

    fn word(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.trim().to_owned()),
            Self::Number(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::List(_) => None,
            Self::Other(text) => Some(text),
        }
    }
}

/// What a file sets, in the order of the table of keys.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Document(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    key: &'static str,
    value: Input,
    at: Position,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A file, the name of something built in, or an option.
    pub place: String,
    /// Line of the file.
    pub line: Option<usize>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Where the values of keys come from; what is not in it is the default.
pub type Origins = BTreeMap<&'static str, Origin>;

/// First and last entries of a list that is wrong, or the value.
fn blame(value: &Spanned<DeValue<'_>>, wrong: &str) -> Range<usize> {
    let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
    let quoted = |item: &&Spanned<DeValue<'_>>| {
        Input::of(item.get_ref()).word().is_some_and(|word| format!("`{word}`") == wrong)
    };
    items.into_iter().find(quoted).map_or_else(|| value.span(), Spanned::span)
}

impl<T> Keys<T> {
    /// Reads the keys of a TOML file, all but those that are `read_elsewhere`.
    ///
    /// # Errors
    /// With line and column: what is no TOML, keys that are not there, values that they do not
    /// take. `scratch` is what values are tried on.
    pub fn read(
        self,
        text: &str,
        read_elsewhere: &[&str],
        help: &str,
        scratch: &mut T,
    ) -> Result<Document, Fault> {
        let table = DeTable::parse(text).map_err(|error| Fault::of_toml(text, &error))?;
        let mut lines = Vec::new();
        let mut faults: Vec<(usize, Fault)> = Vec::new();
        for (name, value) in table.get_ref() {
            let typed: &str = name.get_ref();
            if read_elsewhere.contains(&typed) {
                continue;
            }
            let start = name.span().start;
            let Some(key) = self.find(typed) else {
                let fault = self.unknown(typed, read_elsewhere, help);
                faults.push((start, fault.at(text, Some(name.span()))));
                continue;
            };
            let input = Input::of(value.get_ref());
            match (key.set)(scratch, &input) {
                Ok(()) => {
                    let at = Position::of(text, start);
                    lines.push(Line { key: key.name, value: input, at });
                }
                Err(fault) => {
                    let span = blame(value, &fault.what);
                    let what = format!("{} is no value of `{typed}`", fault.what);
                    faults.push((start, Fault { what, ..fault }.at(text, Some(span))));
                }
            }
        }
        // The first in the file, not in the alphabet.
        faults.sort_by_key(|(start, _)| *start);
        if let Some((_, fault)) = faults.into_iter().next() {
            return Err(fault);
        }
        lines.sort_by_key(|line| self.iter().position(|key| key.name == line.key));
        Ok(Document(lines))
    }

    /// Applies what a file sets, and notes for each key that it sets or changes that it comes from
    /// `place`.
    pub fn apply(self, document: &Document, of: &mut T, place: &str, origins: &mut Origins) {
        for line in &document.0 {
            let Some(key) = self.find(line.key) else { continue };
            let before: Vec<_> = self.iter().map(|key| key.get(of)).collect();
            let done = key.set(of, &line.value);
            debug_assert!(done.is_ok(), "it was tried when it was read");
            let origin = Origin { place: place.to_owned(), line: Some(line.at.line) };
            for (key, before) in self.iter().zip(before) {
                if key.name == line.key || key.get(of) != before {
                    origins.insert(key.name, origin.clone());
                }
            }
        }
    }
}

impl Document {
    /// Where a file sets this key.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<Position> {
        self.0.iter().find(|line| line.key == key).map(|line| line.at)
    }

    /// Names of the keys that it sets.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|line| line.key)
    }
}
