//! H4: packets of a byte stream (Vol 4, Part A).

/// Longest ACL data that is announced to hosts; what claims to be longer is no packet.
const ACL_LENGTH_MAX: usize = 251;
/// Octets that are kept of what begins no packet: as long as the longest packet is.
const SHOWN_MAX: usize = 5 + ACL_LENGTH_MAX;
/// HCI Reset, for which a controller waits that has lost synchronization.
const RESET: [u8; 4] = [0x01, 0x03, 0x0C, 0x00];

/// Input from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A command, opcode first.
    Command(Vec<u8>),
    /// ACL data, handle first.
    Acl(Vec<u8>),
    /// Something that this controller has no use for: SCO or ISO data.
    Other(Vec<u8>),
    /// These octets begin no packet: the place is lost until the next Reset.
    Lost {
        /// Octets of the stream before the first of these.
        at: u64,
        /// The octets, cut to a maximum.
        octets: Vec<u8>,
    },
}

/// Cuts octets into packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Framer {
    /// Received octets; the first `taken` belong to packets already returned.
    octets: Vec<u8>,
    taken: usize,
    /// Octets of the stream before the rest.
    passed: u64,
    lost: bool,
}

impl Framer {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// What no packet has been made of.
    fn rest(&self) -> &[u8] {
        self.octets.get(self.taken..).unwrap_or_default()
    }

    fn pass(&mut self, count: usize) {
        self.taken += count;
        self.passed += count as u64;
    }

    /// The next packet that is complete. At most one packet and a header wait.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let frame = self.cut();
        if frame.is_none() {
            // Once for all that came together: for each packet it would take as long as there is
            // more behind it.
            self.octets.drain(..self.taken);
            self.taken = 0;
        }
        frame
    }

    fn cut(&mut self) -> Option<Frame> {
        if self.lost {
            self.find_reset()?;
        }
        let (kind, length) = match *self.rest() {
            [] => return None,
            [1, _, _, length, ..] => (1, 4 + usize::from(length)),
            [2, _, _, low, high, ..] => {
                let length = usize::from(u16::from_le_bytes([low, high]));
                if length > ACL_LENGTH_MAX {
                    return Some(self.lose());
                }
                (2, 5 + length)
            }
            [3, _, _, length, ..] => (3, 4 + usize::from(length)),
            [5, _, _, low, high, ..] => {
                // Waiting for 16 KB of an unsupported packet would swallow even a Reset.
                let length = usize::from(u16::from_le_bytes([low, high & 0x3F]));
                if length > ACL_LENGTH_MAX {
                    return Some(self.lose());
                }
                (5, 5 + length)
            }
            [1 | 2 | 3 | 5, ..] => return None,
            _ => return Some(self.lose()),
        };
        let packet = self.rest().get(1..length)?.to_vec();
        self.pass(length);
        Some(match kind {
            1 => Frame::Command(packet),
            2 => Frame::Acl(packet),
            _ => Frame::Other(packet),
        })
    }

    fn lose(&mut self) -> Frame {
        self.lost = true;
        let octets = self.rest().iter().copied().take(SHOWN_MAX).collect();
        Frame::Lost { at: self.passed, octets }
    }

    /// Skips to the next Reset. Three octets are kept: they may be its beginning.
    fn find_reset(&mut self) -> Option<()> {
        let found = self.rest().windows(RESET.len()).position(|window| window == RESET);
        let skip = found.unwrap_or_else(|| self.rest().len().saturating_sub(RESET.len() - 1));
        self.pass(skip);
        self.lost = found.is_none();
        found.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(framer: &mut Framer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next()).collect()
    }

    #[test]
    fn data_that_claim_to_be_longer_than_announced_do_not_swallow_a_reset() {
        for kind in [2, 5] {
            let mut framer = Framer::default();
            framer.push(&[kind, 29, 16, 248, 0x36, 0, 0, 1, 3, 0x0C, 0]);
            let [Frame::Lost { at: 0, .. }, Frame::Command(reset)] = &all(&mut framer)[..] else {
                panic!("indicator {kind}");
            };
            assert_eq!(reset[..], [3, 0x0C, 0]);
        }
    }

    #[test]
    fn packets_come_whole_however_they_are_cut() {
        let stream = [1, 3, 0x0C, 0, 2, 0x40, 0, 2, 0, 7, 8, 3, 0, 0, 1, 9, 1, 1, 0x10, 0];
        let whole = [
            Frame::Command(vec![3, 0x0C, 0]),
            Frame::Acl(vec![0x40, 0, 2, 0, 7, 8]),
            Frame::Other(vec![0, 0, 1, 9]),
            Frame::Command(vec![1, 0x10, 0]),
        ];
        for size in 1..=stream.len() {
            let mut framer = Framer::default();
            let mut frames = Vec::new();
            for chunk in stream.chunks(size) {
                framer.push(chunk);
                frames.extend(all(&mut framer));
            }
            assert_eq!(frames, whole, "in pieces of {size}");
        }
    }

    #[test]
    fn a_lost_place_is_reported_once_and_found_again_at_reset() {
        let mut framer = Framer::default();
        framer.push(&[9, 1, 1, 0x10, 0, 1, 3]);
        assert!(matches!(all(&mut framer)[..], [Frame::Lost { .. }]));
        framer.push(&[0x0C, 0, 1, 1, 0x10, 0]);
        let frames = [Frame::Command(vec![3, 0x0C, 0]), Frame::Command(vec![1, 0x10, 0])];
        assert_eq!(all(&mut framer), frames);
    }

    #[test]
    fn an_acl_packet_that_is_too_long_to_be_one_loses_the_place() {
        let mut framer = Framer::default();
        framer.push(&[2, 0x40, 0, 252, 0]);
        assert!(matches!(all(&mut framer)[..], [Frame::Lost { .. }]));
    }

    /// A capture holds it as one packet.
    #[test]
    fn of_a_flood_that_is_no_packet_the_beginning_is_kept() {
        let mut framer = Framer::default();
        framer.push(&[0xEE; 100_000]);
        let [Frame::Lost { at: 0, octets }] = &all(&mut framer)[..] else { panic!("one loss") };
        assert_eq!(octets.len(), SHOWN_MAX);
        framer.push(&RESET);
        assert_eq!(all(&mut framer), [Frame::Command(vec![3, 0x0C, 0])]);
        assert!(framer.octets.is_empty() && framer.passed == 100_004);
    }

    proptest! {
        #[test]
        fn whatever_comes_little_waits(octets in proptest::collection::vec(any::<u8>(), 0..4_000)) {
            let mut framer = Framer::default();
            for octet in octets {
                framer.push(&[octet]);
                all(&mut framer);
                prop_assert!(framer.octets.len() <= 5 + 0x3FFF);
            }
        }
    }
}
