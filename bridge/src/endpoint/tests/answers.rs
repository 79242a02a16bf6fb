//! Errors by the book.

use ble::pdu::control::FeatureSet;

use super::rig::{A, B, Rig};
use crate::endpoint::Endpoint;
use crate::endpoint::table::{Answer, COMMANDS};

#[test]
fn unknown_commands_are_distinguished_from_wrong_ones() {
    let mut rig = Rig::new(1);
    // Inquiry, Read Local Extended Features, LE Set Periodic Advertising Parameters, LE Receiver
    // Test [v3], a vendor's.
    for opcode in [0x0401, 0x1004, 0x203E, 0x204F, 0xFC01, 0xFFFF] {
        for parameters in [&[][..], &[0; 20]] {
            rig.send(A, opcode, parameters);
            let [low, high] = opcode.to_le_bytes();
            assert_eq!(rig.waiting(A), [[4, 0x0F, 4, 0x01, 1, low, high]]);
        }
    }
}

#[test]
fn every_command_refuses_a_wrong_length_in_its_own_form() {
    let mut rig = Rig::new(1);
    for row in COMMANDS.iter().filter(|row| Endpoint::OFFERED.has(row.needs)) {
        rig.send(A, row.opcode, &[0; 200]);
        let [low, high] = row.opcode.to_le_bytes();
        let expected = match row.answer {
            Answer::Status => vec![4, 0x0F, 4, 0x12, 1, low, high],
            Answer::Complete => vec![4, 0x0E, 4, 1, low, high, 0x12],
            Answer::Handle => vec![4, 0x0E, 6, 1, low, high, 0x12, 0, 0],
        };
        // As long as after success.
        let mut expected = expected;
        expected.resize(expected.len() + row.returned, 0);
        expected[2] += row.returned as u8;
        assert_eq!(rig.waiting(A), [expected], "{}", row.name);
    }
}

#[test]
fn commands_about_connections_that_are_not_there_say_so() {
    let mut rig = Rig::new(2);
    rig.connect(A, B);
    for handle in [[0x00, 0x00], [0x02, 0x00], [0x02, 0x01], [0xFF, 0x0E]] {
        rig.fails(A, 0x0406, &[&handle[..], &[0x13]].concat(), 0x02);
        rig.fails(A, 0x2016, &handle, 0x02);
        let (status, returned) = rig.ask(A, 0x2015, &handle);
        assert_eq!((status, &returned[..]), (0x02, &[&handle[..], &[0; 5]].concat()[..]));
    }
}

#[test]
fn wrong_values_and_wrong_states_are_refused() {
    let mut rig = Rig::new(2);
    // Advertising faster than allowed; no channel; scanning longer than its interval.
    rig.fails(A, 0x2006, &[0x1F, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0], 0x12);
    rig.fails(A, 0x2006, &[0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0x12);
    rig.fails(A, 0x200B, &[0, 0x10, 0, 0x11, 0, 0, 0], 0x12);
    // The random address before there is one, and while it is used.
    rig.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, 1, 0]);
    rig.fails(A, 0x200C, &[1, 0], 0x12);
    rig.ok(A, 0x2005, &[1, 2, 3, 4, 5, 0xC6]);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.fails(A, 0x2005, &[1, 2, 3, 4, 5, 0xC7], 0x0C);
    rig.fails(A, 0x200B, &[0, 0x10, 0, 0x10, 0, 1, 0], 0x0C);
    rig.ok(A, 0x200C, &[0, 0]);
    // Connecting twice to the same device; a reason that no host may give.
    let [central, _] = rig.connect(A, B);
    let address = rig.address(B);
    rig.fails(A, 0x200D, &Rig::create(&address), 0x0B);
    rig.fails(A, 0x0406, &[&central[..], &[0x16]].concat(), 0x12);
    // Parameters that a supervision timeout does not cover.
    let wanted = [40, 0, 40, 0, 10, 0, 10, 0, 0, 0, 0, 0];
    rig.fails(A, 0x2013, &[&central[..], &wanted].concat(), 0x12);
}

#[test]
fn data_beyond_the_credits_is_dropped_and_reported() {
    let mut rig = Rig::new(2);
    let [central, _] = rig.connect(A, B);
    for number in 0..6 {
        rig.acl(A, central, &[1, 0, 4, 0, number]);
    }
    let overflow = [4, 0x1A, 1, 0x01];
    let packets = rig.waiting(A);
    assert_eq!(packets.iter().filter(|packet| **packet == overflow).count(), 2, "{packets:02x?}");
    let arrived: Vec<u8> = (0..4).map(|_| rig.data(B)[4]).collect();
    assert_eq!(arrived, [0, 1, 2, 3]);
    let mut completed = 0;
    while completed < 4 {
        completed += rig.event(A, 0x13)[3];
    }
    rig.acl(A, central, &[1, 0, 4, 0, 9]);
    assert_eq!(rig.data(B)[4], 9);
}

/// Nor without Channel Selection Algorithm #2, which its connections need.
#[test]
fn without_extended_advertising_its_commands_do_not_exist() {
    for missing in [FeatureSet::EXTENDED_ADVERTISING, FeatureSet::CSA2] {
        let mut config = Endpoint::full();
        config.features = config.features.without(missing);
        let mut rig = Rig::with(vec![config]);
        for opcode in (0x2035..=0x203D).chain(0x2041..=0x2043) {
            rig.fails(A, opcode, &[], 0x01);
        }
        assert_eq!(rig.ok(A, 0x2003, &[])[1] & 0x10, 0);
    }
}

#[test]
fn without_ll_privacy_its_commands_and_address_types_do_not_exist() {
    let mut config = Endpoint::full();
    config.features = config.features.without(FeatureSet::PRIVACY);
    let mut rig = Rig::with(vec![config]);
    for opcode in (0x2027..=0x202E).chain([0x204E]) {
        rig.fails(A, opcode, &[], 0x01);
    }
    rig.fails(A, 0x200B, &[0, 0x10, 0, 0x10, 0, 2, 0], 0x12);
    assert_eq!(rig.ok(A, 0x2003, &[])[0] & 0x40, 0);
}
