#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bletwin_fuzz::run(bletwin_hostile::l2cap, data));
