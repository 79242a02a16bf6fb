//! Correct reactions of a peripheral to traffic that a central should not send: found by the table
//! of malformed traffic (`models/tests/malformed`).

use ble::pdu::control::ConnectionUpdate;

use super::broken::{ENC_REQ, ENC_RSP};
use super::later::secure_from;
use super::procedures::*;
use super::*;

fn accused(script: &Script) -> Vec<&'static str> {
    script.named().into_iter().filter(|(_, role)| *role == P).map(|(rule, _)| rule).collect()
}

/// The answer is on the channel of the event, which was chosen before.
/// LL-CHAN-1: channel sequence.
/// LL-INST-3: the event under way.
#[test]
fn a_map_announced_in_the_event_of_its_instant_is_too_late_for_the_answer() {
    let script = Script::new().events(3);
    let channel = (script.event + 1) * u64::from(HOP) % 37;
    let channel_map = CHANNEL_MAP_ALL & !(1 << channel);
    let instant = script.event as u16;
    let script = script.say(C, ControlPdu::ChannelMapInd { channel_map, instant }).events(10);
    assert_eq!(accused(&script), [""; 0]);
}

/// LL-UPD-2: received at the instant.
#[test]
fn an_update_announced_in_the_event_of_its_instant_keeps_the_count_of_events() {
    let script = Script::new().events(3);
    let update = ConnectionUpdate {
        win_size: 1,
        win_offset: 1,
        interval: 8,
        latency: 0,
        timeout: 100,
        instant: script.event as u16,
    };
    let script = script.say(C, ControlPdu::ConnectionUpdateInd(update)).events(10);
    assert_eq!(accused(&script), [""; 0]);
    let items = bletwin_sim::sniffer::sniff(&script.records);
    assert_eq!(items.last().and_then(|item| item.event), Some(14));
}

/// The peer has heard only the second; no rule allows it to its sender.
/// LL-RETX-1: repetition.
#[test]
fn what_takes_the_place_of_an_unheard_pdu_is_new_to_its_peer() {
    let mut script = Script::new().events(3);
    script.queue[C as usize].push_back((Llid::Start, vec![1, 0, 9, 0, 9]));
    let end = script.packet(C, 0, Some(Reception::CrcError));
    script.packet(P, end + 150, Some(Reception::Ok));
    script.next();
    script.flight[C as usize] = Some((Llid::Control, ControlPdu::PingReq.encode().to_vec()));
    let script = script.events(1).say(P, ControlPdu::PingRsp).events(3);
    assert_eq!(script.named(), [("LL-RETX-1", C)].into());
}

/// An encrypted PDU of the central, as it goes on air.
fn sealed(script: &mut Script, llid: Llid, plain: &[u8]) -> (Llid, Vec<u8>) {
    let mut payload = Payload::from_slice(plain).unwrap();
    let cipher = script.ciphers[C as usize].as_mut().expect("encryption runs");
    cipher.encrypt(llid, &mut payload).unwrap();
    (llid, payload.to_vec())
}

/// LL_PING_REQ in the place of an encrypted PDU that the peripheral has not heard; with the packet
/// counter of that one, or with the next.
fn in_its_place(again: bool) -> Script {
    let mut script = secure_from(Script::new(), 0x11).events(2);
    let before = script.ciphers[C as usize].clone();
    let unheard = sealed(&mut script, Llid::Start, &[1, 0, 9, 0, 9]);
    script.queue[C as usize].push_back(unheard);
    let end = script.packet(C, 0, Some(Reception::CrcError));
    script.packet(P, end + 150, Some(Reception::Ok));
    script.next();
    if again {
        script.ciphers[C as usize] = before;
    }
    let instead = sealed(&mut script, Llid::Control, &ControlPdu::PingReq.encode());
    script.flight[C as usize] = Some(instead);
    script.events(1)
}

