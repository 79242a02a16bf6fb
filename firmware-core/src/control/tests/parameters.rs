//! Connection update and connection parameters request: U1–U15; channel map: M1.

use super::script::{HANDLE, LINK, OK, Script};
use crate::error::{ErrorCode, PeerMisbehaved};
use crate::hci::{Command, ConnectionParameters, Event, Return};
use crate::link::message::{LinkOrder, NewParameters};
use crate::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu, FeatureSet, Opcode};

fn wanted(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
    }
}

pub(super) fn ask(interval: u16) -> Command {
    Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(interval) }
}

pub(super) fn request(interval: u16) -> ConnectionParam {
    ConnectionParam {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
        preferred_periodicity: 0,
        reference_conn_event_count: 3,
        offsets: [1, 2, 3, 4, 5, 0xFFFF],
    }
}

pub(super) fn update(interval: u16, instant: u16) -> ControlPdu {
    ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: 1,
        win_offset: 2,
        interval,
        latency: 0,
        timeout: 200,
        instant,
    })
}

pub(super) fn complete(status: u8, interval: u16, latency: u16, timeout: u16) -> Event {
    let status = ErrorCode(status);
    Event::LeConnectionUpdateComplete { handle: HANDLE, status, interval, latency, timeout }
}

#[test]
fn u1_own_request_is_granted() {
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
    assert_eq!(s.told(), [], "not one event before");
    s.event(&[]);
    assert_eq!(s.told(), [complete(0, 30, 0, 200)]);
}

#[test]
fn u2_u3_own_request_is_refused_or_unknown() {
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
        assert_eq!(s.told(), [complete(status, 24, 0, 100)]);
    }
}

#[test]
fn u4_a_peer_known_to_lack_it_is_not_asked() {
    let mut s = Script::with_features(FeatureSet::ENCRYPTION);
    assert_eq!(s.ask(ask(30)), ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
    assert_eq!(s.event(&[]), []);
}

#[test]
fn u5_the_host_accepts() {
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
    assert_eq!(s.told(), [asked]);
    let parameters = wanted(50);
    let reply = Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters };
    assert_eq!(s.ask(reply.clone()), OK);
    assert_eq!(s.event(&[]), [ControlPdu::ConnectionParamRsp(request(50))]);
    assert_eq!(s.ask(reply), ErrorCode::COMMAND_DISALLOWED, "answered already");
}

#[test]
fn u5_the_host_refuses_in_the_form_that_the_peer_knows() {
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
        s.told();
        let reason = error;
        s.ask(Command::LeRemoteConnectionParameterRequestNegativeReply { handle: HANDLE, reason });
        assert_eq!(s.event(&[]), [expected]);
    }
}

#[test]
fn u6_a_request_that_only_moves_the_anchor_is_for_the_controller() {
    let mut s = Script::new();
    let mut moved = request(24);
    moved.timeout = 100;
    s.event(&[ControlPdu::ConnectionParamReq(moved)]);
    assert_eq!(s.told(), []);
    assert_eq!(s.event(&[]), [ControlPdu::ConnectionParamRsp(moved)]);
}

#[test]
fn u10_a_request_out_of_range_never_reaches_the_host() {
    let illegal = [
        ConnectionParam { interval_min: 5, ..request(50) },
        ConnectionParam { interval_min: 51, ..request(50) },
        ConnectionParam { interval_max: 3201, ..request(50) },
        ConnectionParam { latency: 500, ..request(50) },
        ConnectionParam { timeout: 9, ..request(50) },
        ConnectionParam { latency: 16, ..request(50) },
        ConnectionParam { preferred_periodicity: 51, ..request(50) },
    ];
    for pdu in illegal {
        let mut s = Script::with_features(FeatureSet::EXTENDED_REJECT);
        s.event(&[ControlPdu::ConnectionParamReq(pdu)]);
        let (opcode, error) = (Opcode::CONNECTION_PARAM_REQ, ErrorCode::INVALID_LL_PARAMETERS);
        assert_eq!(s.event(&[]), [ControlPdu::RejectExtInd { opcode, error }], "{pdu:?}");
        assert_eq!(s.told(), []);
    }
}

#[test]
fn u11_a_rejected_response_ends_the_procedure_only() {
    for opcode in [Opcode::CONNECTION_PARAM_RSP, Opcode::CONNECTION_PARAM_REQ] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
        s.told();
        let parameters = wanted(50);
        s.ask(Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters });
        s.event(&[]);
        s.event(&[ControlPdu::RejectExtInd { opcode, error: ErrorCode(0x20) }]);
        assert!(!s.dropped);
        s.ask(ask(30));
        assert!(matches!(s.event(&[])[..], [ControlPdu::ConnectionParamReq(_)]), "free again");
    }
}

#[test]
fn u12_u14_without_the_feature() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::CONNECTION_PARAM_REQ)]);
    assert_eq!(s.ask(ask(30)), ErrorCode::COMMAND_DISALLOWED);
}

#[test]
fn u13_the_host_is_told_of_changes_only() {
    let mut s = Script::new();
    s.event(&[update(30, 6)]);
    s.until(7);
    assert_eq!(s.told(), [complete(0, 30, 0, 200)]);
    s.event(&[update(30, 13)]);
    s.until(14);
    assert_eq!(s.told(), []);
}

#[test]
fn u15_an_update_out_of_range_ends_the_link() {
    for asked in [false, true] {
        let mut s = Script::new();
        if asked {
            s.ask(ask(30));
            s.event(&[]);
        }
        s.event(&[update(0, 9)]);
        s.assert_left(ErrorCode::INVALID_LL_PARAMETERS);
        assert!(s.misbehaved(PeerMisbehaved::InvalidParameters));
    }
}

#[test]
fn a_masked_event_refuses_for_the_host() {
    let mut s = Script::new();
    s.ask(Command::LeSetEventMask { mask: 0x1F });
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.event(&[]), [ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)]);
}

#[test]
fn m1_the_map_changes_at_its_instant() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0xF0F, instant: 6 }]);
    let order = LinkOrder::ChannelMap { link: LINK, instant: 6, channel_map: 0xF0F };
    assert!(s.orders.contains(&order));
    let map = |s: &mut Script| {
        s.command(Command::LeReadChannelMap { handle: HANDLE });
        match s.told()[..] {
            [Event::CommandComplete { returned: Return::ChannelMap { channel_map, .. }, .. }] => {
                channel_map
            }
            ref other => panic!("{other:?}"),
        }
    };
    s.until(6);
    assert_eq!(map(&mut s), 0x1F_FFFF_FFFF);
    s.event(&[]);
    assert_eq!(map(&mut s), 0xF0F);
}

#[test]
fn a_map_of_one_channel_ends_the_link() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 1, instant: 6 }]);
    s.assert_left(ErrorCode::INVALID_LL_PARAMETERS);
}

#[test]
fn latency_is_suspended_until_the_instant() {
    let mut s = Script::new();
    s.event(&[update(30, 6)]);
    assert!(s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: true }));
    s.until(6);
    assert!(!s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: false }));
    s.event(&[]);
    assert!(s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: false }));
}
