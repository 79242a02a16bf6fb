//! Scripts X1–X4 and X7: collisions, as a peripheral meets them. X8 and X9 are a central's.
//! In every script the codes are those of the rules; where the host hears of something an event
//! later than elsewhere, this link layer works after the event.

use super::super::parameters::{ask, complete as updated, request, update as new_parameters};
use super::super::phy::{REQ_2M, RSP_2M, SET_2M, complete};
use super::super::script::{HANDLE, OK, Script};
use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ControlPdu, DataLength, Opcode};
use ble::phy::{Phy, PhySet};

fn reject(opcode: Opcode, error: u8) -> ControlPdu {
    ControlPdu::RejectExtInd { opcode, error: ErrorCode(error) }
}

/// The host agrees to an interval that the central has asked for.
fn agree(interval: u16) -> Command {
    let (interval_min, interval_max, latency, timeout) = (interval, interval, 0, 200);
    let parameters = ConnectionParameters { interval_min, interval_max, latency, timeout };
    Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters }
}

fn is_request(pdus: &[ControlPdu], interval: u16) -> bool {
    matches!(pdus, [ControlPdu::ConnectionParamReq(p)] if p.interval_max == interval)
}

fn is_asked(events: &[Event], interval: u16) -> bool {
    matches!(events, [Event::LeRemoteConnectionParameterRequest { interval_max, .. }]
        if *interval_max == interval)
}

/// X1 and H3. The central sends LL_PHY_REQ in the event of ours: ours is rejected with 0x23, the
/// central's is answered and runs to its instant. Data continue meanwhile, as short as the slower
/// PHY needs, as the rule demands.
///
/// LL-COLL-3: the peripheral yields; LL-ARB-7 of the table.
#[test]
fn phy_requests_of_both_cross_and_the_centrals_wins() {
    let mut s = Script::new();
    s.ask(SET_2M);
    let theirs = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_1M };
    assert_eq!(s.event(&[theirs]), [REQ_2M]);
    assert_eq!(s.event(&[]), [RSP_2M]);
    s.event(&[reject(Opcode::PHY_REQ, 0x23)]);
    assert_eq!(s.events(), [complete(0x23, Phy::Le1M)]);
    let (c_to_p, p_to_c) = (PhySet::LE_2M, PhySet::NONE);
    s.event(&[ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 12 }]);
    s.until(12);
    assert_eq!(s.events(), []);
    s.event(&[]);
    let (status, tx, rx) = (OK, Phy::Le1M, Phy::Le2M);
    assert_eq!(s.events(), [Event::LePhyUpdateComplete { handle: HANDLE, status, tx, rx }]);
}

/// X2. As X1, with LL_CONNECTION_PARAM_REQ: the host is asked about the central's while its own is
/// rejected with 0x23.
#[test]
fn parameter_requests_of_both_cross_and_the_centrals_wins() {
    let mut s = Script::new();
    s.ask(ask(30));
    let sent = s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert!(matches!(sent[..], [ControlPdu::ConnectionParamReq(p)] if p.interval_max == 30));
    assert!(matches!(
        s.events()[..],
        [Event::LeRemoteConnectionParameterRequest { interval_max: 50, .. }]
    ));
    s.ask(agree(50));
    let sent = s.event(&[reject(Opcode::CONNECTION_PARAM_REQ, 0x23)]);
    assert!(matches!(sent[..], [ControlPdu::ConnectionParamRsp(p)] if p.interval_max == 50));
    assert_eq!(s.events(), [updated(0x23, 24, 0, 100)]);
    s.event(&[new_parameters(50, 12)]);
    s.until(12);
    assert_eq!(s.events(), []);
    s.event(&[]);
    assert_eq!(s.events(), [updated(0, 50, 0, 200)]);
}

/// X3. The host asks while the central's request is open: the local request is held until the
/// instant of the central's, and is sent in the event after it.
///
/// LL-COLL-1: no incompatible procedure after an answer.
#[test]
fn an_own_parameter_request_waits_for_the_instant_of_the_centrals() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    s.ask(ask(30));
    s.events();
    s.ask(agree(50));
    assert!(matches!(s.event(&[])[..], [ControlPdu::ConnectionParamRsp(_)]));
    s.event(&[new_parameters(50, 9)]);
    s.until(9);
    s.event(&[]);
    assert_eq!(s.events(), [updated(0, 50, 0, 200)]);
    assert!(matches!(
        s.event(&[])[..],
        [ControlPdu::ConnectionParamReq(p)] if p.interval_max == 30
    ));
    s.event(&[new_parameters(30, 18)]);
    s.until(19);
    assert_eq!(s.events(), [updated(0, 30, 0, 200)]);
}

/// X4. The central's request comes when ours is queued and not yet sent: ours is sent nevertheless
/// and rejected. If requested again, it is held until the instant of the central's.
///
/// LL-COLL-1: no incompatible procedure after an answer.
/// LL-COLL-3: the peripheral yields.
#[test]
fn a_parameter_request_that_was_queued_too_late_is_rejected_and_may_be_repeated() {
    let mut s = Script::new();
    s.ask(ask(30));
    assert!(is_request(&s.event(&[ControlPdu::ConnectionParamReq(request(50))]), 30));
    assert!(is_asked(&s.events(), 50));
    s.event(&[reject(Opcode::CONNECTION_PARAM_REQ, 0x23)]);
    assert_eq!(s.events(), [updated(0x23, 24, 0, 100)]);
    s.ask(agree(50));
    assert_eq!(s.event(&[]), [ControlPdu::ConnectionParamRsp(request(50))]);
    s.ask(ask(30));
    assert_eq!(s.event(&[new_parameters(50, 12)]), []);
    s.until(12);
    assert_eq!(s.events(), []);
    assert_eq!(s.event(&[]), []);
    assert_eq!(s.events(), [updated(0, 50, 0, 200)]);
    assert!(is_request(&s.event(&[]), 30));
}

/// X7. LL_LENGTH_REQ of both: both are answered, the smaller values of each direction count, and
/// the host hears of them once.
///
/// LL-LEN-5: at once and on either PDU.
#[test]
fn length_requests_of_both_cross_and_both_are_answered() {
    let mut s = Script::new();
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    let peer =
        DataLength { max_rx_octets: 100, max_rx_time: 2120, max_tx_octets: 120, max_tx_time: 2120 };
    assert!(matches!(s.event(&[ControlPdu::LengthReq(peer)])[..], [ControlPdu::LengthReq(_)]));
    let sent = s.event(&[ControlPdu::LengthRsp(peer)]);
    assert!(matches!(sent[..], [ControlPdu::LengthRsp(l)] if l.max_tx_octets == 251));
    let changes = s.events();
    assert!(
        matches!(changes[..], [Event::LeDataLengthChange { tx_octets: 100, rx_octets: 120, .. }]),
        "{changes:?}"
    );
}
