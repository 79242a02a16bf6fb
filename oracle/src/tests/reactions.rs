//! Reactions of a peripheral: to a peer that breaks rules, to late anchors, to its host.

use ble::hci::{Command, Return};
use ble::pdu::control::{FeatureSet, Opcode};
use ble::phy::PhySet;

use super::procedures::{PARAM_REQ, PARAM_RSP, breaks, parameters, reject};
use super::*;

const BOTH: PhySet = PhySet(3);
const PHY_REQ: ControlPdu = ControlPdu::PhyReq { tx: BOTH, rx: BOTH };
const PHY_RSP: ControlPdu = ControlPdu::PhyRsp { tx: BOTH, rx: BOTH };

/// Broken only by a device whose peer has violated a rule; see the first test.
pub(super) const PROVOKED: [&str; 2] = ["LL-COLL-4", "LL-PAR-3"];

/// For each rule a record that breaks it and no other.
pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    vec![
        ("LL-FEAT-4", P, masked(0x0100)),
        ("LL-WIDE-1", P, deaf(30)),
        ("LL-LIVE-4", P, asked(|script| script.events(4_600))),
    ]
}

/// LL-COLL-4: the central has answered the peripheral's request and asks for something else before
/// the instant. 5.3 recommends to leave.
#[test]
fn who_serves_a_procedure_before_the_instant_of_its_own_is_observed() {
    let map = ControlPdu::ChannelMapInd { channel_map: CHANNEL_MAP_ALL, instant: 20 };
    let update = ControlPdu::PhyUpdateInd { c_to_p: PhySet(1), p_to_c: PhySet(0), instant: 20 };
    let own = Script::new().say(P, PHY_REQ).say(C, update);
    let served = own.say(C, PARAM_REQ).say(P, PARAM_RSP);
    assert_eq!(served.observed(), breaks("LL-COLL-4", P));
    assert_eq!(served.named(), breaks("LL-COLL-1", C));
    // If the central began both, it breaks LL-PROC-1, and the reaction is left open.
    let early = Script::new().say(C, map).say(C, PHY_REQ).say(P, PHY_RSP);
    assert_eq!(early.observed(), BTreeSet::new());
    assert_eq!(early.named(), breaks("LL-PROC-1", C));
}

/// LL-PAR-3: error codes.
#[test]
fn a_request_out_of_range_is_not_accepted() {
    let ControlPdu::ConnectionParamReq(mut param) = PARAM_REQ else { panic!("a request") };
    param.interval_max = 3_201;
    let asked = |by| Script::new().say(by, ControlPdu::ConnectionParamReq(param));
    let invalid = reject(Opcode::CONNECTION_PARAM_REQ, ErrorCode::INVALID_LL_PARAMETERS);
    for (by, peer, accepts) in [(C, P, PARAM_RSP), (P, C, parameters(20))] {
        assert_eq!(asked(by).say(peer, invalid).named(), breaks("LL-CTRL-4", by));
        let both = BTreeSet::from([("LL-CTRL-4", by), ("LL-PAR-3", peer)]);
        assert_eq!(asked(by).say(peer, accepts).named(), both);
    }
}

#[test]
fn a_procedure_after_the_instant_may_be_served() {
    let map = ControlPdu::ChannelMapInd { channel_map: CHANNEL_MAP_ALL, instant: 8 };
    let nothing = ControlPdu::PhyUpdateInd { c_to_p: PhySet(0), p_to_c: PhySet(0), instant: 0 };
    let late = Script::new().say(C, map).events(7).say(C, PHY_REQ).say(P, PHY_RSP);
    assert_eq!(late.say(C, nothing).findings(), Vec::new());
}

/// A controller that shows these of its features in its answer.
fn masked(shown: u64) -> Script {
    let mut script = Script::new();
    let event = Event::CommandComplete {
        opcode: Command::LeReadLocalFeatures.opcode(),
        status: ErrorCode::SUCCESS,
        returned: Return::Features(FeatureSet(0x4121)),
    };
    script.hci(P, event);
    let request = ControlPdu::FeatureReq(FeatureSet(0x0101));
    script.say(C, request).say(P, ControlPdu::FeatureRsp(FeatureSet(shown | 0x01)))
}

#[test]
fn only_the_first_octet_of_a_feature_response_is_masked() {
    assert_eq!(masked(0x4100).findings(), Vec::new());
}

/// The peripheral misses an anchor: its receiver closed this many µs earlier.
fn deaf(us: u64) -> Script {
    let mut script = Script::new().events(3);
    let at = Instant::from_us(script.anchor + 40 - us);
    script.record(P, at, RecordKind::AirMiss);
    script.asleep = true;
    script.packet(C, 0, None);
    script.asleep = false;
    script.next();
    script.events(3)
}

#[test]
fn a_packet_may_be_lost_in_an_open_window() {
    let mut script = Script::new().events(3);
    script.packet(C, 0, None);
    script.next();
    assert_eq!(script.events(3).findings(), Vec::new());
}

/// Long packets on LE Coded, and more to say: the wait for the central's next packet in vain ends
/// close to the anchor after it.
#[test]
fn a_packet_may_be_lost_soon_after_a_wait_for_more_of_the_event_before() {
    let mut script = Script::new().events(3);
    let at = Instant::from_us(script.anchor - 2_400);
    script.record(P, at, RecordKind::AirMiss);
    script.packet(C, 0, None);
    script.next();
    assert_eq!(script.events(3).findings(), Vec::new());
}

/// The peripheral's host asks for the central's features, and all is quiet on air afterwards.
fn asked(then: impl Fn(Script) -> Script) -> Script {
    let mut script = Script::new();
    let at = Instant::from_us(script.anchor);
    let command = Command::LeReadRemoteFeatures { handle: Handle(0) };
    let opcode = command.opcode();
    let mask = u64::MAX;
    for command in [Command::SetEventMask { mask }, Command::LeSetEventMask { mask }] {
        script.record(P, at, RecordKind::Note(Note::HciCommand(command)));
    }
    script.record(P, at, RecordKind::Note(Note::HciCommand(command)));
    script.hci(P, Event::CommandStatus { opcode, status: ErrorCode::SUCCESS });
    then(script)
}

#[test]
fn a_timeout_that_is_reported_breaks_no_rule() {
    let found = asked(|mut script| {
        let (status, features) = (ErrorCode::SUCCESS, FeatureSet(1));
        script.hci(P, Event::LeRemoteFeatures { handle: Handle(0), status, features });
        script.events(4_600)
    });
    assert_eq!(found.findings(), Vec::new());
}
