//! What begins with a procedure for which there are no rules here is not judged by other ones.

use ble::pdu::control::{FeatureSet, Opcode};

use super::procedures::*;
use super::*;

const SUBRATE_IND: [u8; 11] = [Opcode::SUBRATE_IND.0, 4, 0, 0, 0, 0, 0, 0, 0, 100, 0];

/// The peripheral has shown these bits; whether its events are subrated is all that matters.
fn subrated(bits: u64) -> BTreeSet<(&'static str, Role)> {
    let shown = FeatureSet(bits);
    let script = Script::new()
        .say(C, ControlPdu::FeatureReq(FeatureSet(0xFF)))
        .say(P, ControlPdu::FeatureRsp(shown))
        .raw(C, Llid::Control, &SUBRATE_IND);
    script.silence(1_200_000).named()
}

/// LL-LIVE-3: by 5.1.19 the central skips events that no longer count.
#[test]
fn what_subrating_makes_of_a_connection_is_not_judged() {
    assert_eq!(subrated(1 << 37 | 1 << 38), BTreeSet::new());
    assert_eq!(subrated(0), breaks("LL-LIVE-3", C));
}

/// LL-TIFS-1: by 5.1.30 the frame space is another one.
#[test]
fn another_frame_space_is_no_violation() {
    let answers = |asked: bool| {
        let mut script = Script::new().events(2);
        if asked {
            script = script.raw(C, Llid::Control, &[0x3B, 60, 0, 150, 0, 1, 3, 0]);
        }
        let mut script = script.raw(P, Llid::Control, &[0x3C, 60, 0, 1, 3, 0]);
        let end = script.packet(C, 0, Some(Reception::Ok));
        script.packet(P, end + 60, Some(Reception::Ok));
        script.next();
        script.events(1).named()
    };
    assert_eq!(answers(true), BTreeSet::new());
    assert!(answers(false).contains(&("LL-TIFS-1", P)));
}
