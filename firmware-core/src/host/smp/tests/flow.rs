//! Whole pairings with a model initiator, and everything that can come between.

use super::initiator::{Initiator, REQUEST};
use super::*;

fn display(min_level: u8) -> Device {
    let mut device = Device::new(config(IoCapability::DisplayOnly, min_level));
    device.connect();
    device
}

#[test]
fn passkey_pairing_bonds_at_level_4() {
    let mut device = display(4);
    let mut central = Initiator::new(REQUEST);
    assert!(central.exchange_keys(&mut device).is_empty());
    let passkey = device.shown().unwrap();
    assert!(device.lines().contains(&Line::Passkey { peer: PEER, passkey }));
    central.passkey_rounds(&mut device, passkey).unwrap();
    assert!(device.manager.is_pairing(HANDLE));
    central.check(&mut device, passkey);
    assert_eq!(device.manager.level(HANDLE), 1);
    central.encrypt_and_distribute(&mut device);
    assert_eq!(device.manager.level(HANDLE), 4);
    assert_eq!(device.manager.key_size(HANDLE), 16);
    assert_eq!(device.ended(), Some(true));
    assert!(!device.manager.is_pairing(HANDLE));
    assert_eq!(device.manager.deadline(), None);
    let bond = device.manager.bond_of(HANDLE).unwrap();
    assert_eq!((bond.identity, bond.level), (PEER, 4));
    assert_eq!(bond.ltk.expose(), &central.ltk);
    assert_eq!(bond.irk, Some(Secret::new([0x33; 16])));
    assert!(device.lines().contains(&Line::PairingComplete { peer: PEER, bonded: true }));
}

#[test]
fn a_bond_survives_the_boot_and_a_private_address() {
    let mut device = display(4);
    device.prompt = true;
    let mut central = Initiator::new(REQUEST);
    central.pair_by_passkey(&mut device);
    let bond = device.manager.bonds().next().unwrap().clone();

    let mut rebooted = Device::new(config(IoCapability::DisplayOnly, 4));
    let record = bond.to_record().unwrap();
    rebooted.manager.completed(rebooted.now, Completion::Loaded { slot: bond.slot, record });
    let rpa = ble::crypto::address::resolvable(&Secret::new([0x33; 16]), [9, 8, 7]);
    rebooted.manager.connected(rebooted.now, HANDLE, LOCAL, rpa, None);
    assert_eq!(rebooted.ask_ltk(), Some(central.ltk));
    assert!(rebooted.manager.is_pairing(HANDLE), "encryption is pending");
    rebooted.encrypted();
    assert_eq!(rebooted.manager.level(HANDLE), 4);
    assert!(!rebooted.manager.is_pairing(HANDLE));

    rebooted.manager.delete_all_bonds(rebooted.now);
    rebooted.pump();
    assert_eq!(rebooted.ask_ltk(), None);
    assert_eq!(rebooted.manager.bonds().count(), 0);
}

#[test]
fn just_works_bonds_at_level_2() {
    let mut device = Device::new(config(IoCapability::NoInputNoOutput, 2));
    device.connect();
    let mut central = Initiator::new(REQUEST);
    let confirm = central.exchange_keys(&mut device);
    central.nonces(&mut device, &confirm);
    central.check(&mut device, 0);
    central.encrypt_and_distribute(&mut device);
    assert_eq!((device.manager.level(HANDLE), device.ended()), (2, Some(true)));
}

#[test]
fn numeric_comparison_waits_for_the_user() {
    for (yes, early) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut device = Device::new(config(IoCapability::DisplayYesNo, 4));
        device.connect();
        let mut central = Initiator::new(REQUEST);
        let confirm = central.exchange_keys(&mut device);
        central.nonces(&mut device, &confirm);
        if early {
            let (check, _) = central.check_pdu(0);
            assert!(device.exchange(&check).is_empty());
        }
        device.manager.numeric_confirmed(device.now, yes);
        device.pump();
        if !yes {
            assert_eq!(device.sent(), [[0x05, 0x0C]]);
            assert_eq!(device.failure(), Some(SecurityError::AuthFail));
            continue;
        }
        if !early {
            central.check(&mut device, 0);
        }
        assert!(device.ask_ltk().is_some());
    }
}

#[test]
fn typed_passkey_may_come_before_or_after_the_first_confirm() {
    for typed_first in [true, false] {
        let mut device = Device::new(config(IoCapability::KeyboardOnly, 4));
        device.connect();
        let mut central = Initiator::new(REQUEST);
        assert!(central.exchange_keys(&mut device).is_empty());
        assert!(device.outputs.contains(&SmpOutput::Dialog(Dialog::AskPasskey)));
        if typed_first {
            device.manager.passkey_entered(device.now, 123_456);
            central.passkey_rounds(&mut device, 123_456).unwrap();
            central.check(&mut device, 123_456);
        } else {
            assert!(device.exchange(&[[3].as_slice(), &[0; 16]].concat()).is_empty());
            device.manager.passkey_entered(device.now, 123_456);
            device.pump();
            assert_eq!(device.sent()[0][0], 0x03);
        }
    }
}

