//! Structured changes of the input of two hosts: commands and data packets are inserted, removed,
//! moved and given other parameters, and beginnings that lead to a connection are added.

mod beginnings;
mod encounters;

use crate::hci::{COMMANDS, Drawn, Field, Publics};
use crate::hosts::{DATA, PORT};
use crate::rng::Rng;
use crate::{PIECES_MAX, hosts, pieces, sessions};

/// Maximum number of changes per mutation.
const CHANGES: usize = 8;
/// In a piece's first octet: how long nothing comes after it.
const PAUSES: u8 = 0x3F;
/// One octet in this many of a command is wrong on purpose.
const WRONG: usize = 24;

/// Commands that are about one thing: what depends on their order is found by a few of them in a
/// row, not by one among all others.
const THEMES: [&[u16]; 9] = [
    // An advertising set.
    &[0x2036, 0x2037, 0x2037, 0x2038, 0x2038, 0x2039, 0x2039, 0x2035, 0x203C, 0x203D],
    // Legacy advertising.
    &[0x2006, 0x2008, 0x2009, 0x200A, 0x200A, 0x2005],
    // Scanning and initiating.
    &[0x200B, 0x200C, 0x200D, 0x200E, 0x2041, 0x2042, 0x2043, 0x200E],
    // The two lists.
    &[0x2010, 0x2011, 0x2012, 0x2027, 0x2028, 0x2029, 0x202B, 0x202C, 0x202D, 0x202E, 0x204E],
    // Procedures of a link.
    &[0x2013, 0x2016, 0x2022, 0x2032, 0x041D, 0x2014, 0x0C7C, 0x2020, 0x2021, 0x2030, 0x2015],
    // Keys of a link, and its end.
    &[0x2019, 0x201A, 0x201B, 0x0406, 0x2019, 0x201A, 0x0C7C],
    // Data that a host takes, or not.
    &[0x0C31, 0x0C33, 0x0C35, 0x0C35, 0x2022, 0x2024],
    // Tests of the radio.
    &[0x201D, 0x201E, 0x201F, 0x2033, 0x2034, 0x201F],
    // The commands that unmask a host's events.
    &[0x0C01, 0x2001, 0x0C63, 0x0C03],
];

/// A piece: its first octet, and its content.
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

/// The sender of drawn pieces, and their form.
struct Author<'a> {
    rng: &'a mut Rng,
    form: Form,
    publics: Publics,
    wrong: usize,
    /// Whether the hosts of a beginning hide behind private addresses.
    private: bool,
}

/// The input with a few changes.
pub(super) fn changed(input: &[u8], rng: &mut Rng, form: Form) -> Vec<u8> {
    let mut all: Vec<Piece> =
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect();
    let publics = hosts::publics();
    let mut author = Author { rng, form, publics, wrong: WRONG, private: false };
    for _ in 0..author.rng.few(CHANGES) {
        author.change(&mut all);
    }
    joined(&all)
}

