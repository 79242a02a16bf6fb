//! Keys in hexadecimal digits.

use super::*;

#[test]
fn keys_are_read_either_end_first_and_never_shown() {
    let mut keys = Keys::default();
    keys.give_hex("0x 00:01:02:03 04050607-08090a0b0c0d0e0f").unwrap();
    let octets: Vec<_> = keys.ltks().map(|ltk| ltk.expose()[0]).collect();
    assert_eq!(octets, [0, 15]);
    assert!(!format!("{keys:?}").contains("0f"), "{keys:?}");
    for (wrong, error) in [
        ("", KeyError::Length(0)),
        ("00", KeyError::Length(2)),
        ("0g0102030405060708090a0b0c0d0e0f", KeyError::NotHex),
        (&"0".repeat(34), KeyError::Length(34)),
    ] {
        assert_eq!(keys.give_hex(wrong), Err(error), "{wrong}");
        assert_eq!(keys.give_irk_hex(wrong), Err(error), "{wrong}");
    }
}

#[test]
fn identities_are_bounded_and_given_ones_stay() {
    let mut keys = Keys::default();
    keys.give_irk_hex("000102030405060708090a0b0c0d0e0f").unwrap();
    assert!(!format!("{keys:?}").contains("0f"), "{keys:?}");
    for number in (0..200).rev() {
        let irk = Secret::new([number; 16]);
        keys.know(Identity { irk, address: None, given: false });
    }
    assert_eq!(keys.identities().len(), KEYS_MAX);
    assert_eq!(keys.identities().iter().filter(|one| one.given).count(), 2);
    // The key of a device that has no private addresses is none.
    assert!(keys.identities().iter().all(|one| one.irk != Secret::new([0; 16])));
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

/// A legacy pairing by passkey, as it is on air: its temporary key is the passkey.
#[test]
fn the_passkey_of_a_legacy_pairing_is_found() {
    use ble::address::Address;
    use ble::crypto::ccm::Direction::{CentralToPeripheral as Down, PeripheralToCentral as Up};
    use ble::crypto::toolbox::{c1, reversed, s1};
    use ble::pdu::data::Llid;

    let ends = [Address::public([1; 6]), Address::static_random([2; 6])];
    let (request, response) = ([1, 4, 0, 5, 16, 0, 1], [2, 0, 0, 5, 10, 0, 1]);
    let (mrand, srand) = ([0x31; 16], [0x47; 16]);
    let tk = 123_456_u128.to_be_bytes();
    let [a, b] = ends.map(Address::for_smp);
    let confirm = c1(&tk, &mrand, &reversed(request), &reversed(response), &a, &b);
    let mut ltk = reversed(*s1(&tk, &srand, &mrand).expose());
    ltk[10..].fill(0);

    let pdu = |code: u8, value: [u8; 16]| [&[code], &value[..]].concat();
    let said = [
        (Down, request.to_vec()),
        (Up, response.to_vec()),
        (Down, pdu(3, reversed(confirm))),
        (Up, pdu(3, [9; 16])),
        (Down, pdu(4, reversed(mrand))),
        (Up, pdu(4, reversed(srand))),
    ];
    let hear = |stop: bool| {
        let mut pairing = HeardPairing::default();
        let mut steps = 0;
        for (direction, smp) in &said {
            let frame = [&[smp.len() as u8, 0, 6, 0], smp.as_slice()].concat();
            // In two fragments, as a controller may send it.
            let (first, second) = frame.split_at(frame.len() / 2);
            for (llid, part) in [(Llid::Start, first), (Llid::Continuation, second)] {
                pairing.data(*direction, llid, part, Some(ends), &mut |_| {
                    steps += 1;
                    if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
            }
        }
        (pairing.take().collect::<Vec<_>>(), steps)
    };
    assert_eq!(hear(false), (vec![Secret::new(ltk)], 8), "the key is as long as both allow");
    assert_eq!(hear(true), (Vec::new(), 1), "whoever waits may break it off");
}
