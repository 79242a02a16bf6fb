//! Every entrance with the seeds of `fuzz/seeds` and their mutations in a plain loop: no fuzzer and
//! no coverage, but always available. `BLETWIN_FUZZ_INPUTS` is how many inputs each entrance gets.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bletwin_hostile::TARGETS;
use bletwin_sim::random::{Purpose, Stream};

/// Longest input.
const OCTETS_MAX: usize = 2_048;

fn inputs() -> u32 {
    let asked = std::env::var("BLETWIN_FUZZ_INPUTS").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(400)
}

/// Committed inputs of an entrance, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("a folder that can be read").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a seed that can be read")).collect()
}

/// Changes an input in a few places.
fn mutate(input: &mut Vec<u8>, others: &[Vec<u8>], draw: &mut Stream) {
    for _ in 0..=draw.below(4) {
        let at = draw.below(input.len() as u32 + 1) as usize;
        let octet = draw.u32() as u8;
        match draw.below(6) {
            0 => input.insert(at, octet),
            1 if at < input.len() => drop(input.remove(at)),
            2 => {
                let part: Vec<u8> =
                    input.iter().skip(at).take(usize::from(octet)).copied().collect();
                input.extend(part);
            }
            3 if !others.is_empty() => {
                let other = &others[draw.below(others.len() as u32) as usize];
                input.truncate(at);
                input.extend(other.iter().skip(at.min(other.len())));
            }
            4 if at < input.len() => input[at] ^= 1 << (octet & 7),
            _ if at < input.len() => input[at] = octet,
            _ => input.push(octet),
        }
    }
    input.truncate(OCTETS_MAX);
}

#[test]
fn no_entrance_panics() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let mut draw = Stream::new(0, name.len() as u16, Purpose::Entropy);
        for number in 0..inputs().max(seeds.len() as u32) {
            let mut input = seeds[number as usize % seeds.len()].clone();
            if number as usize >= seeds.len() {
                mutate(&mut input, &seeds, &mut draw);
            }
            let done = catch_unwind(AssertUnwindSafe(|| target(&input)));
            assert!(done.is_ok(), "{name} panics on input {number}: {input:02x?}");
        }
    }
}
