//! Exceptions: written programs whose handlers note order and frames.

mod image;
mod scenarios;

use std::fmt::Write;
use std::path::PathBuf;

use bletwin_emulator::{Cause, Cpu, Memory, NoBus, Outcome, Stop};
use image::Scenario;

use crate::{number, ours, qemu};

/// Words of a note of an entry.
const ENTRY: usize = 12;

fn run_here(octets: &[u8]) -> Vec<u32> {
    let mut memory = Memory::new(4 << 20, 4 << 20);
    assert!(memory.program(0, octets), "the image fits");
    let mut cpu = Cpu::new(ours::MODEL, memory, NoBus);
    match cpu.run(64_000_000_000) {
        Outcome::Stopped(Stop { cause: Cause::Breakpoint(0xAB), .. }) => {}
        Outcome::Stopped(stop) => panic!("{}", stop.report(None)),
        Outcome::Reached | Outcome::Halted => panic!("it does not end"),
    }
    let octets = cpu.memory().octets(image::NOTES, 4 * image::WORDS).expect("notes are in RAM");
    octets.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// Notes as text: one line per entry and exit.
fn text(scenario: &Scenario, notes: &[u32]) -> String {
    let mut text = format!("{}\n", scenario.name);
    let mut rest = notes;
    while let Some(first) = rest.first().filter(|first| **first != 0) {
        if first >> 31 == 1 {
            _ = writeln!(text, "  leaves {}", first & 0xFF);
            rest = &rest[1..];
            continue;
        }
        let Some((entry, after)) = rest.split_first_chunk::<ENTRY>() else { break };
        let [number, link, cfsr, hfsr, r0, r1, r2, r3, r12, lr, pc, xpsr] = entry;
        _ = writeln!(
            text,
            "  enters {number} from {pc:08x}: LR {link:08x}, CFSR {cfsr:08x}, HFSR {hfsr:08x}, \
             frame {r0:08x} {r1:08x} {r2:08x} {r3:08x} {r12:08x} {lr:08x} XPSR {xpsr:08x}"
        );
        rest = after;
    }
    text
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/exceptions.txt")
}

fn here() -> Vec<String> {
    scenarios::all()
        .iter()
        .map(|scenario| text(scenario, &run_here(&image::build(scenario))))
        .collect()
}

fn there() -> Vec<String> {
    scenarios::all()
        .iter()
        .map(|scenario| {
            let notes = qemu::run_octets(&image::build(scenario)).expect("QEMU runs the image");
            text(scenario, &notes)
        })
        .collect()
}

#[test]
fn exceptions_come_in_the_order_and_with_the_frames_of_qemu() {
    if number("BLETWIN_LOCKSTEP").is_none() {
        println!("BLETWIN_LOCKSTEP is not set: only the vectors are compared");
        return;
    }
    for (ours, theirs) in here().iter().zip(there()) {
        assert_eq!(*ours, theirs, "left is ours, right is QEMU's");
    }
}

#[test]
fn exceptions_come_as_they_came_with_qemu() {
    if std::env::var_os("BLETWIN_UPDATE_VECTORS").is_some() {
        std::fs::write(path(), there().join("\n")).expect("the vectors can be written");
    }
    let expected = std::fs::read_to_string(path()).expect("the vectors are committed");
    for (ours, theirs) in here().iter().zip(expected.split("\n\n")) {
        assert_eq!(ours.trim_end(), theirs.trim_end(), "left is ours, right is QEMU's");
    }
}
