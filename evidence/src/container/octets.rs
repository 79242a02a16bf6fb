//! Octets of a file, in order, with a way to put some back.

use std::io::{self, Read};

/// A file that is read piece by piece.
pub(super) struct Octets<R> {
    file: R,
}

impl<R: Read> Octets<R> {
    pub(super) const fn new(file: R) -> Self {
        Self { file }
    }

    /// So many octets; `None`: the file ends before the first, or (`cut`) in the middle.
    pub(super) fn take(&mut self, length: usize, cut: &mut bool) -> io::Result<Option<Vec<u8>>> {
        let mut octets = Vec::with_capacity(length.min(4_096));
        self.file.by_ref().take(length as u64).read_to_end(&mut octets)?;
        if octets.len() == length {
            return Ok(Some(octets));
        }
        *cut |= !octets.is_empty();
        Ok(None)
    }

    /// A piece of fixed length.
    pub(super) fn array<const N: usize>(&mut self, cut: &mut bool) -> io::Result<Option<[u8; N]>> {
        Ok(self.take(N, cut)?.and_then(|octets| octets.try_into().ok()))
    }
}
