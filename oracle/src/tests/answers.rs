//! Which PDU answers which, who may refuse which, and by when.

use ble::pdu::control::{FeatureSet, Opcode};

use super::broken::{ENC_REQ, ENC_RSP, LENGTH};
use super::procedures::*;
use super::*;

const NO: ErrorCode = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;

/// LL-RSP-1, LL-ROLE-1: a response out of nothing, by either end.
#[test]
fn no_response_comes_by_itself() {
    use ControlPdu::{ConnectionUpdateInd, FeatureRsp, LengthRsp, PingRsp, RejectInd, UnknownRsp};
    let both = [
        FeatureRsp(FeatureSet(1)),
        LengthRsp(LENGTH),
        PingRsp,
        ControlPdu::StartEncRsp,
        ControlPdu::PauseEncRsp,
        UnknownRsp(Opcode::PING_REQ),
        RejectInd(NO),
        reject(Opcode::PING_REQ, NO),
    ];
    let own =
        [(P, PHY_RSP), (P, PARAM_RSP), (P, ENC_RSP), (P, ControlPdu::StartEncReq), (C, NOTHING)];
    let both = both.into_iter().flat_map(|pdu| [(C, pdu), (P, pdu)]);
    for (by, pdu) in both.chain(own) {
        let named = all(&[(by, pdu)]).named();
        assert!(named.contains(&("LL-RSP-1", by)), "{by:?} {pdu:?}: {named:?}");
        assert!(named.iter().all(|(_, who)| *who == by), "{named:?}");
    }
    // What its sender may start is no response.
    for pdu in [parameters(20), map(20)] {
        assert!(!matches!(pdu, ConnectionUpdateInd(_)) || all(&[(C, pdu)]).named().is_empty());
    }
    for (by, pdu) in [(C, PHY_RSP), (C, ENC_RSP), (P, NOTHING), (P, map(20)), (P, ENC_REQ)] {
        assert_eq!(all(&[(by, pdu)]).named(), breaks("LL-ROLE-1", by), "{by:?} {pdu:?}");
    }
}

/// LL-RSP-1: one request has one response.
#[test]
fn a_request_is_answered_once() {
    let length = (ControlPdu::LengthReq(LENGTH), ControlPdu::LengthRsp(LENGTH));
    for (request, response) in [(ControlPdu::PingReq, ControlPdu::PingRsp), length] {
        for (by, peer) in [(C, P), (P, C)] {
            let once = [(by, request), (peer, response)];
            assert_eq!(all(&once).named(), BTreeSet::new());
            assert_eq!(all(&once).say(peer, response).named(), breaks("LL-RSP-1", peer));
            let other = [(by, request), (by, ControlPdu::PingRsp)];
            assert_eq!(all(&other).named(), breaks("LL-RSP-1", by));
        }
    }
    assert_eq!(all(&[(C, PHY_REQ), (P, PHY_RSP), (P, PHY_RSP)]).named(), breaks("LL-RSP-1", P));
    // A response to something else.
    assert_eq!(
        all(&[(C, ControlPdu::PingReq), (P, ControlPdu::LengthRsp(LENGTH))]).named(),
        breaks("LL-RSP-1", P)
    );
}

/// LL-RSP-1: a refusal names what has come.
#[test]
fn only_what_has_come_is_refused() {
    use ControlPdu::{PingReq, PingRsp, RejectInd, UnknownRsp};
    for (by, peer) in [(C, P), (P, C)] {
        let asked = || all(&[(by, PingReq), (peer, PingRsp)]);
        let refusals = |opcode| [UnknownRsp(opcode), reject(opcode, NO)];
        for pdu in refusals(Opcode::LENGTH_REQ) {
            assert_eq!(asked().say(peer, pdu).named(), breaks("LL-RSP-1", peer), "{pdu:?}");
        }
        // Another PDU has come.
        for pdu in refusals(Opcode::LENGTH_REQ) {
            assert_eq!(all(&[(by, PingReq), (peer, pdu)]).named(), breaks("LL-RSP-1", peer));
        }
        // Late or twice, but of something that was there.
        for pdu in refusals(Opcode::PING_REQ).into_iter().chain([RejectInd(NO)]) {
            assert_eq!(asked().say(peer, pdu).named(), BTreeSet::new(), "{pdu:?}");
        }
        // To the other end it never came.
        for pdu in refusals(Opcode::PING_REQ) {
            assert_eq!(asked().say(by, pdu).named(), breaks("LL-RSP-1", by), "{pdu:?}");
        }
    }
}

/// LL-RSP-1: what a reject names is what it answers; the response to that is then too much.
#[test]
fn a_reject_settles_the_request_that_it_names() {
    let two = [(P, PHY_REQ), (P, ControlPdu::LengthReq(LENGTH))];
    let (phy, length) = (reject(Opcode::PHY_REQ, COLLISION), ControlPdu::LengthRsp(LENGTH));
    let found = |list: &[(Role, ControlPdu)]| {
        let script = list.iter().fold(all(&two), |script, (by, pdu)| script.say(*by, *pdu));
        script.named()
    };
    // Two at once is the peripheral's fault alone.
    assert_eq!(found(&[(C, phy), (C, length)]), breaks("LL-PROC-1", P));
    assert_eq!(found(&[(C, length), (C, phy)]), breaks("LL-PROC-1", P));
    let both = BTreeSet::from([("LL-PROC-1", P), ("LL-RSP-1", C)]);
    assert_eq!(found(&[(C, reject(Opcode::LENGTH_REQ, NO)), (C, length)]), both);
    assert_eq!(found(&[(C, phy), (C, NOTHING)]), both);
    let unknown = ControlPdu::UnknownRsp(Opcode::LENGTH_REQ);
    assert_eq!(found(&[(C, unknown), (C, length)]), both);
    assert_eq!(found(&[(C, unknown), (C, phy)]), breaks("LL-PROC-1", P));
}

