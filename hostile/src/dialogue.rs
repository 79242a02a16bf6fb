//! Changes of what two hosts say that know what it is: commands and data packets come, go, change
//! places and parameters; and beginnings that mostly lead to something: devices that advertise,
//! scan, connect and encrypt in every way that the commands have.

use crate::hci::{COMMANDS, Drawn, Field, Publics, RANDOM};
use crate::luck::Luck;
use crate::{PIECES_MAX, hosts, pieces, sessions};

/// Most changes that are made at once.
const CHANGES: usize = 8;
/// In a piece's first octet: which host speaks.
const PORT: u8 = 0x40;
/// There, too: data, where pieces have no frame.
const DATA: u8 = 0x80;
/// And how long nothing comes after it.
const PAUSES: u8 = 0x3F;
/// One octet in so many of a command is wrong on purpose.
const WRONG: usize = 24;

/// A piece: its first octet, and what it holds.
type Piece = (u8, Vec<u8>);

/// How pieces hold commands and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As H4 frames them.
    Framed,
    /// Without a frame.
    Bare,
}

impl Form {
    fn command(self, port: u8, opcode: u16, parameters: &[u8]) -> Piece {
        let octets = match self {
            Self::Framed => sessions::command(opcode, parameters),
            Self::Bare => [&opcode.to_le_bytes()[..], parameters].concat(),
        };
        (port, octets)
    }

    fn data(self, port: u8, octets: &[u8]) -> Piece {
        match self {
            Self::Framed => (port, sessions::data(octets)),
            Self::Bare => (port | DATA, octets.to_vec()),
        }
    }

    /// Opcode and parameters, if it is a command.
    fn opcode(self, (kind, octets): &Piece) -> Option<(u16, usize)> {
        match (self, &octets[..]) {
            (Self::Framed, [1, low, high, _, ..]) => Some((u16::from_le_bytes([*low, *high]), 4)),
            (Self::Bare, [low, high, ..]) if kind & DATA == 0 => {
                Some((u16::from_le_bytes([*low, *high]), 2))
            }
            _ => None,
        }
    }
}

/// Who says what is drawn, and in which form.
struct Author<'a> {
    luck: &'a mut Luck,
    form: Form,
    publics: Publics,
    wrong: usize,
}

/// The input with a few changes.
pub(super) fn changed(input: &[u8], luck: &mut Luck, form: Form) -> Vec<u8> {
    let mut all: Vec<Piece> =
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect();
    let publics = hosts::publics();
    let mut author = Author { luck, form, publics, wrong: WRONG };
    for _ in 0..author.luck.few(CHANGES) {
        author.change(&mut all);
    }
    joined(&all)
}

/// The beginning of one input and the end of another.
pub(super) fn crossed(one: &[u8], other: &[u8], luck: &mut Luck) -> Vec<u8> {
    let list = |input| -> Vec<Piece> {
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect()
    };
    let (mut all, other) = (list(one), list(other));
    let from = luck.below(other.len());
    // Half of the first is kept, and mostly all of it: the rest stands on that.
    let kept = match luck.below(3) {
        0 => all.len() / 2 + luck.below(all.len() / 2 + 1),
        _ => all.len(),
    };
    all.truncate(kept);
    all.extend_from_slice(&other[from..]);
    joined(&all)
}

fn joined(all: &[Piece]) -> Vec<u8> {
    let whole = |(kind, octets): &Piece| {
        let octets = &octets[..octets.len().min(255)];
        [&[*kind, octets.len() as u8][..], octets].concat()
    };
    all.iter().take(PIECES_MAX).flat_map(whole).collect()
}

