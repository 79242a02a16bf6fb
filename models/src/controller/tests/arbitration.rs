//! The central's table of decisions: each row played by a controller against a scripted
//! peripheral.

use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::PhySet;

use super::collisions::{PARAM_REQ, TWO, ask_for_phy};
use super::rig::{HANDLE, Rig, acquainted, opcodes, phy_req};
use crate::controller::arbiter::{Decision, Situation, TABLE, Verdict, decide};

/// As the rules have it for a central.
const EXPECTED: [(&str, Situation, Verdict, u8); 11] = [
    ("LL-ARB-1", Situation::LocalStart, Verdict::Proceed, 0),
    ("LL-ARB-2", Situation::LocalStartLocalOpen, Verdict::Wait, 0),
    ("LL-ARB-3", Situation::LocalStartRemoteOpen, Verdict::Wait, 0),
    ("LL-ARB-5", Situation::LocalStartTerminating, Verdict::Wait, 0),
    ("LL-ARB-6", Situation::RemoteStart, Verdict::Proceed, 0),
    ("LL-ARB-9", Situation::RemoteStartSameUnanswered, Verdict::Reject, 0x23),
    ("LL-ARB-10", Situation::RemoteStartOtherUnanswered, Verdict::Reject, 0x2A),
    ("LL-ARB-11", Situation::RemoteStartSameAnswered, Verdict::Disconnect, 0x23),
    ("LL-ARB-12", Situation::RemoteStartOtherAnswered, Verdict::Disconnect, 0x2A),
    ("LL-ARB-15", Situation::RemoteStartSameTwice, Verdict::Reject, 0x23),
    ("LL-ARB-16", Situation::RemoteStartOtherTwice, Verdict::Reject, 0x2A),
];

const OK: ErrorCode = ErrorCode::SUCCESS;

/// The own LL_PHY_REQ crosses this, which is rejected; the own procedure goes on.
fn crossed(pdu: ControlPdu) -> (Verdict, ErrorCode) {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    assert_eq!(rig.exchange(Some(pdu)), [phy_req(TWO)]);
    let sent = rig.exchange(Some(ControlPdu::PhyRsp { tx: TWO, rx: TWO }));
    let [ControlPdu::RejectExtInd { opcode, error }] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(opcode, pdu.opcode());
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    (Verdict::Reject, error)
}

/// The own LL_PHY_REQ is answered; this comes before the instant.
fn before_the_instant(pdu: ControlPdu) -> (Verdict, ErrorCode) {
    let mut rig = Rig::connected(acquainted());
    ask_for_phy(&mut rig);
    rig.exchange(None);
    rig.exchange(Some(ControlPdu::PhyRsp { tx: TWO, rx: TWO }));
    rig.exchange(None);
    rig.exchange(Some(pdu));
    (Verdict::Disconnect, rig.disconnected().expect("it has left"))
}

/// The peripheral's LL_PHY_REQ is answered; this comes before the instant, and the first goes on.
fn while_its_own_is_open(pdu: ControlPdu) -> (Verdict, ErrorCode) {
    let mut rig = Rig::connected(acquainted());
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    rig.exchange(Some(pdu));
    let sent = rig.exchange(None);
    let [ControlPdu::RejectExtInd { error, .. }] = sent[..] else { panic!("{sent:?}") };
    rig.events(7);
    assert_eq!(rig.last().phy.phy(), ble::phy::Phy::Le2M);
    (Verdict::Reject, error)
}

fn waits(situation: Situation) -> (Verdict, ErrorCode) {
    let mut rig = Rig::connected(acquainted());
    let ask_for_map = |rig: &mut Rig| {
        rig.command(Command::LeSetHostChannelClassification { channel_map: 0xFFFF });
    };
    if situation == Situation::LocalStartLocalOpen {
        ask_for_phy(&mut rig);
        ask_for_map(&mut rig);
        assert_eq!(rig.exchange(None), [phy_req(TWO)]);
        assert_eq!(rig.events(3), []);
        rig.exchange(Some(ControlPdu::UnknownRsp(Opcode::PHY_REQ)));
    } else {
        rig.exchange(Some(phy_req(TWO)));
        ask_for_map(&mut rig);
        let sent = rig.exchange(None);
        let [ControlPdu::PhyUpdateInd { instant, .. }] = sent[..] else { panic!("{sent:?}") };
        while rig.event < instant {
            assert_eq!(rig.exchange(None), []);
        }
    }
    // In the next event, or in the one after it.
    assert_eq!(opcodes(&rig.events(2)), [Opcode::CHANNEL_MAP_IND]);
    (Verdict::Wait, OK)
}

/// Brings a controller into the situation; what is seen on air.
fn played(situation: Situation) -> (Verdict, ErrorCode) {
    match situation {
        Situation::LocalStart => {
            let mut rig = Rig::connected(acquainted());
            ask_for_phy(&mut rig);
            assert_eq!(rig.exchange(None), [phy_req(TWO)]);
            (Verdict::Proceed, OK)
        }
        Situation::LocalStartLocalOpen | Situation::LocalStartRemoteOpen => waits(situation),
        Situation::LocalStartTerminating => {
            let mut rig = Rig::connected(acquainted());
            let reason = ErrorCode::REMOTE_USER_TERMINATED;
            rig.command(Command::Disconnect { handle: HANDLE, reason });
            ask_for_phy(&mut rig);
            assert_eq!(rig.exchange(None), [ControlPdu::TerminateInd(reason)]);
            assert_eq!(rig.events(3), []);
            (Verdict::Wait, OK)
        }
        Situation::RemoteStart => {
            let mut rig = Rig::connected(acquainted());
            rig.exchange(Some(phy_req(PhySet::LE_2M)));
            assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
            (Verdict::Proceed, OK)
        }
        Situation::RemoteStartSameUnanswered => crossed(phy_req(TWO)),
        Situation::RemoteStartOtherUnanswered => crossed(PARAM_REQ),
        Situation::RemoteStartSameAnswered => before_the_instant(phy_req(TWO)),
        Situation::RemoteStartOtherAnswered => before_the_instant(PARAM_REQ),
        Situation::RemoteStartSameTwice => while_its_own_is_open(phy_req(TWO)),
        Situation::RemoteStartOtherTwice => while_its_own_is_open(PARAM_REQ),
    }
}

#[test]
fn every_row_is_what_a_controller_does() {
    for (rule, situation, verdict, error) in EXPECTED {
        let row = Decision { rule, situation, verdict, error: ErrorCode(error) };
        assert_eq!(decide(situation), row);
        assert_eq!(played(situation), (verdict, ErrorCode(error)), "{rule}");
    }
    assert_eq!(TABLE.len(), EXPECTED.len(), "a row has no test");
}
