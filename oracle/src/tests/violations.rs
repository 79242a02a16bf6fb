//! The reactions left open to a device that receives a PDU that breaks a rule, and who is to blame.

use ble::pdu::control::{ConnectionParam, ConnectionUpdate, DataLength, FeatureSet, Opcode};
use ble::phy::PhySet;

use super::broken::{ENC_REQ, ENC_RSP, LENGTH, set};
use super::later::{keyed, secure_from};
use super::procedures::*;
use super::*;

const MIC: ErrorCode = ErrorCode::MIC_FAILURE;
const NOT_ALLOWED: ErrorCode = ErrorCode::LMP_PDU_NOT_ALLOWED;
const INVALID: ErrorCode = ErrorCode::INVALID_LL_PARAMETERS;
const NO_KEY: ErrorCode = ErrorCode::PIN_OR_KEY_MISSING;
const DATA: [u8; 5] = [1, 0, 9, 0, 9];

fn asked() -> Script {
    Script::new().say(C, ENC_REQ)
}

fn answered() -> Script {
    asked().say(P, ENC_RSP)
}

/// In the clear again, after encryption has run.
pub(super) fn paused() -> Script {
    let script = secure_from(Script::new(), 0x11);
    let mut script = script.say(C, ControlPdu::PauseEncReq).say(P, ControlPdu::PauseEncRsp);
    script.ciphers = [None, None];
    script.say(C, ControlPdu::PauseEncRsp)
}

/// Nothing is said against the peripheral, and something against the central.
fn central_alone(script: &Script) -> bool {
    let named = script.named();
    !named.is_empty() && named.iter().all(|(_, by)| *by == C)
}

fn blames(script: &Script, by: Role) -> bool {
    script.named().iter().any(|(_, who)| *who == by)
}

/// LL-CTRL-4: 5.1.1 has the offset within the new interval.
#[test]
fn an_offset_beyond_the_new_interval_is_out_of_range() {
    let update = |win_offset| {
        ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
            win_size: 1,
            win_offset,
            interval: 8,
            latency: 0,
            timeout: 100,
            instant: 20,
        })
    };
    let left = |offset| Script::new().say(C, update(offset)).end(P, INVALID).named();
    assert_eq!(left(9), breaks("LL-CTRL-4", C));
    assert_eq!(left(8), breaks("LL-END-1", P));
}

/// LL-ENC-1, LL-ENC-6: every PDU that no step of an encryption start needs is the central's fault.
/// The peripheral disconnects for it, and must.
#[test]
fn what_no_step_of_an_encryption_start_asks_for_ends_the_connection() {
    let wrong: [(Llid, Vec<u8>); 10] = [
        (Llid::Control, ENC_REQ.encode().to_vec()),
        (Llid::Control, ENC_RSP.encode().to_vec()),
        (Llid::Control, ControlPdu::StartEncReq.encode().to_vec()),
        (Llid::Control, ControlPdu::StartEncRsp.encode().to_vec()),
        (Llid::Control, ControlPdu::PauseEncReq.encode().to_vec()),
        (Llid::Control, ControlPdu::PauseEncRsp.encode().to_vec()),
        // LL_TERMINATE_IND of two octets, and an opcode that there is not.
        (Llid::Control, vec![Opcode::TERMINATE_IND.0, 0x13, 0]),
        (Llid::Control, vec![0xF0]),
        (Llid::Start, DATA.to_vec()),
        (Llid::Continuation, DATA.to_vec()),
    ];
    for (llid, octets) in &wrong {
        for start in [asked as fn() -> Script, answered] {
            let came = start().raw(C, *llid, octets);
            assert!(came.named().contains(&("LL-ENC-1", C)), "{octets:X?}: {:?}", came.named());
            assert!(central_alone(&came), "{octets:X?}: {:?}", came.named());
            assert!(central_alone(&came.clone().end(P, MIC)), "{octets:X?}");
            let stays = came.events(9).named();
            assert!(stays.contains(&("LL-ENC-6", P)), "{octets:X?}: {stays:?}");
        }
    }
}

/// LL-ENC-2: LL_START_ENC_RSP in the clear begins no encryption.
#[test]
fn an_early_answer_in_the_clear_makes_nothing_else_encrypted() {
    let early = answered().say(C, ControlPdu::StartEncRsp);
    let named = early.say(P, ControlPdu::TerminateInd(MIC)).named();
    assert!(named.iter().all(|(_, by)| *by == C), "{named:?}");
    // Nor does it outside of a start.
    let early = Script::new().say(C, ControlPdu::StartEncRsp).raw(P, Llid::Start, &DATA);
    assert_eq!(early.named(), breaks("LL-RSP-1", C));
}