#[test]
fn public_key_waits_for_the_own_one() {
    let mut device = display(4);
    device.manager.shared.own = key_pair::KeyPair::Absent;
    device.prompt = false;
    let central = Initiator::new(REQUEST);
    device.exchange(&REQUEST);
    assert!(device.exchange(&central.public_key_pdu()).is_empty());
    device.complete();
    assert_eq!(device.sent()[0][0], 0x0C);
}

#[test]
fn every_attempt_has_its_own_key_pair() {
    let mut device = display(4);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut central = Initiator::new(REQUEST);
        device.exchange(&central.request);
        let answer = device.exchange(&central.public_key_pdu());
        assert!(!seen.contains(&answer[0]));
        seen.push(answer[0].clone());
        device.receive(&[0x05, 0x08]);
        central.private[0] ^= 1;
    }
}

#[test]
fn loss_of_the_link_while_pairing_is_err_9() {
    let mut device = display(4);
    let mut central = Initiator::new(REQUEST);
    central.exchange_keys(&mut device);
    device.outputs.clear();
    device.manager.disconnected(device.now, HANDLE, ErrorCode::CONNECTION_TIMEOUT);
    device.pump();
    let handle = HANDLE;
    assert_eq!(
        device.outputs,
        [
            SmpOutput::Dialog(Dialog::Clear),
            SmpOutput::SecurityFailed { handle, error: SecurityError::Unspecified },
            SmpOutput::PairingEnded { handle, bonded: false },
        ]
    );
}

#[test]
fn loss_of_the_link_in_peace_says_nothing() {
    let mut device = display(4);
    device.manager.disconnected(device.now, HANDLE, ErrorCode::CONNECTION_TIMEOUT);
    device.pump();
    assert!(device.outputs.is_empty());
}

#[test]
fn thirty_seconds_of_silence_end_smp_on_the_link() {
    // SMP-TIME-2: silence after a timeout.
    let mut device = display(4);
    device.exchange(&REQUEST);
    device.wait(Duration::from_us(29_999_999));
    assert!(device.manager.is_pairing(HANDLE));
    device.wait(Duration::from_us(1));
    assert!(!device.manager.is_pairing(HANDLE));
    assert!(device.lines().contains(&Line::SmpTimeout));
    assert_eq!(device.failure(), Some(SecurityError::Unspecified));
    assert!(device.exchange(&REQUEST).is_empty());
    device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
    device.connect();
    assert_eq!(device.exchange(&REQUEST)[0][0], 0x02);
}

#[test]
fn the_timer_restarts_with_each_command_sent() {
    // SMP-TIME-1: 30 seconds.
    let mut device = display(4);
    let central = Initiator::new(REQUEST);
    device.exchange(&REQUEST);
    device.wait(Duration::from_secs(20));
    device.exchange(&central.public_key_pdu());
    device.wait(Duration::from_secs(20));
    assert!(device.manager.is_pairing(HANDLE));
    // Keypress Notification was not negotiated: it does not stall the timer.
    device.receive(&[0x0E, 0x01]);
    device.wait(Duration::from_secs(10));
    assert!(!device.manager.is_pairing(HANDLE));
}

#[test]
fn security_request_is_answered_by_pairing_encryption_refusal_or_silence() {
    // SMP-SEC-1: no Security Request while pairing.
    let mut device = display(4);
    device.manager.request_security(device.now, HANDLE);
    device.pump();
    assert_eq!(device.sent(), [[0x0B, 0x0D]]);
    assert!(device.manager.is_pairing(HANDLE));
    device.manager.request_security(device.now, HANDLE);
    device.pump();
    assert!(device.sent().is_empty(), "one at a time");

    let mut refused = Device { manager: device.manager.clone(), ..display(4) };
    refused.receive(&[0x05, 0x05]);
    assert_eq!(refused.failure(), Some(SecurityError::PairNotSupported));
    assert!(!refused.manager.is_pairing(HANDLE));

    let mut ignored = Device { manager: device.manager.clone(), ..display(4) };
    ignored.wait(Duration::from_secs(31));
    assert!(ignored.lines().contains(&Line::SmpTimeout));

    let mut keyless = Device { manager: device.manager.clone(), ..display(4) };
    assert_eq!(keyless.ask_ltk(), None);
    assert_eq!(keyless.failure(), Some(SecurityError::PinOrKeyMissing));

    // The Pairing Request that crosses or answers it is handled as any other.
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    assert_eq!(device.manager.level(HANDLE), 4);
}

