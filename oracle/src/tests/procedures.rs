//! When a procedure is open and when it is over, for each procedure and each way it can end; and
//! which may be started meanwhile.

use ble::pdu::control::{ConnectionParam, ConnectionUpdate, FeatureSet, Opcode};
use ble::phy::PhySet;

use super::broken::{ENC_REQ, LENGTH};
use super::*;

pub(super) const SET: PhySet = PhySet::LE_1M;
pub(super) const PHY_REQ: ControlPdu = ControlPdu::PhyReq { tx: SET, rx: SET };
pub(super) const PHY_RSP: ControlPdu = ControlPdu::PhyRsp { tx: SET, rx: SET };
/// No PHY changes.
pub(super) const NOTHING: ControlPdu =
    ControlPdu::PhyUpdateInd { c_to_p: PhySet::NONE, p_to_c: PhySet::NONE, instant: 0 };
const PARAM: ConnectionParam = ConnectionParam {
    interval_min: 8,
    interval_max: 8,
    latency: 0,
    timeout: 100,
    preferred_periodicity: 0,
    reference_conn_event_count: 0,
    offsets: [0xFFFF; 6],
};
pub(super) const PARAM_REQ: ControlPdu = ControlPdu::ConnectionParamReq(PARAM);
pub(super) const PARAM_RSP: ControlPdu = ControlPdu::ConnectionParamRsp(PARAM);
pub(super) const COLLISION: ErrorCode = ErrorCode::DIFFERENT_TRANSACTION_COLLISION;
const NO: ErrorCode = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;

/// No change, or to 1M from 1M: only the instant counts.
pub(super) fn map(instant: u16) -> ControlPdu {
    ControlPdu::ChannelMapInd { channel_map: CHANNEL_MAP_ALL, instant }
}

pub(super) fn parameters(instant: u16) -> ControlPdu {
    ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: 1,
        win_offset: 0,
        interval: 8,
        latency: 0,
        timeout: 100,
        instant,
    })
}

pub(super) fn phy(instant: u16) -> ControlPdu {
    ControlPdu::PhyUpdateInd { c_to_p: SET, p_to_c: PhySet::NONE, instant }
}

pub(super) fn reject(opcode: Opcode, error: ErrorCode) -> ControlPdu {
    ControlPdu::RejectExtInd { opcode, error }
}

pub(super) fn version() -> ControlPdu {
    let version = ble::pdu::control::VersionInd { version: 12, company: 0, subversion: 0 };
    ControlPdu::VersionInd(version)
}

pub(super) fn all(list: &[(Role, ControlPdu)]) -> Script {
    list.iter().fold(Script::new(), |script, (by, pdu)| script.say(*by, *pdu))
}

/// Starts a procedure without an instant, and has it answered.
pub(super) fn ping(script: Script, by: Role) -> Script {
    let peer = if by == C { P } else { C };
    script.say(by, ControlPdu::PingReq).say(peer, ControlPdu::PingRsp)
}

pub(super) fn breaks(rule: &'static str, by: Role) -> BTreeSet<(&'static str, Role)> {
    BTreeSet::from([(rule, by)])
}

