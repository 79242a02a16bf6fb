//! PHY update, beyond the scripts, and the limits on data meanwhile.

use super::script::{HANDLE, OK, Script};
use crate::error::{ErrorCode, PeerMisbehaved};
use crate::hci::{Command, Event};
use crate::link::message::LinkOrder;
use crate::pdu::control::{ControlPdu, FeatureSet, Opcode};
use crate::phy::{Phy, PhySet};

pub(super) const SET_2M: Command =
    Command::LeSetPhy { handle: HANDLE, tx: PhySet::LE_2M, rx: PhySet::LE_2M, coded_options: 0 };
pub(super) const REQ_2M: ControlPdu = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_2M };
const ALL: PhySet = PhySet(3);
/// Without a preference of the host.
pub(super) const RSP_ALL: ControlPdu = ControlPdu::PhyRsp { tx: ALL, rx: ALL };

/// With the preference that [`SET_2M`] states.
pub(super) const RSP_2M: ControlPdu = ControlPdu::PhyRsp { tx: PhySet::LE_2M, rx: PhySet::LE_2M };

pub(super) fn update(instant: u16) -> ControlPdu {
    ControlPdu::PhyUpdateInd { c_to_p: PhySet::LE_2M, p_to_c: PhySet::LE_2M, instant }
}

pub(super) fn complete(status: u8, phy: Phy) -> Event {
    let status = ErrorCode(status);
    Event::LePhyUpdateComplete { handle: HANDLE, status, tx: phy, rx: phy }
}

#[test]
fn one_direction_may_change_alone() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[ControlPdu::PhyUpdateInd {
        c_to_p: PhySet::NONE,
        p_to_c: PhySet::LE_2M,
        instant: 7,
    }]);
    s.until(8);
    let (tx, rx) = (Phy::Le2M, Phy::Le1M);
    assert_eq!(s.told(), [Event::LePhyUpdateComplete { handle: HANDLE, status: OK, tx, rx }]);
}

/// LL-PHY-6.
#[test]
fn ambiguous_and_unsupported_fields_change_nothing() {
    for (c_to_p, p_to_c) in [(3, 3), (4, 4), (0x80, 6)] {
        let mut s = Script::new();
        s.ask(SET_2M);
        s.event(&[]);
        let (c_to_p, p_to_c) = (PhySet(c_to_p), PhySet(p_to_c));
        s.event(&[ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 7 }]);
        s.until(8);
        assert_eq!(s.told(), [complete(0, Phy::Le1M)]);
        assert!(!s.orders.iter().any(|o| matches!(o, LinkOrder::Phy { .. })));
    }
}

#[test]
fn h2_indication_without_request_is_ignored_and_named() {
    let mut s = Script::new();
    s.event(&[update(6)]);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
    assert!(!s.dropped);
}

/// LL-INST-2, LL-INST-3.
#[test]
fn instants_are_compared_modulo_65536() {
    for (at, instant, left) in [
        (0xFFFD_u16, 3_u16, false),
        (5, 5, false),
        (5, 4, true),
        (2, 0xFFFF, true),
        (10, 10 + 32_766, false),
        (10, 10 + 32_767, true),
    ] {
        let mut s = Script::new();
        s.ask(SET_2M);
        s.event(&[]);
        s.at = at;
        s.event(&[update(instant)]);
        assert_eq!(s.dropped, left, "event {at}, instant {instant}");
        if left {
            s.assert_left(ErrorCode::INSTANT_PASSED);
            assert!(s.misbehaved(PeerMisbehaved::InstantPassed));
        }
    }
}

/// LL-CTRL-3, LL-REJ-2, LL-PHY-8.
#[test]
fn any_form_of_refusal_ends_the_request() {
    let cases = [
        (ControlPdu::UnknownRsp(Opcode::PHY_REQ), 0x1A),
        (ControlPdu::RejectInd(ErrorCode(0x2A)), 0x2A),
        (ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, error: ErrorCode(0x23) }, 0x23),
    ];
    for (answer, status) in cases {
        let mut s = Script::new();
        s.ask(SET_2M);
        assert_eq!(s.event(&[]), [REQ_2M]);
        s.event(&[answer]);
        assert_eq!(s.told(), [complete(status, Phy::Le1M)]);
        // The slot is free again.
        s.ask(SET_2M);
        assert_eq!(s.event(&[]), [REQ_2M]);
    }
}

#[test]
fn a_refusal_of_something_else_is_no_answer() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::LENGTH_REQ)]);
    assert_eq!(s.told(), []);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
}

/// LL-FEAT-2.
#[test]
fn without_the_feature_nothing_is_understood() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    assert_eq!(s.ask(SET_2M), ErrorCode::UNKNOWN_COMMAND);
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// LL-FEAT-3.
#[test]
fn a_peer_known_to_have_one_phy_is_not_asked() {
    let mut s = Script::with_features(FeatureSet::ENCRYPTION);
    s.ask(SET_2M);
    assert_eq!(s.event(&[]), []);
    assert_eq!(s.told(), [complete(0x1A, Phy::Le1M)]);
}