/// A receiver counts accepted packets: a missed one does not advance its packet counter.
/// LL-RETX-1: repetition.
/// LL-MIC-1: integrity and packet counter.
/// LL-MIC-2: wrong MIC.
#[test]
fn an_unheard_pdu_does_not_count_where_another_takes_its_place() {
    let served = in_its_place(true).say(P, ControlPdu::PingRsp).events(3);
    assert_eq!(served.named(), [("LL-RETX-1", C)].into());
    let wrong = [("LL-MIC-1", C), ("LL-RETX-1", C)];
    let leaves = in_its_place(false).end(P, ErrorCode::MIC_FAILURE);
    assert_eq!(leaves.named(), wrong.into());
    // To stay is as wrong as after any other MIC that does not fit.
    let stays = in_its_place(false).events(6).named();
    assert_eq!(stays, [wrong[0], wrong[1], ("LL-MIC-2", P)].into());
}

/// No room for the first, and the second is new; no rule allows it to its sender.
/// LL-NESN-2: flow control.
/// LL-RETX-1: repetition.
#[test]
fn what_takes_the_place_of_a_pdu_that_was_not_taken_is_new_to_its_peer() {
    let mut script = Script::new().events(3);
    script.queue[C as usize].push_back((Llid::Start, vec![1, 0, 9, 0, 9]));
    let end = script.packet(C, 0, Some(Reception::Ok));
    script.nesn[P as usize] ^= true;
    script.packet(P, end + 150, Some(Reception::Ok));
    script.next();
    script.flight[C as usize] = Some((Llid::Control, ControlPdu::PingReq.encode().to_vec()));
    let script = script.events(1).say(P, ControlPdu::PingRsp).events(3);
    assert_eq!(script.named(), [("LL-RETX-1", C)].into());
}

/// Events with these distances in µs, the peripheral deaf or not.
fn apart(mut script: Script, us: &[u64], deaf: bool) -> Script {
    script.asleep = deaf;
    for us in us {
        // The event at hand was counted with the ordinary interval.
        script.anchor = script.anchor - INTERVAL_US + us;
        let end = script.packet(C, 0, (!deaf).then_some(Reception::Ok));
        if !deaf {
            script.packet(P, end + 150, Some(Reception::Ok));
        }
        script.next();
    }
    script
}

/// PDUs of the central in one event.
fn together(mut script: Script, pdus: &[ControlPdu]) -> Script {
    let mut at = 0;
    for (number, pdu) in (1..).zip(pdus) {
        script.queue[C as usize].push_back((Llid::Control, pdu.encode().to_vec()));
        let end = script.packet(C, at, Some(Reception::Ok));
        let more = u8::from(number < pdus.len()) * DataHeader::MD;
        script = script.edit(0, |tx| {
            let header = tx.pdu.header() | more;
            tx.pdu = AirPdu::new(header, tx.pdu.payload()).unwrap();
        });
        at = script.packet(P, end + 150, Some(Reception::Ok)) + 150;
    }
    script.next();
    script
}

const fn update(interval: u16, win_offset: u16, instant: u16) -> ControlPdu {
    let (win_size, latency, timeout) = (1, 0, 100);
    ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size,
        win_offset,
        interval,
        latency,
        timeout,
        instant,
    })
}

/// A change in force stays although another one is announced.
/// LL-UPD-1: new parameters from the instant on.
/// LL-UPD-2: received at the instant.
/// LL-EVENT-2: event counter.
#[test]
fn an_update_announced_at_its_instant_outlives_the_next_one() {
    // 20 ms immediately, although its window would begin later, and another interval in seven
    // events.
    let two = |next| {
        let script = together(Script::new().events(3), &[update(16, 2, 3), update(next, 0, 10)]);
        apart(script, &[20_000; 7], false)
    };
    let kept = two(8).events(4);
    assert_eq!(kept.named(), BTreeSet::new());
    let events = bletwin_sim::sniffer::sniff(&kept.records);
    assert_eq!(events.last().and_then(|item| item.event), Some(14));
    // A change announced and not made is the central's fault alone.
    let forgotten = |next| apart(two(next), &[20_000; 6], true).named();
    assert_eq!(forgotten(12), [("LL-UPD-1", C)].into());
    // It may seem to leave every second event out.
    assert_eq!(forgotten(8), [("LL-CHAN-1", C)].into());
}