/// Procedures without an instant: the last PDU ends each.
fn exchanges() -> Vec<Vec<(Role, ControlPdu)>> {
    use ControlPdu::{FeatureReq, FeatureRsp, LengthReq, LengthRsp, PeripheralFeatureReq};
    use ControlPdu::{PingReq, PingRsp, RejectInd, UnknownRsp};
    let bits = FeatureSet(0xFFFF);
    let (param, phy, length) = (Opcode::CONNECTION_PARAM_REQ, Opcode::PHY_REQ, Opcode::LENGTH_REQ);
    vec![
        vec![(C, FeatureReq(bits)), (P, FeatureRsp(bits))],
        vec![(P, PeripheralFeatureReq(bits)), (C, FeatureRsp(bits))],
        vec![(P, PeripheralFeatureReq(bits)), (C, UnknownRsp(Opcode::PERIPHERAL_FEATURE_REQ))],
        vec![(C, version()), (P, version())],
        vec![(P, version()), (C, version())],
        vec![(C, LengthReq(LENGTH)), (P, LengthRsp(LENGTH))],
        vec![(P, LengthReq(LENGTH)), (C, LengthRsp(LENGTH))],
        vec![(C, LengthReq(LENGTH)), (P, UnknownRsp(length))],
        vec![(P, LengthReq(LENGTH)), (C, UnknownRsp(length))],
        vec![(C, PingReq), (P, PingRsp)],
        vec![(P, PingReq), (C, PingRsp)],
        vec![(C, PHY_REQ), (P, PHY_RSP), (C, NOTHING)],
        vec![(C, PHY_REQ), (P, UnknownRsp(phy))],
        vec![(C, PHY_REQ), (P, reject(phy, NO))],
        vec![(P, PHY_REQ), (C, NOTHING)],
        vec![(P, PHY_REQ), (C, UnknownRsp(phy))],
        vec![(P, PHY_REQ), (C, reject(phy, COLLISION))],
        vec![(P, PHY_REQ), (C, RejectInd(COLLISION))],
        vec![(C, PARAM_REQ), (P, UnknownRsp(param))],
        vec![(C, PARAM_REQ), (P, reject(param, NO))],
        vec![(C, PARAM_REQ), (P, RejectInd(NO))],
        vec![(P, PARAM_REQ), (C, UnknownRsp(param))],
        vec![(P, PARAM_REQ), (C, reject(param, COLLISION))],
        vec![(C, PARAM_REQ), (P, PARAM_RSP), (C, reject(Opcode::CONNECTION_PARAM_RSP, NO))],
        vec![(C, PARAM_REQ), (P, PARAM_RSP), (C, reject(param, NO))],
        vec![(C, PARAM_REQ), (P, PARAM_RSP), (C, UnknownRsp(Opcode::CONNECTION_PARAM_RSP))],
        vec![(C, PARAM_REQ), (P, PARAM_RSP), (C, RejectInd(NO))],
        vec![(C, ENC_REQ), (P, RejectInd(NO))],
        vec![(C, ENC_REQ), (P, reject(Opcode::ENC_REQ, NO))],
    ]
}

/// LL-PROC-1: who has begun a procedure starts another one when it is over, and not before; the
/// other end may at any time.
#[test]
fn each_procedure_is_open_until_its_last_pdu() {
    for exchange in exchanges() {
        let starter = exchange[0].0;
        let other = if starter == C { P } else { C };
        for count in 1..=exchange.len() {
            let script = all(&exchange[..count]);
            let named = ping(script.clone(), starter).named();
            let over = count == exchange.len();
            assert_eq!(named.is_empty(), over, "{:?}: {named:?}", &exchange[..count]);
            assert_eq!(named.contains(&("LL-PROC-1", starter)), !over, "{named:?}");
            assert!(named.iter().all(|(_, by)| *by == starter), "{named:?}");
            // While encryption starts, no other PDU is answered (LL-ENC-1).
            if over || exchange[0].1 != ENC_REQ {
                assert_eq!(ping(script, other).named(), BTreeSet::new(), "{exchange:?}, {count}");
            }
        }
    }
}

/// Procedures with an instant: the PDUs before, and the one that contains it.
type Timed = (Vec<(Role, ControlPdu)>, fn(u16) -> ControlPdu);

fn timed() -> Vec<Timed> {
    vec![
        (vec![], map),
        (vec![], parameters),
        (vec![(C, PARAM_REQ), (P, PARAM_RSP)], parameters),
        (vec![(P, PARAM_REQ)], parameters),
        (vec![(C, PHY_REQ), (P, PHY_RSP)], phy),
        (vec![(P, PHY_REQ)], phy),
    ]
}

const INSTANT: u16 = 20;

fn announced((before, last): &Timed) -> (Role, Script) {
    let starter = before.first().map_or(C, |(by, _)| *by);
    (starter, all(before).say(C, last(INSTANT)))
}

/// LL-PROC-1 with an instant: open until its event.
#[test]
fn a_procedure_with_an_instant_is_open_until_then() {
    for timed in timed() {
        let (starter, script) = announced(&timed);
        let early = ping(script.clone().until(INSTANT - 1), starter).named();
        assert_eq!(early, breaks("LL-PROC-1", starter), "{:?}", timed.0);
        let other = if starter == C { P } else { C };
        assert_eq!(ping(script.clone(), other).named(), BTreeSet::new(), "{:?}", timed.0);
        assert_eq!(ping(script.until(INSTANT), starter).named(), BTreeSet::new(), "{:?}", timed.0);
    }
}

