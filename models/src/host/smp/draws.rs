//! Where the initiator's random numbers come from.

use ble::random::Stream;

/// The stream for pairing. Tests may put recorded numbers in front of it, to replay a pairing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Draws {
    stream: Stream,
    #[cfg(test)]
    pub(crate) recorded: std::collections::VecDeque<[u8; 16]>,
    #[cfg(test)]
    pub(crate) recorded_passkey: Option<u32>,
}

impl Draws {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            #[cfg(test)]
            recorded: std::collections::VecDeque::new(),
            #[cfg(test)]
            recorded_passkey: None,
        }
    }

    /// 128 random bits, for a nonce of the pairing or a CSRK.
    pub(crate) fn nonce(&mut self) -> [u8; 16] {
        #[cfg(test)]
        if let Some(nonce) = self.recorded.pop_front() {
            return nonce;
        }
        self.stream.octets()
    }

    /// A candidate for a private key.
    pub(crate) fn private_key(&mut self) -> [u8; 32] {
        self.stream.octets()
    }

    /// A passkey, 0–999,999.
    pub(crate) fn passkey(&mut self) -> u32 {
        // SMP-PASS-2: a new passkey each time.
        #[cfg(test)]
        if let Some(passkey) = self.recorded_passkey {
            return passkey;
        }
        self.stream.below(1_000_000)
    }
}
