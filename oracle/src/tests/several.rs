//! Several connections: each is judged by itself, and a device with one radio is not blamed for
//! missing events that overlap.

use ble::hci::Command;

use super::broken::ids;
use super::later::secure_from;
use super::*;
use bletwin_sniffer::Hearing;

const OTHER_ADDRESS: u32 = 0x4B6F_81F1;

/// A script with another peripheral node and another access address.
fn second() -> Script {
    Script::with(|request| {
        request.advertiser = Address::static_random([3; 6]);
        request.access_address = OTHER_ADDRESS;
    })
}

/// Puts the records of both into one, the second ones this much later and by these nodes.
fn together(first: &Script, second: &Script, us: u64, nodes: [u16; 2]) -> Vec<Record> {
    let mut all: Vec<_> = first.records.iter().cloned().map(|record| (0_u8, record)).collect();
    all.extend(second.records.iter().cloned().map(|record| (1, moved(record, us, nodes))));
    merged(all)
}

/// Both in the order of their times, with new numbers.
fn merged(mut all: Vec<(u8, Record)>) -> Vec<Record> {
    all.sort_by_key(|(_, record)| record.at);
    let mut ids = BTreeMap::new();
    for (number, (which, record)) in all.iter_mut().enumerate() {
        let id = RecordId(number as u64 + 1);
        ids.insert((*which, record.id), id);
        record.id = id;
        if let RecordKind::AirRx { tx, .. } = &mut record.kind {
            *tx = ids[&(*which, *tx)];
        }
    }
    all.into_iter().map(|(_, record)| record).collect()
}

fn moved(mut record: Record, us: u64, nodes: [u16; 2]) -> Record {
    let by = Duration::from_us(us);
    record.at += by;
    record.node = NodeId(nodes[usize::from(record.node.0)]);
    match &mut record.kind {
        RecordKind::AirTx(tx) => {
            tx.end += by;
            if tx.access_address == ACCESS_ADDRESS {
                tx.access_address = OTHER_ADDRESS;
            } else if let Some(AdvertisingPdu::AdvInd { data, ch_sel, .. }) =
                AdvertisingPdu::parse(&tx.pdu)
            {
                let advertiser = Address::static_random([3; 6]);
                tx.pdu = AdvertisingPdu::AdvInd { advertiser, data, ch_sel }.encode();
            }
        }
        RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(complete))) => {
            complete.handle = Handle(1);
        }
        RecordKind::Note(
            Note::HciEvent(Event::DisconnectionComplete { handle, .. })
            | Note::HciCommand(Command::LeEnableEncryption { handle, .. }),
        ) => *handle = Handle(1),
        _ => {}
    }
    record
}

/// One central with a peripheral each in the nodes 0, 1 and 2.
fn two_peripherals(first: &Script, second: &Script, us: u64) -> Vec<Finding> {
    judge(&together(first, second, us, [0, 2]))
}

/// A peripheral in node 1 with the centrals in 0 and 2.
fn two_centrals(first: &Script, second: &Script, us: u64) -> Vec<Finding> {
    judge(&together(first, second, us, [2, 1]))
}

/// A central skips every second event, including the first; the other connection has them.
fn every_second(mut script: Script, from: u64, count: u64) -> Script {
    if from > 0 {
        script.next();
    }
    for _ in 0..count {
        script = script.events(1);
        script.next();
    }
    script
}

#[test]
fn a_central_may_leave_out_events_of_links_that_collide() {
    let (first, second) = (every_second(Script::new(), 0, 20), every_second(second(), 1, 20));
    assert_eq!(two_peripherals(&first, &second, 200), []);
}

fn named(findings: &[Finding]) -> BTreeSet<(&'static str, u16)> {
    findings.iter().map(|finding| (finding.rule, finding.culprit.0)).collect()
}

/// LL-CHAN-1, LL-WIN-1: of two links that leave out events one breaks a rule.
#[test]
fn of_two_links_the_one_that_breaks_a_rule_is_named() {
    let good = every_second(Script::new(), 0, 20);
    let hops = every_second(second(), 1, 20).edit(1, |tx| tx.channel = 0);
    let found = two_peripherals(&good, &hops, 200);
    assert_eq!(named(&found), BTreeSet::from([("LL-CHAN-1", 0)]));
    let records = together(&good, &hops, 200, [0, 2]);
    let wrong = records.iter().find(|record| record.id == found[0].record);
    assert!(matches!(&wrong.unwrap().kind,
        RecordKind::AirTx(tx) if tx.access_address == OTHER_ADDRESS && tx.channel == 0));

    let mut late = second();
    late.anchor += 2_000;
    let late = every_second(late, 1, 20);
    assert_eq!(named(&two_peripherals(&good, &late, 200)), BTreeSet::from([("LL-WIN-1", 0)]));
    // The peripheral answers in the wrong place: the third node, in the second link.
    let shifted = every_second(second(), 1, 20).shift_last(Duration::from_us(3));
    assert_eq!(named(&two_peripherals(&good, &shifted, 200)), BTreeSet::from([("LL-TIFS-1", 2)]));
}