/// The beginning of one input and the end of another.
pub(super) fn crossed(one: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let list = |input| -> Vec<Piece> {
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect()
    };
    let (mut all, other) = (list(one), list(other));
    let from = rng.below(other.len());
    // Half of the first is kept, and mostly all of it: the rest stands on that.
    let kept = match rng.below(3) {
        0 => all.len() / 2 + rng.below(all.len() / 2 + 1),
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
    /// Sets how much is wrong in drawn pieces, and whether the hosts use private addresses.
    const fn behave(&mut self, (wrong, private): (usize, bool)) {
        (self.wrong, self.private) = (wrong, private);
    }

    fn change(&mut self, all: &mut Vec<Piece>) {
        if all.is_empty() || self.rng.one_in(24) {
            *all = self.opening();
            return;
        }
        if self.rng.one_in(40) {
            // More time for all, or less.
            match all[0].1.is_empty() {
                true => drop(all.remove(0)),
                false => all.insert(0, (0, Vec::new())),
            }
            return;
        }
        // The end is changed more often than the beginning, on which all else stands.
        let begin = if self.rng.one_in(3) { 0 } else { all.len() / 2 };
        let at = begin + self.rng.below(all.len() - begin);
        let other = self.rng.below(all.len());
        match self.rng.below(26) {
            0 => drop(all.remove(at)),
            1 => all.swap(at, other),
            2 => all.insert(other, all[at].clone()),
            3 | 4 => all[at].0 = all[at].0 & !PAUSES | self.pause(),
            5 => all[at].0 ^= PORT,
            6..=8 => self.edit(&mut all[at]),
            9 => all[at] = self.piece(),
            10 | 11 => all.insert(at, self.piece()),
            12 => self.flood(all, at),
            13 => {
                // One more connection, or the same over again.
                let opening = self.opening();
                let from = self.rng.below(opening.len());
                all.extend_from_slice(&opening[from..]);
            }
            14..=16 => {
                let some = self.theme();
                let at = if self.rng.one_in(2) { all.len() } else { at };
                all.splice(at..at, some);
            }
            17..=23 => {
                let some = match self.rng.below(8) {
                    0..=2 => self.meet(),
                    3 | 4 => self.fill(),
                    5 | 6 => self.link_up(),
                    _ => {
                        let port = self.rng.pick(&[0, PORT]);
                        self.frame(port)
                    }
                };
                let at = if self.rng.one_in(2) { all.len() } else { at };
                all.splice(at..at, some);
            }
            24 if self.form == Form::Framed => {
                // A packet in two pieces.
                let cut = self.rng.below(all[at].1.len() + 1);
                let rest = all[at].1.split_off(cut);
                all.insert(at + 1, (all[at].0, rest));
            }
            _ => {
                let piece = self.piece();
                all.push(piece);
            }
        }
    }

    /// The same many times, or nearly the same: fills bounded queues.
    fn flood(&mut self, all: &mut Vec<Piece>, at: usize) {
        let count = self.rng.pick(&[2, 4, 9, 9, 20, 70]);
        let counts = self.rng.one_in(2);
        let one = all[at].clone();
        let more = (0..count).map(|number: u8| {
            let mut piece = one.clone();
            if let Some(octet) = piece.1.last_mut().filter(|_| counts) {
                *octet = octet.wrapping_add(number);
            }
            piece
        });
        all.splice(at..at, more);
    }

    /// Other parameters, of another length in a few cases.
    fn edit(&mut self, piece: &mut Piece) {
        let Some((opcode, head)) = self.form.opcode(piece) else {
            let at = self.rng.below(piece.1.len());
            if let Some(octet) = piece.1.get_mut(at) {
                *octet = self.rng.octet();
            }
            return;
        };
        let fields = COMMANDS.iter().find(|(known, _)| *known == opcode);
        if let Some((_, fields)) = fields.filter(|_| !self.rng.one_in(4)) {
            let drawn = self.parameters(fields);
            let mut parameters = piece.1.split_off(head.min(piece.1.len()));
            // All of them, or those of some octets.
            if self.rng.one_in(2) || parameters.len() != drawn.len() {
                parameters = drawn;
            } else {
                let from = self.rng.below(parameters.len());
                let to = from + 1 + self.rng.below(parameters.len() - from);
                let to = to.min(parameters.len());
                parameters[from..to].copy_from_slice(&drawn[from..to]);
            }
            let kind = piece.0 & !DATA;
            *piece = self.form.command(kind, opcode, &parameters);
            return;
        }
        match self.rng.below(4) {
            0 => drop(piece.1.pop()),
            1 => piece.1.push(self.rng.octet()),
            _ => {
                let at = self.rng.below(piece.1.len());
                piece.1[at] = match self.rng.below(3) {
                    0 => self.rng.octet(),
                    1 => piece.1[at] ^ 1 << self.rng.below(8),
                    _ => piece.1[at].wrapping_add(self.rng.pick(&[1, 255])),
                };
            }
        }
    }

    fn parameters(&mut self, fields: &[Field]) -> Vec<u8> {
        let (publics, wrong) = (self.publics, self.wrong);
        Drawn { rng: &mut *self.rng, publics, wrong }.parameters(fields)
    }

    /// Mostly short, so that commands meet; sometimes so long that something ends.
    fn pause(&mut self) -> u8 {
        match self.rng.below(64) {
            0 => self.rng.pick(&[0x3D, 0x3E, 0x3F]),
            1..=4 => 0x38 + self.rng.below(5) as u8,
            5..=20 => 0,
            21..=40 => self.rng.below(0x38) as u8,
            _ => self.rng.pick(&[1, 2, 15, 40, 0x37]),
        }
    }

    /// A command or a data packet of either host.
    fn piece(&mut self) -> Piece {
        let port = self.rng.pick(&[0, PORT]) | self.pause();
        if self.form == Form::Framed && self.rng.one_in(24) {
            // Synchronous and isochronous data, an event, data that are too long, and noise.
            let others: [&[u8]; 7] = [
                &[3, 1, 0, 2, 7, 7],
                &[5, 1, 0, 2, 0, 7, 7],
                &[5, 1, 0, 252, 0],
                &[4, 0x0E, 4, 1, 3, 12, 0],
                &[2, 1, 0, 252, 0],
                &[9, 1, 3],
                &[1],
            ];
            return (port, self.rng.pick(&others).to_vec());
        }
        if self.rng.one_in(12) {
            return self.data(port);
        }
        let (opcode, fields) = COMMANDS[self.rng.below(COMMANDS.len())];
        let parameters = self.parameters(fields);
        self.form.command(port, opcode, &parameters)
    }

    /// A few commands about one thing, mostly of one host.
    fn theme(&mut self) -> Vec<Piece> {
        let theme = THEMES[self.rng.below(THEMES.len())];
        let port = self.rng.pick(&[0, PORT]);
        let count = 2 + self.rng.few(6);
        let say = |_| {
            let port = if self.rng.one_in(6) { port ^ PORT } else { port };
            let (opcode, pause) = (self.rng.pick(theme), self.pause());
            self.say(port, pause, opcode, &[])
        };
        (0..count).map(say).collect()
    }

    fn data(&mut self, port: u8) -> Piece {
        let handle = self.rng.pick(&[0x0001_u16, 0x0101, 0x0101, 0x0001, 0x0002, 0x0102, 0x0EFF]);
        let flags = self.rng.pick(&[0_u16, 0, 0, 1, 1, 2, 3, 4]) << 12;
        let length = self.rng.pick(&[0, 1, 4, 7, 27, 28, 100, 250]);
        let head = (handle | flags).to_le_bytes();
        let octets: Vec<u8> = head.into_iter().chain((0..length).map(|at| at as u8)).collect();
        self.form.data(port, &octets)
    }
}
