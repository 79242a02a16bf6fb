use ble::effect::PublicKey;
use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, AclData, Command, Event};
use ble::security::IoCapability;
use ble::time::Duration;
use ble::ui::Ui;
use bletwin_sim::effects;

use super::peer::{CENTRAL, PERIPHERAL};
use super::rig::{HANDLE, Rig};
use super::smp::{PairingError, Pdu, reason};
use super::*;

fn phone() -> Rig {
    Rig::new(HostConfig::default())
}

fn run(mut rig: Rig) -> Rig {
    rig.start();
    rig.run_until_ms(60_000);
    rig
}

fn has(rig: &Rig, wanted: impl Fn(&Command) -> bool) -> bool {
    rig.commands.iter().any(wanted)
}

#[test]
fn the_protected_write_leads_to_a_bond_and_is_repeated() {
    // GAP-ENC-1: bonded devices encrypt. GAP-ENC-2: a key is tried before a pairing.
    let rig = run(phone());
    assert_eq!(rig.host.status().pairing, Some(Ok(4)));
    assert_eq!(rig.shown, [Ui::AskPasskey, Ui::Clear]);
    assert_eq!(rig.peer.led, Some(1));
    let bond = rig.host.bond(PERIPHERAL).unwrap();
    assert_eq!((bond.level, &bond.ltk), (4, rig.peer.bonded_ltk.as_ref().unwrap()));
    assert_eq!(rig.host.mtu(), Some(247));
    let database = rig.host.database().unwrap();
    assert_eq!(database.find(&Uuid::BUTTON).unwrap().cccd, Some(4));
    assert_eq!(database.find(&Uuid::LED).unwrap().value, 6);
    assert!(rig.host.status().finished && rig.host.status().disconnected.is_none());
}

#[test]
fn a_wrong_passkey_fails_with_confirm_value_failed() {
    let mut rig = phone();
    rig.typed = Some(123_457);
    let rig = run(rig);
    assert_eq!(rig.host.status().pairing, Some(Err(PairingError::Peer(4))));
    assert!(rig.host.bonds().is_empty());
    assert_eq!(rig.peer.led, None);
}

#[test]
fn a_peripheral_that_does_not_know_the_passkey_is_refused() {
    let mut rig = phone();
    // It differs in the last bit only, and this responder does not check: the initiator must.
    rig.peer.responder.passkey = 123_456 | 1 << 19;
    rig.peer.responder.credulous = true;
    assert_eq!(run(rig).host.status().pairing, Some(Err(PairingError::Local(4))));
}

#[test]
fn the_passkey_is_shown_to_a_responder_with_a_keyboard() {
    let mut rig = phone();
    rig.peer.responder.features.as_mut().unwrap().io = 2;
    rig.typed = None;
    rig.start();
    rig.run_until_ms(1);
    // The user reads it before the responder's confirm is computed: look it up first.
    let mut probe = phone();
    probe.peer.responder.features.as_mut().unwrap().io = 2;
    let probe = run(probe);
    let Some(Ui::ShowPasskey(passkey)) = probe.shown.first() else { panic!("{:?}", probe.shown) };
    rig.peer.responder.passkey = *passkey;
    rig.run_until_ms(60_000);
    assert_eq!(rig.host.status().pairing, Some(Ok(4)));
}

#[test]
fn numeric_comparison_needs_a_yes() {
    for (equal, expected) in [(true, Ok(4)), (false, Err(PairingError::Local(0x0C)))] {
        let mut rig = phone();
        rig.peer.responder.features.as_mut().unwrap().io = 1;
        rig.peer.passkey_method = false;
        rig.equal = Some(equal);
        let rig = run(rig);
        assert!(matches!(rig.shown.first(), Some(Ui::CompareNumber(0..1_000_000))));
        assert_eq!(rig.host.status().pairing, Some(expected));
    }
}

