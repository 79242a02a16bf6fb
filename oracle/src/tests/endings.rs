//! For each reason with which a connection ends: when it is permitted, when it is just not, and
//! for which end.

use ble::hci::Command;
use ble::pdu::control::Opcode;

use super::broken::{ENC_REQ, encrypted};
use super::procedures::*;
use super::*;

const TIMEOUT: ErrorCode = ErrorCode::CONNECTION_TIMEOUT;
const GONE: ErrorCode = ErrorCode::REMOTE_USER_TERMINATED;
const LOCAL: ErrorCode = ErrorCode::LOCAL_HOST_TERMINATED;
const ROLES: [(Role, Role); 2] = [(C, P), (P, C)];

/// This many events in which no packet of this end arrives.
fn unheard(mut script: Script, by: Role, events: u64) -> Script {
    for _ in 0..events {
        if by == C {
            script.packet(C, 0, None);
        } else {
            let end = script.packet(C, 0, Some(Reception::Ok));
            script.packet(P, end + 150, None);
        }
        script.next();
    }
    script
}

fn ends(script: Script, by: Role, reason: ErrorCode) -> BTreeSet<(&'static str, Role)> {
    script.end(by, reason).named()
}

/// LL-END-1: 1 s without a packet of the peer, give or take the clocks.
#[test]
fn a_supervision_timeout_has_its_time() {
    for (by, peer) in ROLES {
        // Two in a hundred are for the clocks.
        let lost = |early| {
            let heard = Script::new().events(5);
            let (last, _) = heard.last(peer);
            let until = (last + Duration::from_ms(980)).before(Duration::from_ticks(early));
            unheard(heard, peer, 97).end_at(by, TIMEOUT, until).named()
        };
        assert_eq!(lost(1), breaks("LL-END-1", by));
        assert_eq!(lost(0), BTreeSet::new());
    }
    // Packets of the peripheral that the central misses do not end the peripheral's connection.
    let own = unheard(Script::new().events(5), P, 100);
    assert_eq!(ends(own, P, TIMEOUT), breaks("LL-END-1", P));
    // From the CONNECT_IND on, if nothing ever came.
    let never = unheard(Script::new(), P, 101);
    assert_eq!(ends(never, C, TIMEOUT), BTreeSet::new());
}

/// LL-END-1 with LL_TERMINATE_IND: the sender disconnects when it is acknowledged, the receiver
/// with the code in it.
#[test]
fn a_termination_is_acknowledged_and_its_code_is_reported() {
    for (by, peer) in ROLES {
        let goodbye = || Script::new().events(2).say(by, ControlPdu::TerminateInd(GONE));
        assert_eq!(ends(goodbye(), by, LOCAL), BTreeSet::new());
        assert_eq!(ends(goodbye(), peer, GONE), BTreeSet::new());
        let other = ErrorCode::REMOTE_POWER_OFF;
        assert_eq!(ends(goodbye(), peer, other), breaks("LL-END-1", peer));
        assert_eq!(ends(Script::new().events(2), by, LOCAL), breaks("LL-END-1", by));
        assert_eq!(ends(Script::new().events(2), peer, GONE), breaks("LL-END-1", peer));
        // The peer's LL_TERMINATE_IND is not this end's, and this end's own gives no reason.
        assert_eq!(ends(goodbye(), peer, LOCAL), breaks("LL-END-1", peer));
        assert_eq!(ends(goodbye(), by, GONE), breaks("LL-END-1", by));
        // It did not arrive.
        let lost = queued(Script::new().events(2), by, ControlPdu::TerminateInd(GONE));
        assert_eq!(ends(unheard(lost, by, 5), peer, GONE), breaks("LL-END-1", peer));
    }
    // It came when this end had left.
    let script = Script::new().events(2);
    let at = Instant::from_us(script.anchor);
    let late = script.end_at(P, GONE, at).say(C, ControlPdu::TerminateInd(GONE)).named();
    assert!(late.contains(&("LL-END-1", P)), "{late:?}");
}

