//! Where the initiator's random numbers come from.

#[cfg(not(test))]
use ble::random::Stream as Source;

#[cfg(test)]
use super::recorded::Source;

/// Draws from the central's stream for pairing. In tests, recorded numbers can be put before the
/// stream, to replay a pairing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Draws(Source);

impl Draws {
    pub(crate) fn new(stream: impl Into<Source>) -> Self {
        Self(stream.into())
    }

    /// 128 random bits, for a nonce of the pairing or a CSRK.
    pub(crate) fn nonce(&mut self) -> [u8; 16] {
        self.0.octets()
    }

    /// A candidate for a private key.
    pub(crate) fn private_key(&mut self) -> [u8; 32] {
        self.0.octets()
    }

    /// A passkey, 0–999,999.
    pub(crate) fn passkey(&mut self) -> u32 {
        // SMP-PASS-2: a new passkey each time.
        self.0.below(1_000_000)
    }
}