/// LL-ENC-1: each step once, and the answers in their order.
#[test]
fn the_steps_of_starts_and_pauses_are_allowed() {
    assert_eq!(secure_from(Script::new(), 0x11).named(), BTreeSet::new());
    assert_eq!(paused().say(C, ENC_REQ).say(P, ENC_RSP).named(), BTreeSet::new());
    let twice = paused().say(C, ENC_REQ).say(C, ENC_REQ).named();
    assert!(twice.contains(&("LL-ENC-1", C)), "{twice:?}");
    let refused = answered().say(P, ControlPdu::RejectInd(NO_KEY)).raw(P, Llid::Start, &DATA);
    assert_eq!(refused.say(C, ENC_REQ).say(P, ENC_RSP).named(), BTreeSet::new());
}

/// LL-ENC-9: the link layer ends a refresh without a key by itself.
#[test]
fn without_a_key_a_refresh_ends_with_its_error() {
    let leaves = |script: Script, reason| {
        script.say(P, ControlPdu::TerminateInd(NO_KEY)).end(P, reason).named()
    };
    let refresh = || paused().say(C, ENC_REQ).say(P, ENC_RSP);
    assert_eq!(leaves(refresh(), NO_KEY), BTreeSet::new());
    assert_eq!(leaves(refresh(), ErrorCode::LOCAL_HOST_TERMINATED), BTreeSet::new());
    assert_eq!(leaves(answered(), NO_KEY), breaks("LL-END-1", P));
    assert_eq!(refresh().end(P, NO_KEY).named(), breaks("LL-END-1", P));
}

/// LL-ENC-11: a pause of what does not run is the central's fault, and obliges nobody.
#[test]
fn a_pause_in_the_clear_is_out_of_place() {
    let asked = || Script::new().say(C, ControlPdu::PauseEncReq);
    let pause = Opcode::PAUSE_ENC_REQ;
    assert_eq!(asked().events(4_200).named(), breaks("LL-ENC-11", C));
    for answer in [
        ControlPdu::UnknownRsp(pause),
        reject(pause, NOT_ALLOWED),
        ControlPdu::RejectInd(NOT_ALLOWED),
        ControlPdu::PauseEncRsp,
    ] {
        let script = asked().say(P, answer).raw(P, Llid::Start, &DATA).events(9);
        assert_eq!(script.named(), breaks("LL-ENC-11", C), "{answer:?}");
    }
    for reason in [MIC, NOT_ALLOWED] {
        assert_eq!(asked().end(P, reason).named(), breaks("LL-ENC-11", C), "{reason:?}");
    }
}

/// LL-ENC-5: a refusal while encryption starts excuses who leaves for it; for LL_UNKNOWN_RSP it is
/// recommended to stay.
#[test]
fn a_refusal_may_be_taken_for_something_else() {
    let unknown = ControlPdu::UnknownRsp(Opcode::PING_REQ);
    let start = || all(&[(P, ControlPdu::PingReq), (C, ENC_REQ), (P, ENC_RSP)]);
    for pdu in [unknown, reject(Opcode::PING_REQ, NOT_ALLOWED)] {
        let left = start().say(C, pdu).end(P, MIC);
        assert_eq!(left.named(), BTreeSet::new(), "{pdu:?}");
        let wanted = if pdu == unknown { breaks("LL-ENC-5", P) } else { BTreeSet::new() };
        assert_eq!(left.observed(), wanted);
        assert_eq!(start().say(C, pdu).events(9).named(), BTreeSet::new());
    }
    assert_eq!(start().end(P, MIC).named(), breaks("LL-END-1", P));
}

/// LL-LEN-1, LL-LEN-2, LL-LEN-3: less than every device takes counts as what every device takes.
#[test]
fn a_length_below_the_least_counts_as_the_least() {
    let none = DataLength { max_rx_octets: 0, max_rx_time: 0, ..LENGTH };
    let asked = Script::new().say(C, ControlPdu::LengthReq(none));
    let script = asked.say(P, ControlPdu::LengthRsp(LENGTH));
    assert_eq!(script.clone().raw(P, Llid::Start, &[1; 27]).named(), breaks("LL-LEN-3", C));
    let long = script.raw(P, Llid::Start, &[1; 28]).named();
    assert_eq!(long, BTreeSet::from([("LL-LEN-3", C), ("LL-LEN-1", P)]));
}

