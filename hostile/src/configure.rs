//! Files that get a chip's configuration page: ELF, Intel HEX, and pages.

use bletwin_setup::chip::file;
use bletwin_setup::error::BadInput;
use settings::{COPY, Found, PAGE, SECOND, Settings, crc32};

use crate::rng::Rng;

/// Octets of an ELF header, of a segment's and of a section's.
const HEADER: usize = 52;
const SEGMENT: usize = 32;
/// Numbers at the edges of what tables say, and where things of a chip are.
const WORDS: [u32; 14] = [
    0,
    1,
    2,
    4,
    84,
    0x100,
    4096,
    0xFFFF,
    file::ADDRESS - 1,
    file::ADDRESS,
    0x1000_1208,
    0x2000_0000,
    0x7FFF_FFFF,
    u32::MAX,
];

/// An error that says what was wrong, and what to do.
fn advises(error: &BadInput) {
    assert!(!error.what.is_empty() && !error.help.is_empty(), "{error:?}");
}

/// A file for `bletwin chip configure`, and the same octets as a page. What is written into a file
/// must be read out of it.
pub fn configure(data: &[u8]) {
    if let Some(settings) = Found::read(data).settings() {
        assert_eq!(Found::read(&settings.page()), Found::Both(settings));
    }
    let chosen = match file::read(data) {
        Ok(content) => content.found.settings().or(content.defaults).unwrap_or_default(),
        Err(error) => {
            advises(&error);
            Settings::default()
        }
    };
    let mut other = chosen;
    assert_eq!(other.set("passkey", "000042"), Ok(()));
    for settings in [chosen, other] {
        match file::write(data, &settings) {
            Ok(written) => {
                let read = file::read(&written).map(|content| content.found);
                assert_eq!(read, Ok(Found::Both(settings)));
            }
            Err(error) => advises(&error),
        }
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A firmware of a few words: what it says of its page, that page if there is one, and the symbol.
fn elf(page: Option<&[u8]>) -> Vec<u8> {
    let described = [&words(&[file::ADDRESS])[..], &Settings::default().copy()].concat();
    let parts = [(0x100, &described[..])].into_iter().chain(page.map(|page| (file::ADDRESS, page)));
    let count = 1 + u32::from(page.is_some());
    let mut at = (HEADER + SEGMENT * count as usize) as u32;
    let (mut tables, mut octets) = (Vec::new(), Vec::new());
    for (address, part) in parts {
        let size = part.len() as u32;
        tables.extend(words(&[1, at, address, address, size, size, 4, 4]));
        octets.extend_from_slice(part);
        at += size;
    }
    let strings = b"\0BLETWIN_SETTINGS\0.text\0.symtab\0.strtab\0\0";
    let (symbols_at, strings_at) = (at, at + 32);
    let sections_at = strings_at + strings.len() as u32;
    let size = described.len() as u32;
    [
        &b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0"[..],
        &words(&[1, 0x101, HEADER as u32, sections_at, 0x0500_0000]),
        // Sizes and numbers of the tables, two octets each.
        &words(&[52 | (32 << 16), count | (40 << 16), 4 | (3 << 16)]),
        &tables,
        &octets,
        &words(&[0, 0, 0, 0, 1, 0x100, size, 0x0001_0011]),
        strings,
        &words(&[0; 10]),
        &words(&[18, 1, 2, 0x100, HEADER as u32 + 32 * count, size, 0, 0, 4, 0]),
        &words(&[24, 2, 0, 0, symbols_at, 32, 3, 1, 4, 16]),
        &words(&[32, 3, 0, 0, strings_at, strings.len() as u32, 0, 0, 1, 0]),
    ]
    .concat()
}

/// A page with these octets of a copy, whose CRC is right.
fn page(copy: [u8; COPY - 4]) -> Vec<u8> {
    let whole = [&copy[..], &crc32(&copy).to_le_bytes()].concat();
    let mut page = vec![0xFF; PAGE];
    for at in [0, SECOND] {
        page[at..at + COPY].copy_from_slice(&whole);
    }
    page
}

/// A record of a HEX file with its sum.
fn record(kind: u8, offset: u16, octets: &[u8]) -> String {
    let [high, low] = offset.to_be_bytes();
    let whole = [&[octets.len() as u8, high, low, kind][..], octets].concat();
    let sum = whole.iter().fold(0_u8, |sum, octet| sum.wrapping_sub(*octet));
    let digits: String = whole.iter().chain([&sum]).map(|octet| format!("{octet:02X}")).collect();
    format!(":{digits}\n")
}

/// The first copy of a page, by records.
fn hex(copy: &[u8]) -> String {
    let [.., upper, _, _] = file::ADDRESS.to_be_bytes();
    let low = file::ADDRESS as u16;
    let lines = copy.chunks(16).zip(0..).map(|(octets, n)| record(0, low + 16 * n, octets));
    [record(4, 0, &[0, upper])].into_iter().chain(lines).chain([record(1, 0, &[])]).collect()
}

/// Firmware without a page, with one and with a part of one; pages of every value that a copy
/// has room for, octet by octet; records of every kind.
pub(super) fn inputs() -> Vec<Vec<u8>> {
    let settings = Settings::default();
    let (copy, whole) = (settings.copy(), settings.page());
    let mut all = vec![elf(None), elf(Some(&copy)), elf(Some(&whole)), hex(&copy).into_bytes()];
    for at in 4..COPY - 4 {
        for value in [0, 1, 2, 3, 9, 0xC0, 0xFF] {
            let mut changed = *copy.first_chunk::<{ COPY - 4 }>().unwrap_or(&[0; COPY - 4]);
            changed[at] = value;
            all.push(page(changed)[..COPY].to_vec());
        }
    }
    for kind in 0..7 {
        for length in [0, 1, 2, 4, 16, 255] {
            let odd = record(kind, 0xFFFF, &vec![0xA5; length]);
            all.push([odd, hex(&copy)].concat().into_bytes());
        }
    }
    all
}

/// An input with a few numbers of its tables replaced, or records and copies made anew.
pub(super) fn changed(input: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut out = input.to_vec();
    // What is too short for a copy would only become shorter.
    if rng.below(8) == 0 || out.len() < COPY {
        out = inputs().swap_remove(rng.below(200));
    }
    for _ in 0..=rng.few(4) {
        let word = WORDS[rng.below(WORDS.len())].wrapping_add(rng.below(3) as u32);
        let place = rng.below(out.len().max(1)) & !3;
        match (rng.below(5), out.starts_with(b":")) {
            (0, _) if rng.below(4) == 0 => out.truncate(rng.below(out.len() + 1)),
            (1 | 2, true) => {
                let kind = rng.below(7) as u8;
                let octets = &word.to_be_bytes()[..rng.below(5)];
                let line = record(kind, word as u16, octets).into_bytes();
                // Before a line, mostly.
                let at = out.iter().skip(place).position(|octet| *octet == b':');
                let at = at.map_or(out.len(), |at| at + place);
                out.splice(at..at, line);
            }
            (_, true) => {
                if let Some(octet) = out.get_mut(place) {
                    *octet = b"0123456789ABCDEF:\n"[rng.below(18)];
                }
            }
            (1, false) => {
                // Half of a word: numbers of a table's parts have two octets.
                let half = word.to_le_bytes();
                out.iter_mut().skip(place).zip(&half[..2]).for_each(|(octet, new)| *octet = *new);
            }
            (_, false) => {
                let tables = (place % (HEADER + 2 * SEGMENT)) & !3;
                let place = if rng.below(2) == 0 { tables } else { place };
                let octets = word.to_le_bytes();
                out.iter_mut().skip(place).zip(octets).for_each(|(octet, new)| *octet = new);
            }
        }
    }
    // Where a copy begins its sum is made right, or nothing behind it is looked at.
    let copies: Vec<usize> = (0..out.len().saturating_sub(COPY - 1))
        .filter(|at| out[*at..].starts_with(b"bltw"))
        .collect();
    for at in copies {
        let sum = crc32(&out[at..at + COPY - 4]).to_le_bytes();
        out[at + COPY - 4..at + COPY].copy_from_slice(&sum);
    }
    out
}

/// The beginning of one input and the end of the other.
pub(super) fn crossed(one: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let at = rng.below(one.len().min(other.len()) + 1) & !3;
    [&one[..at], &other[at.min(other.len())..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inputs are what they are meant to be: files that can be configured.
    #[test]
    fn the_tables_have_good_files_and_pages() {
        let inputs = inputs();
        for input in &inputs[..4] {
            let read = file::read(input).expect("a good file");
            assert_eq!(read.address, file::ADDRESS);
        }
        assert_eq!(
            file::read(&inputs[2]).map(|read| read.found),
            Ok(Found::Both(Settings::default()))
        );
        let pages = inputs.iter().filter(|input| Found::read(input).settings().is_some());
        assert!(pages.count() > 10);
    }
}