impl Author<'_> {
    fn change(&mut self, all: &mut Vec<Piece>) {
        if all.is_empty() || self.luck.one_in(40) {
            *all = self.opening();
            return;
        }
        // The end is changed more often than the beginning, on which all else stands.
        let begin = if self.luck.one_in(3) { 0 } else { all.len() / 2 };
        let at = begin + self.luck.below(all.len() - begin);
        let other = self.luck.below(all.len());
        match self.luck.below(16) {
            0 => drop(all.remove(at)),
            1 => all.swap(at, other),
            2 => all.insert(other, all[at].clone()),
            3 | 4 => all[at].0 = all[at].0 & !PAUSES | self.pause(),
            5 => all[at].0 ^= PORT,
            6..=8 => self.edit(&mut all[at]),
            9 => all[at] = self.piece(),
            10 | 11 => all.insert(at, self.piece()),
            12 => {
                // One more connection, or the same over again.
                let opening = self.opening();
                let from = self.luck.below(opening.len());
                all.extend_from_slice(&opening[from..]);
            }
            _ => {
                let piece = self.piece();
                all.push(piece);
            }
        }
    }

    /// Other parameters, of another length in a few cases.
    fn edit(&mut self, piece: &mut Piece) {
        let Some((opcode, head)) = self.form.opcode(piece) else {
            let at = self.luck.below(piece.1.len());
            if let Some(octet) = piece.1.get_mut(at) {
                *octet = self.luck.octet();
            }
            return;
        };
        let fields = COMMANDS.iter().find(|(known, _)| *known == opcode);
        if let Some((_, fields)) = fields.filter(|_| !self.luck.one_in(4)) {
            let drawn = self.parameters(fields);
            let mut parameters = piece.1.split_off(head.min(piece.1.len()));
            // All of them, or those of some octets.
            if self.luck.one_in(2) || parameters.len() != drawn.len() {
                parameters = drawn;
            } else {
                let from = self.luck.below(parameters.len());
                let to = from + 1 + self.luck.below(parameters.len() - from);
                let to = to.min(parameters.len());
                parameters[from..to].copy_from_slice(&drawn[from..to]);
            }
            let kind = piece.0 & !DATA;
            *piece = self.form.command(kind, opcode, &parameters);
            return;
        }
        match self.luck.below(4) {
            0 => drop(piece.1.pop()),
            1 => piece.1.push(self.luck.octet()),
            _ => {
                let at = self.luck.below(piece.1.len());
                piece.1[at] = match self.luck.below(3) {
                    0 => self.luck.octet(),
                    1 => piece.1[at] ^ 1 << self.luck.below(8),
                    _ => piece.1[at].wrapping_add(self.luck.pick(&[1, 255])),
                };
            }
        }
    }

    fn parameters(&mut self, fields: &[Field]) -> Vec<u8> {
        let (publics, wrong) = (self.publics, self.wrong);
        Drawn { luck: &mut *self.luck, publics, wrong }.parameters(fields)
    }

    /// Mostly short, so that commands meet; sometimes so long that something ends.
    fn pause(&mut self) -> u8 {
        match self.luck.below(64) {
            0 => self.luck.pick(&[0x3D, 0x3E, 0x3F]),
            1..=4 => 0x38 + self.luck.below(5) as u8,
            5..=20 => 0,
            21..=40 => self.luck.below(0x38) as u8,
            _ => self.luck.pick(&[1, 2, 15, 40, 0x37]),
        }
    }

    /// A command or a data packet of either host.
    fn piece(&mut self) -> Piece {
        let port = self.luck.pick(&[0, PORT]) | self.pause();
        if self.luck.one_in(12) {
            return self.data(port);
        }
        let (opcode, fields) = COMMANDS[self.luck.below(COMMANDS.len())];
        let parameters = self.parameters(fields);
        self.form.command(port, opcode, &parameters)
    }

    fn data(&mut self, port: u8) -> Piece {
        let handle = self.luck.pick(&[0x0001_u16, 0x0101, 0x0101, 0x0001, 0x0002, 0x0102, 0x0EFF]);
        let flags = self.luck.pick(&[0_u16, 0, 0, 1, 1, 2, 3, 4]) << 12;
        let length = self.luck.pick(&[0, 1, 4, 7, 27, 28, 100, 250]);
        let head = (handle | flags).to_le_bytes();
        let octets: Vec<u8> = head.into_iter().chain((0..length).map(|at| at as u8)).collect();
        self.form.data(port, &octets)
    }

    /// A command of this host with parameters drawn from the table, but for those given here:
    /// octets that replace those at a place.
    fn say(&mut self, port: u8, pause: u8, opcode: u16, given: &[(usize, &[u8])]) -> Piece {
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
    fn address(&mut self, port: u8, random: bool) -> [u8; 7] {
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
    fn opening(&mut self) -> Vec<Piece> {
        let wrong = self.wrong;
        self.wrong = if self.luck.one_in(4) { WRONG } else { 0 };
        // Who is found, and who finds.
        let (found, finds) = self.luck.pick(&[(PORT, 0), (PORT, 0), (0, PORT)]);
        let random = [self.luck.one_in(2), self.luck.one_in(2)];
        let mut all = Vec::new();
        let addresses = [self.address(found, random[0]), self.address(finds, random[1])];
        for (number, port) in [found, finds].into_iter().enumerate() {
            all.extend(self.begin(port, &addresses[1 - number]));
        }
        let extended = self.luck.one_in(2);
        all.extend(self.advertise(found, extended, random[0], &addresses[1]));
        if self.luck.one_in(3) {
            all.extend(self.scan(finds, extended, random[1]));
        }
        if !self.luck.one_in(6) {
            all.push(self.connect(finds, extended, random[1], &addresses[0]));
        }
        if self.luck.one_in(3) {
            // As central of its first connection, and as peripheral.
            let zero = [0; 28];
            let mut key = zero;
            key[0] = 1;
            all.push(self.say(finds, 0x38, 0x2019, &[(0, &key)]));
            let mut reply = [0; 18];
            reply[..2].copy_from_slice(&[1, 1]);
            all.push(self.say(found, 0x38, 0x201A, &[(0, &reply)]));
        }
        self.wrong = wrong;
        all
    }

    /// What a host says before all else.
    fn begin(&mut self, port: u8, peer: &[u8; 7]) -> Vec<Piece> {
        let mut all = vec![self.form.command(port, 0x0C03, &[])];
        if !self.luck.one_in(8) {
            all.push(self.form.command(port, 0x0C01, &[0xFF; 8]));
            all.push(self.form.command(port, 0x2001, &[0xFF; 8]));
        }
        let own = self.address(port, true);
        all.push(self.form.command(port, 0x2005, &own[1..]));
        if self.luck.one_in(3) {
            // Keys that both have.
            let keys = self.luck.pick(&[[1, 1], [1, 1], [1, 0], [0, 1], [0, 0]]);
            let keys = keys.map(|key| [key; 16]).concat();
            all.push(self.form.command(port, 0x2027, &[&peer[..], &keys].concat()));
            if self.luck.one_in(2) {
                let mode = self.luck.pick(&[0, 1]);
                all.push(self.form.command(port, 0x204E, &[&peer[..], &[mode]].concat()));
            }
            if self.luck.one_in(4) {
                all.push(self.form.command(port, 0x202E, &[1, 0]));
            }
            if !self.luck.one_in(4) {
                all.push(self.form.command(port, 0x202D, &[1]));
            }
        }
        if self.luck.one_in(4) {
            all.push(self.form.command(port, 0x2011, peer));
        }
        if self.luck.one_in(6) {
            let more = [0x0C33, 0x0C31, 0x0C63, 0x2024, 0x2031, 0x2014];
            let opcode = self.luck.pick(&more);
            all.push(self.say(port, 0, opcode, &[]));
        }
        all
    }

    /// Own_Address_Type that shows this address, or hides it.
    fn own_type(&mut self, random: bool) -> u8 {
        u8::from(random) | self.luck.pick(&[0, 0, 2])
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
            if self.luck.one_in(3) {
                let opcode = self.luck.pick(&[0x2008, 0x2009]);
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
            if self.luck.one_in(3) {
                all.push(self.say(port, 0, opcode, &[(0, &[0, 3])]));
            }
        }
        if self.luck.one_in(4) {
            // More than one PDU holds.
            let opcode = self.luck.pick(&[0x2037, 0x2038]);
            let middle = self.luck.below(5);
            for operation in [1].into_iter().chain(vec![0; middle]).chain([2]) {
                let head = [0, operation, 0, 240];
                let parameters = [&head[..], &[operation; 240]].concat();
                all.push(self.form.command(port, opcode, &parameters));
            }
        }
        let time = self.luck.pick(&[0, 0, 0, 2, 20]);
        let events = self.luck.pick(&[0, 0, 0, 1, 3]);
        all.push(self.form.command(port, 0x2039, &[1, 1, 0, time, 0, events]));
        all
    }

    fn scan(&mut self, port: u8, extended: bool, random: bool) -> Vec<Piece> {
        let own = [self.own_type(random)];
        let pause = self.luck.pick(&[0, 0x37, 0x38, 0x39]);
        if extended {
            let on = self.form.command(port | pause, 0x2042, &[1, 0, 0, 0, 0, 0]);
            let off = self.form.command(port, 0x2042, &[0; 6]);
            return vec![self.say(port, 0, 0x2041, &[(0, &own)]), on, off];
        }
        let parameters = self.say(port, 0, 0x200B, &[(1, &[0x10, 0, 0x10, 0]), (5, &own)]);
        let on = self.form.command(port | pause, 0x200C, &[1, 0]);
        let off = self.form.command(port, 0x200C, &[0, 0]);
        let mut all = vec![parameters, on, off];
        all.truncate(2 + self.luck.below(2));
        all
    }

    fn connect(&mut self, port: u8, extended: bool, random: bool, peer: &[u8; 7]) -> Piece {
        let own = [self.own_type(random)];
        let pause = self.luck.pick(&[0x37, 0x38, 0x39, 0x3A]);
        let link = [6, 0, 6, 0, 0, 0, 0x90, 1, 0, 0, 0, 0];
        if extended {
            let phys = self.luck.pick(&[1, 1, 5, 4, 3, 7]);
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
