//! What the targets have in common.

mod missed;
mod own;

use bletwin_hostile::Target;
use bletwin_hostile::mutation::{changed, crossed};

/// Gives an input to an entrance; what is covered is what it reaches of bletwin's own functions.
pub fn run(target: Target, data: &[u8]) {
    target(data);
    own::keep();
    missed::add();
}

/// Changes the first `size` octets of `data` as the target's inputs are built, or one time in four
/// as libFuzzer does; to `most` octets at most. Returns how many they are now.
pub fn mutate(target: &str, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let known = if seed % 4 == 0 { None } else { changed(target, &data[..size], seed / 4) };
    match known.filter(|known| known.len() <= most) {
        Some(known) => {
            data[..known.len()].copy_from_slice(&known);
            known.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, most),
    }
}

/// Makes one input of two, as the target's inputs are built, and changes it further in half of all
/// cases. Returns its length; zero if it finds no place.
pub fn cross(target: &str, one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    let both = crossed(target, one, other, seed / 2);
    let both = both.map(|both| match seed % 2 {
        0 => changed(target, &both, seed / 2).unwrap_or(both),
        _ => both,
    });
    match both.filter(|both| both.len() <= out.len()) {
        Some(both) => {
            out[..both.len()].copy_from_slice(&both);
            both.len()
        }
        None => 0,
    }
}