fn queued(mut script: Script, by: Role, pdu: ControlPdu) -> Script {
    script.queue[by as usize].push_back((Llid::Control, pdu.encode().to_vec()));
    script
}

/// LL-END-1: a goodbye that does not arrive has the supervision timeout to do so, counted from the
/// host's wish.
#[test]
fn a_goodbye_without_acknowledgement_has_its_time() {
    let slow = |by: Role, events, asked: bool| {
        let mut script = Script::new().events(2);
        if asked {
            let at = Instant::from_us(script.anchor);
            let command = Command::Disconnect { handle: Handle(0), reason: GONE };
            script.record(by, at, RecordKind::Note(Note::HciCommand(command)));
            script = script.events(20);
        }
        let script = queued(script, by, ControlPdu::TerminateInd(GONE));
        ends(unheard(script, by, events), by, LOCAL)
    };
    for (by, _) in ROLES {
        assert_eq!(slow(by, 90, false), breaks("LL-END-1", by));
        assert_eq!(slow(by, 100, false), BTreeSet::new());
        assert_eq!(slow(by, 75, true), breaks("LL-END-1", by));
        assert_eq!(slow(by, 80, true), BTreeSet::new());
    }
    let exactly = |early| {
        let script = queued(Script::new().events(5), P, ControlPdu::TerminateInd(GONE));
        let script = unheard(script, P, 1);
        let (first, _) = script.last(P);
        let until = (first + Duration::from_ms(980)).before(Duration::from_ticks(early));
        unheard(script, P, 96).end_at(P, LOCAL, until).named()
    };
    assert_eq!(exactly(1), breaks("LL-END-1", P));
    assert_eq!(exactly(0), BTreeSet::new());
    // It is acknowledged before the disconnection, not after.
    let script = queued(Script::new().events(2), P, ControlPdu::TerminateInd(GONE)).events(1);
    let at = Instant::from_us(script.anchor);
    let early = script.end_at(P, LOCAL, at).events(1).named();
    assert!(early.contains(&("LL-END-1", P)), "{early:?}");
    // Nothing came of the peer either: its supervision timeout.
    let silent = unheard(Script::new().events(2), P, 100);
    assert_eq!(ends(silent, C, LOCAL), BTreeSet::new());
}

/// LL-END-1: the response timeout, with a second of tolerance.
#[test]
fn a_response_timeout_needs_an_answer_that_is_40_seconds_late() {
    let reason = ErrorCode::LL_RESPONSE_TIMEOUT;
    for (by, peer) in ROLES {
        let waits = |events| all(&[(by, ControlPdu::PingReq)]).events(events);
        let exactly = |ticks| {
            let (script, end) = Script::new().events(2).ask(by, ControlPdu::PingReq);
            let at = end + Duration::from_secs(39) + Duration::from_ticks(ticks);
            script.events(3_896).end_at(by, reason, at).named()
        };
        assert_eq!(exactly(0), breaks("LL-END-1", by));
        assert_eq!(exactly(1), BTreeSet::new());
        // The end that owes the answer has nothing to wait for.
        assert_eq!(ends(waits(4_000), peer, reason), breaks("LL-END-1", peer));
        let answered = ping(Script::new(), by).events(4_000);
        assert_eq!(ends(answered, by, reason), breaks("LL-END-1", by));
    }
    // The central served what it had to reject: the peripheral may wait for the reject.
    let served = all(&[(P, PHY_REQ), (C, PHY_REQ), (P, PHY_RSP), (C, phy(30)), (C, NOTHING)]);
    let served = ends(served.events(4_000), P, reason);
    assert!(served.iter().all(|(_, who)| *who == C), "{served:?}");
}

