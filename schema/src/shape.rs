//! Which values a key takes, as data: for help, for searches, and for tests that try them all.

/// The values of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One of these words.
    Words(Vec<&'static str>),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The least that is taken.
        min: i64,
        /// The greatest that is taken.
        max: i64,
        /// Only multiples of this are taken.
        step: i64,
    },
    /// What a sentence describes.
    Form {
        /// The sentence, as help and errors print it.
        how: String,
        /// The words that it may contain: the nearest one is suggested.
        words: Vec<&'static str>,
        /// A value of each class.
        examples: Vec<String>,
    },
    /// Any number of these.
    List(Box<Self>),
    /// These, or `never`.
    OrNever(Box<Self>),
}

/// Values that have the same effect but for its size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// One of them, as after `--set KEY=`.
    pub sample: String,
}

impl Shape {
    /// The accepted forms, as text for people.
    #[must_use]
    pub fn expects(&self) -> String {
        match self {
            Self::Words(words) => match words.as_slice() {
                [head @ .., last] if !head.is_empty() => format!("{} or {last}", head.join(", ")),
                few => few.concat(),
            },
            Self::Flag => "true or false".into(),
            Self::Number { min, max, step: 1 } => format!("{min} to {max}"),
            Self::Number { min, max, step } => format!("{min} to {max} in steps of {step}"),
            Self::Form { how, .. } => how.clone(),
            Self::List(of) => format!("a list of {}", of.expects()),
            Self::OrNever(of) => format!("{}, or never", of.expects()),
        }
    }

    /// Words that may stand in a value.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Words(words) | Self::Form { words, .. } => words.clone(),
            Self::Flag => vec!["true", "false"],
            Self::Number { .. } => Vec::new(),
            Self::List(of) => [of.words(), vec!["none"]].concat(),
            Self::OrNever(of) => [of.words(), vec!["never"]].concat(),
        }
    }

    /// One value of each class: every word, both ends of a range, every form.
    #[must_use]
    pub fn classes(&self) -> Vec<Class> {
        let samples = match self {
            Self::Words(words) => words.iter().map(ToString::to_string).collect(),
            Self::Flag => vec!["true".into(), "false".into()],
            Self::Number { min, max, .. } => vec![min.to_string(), max.to_string()],
            Self::Form { examples, .. } => examples.clone(),
            Self::List(of) => {
                return [of.classes(), vec![Class { sample: "none".into() }]].concat();
            }
            Self::OrNever(of) => {
                return [of.classes(), vec![Class { sample: "never".into() }]].concat();
            }
        };
        samples.into_iter().map(|sample| Class { sample }).collect()
    }
}
