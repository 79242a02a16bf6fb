//! A short text without an allocator: what an application shows and logs.

use core::fmt::{self, Write};

/// Most octets of a [`Text`]: as many as fit beside the other outputs of a host.
pub const TEXT_MAX: usize = 40;

/// At most [`TEXT_MAX`] octets of UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Text(heapless::String<TEXT_MAX, u8>);

impl Text {
    /// What a value says of itself, cut after the last character that fits.
    #[must_use]
    pub fn of(value: impl fmt::Display) -> Self {
        let mut text = Self::default();
        // An error says that it did not fit, and then it is cut.
        let _ = write!(text, "{value}");
        text
    }

    /// The text, as much of it as has fitted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        more.chars().try_for_each(|c| self.0.push(c).map_err(|_| fmt::Error))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        let long = "ä".repeat(40);
        assert_eq!(Text::of(&long).as_str(), "ä".repeat(20));
        assert_eq!(Text::of(format_args!("{} °C", -3)).as_str(), "-3 °C");
    }
}