#[test]
fn just_works_gives_level_2_and_nothing_where_mitm_is_required() {
    // GAP-SEC-1: levels of security.
    for (required, expected) in [(false, Ok(2)), (true, Err(PairingError::Local(3)))] {
        let mut config = HostConfig::default();
        config.pairing.require_mitm = required;
        let mut rig = Rig::new(config);
        rig.peer.responder.features.as_mut().unwrap().io = 3;
        rig.peer.passkey_method = false;
        let rig = run(rig);
        assert_eq!(rig.host.status().pairing, Some(expected));
        assert_eq!(rig.shown, []);
    }
}

#[test]
fn weak_or_strange_responses_are_refused() {
    // SMP-FEAT-1: values of the feature exchange.
    // SMP-FEAT-2: keys of the response.
    // SMP-FEAT-5: authentication requirements.
    let mut legacy = phone();
    legacy.peer.responder.features.as_mut().unwrap().auth = 0x05;
    assert_eq!(run(legacy).host.status().pairing, Some(Err(PairingError::Local(3))));
    let mut short = phone();
    short.peer.responder.features.as_mut().unwrap().key_size = 6;
    assert_eq!(run(short).host.status().pairing, Some(Err(PairingError::Local(0x0A))));
    let mut config = HostConfig::default();
    config.pairing.min_key_size = 16;
    let mut knob = Rig::new(config);
    knob.peer.responder.features.as_mut().unwrap().key_size = 7;
    assert_eq!(run(knob).host.status().pairing, Some(Err(PairingError::Local(6))));
    let mut greedy = phone();
    greedy.peer.responder.features.as_mut().unwrap().initiator_keys = 0x0F;
    assert_eq!(run(greedy).host.status().pairing, Some(Err(PairingError::Local(0x0A))));
}

#[test]
fn bad_public_keys_and_checks_are_refused() {
    let mut invalid = phone();
    // X of a real point with Y forced to zero: not on the curve.
    let mut forged = effects::public_key(&Secret::new([7; 32])).unwrap();
    forged.y = [0; 32];
    invalid.peer.responder.forged_key = Some(forged);
    assert_eq!(run(invalid).host.status().pairing, Some(Err(PairingError::Local(0x0B))));
    let mut check = phone();
    check.peer.responder.forged_check = true;
    assert_eq!(run(check).host.status().pairing, Some(Err(PairingError::Local(0x0B))));
}

#[test]
fn the_debug_key_is_refused_by_policy() {
    let private = Secret::new(reversed_debug_private());
    let debug = effects::public_key(&private).unwrap();
    let mut config = HostConfig::default();
    config.pairing.debug_key = DebugKey::Reject;
    let mut rig = Rig::new(config);
    rig.peer.responder.forged_key = Some(PublicKey { x: debug.x, y: debug.y });
    let rig = run(rig);
    let expected = PairingError::Local(reason::INVALID_PARAMETERS);
    assert_eq!(rig.host.status().pairing, Some(Err(expected)));
}

/// Private key of the debug key pair (Vol 3, Part H, 2.3.5.6.1), least significant octet first.
fn reversed_debug_private() -> [u8; 32] {
    let mut octets = 0_u8;
    let printed = "3f49f6d4a3c55f3874c9b3e3d2103f504aff607beb40b7995899b8a6cd3c1abd";
    std::array::from_fn(|at| {
        octets = u8::from_str_radix(&printed[62 - 2 * at..64 - 2 * at], 16).unwrap();
        octets
    })
}

#[test]
fn a_bonded_reconnection_encrypts_without_pairing() {
    let first = run(phone());
    let config = HostConfig { bonds: first.host.bonds().to_vec(), ..HostConfig::default() };
    let mut second = Rig::new(config);
    second.peer.bonded_ltk = first.peer.bonded_ltk;
    let second = run(second);
    assert_eq!((second.host.status().level, second.host.status().attempts), (4, 0));
    assert_eq!(second.peer.led, Some(1));
}

