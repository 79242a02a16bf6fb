//! SEGGER RTT: a program's log, taken out of rings in RAM as a debugger takes it.
//!
//! The control block is where the symbol `_SEGGER_RTT` is, else where its id is found in RAM after
//! 1, 2, 4 … ms of each run. Text becomes lines, and so do the frames of a channel whose name
//! begins with `defmt`, by the texts of the file that is flashed; a frame that has none is shown as
//! hexadecimal digits. Gaps: down-channels; a line of more than 256 octets is broken; defmt without
//! frames is not decoded.

use super::defmt::Texts;
use crate::bus::Ticks;
use crate::memory::{Memory, RAM_BASE};
use crate::nrf52840::RAM;

const ID: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";
const MILLISECOND: Ticks = 64_000_000;

/// Octets of the control block before its channels, and of a channel.
const HEAD: u32 = 24;
const CHANNEL: u32 = 24;
/// Channels that are looked at.
const CHANNELS: u32 = 4;
const LINE: usize = 256;

/// The address of the log, and the incomplete last line.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Rtt {
    place: Option<u32>,
    /// Where the symbol is, once it was looked up.
    symbol: Option<Option<u32>>,
    /// When it is looked for next.
    next: Ticks,
    begun: Vec<Vec<u8>>,
}

/// The word at a multiple of four in RAM.
fn word(memory: &Memory, address: u32) -> Option<u32> {
    memory.read_ram(address).map(u32::from_le_bytes)
}

fn is_block(memory: &Memory, address: u32) -> bool {
    memory.octets(address, ID.len()).is_some_and(|octets| octets == ID)
}

impl Rtt {
    /// Whether the program has such a log.
    pub(super) fn is_found(&self) -> bool {
        self.place.is_some()
    }

    /// The lines that have come to an end since the last call.
    pub(super) fn lines(
        &mut self,
        now: Ticks,
        known: impl Fn() -> Option<u32>,
        texts: Option<&Texts>,
        memory: &mut Memory,
    ) -> Vec<String> {
        let texts = texts.filter(|texts| texts.are_framed());
        let Some(block) = self.place(now, known, memory) else { return Vec::new() };
        let channels = word(memory, block + 16).unwrap_or(0).min(CHANNELS);
        self.begun.resize(channels as usize, Vec::new());
        let mut lines = Vec::new();
        for (channel, begun) in (0..channels).zip(&mut self.begun) {
            let at = block + HEAD + CHANNEL * channel;
            let Some(octets) = take(memory, at).filter(|octets| !octets.is_empty()) else {
                continue;
            };
            let defmt = is_defmt(memory, at);
            if defmt && texts.is_none() {
                lines.push(digits(&octets));
                continue;
            }
            let Some(texts) = texts.filter(|_| defmt) else {
                lines.extend(text_lines(begun, octets));
                continue;
            };
            for octet in octets {
                if octet == 0 || begun.len() == LINE {
                    lines.extend(frame(texts, &std::mem::take(begun)));
                }
                if octet != 0 {
                    begun.push(octet);
                }
            }
        }
        lines
    }

    /// Where the control block is, looked for if that is not known.
    fn place(
        &mut self,
        now: Ticks,
        known: impl Fn() -> Option<u32>,
        memory: &Memory,
    ) -> Option<u32> {
        if self.place.is_some() {
            return self.place;
        }
        let known = *self.symbol.get_or_insert_with(known);
        if known.is_some() || now >= self.next {
            self.next = (2 * now).max(MILLISECOND);
            let anywhere = (RAM_BASE..RAM_BASE + RAM).step_by(4);
            let mut places = known.into_iter().chain(anywhere.filter(|_| known.is_none()));
            self.place = places.find(|address| {
                let first = u32::from_le_bytes([ID[0], ID[1], ID[2], ID[3]]);
                word(memory, *address) == Some(first) && is_block(memory, *address)
            });
        }
        self.place
    }
}

fn is_defmt(memory: &Memory, channel: u32) -> bool {
    word(memory, channel)
        .and_then(|name| memory.octets(name, 5))
        .is_some_and(|name| name == b"defmt")
}

/// Takes the content of a channel; `None` if it is invalid.
fn take(memory: &mut Memory, channel: u32) -> Option<Vec<u8>> {
    let field = |n: u32| word(memory, channel.checked_add(4 * n)?);
    let [ring, size, written, read] = [field(1)?, field(2)?, field(3)?, field(4)?];
    if size > RAM || written >= size || read >= size {
        return None;
    }
    let count = (written + size - read) % size;
    let octet = |n| memory.read(ring.wrapping_add((read + n) % size)).map(|[octet]| octet);
    let octets = (0..count).map(octet).collect::<Option<Vec<u8>>>()?;
    if count > 0 {
        memory.write_ram(channel + 16, written.to_le_bytes());
    }
    Some(octets)
}

