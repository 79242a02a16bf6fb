//! What two hosts do to each other once they can: links of both roles and of several addresses,
//! procedures that cross, lists that are filled and emptied, protocols above the link.

use super::{Author, Piece};
use crate::hci::RANDOM;
use crate::hosts::PORT;
use crate::sessions;

/// Most entries that are put into a list in a row: more than it has room for.
const ENTRIES: usize = 10;
/// Opcodes that add to a list, remove from it and clear it: accepted devices, and known keys.
const LISTS: [[u16; 3]; 2] = [[0x2011, 0x2012, 0x2010], [0x2027, 0x2028, 0x2029]];

impl Author<'_> {
    /// Both hosts want something of their link at nearly the same time.
    pub(super) fn meet(&mut self) -> Vec<Piece> {
        let speeches: Vec<_> = sessions::speeches().collect();
        // Which host is the central, and whether the piece concerns their first link.
        let swap = if self.rng.one_in(4) { PORT } else { 0 };
        let link = if self.rng.one_in(4) { 2 } else { 1 };
        let count = 2 + self.rng.few(6);
        let one = |_| {
            let (port, opcode, parameters) = &speeches[self.rng.below(speeches.len())];
            let (port, mut parameters) = (*port as u8 ^ swap, parameters.clone());
            let pause = self.rng.pick(&[0, 0, 0, 1, 2, 5, 8, 14, 15, 16, 29, 30, 0x37]);
            if let [number @ 1, 0 | 1, _, ..] = &mut parameters[..] {
                *number = link;
            }
            match parameters.first_chunk::<2>().filter(|_| parameters.len() > 2) {
                Some(handle) if self.rng.one_in(2) => {
                    self.say(port, pause, *opcode, &[(0, &handle[..])])
                }
                _ => self.form.command(port | pause, *opcode, &parameters),
            }
        };
        (0..count).map(one).collect()
    }

    /// One link after the other, in both roles, of public and of random addresses.
    pub(super) fn link_up(&mut self) -> Vec<Piece> {
        let mut all = Vec::new();
        for _ in 0..1 + self.rng.few(4) {
            let (found, finds) = self.rng.pick(&[(PORT, 0), (0, PORT)]);
            let random = [self.rng.one_in(2), self.rng.one_in(2)];
            let peer = self.address(found, random[0]);
            let [advertiser, initiator] = random.map(u8::from);
            let parameters = [0x20, 0, 0x20, 0, 0, advertiser, 0, 0, 0, 0, 0, 0, 0, 7, 0];
            all.push(self.form.command(found, 0x2006, &parameters));
            all.push(self.form.command(found, 0x200A, &[1]));
            let interval = self.rng.pick(&[6, 7, 8, 12, 24, 80]);
            let latency = self.rng.pick(&[0, 0, 0, 3, 30]);
            let timeout: u16 = self.rng.pick(&[10, 20, 100, 400]);
            let [low, high] = timeout.to_le_bytes();
            let link = [interval, 0, interval, 0, latency, 0, low, high, 0, 0, 0, 0];
            let head = [&[0x10, 0, 0x10, 0, 0][..], &peer, &[initiator]].concat();
            let pause = self.rng.pick(&[0x37, 0x38, 0x39]);
            all.push(self.form.command(finds | pause, 0x200D, &[&head[..], &link].concat()));
            if self.rng.one_in(4) {
                all.push(self.form.command(finds, 0x200E, &[]));
            }
        }
        all
    }

    /// A list is filled, and loses some of its entries again.
    pub(super) fn fill(&mut self) -> Vec<Piece> {
        let port = self.rng.pick(&[0, PORT]);
        let [add, remove, clear] = LISTS[self.rng.below(LISTS.len())];
        let known = self.publics.map(|octets| (0, octets)).into_iter();
        let known = known.chain(RANDOM.map(|octets| (1, octets)));
        let mut devices: Vec<(u8, [u8; 6])> = known.collect();
        devices.extend((0..4).map(|number| (1, [number, 7, 7, 7, 7, 0xC7])));
        let device = |(kind, octets): (u8, [u8; 6])| [&[kind], &octets[..]].concat();
        let count = 1 + self.rng.below(ENTRIES);
        let from = self.rng.below(devices.len());
        let mut all = Vec::new();
        for number in 0..count {
            let mut parameters = device(devices[(from + number) % devices.len()]);
            if add == LISTS[1][0] {
                parameters.extend(self.rng.pick(&[[0; 16], [1; 16]]));
                parameters.extend(self.rng.pick(&[[0; 16], [1; 16]]));
            }
            all.push(self.form.command(port, add, &parameters));
        }
        for _ in 0..self.rng.below(count + 1) {
            let parameters = device(devices[self.rng.below(devices.len())]);
            let opcode = self.rng.pick(&[remove, remove, remove, 0x202B, 0x202C]);
            all.push(self.form.command(port, opcode, &parameters));
        }
        if self.rng.one_in(4) {
            all.push(self.form.command(port, clear, &[]));
        }
        all
    }

    /// Frames of L2CAP, whole or in fragments, on the channels of ATT, signalling and SMP.
    pub(super) fn frame(&mut self, port: u8) -> Vec<Piece> {
        let channel = self.rng.pick(&[4, 5, 6, 6, 6, 0x40]);
        let code = self.rng.below(0x13) as u8;
        let length = self.rng.pick(&[0, 1, 2, 6, 10, 16, 20, 64]);
        let fill = self.rng.pick(&[0, 1, 3, 0x10, 0xFF]);
        let payload = [vec![code], vec![fill; length]].concat();
        let says = self.rng.pick(&[payload.len(), payload.len(), payload.len(), 0, 5, 300]);
        let frame = [&(says as u16).to_le_bytes()[..], &[channel, 0], &payload].concat();
        let role = u8::from((port & PORT == 0) == self.rng.one_in(4));
        let handle = [self.rng.pick(&[1, 1, 1, 2]), role];
        let size = self.rng.pick(&[3, 4, 5, 10, 27, 100, 251]);
        let part = |(number, octets): (usize, &[u8])| {
            let flags = if number == 0 { 0 } else { 0x10 };
            let head = [handle[0], handle[1] | flags];
            let pause = if self.rng.one_in(4) { self.pause() } else { 0 };
            self.form.data(port | pause, &[&head[..], octets].concat())
        };
        frame.chunks(size).take(8).enumerate().map(part).collect()
    }
}
