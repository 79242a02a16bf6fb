//! Scripts U1–U15: connection update and connection parameters request.

use super::super::parameters::{ask, complete, request, update, wanted};
use super::super::script::{HANDLE, LINK, OK, Script};
use crate::link::message::{LinkOrder, NewParameters};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, Event};
use ble::pdu::control::{ConnectionParam, ControlPdu, FeatureSet, Opcode};

/// U1. The host is notified at the instant, not one event before.
#[test]
fn an_own_request_is_granted_at_the_instant() {
    let mut s = Script::new();
    assert_eq!(s.ask(ask(30)), OK);
    let sent = s.event(&[]);
    let [ControlPdu::ConnectionParamReq(p)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!((p.interval_min, p.interval_max, p.timeout), (30, 30, 200));
    assert_eq!(p.offsets, [0xFFFF; 6]);
    s.event(&[update(30, 7)]);
    let parameters =
        NewParameters { win_size: 1, win_offset: 2, interval: 30, latency: 0, timeout: 200 };
    assert!(s.orders.contains(&LinkOrder::Update { link: LINK, instant: 7, parameters }));
    s.until(7);
    assert_eq!(s.events(), [], "not one event before");
    s.event(&[]);
    assert_eq!(s.events(), [complete(0, 30, 0, 200)]);
}

/// U2 and U3. Rejected with 0x3B in either form, or unknown: the host gets 0x3B or 0x1A.
#[test]
fn an_own_request_is_refused_or_unknown() {
    let req = Opcode::CONNECTION_PARAM_REQ;
    let cases = [
        (ControlPdu::RejectExtInd { opcode: req, error: ErrorCode(0x3B) }, 0x3B),
        (ControlPdu::RejectInd(ErrorCode(0x3B)), 0x3B),
        (ControlPdu::UnknownRsp(req), 0x1A),
    ];
    for (answer, status) in cases {
        let mut s = Script::new();
        s.ask(ask(30));
        s.event(&[]);
        s.event(&[answer]);
        assert_eq!(s.events(), [complete(status, 24, 0, 100)]);
    }
}

/// U4. The command fails with 0x1A and nothing is on air; the host uses L2CAP then.
///
/// LL-PAR-4: which way a peripheral asks.
/// LL-FEAT-3: features of the peer.
#[test]
fn a_central_known_to_lack_the_feature_is_not_asked() {
    let mut s = Script::with_features(FeatureSet::ENCRYPTION);
    assert_eq!(s.ask(ask(30)), ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
    assert_eq!(s.event(&[]), []);
}

/// U5, accepted.
///
/// LL-PAR-2: answers of a peripheral.
#[test]
fn the_host_accepts_the_centrals_request() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    let (interval_min, interval_max, latency, timeout) = (50, 50, 0, 200);
    let asked = Event::LeRemoteConnectionParameterRequest {
        handle: HANDLE,
        interval_min,
        interval_max,
        latency,
        timeout,
    };
    assert_eq!(s.events(), [asked]);
    let parameters = wanted(50);
    let reply = Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters };
    assert_eq!(s.ask(reply.clone()), OK);
    assert_eq!(s.event(&[]), [ControlPdu::ConnectionParamRsp(request(50))]);
    assert_eq!(s.ask(reply), ErrorCode::COMMAND_DISALLOWED, "answered already");
}

/// U5, refused.
///
/// LL-REJ-1: form of a reject.
/// LL-PAR-2: answers of a peripheral.
#[test]
fn the_host_refuses_in_the_form_that_the_central_knows() {
    let error = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
    let opcode = Opcode::CONNECTION_PARAM_REQ;
    let cases = [
        (Script::new(), ControlPdu::RejectInd(error)),
        (
            Script::with_features(FeatureSet::EXTENDED_REJECT),
            ControlPdu::RejectExtInd { opcode, error },
        ),
    ];
    for (mut s, expected) in cases {
        s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
        s.events();
        let reason = error;
        s.ask(Command::LeRemoteConnectionParameterRequestNegativeReply { handle: HANDLE, reason });
        assert_eq!(s.event(&[]), [expected]);
    }
}

