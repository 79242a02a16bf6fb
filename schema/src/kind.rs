//! Kinds of values.

use std::marker::PhantomData;

use crate::shape::Shape;
use crate::written::Written;

/// Most entries of a list that is read.
pub(crate) const ITEMS_MAX: usize = 64;

/// How values of one kind are read and written. A kind is a type without values of its own, so
/// that any crate can give words to any type.
pub trait ValueKind {
    /// What is read.
    type Value;

    /// Which values there are.
    fn shape() -> Shape;

    /// Reads one word; `None` if it makes no sense.
    fn parse(text: &str) -> Option<Self::Value>;

    /// Reads a number of TOML.
    fn number(number: i64) -> Option<Self::Value> {
        Self::parse(&number.to_string())
    }

    /// Reads a list of TOML.
    fn list(_: &[String]) -> Option<Self::Value> {
        None
    }

    /// Writes what [`Self::parse`] reads.
    fn write(value: &Self::Value) -> Written;
}

/// Any text, taken as it is.
#[derive(Debug)]
pub enum Word {}

impl ValueKind for Word {
    type Value = String;

    fn shape() -> Shape {
        Shape::Form { how: "text".into(), words: Vec::new(), examples: vec!["text".into()] }
    }

    fn parse(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn write(value: &String) -> Written {
        Written::Text(value.clone())
    }
}

/// A whole number in a range, in steps; its value counts steps.
#[derive(Debug)]
pub struct Number<T, const MIN: i64, const MAX: i64, const STEP: i64 = 1>(PhantomData<T>);

impl<T, const MIN: i64, const MAX: i64, const STEP: i64> ValueKind for Number<T, MIN, MAX, STEP>
where
    T: Copy + TryFrom<i64> + Into<i64>,
{
    type Value = T;

    fn shape() -> Shape {
        Shape::Number { min: MIN, max: MAX, step: STEP }
    }

    fn parse(text: &str) -> Option<T> {
        let value = match text.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok()?,
            None => text.parse().ok()?,
        };
        Self::number(value)
    }

    fn number(value: i64) -> Option<T> {
        let fits = (MIN..=MAX).contains(&value) && value % STEP == 0;
        fits.then(|| T::try_from(value / STEP).ok())?
    }

    fn write(value: &T) -> Written {
        Written::Number((*value).into() * STEP)
    }
}

/// A truth value; `on` and `off`, `yes` and `no` are accepted as well as `true` and `false`.
#[derive(Debug)]
pub enum Flag {}

impl ValueKind for Flag {
    type Value = bool;

    fn shape() -> Shape {
        Shape::Flag
    }

    fn parse(text: &str) -> Option<bool> {
        match text {
            "true" | "on" | "yes" => Some(true),
            "false" | "off" | "no" => Some(false),
            _ => None,
        }
    }

    fn write(value: &bool) -> Written {
        Written::Flag(*value)
    }
}

/// A value or `never`.
#[derive(Debug)]
pub struct OrNever<K>(PhantomData<K>);

impl<K: ValueKind> ValueKind for OrNever<K> {
    type Value = Option<K::Value>;

    fn shape() -> Shape {
        Shape::OrNever(Box::new(K::shape()))
    }

    fn parse(text: &str) -> Option<Self::Value> {
        if text == "never" { Some(None) } else { K::parse(text).map(Some) }
    }

    fn number(number: i64) -> Option<Self::Value> {
        K::number(number).map(Some)
    }

    fn write(value: &Self::Value) -> Written {
        value.as_ref().map_or_else(|| Written::Text("never".into()), K::write)
    }
}

/// A list; as text with commas, and `none` if it is empty.
#[derive(Debug)]
pub struct List<K>(PhantomData<K>);

impl<K: ValueKind> ValueKind for List<K> {
    type Value = Vec<K::Value>;

    fn shape() -> Shape {
        Shape::List(Box::new(K::shape()))
    }

    fn parse(text: &str) -> Option<Self::Value> {
        let words: Vec<String> = match text {
            "none" => Vec::new(),
            _ => text.split(',').map(|word| word.trim().to_owned()).collect(),
        };
        Self::list(&words)
    }

    fn list(texts: &[String]) -> Option<Self::Value> {
        (texts.len() <= ITEMS_MAX).then(|| texts.iter().map(|text| K::parse(text)).collect())?
    }

    fn write(value: &Self::Value) -> Written {
        Written::List(value.iter().map(K::write).collect())
    }
}

/// Gives words to a type: `words! { pub(crate) Io: IoCapability { "none" => IoCapability::… } }`
/// makes the kind `Io`.
#[macro_export]
macro_rules! words {
    ($(
        $(#[$meta:meta])*
        $vis:vis $kind:ident: $value:ty { $($word:literal => $is:expr),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        $vis enum $kind {}

        impl $crate::ValueKind for $kind {
            type Value = $value;

            fn shape() -> $crate::Shape {
                $crate::Shape::Words(vec![$($word),*])
            }

            fn parse(text: &str) -> Option<$value> {
                match text {
                    $($word => Some($is),)*
                    _ => None,
                }
            }

            fn write(value: &$value) -> $crate::Written {
                let all = [$(($word, $is)),*];
                let known = all.iter().find(|(_, is)| is == value);
                debug_assert!(known.is_some(), "every value has a word");
                $crate::Written::Text(known.map_or("", |(word, _)| *word).into())
            }
        }
    )*};
}