/// LL-LIVE-1: nothing is owed for what breaks a rule, and LL_UNKNOWN_RSP is no lie about features
/// (LL-FEAT-2).
#[test]
fn a_request_that_breaks_a_rule_may_be_refused_or_ignored() {
    let shown = || {
        let bits = FeatureSet(0xFFFF);
        Script::new().say(C, ControlPdu::FeatureReq(bits)).say(P, ControlPdu::FeatureRsp(bits))
    };
    let none = ControlPdu::LengthReq(DataLength { max_rx_octets: 0, ..LENGTH });
    let empty = ControlPdu::PhyReq { tx: PhySet::NONE, rx: PhySet::NONE };
    for (pdu, opcode, rule) in
        [(none, Opcode::LENGTH_REQ, "LL-LEN-3"), (empty, Opcode::PHY_REQ, "LL-CTRL-4")]
    {
        assert_eq!(shown().say(C, pdu).events(4_200).named(), breaks(rule, C), "{opcode:?}");
        for answer in [ControlPdu::UnknownRsp(opcode), reject(opcode, INVALID)] {
            assert_eq!(shown().say(C, pdu).say(P, answer).named(), breaks(rule, C), "{answer:?}");
        }
        assert_eq!(shown().say(C, pdu).end(P, INVALID).named(), breaks(rule, C));
        // Twice, and the second time as it should be: then it is known.
        let good = if opcode == Opcode::PHY_REQ { PHY_REQ } else { ControlPdu::LengthReq(LENGTH) };
        let again = shown().say(C, pdu).say(P, ControlPdu::UnknownRsp(opcode)).say(C, good);
        let named = again.say(P, ControlPdu::UnknownRsp(opcode)).named();
        assert_eq!(named, BTreeSet::from([(rule, C), ("LL-FEAT-2", P)]));
    }
    // Of a wrong length: LL_UNKNOWN_RSP it must be.
    let requests = [Opcode::LENGTH_REQ, Opcode::CONNECTION_PARAM_REQ, Opcode::PHY_REQ];
    for opcode in requests.into_iter().chain([Opcode::ENC_REQ]) {
        let long = shown().raw(C, Llid::Control, &[opcode.0, 0, 0, 0]);
        let answered = long.clone().say(P, ControlPdu::UnknownRsp(opcode)).named();
        assert_eq!(answered, breaks("LL-CTRL-1", C), "{opcode:?}");
        assert!(long.events(4_200).named().contains(&("LL-CTRL-2", P)), "{opcode:?}");
    }
}

/// LL-PHY-1, LL-RSP-1: an LL_PHY_UPDATE_IND that answers nothing may be heeded or not.
#[test]
fn a_stray_change_of_phys_leaves_both_open() {
    let two = PhySet::LE_2M;
    let stray = || {
        let pdu = ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: two, instant: 10 };
        Script::new().say(C, pdu).until(10)
    };
    let found = |mut script: Script| {
        let (status, phy) = (ErrorCode::SUCCESS, ble::phy::Phy::Le2M);
        let event = Event::LePhyUpdateComplete { handle: Handle(0), status, tx: phy, rx: phy };
        script.hci(P, event);
        script
    };
    for phys in [[TxPhy::Le1M; 2], [TxPhy::Le2M; 2], [TxPhy::Le2M, TxPhy::Le1M]] {
        let mut script = stray();
        script.phys = phys;
        assert_eq!(script.events(120).named(), breaks("LL-RSP-1", C), "{phys:?}");
    }
    assert_eq!(found(stray()).events(120).named(), breaks("LL-RSP-1", C));
    // It is no instant of a procedure for what follows.
    let asks = stray().say(C, PHY_REQ).say(P, PHY_RSP);
    assert!(!blames(&asks, P) && asks.observed().is_empty(), "{:?}", asks.named());
}

/// LL-COLL-3: a peripheral may refuse what the central may not begin.
#[test]
fn a_second_procedure_of_the_central_may_be_refused() {
    let twice = || all(&[(C, map(30)), (C, PHY_REQ)]);
    for answer in [reject(Opcode::PHY_REQ, COLLISION), ControlPdu::RejectInd(COLLISION)] {
        assert_eq!(twice().say(P, answer).named(), breaks("LL-PROC-1", C), "{answer:?}");
    }
    let once = all(&[(C, PHY_REQ)]).say(P, reject(Opcode::PHY_REQ, COLLISION));
    assert_eq!(once.named(), breaks("LL-COLL-3", P));
}

