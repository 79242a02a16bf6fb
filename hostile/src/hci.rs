//! HCI commands as a host would give them, or nearly: which parameters each has, and what may stand
//! in them. Most are right; an octet is rarely at random.

use crate::rng::Rng;

/// What stands in parameters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// What may stand in parameters.
    Handle,
    /// One octet, mostly one of these.
    Octet(&'static [u8]),
    /// Two octets, mostly one of these.
    Two(&'static [u16]),
    /// Three octets, mostly one of these.
    Three(&'static [u32]),
    /// Address type and address of a device.
    Peer,
    /// An address that a device may take.
    Own,
    /// This many octets of a key.
    Key(usize),
    /// Eight octets of a mask.
    Mask,
    /// Octets with their number in one octet before them, at most this many.
    Data(usize),
    /// Octets of advertising data in a field of 31.
    Legacy,
    /// For each of the PHYs that the octet before names, these.
    PerPhy(&'static [Self]),
    /// As many times as the octet before says.
    Each(&'static [Self]),
    /// Five octets of a channel map.
    Channels,
}

use Field::{
    Channels, Data, Each, Handle, Key, Legacy, Mask, Octet, Own, Peer, PerPhy, Three, Two,
};

/// Public addresses of the two endpoints, as `hosts.rs` adds them, and random ones: static,
/// not resolvable, and one that looks resolvable.
pub(super) const RANDOM: [[u8; 6]; 4] = [
    [0, 1, 2, 3, 4, 0xC5],
    [9, 8, 7, 6, 5, 0xC4],
    [1, 1, 1, 1, 1, 0x01],
    [3, 2, 1, 0x55, 0xAA, 0x40],
];
/// Keys: few, so that two hosts have the same.
const KEYS: [u8; 3] = [0, 1, 0x5A];

const FLAG: Field = Octet(&[0, 1, 1, 2]);
const OWN_TYPE: Field = Octet(&[0, 1, 2, 3, 1, 4]);
const POLICY: Field = Octet(&[0, 0, 0, 1, 2, 3, 4]);
const INTERVAL: Field = Two(&[6, 6, 8, 12, 24, 40, 80, 5, 3200, 3201, 0]);
const LATENCY: Field = Two(&[0, 0, 0, 1, 4, 30, 499, 500]);
const TIMEOUT: Field = Two(&[10, 11, 20, 100, 400, 3200, 9, 3201]);
const LENGTHS: Field = Two(&[0, 0, 1, 4, 0xFFFF]);
const ADVERTISING: Field = Two(&[0x20, 0x20, 0x21, 0x40, 0xA0, 0x1F, 0x4000, 0x4001]);
const SCAN: Field = Two(&[0x10, 0x10, 0x20, 0x60, 0x04, 0x03, 0x4000, 0x4001, 0xFFFF]);
const OCTETS: Field = Two(&[27, 28, 60, 100, 251, 26, 252, 0]);
const TIME: Field = Two(&[328, 329, 1000, 2120, 2704, 17_040, 327, 17_041]);
const PHYS: Field = Octet(&[1, 2, 4, 3, 7, 0, 8]);
const TEST_CHANNEL: Field = Octet(&[0, 1, 12, 39, 40]);
const TEST_PHY: Field = Octet(&[1, 2, 3, 4, 5, 0]);
const PATTERN: Field = Octet(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
const SET: Field = Octet(&[0, 0, 0, 0, 1, 0xEF, 0xF0]);
const CONNECTION: [Field; 5] = [INTERVAL, INTERVAL, LATENCY, TIMEOUT, LENGTHS];

/// Every command: opcode and parameters.
pub(super) const COMMANDS: &[(u16, &[Field])] = &[
    (0x0406, &[Handle, Octet(&[0x13, 0x05, 0x14, 0x15, 0x1A, 0x29, 0x3B, 0, 0x08])]),
    (0x041D, &[Handle]),
    (0x0C01, &[Mask]),
    (0x0C03, &[]),
    (0x0C2D, &[Handle, Octet(&[0, 1, 2])]),
    (0x0C31, &[Octet(&[0, 1, 1, 2, 3, 4])]),
    (0x0C33, &[Two(&[27, 27, 251, 26]), Octet(&[0, 255]), Two(&[1, 1, 2, 4, 0]), Two(&[0, 1])]),
    (0x0C35, &[Octet(&[1, 1, 2, 0]), Each(&[Handle, Two(&[1, 1, 2, 0, 0xFFFF])])]),
    (0x0C63, &[Mask]),
    (0x0C7B, &[Handle]),
    (0x0C7C, &[Handle, Two(&[1, 2, 3, 20, 100, 3000, 0])]),
    (0x1001, &[]),
    (0x1002, &[]),
    (0x1003, &[]),
    (0x1009, &[]),
    (0x1405, &[Handle]),
    (0x2001, &[Mask]),
    (0x2002, &[]),
    (0x2003, &[]),
    (0x2005, &[Own]),
    (
        0x2006,
        &[
            ADVERTISING,
            ADVERTISING,
            Octet(&[0, 0, 0, 1, 2, 3, 4, 5]),
            OWN_TYPE,
            Peer,
            Octet(&[7, 7, 1, 2, 4, 0, 8]),
            POLICY,
        ],
    ),
    (0x2007, &[]),
    (0x2008, &[Legacy]),
    (0x2009, &[Legacy]),
    (0x200A, &[FLAG]),
    (0x200B, &[Octet(&[0, 1, 1, 2]), SCAN, SCAN, OWN_TYPE, POLICY]),
    (0x200C, &[FLAG, FLAG]),
    (
        0x200D,
        &[
            SCAN, SCAN, POLICY, Peer, OWN_TYPE, INTERVAL, INTERVAL, LATENCY, TIMEOUT, LENGTHS,
            LENGTHS,
        ],
    ),
    (0x200E, &[]),
    (0x200F, &[]),
    (0x2010, &[]),
    (0x2011, &[Peer]),
    (0x2012, &[Peer]),
    (0x2013, &[Handle, INTERVAL, INTERVAL, LATENCY, TIMEOUT, LENGTHS, LENGTHS]),
    (0x2014, &[Channels]),
    (0x2015, &[Handle]),
    (0x2016, &[Handle]),
    (0x2017, &[Key(16), Key(16)]),
    (0x2018, &[]),
    (0x2019, &[Handle, Key(8), Key(2), Key(16)]),
    (0x201A, &[Handle, Key(16)]),
    (0x201B, &[Handle]),
    (0x201C, &[]),
    (0x201D, &[TEST_CHANNEL]),
    (0x201E, &[TEST_CHANNEL, Octet(&[0, 37, 255]), PATTERN]),
    (0x201F, &[]),
    (0x2020, &[Handle, INTERVAL, INTERVAL, LATENCY, TIMEOUT, LENGTHS, LENGTHS]),
    (0x2021, &[Handle, Octet(&[0x3B, 0x0C, 0, 0xFF])]),
    (0x2022, &[Handle, OCTETS, TIME]),
    (0x2023, &[]),
    (0x2024, &[OCTETS, TIME]),
    (0x2025, &[]),
    (0x2026, &[Key(64)]),
    (0x2027, &[Peer, Key(16), Key(16)]),
    (0x2028, &[Peer]),
    (0x2029, &[]),
    (0x202A, &[]),
    (0x202B, &[Peer]),
    (0x202C, &[Peer]),
    (0x202D, &[FLAG]),
    (0x202E, &[Two(&[1, 1, 2, 900, 3600, 0, 3601])]),
    (0x202F, &[]),
    (0x2030, &[Handle]),
    (0x2031, &[Octet(&[0, 1, 2, 3, 4]), PHYS, PHYS]),
    (0x2032, &[Handle, Octet(&[0, 0, 1, 2, 3]), PHYS, PHYS, Two(&[0, 1, 2, 3])]),
    (0x2033, &[TEST_CHANNEL, TEST_PHY, FLAG]),
    (0x2034, &[TEST_CHANNEL, Octet(&[0, 37, 255]), PATTERN, TEST_PHY]),
    (0x2035, &[SET, Own]),
    (
        0x2036,
        &[
            SET,
            // Legacy PDUs of each kind, then extended ones of each kind.
            Two(&[
                0x13, 0x15, 0x1D, 0x12, 0x10, 0, 1, 1, 2, 4, 5, 6, 0x20, 0x24, 0x40, 0x41, 0x45,
                0x60, 3, 0x1F, 0x80,
            ]),
            Three(&[0x20, 0x20, 0x40, 0xA0, 0x1F, 0xFF_FFFF]),
            Three(&[0x20, 0x20, 0x40, 0xA0, 0x1F, 0xFF_FFFF]),
            Octet(&[7, 7, 1, 2, 4, 0, 8]),
            OWN_TYPE,
            Peer,
            POLICY,
            Octet(&[0x7F, 0, 20]),
            Octet(&[1, 1, 3, 2]),
            Octet(&[0, 1, 255]),
            Octet(&[1, 1, 2, 3, 0]),
            Octet(&[0, 1, 15, 16]),
            FLAG,
        ],
    ),
    (0x2037, &[SET, Octet(&[3, 3, 0, 1, 2, 4, 5]), FLAG, Data(240)]),
    (0x2038, &[SET, Octet(&[3, 3, 0, 1, 2, 4, 5]), FLAG, Data(240)]),
    (
        0x2039,
        &[
            Octet(&[1, 1, 1, 0, 2]),
            Octet(&[1, 1, 1, 1, 0, 2]),
            Each(&[SET, Two(&[0, 0, 1, 5, 100, 0xFFFF]), Octet(&[0, 0, 1, 2, 255])]),
        ],
    ),
    (0x203A, &[]),
    (0x203B, &[]),
    (0x203C, &[SET]),
    (0x203D, &[]),
    (
        0x2041,
        &[
            OWN_TYPE,
            POLICY,
            Octet(&[1, 1, 5, 4, 0, 2]),
            PerPhy(&[Octet(&[0, 1, 1, 2]), SCAN, SCAN]),
        ],
    ),
    (0x2042, &[FLAG, Octet(&[0, 1, 2, 3]), Two(&[0, 0, 1, 10, 100]), Two(&[0, 0, 1, 2])]),
    (
        0x2043,
        &[
            Octet(&[0, 0, 0, 1, 2]),
            OWN_TYPE,
            Peer,
            Octet(&[1, 1, 5, 4, 7, 3, 2, 0, 8]),
            PerPhy(&[
                SCAN,
                SCAN,
                CONNECTION[0],
                CONNECTION[1],
                CONNECTION[2],
                CONNECTION[3],
                CONNECTION[4],
                CONNECTION[4],
            ]),
        ],
    ),
    (0x204B, &[]),
    (0x204E, &[Peer, FLAG]),
    (0xFC06, &[Own]),
];

/// Public addresses of the endpoints.
pub(super) type Publics = [[u8; 6]; 2];

/// Draws the parameters of commands.
pub(super) struct Drawn<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) publics: Publics,
    /// One octet in this many is wrong on purpose; 0: none.
    pub(super) wrong: usize,
}

impl Drawn<'_> {
    /// All parameters of a command.
    pub(super) fn parameters(&mut self, fields: &[Field]) -> Vec<u8> {
        let mut octets = Vec::new();
        for field in fields {
            self.field(*field, &mut octets);
        }
        octets.truncate(255);
        octets
    }

    fn deviates(&mut self) -> bool {
        self.wrong > 0 && self.rng.one_in(self.wrong)
    }

    fn field(&mut self, field: Field, octets: &mut Vec<u8>) {
        match field {
            Handle => {
                let handles = [1_u16, 1, 1, 0x0101, 0x0101, 0x0101, 2, 0x0102, 0, 0x0EFF, 0x00FF];
                let count = if self.wrong > 0 { handles.len() } else { 6 };
                let at = self.rng.below(count);
                octets.extend(handles[at].to_le_bytes());
            }
            Octet(from) => {
                let octet = if self.deviates() { self.rng.octet() } else { self.rng.pick(from) };
                octets.push(octet);
            }
            Two(from) => {
                let drawn = self.rng.next() as u16;
                let two = if self.deviates() { drawn } else { self.rng.pick(from) };
                octets.extend(two.to_le_bytes());
            }
            Three(from) => {
                let drawn = self.rng.next() as u32;
                let three = if self.deviates() { drawn } else { self.rng.pick(from) };
                octets.extend(&three.to_le_bytes()[..3]);
            }
            Peer => self.peer(octets),
            Own => {
                let address = self.rng.pick(&RANDOM);
                octets.extend(address);
            }
            Key(length) => {
                let key = self.rng.pick(&KEYS);
                octets.extend(vec![key; length]);
                if self.deviates()
                    && let Some(last) = octets.last_mut()
                {
                    *last = self.rng.octet();
                }
            }
            Mask => {
                let all = u64::MAX;
                let drawn = self.rng.next();
                let one = 1_u64 << self.rng.below(64);
                let mask = self.rng.pick(&[all, all, all, 0, 0x1F, !one, one, drawn]);
                octets.extend(mask.to_le_bytes());
            }
            Data(most) => {
                let length = self.rng.pick(&[0, 1, 3, 20, 31, 32, most / 2, most]);
                octets.push(length as u8);
                octets.extend((0..length).map(|at| at as u8));
            }
            Legacy => {
                let length = self.rng.pick(&[0, 3, 31, 32]);
                octets.push(length);
                octets.extend([2, 1, 6]);
                octets.extend([0x55; 28]);
            }
            PerPhy(fields) => {
                let phys = octets.last().copied().unwrap_or_default();
                for _ in 0..(phys & 7).count_ones() {
                    octets.extend(self.parameters(fields));
                }
            }
            Each(fields) => {
                for _ in 0..octets.last().copied().unwrap_or_default() % 4 {
                    octets.extend(self.parameters(fields));
                }
            }
            Channels => {
                let maps = [0x1F_FFFF_FFFF_u64, 0x1F_FFFF_FF00, 3, 0x18_0000_0000, 1, 0, u64::MAX];
                let map = self.rng.pick(&maps);
                octets.extend(&map.to_le_bytes()[..5]);
            }
        }
    }

    fn peer(&mut self, octets: &mut Vec<u8>) {
        let (kind, address) = match self.rng.below(13) {
            12 => (1, self.rng.pick(&self.publics)),
            0..=5 => (0, self.rng.pick(&self.publics)),
            6..=9 => (1, self.rng.pick(&RANDOM[..2])),
            10 => (self.rng.pick(&[2, 3, 0xFF]), self.rng.pick(&self.publics)),
            _ => (self.rng.pick(&[0, 1]), self.rng.pick(&RANDOM)),
        };
        octets.push(kind);
        octets.extend(address);
    }
}
