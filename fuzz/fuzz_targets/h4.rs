#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bletwin_hostile::h4(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    bletwin_fuzz::mutate("h4", data, size, most, seed)
});
