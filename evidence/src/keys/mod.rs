//! Keys: given by the user, out of HCI logs, or out of pairings that were overheard. They are kept
//! in memory only, and never printed.

mod debug_key;
mod identity;
mod pairing;
mod session;

use std::ops::ControlFlow;

use ble::secret::Secret;

pub(crate) use identity::{Identity, Told};
pub(crate) use pairing::HeardPairing;
pub(crate) use session::{Encryption, plausible};

/// So many keys are tried on one connection.
const KEYS_MAX: usize = 32;

/// Long term keys that are tried, each once, and keys of private addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    ltks: Vec<Secret<16>>,
    identities: Vec<Identity>,
}

/// What is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Something else than a hexadecimal digit.
    #[error("a key is 32 hexadecimal digits (spaces, colons and a leading 0x may be there)")]
    NotHex,
    /// Another number of digits.
    #[error("a key is 32 hexadecimal digits, 16 octets, and these are {0} digits")]
    Length(usize),
}

impl Keys {
    /// Adds a long term key in hexadecimal digits. Tools print it either end first, and both are
    /// tried.
    ///
    /// # Errors
    /// What is wrong with the digits.
    pub fn give_hex(&mut self, text: &str) -> Result<(), KeyError> {
        either_end_first(text)?.into_iter().for_each(|key| self.give(key));
        Ok(())
    }

    /// Adds an identity resolving key in hexadecimal digits, by which private addresses are known
    /// to be of one device. Either end may come first.
    ///
    /// # Errors
    /// What is wrong with the digits.
    pub fn give_irk_hex(&mut self, text: &str) -> Result<(), KeyError> {
        let keys = either_end_first(text)?;
        keys.into_iter().for_each(|irk| self.know(Identity { irk, address: None, given: true }));
        Ok(())
    }

    /// Adds an identity resolving key, least significant octet first as in HCI.
    pub fn give_irk(&mut self, irk: Secret<16>) {
        self.know(Identity { irk, address: None, given: true });
    }

    /// Adds whose private addresses can be resolved. Beyond 32 the oldest goes that nobody gave.
    pub(crate) fn know(&mut self, identity: Identity) {
        if identity.irk == Secret::new([0; 16]) || self.identities.contains(&identity) {
            return;
        }
        if self.identities.len() >= KEYS_MAX {
            let oldest = self.identities.iter().position(|one| !one.given).unwrap_or(0);
            self.identities.remove(oldest);
        }
        self.identities.push(identity);
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
        self.ltks.is_empty() && self.identities.is_empty()
    }

    pub(crate) fn identities(&self) -> &[Identity] {
        &self.identities
    }

    pub(crate) fn ltks(&self) -> impl Iterator<Item = &Secret<16>> {
        self.ltks.iter()
    }
}

/// The octets of a key, as they stand and turned round.
fn either_end_first(text: &str) -> Result<[Secret<16>; 2], KeyError> {
    let text = text.trim();
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut octets = [0; 16];
    let mut digits = 0;
    for letter in text.chars().filter(|letter| !matches!(letter, ' ' | ':' | '-')) {
        let digit = letter.to_digit(16).ok_or(KeyError::NotHex)?;
        if let Some(octet) = octets.get_mut(digits / 2) {
            *octet = *octet << 4 | digit as u8;
        }
        digits += 1;
    }
    if digits != 32 {
        return Err(KeyError::Length(digits));
    }
    let mut turned = octets;
    turned.reverse();
    Ok([Secret::new(octets), Secret::new(turned)])
}

/// Is told how many of a million temporary keys of a legacy pairing have been tried, and may break
/// the search off.
pub type Progress<'a> = &'a mut dyn FnMut(u32) -> ControlFlow<()>;

#[cfg(test)]
mod tests;
