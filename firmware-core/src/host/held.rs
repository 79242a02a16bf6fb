//! ATT PDUs that wait for the end of key distribution.
//!
//! Encryption with a new key starts before the owner of the key is known: the peer distributes its
//! identity afterwards. Until then requests that need security are neither served nor refused: a
//! client may send one in the next event, and waits up to 30 s (Vol 3, Part F, 3.3.3).

use super::att::Pdu;

/// Octets that can wait: the longest request, of which a client has one at a time, and as many
/// octets again for commands.
const OCTETS: usize = 512;

/// PDUs in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Held(
    /// Each with its length before it.
    heapless::Vec<u8, OCTETS>,
);

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a PDU at the end; `None` if there is no room for it.
    #[must_use]
    pub(super) fn push(&mut self, pdu: &[u8]) -> Option<()> {
        let length = u8::try_from(pdu.len()).ok()?;
        let fits = pdu.len() < OCTETS.saturating_sub(self.0.len());
        if !fits || pdu.len() > Pdu::new().capacity() {
            return None;
        }
        self.0.push(length).ok()?;
        self.0.extend_from_slice(pdu).ok()
    }

    /// Takes the first out.
    pub(super) fn pop(&mut self) -> Option<Pdu> {
        let (length, rest) = self.0.split_first()?;
        let (pdu, rest) = rest.split_at_checked(usize::from(*length))?;
        let (pdu, rest) = (Pdu::from_slice(pdu).ok()?, heapless::Vec::from_slice(rest).ok()?);
        self.0 = rest;
        Some(pdu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn what_waits_comes_out_whole_and_in_order() {
        let mut held = Held::default();
        let pdus = [vec![1; 247], vec![2], vec![], vec![3; 20]];
        for pdu in &pdus {
            held.push(pdu).unwrap();
        }
        for pdu in &pdus {
            assert_eq!(held.pop().as_deref(), Some(&pdu[..]));
        }
        assert!(held.pop().is_none() && held.is_empty());
    }

    #[test]
    fn there_is_room_for_the_longest_request_twice_and_an_end() {
        let mut held = Held::default();
        assert_eq!(held.push(&[0; 248]), None, "longer than any");
        held.push(&[1; 247]).unwrap();
        held.push(&[2; 247]).unwrap();
        assert_eq!(held.push(&[3; 16]), None);
        held.push(&[3; 15]).unwrap();
        assert_eq!(held.push(&[]), None);
        let all: Vec<_> = core::iter::from_fn(|| held.pop()).map(|pdu| pdu.len()).collect();
        assert_eq!(all, [247, 247, 15]);
    }
}
