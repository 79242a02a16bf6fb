//! Features (F1–F3), version (V1), data length (L1), ping (G1), and what nobody understands (Q1).

use super::script::{HANDLE, OK, Script, VERSION};
use crate::error::{ErrorCode, PeerMisbehaved};
use crate::hci::{Command, Event};
use crate::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode, VersionInd};
use crate::pdu::data::Llid;
use crate::time::Duration;

const READ_FEATURES: Command = Command::LeReadRemoteFeatures { handle: HANDLE };
const READ_VERSION: Command = Command::ReadRemoteVersion { handle: HANDLE };

/// Octets 0 and 1 of what this device says: LL Privacy stays with it.
const SAID: u64 = 0b0100_0001_0011_1111;

fn features(status: u8, features: u64) -> Event {
    let (status, features) = (ErrorCode(status), FeatureSet(features));
    Event::LeRemoteFeatures { handle: HANDLE, status, features }
}

#[test]
fn f1_own_feature_request() {
    let mut s = Script::new();
    assert_eq!(s.ask(READ_FEATURES), OK);
    assert_eq!(s.event(&[]), [ControlPdu::PeripheralFeatureReq(FeatureSet(SAID))]);
    s.event(&[ControlPdu::FeatureRsp(FeatureSet(0x59FF))]);
    assert_eq!(s.told(), [features(0, 0x59FF)]);
    // Known now: nothing on air.
    s.ask(READ_FEATURES);
    assert_eq!(s.event(&[]), []);
    assert_eq!(s.told(), [features(0, 0x59FF)]);
}

#[test]
fn f2_the_central_does_not_know_the_request() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    s.event(&[]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::PERIPHERAL_FEATURE_REQ)]);
    assert_eq!(s.told(), [features(0x1A, 0)]);
}

#[test]
fn f3_the_answer_has_common_bits_in_octet_0_and_own_ones_beyond() {
    for peer in [0, 0xFF, 0x21, 0x59FF, u64::MAX] {
        let mut s = Script::new();
        s.event(&[ControlPdu::FeatureReq(FeatureSet(peer))]);
        let expected = (SAID & peer & 0xFF) | (SAID & !0xFF);
        assert_eq!(s.event(&[]), [ControlPdu::FeatureRsp(FeatureSet(expected))]);
    }
}

#[test]
fn v1_version_is_said_once_in_each_direction() {
    let theirs = VersionInd { version: 12, company: 2, subversion: 9 };
    let mut s = Script::new();
    s.event(&[ControlPdu::VersionInd(theirs)]);
    assert_eq!(s.event(&[ControlPdu::VersionInd(theirs)]), [ControlPdu::VersionInd(VERSION)]);
    assert_eq!(s.event(&[]), [], "answered once");
    s.ask(READ_VERSION);
    assert_eq!(s.event(&[]), [], "known already");
    let (version, company, subversion) = (12, 2, 9);
    let known = Event::RemoteVersion { handle: HANDLE, status: OK, version, company, subversion };
    assert_eq!(s.told(), core::slice::from_ref(&known));

    let mut s = Script::new();
    s.ask(READ_VERSION);
    assert_eq!(s.event(&[]), [ControlPdu::VersionInd(VERSION)]);
    s.event(&[ControlPdu::VersionInd(theirs)]);
    assert_eq!(s.told(), [known]);
    assert_eq!(s.event(&[]), [], "no answer to the answer");
}

#[test]
fn host_requests_back_to_back_run_one_after_another() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    s.ask(super::phy::SET_2M);
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    s.ask(READ_VERSION);
    assert!(matches!(s.event(&[])[..], [ControlPdu::PeripheralFeatureReq(_)]));
    assert_eq!(s.event(&[ControlPdu::FeatureRsp(FeatureSet(0x59FF))]), []);
    assert_eq!(s.event(&[]), [super::phy::REQ_2M]);
    s.event(&[super::phy::update(6)]);
    s.until(6);
    assert_eq!(s.event(&[]), []);
    assert!(matches!(s.event(&[])[..], [ControlPdu::LengthReq(_)]));
    s.event(&[ControlPdu::UnknownRsp(Opcode::LENGTH_REQ)]);
    assert!(matches!(s.event(&[])[..], [ControlPdu::VersionInd(_)]));
}

#[test]
fn l1_lengths_are_the_smaller_of_both_sides() {
    let mut s = Script::new();
    let peer =
        DataLength { max_rx_octets: 60, max_rx_time: 592, max_tx_octets: 251, max_tx_time: 17_040 };
    s.event(&[ControlPdu::LengthReq(peer)]);
    // The host has not asked for longer transmissions.
    let own =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 27, max_tx_time: 328 };
    assert_eq!(s.event(&[]), [ControlPdu::LengthRsp(own)]);
    let change = |tx_octets, tx_time, rx_octets, rx_time| Event::LeDataLengthChange {
        handle: HANDLE,
        tx_octets,
        tx_time,
        rx_octets,
        rx_time,
    };
    assert_eq!(s.told(), [change(27, 328, 251, 2120)]);
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    // The peer has said already what it can take.
    assert_eq!(s.told(), [change(60, 592, 251, 2120)]);
    let own = DataLength { max_tx_octets: 251, max_tx_time: 2120, ..own };
    assert_eq!(s.event(&[]), [ControlPdu::LengthReq(own)]);
    s.event(&[ControlPdu::LengthRsp(peer)]);
    s.event(&[ControlPdu::LengthReq(peer)]);
    assert_eq!(s.told(), [], "nothing has changed");
}

