//! Beginnings of a dialogue that mostly lead to something: devices that advertise, scan, connect
//! and encrypt in every way that the commands have.

use super::{Author, Piece, WRONG};
use crate::hci::{COMMANDS, RANDOM};
use crate::hosts::PORT;

impl Author<'_> {
    /// A command of this host with parameters drawn from the table, but for those given here:
    /// octets that replace those at a place.
    pub(super) fn say(
        &mut self,
        port: u8,
        pause: u8,
        opcode: u16,
        given: &[(usize, &[u8])],
    ) -> Piece {
        let fields = COMMANDS.iter().find(|(known, _)| *known == opcode);
        let mut parameters = fields.map(|(_, fields)| self.parameters(fields)).unwrap_or_default();
        for (at, octets) in given {
            let to = (at + octets.len()).min(parameters.len());
            if let Some(place) = parameters.get_mut(*at..to) {
                place.copy_from_slice(&octets[..to - at]);
            }
        }
        self.form.command(port | pause, opcode, &parameters)
    }

    /// Type and octets of one of the host's addresses.
    pub(super) fn address(&mut self, port: u8, random: bool) -> [u8; 7] {
        let number = usize::from(port == 0);
        let octets = match random {
            true => RANDOM[number],
            // The first endpoint that is added is the first port.
            false => self.publics[1 - number],
        };
        let mut address = [u8::from(random); 7];
        address[1..].copy_from_slice(&octets);
        address
    }

    /// Two hosts come together, in one of many ways; all that is right in it may be drawn.
    pub(super) fn opening(&mut self) -> Vec<Piece> {
        let before = (self.wrong, self.private);
        let wrong = if self.rng.one_in(4) { WRONG } else { 0 };
        // The advertiser, and the scanner.
        let (found, finds) = self.rng.pick(&[(PORT, 0), (PORT, 0), (0, PORT)]);
        let random = [self.rng.one_in(2), self.rng.one_in(2)];
        let mut all = Vec::new();
        let addresses = [self.address(found, random[0]), self.address(finds, random[1])];
        // Mostly both know each other's keys, or neither does.
        let private = self.rng.one_in(2);
        self.behave((wrong, private));
        for (number, port) in [found, finds].into_iter().enumerate() {
            all.extend(self.begin(port, &addresses[1 - number]));
        }
        let extended = self.rng.one_in(2);
        all.extend(self.advertise(found, extended, random[0], &addresses[1]));
        if self.rng.one_in(3) {
            all.extend(self.scan(finds, extended, random[1]));
        }
        if !self.rng.one_in(6) {
            all.push(self.connect(finds, extended, random[1], &addresses[0]));
        }
        if self.rng.one_in(3) {
            // As central of its first connection, and as peripheral.
            let zero = [0; 28];
            let mut key = zero;
            key[0] = 1;
            all.push(self.say(finds, 0x38, 0x2019, &[(0, &key)]));
            let mut reply = [0; 18];
            reply[..2].copy_from_slice(&[1, 1]);
            all.push(self.say(found, 0x38, 0x201A, &[(0, &reply)]));
        }
        self.behave(before);
        all
    }

    /// The first commands of a host.
    fn begin(&mut self, port: u8, peer: &[u8; 7]) -> Vec<Piece> {
        let mut all = vec![self.form.command(port, 0x0C03, &[])];
        if !self.rng.one_in(8) {
            all.push(self.form.command(port, 0x0C01, &[0xFF; 8]));
            all.push(self.form.command(port, 0x2001, &[0xFF; 8]));
        }
        let own = self.address(port, true);
        all.push(self.form.command(port, 0x2005, &own[1..]));
        if self.private != self.rng.one_in(12) {
            // Keys that both have.
            let keys = self.rng.pick(&[[1, 1], [1, 1], [1, 0], [0, 1], [0, 0]]);
            let keys = keys.map(|key| [key; 16]).concat();
            all.push(self.form.command(port, 0x2027, &[&peer[..], &keys].concat()));
            if self.rng.one_in(2) {
                let mode = self.rng.pick(&[0, 1]);
                all.push(self.form.command(port, 0x204E, &[&peer[..], &[mode]].concat()));
            }
            if self.rng.one_in(4) {
                all.push(self.form.command(port, 0x202E, &[1, 0]));
            }
            if !self.rng.one_in(4) {
                all.push(self.form.command(port, 0x202D, &[1]));
            }
        }
        if self.rng.one_in(4) {
            all.push(self.form.command(port, 0x2011, peer));
        }
        if self.rng.one_in(6) {
            let more = [0x0C33, 0x0C31, 0x0C63, 0x2024, 0x2031, 0x2014];
            let opcode = self.rng.pick(&more);
            all.push(self.say(port, 0, opcode, &[]));
        }
        all
    }

    /// Own_Address_Type that shows this address, or hides it.
    fn own_type(&mut self, random: bool) -> u8 {
        let hides = if self.private { [2, 2, 2, 0] } else { [0, 0, 0, 2] };
        u8::from(random) | self.rng.pick(&hides)
    }

    fn advertise(&mut self, port: u8, extended: bool, random: bool, peer: &[u8; 7]) -> Vec<Piece> {
        let own = [self.own_type(random)];
        let mut all = Vec::new();
        if !extended {
            let interval = [0x20, 0, 0x20, 0];
            all.push(self.say(
                port,
                0,
                0x2006,
                &[(0, &interval), (5, &own), (6, peer), (13, &[7])],
            ));
            if self.rng.one_in(3) {
                let opcode = self.rng.pick(&[0x2008, 0x2009]);
                all.push(self.say(port, 0, opcode, &[]));
            }
            all.push(self.form.command(port, 0x200A, &[1]));
            return all;
        }
        let interval = [0x20, 0, 0, 0x20, 0, 0];
        let given: [(usize, &[u8]); 5] =
            [(0, &[0]), (3, &interval), (9, &[7]), (10, &own), (11, peer)];
        all.push(self.say(port, 0, 0x2036, &given));
        let address = self.address(port, true);
        all.push(self.form.command(port, 0x2035, &[&[0][..], &address[1..]].concat()));
        for opcode in [0x2037, 0x2038] {
            if self.rng.one_in(3) {
                all.push(self.say(port, 0, opcode, &[(0, &[0, 3])]));
            }
        }
        if self.rng.one_in(4) {
            // More than one PDU holds.
            let opcode = self.rng.pick(&[0x2037, 0x2038]);
            let middle = self.rng.below(5);
            for operation in [1].into_iter().chain(vec![0; middle]).chain([2]) {
                let head = [0, operation, 0, 240];
                let parameters = [&head[..], &[operation; 240]].concat();
                all.push(self.form.command(port, opcode, &parameters));
            }
        }
        let time = self.rng.pick(&[0, 0, 0, 2, 20]);
        let events = self.rng.pick(&[0, 0, 0, 1, 3]);
        all.push(self.form.command(port, 0x2039, &[1, 1, 0, time, 0, events]));
        all
    }

    fn scan(&mut self, port: u8, extended: bool, random: bool) -> Vec<Piece> {
        let own = [self.own_type(random)];
        let pause = self.rng.pick(&[0, 0x37, 0x38, 0x39]);
        if extended {
            let on = self.form.command(port | pause, 0x2042, &[1, 0, 0, 0, 0, 0]);
            let off = self.form.command(port, 0x2042, &[0; 6]);
            return vec![self.say(port, 0, 0x2041, &[(0, &own)]), on, off];
        }
        let parameters = self.say(port, 0, 0x200B, &[(1, &[0x10, 0, 0x10, 0]), (5, &own)]);
        let on = self.form.command(port | pause, 0x200C, &[1, 0]);
        let off = self.form.command(port, 0x200C, &[0, 0]);
        let mut all = vec![parameters, on, off];
        all.truncate(2 + self.rng.below(2));
        all
    }

    fn connect(&mut self, port: u8, extended: bool, random: bool, peer: &[u8; 7]) -> Piece {
        let own = [self.own_type(random)];
        let pause = self.rng.pick(&[0x37, 0x38, 0x39, 0x3A]);
        // Mostly for four seconds without a word, sometimes for 100 ms.
        let timeout = self.rng.pick(&[[0x90, 1], [0x90, 1], [0x90, 1], [10, 0]]);
        let interval = self.rng.pick(&[6, 6, 6, 7, 8, 16]);
        let link = [interval, 0, interval, 0, 0, 0, timeout[0], timeout[1], 0, 0, 0, 0];
        if extended {
            let phys = self.rng.pick(&[1, 1, 5, 4, 3, 7]);
            let scan = [&[0x10, 0, 0x10, 0][..], &link].concat();
            let scans = scan.repeat(3);
            let count = usize::from(phys as u8).count_ones() as usize * scan.len();
            let head = [&[0][..], &own, peer, &[phys as u8]].concat();
            let parameters = [&head[..], &scans[..count]].concat();
            return self.form.command(port | pause, 0x2043, &parameters);
        }
        let head = [0x10, 0, 0x10, 0];
        self.say(port, pause, 0x200D, &[(0, &head), (5, peer), (12, &own), (13, &link)])
    }
}
