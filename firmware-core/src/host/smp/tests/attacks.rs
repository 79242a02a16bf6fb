//! Attempts of a hostile or broken initiator.

use super::initiator::{Initiator, REQUEST};
use super::*;
use ble::error::PeerMisbehaved;

fn device(io: IoCapability, min_level: u8) -> Device {
    let mut device = Device::new(config(io, min_level));
    device.connect();
    device
}

fn misbehaved(device: &Device, it: PeerMisbehaved) -> bool {
    device.outputs.iter().any(|output| match output {
        SmpOutput::Trace(Trace::Misbehaved { violation, .. }) => *violation == it,
        _ => false,
    })
}

#[test]
fn requests_that_cannot_reach_the_level_are_refused() {
    // SMP-FEAT-1: values of the feature exchange.
    // SMP-FEAT-3: size of the key.
    // SMP-FEAT-4: Secure Connections where both can.
    // SMP-FEAT-5: authentication requirements.
    // Byte to change, new value, reason.
    let cases = [
        (3, 0x05, 0x03), // No Secure Connections.
        (1, 0x03, 0x03), // NoInputNoOutput: Just Works.
        (1, 0x00, 0x03), // DisplayOnly: Just Works.
        (4, 0x0F, 0x06), // Key of 15 octets.
        (4, 0x06, 0x06), // Key shorter than any.
        (4, 0x11, 0x06), // Key longer than any.
        (1, 0x05, 0x0A), // Reserved IO capability.
        (2, 0x01, 0x02), // OOB data that we never gave.
        (2, 0x02, 0x0A), // Reserved OOB flag.
    ];
    for (at, value, reason) in cases {
        let mut device = device(IoCapability::DisplayOnly, 4);
        let mut request = REQUEST;
        request[at] = value;
        assert_eq!(device.exchange(&request), [[0x05, reason]], "{at} {value:02x}");
        assert!(device.failure().is_some());
        assert!(!device.manager.is_pairing(HANDLE));
    }
}

#[test]
fn pairing_outside_the_window_is_refused() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    device.manager.set_bondable(false);
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x05]]);
    device.manager.set_bondable(true);
    assert_eq!(device.exchange(&REQUEST)[0][0], 0x02);
}

#[test]
fn wrong_bit_fails_in_exactly_that_round() {
    // SMP-CONF-1: confirm values are checked.
    // SMP-PASS-1: rounds of a passkey.
    for wrong in 0..20 {
        let mut device = device(IoCapability::DisplayOnly, 4);
        let mut central = Initiator::new(REQUEST);
        central.exchange_keys(&mut device);
        let passkey = device.shown().unwrap();
        let failed = central.passkey_rounds(&mut device, passkey ^ (1 << wrong));
        let (round, answer) = failed.unwrap_err();
        assert_eq!((u32::from(round), answer), (wrong, std::vec![std::vec![0x05, 0x04]]));
        assert_eq!(device.failure(), Some(SecurityError::AuthFail));
        assert!(misbehaved(&device, PeerMisbehaved::SmpCheckFailed));
    }
}

/// The experiment of the static passkey: without back-off, each attempt discloses a bit.
#[test]
fn static_passkey_falls_bit_by_bit() {
    let secret = 0x5_A5A5;
    let static_passkey = |back_off| SmpConfig {
        passkey: Passkey::Static(secret),
        back_off,
        ..config(IoCapability::DisplayOnly, 4)
    };
    let mut device = Device::new(static_passkey(false));
    let mut known = 0;
    for attempt in 1..=20 {
        device.connect();
        let mut attacker = Initiator::new(REQUEST);
        attacker.exchange_keys(&mut device);
        match attacker.passkey_rounds(&mut device, known) {
            Ok(()) => break,
            Err((round, _)) => known ^= 1 << round,
        }
        assert!(attempt < 20);
        device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
    }
    assert_eq!(known, secret);

    let mut guarded = Device::new(static_passkey(true));
    guarded.connect();
    let mut attacker = Initiator::new(REQUEST);
    attacker.exchange_keys(&mut guarded);
    attacker.passkey_rounds(&mut guarded, 0).unwrap_err();
    assert_eq!(guarded.exchange(&REQUEST), [[0x05, 0x09]]);
    guarded.wait(Duration::from_secs(1));
    assert_eq!(guarded.exchange(&REQUEST)[0][0], 0x02);
}