/// LL-MIC-1: keys of their own, and encryption that starts on both at once.
#[test]
fn each_connection_has_its_key() {
    let (first, second) = (secure_from(Script::new(), 0x11), secure_from(second(), 0x22));
    for us in [1_200, 12_000] {
        assert_eq!(two_peripherals(&first, &second, us), []);
    }
}

/// LL-END-1, LL-TERM-2: the end of one connection is not that of the other.
#[test]
fn each_connection_ends_for_itself() {
    let gone = ErrorCode::REMOTE_USER_TERMINATED;
    let goodbye = |script: Script| {
        let script = script.events(2).say(C, ControlPdu::TerminateInd(gone));
        script.end(P, gone).end(C, ErrorCode::LOCAL_HOST_TERMINATED)
    };
    for (first, second) in [
        (goodbye(Script::new()), second().events(20)),
        (Script::new().events(20), goodbye(second())),
    ] {
        assert_eq!(two_peripherals(&first, &second, 1_200), []);
        assert_eq!(two_centrals(&first, &second, 21_200), []);
    }
}

/// The peripheral does not listen to the next event.
fn deaf(mut script: Script) -> Script {
    script.asleep = true;
    script.packet(C, 0, None);
    script.asleep = false;
    script.next();
    script.events(3)
}

/// LL-LAT-1: the radio was with the other link, or was not.
#[test]
fn an_event_is_left_out_for_another_link_and_for_nothing_else() {
    let one = || Script::new().events(12);
    let (deaf, other) = (deaf(second().events(6)), one());
    for (us, wrong) in [(20_000, false), (20_900, false), (25_000, true)] {
        let found = examine(&together(&other, &deaf, us, [2, 1]));
        assert_eq!(found.findings, [], "{us} µs");
        let found = ids(&found.observations);
        let wanted = if wrong { BTreeSet::from(["LL-LAT-1"]) } else { BTreeSet::new() };
        assert_eq!(found, wanted, "{us} µs");
    }
    // With another peripheral's radio it has nothing to do.
    let found = examine(&together(&other, &deaf, 0, [0, 2]));
    assert_eq!(named(&found.observations), BTreeSet::from([("LL-LAT-1", 2)]));
}

/// A connection that its peripheral did not accept.
fn refused() -> Script {
    let mut script = second();
    script.records.pop();
    script.asleep = true;
    for _ in 0..6 {
        script.packet(C, 0, None);
        script.next();
    }
    script.end(C, ErrorCode::FAILED_TO_ESTABLISH)
}

/// A peripheral that filters hears a CONNECT_IND and stays away: it is in no connection.
#[test]
fn who_has_let_a_connect_ind_pass_owes_nothing() {
    assert_eq!(refused().findings(), []);
    // Nor is its radio with it.
    let other = deaf(Script::new().events(6));
    let found = examine(&together(&other, &refused(), 20_000, [2, 1]));
    assert_eq!(named(&found.observations), BTreeSet::from([("LL-LAT-1", 1)]));
}

/// An event without an answer to a packet that has arrived.
fn ignoring(mut script: Script) -> Script {
    script.packet(C, 0, Some(Reception::Ok));
    script.next();
    script.events(3)
}

/// LL-TIFS-3: an answer may be missing where it would last into an event of another link.
#[test]
fn no_answer_is_due_in_the_event_of_another_link() {
    let other = || Script::new().events(14);
    let ignores = || ignoring(second().events(6));
    for (us, wrong) in [(9_500, false), (8_900, false), (8_500, true), (5_000, true)] {
        let found = ids(&two_centrals(&other(), &ignores(), us));
        let wanted = if wrong { BTreeSet::from(["LL-TIFS-3"]) } else { BTreeSet::new() };
        assert_eq!(found, wanted, "{us} µs");
    }
    // Nor where the other central might have begun and did not.
    let mut skips = Script::new().events(5);
    for _ in 0..4 {
        skips.next();
    }
    assert_eq!(ids(&two_centrals(&skips.events(5), &ignores(), 9_500)), BTreeSet::new());
}