/// The lines that octets end, beside the one that is begun.
pub(super) fn text_lines(begun: &mut Vec<u8>, octets: Vec<u8>) -> Vec<String> {
    let mut lines = Vec::new();
    for octet in octets {
        if octet == b'\n' || begun.len() == LINE {
            lines.push(text(std::mem::take(begun)));
        }
        if octet != b'\n' {
            begun.push(octet);
        }
    }
    lines
}

/// A frame of defmt; between two there may be more than one 0.
fn frame(texts: &Texts, octets: &[u8]) -> Option<String> {
    let line = || texts.line(octets).unwrap_or_else(|| digits(octets));
    (!octets.is_empty()).then(line)
}

fn digits(octets: &[u8]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("defmt, not decoded: {digits}")
}

/// A line without its carriage return; invalid UTF-8 and control characters are replaced.
fn text(mut octets: Vec<u8>) -> String {
    octets.pop_if(|octet| *octet == b'\r');
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(&octets).chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u32 = RAM_BASE + 0x400;
    const RING: u32 = RAM_BASE + 0x800;
    const NAME: u32 = RAM_BASE + 0x700;

    /// A block with one up-channel of that name, whose ring of 16 octets begins at an offset.
    fn memory(name: &[u8], offset: u32) -> Memory {
        let mut memory = Memory::new(4096, 8192);
        let mut put = |address, octets: &[u8]| assert!(memory.program(address, octets));
        put(NAME, name);
        put(BLOCK, ID);
        let words = [1, 0, NAME, RING, 16, offset, offset, 0];
        words.iter().zip(0..).for_each(|(word, n)| put(BLOCK + 16 + 4 * n, &word.to_le_bytes()));
        memory
    }

    /// As a program writes it.
    fn write(memory: &mut Memory, octets: &[u8]) {
        let at = BLOCK + HEAD + 12;
        let from = word(memory, at).unwrap();
        for (octet, n) in octets.iter().zip(from..) {
            memory.write_ram(RING + n % 16, [*octet]);
        }
        memory.write_ram(at, ((from + octets.len() as u32) % 16).to_le_bytes());
    }

    #[test]
    fn text_becomes_lines() {
        for known in [Some(BLOCK), None] {
            let mut memory = memory(b"Terminal\0", 12);
            let mut rtt = Rtt::default();
            write(&mut memory, b"one\r\ntwo");
            assert_eq!(rtt.lines(MILLISECOND, || known, None, &mut memory), ["one"]);
            write(&mut memory, b" more\n\n\x1b[A\n");
            let lines = ["two more", "", "\u{FFFD}[A"];
            assert_eq!(rtt.lines(MILLISECOND, || known, None, &mut memory), lines);
            assert_eq!(rtt.lines(MILLISECOND, || known, None, &mut memory), [""; 0]);
        }
    }

    #[test]
    fn frames_stay_octets() {
        let mut memory = memory(b"defmt\0", 0);
        write(&mut memory, &[0x01, 0xFF]);
        let lines = Rtt::default().lines(MILLISECOND, || Some(BLOCK), None, &mut memory);
        assert_eq!(lines, ["defmt, not decoded: 01ff"]);
    }

    #[test]
    fn frames_become_lines_by_the_texts_of_the_file() {
        let texts = Texts::of(&[(4, "defmt_info", "tick")]);
        let mut memory = memory(b"defmt\0", 0);
        let mut rtt = Rtt::default();
        write(&mut memory, &[0x00, 0x04, 0x7E]);
        assert_eq!(rtt.lines(0, || Some(BLOCK), Some(&texts), &mut memory), [""; 0]);
        write(&mut memory, &[0x00, 0x05, 0x7E, 0x00, 0x00, 0x04]);
        let lines = ["INFO tick", "defmt, not decoded: 057e"];
        assert_eq!(rtt.lines(0, || Some(BLOCK), Some(&texts), &mut memory), lines);
    }

    /// A program may write anything there.
    #[test]
    fn nonsense_is_no_log() {
        for (field, value) in [(1, 0xFFFF_FFFE), (2, u32::MAX), (2, 0), (3, 99), (4, 99)] {
            let mut memory = memory(b"Terminal\0", 0);
            write(&mut memory, b"one\n");
            memory.write_ram(BLOCK + HEAD + 4 * field, value.to_le_bytes());
            let mut rtt = Rtt::default();
            assert_eq!(
                rtt.lines(MILLISECOND, || Some(BLOCK), None, &mut memory),
                [""; 0],
                "{field}"
            );
        }
        let mut memory = memory(b"Terminal\0", 0);
        memory.write_ram(BLOCK + 16, u32::MAX.to_le_bytes());
        write(&mut memory, b"one\n");
        assert_eq!(Rtt::default().lines(MILLISECOND, || None, None, &mut memory), ["one"]);
    }
}