/// The central requests a PHY as the peripheral does: LL_PHY_UPDATE_IND ends the central's
/// procedure, and the peripheral's request must still be rejected.
#[test]
fn an_answer_in_the_own_procedure_comes_first() {
    let crossed = [(P, PHY_REQ), (C, PHY_REQ), (P, PHY_RSP), (C, NOTHING)];
    let refused = all(&crossed).say(C, reject(Opcode::PHY_REQ, COLLISION));
    assert_eq!(refused.named(), BTreeSet::new());
    assert_eq!(ping(refused, P).named(), BTreeSet::new());
    // Until then the peripheral's procedure is open.
    assert_eq!(ping(all(&crossed), P).named(), breaks("LL-PROC-1", P));
}

/// LL-CTRL-2: what is not understood.
#[test]
fn what_is_not_for_its_receiver_is_answered_with_unknown() {
    let request = Opcode::PERIPHERAL_FEATURE_REQ;
    for (by, peer, pdu, opcode) in [
        (P, C, ENC_REQ, Opcode::ENC_REQ),
        (C, P, ControlPdu::PeripheralFeatureReq(FeatureSet(1)), request),
    ] {
        let violation = breaks("LL-ROLE-1", by);
        let answered = all(&[(by, pdu), (peer, ControlPdu::UnknownRsp(opcode))]);
        assert_eq!(answered.clone().events(4_200).named(), violation);
        let silent = all(&[(by, pdu)]).events(4_200);
        assert_eq!(silent.named(), BTreeSet::from([("LL-ROLE-1", by), ("LL-CTRL-2", peer)]));
        let rejected = all(&[(by, pdu), (peer, reject(opcode, NO))]);
        assert_eq!(rejected.named(), BTreeSet::from([("LL-ROLE-1", by), ("LL-CTRL-2", peer)]));
    }
    // Too long: its length is the sender's fault, and whether it is served its receiver's choice.
    let long = || Script::new().raw(C, Llid::Control, &[Opcode::PING_REQ.0, 0]);
    for answer in [ControlPdu::PingRsp, ControlPdu::UnknownRsp(Opcode::PING_REQ)] {
        assert_eq!(long().say(P, answer).named(), breaks("LL-CTRL-1", C));
    }
    let silent = long().events(4_200).named();
    assert_eq!(silent, BTreeSet::from([("LL-CTRL-1", C), ("LL-CTRL-2", P)]));
    // What asks for nothing may have been understood.
    let map = Script::new().raw(C, Llid::Control, &[Opcode::CHANNEL_MAP_IND.0, 0]);
    assert_eq!(map.events(4_200).named(), breaks("LL-CTRL-1", C));
    // No request: nothing is owed.
    assert_eq!(all(&[(P, NOTHING)]).events(4_200).named(), breaks("LL-ROLE-1", P));
}

/// LL-VERS-1: one each, whoever begins, and one answer.
#[test]
fn each_end_says_its_version_once() {
    for (by, peer) in [(C, P), (P, C)] {
        assert_eq!(all(&[(by, version()), (peer, version())]).named(), BTreeSet::new());
        let again = [(by, version()), (peer, version()), (peer, version())];
        assert_eq!(all(&again).named(), breaks("LL-VERS-1", peer));
        // It is over: a procedure that the sender starts then collides with nothing.
        for sender in [C, P] {
            let once_more = all(&[(by, version()), (peer, version()), (sender, version())]);
            let named = ping(once_more, sender).named();
            assert_eq!(named, breaks("LL-VERS-1", sender));
        }
        let asks_twice = [(by, version()), (by, version()), (peer, version())];
        let named = all(&asks_twice).events(4_200).named();
        assert!(named.contains(&("LL-VERS-1", by)) && named.iter().all(|(_, who)| *who == by));
        let silent = all(&[(by, version())]).events(4_200).named();
        assert!(silent.contains(&("LL-LIVE-1", peer)), "{silent:?}");
    }
    // Both at once.
    let mut crossed = Script::new();
    for queue in &mut crossed.queue {
        queue.push_back((Llid::Control, version().encode().to_vec()));
    }
    let crossed = crossed.events(2);
    assert_eq!(crossed.clone().events(4_200).named(), BTreeSet::new());
    for by in [C, P] {
        assert_eq!(ping(crossed.clone(), by).named(), BTreeSet::new());
    }
}

/// LL-LIVE-1, with events of 10 ms: 40 s are 4,000 of them.
#[test]
fn an_answer_comes_within_40_seconds() {
    for (by, peer) in [(C, P), (P, C)] {
        let answer = |events: u64| {
            all(&[(by, ControlPdu::PingReq)]).events(events).say(peer, ControlPdu::PingRsp).named()
        };
        assert_eq!(answer(3_990), BTreeSet::new());
        assert_eq!(answer(4_002), breaks("LL-LIVE-1", peer));
    }
}

/// LL-LIVE-1, LL-TIME-1: the end of a wait without an answer must be reported within a second.
#[test]
fn a_wait_for_an_answer_ends_soon_after_40_seconds() {
    for (by, peer) in [(C, P), (P, C)] {
        let silent = |ticks| {
            let (script, end) = Script::new().events(2).ask(by, ControlPdu::PingReq);
            let mut script = script.events(4_095);
            let over = end + Duration::from_secs(41) + Duration::from_ticks(ticks);
            script.record(C, over, RecordKind::AirMiss);
            script.named()
        };
        assert_eq!(silent(0), BTreeSet::new());
        assert_eq!(silent(1), BTreeSet::from([("LL-LIVE-1", peer), ("LL-TIME-1", by)]));
    }
}
