//! Who must disconnect, who must acknowledge, and who need not.

use ble::pdu::control::ConnectionUpdate;

use super::broken::{ENC_REQ, ENC_RSP, encrypted};
use super::later::{keyed, secure_from};
use super::procedures::*;
use super::*;

const GONE: ErrorCode = ErrorCode::REMOTE_USER_TERMINATED;
const DATA: [u8; 5] = [1, 0, 9, 0, 9];

fn rules_of(script: &Script, by: Role) -> BTreeSet<&'static str> {
    script.named().iter().filter(|(_, who)| *who == by).map(|(rule, _)| *rule).collect()
}

/// LL-MIC-2: `raw` takes two events, the violation is in the first; three more are of grace.
#[test]
fn after_a_wrong_mic_a_peripheral_disconnects_within_three_events() {
    let wrong = |events| encrypted().raw(C, Llid::Start, &[9; 12]).events(events);
    assert_eq!(rules_of(&wrong(2), P), BTreeSet::new());
    assert_eq!(rules_of(&wrong(3), P), BTreeSet::from(["LL-MIC-2"]));
    assert_eq!(rules_of(&wrong(3), C), BTreeSet::from(["LL-MIC-1"]));
    let farewell = ControlPdu::TerminateInd(ErrorCode::MIC_FAILURE);
    let leaves = wrong(2).say(P, farewell).events(3);
    assert!(!rules_of(&leaves, P).contains("LL-MIC-2"));
}

/// LL-MIC-2: once encryption runs, as well as while it starts; so does plain text.
#[test]
fn what_is_not_encrypted_with_the_key_ends_the_connection() {
    let plain = |llid, octets: &[u8], events| {
        let mut script = secure_from(Script::new(), 0x11).events(4);
        script.ciphers[0] = None;
        script.raw(C, llid, octets).events(events)
    };
    for (llid, octets, rule) in [
        (Llid::Start, [9; 12].as_slice(), "LL-MIC-1"),
        (Llid::Control, &ControlPdu::PingReq.encode(), "LL-ENC-2"),
    ] {
        assert_eq!(plain(llid, octets, 2).named(), breaks(rule, C));
        assert_eq!(rules_of(&plain(llid, octets, 3), P), BTreeSet::from(["LL-MIC-2"]));
    }
}

/// LL-ENC-6: for the peripheral the start is over with LL_START_ENC_RSP of the central, although
/// that has to wait for the peripheral's.
#[test]
fn data_at_the_very_end_of_an_encryption_start_is_the_central_s_fault_alone() {
    let script = keyed(Script::new(), 0x11).say(C, ControlPdu::StartEncRsp);
    let early = script.raw(C, Llid::Start, &DATA).events(9);
    assert_eq!(early.named(), breaks("LL-ENC-1", C));
    // A pause begins anew.
    let script = secure_from(Script::new(), 0x11).say(C, ControlPdu::PauseEncReq);
    let paused = script.raw(C, Llid::Start, &DATA).events(9);
    assert_eq!(rules_of(&paused, C), BTreeSet::from(["LL-ENC-1"]));
    assert_eq!(rules_of(&paused, P), BTreeSet::from(["LL-ENC-6"]));
}

/// LL-MIC-2: who has not got it does not know.
#[test]
fn a_wrong_mic_that_does_not_arrive_obliges_no_device() {
    let mut script = encrypted();
    script.queue[0].push_back((Llid::Start, vec![9; 12]));
    for _ in 0..9 {
        script.packet(C, 0, None);
        script.next();
    }
    assert_eq!(rules_of(&script, P), BTreeSet::new());
}

/// LL-ENC-6: anything else.
#[test]
fn data_while_encryption_starts_ends_the_connection() {
    let early = |events| Script::new().say(C, ENC_REQ).raw(C, Llid::Start, &DATA).events(events);
    assert_eq!(rules_of(&early(2), P), BTreeSet::new());
    assert_eq!(rules_of(&early(3), P), BTreeSet::from(["LL-ENC-6"]));
    // The peripheral sends it: it is for the central to leave.
    let other = Script::new().say(C, ENC_REQ).say(P, ENC_RSP).raw(P, Llid::Start, &DATA).events(9);
    assert_eq!(rules_of(&other, P), BTreeSet::from(["LL-ENC-1"]));
    assert_eq!(rules_of(&other, C), BTreeSet::from(["LL-ENC-6"]));
}

