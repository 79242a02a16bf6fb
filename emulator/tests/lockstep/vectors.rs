//! Results that QEMU 7.2 gave, for machines without it: the image and the results of its programs.

use std::path::PathBuf;

use crate::image::{self, Image, WORDS};
use crate::qemu;

/// Programs among the vectors.
pub(crate) const COUNT: usize = 96;
/// The first of their seeds.
const FIRST_SEED: u64 = 500_000;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/lockstep.bin")
}

/// Lets QEMU run programs and writes what it gives.
pub(crate) fn update() {
    let seeds: Vec<u64> = (FIRST_SEED..).take(COUNT).collect();
    let image = image::build(&seeds);
    let results = qemu::run(&image).expect("QEMU runs the image");
    let mut octets = (image.octets.len() as u32).to_le_bytes().to_vec();
    octets.extend(&image.octets);
    octets.extend(results.as_flattened().iter().flat_map(|word| word.to_le_bytes()));
    std::fs::create_dir_all(path().parent().expect("it has a folder")).expect("it can be made");
    std::fs::write(path(), octets).expect("the vectors can be written");
}

/// The image as it was, whatever would be drawn today, and QEMU's results.
pub(crate) fn load() -> (Image, Vec<[u32; WORDS]>) {
    let octets = std::fs::read(path()).expect("the vectors are committed");
    let (length, rest) = octets.split_first_chunk::<4>().expect("a length");
    let (code, results) = rest.split_at(u32::from_le_bytes(*length) as usize);
    (Image::of_octets(code.to_vec(), COUNT), qemu::results(results))
}
