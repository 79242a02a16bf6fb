//! A stream before which octets can be laid.

use std::collections::VecDeque;

use ble::random::Stream;

/// Takes the place of [`Stream`] in tests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Source {
    stream: Stream,
    scripted: VecDeque<u8>,
}

impl From<Stream> for Source {
    fn from(stream: Stream) -> Self {
        Self { stream, scripted: VecDeque::new() }
    }
}

impl Source {
    /// Lays out the octets of the next draws.
    pub(in super::super) fn script(&mut self, octets: &[u8]) {
        self.scripted.extend(octets);
    }

    pub(in super::super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        match self.scripted.len() {
            length if length < N => self.stream.octets(),
            _ => core::array::from_fn(|_| self.scripted.pop_front().unwrap_or_default()),
        }
    }

    pub(in super::super) fn below(&mut self, bound: u32) -> u32 {
        self.stream.below(bound)
    }
}
