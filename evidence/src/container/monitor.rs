//! Frames of the Bluetooth monitor as Zephyr writes them to a UART or to RTT: no header of a file,
//! and a log that is switched on late begins in the middle of a frame.

use std::io::{self, Read};

use super::record::{Host, LinkType, Raw, Stop};

/// Length, opcode, flags and the length of what follows before the data.
const HEAD: usize = 6;
/// The length counts from the opcode on.
const LENGTH: usize = 2;
const EXTENSION_MAX: usize = 32;
/// The longest frame: more than the longest HCI packet.
const FRAME_MAX: usize = 8_192;
const OPCODES: u16 = 24;
/// A time stamp, in units of 100 µs.
const TS32: u8 = 8;
/// So many frames in a row are no accident.
const FRAMES: usize = 3;

/// One frame at the beginning of some octets.
struct Frame<'a> {
    opcode: u16,
    /// In units of 100 µs.
    time: Option<u32>,
    data: &'a [u8],
    /// Octets of the whole frame.
    length: usize,
}

/// What is at the beginning of octets.
enum Start<'a> {
    Frame(Frame<'a>),
    /// Perhaps a frame of which more has to come.
    Short,
    Nothing,
}

fn start(octets: &[u8]) -> Start<'_> {
    let Some(&[l0, l1, o0, o1, flags, extension]) = octets.first_chunk() else {
        return Start::Short;
    };
    let length = usize::from(u16::from_le_bytes([l0, l1])) + LENGTH;
    let (opcode, extension) = (u16::from_le_bytes([o0, o1]), usize::from(extension));
    let fits = (HEAD + extension..=FRAME_MAX).contains(&length);
    if !fits || opcode >= OPCODES || flags != 0 || extension > EXTENSION_MAX {
        return Start::Nothing;
    }
    let Some(frame) = octets.get(HEAD..length) else { return Start::Short };
    let (mut items, data) = frame.split_at(extension);
    let mut time = None;
    while let Some((kind, rest)) = items.split_first() {
        let length = match *kind {
            TS32 => 4,
            1..=7 => 1,
            _ => return Start::Nothing,
        };
        let Some((value, rest)) = rest.split_at_checked(length) else { return Start::Nothing };
        if let (TS32, Ok(value)) = (*kind, value.try_into()) {
            time = Some(u32::from_le_bytes(value));
        }
        items = rest;
    }
    Start::Frame(Frame { opcode, time, data, length })
}

/// Where the first of several frames in a row begins; `all`: nothing comes after these octets.
fn find(octets: &[u8], all: bool) -> Option<usize> {
    (0..octets.len()).find(|from| {
        let mut at = *from;
        for number in 0..FRAMES {
            match octets.get(at..).map(start) {
                Some(Start::Frame(frame)) => at += frame.length,
                // At the end of everything, one whole frame will do.
                Some(Start::Short) => return all && number > 0,
                _ => return false,
            }
        }
        true
    })
}

/// Whether there are frames in what a file begins with.
pub(super) fn begins(head: &[u8]) -> bool {
    find(head, head.len() < super::record::HEAD).is_some()
}

pub(super) fn read(
    mut file: impl Read,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> Option<Stop> {
    match frames(&mut file, most, records, each) {
        Ok(stop) => stop,
        Err(error) => Some(Stop::Io(error.to_string())),
    }
}

fn frames(
    file: &mut impl Read,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> io::Result<Option<Stop>> {
    let mut octets = Vec::new();
    let mut lost = true;
    let mut last = 0_i64;
    loop {
        let before = octets.len();
        file.by_ref().take(4 * FRAME_MAX as u64).read_to_end(&mut octets)?;
        let over = octets.len() == before;
        let mut at = 0;
        loop {
            let rest = octets.get(at..).unwrap_or_default();
            if lost {
                let Some(skip) = find(rest, over) else {
                    at = octets.len().saturating_sub(FRAMES * FRAME_MAX).max(at);
                    break;
                };
                at += skip;
                lost = false;
                continue;
            }
            match start(rest) {
                Start::Frame(frame) => {
                    if *records == most {
                        return Ok(Some(Stop::TooMany { most }));
                    }
                    *records += 1;
                    last = frame.time.map_or(last, |time| i64::from(time) * 100_000);
                    each(Raw {
                        interface: 0,
                        ns: last,
                        whole: true,
                        link: LinkType::Host,
                        host: Host::of_monitor(0, frame.opcode),
                        octets: frame.data,
                    });
                    at += frame.length;
                }
                Start::Nothing => lost = true,
                Start::Short => break,
            }
        }
        octets.drain(..at.min(octets.len()));
        if over {
            return Ok((!lost && !octets.is_empty()).then_some(Stop::Cut));
        }
    }
}
