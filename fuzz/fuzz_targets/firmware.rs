#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bletwin_hostile::firmware(data));
