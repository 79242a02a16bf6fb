//! What a peripheral does right with traffic that a central should not send: found by the table of
//! malformed traffic (`models/tests/malformed`).

use firmware_core::pdu::control::ConnectionUpdate;

use super::procedures::*;
use super::*;

fn accused(script: &Script) -> Vec<&'static str> {
    script.named().into_iter().filter(|(_, role)| *role == P).map(|(rule, _)| rule).collect()
}

/// The answer is on the channel of the event, which was chosen before.
/// LL-CHAN-1, LL-INST-3.
#[test]
fn a_map_that_is_told_in_the_event_of_its_instant_is_too_late_for_the_answer() {
    let script = Script::new().events(3);
    let channel = (script.event + 1) * u64::from(HOP) % 37;
    let channel_map = CHANNEL_MAP_ALL & !(1 << channel);
    let instant = script.event as u16;
    let script = script.say(C, ControlPdu::ChannelMapInd { channel_map, instant }).events(10);
    assert_eq!(accused(&script), [""; 0]);
}

/// LL-UPD-2.
#[test]
fn an_update_that_is_told_in_the_event_of_its_instant_keeps_the_count_of_events() {
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
    let items = crate::sniffer::sniff(&script.records);
    assert_eq!(items.last().and_then(|item| item.event), Some(14));
}

/// The peer has heard only the second; no rule allows it to its sender.
/// LL-RETX-1.
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

/// LL-RSP-2: what answers nothing ends nothing, so that the next procedure is a second one.
/// LL-PROC-1, LL-END-1.
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
    // Nor does it end what the peripheral has asked for, and been granted.
    let asked = Script::new().say(P, PHY_REQ).say(C, phy(20)).say(C, NOTHING);
    let wrong = BTreeSet::from([("LL-COLL-1", C), ("LL-RSP-1", C)]);
    assert_eq!(asked.say(C, map(24)).end(P, COLLISION).named(), wrong);
}
