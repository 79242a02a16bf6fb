//! One change of an input that knows what the input is: a list of pieces, or of lines. A fuzzer
//! that flips octets finds a command's opcode, its length and its handle one after the other, if at
//! all; here it is given whole ones, in any order and any number.

use std::sync::OnceLock;

use crate::{PIECES_MAX, pieces, sessions, tables};

/// Longest data packet that is made up.
const DATA_MAX: usize = 31;

/// The input with one change, drawn from `seed`; `None` for an entrance whose inputs have no such
/// structure.
#[must_use]
pub fn changed(target: &str, input: &[u8], seed: u32) -> Option<Vec<u8>> {
    let luck = Luck(seed.into());
    match target {
        "hci" => Some(session(input, luck, tables::bare, |data| (0x80, data.to_vec()))),
        "h4" => Some(session(input, luck, sessions::command, |data| (0, sessions::data(data)))),
        "central" | "firmware" | "finding" => Some(text(input, luck, known_lines(target))),
        _ => None,
    }
}

/// Numbers that follow from a seed (SplitMix64).
struct Luck(u64);

impl Luck {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Below `bound`; 0 where that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn octet(&mut self) -> u8 {
        self.next() as u8
    }

    /// One more, one less, or two change places.
    fn rearrange<T: Clone>(&mut self, list: &mut Vec<T>, one: T) {
        let (at, other) = (self.below(list.len()), self.below(list.len()));
        match self.below(6) {
            0 if !list.is_empty() => drop(list.remove(at)),
            1 if !list.is_empty() => list.swap(at, other),
            2 if !list.is_empty() => list.insert(at, list[other].clone()),
            3 if !list.is_empty() => list[at] = one,
            4 => list.push(one),
            _ => list.insert(at, one),
        }
    }
}

/// What a host says comes, goes, or comes at another time. The end of a session is changed more
/// often than its beginning, on which all else stands.
fn session(
    input: &[u8],
    mut luck: Luck,
    command: impl Fn(u16, &[u8]) -> Vec<u8>,
    data: impl Fn(&[u8]) -> (u8, Vec<u8>),
) -> Vec<u8> {
    let mut all: Vec<(u8, Vec<u8>)> =
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect();
    let speeches: Vec<_> = sessions::speeches().collect();
    let (port, opcode, parameters) = &speeches[luck.below(speeches.len())];
    let (mut kind, octets) = match luck.below(8) {
        0 => {
            let length = luck.below(DATA_MAX) + 4;
            let mut octets: Vec<u8> = (0..length).map(|_| luck.octet()).collect();
            octets[..2].copy_from_slice(&sessions::handle(*port));
            data(&octets)
        }
        1 => (0, command(*opcode, &parameters.iter().map(|_| luck.octet()).collect::<Vec<_>>())),
        _ => (0, command(*opcode, parameters)),
    };
    kind |= *port as u8 | luck.octet() & 0x3F;
    let begin = if luck.below(4) == 0 { 0 } else { all.len() / 2 };
    let mut end = all.split_off(begin);
    match end.len() {
        count if count > 0 && luck.below(5) == 0 => {
            let at = luck.below(count);
            end[at].0 = end[at].0 & 0xC0 | luck.octet() & 0x3F;
        }
        _ => luck.rearrange(&mut end, (kind, octets)),
    }
    all.append(&mut end);
    let whole = |(kind, octets): &(u8, Vec<u8>)| {
        let octets = &octets[..octets.len().min(255)];
        [&[*kind, octets.len() as u8][..], octets].concat()
    };
    all.iter().flat_map(whole).collect()
}

/// A line comes that is right somewhere, one goes, or two change places.
fn text(input: &[u8], mut luck: Luck, lines: &[String]) -> Vec<u8> {
    let text = String::from_utf8_lossy(input);
    let mut all: Vec<String> = text.lines().map(Into::into).collect();
    let one = lines[luck.below(lines.len())].clone();
    // What a key has already is replaced, or the reader only says that it is there twice.
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let same = all.iter().position(|line| key(line).is_some() && key(line) == key(&one));
    match same {
        Some(at) if luck.below(8) != 0 => all[at] = one,
        _ => luck.rearrange(&mut all, one),
    }
    all.join("\n").into_bytes()
}

/// Every line of the inputs that the tables give.
fn known_lines(target: &str) -> &'static [String] {
    static LINES: [OnceLock<Vec<String>>; 3] = [const { OnceLock::new() }; 3];
    let place = match target {
        "central" => 0,
        "firmware" => 1,
        _ => 2,
    };
    LINES[place].get_or_init(|| {
        let inputs = tables::inputs(target);
        let mut lines: Vec<String> = inputs
            .iter()
            .flat_map(|input| {
                String::from_utf8_lossy(input).lines().map(Into::into).collect::<Vec<_>>()
            })
            .collect();
        lines.sort();
        lines.dedup();
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    /// A change is one: the same for the same seed, another for others, and never too much.
    #[test]
    fn changes_follow_from_the_seed_and_keep_the_structure() {
        for (target, run) in TARGETS {
            let inputs = tables::inputs(target);
            let Some(input) = inputs.last() else { continue };
            let mut different = std::collections::BTreeSet::new();
            let mut last = input.clone();
            for seed in 0..200 {
                let Some(next) = changed(target, &last, seed) else { break };
                assert_eq!(Some(&next), changed(target, &last, seed).as_ref(), "{target} {seed}");
                run(&next);
                last = if next.len() < 2_000 { next.clone() } else { input.clone() };
                different.insert(next);
            }
            let structured = !matches!(target, "air" | "l2cap");
            assert_eq!(different.len() > 150, structured, "{target}: {}", different.len());
        }
    }

    #[test]
    fn nothing_at_all_can_be_changed() {
        for (target, run) in TARGETS {
            for seed in 0..50 {
                run(&changed(target, &[], seed).unwrap_or_default());
            }
        }
    }
}
