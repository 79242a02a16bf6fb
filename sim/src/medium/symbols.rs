//! What is on air: a string of binary symbols.

use smallvec::SmallVec;

/// Symbols in the order of the air. On the uncoded PHYs a symbol is a bit of the packet; on LE
/// Coded it is one of the symbols that bits are spread over.
#[derive(Debug, PartialEq, Eq, Hash, Default)]
pub struct Symbols {
    /// Eight to an octet, first in the least significant bit. Those of an uncoded advertisement
    /// need no allocation.
    octets: SmallVec<[u8; 48]>,
    len: usize,
}

impl Clone for Symbols {
    fn clone(&self) -> Self {
        Self { octets: SmallVec::from_slice(&self.octets), len: self.len }
    }
}

impl Symbols {
    /// No symbols yet, with room for some.
    #[must_use]
    pub fn with_capacity(symbols: usize) -> Self {
        Self { octets: SmallVec::with_capacity(symbols.div_ceil(8)), len: 0 }
    }

    /// Number of symbols, not of octets.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Symbol number `index`; beyond the end there is silence, read as zero.
    #[must_use]
    pub fn get(&self, index: usize) -> bool {
        self.octets.get(index / 8).is_some_and(|octet| octet >> (index % 8) & 1 == 1)
    }

    /// Turns a symbol over. There is nothing to turn beyond the end.
    pub fn flip(&mut self, index: usize) {
        if index < self.len
            && let Some(octet) = self.octets.get_mut(index / 8)
        {
            *octet ^= 1 << (index % 8);
        }
    }

    /// Appends one symbol.
    pub fn push(&mut self, symbol: bool) {
        if self.len.is_multiple_of(8) {
            self.octets.push(0);
        }
        self.len += 1;
        if symbol {
            self.flip(self.len - 1);
        }
    }

    /// Appends octets, least significant bit first.
    pub fn push_octets(&mut self, octets: &[u8]) {
        if self.len.is_multiple_of(8) {
            self.octets.extend_from_slice(octets);
            self.len += octets.len() * 8;
        } else {
            for octet in octets {
                (0..8).for_each(|bit| self.push(octet >> bit & 1 == 1));
            }
        }
    }

    /// All symbols, eight to an octet, first in the least significant bit.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_out_in_the_order_they_went_in() {
        let mut symbols = Symbols::default();
        symbols.push(true);
        symbols.push_octets(&[0b1000_0010]);
        let read: Vec<bool> = (0..10).map(|i| symbols.get(i)).collect();
        let expected = [true, false, true, false, false, false, false, false, true, false];
        assert_eq!((symbols.len(), read.as_slice()), (9, expected.as_slice()));
        symbols.flip(0);
        symbols.flip(9);
        assert_eq!(symbols.octets(), [0b0000_0100, 0b0000_0001]);
    }
}