/// LL-END-1: reasons that need a violation of the peer.
#[test]
fn some_reasons_need_a_violation_of_the_peer() {
    let collision = ErrorCode::LL_PROCEDURE_COLLISION;
    let twice = || all(&[(C, map(30)), (C, PHY_REQ)]);
    let range = || Script::new().say(C, ControlPdu::ChannelMapInd { channel_map: 1, instant: 30 });
    let mic = || encrypted().raw(C, Llid::Start, &[9; 12]);
    let cases = [
        (twice as fn() -> Script, collision, "LL-PROC-1"),
        (twice, COLLISION, "LL-PROC-1"),
        (range, ErrorCode::INVALID_LL_PARAMETERS, "LL-CTRL-4"),
        (mic, ErrorCode::MIC_FAILURE, "LL-MIC-1"),
    ];
    for (script, reason, rule) in cases {
        assert_eq!(ends(script(), P, reason), breaks(rule, C), "{reason:?}");
        // The end that broke it may not disconnect for it.
        let both = BTreeSet::from([(rule, C), ("LL-END-1", C)]);
        assert_eq!(ends(script(), C, reason), both, "{reason:?}");
        assert_eq!(ends(Script::new().events(3), P, reason), breaks("LL-END-1", P), "{reason:?}");
        // Another violation is no such cause.
        let other = Script::new().say(C, ControlPdu::PingRsp);
        let both = BTreeSet::from([("LL-RSP-1", C), ("LL-END-1", P)]);
        assert_eq!(ends(other, P, reason), both, "{reason:?}");
    }
}

/// LL-END-1, LL-INST-1: a recommendation that was not followed is no cause to leave.
#[test]
fn a_close_instant_that_was_heard_in_time_has_not_passed() {
    let close = || Script::new().events(3).say(C, map(5));
    assert_eq!(close().observed(), breaks("LL-INST-1", C));
    assert_eq!(close().named(), BTreeSet::new());
    assert_eq!(ends(close(), P, ErrorCode::INSTANT_PASSED), breaks("LL-END-1", P));
    // An instant in the past when it is received is a violation.
    let past = Script::new().events(3).say(C, map(2));
    assert_eq!(ends(past, P, ErrorCode::INSTANT_PASSED), BTreeSet::new());
}

/// LL-END-1: an instant may also be in the past because its PDU was lost so often.
#[test]
fn an_instant_may_have_passed_through_losses() {
    for pdu in [map(8), phy(8), parameters(8)] {
        let lost = |events| {
            let script = if pdu == phy(8) { all(&[(P, PHY_REQ)]) } else { Script::new().events(2) };
            let script = unheard(queued(script, C, pdu), C, events).events(1);
            ends(script, P, ErrorCode::INSTANT_PASSED)
        };
        assert_eq!(lost(3), breaks("LL-END-1", P), "{pdu:?}");
        assert!(!lost(9).contains(&("LL-END-1", P)), "{pdu:?}");
    }
}

/// LL-END-1: permitted reasons.
#[test]
fn a_connection_that_was_not_established_never_had_a_packet() {
    let reason = ErrorCode::FAILED_TO_ESTABLISH;
    for (by, peer) in ROLES {
        assert_eq!(ends(unheard(Script::new(), peer, 6), by, reason), BTreeSet::new());
        let heard = unheard(Script::new().events(1), peer, 6);
        assert_eq!(ends(heard, by, reason), breaks("LL-END-1", by));
    }
    let broken = encrypted().raw(C, Llid::Start, &[9; 12]);
    assert!(ends(broken, P, reason).contains(&("LL-END-1", P)));
}

/// LL-END-1: whose host has ended a connection that is then not established (4.5.2) may say so.
#[test]
fn a_connection_that_is_ended_before_it_is_established() {
    for (by, peer) in ROLES {
        let lost = |asked: bool, heard: u64, events| {
            let mut script = Script::new().events(heard);
            if asked {
                let command = Command::Disconnect { handle: Handle(0), reason: GONE };
                script.record(by, Instant::from_us(2_000), command_note(command));
            }
            let named = ends(unheard(script, peer, events), by, LOCAL);
            named.contains(&("LL-END-1", by))
        };
        assert!(!lost(true, 0, 7), "{by:?}");
        assert!(lost(true, 0, 3) && lost(false, 0, 7) && lost(true, 1, 7), "{by:?}");
    }
}

