//! Keys, and tables of them.

use crate::document::Input;
use crate::fault::{Fault, nearest, ranked};
use crate::kind::{ITEMS_MAX, ValueKind};
use crate::shape::Shape;
use crate::written::Written;

/// Something of a `T` that can be set.
#[derive(Debug)]
pub struct Key<T: 'static> {
    /// Which part of a `T` it belongs to.
    pub group: &'static str,
    /// Name, as in files and after `--set`.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    #[doc(hidden)]
    pub shape: fn() -> Shape,
    #[doc(hidden)]
    pub set: fn(&mut T, &Input) -> Result<(), Fault>,
    #[doc(hidden)]
    pub get: fn(&T) -> Written,
}

impl<T> Key<T> {
    /// Which values it takes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        (self.shape)()
    }

    /// Which values it takes, for people.
    #[must_use]
    pub fn values(&self) -> String {
        self.shape().expects()
    }

    /// Its value in `of`.
    #[must_use]
    pub fn get(&self, of: &T) -> Written {
        (self.get)(of)
    }

    /// Sets the value; an error leaves it unchanged.
    ///
    /// # Errors
    /// If it does not take that value.
    pub fn set(&self, of: &mut T, value: &Input) -> Result<(), Fault> {
        (self.set)(of, value).map_err(|fault| Fault {
            what: format!("{} is no value of `{}`", fault.what, self.name),
            ..fault
        })
    }
}

/// Everything of a `T` that can be set.
#[derive(Debug)]
pub struct Keys<T: 'static>(pub &'static [Key<T>]);

// Not derived: that would ask for `T: Copy`.
impl<T> Clone for Keys<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Keys<T> {}

impl<T> Keys<T> {
    /// In the order of the table.
    pub fn iter(self) -> impl Iterator<Item = &'static Key<T>> {
        self.0.iter()
    }

    /// The key of this name.
    #[must_use]
    pub fn find(self, name: &str) -> Option<&'static Key<T>> {
        self.iter().find(|key| key.name == name)
    }

    /// Names of all keys, in the order of the table.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(|key| key.name).collect()
    }

    /// Sets one key to what is written after `--set KEY=`.
    ///
    /// # Errors
    /// If there is no such key, or it does not take that value; the target is then unchanged.
    pub fn set(self, of: &mut T, name: &str, value: &str) -> Result<(), Fault> {
        match self.find(name) {
            Some(key) => key.set(of, &Input::Text(value.to_owned())),
            None => Err(self.unknown(name, &[], "`--set help` lists all keys")),
        }
    }

    /// The error for an unknown key; `others` are valid, too.
    #[must_use]
    pub fn unknown(self, name: &str, others: &[&str], help: &str) -> Fault {
        let known = [&self.names()[..], others].concat();
        Fault::unknown(format!("there is no key `{name}`"), name, &known, help)
    }
}

/// Reads a value of kind `K`.
///
/// # Errors
/// [`Fault`] whose `what` is the value in quotes.
pub fn read<K: ValueKind>(input: &Input) -> Result<K::Value, Fault> {
    let (value, wrong) = match input {
        Input::Text(text) => (K::parse(text.trim()), text.clone()),
        Input::Number(number) => (K::number(*number), number.to_string()),
        Input::Flag(flag) => (K::parse(if *flag { "true" } else { "false" }), flag.to_string()),
        Input::List(items) if items.len() > ITEMS_MAX => {
            let help = format!("a list has at most {ITEMS_MAX} entries");
            return Err(Fault::new(format!("a list of {} entries", items.len()), help));
        }
        Input::List(items) => {
            // The entry that is wrong by itself, if there is one.
            let alone = |item: &&String| K::list(std::slice::from_ref(*item)).is_none();
            let each = matches!(K::shape(), Shape::List(_));
            let wrong = items.iter().find(alone).filter(|_| each).cloned();
            (K::list(items), wrong.unwrap_or_else(|| items.join(", ")))
        }
        Input::Other(text) => (None, text.clone()),
    };
    value.ok_or_else(|| {
        let shape = K::shape();
        let takes = format!("it takes: {}", shape.expects());
        let help = match corrected(&wrong, &shape.words()) {
            Some(near) => format!("did you mean `{near}`? {takes}"),
            None => takes,
        };
        Fault::new(format!("`{wrong}`"), help)
    })
}

/// What was typed with the nearest words in place of unknown ones.
fn corrected(typed: &str, known: &[&str]) -> Option<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if known.is_empty() || known.contains(&typed) {
        return None;
    }
    let mut changed = false;
    let mut result = String::new();
    let mut rest = typed;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        let unknown = is_word(first) && first.is_alphabetic() && !known.contains(&part);
        match ranked(part, known, 0.8).first().filter(|_| unknown) {
            Some(near) => {
                changed = true;
                result += near;
            }
            None => result += part,
        }
    }
    // A word that stands rightly in what was typed is no better value by itself.
    let nearest = || nearest(typed, known).filter(|near| !near.contains('`'));
    changed.then_some(result).or_else(|| nearest().filter(|near| !typed.contains(near.as_str())))
}

/// Writes a table of keys: groups of `"name": Kind = |t| t.place;`, each below a comment that says
/// what it means. What is not simply a place has `|t| value, |t, v| setting`.
#[macro_export]
macro_rules! keys {
    ($(#[$outer:meta])* $vis:vis static $table:ident: $of:ty;
        $($group:literal { $(
            $(#[doc = $doc:literal])+
            $name:literal: $kind:ty =
                |$t:ident| $place:expr $(, |$u:ident, $v:ident| $setting:expr)?;
        )* })*
    ) => {
        $(#[$outer])*
        $vis static $table: $crate::Keys<$of> = $crate::Keys(&[$($($crate::Key {
            group: $group,
            name: $name,
            meaning: concat!($($doc),+).trim_ascii(),
            shape: <$kind as $crate::ValueKind>::shape,
            set: $crate::keys!(@set $of, $kind, $t, $place $(, $u, $v, $setting)?),
            get: |$t: &$of| <$kind as $crate::ValueKind>::write(&$place),
        },)*)*]);
    };
    (@set $of:ty, $kind:ty, $t:ident, $place:expr) => {
        |$t: &mut $of, input: &$crate::Input| {
            $place = $crate::read::<$kind>(input)?;
            Ok(())
        }
    };
    (@set $of:ty, $kind:ty, $t:ident, $place:expr, $u:ident, $v:ident, $setting:expr) => {
        |$u: &mut $of, input: &$crate::Input| {
            let $v = $crate::read::<$kind>(input)?;
            $setting;
            Ok(())
        }
    };
}
