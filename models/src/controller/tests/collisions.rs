//! Collisions (Vol 6, Part B, 5.3) as the central decides them.

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ControlPdu, Opcode};
use ble::phy::PhySet;

use super::rig::{HANDLE, Rig, acquainted, opcodes, phy_req};

pub(super) const TWO: PhySet = PhySet::LE_2M;
pub(super) const PARAM_REQ: ControlPdu = ControlPdu::ConnectionParamReq(ConnectionParam {
    interval_min: 40,
    interval_max: 40,
    latency: 0,
    timeout: 400,
    preferred_periodicity: 0,
    reference_conn_event_count: 0,
    offsets: [0xFFFF; 6],
});
const PARAMETERS: ConnectionParameters =
    ConnectionParameters { interval_min: 40, interval_max: 40, latency: 0, timeout: 400 };

fn reject(opcode: Opcode, error: u8) -> ControlPdu {
    ControlPdu::RejectExtInd { opcode, error: ErrorCode(error) }
}

pub(super) fn ask_for_phy(rig: &mut Rig) {
    rig.command(Command::LeSetPhy { handle: HANDLE, tx: TWO, rx: TWO, coded_options: 0 });
}

/// X8.
#[test]
fn parameter_request_against_own_phy_request() {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    assert_eq!(rig.exchange(Some(PARAM_REQ)), [phy_req(TWO)]);
    assert_eq!(rig.exchange(None), [reject(Opcode::CONNECTION_PARAM_REQ, 0x2A)]);
    rig.exchange(Some(ControlPdu::PhyRsp { tx: TWO, rx: TWO }));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    assert_eq!(rig.disconnected(), None);
}

/// X9: both at the same time.
/// LL-COLL-2: the central rejects.
#[test]
fn phy_request_against_own_phy_request() {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    assert_eq!(rig.exchange(Some(phy_req(TWO))), [phy_req(TWO)]);
    assert_eq!(rig.exchange(None), [reject(Opcode::PHY_REQ, 0x23)]);
}

/// X9: the peer's first.
/// LL-COLL-1: no incompatible procedure after an answer.
#[test]
fn own_phy_request_waits_for_the_instant_of_the_peers() {
    let mut rig = Rig::connected(acquainted());
    rig.exchange(Some(phy_req(TWO)));
    ask_for_phy(&mut rig);
    let sent = rig.exchange(None);
    let [ControlPdu::PhyUpdateInd { instant, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    while rig.event < *instant {
        assert_eq!(rig.exchange(None), []);
    }
    // The instant's own event, or the one after it.
    let sent = rig.events(2);
    assert_eq!(sent, [phy_req(TWO)]);
}

/// LL-COLL-6: same procedures.
#[test]
fn both_forms_of_changing_parameters_are_the_same_procedure() {
    let mut rig = Rig::connected(acquainted());
    rig.command(Command::LeConnectionUpdate { handle: HANDLE, parameters: PARAMETERS });
    assert_eq!(opcodes(&rig.exchange(Some(PARAM_REQ))), [Opcode::CONNECTION_UPDATE_IND]);
    assert_eq!(rig.exchange(None), [reject(Opcode::CONNECTION_PARAM_REQ, 0x23)]);
}

#[test]
fn phy_request_before_the_instant_of_a_channel_map() {
    let mut rig = Rig::connected(acquainted());
    rig.command(Command::LeSetHostChannelClassification { channel_map: 0xFFFF });
    rig.exchange(None);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.exchange(None), [reject(Opcode::PHY_REQ, 0x2A)]);
}

/// The peripheral has taken part in the procedure and starts another before its instant.
/// LL-COLL-4: a forbidden procedure is not served.
#[test]
fn a_peer_that_breaks_the_rule_is_disconnected() {
    for (pdu, code) in [(PARAM_REQ, 0x2A), (phy_req(TWO), 0x23)] {
        let mut rig = Rig::connected(acquainted());
        ask_for_phy(&mut rig);
        rig.exchange(None);
        rig.exchange(Some(ControlPdu::PhyRsp { tx: TWO, rx: TWO }));
        rig.exchange(None);
        rig.exchange(Some(pdu));
        assert_eq!(rig.disconnected(), Some(ErrorCode(code)));
    }
}

/// LL-PROC-2: answers meanwhile.
#[test]
fn compatible_procedures_do_not_wait() {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    assert_eq!(rig.exchange(Some(ControlPdu::PingReq)), [phy_req(TWO)]);
    assert_eq!(rig.exchange(None), [ControlPdu::PingRsp]);
}

/// LL-REJ-1: form of a reject.
#[test]
fn without_the_feature_the_short_form_is_used() {
    let mut rig = Rig::connected(super::rig::honest());
    ask_for_phy(&mut rig);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.exchange(None), [ControlPdu::RejectInd(ErrorCode(0x23))]);
}

#[test]
fn a_rejected_own_request_is_reported() {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    rig.exchange(None);
    rig.exchange(Some(reject(Opcode::PHY_REQ, 0x2A)));
    let told = rig.take_events();
    assert!(matches!(
        told.as_slice(),
        [Event::LePhyUpdateComplete { status: ErrorCode(0x2A), .. }]
    ));
}
