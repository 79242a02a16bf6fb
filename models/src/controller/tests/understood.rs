//! Feature bits agree with behaviour: what is offered is understood, and nothing else.

use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::Llid;

use super::rig::{Rig, honest};
use crate::controller::ControllerConfig;

/// Opcodes that a central acts on: CtrData octets, and the features of which it needs one (none:
/// always). From the lists of Vol 6, Part B, 2.4.2 and 4.6; not from the code.
const UNDERSTOOD: [(u8, usize, u64); 20] = [
    (0x02, 1, 0),
    (0x04, 12, 1),
    (0x05, 0, 1),
    (0x06, 0, 1),
    (0x07, 1, 0),
    (0x09, 8, 0),
    (0x0B, 0, 1),
    (0x0C, 5, 0),
    (0x0D, 1, 0),
    (0x0E, 8, 1 << 3),
    (0x0F, 23, 1 << 1),
    (0x10, 23, 1 << 1),
    (0x11, 2, 1 << 2),
    (0x12, 0, 1 << 4),
    (0x13, 0, 1 << 4),
    (0x14, 8, 1 << 5),
    (0x15, 8, 1 << 5),
    (0x16, 2, 1 << 8 | 1 << 11),
    (0x17, 2, 1 << 8 | 1 << 11),
    (0x19, 2, 1 << 16),
];

fn check(features: u64, opcode: u8, len: usize) {
    let features = FeatureSet(features);
    let mut rig = Rig::connected(ControllerConfig { features, ..honest() });
    let mut pdu = vec![0; len + 1];
    pdu[0] = opcode;
    rig.say.push_back((Llid::Control, pdu));
    rig.exchange(None);
    let sent = rig.exchange(None);
    let unknown = ControlPdu::UnknownRsp(Opcode(opcode));
    let understood = UNDERSTOOD.iter().any(|(of, octets, needed)| {
        *of == opcode && *octets == len && (*needed == 0 || features.0 & needed != 0)
    });
    if understood {
        assert!(!sent.contains(&unknown), "{features:?} {opcode:02X} {len}");
    } else {
        assert_eq!(sent, [unknown], "{features:?} {opcode:02X} {len}");
    }
}

/// LL-FEAT-2: feature bits are true.
/// LL-CTRL-2: what is not understood.
#[test]
fn each_feature_alone_and_all_but_each_decide_about_every_opcode() {
    for bit in 0..20 {
        for features in [1 << bit, !(1_u64 << bit)] {
            for opcode in 0..=0x2A {
                let usual = Opcode(opcode).ctr_data_len().unwrap_or(3);
                for len in [usual, usual.saturating_sub(1), usual + 1] {
                    check(features, opcode, len);
                }
            }
        }
    }
}