/// LL-UPD-1: new parameters from the instant on.
/// LL-UPD-2: received at the instant.
/// LL-LAT-1: peripheral latency.
#[test]
fn an_update_announced_at_its_instant_and_not_made_is_the_centrals_fault() {
    let found = |pdus: &[ControlPdu]| together(Script::new().events(3), pdus);
    let wrong = BTreeSet::from([("LL-UPD-1", C)]);
    for (interval, us) in [(16, 10_000), (40, 10_000), (7, 10_000)] {
        let script = apart(found(&[update(interval, 1, 3)]), &[us; 12], true);
        assert_eq!(script.named(), wrong, "{interval}");
    }
    // Of two for one instant the second one counts.
    let first = apart(found(&[update(16, 2, 3), update(35, 1, 3)]), &[20_000; 12], true);
    assert_eq!(first.named(), wrong);
    let second = apart(found(&[update(35, 2, 3), update(16, 1, 3)]), &[20_000; 12], false);
    assert_eq!(second.named(), BTreeSet::new());
}

/// LL-LAT-1: peripheral latency.
#[test]
fn latency_announced_at_its_instant_is_in_force() {
    let ControlPdu::ConnectionUpdateInd(new) = update(8, 0, 3) else { unreachable!("as named") };
    let patient = ControlPdu::ConnectionUpdateInd(ConnectionUpdate { latency: 3, ..new });
    for pdus in [&[patient][..], &[patient, update(8, 0, 30)]] {
        let slept = |events| {
            let script = together(Script::new().events(3), pdus).events(2);
            let observed = apart(script, &vec![10_000; events], true).events(2).observed();
            observed.contains(&("LL-LAT-1", P))
        };
        assert!(!slept(3) && slept(4));
    }
}

/// LL-CHAN-1: channel sequence.
#[test]
fn a_map_announced_at_its_instant_outlives_the_next_one() {
    let script = Script::new().events(3);
    // The channel of event 6 is used no more, and is again from event 10 on.
    let channel_map = CHANNEL_MAP_ALL & !(1 << (7 * u64::from(HOP) % 37));
    let maps = [ControlPdu::ChannelMapInd { channel_map, instant: 3 }, map(10)];
    let moved = |tx: &mut AirTx| {
        tx.channel = channel::algorithm_1(HOP, 6, channel_map).unwrap();
    };
    let script = together(script, &maps).events(3).edit(0, moved).edit(1, moved).events(8);
    assert_eq!(script.named(), BTreeSet::new());
}

/// LL-RSP-2: what answers nothing ends nothing, so that the next procedure is a second one.
/// LL-PROC-1: one procedure at a time.
/// LL-END-1: permitted reasons.
#[test]
fn an_answer_to_nothing_does_not_end_what_is_announced() {
    let said = |pdu| {
        let open = Script::new().say(C, PHY_REQ).say(P, PHY_RSP).say(C, phy(20));
        open.say(C, NOTHING).say(C, pdu)
    };
    let wrong = BTreeSet::from([("LL-PROC-1", C), ("LL-RSP-1", C)]);
    for pdu in [parameters(24), map(24)] {
        assert_eq!(said(pdu).end(P, COLLISION).named(), wrong, "{pdu:?}");
    }
    // Nor does it end a request of the peripheral that was granted.
    let asked = Script::new().say(P, PHY_REQ).say(C, phy(20)).say(C, NOTHING);
    let wrong = BTreeSet::from([("LL-COLL-1", C), ("LL-RSP-1", C)]);
    assert_eq!(asked.say(C, map(24)).end(P, COLLISION).named(), wrong);
}

/// 2.4.2: it has the wrong length, and so it is a PDU that is unexpected.
/// LL-ENC-6: anything else.
#[test]
fn a_control_pdu_without_an_opcode_ends_an_encryption_start() {
    let found = Script::new().say(C, ENC_REQ).say(P, ENC_RSP).raw(C, Llid::Control, &[]);
    assert_eq!(accused(&found.clone().end(P, ErrorCode::MIC_FAILURE)), [""; 0]);
    assert_eq!(accused(&found.events(4)), ["LL-ENC-6"]);
}