/// LL-END-1: the reason fits what was broken, and what was broken has come.
#[test]
fn a_disconnection_for_a_violation_comes_after_it() {
    // 0x24 fits every PDU that is not permitted.
    for pdu in [
        ControlPdu::PingRsp,
        ControlPdu::LengthReq(DataLength { max_tx_time: 0, ..LENGTH }),
        ENC_RSP,
    ] {
        let left = Script::new().say(C, pdu).end(P, NOT_ALLOWED);
        assert!(central_alone(&left), "{pdu:?}: {:?}", left.named());
    }
    assert_eq!(Script::new().events(3).end(P, NOT_ALLOWED).named(), breaks("LL-END-1", P));
    let other = Script::new().say(C, ControlPdu::PingRsp).end(P, INVALID);
    assert!(other.named().contains(&("LL-END-1", P)));
    // It is lost, and comes when it is repeated.
    let lost = |heard| {
        let mut script = Script::new().events(3);
        script.queue[0].push_back((Llid::Control, ControlPdu::PingRsp.encode().to_vec()));
        script.packet(C, 0, None);
        script.next();
        if heard { script.events(1) } else { script }
    };
    assert!(lost(false).end(P, NOT_ALLOWED).named().contains(&("LL-END-1", P)));
    assert!(central_alone(&lost(true).end(P, NOT_ALLOWED)));
    // It comes when this end has left.
    let at = Instant::from_us(30_000);
    let late = Script::new().events(3).end_at(P, NOT_ALLOWED, at).say(C, ControlPdu::PingRsp);
    assert!(late.named().contains(&("LL-END-1", P)));
}

/// LL-MIC-2, LL-ENC-6: what obliges is met when it is heard, if only when it is repeated.
#[test]
fn a_pdu_that_obliges_to_disconnect_may_be_a_repetition() {
    let mut script = keyed(Script::new(), 0x11);
    script.ciphers[0] = None;
    script.queue[0].push_back((Llid::Start, vec![9; 12]));
    script.packet(C, 0, None);
    script.next();
    assert!(script.events(9).named().contains(&("LL-MIC-2", P)));
}

/// LL-PHY-3, LL-PHY-4: whose preferences the central must consider, and what is no change.
#[test]
fn the_central_chooses_what_both_prefer() {
    let (one, two, both, none) = (PhySet::LE_1M, PhySet::LE_2M, PhySet(3), PhySet::NONE);
    let update = |c_to_p, p_to_c| ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 40 };
    let wish = |tx, rx| ControlPdu::PhyReq { tx, rx };
    let asked = |tx, rx, pdu| Script::new().say(P, wish(tx, rx)).say(C, pdu).named();
    for (tx, rx, pdu, rule) in [
        (both, both, update(two, none), None),
        (both, one, update(none, two), None),
        // The PHY in force is no change, whether it is preferred or not.
        (two, one, update(one, two), None),
        (both, one, update(two, none), Some("LL-PHY-3")),
        (one, both, update(none, two), Some("LL-PHY-3")),
        (two, two, update(two, two), None),
        (two, two, update(none, one), None),
        (two, two, update(none, two), Some("LL-PHY-4")),
    ] {
        let wanted = rule.map_or(BTreeSet::new(), |rule| breaks(rule, C));
        assert_eq!(asked(tx, rx, pdu), wanted, "{tx:?} {rx:?} {pdu:?}");
    }
    // In the central's procedure its own preferences count as well.
    let own = |tx, rx, answer: (PhySet, PhySet), pdu| {
        let answer = ControlPdu::PhyRsp { tx: answer.0, rx: answer.1 };
        Script::new().say(C, wish(tx, rx)).say(P, answer).say(C, pdu).named()
    };
    assert_eq!(own(both, both, (both, both), update(two, two)), BTreeSet::new());
    assert_eq!(own(one, both, (both, both), update(two, none)), breaks("LL-PHY-3", C));
    assert_eq!(own(both, both, (both, one), update(two, none)), breaks("LL-PHY-3", C));
    assert_eq!(own(both, both, (two, two), update(two, none)), breaks("LL-PHY-4", C));
}