#[test]
fn l1_values_below_the_minimum_count_as_the_minimum() {
    let mut s = Script::new();
    let peer = DataLength { max_rx_octets: 0, max_rx_time: 1, max_tx_octets: 26, max_tx_time: 327 };
    s.event(&[ControlPdu::LengthReq(peer)]);
    assert_eq!(s.told(), []);
}

#[test]
fn g1_ping_is_answered() {
    let mut s = Script::new();
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
}

#[test]
fn unasked_answers_are_named_and_ignored() {
    let length =
        DataLength { max_rx_octets: 99, max_rx_time: 999, max_tx_octets: 99, max_tx_time: 999 };
    for pdu in [
        ControlPdu::PingRsp,
        ControlPdu::LengthRsp(length),
        ControlPdu::FeatureRsp(FeatureSet(0)),
        ControlPdu::UnknownRsp(Opcode::PHY_REQ),
        ControlPdu::RejectInd(ErrorCode(0x1F)),
        ControlPdu::RejectExtInd { opcode: Opcode::ENC_REQ, error: ErrorCode(6) },
        ControlPdu::PauseEncRsp,
        ControlPdu::StartEncRsp,
    ] {
        let mut s = Script::new();
        s.event(&[pdu]);
        assert_eq!(s.event(&[]), [], "{pdu:?}");
        assert_eq!(s.told(), []);
        assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse), "{pdu:?}");
    }
}

#[test]
fn q1_wrong_roles_wrong_lengths_and_undefined_opcodes_are_unknown() {
    let understood = [0x00, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0F];
    let understood = [&understood[..], &[0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x18]].concat();
    for code in 0..=u8::MAX {
        let opcode = Opcode(code);
        let right = opcode.ctr_data_len().unwrap_or(0);
        for length in [right, right + 1, right.saturating_sub(1)] {
            if length == right && understood.contains(&code) {
                continue;
            }
            if length != right && opcode.ctr_data_len().is_none() {
                continue;
            }
            let mut octets = std::vec![0; length + 1];
            octets[0] = code;
            let mut s = Script::new();
            s.receive(Llid::Control, &octets);
            let answers = s.event(&[]);
            assert_eq!(answers, [ControlPdu::UnknownRsp(opcode)], "{length} octets");
        }
    }
    let mut s = Script::new();
    s.receive(Llid::Control, &[]);
    assert_eq!(s.event(&[]), []);
}

#[test]
fn a_central_that_never_answers_is_left_after_40_s() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    let asked = s.now;
    s.event(&[]);
    assert_eq!(s.control.deadline(), Some(asked + Duration::from_secs(40)));
    s.now = asked + Duration::from_ms(39_999);
    s.timer();
    assert!(!s.dropped);
    s.now = asked + Duration::from_secs(40);
    s.timer();
    s.assert_left(ErrorCode::LL_RESPONSE_TIMEOUT);
    assert!(s.misbehaved(PeerMisbehaved::NoResponse));
}

#[test]
fn a_central_that_owes_the_indication_is_left_after_40_s() {
    let mut s = Script::new();
    s.event(&[super::phy::REQ_2M]);
    s.wait(Duration::from_secs(39));
    assert!(!s.dropped);
    s.wait(Duration::from_secs(2));
    s.assert_left(ErrorCode::LL_RESPONSE_TIMEOUT);
}

#[test]
fn a_flood_without_acknowledgement_is_bounded_and_named() {
    let mut s = Script::new();
    for _ in 0..100 {
        s.receive(Llid::Control, &ControlPdu::PingReq.encode());
    }
    assert!(s.misbehaved(PeerMisbehaved::TooManyRequests));
    let mut answers = 0;
    for _ in 0..30 {
        answers += s.event(&[]).len();
    }
    assert!((8..=16).contains(&answers), "{answers}");
}

#[test]
fn a_central_without_versions_is_not_asked_twice() {
    let mut s = Script::new();
    let ask = Command::ReadRemoteVersion { handle: HANDLE };
    s.ask(ask.clone());
    assert_eq!(s.event(&[]), [ControlPdu::VersionInd(VERSION)]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::VERSION_IND)]);
    let unknown = |told: &[Event]| {
        matches!(told, [Event::RemoteVersion { status, .. }]
            if *status == ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
    };
    assert!(unknown(&s.told()));
    s.ask(ask);
    assert!(unknown(&s.told()));
    s.wait(Duration::from_secs(41));
    assert!(!s.dropped);
}

/// Its procedure is over then; nobody waits 40 s for the indication.
#[test]
fn a_central_may_refuse_our_answer() {
    let refusals = [
        ControlPdu::UnknownRsp(Opcode::PHY_RSP),
        ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER),
        ControlPdu::RejectExtInd {
            opcode: Opcode::PHY_RSP,
            error: ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER,
        },
    ];
    for refusal in refusals {
        let mut s = Script::new();
        s.event(&[super::phy::REQ_2M]);
        assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]));
        s.event(&[refusal]);
        s.wait(Duration::from_secs(41));
        assert!(!s.dropped);
    }
}
