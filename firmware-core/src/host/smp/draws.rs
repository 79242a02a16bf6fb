//! Random numbers of pairing: private keys, nonces, passkeys.

use ble::random::{Entropy, Purpose};

#[cfg(test)]
use super::tests::scripted::Source;
#[cfg(not(test))]
use ble::random::Stream as Source;

/// Draws from the device's stream for pairing. Under test it is a stream before which octets can be
/// laid, so that published exchanges are replayed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Draws(Source);

impl Draws {
    #[cfg_attr(not(test), expect(clippy::useless_conversion, reason = "under test it is none"))]
    pub(super) fn new(entropy: &Entropy) -> Self {
        Self(entropy.stream(Purpose::Pairing).into())
    }

    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        self.0.octets()
    }

    /// A passkey, each of 000000–999999 as likely as any other.
    pub(super) fn passkey(&mut self) -> u32 {
        // SMP-PASS-2: a new passkey each time.
        self.0.below(1_000_000)
    }
}

#[cfg(test)]
impl Draws {
    /// Lays out the octets of the next draws.
    pub(super) fn script(&mut self, octets: &[u8]) {
        self.0.script(octets);
    }
}
