//! A page of memory: its own octets while it is written to, shared ones otherwise.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Octets in a page.
pub(crate) const PAGE: usize = 1024;

type Octets = [u8; PAGE];

/// Octets that no longer change, and their hash.
pub(crate) struct Sealed {
    octets: Octets,
    hash: u64,
}

/// A page. Writing needs no atomic operation: a page is owned from its first write on until it is
/// sealed, and a copy of an owned page is sealed.
pub(crate) enum Page {
    Owned(Box<Octets>),
    Shared(Arc<Sealed>),
}

/// A program's memory has its keys.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page(redacted)")
    }
}

impl Page {
    pub(crate) fn filled(octet: u8) -> Self {
        Self::sealed(&[octet; PAGE])
    }

    fn sealed(octets: &Octets) -> Self {
        Self::Shared(Arc::new(Sealed { octets: *octets, hash: hash(octets) }))
    }

    #[inline]
    pub(crate) fn octets(&self) -> &Octets {
        match self {
            Self::Owned(octets) => octets,
            Self::Shared(sealed) => &sealed.octets,
        }
    }

    #[inline]
    pub(crate) fn octets_mut(&mut self) -> &mut Octets {
        if let Self::Shared(_) = self {
            self.own();
        }
        match self {
            Self::Owned(octets) => octets,
            Self::Shared(_) => unreachable!("own() was just called"),
        }
    }

    #[cold]
    #[inline(never)]
    fn own(&mut self) {
        *self = Self::Owned(Box::new(*self.octets()));
    }

    /// Computes the hash once for all copies to come.
    pub(crate) fn seal(&mut self) {
        if let Self::Owned(octets) = self {
            *self = Self::sealed(octets);
        }
    }
}

impl Clone for Page {
    fn clone(&self) -> Self {
        match self {
            Self::Owned(octets) => Self::sealed(octets),
            Self::Shared(sealed) => Self::Shared(Arc::clone(sealed)),
        }
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Shared(a), Self::Shared(b)) => {
                Arc::ptr_eq(a, b) || a.hash == b.hash && a.octets == b.octets
            }
            _ => self.octets() == other.octets(),
        }
    }
}

impl Eq for Page {}

impl Hash for Page {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(match self {
            Self::Owned(octets) => hash(octets),
            Self::Shared(sealed) => sealed.hash,
        });
    }
}

/// A hash that is the same on every machine: words are folded in by multiplication (as FNV does,
/// with a rotation, so that high bits reach low ones).
fn hash(octets: &Octets) -> u64 {
    let (words, _) = octets.as_chunks::<8>();
    words.iter().fold(0xCBF2_9CE4_8422_2325, |hash: u64, word| {
        (hash ^ u64::from_le_bytes(*word))
            .wrapping_mul(0x0100_0000_01B3_u64 << 8 | 0xB3)
            .rotate_left(29)
    })
}
