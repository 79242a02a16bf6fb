//! The parts of a connection: its packets, their reception, its events, its parameters.

use ble::pdu::control::{ConnectionUpdate, Opcode};
use ble::phy::Phy;

use super::procedures::*;
use super::*;

const TIMEOUT: ErrorCode = ErrorCode::CONNECTION_TIMEOUT;
const GONE: ErrorCode = ErrorCode::REMOTE_USER_TERMINATED;

fn unheard_by_central(mut script: Script, events: u64) -> Script {
    for _ in 0..events {
        let end = script.packet(C, 0, Some(Reception::Ok));
        script.packet(P, end + 150, None);
        script.next();
    }
    script
}

/// A PDU that its receiver refuses, for want of room, by not moving NESN.
fn refused(mut script: Script, pdu: ControlPdu, events: u64) -> Script {
    script.queue[0].push_back((Llid::Control, pdu.encode().to_vec()));
    for _ in 0..events {
        let end = script.packet(C, 0, Some(Reception::Ok));
        script.nesn[1] ^= true;
        script.packet(P, end + 150, Some(Reception::Ok));
        script.flight[0].get_or_insert_with(|| (Llid::Control, pdu.encode().to_vec()));
        script.next();
    }
    script
}

/// LL-LIVE-2: what was refused was not taken, and needs no answer.
#[test]
fn who_refuses_a_pdu_owes_nothing() {
    let dies = |script| unheard_by_central(script, 98).end(C, TIMEOUT).named();
    let taken = Script::new().events(2).say(C, ControlPdu::PingReq).events(120);
    assert_eq!(dies(taken), breaks("LL-LIVE-2", P));
    let mut refuses = refused(Script::new().events(2), ControlPdu::PingReq, 120);
    refuses.packet(C, 0, None);
    refuses.next();
    let mut script = refuses;
    for _ in 0..100 {
        script.packet(C, 0, None);
        script.next();
    }
    assert_eq!(script.end(C, TIMEOUT).named(), BTreeSet::new());
}

/// A repetition is no second PDU.
#[test]
fn a_repeated_request_is_one_request() {
    let mut script = Script::new().events(2);
    script.queue[0].push_back((Llid::Control, ControlPdu::PingReq.encode().to_vec()));
    let end = script.packet(C, 0, Some(Reception::Ok));
    script.packet(P, end + 150, None);
    script.flight[0] = Some((Llid::Control, ControlPdu::PingReq.encode().to_vec()));
    script.next();
    let script = script.events(2).say(P, ControlPdu::PingRsp);
    assert_eq!(script.named(), BTreeSet::new());
    assert_eq!(script.say(P, ControlPdu::PingRsp).named(), breaks("LL-RSP-1", P));
}

/// Findings call PDUs by their names.
#[test]
fn a_finding_names_what_was_sent() {
    let text = |script: &Script| script.findings().remove(0).text;
    let ping = Script::new().say(P, ControlPdu::PingRsp);
    assert_eq!(text(&ping), "LL_PING_RSP answers nothing");
    let shift = Duration::from_us(9);
    let empty = Script::new().events(3).shift_last(shift);
    assert_eq!(text(&empty), "an empty PDU began 159.0 µs after the packet before");
    let mut data = Script::new().events(3);
    data.queue[1].push_back((Llid::Start, vec![1, 0, 9, 0, 9]));
    let data = data.events(1).shift_last(shift);
    assert_eq!(text(&data), "a data PDU began 159.0 µs after the packet before");
    let mut control = Script::new().events(3);
    control.queue[1].push_back((Llid::Control, version().encode().to_vec()));
    let control = control.events(1).shift_last(shift);
    assert_eq!(text(&control), "LL_VERSION_IND began 159.0 µs after the packet before");
    let mut opaque = Script::new().events(3);
    opaque.queue[1].push_back((Llid::Start, vec![1]));
    let opaque = opaque.events(1).shift_last(shift);
    assert_eq!(text(&opaque), "a PDU began 159.0 µs after the packet before");
}

fn changed(update: ConnectionUpdate) -> Script {
    Script::new().say(C, ControlPdu::ConnectionUpdateInd(update)).until(update.instant)
}

const UPDATE: ConnectionUpdate = ConnectionUpdate {
    win_size: 1,
    win_offset: 0,
    interval: 8,
    latency: 0,
    timeout: 100,
    instant: 8,
};

