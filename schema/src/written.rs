//! A value, ready to be written.

use std::fmt;

/// A value as files and `--set` write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Text, which TOML has in quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A whole number that is read bit by bit.
    Bits(u64),
    /// A truth value.
    Flag(bool),
    /// A list; on the command line its entries stand between commas.
    List(Vec<Self>),
}

impl Written {
    /// The value as a TOML file has it.
    #[must_use]
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Bits(bits) => format!("0x{bits:x}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::toml).collect();
                format!("[{}]", items.join(", "))
            }
            plain @ (Self::Number(_) | Self::Flag(_)) => plain.to_string(),
        }
    }
}

/// As after `--set KEY=`.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bits(bits) => write!(f, "0x{bits:x}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                f.write_str(&items.join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