#[test]
fn random_passkeys_differ() {
    // SMP-PASS-2: a new passkey each time.
    let mut device = device(IoCapability::DisplayOnly, 4);
    let mut shown = Vec::new();
    for _ in 0..5 {
        Initiator::new(REQUEST).exchange_keys(&mut device);
        shown.push(device.shown().unwrap());
        device.receive(&[0x05, 0x08]);
    }
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown.len(), 5);
    assert!(shown.iter().all(|passkey| *passkey < 1_000_000));
}

#[test]
fn points_off_the_curve_are_refused() {
    // SMP-KEY-1: a valid public key.
    for set in ["invalid_point_y42", "invalid_point_y0"] {
        // X is the debug key's in the published samples; any other X with a wrong Y will do.
        let mut device = device(IoCapability::DisplayOnly, 4);
        device.exchange(&REQUEST);
        let x = Initiator::new(REQUEST).own().x;
        let y = p256_vectors::value(set, "peer_y");
        let answer = device.exchange(&[&[0x0C][..], &x, &y].concat());
        assert_eq!(answer.last().unwrap(), &[0x05, 0x0B]);
        assert!(misbehaved(&device, PeerMisbehaved::SmpBadPublicKey));
        assert_eq!(device.ask_ltk(), None);
    }
}

#[test]
fn debug_key_is_refused() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    device.exchange(&REQUEST);
    let x = p256_vectors::value("debug_key", "pub_a_x");
    let y = p256_vectors::value("debug_key", "pub_a_y");
    assert_eq!(device.exchange(&[&[0x0C][..], &x, &y].concat()), [[0x05, 0x0A]]);
}

#[test]
fn reflected_key_is_refused_with_either_y() {
    // SMP-KEY-2: a reflected public key.
    for mirror in [false, true] {
        let mut device = device(IoCapability::DisplayOnly, 4);
        let key_pair::KeyPair::Ready { public, .. } = device.manager.shared.own.clone() else {
            panic!("ready at the start");
        };
        let y = if mirror { [7; 32] } else { public.y };
        device.exchange(&REQUEST);
        assert_eq!(device.exchange(&[&[0x0C][..], &public.x, &y].concat()), [[0x05, 0x0B]]);
    }
}

#[test]
fn no_key_is_given_while_pairing_not_even_an_old_one() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    let old = device.ask_ltk().unwrap();
    device.encrypted();
    let mut central = Initiator::new(REQUEST);
    device.exchange(&REQUEST);
    assert_eq!(device.ask_ltk(), None);
    device.receive(&[0x05, 0x08]);
    central.exchange_keys(&mut device);
    assert_eq!(device.ask_ltk(), None);
    device.receive(&[0x05, 0x08]);
    assert_eq!(device.ask_ltk(), Some(old));
}

#[test]
fn keys_of_legacy_pairing_are_not_known() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    device.outputs.clear();
    for (rand, ediv) in [(1, 0), (0, 1)] {
        device.manager.ltk_request(device.now, HANDLE, rand, ediv);
    }
    device.pump();
    let negative = Command::LeLongTermKeyRequestNegativeReply { handle: HANDLE };
    assert_eq!(device.outputs, std::vec![SmpOutput::Command(negative); 2]);
}

#[test]
fn tampered_features_are_caught_by_the_check() {
    // SMP-DHK-1: DHKey checks.
    let mut device = device(IoCapability::DisplayOnly, 4);
    let mut central = Initiator::new(REQUEST);
    central.exchange_keys(&mut device);
    let passkey = device.shown().unwrap();
    central.passkey_rounds(&mut device, passkey).unwrap();
    central.request[3] ^= 0x10;
    let (check, _) = central.check_pdu(passkey);
    assert_eq!(device.exchange(&check), [[0x05, 0x0B]]);
    assert_eq!(device.ask_ltk(), None);
}

