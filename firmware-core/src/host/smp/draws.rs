//! Random numbers of pairing: private keys, nonces, passkeys.

use ble::random::{Entropy, Purpose, Stream};

/// Draws from the device's stream for pairing. Under test, octets may be laid out beforehand, so
/// that published exchanges can be replayed; that door does not exist in other builds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Draws {
    stream: Stream,
    #[cfg(test)]
    scripted: std::collections::VecDeque<u8>,
}

impl Draws {
    pub(super) fn new(entropy: &Entropy) -> Self {
        Self {
            stream: entropy.stream(Purpose::Pairing),
            #[cfg(test)]
            scripted: std::collections::VecDeque::new(),
        }
    }

    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        #[cfg(test)]
        if self.scripted.len() >= N {
            return core::array::from_fn(|_| self.scripted.pop_front().unwrap());
        }
        self.stream.octets()
    }

    /// A passkey, each of 000000–999999 as likely as any other.
    pub(super) fn passkey(&mut self) -> u32 {
        // SMP-PASS-2: a new passkey each time.
        self.stream.below(1_000_000)
    }

    /// Lays out the octets of the next draws.
    #[cfg(test)]
    pub(super) fn script(&mut self, octets: &[u8]) {
        self.scripted.extend(octets);
    }
}
