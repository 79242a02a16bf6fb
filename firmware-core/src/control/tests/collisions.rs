//! Collisions beyond the scripts, and leaving a central that breaks the rules.

use super::parameters::{ask, complete as updated, request, update as new_parameters};
use super::phy::{REQ_2M, RSP_2M, SET_2M, complete, update};
use super::script::{HANDLE, OK, Script};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::Phy;

fn reject(opcode: Opcode, error: u8) -> ControlPdu {
    ControlPdu::RejectExtInd { opcode, error: ErrorCode(error) }
}

#[test]
fn what_waited_behind_a_lost_collision_runs() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    assert_eq!(s.event(&[REQ_2M]), [REQ_2M]);
    s.event(&[reject(Opcode::PHY_REQ, 0x23)]);
    let sent = s.event(&[]);
    assert!(matches!(sent[..], [ControlPdu::LengthReq(_)]), "{sent:?}");
}

#[test]
fn an_update_while_our_phy_request_is_open_goes_first() {
    let mut s = Script::new();
    s.ask(SET_2M);
    assert_eq!(s.event(&[new_parameters(50, 8)]), [REQ_2M]);
    s.event(&[reject(Opcode::PHY_REQ, 0x2A)]);
    assert_eq!(s.events(), [complete(0x2A, Phy::Le1M)]);
    s.until(9);
    assert_eq!(s.events(), [updated(0, 50, 0, 200)]);
}

/// LL-COLL-4: a forbidden procedure is not served.
#[test]
fn a_central_that_starts_before_the_instant_is_disconnected() {
    let cases = [
        (REQ_2M, 0x23),
        (new_parameters(50, 20), 0x2A),
        (ControlPdu::ConnectionParamReq(request(50)), 0x2A),
        (ControlPdu::ChannelMapInd { channel_map: 0xFF, instant: 20 }, 0x2A),
    ];
    for (pdu, reason) in cases {
        let mut s = Script::new();
        s.ask(SET_2M);
        s.event(&[]);
        s.event(&[update(9)]);
        s.event(&[pdu]);
        s.assert_disconnected(ErrorCode(reason));
        assert!(s.misbehaved(PeerMisbehaved::ProcedureBeforeInstant));
    }
}

/// Samsung Galaxy S8 (Zephyr 13396): our request is granted although it should be rejected.
#[test]
fn a_central_that_grants_our_request_during_its_own_update_is_disconnected() {
    let mut s = Script::new();
    s.ask(SET_2M);
    assert_eq!(s.event(&[new_parameters(50, 8)]), [REQ_2M]);
    s.event(&[update(9)]);
    s.assert_disconnected(ErrorCode::DIFFERENT_TRANSACTION_COLLISION);
    assert!(s.misbehaved(PeerMisbehaved::ProcedureBeforeInstant));
}

#[test]
fn a_second_request_of_the_central_is_not_answered() {
    let mut s = Script::new();
    s.event(&[REQ_2M]);
    s.event(&[REQ_2M]);
    s.assert_disconnected(ErrorCode::LL_PROCEDURE_COLLISION);
}

#[test]
fn after_the_instant_the_central_may_start_anew() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[update(4)]);
    s.until(4);
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [RSP_2M]);
    assert!(!s.dropped);
    assert_eq!(s.events(), [complete(0, Phy::Le2M)]);
    assert_eq!(s.ask(Command::ReadRemoteVersion { handle: HANDLE }), OK);
}

/// The central's own update has crossed our request, which it then rejects: no violation.
#[test]
fn an_update_that_crosses_our_parameter_request_is_the_centrals() {
    for acknowledged in [false, true] {
        let mut s = Script::new();
        s.ask(ask(30));
        if acknowledged {
            s.event(&[]);
        }
        s.event(&[new_parameters(50, 10)]);
        s.event(&[reject(Opcode::CONNECTION_PARAM_REQ, 0x23)]);
        assert_eq!(s.events(), [updated(0x23, 24, 0, 100)]);
        assert!(!s.misbehaved(PeerMisbehaved::UnexpectedResponse));
        s.until(11);
        assert_eq!(s.events(), [updated(0, 50, 0, 200)]);
    }
}

/// Our request is answered; a second update before the instant is another procedure. A request
/// that meets the central's own update is the same one.
///
/// LL-COLL-6: same procedures; LL-ARB-12 and LL-ARB-13 of the table.
#[test]
fn an_update_after_a_request_is_another_procedure_and_a_request_after_an_update_is_not() {
    let mut s = Script::new();
    s.ask(ask(30));
    s.event(&[]);
    s.event(&[new_parameters(30, 12)]);
    s.event(&[new_parameters(50, 14)]);
    s.assert_disconnected(ErrorCode::DIFFERENT_TRANSACTION_COLLISION);
    let mut s = Script::new();
    s.event(&[new_parameters(30, 12)]);
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    s.assert_disconnected(ErrorCode::LL_PROCEDURE_COLLISION);
}