#[test]
fn a_missing_key_is_treated_as_configured() {
    // GAP-SEC-2: a lost key is not replaced silently.
    let bonds = run(phone()).host.bonds().to_vec();
    let with = |key_missing| {
        run(Rig::new(HostConfig { bonds: bonds.clone(), key_missing, ..HostConfig::default() }))
    };
    let apple = with(KeyMissing::Disconnect);
    assert!(apple.noted("Peer removed pairing information"));
    assert!(has(&apple, |c| matches!(
        c,
        Command::Disconnect { reason: ErrorCode::AUTHENTICATION_FAILURE, .. }
    )));
    assert_eq!(apple.host.bonds().len(), 1);
    let again = with(KeyMissing::PairAgain);
    assert_eq!(again.host.status().pairing, Some(Ok(4)));
    assert_eq!(with(KeyMissing::Ignore).host.status().level, 1);
}

#[test]
fn an_impatient_host_gives_up_when_nothing_comes() {
    let config = HostConfig {
        give_up: Some(Duration::from_secs(13)),
        steps: vec![Step::Secure],
        ..HostConfig::default()
    };
    let mut rig = Rig::new(config);
    rig.peer.responder.features = None;
    rig.start();
    rig.run_until_ms(12_990);
    assert!(!has(&rig, |c| matches!(c, Command::Disconnect { .. })));
    rig.run_until_ms(13_010);
    assert!(has(&rig, |c| matches!(
        c,
        Command::Disconnect { reason: ErrorCode::REMOTE_USER_TERMINATED, .. }
    )));
    assert_eq!(rig.shown, []);
}

#[test]
fn a_patient_host_fails_after_30_s_and_pairs_no_more_on_this_link() {
    let mut rig = phone();
    rig.peer.responder.features = None;
    let mut rig = run(rig);
    assert_eq!(rig.host.status().pairing, Some(Err(PairingError::Timeout)));
    rig.send(l2cap::CID_SMP, &Pdu::SecurityRequest(0x0D).encode());
    rig.run_until_ms(61_000);
    assert_eq!(rig.host.status().attempts, 1);
}

#[test]
fn an_open_dialog_holds_the_host_back_from_giving_up() {
    let config = HostConfig { give_up: Some(Duration::from_secs(13)), ..HostConfig::default() };
    let mut rig = Rig::new(config);
    rig.typed = None;
    rig.start();
    rig.run_until_ms(25_000);
    assert!(!has(&rig, |c| matches!(c, Command::Disconnect { .. })));
    rig.host.act(rig.now, &Act::TypePasskey(123_456));
    rig.run_until_ms(26_000);
    assert_eq!(rig.host.status().pairing, Some(Ok(4)));
}

#[test]
fn a_security_request_is_followed_or_refused() {
    // SMP-SEC-2: what a Security Request starts.
    for (follow, attempts) in [(true, 1), (false, 0)] {
        let config = HostConfig {
            steps: vec![],
            pair_on: PairOn { att_error: false, forgotten: true, security_request: follow },
            ..HostConfig::default()
        };
        let mut rig = Rig::new(config);
        rig.start();
        rig.run_until_ms(10);
        rig.send(l2cap::CID_SMP, &Pdu::SecurityRequest(0x0D).encode());
        rig.run_until_ms(1000);
        assert_eq!(rig.host.status().attempts, attempts);
    }
}

#[test]
fn a_host_that_does_not_pair_on_att_errors_goes_on() {
    let config = HostConfig {
        pair_on: PairOn { att_error: false, forgotten: true, security_request: false },
        ..HostConfig::default()
    };
    let rig = run(Rig::new(config));
    assert_eq!((rig.host.status().attempts, rig.peer.led), (0, None));
    assert!(rig.host.status().finished);
}

#[test]
fn losing_the_link_ends_the_pairing_and_the_dialog() {
    let mut rig = phone();
    rig.typed = None;
    rig.start();
    rig.run_until_ms(5_000);
    let reason = ErrorCode::CONNECTION_TIMEOUT;
    rig.event(Event::DisconnectionComplete { handle: HANDLE, reason });
    rig.run_until_ms(6_000);
    assert_eq!(rig.shown, [Ui::AskPasskey, Ui::Clear]);
    assert_eq!(rig.host.status().pairing, Some(Err(PairingError::LinkLost(reason))));
    assert_eq!(rig.host.status().disconnected, Some(reason));
    assert_eq!(rig.host.deadline(), None);
}

