//! Connection update, beyond the scripts: ranges, and an update that crosses our request.

use super::parameters::{ask, complete, update};
use super::phy::{REQ_2M, SET_2M};
use super::script::Script;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ConnectionUpdate, ControlPdu, Opcode};
use ble::pdu::data::Llid;

/// 50 ms, no latency, 2 s.
const FAIR: ConnectionUpdate = ConnectionUpdate {
    win_size: 1,
    win_offset: 0,
    interval: 40,
    latency: 0,
    timeout: 200,
    instant: 6,
};

/// Whether the peripheral accepts the update.
fn accepted(update: ConnectionUpdate) -> bool {
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionUpdateInd(update)]);
    if s.dropped {
        s.assert_disconnected(ErrorCode::INVALID_LL_PARAMETERS);
        assert!(s.misbehaved(PeerMisbehaved::InvalidParameters));
        return false;
    }
    s.until(6);
    assert_eq!(s.events(), []);
    s.event(&[]);
    assert_eq!(s.events(), [complete(0, update.interval, update.latency, update.timeout)]);
    true
}

/// LL-UPD-3, LL-CTRL-4: each range at both of its ends (Vol 6, Part B, 4.5.1 and 4.5.2).
#[test]
fn each_value_of_an_update_has_its_range() {
    let legal = [
        FAIR,
        ConnectionUpdate { interval: 6, ..FAIR },
        ConnectionUpdate { interval: 3200, timeout: 801, ..FAIR },
        ConnectionUpdate { interval: 6, latency: 499, timeout: 751, ..FAIR },
        ConnectionUpdate { interval: 6, timeout: 10, ..FAIR },
        ConnectionUpdate { timeout: 3200, ..FAIR },
        // More than twice the interval, and more than twice three intervals.
        ConnectionUpdate { timeout: 11, ..FAIR },
        ConnectionUpdate { latency: 2, timeout: 31, ..FAIR },
        // The window: 1.25 to 10 ms and shorter than the interval, at most one interval late.
        ConnectionUpdate { win_size: 8, ..FAIR },
        ConnectionUpdate { interval: 6, win_size: 5, ..FAIR },
        ConnectionUpdate { win_offset: 40, ..FAIR },
    ];
    let illegal = [
        ConnectionUpdate { interval: 5, ..FAIR },
        ConnectionUpdate { interval: 3201, timeout: 1000, ..FAIR },
        ConnectionUpdate { interval: 6, latency: 500, timeout: 3200, ..FAIR },
        ConnectionUpdate { interval: 6, timeout: 9, ..FAIR },
        ConnectionUpdate { timeout: 3201, ..FAIR },
        ConnectionUpdate { timeout: 10, ..FAIR },
        ConnectionUpdate { latency: 2, timeout: 30, ..FAIR },
        ConnectionUpdate { win_size: 0, ..FAIR },
        ConnectionUpdate { win_size: 9, ..FAIR },
        ConnectionUpdate { interval: 6, win_size: 6, ..FAIR },
        ConnectionUpdate { win_offset: 41, ..FAIR },
    ];
    for update in legal {
        assert!(accepted(update), "{update:?}");
    }
    for update in illegal {
        assert!(!accepted(update), "{update:?}");
    }
}

/// A PDU that comes before the central can have our request is no answer to it: ours stays open, is
/// rejected later, and only then may another start.
///
/// LL-COLL-3: the peripheral yields.
/// LL-TIME-1: 40 seconds.
#[test]
fn an_update_before_our_request_has_arrived_does_not_answer_it() {
    let mut s = Script::new();
    s.ask(ask(30));
    s.ask(SET_2M);
    s.event(&[update(50, 6)]);
    s.until(7);
    assert_eq!(s.events(), [complete(0, 50, 0, 200)]);
    assert!(s.control.deadline().is_some(), "an answer is still awaited");
    assert_eq!(s.event(&[]), [], "ours is still open");
    let (opcode, error) = (Opcode::CONNECTION_PARAM_REQ, ErrorCode(0x23));
    s.event(&[ControlPdu::RejectExtInd { opcode, error }]);
    assert_eq!(s.events(), [complete(0x23, 50, 0, 200)]);
    assert_eq!(s.event(&[]), [REQ_2M]);
}

/// As the one before, with our request still behind others that `Link` has not sent.
#[test]
fn an_update_while_our_request_waits_to_be_sent_does_not_answer_it() {
    let mut s = Script::new();
    for _ in 0..4 {
        s.receive(Llid::Control, &ControlPdu::PingReq.encode());
    }
    s.ask(ask(30));
    s.receive(Llid::Control, &update(50, 6).encode());
    for _ in 0..8 {
        s.event(&[]);
    }
    assert!(s.control.deadline().is_some(), "an answer is still awaited");
}

/// LL-TIME-2: what is timed.
/// LL-LIVE-4: hosts are told.
#[test]
fn an_update_after_our_request_has_arrived_answers_it() {
    let mut s = Script::new();
    s.ask(ask(30));
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[update(30, 6)]);
    assert_eq!(s.control.deadline(), None, "nothing is awaited but the instant");
    s.until(7);
    assert_eq!(s.events(), [complete(0, 30, 0, 200)]);
    assert_eq!(s.event(&[]), [REQ_2M], "ours is over");
}

/// A reject of something else than our request is no reject of it.
///
/// LL-RSP-2: answers to nothing.
#[test]
fn a_reject_of_something_else_leaves_the_answered_request_alone() {
    let mut s = Script::new();
    s.ask(ask(30));
    s.event(&[]);
    s.event(&[update(30, 9)]);
    let (opcode, error) = (Opcode::PHY_REQ, ErrorCode(0x23));
    s.event(&[ControlPdu::RejectExtInd { opcode, error }]);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
    assert_eq!(s.events(), []);
    s.until(10);
    assert_eq!(s.events(), [complete(0, 30, 0, 200)]);
}
