//! What the host starts by itself: which HCI commands, in which order, when.

use super::*;
use crate::config::PhyUpdate;
use crate::host::l2cap::CID_SIGNALLING;
use crate::host::procedures::Request;
use ble::error::ErrorCode;
use ble::hci::ConnectionParameters;
use ble::phy::PhySet;

const AUTOMATIC: [&str; 5] = [
    "LeReadRemoteFeatures",
    "ReadRemoteVersion",
    "LeSetPhy",
    "LeSetDataLength",
    "LeConnectionUpdate",
];

pub(super) fn automatic(rig: &Rig) -> Vec<&'static str> {
    rig.names().into_iter().filter(|name| AUTOMATIC.contains(name)).collect()
}

const PREFERRED: ConnectionParameters =
    ConnectionParameters { interval_min: 24, interval_max: 40, latency: 0, timeout: 42 };

#[test]
fn zephyr_2024_sends_three_commands_on_connecting_and_one_after_five_seconds() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    let (tx, rx) = (PhySet::LE_2M, PhySet::LE_2M);
    let expected = [
        Command::LeReadRemoteFeatures { handle: HANDLE },
        Command::LeSetPhy { handle: HANDLE, tx, rx, coded_options: 0 },
        Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 },
    ];
    assert_eq!(rig.commands, expected);
    rig.forget();
    rig.pass(Duration::from_us(4_999_999));
    assert_eq!(rig.commands, []);
    rig.pass(Duration::from_us(1));
    let update = Command::LeConnectionUpdate { handle: HANDLE, parameters: PREFERRED };
    assert_eq!(rig.commands, [update]);
}

#[test]
fn zephyr_2024_does_not_wait_for_pairing() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    rig.send(CID_SMP, &PAIRING_REQUEST);
    rig.forget();
    rig.pass(Duration::from_secs(6));
    assert_eq!(automatic(&rig), ["LeConnectionUpdate"]);
}

#[test]
fn parameters_that_fit_are_left_alone() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    rig.event(Event::LeConnectionUpdateComplete {
        handle: HANDLE,
        status: ErrorCode::SUCCESS,
        interval: 30,
        latency: 0,
        timeout: 42,
    });
    rig.forget();
    rig.pass(Duration::from_secs(6));
    assert_eq!(rig.commands, []);
}

#[test]
fn cpu_bv_01_l2cap_is_asked_where_the_link_layer_cannot() {
    for at_once in [true, false] {
        let mut rig = Rig::connected(&Config::zephyr_2024());
        let unsupported = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
        if at_once {
            rig.update_status = unsupported;
        }
        rig.pass(Duration::from_secs(5));
        if !at_once {
            rig.event(Event::LeConnectionUpdateComplete {
                handle: HANDLE,
                status: unsupported,
                interval: 12,
                latency: 0,
                timeout: 200,
            });
        }
        let request = [0x12, 1, 8, 0, 24, 0, 40, 0, 0, 0, 42, 0];
        assert_eq!(rig.received(), (CID_SIGNALLING, request.to_vec()));
        rig.forget();
        rig.send(CID_SIGNALLING, &[0x13, 1, 2, 0, 1, 0]);
        assert_eq!(rig.logs, ["Connection parameter update failed (err 0x3b)"]);
    }
}

/// GAP-PAR-1: 30 s between two requests for parameters. GAP-PAR-2: requests for parameters that are
/// possible.
#[test]
fn a_central_that_has_answered_is_left_alone_for_30_s() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    rig.update_status = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
    rig.pass(Duration::from_secs(5));
    assert_eq!(rig.received().1[..2], [0x12, 1]);
    rig.send(CID_SIGNALLING, &[0x13, 1, 2, 0, 1, 0]);
    rig.pass(Duration::from_secs(29));
    rig.forget();
    rig.input(HostInput::Ask(Request::Parameters));
    assert!(rig.frames.is_empty());
    assert_eq!(rig.logs, ["Connection parameter update failed (err 0x1a)"]);
    rig.pass(Duration::from_secs(2));
    rig.input(HostInput::Ask(Request::Parameters));
    assert_eq!(rig.received().1[..2], [0x12, 2]);
}

