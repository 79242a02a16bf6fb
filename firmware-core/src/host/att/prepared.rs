//! The queue of prepared writes of one client, bounded in writes and in octets.

/// Octets that can be prepared.
pub(super) const OCTETS: usize = 128;
/// Writes that can be prepared.
pub(super) const WRITES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Part {
    handle: u16,
    offset: u16,
    length: u16,
}

/// Prepared writes in the order of their requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Prepared {
    parts: heapless::Vec<Part, WRITES, u8>,
    octets: heapless::Vec<u8, OCTETS, u8>,
}

impl Prepared {
    /// Appends a write; `None` (and nothing has changed) when there is no room.
    pub(super) fn push(&mut self, handle: u16, offset: u16, value: &[u8]) -> Option<()> {
        if self.parts.is_full() {
            return None;
        }
        let length = u16::try_from(value.len()).ok()?;
        self.octets.extend_from_slice(value).ok()?;
        self.parts.push(Part { handle, offset, length }).ok()
    }

    /// Drops all queued writes, carried out or not.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.octets.clear();
    }

    /// Gives the writes in order; parts of one value that follow each other without a gap are
    /// one write. Stops at the first error.
    pub(super) fn each<E>(
        &self,
        mut write: impl FnMut(u16, u16, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // ATT-PREP-1: prepared writes.
        let mut parts = self.parts.iter().copied().peekable();
        let mut start = 0_usize;
        while let Some(mut part) = parts.next() {
            while let Some(next) = parts.next_if(|next| {
                next.handle == part.handle
                    && usize::from(next.offset)
                        == usize::from(part.offset).saturating_add(part.length.into())
            }) {
                part.length = part.length.saturating_add(next.length);
            }
            let end = start.saturating_add(part.length.into());
            write(part.handle, part.offset, self.octets.get(start..end).unwrap_or(&[]))?;
            start = end;
        }
        Ok(())
    }
}