fn command_note(command: Command) -> RecordKind {
    RecordKind::Note(Note::HciCommand(command))
}

/// LL-LIVE-2: who dies on its supervision timer with a request that the peer had a second to
/// answer.
#[test]
fn an_answer_is_not_withheld_until_the_link_dies() {
    for (by, peer) in ROLES {
        let dies = |events| {
            let waits = all(&[(by, ControlPdu::PingReq)]).events(events);
            ends(unheard(waits, peer, 98), by, TIMEOUT)
        };
        // What still comes from this end counts as the time that the peer has.
        assert_eq!(dies(if by == C { 0 } else { 80 }), BTreeSet::new());
        assert_eq!(dies(120), breaks("LL-LIVE-2", peer));
        let asks_nothing = unheard(Script::new().events(120), peer, 100);
        assert_eq!(ends(asks_nothing, by, TIMEOUT), BTreeSet::new());
        // The end that owes it loses the link: it withholds nothing.
        let waits = all(&[(by, ControlPdu::PingReq)]).events(120);
        assert_eq!(ends(unheard(waits, by, 100), peer, TIMEOUT), BTreeSet::new());
    }
    // The time counts in which the peer could hear this end, and not the one in which it could not.
    let slow = || Script::with(|request| request.timeout = 200).say(C, ControlPdu::PingReq);
    assert_eq!(ends(unheard(slow(), P, 198), C, TIMEOUT), breaks("LL-LIVE-2", P));
    assert_eq!(ends(unheard(slow(), C, 200), C, TIMEOUT), BTreeSet::new());
    // An LL_UNKNOWN_RSP that is owed has 40 s.
    let unknown = Script::new().raw(C, Llid::Control, &[0x7F, 1]).events(120);
    assert_eq!(ends(unheard(unknown, P, 100), C, TIMEOUT), BTreeSet::new());
    // While encryption starts, other answers wait.
    let starts = all(&[(P, ControlPdu::PingReq), (C, ENC_REQ)]).events(120);
    assert!(!ends(unheard(starts, C, 100), P, TIMEOUT).contains(&("LL-LIVE-2", C)));
}

/// LL-LIVE-3: the supervision timeout is 1 s.
#[test]
fn a_central_is_not_silent_for_the_supervision_timeout() {
    let quiet = |us| Script::new().events(5).silence(us);
    assert_eq!(quiet(980_000).named(), BTreeSet::new());
    assert_eq!(quiet(1_000_000).named(), breaks("LL-LIVE-3", C));
    // Until it reports the disconnection to its host.
    let left = Script::new().events(5).say(C, ControlPdu::TerminateInd(GONE)).end(C, LOCAL);
    assert_eq!(left.end(P, GONE).silence(2_000_000).named(), BTreeSet::new());
}

/// An unsolicited reject is no LL_TERMINATE_IND.
#[test]
fn only_a_termination_carries_the_code() {
    let script = all(&[(P, PHY_REQ), (C, reject(Opcode::PHY_REQ, GONE))]);
    assert_eq!(ends(script, P, GONE), breaks("LL-END-1", P));
}

/// LL-END-1: at 50 and 500 ppm a window grows to half of 10 ms, less T_IFS, in 8.8 s.
#[test]
fn a_peripheral_may_give_up_a_central_that_is_out_of_reach() {
    let given_up = |role, seconds: u64| {
        let mut script = Script::with(|request| request.timeout = 2_000).events(5);
        for _ in 0..seconds * 100 {
            script.packet(C, 0, None);
            script.next();
        }
        script.end(role, TIMEOUT).named()
    };
    assert_eq!(given_up(P, 9), BTreeSet::new());
    assert_eq!(given_up(P, 8), breaks("LL-END-1", P));
    assert_eq!(given_up(C, 9), breaks("LL-END-1", C));
}