#[test]
fn recommended_starts_nothing_while_pairing() {
    let mut rig = Rig::connected(&Config::recommended());
    assert_eq!(automatic(&rig), [""; 0], "nor on connecting");
    rig.send(CID_SMP, &PAIRING_REQUEST);
    rig.pass(Duration::from_secs(20));
    assert_eq!(automatic(&rig), [""; 0]);
    // Pairing Failed: security has settled, and deferred requests may be sent.
    rig.send(CID_SMP, &[0x05, 0x08]);
    assert_eq!(automatic(&rig), ["LeReadRemoteFeatures", "LeConnectionUpdate"]);
}

#[test]
fn recommended_asks_after_encryption_on_a_bonded_reconnection() {
    let mut rig = Rig::with_bond(&Config::recommended(), Some(&bond()));
    rig.connect(INTEL);
    rig.forget();
    rig.event(Event::LeLongTermKeyRequest { handle: HANDLE, rand: 0, ediv: 0 });
    assert_eq!(rig.names(), ["LeLongTermKeyRequestReply"]);
    rig.forget();
    rig.encrypt();
    assert_eq!(automatic(&rig), ["LeReadRemoteFeatures", "LeSetPhy", "LeSetDataLength"]);
    assert_eq!(rig.host.level(HANDLE), 4);
    assert_eq!(rig.logs, ["Security changed: 58:A0:23:A6:35:0A (public) level 4"]);
    rig.forget();
    let status = ErrorCode::SUCCESS;
    rig.event(Event::EncryptionKeyRefreshComplete { handle: HANDLE, status });
    assert_eq!(automatic(&rig), [""; 0], "once");
    rig.pass(Duration::from_secs(6));
    assert_eq!(automatic(&rig), ["LeConnectionUpdate"]);
}

#[test]
fn encryption_that_fails_starts_nothing() {
    let mut rig = Rig::with_bond(&Config::recommended(), Some(&bond()));
    rig.connect(INTEL);
    rig.forget();
    let status = ErrorCode::PIN_OR_KEY_MISSING;
    rig.event(Event::EncryptionChange { handle: HANDLE, status, enabled: false });
    assert_eq!(automatic(&rig), [""; 0]);
}

#[test]
fn a_security_request_comes_before_the_automatic_procedures() {
    let config = Config { security_request: true, ..Config::zephyr_2024() };
    let mut rig = Rig::connected(&config);
    let (cid, pdu) = rig.received();
    assert_eq!((cid, pdu[0]), (CID_SMP, 0x0B));
}

/// The host's answer to a request for the preferred parameters.
fn asked_for_parameters(config: &Config) -> Vec<Command> {
    let mut rig = Rig::connected(config);
    let p = PREFERRED;
    rig.event(Event::LeRemoteConnectionParameterRequest {
        handle: HANDLE,
        interval_min: p.interval_min,
        interval_max: p.interval_max,
        latency: p.latency,
        timeout: p.timeout,
    });
    rig.commands
}

#[test]
fn a_central_that_asks_for_parameters_gets_them() {
    let (handle, parameters) = (HANDLE, PREFERRED);
    let reply = Command::LeRemoteConnectionParameterRequestReply { handle, parameters };
    assert_eq!(asked_for_parameters(&Config::recommended()), [reply]);
}

#[test]
fn firmware_may_refuse_the_parameters_that_a_central_asks_for() {
    let config = Config { refuses_parameters: true, ..Config::recommended() };
    let (handle, reason) = (HANDLE, ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS);
    let reply = Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason };
    assert_eq!(asked_for_parameters(&config), [reply]);
}

#[test]
fn the_application_may_ask_for_each_procedure_whenever_it_likes() {
    let config = Config { phy_update: PhyUpdate::Never, ..Config::recommended() };
    let commands = [
        "LeReadRemoteFeatures",
        "ReadRemoteVersion",
        "LeSetPhy",
        "LeSetDataLength",
        "LeConnectionUpdate",
    ];
    for (request, command) in Request::ALL.into_iter().zip(commands) {
        let mut rig = Rig::connected(&config);
        rig.input(HostInput::Ask(request));
        assert_eq!(automatic(&rig), [command]);
    }
    let mut alone = Rig::started(&config);
    alone.input(HostInput::Ask(Request::Phy));
    assert_eq!(automatic(&alone), [""; 0], "without a connection there is nobody to ask");
}
