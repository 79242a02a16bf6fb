//! A source of random numbers that begins with recorded ones.

use std::collections::VecDeque;

use ble::random::Stream;

/// Takes the place of [`Stream`] in tests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    stream: Stream,
    nonces: VecDeque<[u8; 16]>,
    passkey: Option<u32>,
}

impl From<Stream> for Source {
    fn from(stream: Stream) -> Self {
        Self { stream, nonces: VecDeque::new(), passkey: None }
    }
}

impl Source {
    /// These nonces come first, and if one is given, each passkey is this one.
    pub(super) fn recorded(
        stream: Stream,
        nonces: impl IntoIterator<Item = [u8; 16]>,
        passkey: Option<u32>,
    ) -> Self {
        Self { stream, nonces: nonces.into_iter().collect(), passkey }
    }

    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        if N == 16
            && let Some(nonce) = self.nonces.pop_front()
        {
            return core::array::from_fn(|at| nonce[at]);
        }
        self.stream.octets()
    }

    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.passkey.unwrap_or_else(|| self.stream.below(bound))
    }
}