/// LL-COLL-1: who has answered starts none with an instant before that of the peer's.
#[test]
fn after_an_answer_no_procedure_with_an_instant_is_started_before_the_peers_is_over() {
    for timed in timed() {
        let (starter, script) = announced(&timed);
        let (by, start): (Role, fn(Script) -> Script) = match starter {
            C => (P, |script| script.say(P, PHY_REQ).say(C, reject(Opcode::PHY_REQ, COLLISION))),
            P => (C, |script| script.say(C, map(60))),
        };
        let answered = starter == P || timed.0.len() > 1;
        let wanted = if answered { breaks("LL-COLL-1", by) } else { BTreeSet::new() };
        let early = start(script.clone().until(INSTANT - 1)).named();
        assert_eq!(early, wanted, "{:?}", timed.0);
        assert_eq!(start(script.until(INSTANT)).named(), BTreeSet::new(), "{:?}", timed.0);
    }
    // The answer alone counts, and only to a procedure that may have an instant.
    let answered = all(&[(C, PHY_REQ), (P, PHY_RSP), (P, PARAM_REQ)]);
    assert!(answered.named().contains(&("LL-COLL-1", P)));
    let over = all(&[(C, PHY_REQ), (P, PHY_RSP), (C, NOTHING), (P, PARAM_REQ)]);
    assert_eq!(over.say(C, parameters(30)).named(), BTreeSet::new());
    let length = [(P, ControlPdu::LengthReq(LENGTH)), (C, ControlPdu::LengthRsp(LENGTH))];
    assert_eq!(all(&length).say(C, map(30)).named(), BTreeSet::new());
    // An unanswered request does not prevent it.
    let crossed = all(&[(P, PHY_REQ), (C, map(30)), (C, reject(Opcode::PHY_REQ, COLLISION))]);
    assert_eq!(crossed.named(), BTreeSet::new());
    // Nor one after which something else was answered.
    let other = all(&[(P, PHY_REQ)]).raw(P, Llid::Control, &[0x7F, 1]);
    let other = other.say(C, ControlPdu::UnknownRsp(Opcode(0x7F))).say(C, map(30));
    assert_eq!(other.say(C, reject(Opcode::PHY_REQ, COLLISION)).named(), BTreeSet::new());
}

/// LL-PROC-1: LL_CONNECTION_UPDATE_IND goes on with the central's own request when that has been
/// answered, and once; else it starts another procedure.
#[test]
fn an_update_goes_on_with_an_answered_request_only() {
    let found = |list: &[(Role, ControlPdu)]| all(list).named();
    assert_eq!(found(&[(C, PARAM_REQ), (P, PARAM_RSP), (C, parameters(30))]), BTreeSet::new());
    let wrong = breaks("LL-PROC-1", C);
    assert_eq!(found(&[(C, PARAM_REQ), (C, parameters(30))]), wrong);
    assert_eq!(found(&[(C, PHY_REQ), (P, PHY_RSP), (C, parameters(30))]), wrong);
    assert_eq!(found(&[(C, PHY_REQ), (P, PHY_RSP), (C, map(30))]), wrong);
    let twice = [(C, PARAM_REQ), (P, PARAM_RSP), (C, parameters(30)), (C, parameters(40))];
    assert_eq!(found(&twice), wrong);
}

/// LL-COLL-2: the central rejects.
#[test]
fn while_an_own_instant_is_to_come_the_central_rejects_what_has_one() {
    let ask = |request, answer| all(&[(C, map(12)), (P, request), (C, answer)]);
    let refused = |opcode| reject(opcode, COLLISION);
    for (request, opcode, granted) in [
        (PHY_REQ, Opcode::PHY_REQ, phy as fn(u16) -> ControlPdu),
        (PARAM_REQ, Opcode::CONNECTION_PARAM_REQ, parameters),
    ] {
        assert_eq!(ask(request, granted(20)).named(), breaks("LL-COLL-2", C));
        assert_eq!(ask(request, refused(opcode)).named(), BTreeSet::new());
        let late = all(&[(C, map(12))]).until(12).say(P, request).say(C, granted(30));
        assert_eq!(late.named(), BTreeSet::new());
        let other = all(&[(C, ControlPdu::LengthReq(LENGTH)), (P, request), (C, granted(30))]);
        assert_eq!(other.say(P, ControlPdu::LengthRsp(LENGTH)).named(), BTreeSet::new());
    }
    assert_eq!(ask(PHY_REQ, NOTHING).named(), breaks("LL-COLL-2", C));
    // A procedure without an instant is served.
    assert_eq!(ping(all(&[(C, map(12))]), P).named(), BTreeSet::new());
}

