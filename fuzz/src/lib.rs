//! What the targets have in common.

use bletwin_hostile::mutation::changed;

/// Changes the first `size` octets of `data` as the target's inputs are built, or every other time
/// as libFuzzer does; to `most` octets at most. Returns how many they are now.
pub fn mutate(target: &str, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let known = if seed % 2 == 0 { changed(target, &data[..size], seed / 2) } else { None };
    match known.filter(|known| known.len() <= most) {
        Some(known) => {
            data[..known.len()].copy_from_slice(&known);
            known.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, most),
    }
}
