//! Feature bits: those shown, those answered, and the form of reject that they demand.

use ble::pdu::control::{FeatureSet, Opcode};

use super::broken::{ENC_REQ, LENGTH};
use super::procedures::*;
use super::*;

const NO: ErrorCode = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
const ALL: FeatureSet = FeatureSet(0xFFFF);

/// The central shows its bits, the peripheral answers with its own; octet 0 of an answer holds
/// what both have.
fn shown(central: FeatureSet, peripheral: FeatureSet) -> Script {
    let answer = FeatureSet(peripheral.0 & (central.0 | !0xFF));
    Script::new().say(C, ControlPdu::FeatureReq(central)).say(P, ControlPdu::FeatureRsp(answer))
}

fn without(feature: FeatureSet) -> FeatureSet {
    FeatureSet(ALL.0 & !feature.0)
}

fn requests() -> Vec<(ControlPdu, Opcode, FeatureSet)> {
    let both = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);
    vec![
        (ControlPdu::PingReq, Opcode::PING_REQ, FeatureSet::PING),
        (ControlPdu::LengthReq(LENGTH), Opcode::LENGTH_REQ, FeatureSet::DATA_LENGTH_EXTENSION),
        (PHY_REQ, Opcode::PHY_REQ, both),
        (PARAM_REQ, Opcode::CONNECTION_PARAM_REQ, FeatureSet::CONNECTION_PARAMETERS_REQUEST),
    ]
}

/// LL-FEAT-2: who has the bit does know the request; who has not may say so.
#[test]
fn who_shows_a_bit_knows_its_request() {
    for (request, opcode, feature) in requests() {
        let refused =
            |script: Script| script.say(C, request).say(P, ControlPdu::UnknownRsp(opcode)).named();
        assert_eq!(refused(shown(ALL, ALL)), breaks("LL-FEAT-2", P), "{opcode:?}");
        // Nothing was shown yet.
        assert_eq!(refused(Script::new()), BTreeSet::new(), "{opcode:?}");
        // Its answer is without the bit, in octet 0 perhaps because the request was.
        let asked = refused(shown(ALL, without(feature)));
        assert!(!asked.contains(&("LL-FEAT-2", P)), "{opcode:?}");
        let own = shown(ALL, ALL).say(P, request).say(C, ControlPdu::UnknownRsp(opcode));
        assert_eq!(own.named(), breaks("LL-FEAT-2", C), "{opcode:?}");
    }
}

/// LL-FEAT-3: a peer that has shown all its bits is not asked for what it has not.
#[test]
fn nothing_is_asked_of_a_peer_without_the_feature() {
    for (request, opcode, feature) in requests() {
        let asks =
            |script: Script| script.say(P, request).say(C, ControlPdu::UnknownRsp(opcode)).named();
        // 5.1.8: a ping may be sent to any peer.
        let wanted = |by| match opcode {
            Opcode::PING_REQ => BTreeSet::new(),
            _ => breaks("LL-FEAT-3", by),
        };
        assert_eq!(asks(shown(without(feature), ALL)), wanted(P), "{opcode:?}");
        assert!(!asks(shown(ALL, ALL)).contains(&("LL-FEAT-3", P)), "{opcode:?}");
        // By its own request the peripheral shows all of its bits.
        let request_bits = ControlPdu::PeripheralFeatureReq(without(feature));
        let script = Script::new().say(P, request_bits);
        let script = script.say(C, ControlPdu::FeatureRsp(without(feature)));
        let asked = script.say(C, request).say(P, ControlPdu::UnknownRsp(opcode));
        assert_eq!(asked.named(), wanted(C), "{opcode:?}");
    }
}

/// LL-FEAT-1: octet 0, and octet 0 only.
#[test]
fn an_answer_shows_no_bit_of_octet_0_that_was_not_asked_for() {
    let answer = |by: Role, asked, answered| {
        let (request, peer) = match by {
            P => (ControlPdu::FeatureReq(FeatureSet(asked)), C),
            C => (ControlPdu::PeripheralFeatureReq(FeatureSet(asked)), P),
        };
        let script = Script::new().say(peer, request);
        script.say(by, ControlPdu::FeatureRsp(FeatureSet(answered))).named()
    };
    for by in [C, P] {
        assert_eq!(answer(by, 0x21, 0x21), BTreeSet::new());
        assert_eq!(answer(by, 0x21, 0x4120), BTreeSet::new());
        assert_eq!(answer(by, 0x21, 0xA1), breaks("LL-FEAT-1", by));
    }
}

/// LL-REJ-1: form of a reject.
#[test]
fn the_form_of_a_reject_is_what_both_know() {
    let plain = ControlPdu::RejectInd(NO);
    let extended = reject(Opcode::PHY_REQ, NO);
    let rejects = |script: Script, by: Role, pdu| {
        let peer = if by == C { P } else { C };
        script.say(peer, PHY_REQ).say(by, pdu).named()
    };
    let old = without(FeatureSet::EXTENDED_REJECT);
    for by in [C, P] {
        assert_eq!(rejects(shown(ALL, ALL), by, extended), BTreeSet::new());
        assert_eq!(rejects(shown(ALL, ALL), by, plain), breaks("LL-REJ-1", by));
        for script in [shown(old, ALL), shown(ALL, old)] {
            assert_eq!(rejects(script.clone(), by, plain), BTreeSet::new());
            // 5.1.7.2 and 5.1.10 know no other form; 5.3 does.
            assert_eq!(rejects(script.clone(), by, extended), BTreeSet::new());
            let collision = rejects(script, by, reject(Opcode::PHY_REQ, COLLISION));
            assert!(collision.contains(&("LL-REJ-1", by)), "{collision:?}");
        }
        for pdu in [plain, extended] {
            assert_eq!(rejects(Script::new(), by, pdu), BTreeSet::new());
        }
    }
    // 5.1.3.1: either form.
    for pdu in [plain, reject(Opcode::ENC_REQ, NO)] {
        for script in [shown(old, ALL), shown(ALL, ALL)] {
            assert_eq!(script.say(C, ENC_REQ).say(P, pdu).named(), BTreeSet::new());
        }
    }
}
