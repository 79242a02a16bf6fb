#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bletwin_fuzz::run(bletwin_hostile::configure, data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    bletwin_fuzz::mutate("configure", data, size, most, seed)
});

libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    bletwin_fuzz::cross("configure", one, other, out, seed)
});
