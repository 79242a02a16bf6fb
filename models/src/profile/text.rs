//! How values are written: as TOML strings, whole numbers, truth values and lists of them, and as
//! bare text after `--set central.KEY=`. Both ways lead through [`Text`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Longest list.
const ITEMS_MAX: usize = 64;

/// A value that can be written as one word.
pub(super) trait Text: Sized {
    /// What may be written, for people.
    fn expects() -> String;

    /// Reads it; `None` if it makes no sense.
    fn parse(text: &str) -> Option<Self>;

    /// From a number of TOML.
    fn number(number: i64) -> Option<Self> {
        Self::parse(&number.to_string())
    }

    /// From a list of TOML.
    fn list(_: &[String]) -> Option<Self> {
        None
    }
}

/// A value in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Is<T>(pub(super) T);

impl<'de, T: Text> Deserialize<'de> for Is<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Is)
    }
}

struct Reader<T>(PhantomData<T>);

/// Starts the second half of an error, which says what would be right.
pub(super) const TAKES: &str = "it takes: ";

fn bad<T: Text, E: Error>(text: &str) -> E {
    E::custom(format!("`{text}` is no value for it; {TAKES}{}", T::expects()))
}

impl<'de, T: Text> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::expects())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::parse(text.trim()).ok_or_else(|| bad::<T, E>(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::number(number).ok_or_else(|| bad::<T, E>(&number.to_string()))
    }

    // What is too large for the one above.
    fn visit_i128<E: Error>(self, number: i128) -> Result<T, E> {
        Err(bad::<T, E>(&number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Err(bad::<T, E>(&number.to_string()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
        self.visit_str(if flag { "true" } else { "false" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let mut texts = Vec::new();
        while let Some(Is(Word(text))) = items.next_element::<Is<Word>>()? {
            if texts.len() == ITEMS_MAX {
                return Err(A::Error::custom(format!("a list has at most {ITEMS_MAX} entries")));
            }
            texts.push(text);
        }
        T::list(&texts).ok_or_else(|| {
            // The entry that is wrong by itself, if there is one.
            let wrong = texts.iter().find(|text| T::list(std::slice::from_ref(*text)).is_none());
            bad::<T, A::Error>(&wrong.cloned().unwrap_or_else(|| texts.join(", ")))
        })
    }
}

/// Any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) String);

impl Text for Word {
    fn expects() -> String {
        "text".into()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

/// A whole number in a range, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<const MIN: u32, const MAX: u32, const STEP: u32 = 1>(u32);

impl<const MIN: u32, const MAX: u32, const STEP: u32> Number<MIN, MAX, STEP> {
    /// In steps.
    pub(super) const fn steps(&self) -> u32 {
        self.0 / STEP
    }

    /// In steps, for limits that fit.
    pub(super) fn short(&self) -> u16 {
        u16::try_from(self.steps()).unwrap_or(u16::MAX)
    }

    /// In steps, for limits that fit.
    pub(super) fn octet(&self) -> u8 {
        u8::try_from(self.steps()).unwrap_or(u8::MAX)
    }
}

impl<const MIN: u32, const MAX: u32, const STEP: u32> Text for Number<MIN, MAX, STEP> {
    fn expects() -> String {
        let steps = if STEP == 1 { String::new() } else { format!(" in steps of {STEP}") };
        format!("{MIN} to {MAX}{steps}")
    }

    fn parse(text: &str) -> Option<Self> {
        let value = match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => text.parse().ok()?,
        };
        ((MIN..=MAX).contains(&value) && value.is_multiple_of(STEP)).then_some(Self(value))
    }
}

/// A value or `never`.
impl<T: Text> Text for Option<T> {
    fn expects() -> String {
        format!("{}, or never", T::expects())
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "never" { Some(None) } else { T::parse(text).map(Some) }
    }
}

impl Text for bool {
    fn expects() -> String {
        "true or false".into()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A list; as text with commas, and `none` if it is empty.
impl<T: Text> Text for Vec<T> {
    fn expects() -> String {
        format!("a list of {}", T::expects())
    }

    fn parse(text: &str) -> Option<Self> {
        let words: Vec<String> = match text {
            "none" => Vec::new(),
            _ => text.split(',').map(|word| word.trim().to_owned()).collect(),
        };
        Self::list(&words)
    }

    fn list(texts: &[String]) -> Option<Self> {
        (texts.len() <= ITEMS_MAX).then(|| texts.iter().map(|text| T::parse(text)).collect())?
    }
}

/// Gives an enumeration of somebody else its words.
macro_rules! words {
    ($kind:ty { $($word:literal => $value:expr),* $(,)? }) => {
        impl $crate::profile::text::Text for $kind {
            fn expects() -> String {
                let words: &[&str] = &[$($word),*];
                match words {
                    [head @ .., last] if !head.is_empty() => {
                        format!("{} or {last}", head.join(", "))
                    }
                    _ => words.concat(),
                }
            }

            fn parse(text: &str) -> Option<Self> {
                Some(match text {
                    $($word => $value,)*
                    _ => return None,
                })
            }
        }
    };
}
pub(super) use words;