/// LL-TIFS-3: whoever is a central elsewhere sends there, also if nobody has let it in.
#[test]
fn no_answer_is_due_while_the_own_central_sends() {
    for (us, wrong) in [(10_200, false), (5_000, true)] {
        let ignores = ignoring(Script::new().events(6));
        let found = ids(&judge(&together(&ignores, &refused(), us, [1, 2])));
        let wanted = if wrong { BTreeSet::from(["LL-TIFS-3"]) } else { BTreeSet::new() };
        assert_eq!(found, wanted, "{us} µs");
    }
}

/// An unacknowledged PDU must be repeated unchanged, however long it takes.
#[test]
fn a_long_packet_that_must_be_repeated_needs_more_time() {
    let found = |repeats: bool| {
        let mut script = second().events(4);
        script.queue[1].push_back((Llid::Start, vec![1; 27]));
        let end = script.packet(C, 0, Some(Reception::Ok));
        script.packet(P, end + 150, (!repeats).then_some(Reception::Ok));
        script.next();
        ids(&two_centrals(&Script::new().events(14), &ignoring(script), 8_600))
    };
    assert_eq!(found(true), BTreeSet::new());
    assert_eq!(found(false), BTreeSet::from(["LL-TIFS-3"]));
}

/// A central whose CONNECT_IND collided with another one: no answer in its six events (0x3E).
fn in_vain() -> Script {
    let mut script = Script::with(|request| {
        request.initiator = Address::public([9; 6]);
        request.access_address = OTHER_ADDRESS;
    });
    // The advertisement and its reception are in the other record.
    let own = |record: &Record| {
        record.node == NodeId(C as u16) && !matches!(record.kind, RecordKind::AirRx { .. })
    };
    script.records.retain(own);
    script.asleep = true;
    for _ in 0..6 {
        script.packet(C, 0, None);
        script.next();
    }
    script.end(C, ErrorCode::FAILED_TO_ESTABLISH)
}

/// A record of both, of which the one in vain comes 1 µs before or behind the other; its central
/// is the node 2.
fn raced(good: &Script, vain: &Script, first: bool) -> Vec<Record> {
    let later = |record: &Record, by: bool| {
        let us = Duration::from_us(u64::from(by));
        let mut record = record.clone();
        record.at += us;
        if let RecordKind::AirTx(tx) = &mut record.kind {
            tx.end += us;
        }
        record
    };
    let mut all: Vec<_> = good.records.iter().map(|r| (0, later(r, first))).collect();
    all.extend(vain.records.iter().map(|r| (1, Record { node: NodeId(2), ..later(r, !first) })));
    merged(all)
}

/// Two centrals answer one advertisement, and the peripheral hears one of them: the other one has
/// no connection, and is owed no answer.
#[test]
fn of_two_centrals_that_answer_one_advertisement_one_has_a_connection() {
    let gone = ErrorCode::REMOTE_USER_TERMINATED;
    let good = Script::new().events(2).say(C, ControlPdu::TerminateInd(gone));
    let good = good.end(P, gone).end(C, ErrorCode::LOCAL_HOST_TERMINATED);
    for first in [true, false] {
        let records = raced(&good, &in_vain(), first);
        assert_eq!(judge(&records), [], "first: {first}");
        // A sniffer has no more than the packets.
        let mut seen = view(&records);
        (seen.hci, seen.nodes) = (None, None);
        seen.frames.iter_mut().for_each(|frame| frame.hearing = Hearing::Unknown);
        assert_eq!(super::super::judge(&seen), [], "first: {first}");
    }
}

/// That one CONNECT_IND was in vain excuses nothing in the connection that the other one began.
#[test]
fn who_has_taken_one_of_two_connections_keeps_its_rules() {
    let shifted = Script::new().events(3).shift_last(Duration::from_us(3));
    for first in [true, false] {
        let found = judge(&raced(&shifted, &in_vain(), first));
        assert_eq!(named(&found), BTreeSet::from([("LL-TIFS-1", 1)]));
        // It has reported a connection to its host, and does not listen.
        let found = judge(&raced(&deaf(Script::new()), &in_vain(), first));
        assert_eq!(named(&found), BTreeSet::from([("LL-LAT-3", 1)]));
    }
}
