//! Keys in hexadecimal digits.

use super::*;

#[test]
fn keys_are_read_either_end_first_and_never_shown() {
    let mut keys = Keys::default();
    keys.give_hex("0x 00:01:02:03 04050607-08090a0b0c0d0e0f").unwrap();
    let octets: Vec<_> = keys.ltks().map(|ltk| ltk.expose()[0]).collect();
    assert_eq!(octets, [0, 15]);
    assert!(!format!("{keys:?}").contains("0f"), "{keys:?}");
    for wrong in ["", "00", "0g0102030405060708090a0b0c0d0e0f", &"0".repeat(34)] {
        assert_eq!(keys.give_hex(wrong), Err(KeyError::NotHex), "{wrong}");
    }
}

#[test]
fn keys_are_bounded() {
    let mut keys = Keys::default();
    for number in 0..200 {
        keys.give(Secret::new([number; 16]));
        keys.give(Secret::new([number; 16]));
    }
    assert_eq!(keys.ltks().count(), KEYS_MAX);
}