/// LL-END-1, LL-LIVE-3: the parameters that the central has announced count.
#[test]
fn new_parameters_count_for_timeouts_and_silence() {
    let dies = |timeout, events| {
        let script = changed(ConnectionUpdate { timeout, ..UPDATE });
        unheard_by_central(script, events).end(C, TIMEOUT).named()
    };
    assert_eq!(dies(50, 50), BTreeSet::new());
    assert_eq!(dies(50, 45), breaks("LL-END-1", C));
    assert_eq!(dies(100, 50), breaks("LL-END-1", C));
    let silent = |timeout, us| {
        let script = changed(ConnectionUpdate { timeout, ..UPDATE }).events(2);
        script.silence(us).named()
    };
    assert_eq!(silent(50, 480_000), BTreeSet::new());
    assert_eq!(silent(50, 500_000), breaks("LL-LIVE-3", C));
    assert_eq!(silent(100, 500_000), BTreeSet::new());
    // Pending parameters, 29 events later, count from their instant on.
    let pending = |us| {
        let update = ConnectionUpdate { timeout: 50, instant: 30, ..UPDATE };
        Script::new().say(C, ControlPdu::ConnectionUpdateInd(update)).silence(us).named()
    };
    assert_eq!(pending(770_000), BTreeSet::new());
    assert_eq!(pending(800_000), breaks("LL-LIVE-3", C));
}

/// LL-UPD-1: what comes after parameters that are announced and not kept is not judged, what
/// came before is.
#[test]
fn what_comes_after_two_ends_have_parted_is_not_judged() {
    let wrong = |mut script: Script| {
        let (handle, status) = (Handle(0), ErrorCode::SUCCESS);
        let (tx, rx) = (Phy::Le2M, Phy::Le2M);
        script.hci(P, Event::LePhyUpdateComplete { handle, status, tx, rx });
        script
    };
    let update = ConnectionUpdate { interval: 16, instant: 9, ..UPDATE };
    let announced = || Script::new().say(C, ControlPdu::ConnectionUpdateInd(update));
    let kept = breaks("LL-UPD-1", C);
    assert_eq!(announced().events(12).named(), kept);
    assert_eq!(wrong(announced().events(12)).events(2).named(), kept);
    let mut both = kept;
    both.insert(("LL-AGREE-2", P));
    assert_eq!(wrong(announced()).events(12).named(), both);
}

/// An update that the wrong end sends changes nothing.
#[test]
fn the_peripheral_changes_no_parameters() {
    let update = ConnectionUpdate { timeout: 50, ..UPDATE };
    let script = Script::new().say(P, ControlPdu::ConnectionUpdateInd(update)).events(20);
    let named = unheard_by_central(script, 60).end(C, TIMEOUT).named();
    assert!(named.contains(&("LL-END-1", C)), "{named:?}");
}

/// A device that has disconnected does not receive later packets of its peer.
#[test]
fn a_peripheral_is_not_judged_after_its_disconnection() {
    let mut script = Script::new().events(2).say(C, ControlPdu::TerminateInd(GONE)).end(P, GONE);
    script.asleep = true;
    for _ in 0..5 {
        script.packet(C, 0, None);
        script.next();
    }
    assert_eq!(script.named(), BTreeSet::new());
}

/// Octets of the other end that cannot be read are no PDU of a procedure.
#[test]
fn data_that_looks_like_a_control_pdu_is_data() {
    let script = Script::new().raw(P, Llid::Start, &[Opcode::PING_RSP.0]);
    assert_eq!(script.named(), BTreeSet::new());
}

/// Events of other connections of a host say nothing of this one.
#[test]
fn an_event_is_of_the_connection_with_its_handle() {
    let found = |handle| {
        let mut script = Script::new().events(5);
        script.hci(P, Event::DisconnectionComplete { handle: Handle(handle), reason: TIMEOUT });
        script.events(3).named()
    };
    assert!(found(0).contains(&("LL-END-1", P)));
    assert_eq!(found(1), BTreeSet::new());
}

/// After its end a handle belongs to no connection.
#[test]
fn a_handle_ends_with_its_connection() {
    let goodbye = || Script::new().events(2).say(C, ControlPdu::TerminateInd(GONE)).end(P, GONE);
    assert_eq!(goodbye().end(P, TIMEOUT).named(), BTreeSet::new());
}