#[test]
fn a_weaker_pairing_does_not_replace_a_bond() {
    let mut device = device(IoCapability::DisplayOnly, 2);
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    let mut weak = REQUEST;
    weak[1] = 3;
    assert_eq!(device.exchange(&weak), [[0x05, 0x03]], "known peer");
    device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);

    // A stranger who claims the bonded identity at the end of a Just Works pairing.
    device.manager.connected(device.now, HANDLE, LOCAL, PEER, Some(Address::public([1; 6])));
    device.outputs.clear();
    let mut central = Initiator::new(weak);
    let confirm = central.exchange_keys(&mut device);
    central.nonces(&mut device, &confirm);
    central.check(&mut device, 0);
    central.encrypt_and_distribute(&mut device);
    assert_eq!(device.sent(), [[0x05, 0x0F]]);
    assert_eq!(device.manager.bonds().next().unwrap().level, 4);
}

#[test]
fn commands_out_of_sequence_and_misshapen() {
    // SMP-PDU-1: length of a command.
    // SMP-PDU-2: invalid parameters.
    // SMP-PDU-3: reserved codes.
    // SMP-SEQ-1: order of the commands.
    // SMP-ROLE-1: who sends what.
    // SMP-FAIL-1: a failure ends the pairing.
    let quiet: [&[u8]; 6] = [&[], &[0x00], &[0x0F, 1], &[0x04; 17], &[0x0B, 1], &[0x0D, 1]];
    for pdu in quiet {
        let mut device = device(IoCapability::DisplayOnly, 4);
        assert!(device.exchange(pdu).is_empty(), "outside: {pdu:02x?}");
        assert!(device.outputs.is_empty());
    }
    let mut idle = device(IoCapability::DisplayOnly, 4);
    assert_eq!(idle.exchange(&REQUEST[..6]), [[0x05, 0x0A]]);

    let cases: [(&[u8], Option<u8>); 7] = [
        (&REQUEST, Some(0x08)),
        (&[0x04; 17], Some(0x08)),
        (&[0x0B, 1], Some(0x08)),
        (&[0x06; 17], Some(0x08)),
        (&[0x03; 16], Some(0x0A)),
        (&[0x0F, 1], None),
        (&[0x0E, 1], None),
    ];
    for (pdu, reason) in cases {
        let mut device = device(IoCapability::DisplayOnly, 4);
        device.exchange(&REQUEST);
        let answer = device.exchange(pdu);
        assert_eq!(answer, reason.map(|r| std::vec![0x05, r]).into_iter().collect::<Vec<_>>());
        assert_eq!(device.manager.is_pairing(HANDLE), reason.is_none());
    }
}

#[test]
fn one_pairing_at_a_time() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    device.exchange(&REQUEST);
    let (other, stranger) = (Handle(1), Address::public([9; 6]));
    device.manager.connected(device.now, other, LOCAL, stranger, None);
    device.manager.received(device.now, other, &REQUEST);
    device.pump();
    assert_eq!(device.sent(), [[0x05, 0x10]]);
    assert!(device.manager.is_pairing(HANDLE));
    assert!(!device.manager.is_pairing(other));
}

/// The outputs are not polled: inputs are dropped before an answer would be.
#[test]
fn a_flood_without_room_for_answers_loses_no_output() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    for _ in 0..100 {
        device.manager.received(device.now, HANDLE, &REQUEST);
    }
    assert!(!device.manager.shared.outputs.is_full());
    device.manager.disconnected(device.now, HANDLE, ErrorCode::CONNECTION_TIMEOUT);
    assert!(!device.manager.shared.outputs.is_full());
    device.pump();
    assert!(device.sent().is_empty(), "nothing is left to send");
}

#[test]
fn no_security_is_asked_of_a_peer_that_has_to_wait() {
    let mut device = device(IoCapability::DisplayOnly, 4);
    device.exchange(&REQUEST);
    device.receive(&[0x05, 0x04]);
    device.sent();
    device.manager.request_security(device.now, HANDLE);
    device.pump();
    assert!(device.sent().is_empty());
    device.wait(Duration::from_secs(1));
    device.manager.request_security(device.now, HANDLE);
    device.pump();
    assert_eq!(device.sent(), [[0x0B, 0x0D]]);
}
