//! What a central takes of its peripheral: how long its packets may be, and control PDUs without
//! an opcode.

use ble::pdu::control::{ControlPdu, DataLength, Opcode};
use ble::pdu::data::Llid;

use super::rig::{Rig, honest};

/// LL-LEN-9: what a receiver takes.
#[test]
fn the_receiver_takes_what_was_announced_and_goes_on_to() {
    let mut rig = Rig::connected(honest());
    rig.exchange(None);
    assert_eq!(rig.longest, 27);
    rig.encrypt();
    rig.exchange(None);
    assert_eq!(rig.longest, 31);
    for max_tx_octets in [251, 27, 60] {
        let theirs =
            DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets, max_tx_time: 2120 };
        rig.exchange(Some(ControlPdu::LengthReq(theirs)));
        rig.exchange(None);
        assert_eq!(rig.longest, 255, "{max_tx_octets}");
    }
}

/// LL-CTRL-2: what is not understood.
#[test]
fn a_control_pdu_of_length_zero_is_answered_with_0xff() {
    let mut rig = Rig::connected(honest());
    rig.say.push_back((Llid::Control, Vec::new()));
    rig.exchange(None);
    assert_eq!(rig.exchange(None), [ControlPdu::UnknownRsp(Opcode(0xFF))]);
    assert_eq!(rig.exchange(Some(ControlPdu::PingReq)), []);
    assert_eq!(rig.exchange(None), [ControlPdu::PingRsp], "it goes on");
}