/// U6 to U9. Answered without asking the host. Elsewhere an application below the host may refuse
/// such a request or take its time; this controller has no such application and agrees immediately.
///
/// LL-PAR-6: requests for the controller.
#[test]
fn a_request_that_only_moves_the_anchor_is_not_the_hosts() {
    let mut s = Script::new();
    let mut moved = request(24);
    moved.timeout = 100;
    s.event(&[ControlPdu::ConnectionParamReq(moved)]);
    assert_eq!(s.events(), []);
    assert_eq!(s.event(&[]), [ControlPdu::ConnectionParamRsp(moved)]);
}

/// U10.
///
/// LL-PAR-3: error codes.
#[test]
fn a_request_out_of_range_never_reaches_the_host() {
    let illegal = [
        ConnectionParam { interval_min: 5, ..request(50) },
        ConnectionParam { interval_min: 51, ..request(50) },
        ConnectionParam { interval_max: 3201, ..request(50) },
        ConnectionParam { latency: 500, ..request(50) },
        ConnectionParam { timeout: 9, ..request(50) },
        ConnectionParam { latency: 16, ..request(50) },
        ConnectionParam { preferred_periodicity: 51, ..request(50) },
        ConnectionParam { offsets: [1, 51, 2, 3, 4, 5], ..request(50) },
    ];
    for pdu in illegal {
        let mut s = Script::with_features(FeatureSet::EXTENDED_REJECT);
        s.event(&[ControlPdu::ConnectionParamReq(pdu)]);
        let (opcode, error) = (Opcode::CONNECTION_PARAM_REQ, ErrorCode::INVALID_LL_PARAMETERS);
        assert_eq!(s.event(&[]), [ControlPdu::RejectExtInd { opcode, error }], "{pdu:?}");
        assert_eq!(s.events(), []);
    }
}

/// U11. Instead of the indication the central refuses our LL_CONNECTION_PARAM_RSP, in any form:
/// only the procedure is over. One stack disconnects with 0x24; the specification lets a central
/// reject at this point.
///
/// LL-PAR-5: a response that is refused.
/// LL-REJ-2: both forms of a reject.
#[test]
fn a_refusal_of_our_response_ends_the_procedure_only() {
    let rsp = Opcode::CONNECTION_PARAM_RSP;
    let error = ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER;
    for refusal in [
        ControlPdu::RejectExtInd { opcode: rsp, error },
        ControlPdu::RejectExtInd { opcode: Opcode::CONNECTION_PARAM_REQ, error },
        ControlPdu::RejectInd(error),
        ControlPdu::UnknownRsp(rsp),
    ] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
        s.events();
        let parameters = wanted(50);
        s.ask(Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters });
        s.event(&[]);
        s.event(&[refusal]);
        assert!(!s.dropped);
        assert_eq!(s.events(), []);
        s.ask(ask(30));
        assert!(matches!(s.event(&[])[..], [ControlPdu::ConnectionParamReq(_)]), "free again");
    }
}

/// U12 and U14. LL_UNKNOWN_RSP for the central, 0x0C for the host.
#[test]
fn without_the_feature_neither_end_asks() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::CONNECTION_PARAM_REQ)]);
    assert_eq!(s.ask(ask(30)), ErrorCode::COMMAND_DISALLOWED);
}

/// U13.
///
/// LL-UPD-4: the host is told.
#[test]
fn the_host_is_notified_of_changes_only() {
    let mut s = Script::new();
    s.event(&[update(30, 6)]);
    s.until(7);
    assert_eq!(s.events(), [complete(0, 30, 0, 200)]);
    s.event(&[update(30, 13)]);
    s.until(14);
    assert_eq!(s.events(), []);
}

/// U15, unasked and as the answer to our request.
///
/// LL-CTRL-4: ranges of fields.
/// LL-UPD-3: parameters out of range.
#[test]
fn an_update_out_of_range_ends_the_link() {
    for asked in [false, true] {
        let mut s = Script::new();
        if asked {
            s.ask(ask(30));
            s.event(&[]);
        }
        s.event(&[update(0, 9)]);
        s.assert_disconnected(ErrorCode::INVALID_LL_PARAMETERS);
        assert!(s.misbehaved(PeerMisbehaved::InvalidParameters));
    }
}