/// LL-LEN-1: an LL_LENGTH_RSP that answers nothing may be heeded or not.
#[test]
fn a_stray_length_lowers_no_limit() {
    let agreed = Script::new().say(C, ControlPdu::LengthReq(LENGTH));
    let agreed = agreed.say(P, ControlPdu::LengthRsp(LENGTH));
    let less = DataLength { max_rx_octets: 27, max_rx_time: 328, ..LENGTH };
    let stray = agreed.say(C, ControlPdu::LengthRsp(less)).events(9);
    assert_eq!(stray.raw(P, Llid::Start, &[1; 90]).named(), breaks("LL-RSP-1", C));
}

/// LL-RSP-1: a control PDU without any octet may be answered with LL_UNKNOWN_RSP, or not.
#[test]
fn what_has_no_opcode_is_unknown() {
    let unknown = ControlPdu::UnknownRsp(Opcode(0xFF));
    let empty = || Script::new().raw(C, Llid::Control, &[]);
    assert_eq!(empty().say(P, unknown).named(), breaks("LL-FRAME-3", C));
    assert_eq!(empty().events(4_200).named(), breaks("LL-FRAME-3", C));
    assert_eq!(Script::new().say(P, unknown).named(), breaks("LL-RSP-1", P));
}

/// LL-ENC-6: what is no PDU at all ends no connection; LL-CTRL-1 and LL-FEAT-2 beside LL-FRAME-2.
#[test]
fn a_bad_frame_is_judged_by_itself() {
    for (llid, octets) in [(Llid::Reserved, DATA.as_slice()), (Llid::Start, &DATA)] {
        let script = asked().raw(C, llid, octets);
        let script = match llid {
            Llid::Reserved => script,
            _ => script.edit(3, |tx| {
                let octets = [tx.pdu.header(), 9, 1, 0, 9, 0, 9];
                tx.pdu = AirPdu::from_octets(&octets).unwrap();
            }),
        };
        let named = script.events(9).named();
        assert!(
            named.iter().all(|(rule, by)| *by == C && rule.starts_with("LL-FRAME")),
            "{named:?}"
        );
        assert!(!named.is_empty());
    }
    let bits = ControlPdu::FeatureReq(FeatureSet(0xFFFF));
    let shown = Script::new().say(C, bits).say(P, ControlPdu::FeatureRsp(FeatureSet(0xFFFF)));
    let short = shown.raw(C, Llid::Control, &[Opcode::LENGTH_REQ.0, 0]);
    let short = short.edit(3, |tx| set(tx, 0x40));
    let named = short.say(P, ControlPdu::UnknownRsp(Opcode::LENGTH_REQ)).named();
    assert_eq!(named, BTreeSet::from([("LL-FRAME-2", C), ("LL-CTRL-1", C)]));
}

/// LL-CTRL-4, LL-PAR-8: positions and periodicity beyond the longest interval.
#[test]
fn anchor_points_lie_within_the_interval() {
    let ControlPdu::ConnectionParamReq(good) = PARAM_REQ else { panic!("a request") };
    let asked = |preferred_periodicity, first| {
        let mut param = ConnectionParam { preferred_periodicity, ..good };
        param.offsets[0] = first;
        let script = Script::new().say(C, ControlPdu::ConnectionParamReq(param));
        script.say(P, reject(Opcode::CONNECTION_PARAM_REQ, INVALID)).named()
    };
    for (periodicity, first, wrong) in
        [(8, 8, false), (0, 0xFFFF, false), (9, 8, true), (8, 9, true)]
    {
        let wanted = if wrong { breaks("LL-CTRL-4", C) } else { BTreeSet::new() };
        assert_eq!(asked(periodicity, first), wanted, "{periodicity} {first}");
    }
}

/// LL-END-1: two hosts that gave different keys; the peripheral cannot decrypt what it is sent.
#[test]
fn keys_that_differ_end_a_connection() {
    let left = |ltk: u8, asked: bool| {
        let mut script = if asked { keyed(Script::new(), 0x11) } else { Script::new().events(3) };
        let ltk = ble::secret::Secret::new([ltk; 16]);
        let reply = ble::hci::Command::LeLongTermKeyRequestReply { handle: Handle(0), ltk };
        let at = Instant::from_us(script.anchor);
        script.record(P, at, RecordKind::Note(Note::HciCommand(reply)));
        if asked {
            script = script.say(C, ControlPdu::StartEncRsp);
        }
        script.end(P, MIC).named().contains(&("LL-END-1", P))
    };
    assert!(!left(0x22, true));
    assert!(left(0x11, true) && left(0x22, false));
}