#[test]
fn failed_encryption_ends_the_pairing() {
    let mut device = display(4);
    let mut central = Initiator::new(REQUEST);
    central.exchange_keys(&mut device);
    let passkey = device.shown().unwrap();
    central.passkey_rounds(&mut device, passkey).unwrap();
    central.check(&mut device, passkey);
    assert!(device.ask_ltk().is_some());
    let status = ErrorCode::PIN_OR_KEY_MISSING;
    device.manager.encryption_changed(device.now, HANDLE, status, false);
    device.pump();
    assert_eq!(device.failure(), Some(SecurityError::PinOrKeyMissing));
    assert_eq!((device.ended(), device.manager.level(HANDLE)), (Some(false), 1));
    assert_eq!(device.manager.bonds().count(), 0);
}

#[test]
fn static_passkey_is_warned_of() {
    let passkey = Passkey::Static(123_456);
    let device = Device::new(SmpConfig { passkey, ..config(IoCapability::DisplayOnly, 4) });
    assert_eq!(device.lines(), [Line::StaticPasskeyWarning]);
}

#[test]
fn cccd_is_kept_with_the_bond() {
    // GATT-CCCD-2: subscriptions are kept with the bond.
    let mut device = display(4);
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    device.prompt = false;
    device.manager.set_cccd(HANDLE, 1, true);
    device.manager.set_cccd(HANDLE, 1, true);
    device.pump();
    assert_eq!(device.effects.len(), 1, "stored once");
    assert_eq!(device.manager.bond_of(HANDLE).unwrap().cccd, 1);
}

#[test]
fn short_keys_are_cut_and_worth_less() {
    let mut device = display(2);
    let mut request = REQUEST;
    request[4] = 7;
    let mut central = Initiator::new(request);
    central.pair_by_passkey(&mut device);
    assert_eq!((device.manager.level(HANDLE), device.manager.key_size(HANDLE)), (3, 7));
    let ltk = device.manager.bond_of(HANDLE).unwrap().ltk.clone();
    assert_eq!(ltk.expose()[..7], central.ltk[..7]);
    assert_eq!(ltk.expose()[7..], [0; 9]);
}

#[test]
fn without_bonding_the_key_lasts_as_long_as_the_link() {
    // SMP-DIST-3: only keys that were agreed.
    let mut device = display(4);
    let mut request = REQUEST;
    request[3] &= !0x01;
    let mut central = Initiator::new(request);
    central.pair_by_passkey(&mut device);
    assert_eq!((device.ended(), device.manager.level(HANDLE)), (Some(false), 4));
    assert_eq!(device.manager.bonds().count(), 0);
    assert_eq!(device.ask_ltk(), Some(central.ltk));
    device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
    device.connect();
    assert_eq!(device.ask_ltk(), None);
}

#[test]
fn a_private_address_without_identity_cannot_be_bonded() {
    let mut device = display(4);
    let mut request = REQUEST;
    request[5] = 0;
    Initiator::new(request).pair_by_passkey(&mut device);
    assert_eq!(device.ended(), Some(true), "its address on air is an identity");
    let private = ble::crypto::address::resolvable(&Secret::new([1; 16]), [2; 3]);
    let bonds = device.manager.bonds().count();
    let mut device = display(4);
    device.manager.connected(device.now, HANDLE, LOCAL, private, None);
    let mut central = Initiator::new(request);
    central.address = private;
    central.pair_by_passkey(&mut device);
    assert_eq!((bonds, device.ended()), (1, Some(false)));
    assert_eq!(device.manager.level(HANDLE), 4);
}

#[test]
fn a_full_table_refuses_strangers_and_keeps_friends() {
    let mut device = display(4);
    for n in 1..=2 {
        let bond = crate::host::bonds::Bond {
            identity: Address::public([n; 6]),
            ltk: Secret::new([n; 16]),
            irk: None,
            level: 4,
            key_size: 16,
            slot: n - 1,
            cccd: 0,
            configured: 0,
            known: 0,
            number: 1,
        };
        let record = bond.to_record().unwrap();
        device.manager.completed(device.now, Completion::Loaded { slot: n - 1, record });
    }
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x08]]);
    device.manager.connected(device.now, HANDLE, LOCAL, Address::public([1; 6]), None);
    assert_eq!(device.exchange(&REQUEST)[0][0], 0x02);
}

/// The host has no more connections than places here. With debug assertions one more panics;
/// without, it is counted, and gets no SMP.
#[test]
fn a_connection_without_a_place_shouts() {
    let shouted = std::panic::catch_unwind(|| {
        let mut device = Device::new(config(IoCapability::DisplayYesNo, 4));
        for handle in 0..3 {
            device.manager.connected(device.now, Handle(handle), LOCAL, PEER, None);
        }
        device.manager.broken().map(|(invariant, _)| invariant)
    });
    if let Ok(counted) = shouted {
        assert_eq!(counted, Some(ble::invariant::Invariant::SecurityPlacesFit));
    }
}
