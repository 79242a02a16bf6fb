//! Data that the hosts give their controllers, until they arrive: complete, in order, and once.

use std::collections::VecDeque;

use ble::hci::{Acl, AclBoundary};

/// An octet; the first of a frame is another one than the same octet within.
type Octet = u16;

fn octets(acl: &Acl) -> impl Iterator<Item = Octet> {
    let first = u16::from(acl.boundary == AclBoundary::First) << 8;
    let mark = move |at| if at == 0 { first } else { 0 };
    acl.data.iter().enumerate().map(move |(at, octet)| u16::from(*octet) | mark(at))
}

/// What one host has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Data {
    /// The data that have not arrived.
    under_way: VecDeque<Octet>,
    /// Octets of the last packet: its controller may have no room for it, and say so.
    last: usize,
    /// Something else has arrived.
    pub(crate) wrong: bool,
}

impl Data {
    /// Its host gives this to the controller.
    pub(super) fn sent(&mut self, acl: &Acl) {
        self.under_way.extend(octets(acl));
        self.last = acl.data.len();
    }

    /// Its controller had no room for the last packet.
    pub(super) fn refused(&mut self) {
        let left = self.under_way.len().saturating_sub(std::mem::take(&mut self.last));
        self.under_way.truncate(left);
    }

    /// This arrives at the other host.
    pub(super) fn arrived(&mut self, acl: &Acl) {
        for octet in octets(acl) {
            self.wrong |= self.under_way.pop_front() != Some(octet);
        }
    }

    /// The other host has disconnected.
    pub(super) fn given_up(&mut self) {
        self.under_way.clear();
    }

    /// Whether all has arrived.
    pub(crate) fn is_there(&self) -> bool {
        self.under_way.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use ble::hci::Handle;

    use super::*;

    fn acl(boundary: AclBoundary, octets: &[u8]) -> Acl {
        Acl { handle: Handle(0), boundary, data: ble::hci::AclData::from_slice(octets).unwrap() }
    }

    fn arrives(parts: &[Acl]) -> (bool, bool) {
        let mut data = Data::default();
        data.sent(&acl(AclBoundary::First, &[1, 2, 3, 4, 5]));
        data.sent(&acl(AclBoundary::First, &[6, 7]));
        data.sent(&acl(AclBoundary::First, &[8]));
        data.refused();
        parts.iter().for_each(|part| data.arrived(part));
        (data.is_there(), data.wrong)
    }

    #[test]
    fn what_is_lost_doubled_swapped_or_cut_elsewhere_shows() {
        use AclBoundary::{Continuing, First};
        let [whole, one, two] = [&[1, 2, 3, 4, 5][..], &[1, 2, 3], &[4, 5]];
        let last = acl(First, &[6, 7]);
        assert_eq!(arrives(&[acl(First, whole), last.clone()]), (true, false));
        let parts = [acl(First, one), acl(Continuing, two), last.clone()];
        assert_eq!(arrives(&parts), (true, false));
        assert_eq!(arrives(&parts[..2]), (false, false), "not there yet");
        let [first, second, third] = parts;
        for parts in [
            vec![first.clone(), third.clone()],
            vec![first.clone(), first.clone(), second.clone(), third.clone()],
            vec![first.clone(), second.clone(), third.clone(), third.clone()],
            vec![third, first.clone(), second],
            vec![first, acl(First, two), last],
        ] {
            assert!(arrives(&parts).1, "{parts:?}");
        }
    }
}