#[test]
fn a_static_passkey_falls_within_20_attempts() {
    let config = HostConfig { attack: Some(Attack { max_attempts: 30 }), ..HostConfig::default() };
    let mut rig = Rig::new(config);
    rig.peer.responder.passkey = 0xAAAAA;
    rig.typed = None;
    let rig = run(rig);
    assert_eq!(rig.host.status().pairing, Some(Ok(4)));
    assert!((2..=20).contains(&rig.host.status().attempts), "{}", rig.host.status().attempts);
    assert_eq!(rig.shown, []);
}

#[test]
fn a_static_passkey_falls_to_an_attacker_who_has_to_reconnect() {
    let config = HostConfig {
        attack: Some(Attack { max_attempts: 30 }),
        steps: vec![Step::Secure, Step::Stay(Duration::from_secs(1))],
        ..HostConfig::default()
    };
    let mut rig = Rig::new(config);
    rig.peer.responder.passkey = 999_999;
    rig.start();
    for second in 1..60 {
        rig.run_until_ms(second * 1000);
        if rig.host.status().bonded {
            break;
        }
        let reason = ErrorCode::REMOTE_USER_TERMINATED;
        rig.event(Event::DisconnectionComplete { handle: HANDLE, reason });
    }
    assert!(rig.host.status().bonded);
}

#[test]
fn a_random_passkey_costs_the_attacker_all_its_attempts() {
    let config = HostConfig { attack: Some(Attack { max_attempts: 25 }), ..HostConfig::default() };
    let mut rig = Rig::new(config);
    rig.start();
    for ms in 1..2_000_u32 {
        // Another passkey for each attempt.
        rig.peer.responder.passkey = ms.wrapping_mul(2_654_435_761) % 1_000_000;
        rig.run_until_ms(u64::from(ms) * 10);
    }
    assert_eq!((rig.host.status().attempts, rig.host.status().bonded), (25, false));
}

#[test]
fn parameters_are_granted_by_the_rules_on_both_ways() {
    let asked = |rules| {
        let config = HostConfig { parameter_rules: rules, ..HostConfig::default() };
        let mut rig = run(Rig::new(config));
        rig.send(l2cap::CID_SIGNALLING, &[0x12, 7, 8, 0, 24, 0, 40, 0, 0, 0, 42, 0]);
        rig.event(Event::LeRemoteConnectionParameterRequest {
            handle: HANDLE,
            interval_min: 24,
            interval_max: 40,
            latency: 0,
            timeout: 42,
        });
        rig.run_until_ms(61_000);
        let update = has(&rig, |c| matches!(c, Command::LeConnectionUpdate { .. }));
        let reply =
            has(&rig, |c| matches!(c, Command::LeRemoteConnectionParameterRequestReply { .. }));
        (update, reply)
    };
    assert_eq!(asked(ParameterRules::All), (true, true));
    assert_eq!(asked(ParameterRules::Apple), (false, false));
}

#[test]
fn a_private_address_resolves_with_the_key_that_is_distributed() {
    // GAP-RPA-1: private addresses are resolved.
    let config = HostConfig { address: OwnAddress::Resolvable, ..HostConfig::default() };
    let rig = run(Rig::new(config));
    let on_air = rig.commands.iter().find_map(|command| match command {
        Command::LeSetRandomAddress { address } => Some(*address),
        _ => None,
    });
    let on_air = Address::new(AddressKind::Random, on_air.unwrap());
    let [Pdu::IdentityInformation(irk), Pdu::IdentityAddress(identity)] =
        rig.peer.responder.central_keys[..]
    else {
        panic!("{:?}", rig.peer.responder.central_keys);
    };
    assert!(ble::crypto::address::resolves(&Secret::new(irk), on_air));
    assert_eq!(identity, CENTRAL);
}

#[test]
fn connecting_in_vain_is_cancelled() {
    let mut rig = phone();
    rig.answers = false;
    let rig = run(rig);
    assert!(has(&rig, |c| matches!(c, Command::LeCreateConnectionCancel)));
    assert_eq!(rig.host.status().disconnected, Some(ErrorCode::UNKNOWN_CONNECTION));
}

