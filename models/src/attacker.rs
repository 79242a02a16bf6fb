//! Hostile centrals.
//!
//! A passkey that never changes leaks: in round *i* of passkey entry the responder proves only
//! whether bit *i* of the initiator's passkey is right, so that each failed attempt reveals one bit
//! for certain (Zephyr issue 36005; Vol 3, Part H, 2.3.5.6.3 asks for a new passkey each time).
//! [`Guesser`] plays the best strategy; a host with [`Attack`](crate::host::Attack) in its
//! configuration types its guesses instead of asking a user.

/// Passkeys are 0–999,999.
const PASSKEYS: u32 = 1_000_000;
/// Bits of a passkey.
const BITS: u8 = 20;

/// What an attacker knows of a passkey: its `known` least significant bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Guesser {
    known: u8,
    value: u32,
}

/// How many passkeys have `value` as their `bits` least significant bits.
const fn count(value: u32, bits: u8) -> u32 {
    if value >= PASSKEYS { 0 } else { ((PASSKEYS - 1 - value) >> bits) + 1 }
}

/// Appends to the low `known` bits of `value` the bit that more passkeys have.
const fn likelier(value: u32, known: u8) -> u32 {
    let with_one = value | 1 << known;
    if count(with_one, known + 1) > count(value, known + 1) { with_one } else { value }
}

impl Guesser {
    /// The passkey to try next: the known bits, and for each further bit its likelier value given
    /// those before it.
    #[must_use]
    pub fn guess(&self) -> u32 {
        (self.known..BITS).fold(self.value, likelier)
    }

    /// The attempt with [`Self::guess`] failed in this round: the bits before it were right, this
    /// one is wrong. What contradicts earlier knowledge (the passkey has changed) starts anew.
    pub fn wrong_in_round(&mut self, round: u8) {
        if round >= BITS {
            return;
        }
        let value = (self.guess() ^ (1 << round)) & ((1 << (round + 1)) - 1);
        let contradiction = round < self.known || count(value, round + 1) == 0;
        *self = if contradiction { Self::default() } else { Self { known: round + 1, value } };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts until `passkey` is accepted.
    fn attempts(passkey: u32) -> u32 {
        let mut guesser = Guesser::default();
        (1..)
            .find(|_| {
                let wrong = guesser.guess() ^ passkey;
                if wrong != 0 {
                    guesser.wrong_in_round(u8::try_from(wrong.trailing_zeros()).unwrap());
                }
                wrong == 0
            })
            .unwrap()
    }

    #[test]
    fn at_most_20_attempts_and_10_9_on_average() {
        let all: Vec<u32> = (0..PASSKEYS).map(attempts).collect();
        let mean = f64::from(all.iter().sum::<u32>()) / f64::from(PASSKEYS);
        assert!((mean - 10.885).abs() < 0.001, "{mean}");
        assert_eq!(all.iter().max(), Some(&20));
    }

    #[test]
    fn a_passkey_that_changes_teaches_nothing() {
        let mut guesser = Guesser::default();
        guesser.wrong_in_round(10);
        guesser.wrong_in_round(3);
        assert_eq!(guesser, Guesser::default());
        guesser.wrong_in_round(200);
        assert!(guesser.guess() < PASSKEYS);
    }
}
