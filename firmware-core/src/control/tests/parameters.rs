//! Connection parameters request, beyond the scripts.

use super::script::{HANDLE, Script};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu, Opcode};

pub(super) fn wanted(interval: u16) -> ConnectionParameters {
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

/// LL-PAR-3: error codes.
#[test]
fn a_masked_event_refuses_for_the_host() {
    let mut s = Script::new();
    s.ask(Command::LeSetEventMask { mask: 0x1F });
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.event(&[]), [ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)]);
}

/// LL-PAR-6: it is the host's as soon as one value changes.
#[test]
fn a_request_that_changes_any_one_value_is_the_hosts() {
    let as_it_is = ConnectionParam { timeout: 100, ..request(24) };
    for changed in [
        ConnectionParam { timeout: 101, ..as_it_is },
        ConnectionParam { latency: 1, ..as_it_is },
        ConnectionParam { interval_min: 25, interval_max: 30, ..as_it_is },
        ConnectionParam { interval_min: 20, interval_max: 23, ..as_it_is },
    ] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ConnectionParamReq(changed)]);
        let events = s.events();
        assert!(
            matches!(events[..], [Event::LeRemoteConnectionParameterRequest { .. }]),
            "{changed:?}"
        );
        assert_eq!(s.event(&[]), []);
    }
    let mut s = Script::new();
    let around = ConnectionParam { interval_min: 20, interval_max: 30, ..as_it_is };
    let around = ConnectionParam { preferred_periodicity: 1, ..around };
    s.event(&[ControlPdu::ConnectionParamReq(around)]);
    assert_eq!(s.events(), []);
}

/// LL-PAR-5, LL-RSP-2: what refuses something else than our answer does not end the procedure.
#[test]
fn a_refusal_of_something_else_leaves_the_centrals_request_open() {
    let error = ErrorCode(0x1A);
    for refusal in [
        ControlPdu::UnknownRsp(Opcode::LENGTH_REQ),
        ControlPdu::RejectExtInd { opcode: Opcode::PHY_RSP, error },
    ] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
        let parameters = wanted(50);
        s.ask(Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters });
        s.event(&[]);
        s.events();
        s.event(&[refusal]);
        assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
        s.event(&[update(50, 8)]);
        s.until(9);
        assert_eq!(s.events(), [complete(0, 50, 0, 200)]);
    }
}

/// LL-PAR-8: no position is preferred, and the event that positions refer to lies ahead.
#[test]
fn an_own_request_leaves_the_anchor_points_to_the_central() {
    for interval_min in [20, 40] {
        let mut s = Script::new();
        let parameters = ConnectionParameters { interval_min, ..wanted(40) };
        s.command(Command::LeConnectionUpdate { handle: HANDLE, parameters });
        let at = s.at;
        let sent = s.event(&[]);
        let [ControlPdu::ConnectionParamReq(p)] = sent[..] else { panic!("{sent:?}") };
        assert_eq!((p.preferred_periodicity, p.offsets), (0, [0xFFFF; 6]));
        assert!((0..32_767).contains(&p.reference_conn_event_count.wrapping_sub(at)));
    }
}

/// LL-PAR-8: the answer keeps the rules of a request, for any answer of the host.
#[test]
fn positions_beyond_the_interval_of_the_answer_are_left_out() {
    let (asked, within) = ([20, 5], [0xFFFF, 5]);
    for (interval, periodicity, said) in [
        ((50, 50), 0, (0, asked)),
        ((40, 50), 0, (1, asked)),
        ((10, 10), 10, (10, within)),
        ((10, 10), 11, (0, within)),
    ] {
        let mut s = Script::new();
        let request = ConnectionParam {
            preferred_periodicity: periodicity,
            offsets: [20, 5, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF],
            ..request(50)
        };
        s.event(&[ControlPdu::ConnectionParamReq(request)]);
        let (interval_min, interval_max) = interval;
        let parameters = ConnectionParameters { interval_min, interval_max, ..wanted(50) };
        let handle = HANDLE;
        s.ask(Command::LeRemoteConnectionParameterRequestReply { handle, parameters });
        s.events();
        let sent = s.event(&[]);
        let [ControlPdu::ConnectionParamRsp(answer)] = sent[..] else { panic!("{sent:?}") };
        assert_eq!((answer.preferred_periodicity, [answer.offsets[0], answer.offsets[1]]), said);
        assert_eq!(answer.reference_conn_event_count, request.reference_conn_event_count);
    }
}