#[test]
fn a_server_that_does_not_answer_is_disconnected_after_30_s() {
    // ATT-TIME-1: 30 seconds.
    let mut rig = phone();
    rig.link_works = false;
    rig.start();
    rig.run_until_ms(29_000);
    assert_eq!(rig.host.status().disconnected, None);
    rig.run_until_ms(31_000);
    assert_eq!(rig.host.status().disconnected, Some(ErrorCode::LOCAL_HOST_TERMINATED));
}

#[test]
fn connecting_is_repeated_when_the_peripheral_stays_silent() {
    let config = HostConfig { connect_attempts: 3, ..HostConfig::default() };
    let (reason, mut rig) = (ErrorCode::FAILED_TO_ESTABLISH, Rig::new(config));
    rig.link_works = false;
    rig.start();
    for ms in [100, 200, 300, 400] {
        rig.run_until_ms(ms);
        rig.event(Event::DisconnectionComplete { handle: HANDLE, reason });
    }
    let created = |c: &&Command| matches!(c, Command::LeCreateConnection { .. });
    assert_eq!(rig.commands.iter().filter(created).count(), 3);
    let status = rig.host.status();
    assert_eq!((status.connections, status.disconnected), (0, Some(reason)));
}

#[test]
fn a_finished_connection_comes_back_on_request() {
    let config = HostConfig {
        steps: vec![Step::Secure, Step::Disconnect],
        reconnect: Some(Duration::from_ms(500)),
        max_connections: 3,
        ..HostConfig::default()
    };
    let rig = run(Rig::new(config));
    let status = rig.host.status();
    assert_eq!((status.connections, status.attempts, status.bonded), (3, 1, true));
}

#[test]
fn data_wait_for_room_in_the_controller() {
    let mut rig = phone();
    rig.start();
    rig.run_until_ms(10);
    let mut host = rig.host.clone();
    for _ in 0..20 {
        host.acl(
            rig.now,
            &Acl {
                handle: HANDLE,
                boundary: AclBoundary::First,
                // An indication asks for a confirmation each time.
                data: AclData::from_slice(&[3, 0, 4, 0, 0x1D, 2, 0]).unwrap(),
            },
        );
    }
    let packets = std::iter::from_fn(|| host.poll()).filter(|o| matches!(o, HostOutput::Acl(_)));
    assert_eq!(packets.count(), 3);
    host.event(rig.now, Event::NumberOfCompletedPackets { handle: HANDLE, count: 2 });
    assert_eq!(std::iter::from_fn(|| host.poll()).count(), 2);
}

#[test]
fn io_capability_is_sent_as_configured() {
    let mut config = HostConfig::default();
    config.pairing.io = IoCapability::NoInputNoOutput;
    let mut rig = Rig::new(config);
    rig.peer.passkey_method = false;
    assert_eq!(run(rig).host.status().pairing, Some(Ok(2)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever a peripheral sends, at whatever time: no panic, no endless talk.
    #[test]
    fn hostile_frames_do_no_harm(
        frames in proptest::collection::vec(
            (0u64..300, 4u16..7, proptest::collection::vec(0u8..0x20, 0..40)), 0..60),
    ) {
        let mut rig = phone();
        rig.start();
        let mut ms = 0;
        for (pause, cid, frame) in frames {
            ms += pause;
            rig.run_until_ms(ms);
            rig.send(cid, &frame);
        }
        rig.run_until_ms(ms + 100_000);
    }

    /// The same below L2CAP.
    #[test]
    fn hostile_packets_do_no_harm(
        packets in proptest::collection::vec(
            (proptest::bool::ANY, proptest::collection::vec(0u8.., 0..30)), 0..60),
    ) {
        let mut rig = phone();
        rig.start();
        rig.run_until_ms(1);
        for (first, data) in packets {
            let boundary = if first { AclBoundary::First } else { AclBoundary::Continuing };
            let data = AclData::from_slice(&data).unwrap();
            rig.host.acl(rig.now, &Acl { handle: HANDLE, boundary, data });
        }
        rig.run_until_ms(200_000);
    }
}
