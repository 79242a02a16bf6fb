//! Keys: given by the user, out of HCI logs, or out of pairings that were overheard. They are kept
//! in memory only, and never printed.

mod debug_key;
mod pairing;
mod session;

use std::ops::ControlFlow;

use ble::secret::Secret;

pub(crate) use pairing::HeardPairing;
pub(crate) use session::{Encryption, plausible};

/// So many keys are tried on one connection.
const KEYS_MAX: usize = 32;

/// Long term keys that are tried, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    ltks: Vec<Secret<16>>,
}

/// What is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another number of digits, or something else among them.
    #[error(
        "a long term key is 32 hexadecimal digits (spaces, colons and a leading 0x may be there)"
    )]
    NotHex,
}

impl Keys {
    /// Adds a long term key in hexadecimal digits. Tools print it either end first, and both are
    /// tried.
    ///
    /// # Errors
    /// [`KeyError::NotHex`].
    pub fn give_hex(&mut self, text: &str) -> Result<(), KeyError> {
        let text = text.trim();
        let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let mut octets = [0; 16];
        let mut digits = 0;
        for letter in text.chars().filter(|letter| !matches!(letter, ' ' | ':' | '-')) {
            let digit = letter.to_digit(16).ok_or(KeyError::NotHex)?;
            let octet: &mut u8 = octets.get_mut(digits / 2).ok_or(KeyError::NotHex)?;
            *octet = *octet << 4 | digit as u8;
            digits += 1;
        }
        if digits != 32 {
            return Err(KeyError::NotHex);
        }
        self.give(Secret::new(octets));
        octets.reverse();
        self.give(Secret::new(octets));
        Ok(())
    }

    /// Adds a long term key, least significant octet first as in HCI. Beyond 32 the oldest goes.
    pub fn give(&mut self, ltk: Secret<16>) {
        if !self.ltks.contains(&ltk) {
            if self.ltks.len() == KEYS_MAX {
                self.ltks.remove(0);
            }
            self.ltks.push(ltk);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ltks.is_empty()
    }

    pub(crate) fn ltks(&self) -> impl Iterator<Item = &Secret<16>> {
        self.ltks.iter()
    }
}

/// Is told how many of a million temporary keys of a legacy pairing have been tried, and may break
/// the search off.
pub type Progress<'a> = &'a mut dyn FnMut(u32) -> ControlFlow<()>;

#[cfg(test)]
mod tests;