/// LL-INST-2: instants in the past.
#[test]
fn parameters_of_the_past_end_the_connection() {
    let update = |instant, events| {
        let update = ConnectionUpdate {
            win_size: 1,
            win_offset: 0,
            interval: 8,
            latency: 0,
            timeout: 100,
            instant,
        };
        let script = Script::new().events(3).say(C, ControlPdu::ConnectionUpdateInd(update));
        rules_of(&script.events(events), P)
    };
    assert_eq!(update(1, 2), BTreeSet::new());
    assert_eq!(update(1, 3), BTreeSet::from(["LL-INST-2"]));
    assert_eq!(update(3 + 32_767, 3), BTreeSet::from(["LL-INST-2"]));
    assert_eq!(update(3 + 32_766, 9), BTreeSet::new());
    assert_eq!(update(20, 9), BTreeSet::new());
}

/// LL-TERM-2, for both ends.
#[test]
fn a_goodbye_is_acknowledged_before_leaving() {
    let mut goodbye = Script::new().events(3);
    goodbye.queue[0].push_back((Llid::Control, ControlPdu::TerminateInd(GONE).encode().to_vec()));
    let end = goodbye.packet(C, 0, Some(Reception::Ok));
    let unanswered = goodbye.clone().end(P, GONE);
    assert_eq!(unanswered.named(), breaks("LL-TERM-2", P));
    goodbye.packet(P, end + 150, Some(Reception::Ok));
    assert_eq!(goodbye.end(P, GONE).named(), BTreeSet::new());

    let mut goodbye = Script::new().events(3);
    goodbye.queue[1].push_back((Llid::Control, ControlPdu::TerminateInd(GONE).encode().to_vec()));
    goodbye = goodbye.events(1);
    assert_eq!(goodbye.clone().end(C, GONE).named(), breaks("LL-TERM-2", C));
    goodbye.packet(C, 0, Some(Reception::Ok));
    assert_eq!(goodbye.end(C, GONE).named(), BTreeSet::new());
}

/// LL-TERM-2, for both ends, also where each has said goodbye.
#[test]
fn who_has_had_a_goodbye_does_not_stay() {
    for (by, peer) in [(C, P), (P, C)] {
        let found = || Script::new().events(3).say(by, ControlPdu::TerminateInd(GONE));
        assert_eq!(rules_of(&found().events(1), peer), BTreeSet::new());
        assert_eq!(rules_of(&found().events(3), peer), BTreeSet::from(["LL-TERM-2"]));
        let crossing = found().say(peer, ControlPdu::TerminateInd(GONE)).events(2);
        assert_eq!(rules_of(&crossing, peer), BTreeSet::from(["LL-TERM-2"]));
    }
}

/// LL-TERM-2: a central may leave events out (4.5.1) before the one in which it acknowledges.
#[test]
fn a_goodbye_may_be_acknowledged_late() {
    let late = |events| {
        let mut script = Script::new().events(3);
        let goodbye = ControlPdu::TerminateInd(GONE).encode();
        script.queue[P as usize].push_back((Llid::Control, goodbye.to_vec()));
        script.events(1).silence(6 * INTERVAL_US).events(events)
    };
    assert_eq!(rules_of(&late(1), C), BTreeSet::new());
    assert_eq!(rules_of(&late(5), C), BTreeSet::from(["LL-TERM-2"]));
}

/// LL-TERM-2: what does not arrive needs no acknowledgement, nor does one's own.
#[test]
fn only_a_goodbye_that_came_is_acknowledged() {
    let mut lost = Script::new().events(3);
    lost.queue[0].push_back((Llid::Control, ControlPdu::TerminateInd(GONE).encode().to_vec()));
    for _ in 0..100 {
        lost.packet(C, 0, None);
        lost.next();
    }
    assert_eq!(lost.end(P, ErrorCode::CONNECTION_TIMEOUT).named(), BTreeSet::new());
    // Another cause came first: the reported code is not that of LL_TERMINATE_IND.
    let mut late = Script::new().events(3);
    late.queue[0].push_back((Llid::Control, ControlPdu::TerminateInd(GONE).encode().to_vec()));
    late.packet(C, 0, Some(Reception::Ok));
    let other = late.end(P, ErrorCode::UNSPECIFIED).named();
    assert_eq!(other, breaks("LL-END-1", P));
}

/// LL-TIME-1: who has just sent another control PDU waits from then on.
#[test]
fn the_wait_counts_from_the_last_control_pdu() {
    let more = |events| {
        let waits = all(&[(P, ControlPdu::PingReq)]).events(2_000);
        waits.say(P, version()).say(C, version()).events(events)
    };
    assert!(rules_of(&more(4_080), C).contains("LL-LIVE-1"));
    assert!(!rules_of(&more(4_080), P).contains("LL-TIME-1"));
    assert!(rules_of(&more(4_110), P).contains("LL-TIME-1"));
}