/// LL-COLL-3: both codes of a collision, in either form; other reasons and the central are free.
#[test]
fn a_peripheral_does_not_reject_for_a_collision() {
    for (error, wrong) in
        [(COLLISION, true), (ErrorCode::LL_PROCEDURE_COLLISION, true), (NO, false)]
    {
        let wanted = if wrong { breaks("LL-COLL-3", P) } else { BTreeSet::new() };
        let extended = all(&[(C, PHY_REQ), (P, reject(Opcode::PHY_REQ, error))]);
        assert_eq!(extended.named(), wanted);
        assert_eq!(all(&[(C, PHY_REQ), (P, ControlPdu::RejectInd(error))]).named(), wanted);
        let central = all(&[(P, PHY_REQ), (C, ControlPdu::RejectInd(error))]);
        assert_eq!(central.named(), BTreeSet::new());
    }
}

/// An update of the central's own is in its queue when the peripheral asks for one: it seems to be
/// the answer until the reject comes.
#[test]
fn an_update_may_be_the_centrals_own_whatever_it_seems_to_answer() {
    let crossed = || {
        let refused = reject(Opcode::CONNECTION_PARAM_REQ, COLLISION);
        all(&[(P, PARAM_REQ), (C, parameters(INSTANT)), (C, refused)])
    };
    assert_eq!(ping(crossed(), P).named(), BTreeSet::new());
    assert_eq!(ping(crossed(), C).named(), breaks("LL-PROC-1", C));
    assert_eq!(ping(crossed().until(INSTANT), C).named(), BTreeSet::new());
    // The peripheral has answered nothing, so it may ask again.
    let again = crossed().say(P, PHY_REQ).say(C, reject(Opcode::PHY_REQ, COLLISION));
    assert_eq!(again.named(), BTreeSet::new());
}

/// LL-INST-1: six events ahead, and not as far as what counts as past.
#[test]
fn an_instant_is_six_to_32766_events_ahead() {
    for pdu in [map as fn(u16) -> ControlPdu, parameters] {
        for (instant, wrong) in [(5, true), (6, false), (0, true), (32_766, false), (32_767, true)]
        {
            let script = Script::new().say(C, pdu(instant));
            assert_eq!(script.observed().contains(&("LL-INST-1", C)), wrong, "{instant}");
            // 5.5 only recommends it; but the update must be applied at its instant.
            assert!(script.named().is_subset(&breaks("LL-UPD-1", C)), "{instant}");
        }
    }
    for (ahead, wrong) in [(5, true), (6, false), (32_766, false), (32_767, true)] {
        let script = Script::new().say(P, PHY_REQ);
        let instant = script.event as u16 + ahead;
        let script = script.say(C, phy(instant));
        assert_eq!(script.observed().contains(&("LL-INST-1", C)), wrong);
    }
    // An update that changes one direction has an instant, one that changes none has not.
    let one = ControlPdu::PhyUpdateInd { c_to_p: PhySet::NONE, p_to_c: SET, instant: 4 };
    let found = |pdu| Script::new().say(P, PHY_REQ).say(C, pdu).observed();
    assert_eq!(found(one), breaks("LL-INST-1", C));
    assert_eq!(found(NOTHING), BTreeSet::new());
}

/// LL-INST-4: six events that a peripheral with latency 3 listens to are 24; once the parameters
/// without latency apply they are six.
#[test]
fn latency_moves_instants_away() {
    let patient = || Script::with(|request| request.latency = 3);
    assert_eq!(patient().say(C, map(24)).observed(), BTreeSet::new());
    assert_eq!(patient().say(C, map(23)).observed(), breaks("LL-INST-4", C));
    assert_eq!(patient().say(C, map(23)).named(), BTreeSet::new());
    let awake = || patient().say(C, parameters(30));
    assert_eq!(awake().until(30).say(C, map(36)).observed(), BTreeSet::new());
    assert_eq!(awake().until(30).say(C, map(35)).observed(), breaks("LL-INST-1", C));
    assert_eq!(awake().until(29).say(C, map(40)).observed(), breaks("LL-INST-4", C));
}
