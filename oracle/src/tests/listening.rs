//! LL-WIDE-1, LL-LAT-1: when a receiver closed, and what may be left out.

use ble::pdu::control::ConnectionUpdate;

use super::procedures::*;
use super::*;

/// An anchor that is not received; the receiver closed this long after it (before, if negative).
fn closed(us: &[i64]) -> BTreeSet<(&'static str, Role)> {
    closed_at(us).named()
}

fn closed_at(us: &[i64]) -> Script {
    let mut script = Script::new().events(3);
    let anchor = script.anchor;
    let before = us.iter().filter(|us| **us < 0);
    for us in before {
        let at = Instant::from_us(anchor.saturating_add_signed(*us));
        script.record(P, at, RecordKind::AirMiss);
    }
    script.asleep = true;
    script.packet(C, 0, None);
    script.asleep = false;
    for us in us.iter().filter(|us| **us >= 0) {
        let at = Instant::from_us(anchor.saturating_add_signed(*us));
        script.record(P, at, RecordKind::AirMiss);
    }
    script.next();
    script.events(3)
}

/// LL-WIDE-1: an access address on LE 2M has passed after 24 µs.
#[test]
fn a_receiver_is_open_until_the_anchor_may_have_come() {
    assert_eq!(closed(&[24]), BTreeSet::new());
    assert_eq!(closed(&[23]), breaks("LL-WIDE-1", P));
    assert_eq!(closed(&[-30]), breaks("LL-WIDE-1", P));
    // A third of the interval before: it waited for more of the event before.
    assert_eq!(closed(&[-3_330]), breaks("LL-WIDE-1", P));
    assert_eq!(closed(&[-3_340]), BTreeSet::new());
    // It was open again.
    assert_eq!(closed(&[-30, 60]), BTreeSet::new());
    assert_eq!(closed(&[-30, 3_320]), BTreeSet::new());
    assert_eq!(closed(&[-30, 3_340]), breaks("LL-WIDE-1", P));
}

/// LL-WIDE-1, LL-ANCHOR-1: a peripheral need not wait for a central whose clock is worse than
/// announced. From one anchor to the next its drift is within the jitter.
#[test]
fn a_central_that_drifts_beyond_its_accuracy_is_not_waited_for() {
    let closed_before_the_anchor = |drift_us: u64| {
        let mut script = Script::new().events(3);
        for _ in 0..20 {
            script.asleep = true;
            script.packet(C, 0, None);
            script.asleep = false;
            script.next();
            script.anchor += drift_us;
        }
        let at = Instant::from_us(script.anchor - 30);
        script.record(P, at, RecordKind::AirMiss);
        script.asleep = true;
        script.packet(C, 0, None);
        script.asleep = false;
        script.next();
        script.events(3).named()
    };
    assert_eq!(closed_before_the_anchor(0), breaks("LL-WIDE-1", P));
    // 50 ppm of 210 ms, and jitter at either end: 42 µs in all.
    assert_eq!(closed_before_the_anchor(2), breaks("LL-WIDE-1", P));
    assert_eq!(closed_before_the_anchor(3), breaks("LL-ANCHOR-1", C));
}

/// LL-LAT-1: a receiver that closed within half an interval was there.
#[test]
fn a_receiver_that_never_opened_left_the_event_out() {
    let left_out = |around: &[i64]| closed_at(around).observed();
    assert_eq!(left_out(&[]), breaks("LL-LAT-1", P));
    assert_eq!(left_out(&[4_990]), BTreeSet::new());
    assert_eq!(left_out(&[-4_990]), BTreeSet::new());
    assert_eq!(left_out(&[-5_010]), breaks("LL-LAT-1", P));
    assert_eq!(closed(&[-5_010]), BTreeSet::new());
}

/// LL-LAT-1: a record that ends within half an interval does not say.
#[test]
fn a_record_may_end_before_the_receiver_closes() {
    let ends = |us: u64| {
        let mut script = Script::new().events(3);
        let at = Instant::from_us(script.anchor + us);
        script.asleep = true;
        script.packet(C, 0, None);
        script.record(C, at, RecordKind::AirMiss);
        script.observed()
    };
    assert_eq!(ends(1_000), BTreeSet::new());
    assert_eq!(ends(5_000), breaks("LL-LAT-1", P));
}

fn sleep(mut script: Script, events: u64) -> Script {
    script.asleep = true;
    for _ in 0..events {
        script.packet(C, 0, None);
        script.next();
    }
    script.asleep = false;
    script.events(2)
}

/// LL-LAT-1: as much latency as the connection has, in a row; more is not recommended.
#[test]
fn as_many_events_are_left_out_as_latency_allows() {
    for latency in 0..4 {
        let script = || Script::with(|request| request.latency = latency).events(3);
        let most = u64::from(latency);
        assert_eq!(sleep(script(), most).observed(), BTreeSet::new(), "{latency}");
        let longer = sleep(script(), most + 1);
        assert_eq!(longer.observed(), breaks("LL-LAT-1", P), "{latency}");
        assert_eq!(longer.named(), BTreeSet::new(), "{latency}");
        // Once it has listened, it may again.
        let twice = sleep(sleep(script(), most), most);
        assert_eq!(twice.observed(), BTreeSet::new(), "{latency}");
    }
}

/// LL-LAT-3: every event until an acknowledgement of the central was heard, which is the one in its
/// second packet.
#[test]
fn latency_begins_with_the_first_acknowledgement() {
    for (heard, wanted) in
        [(0, breaks("LL-LAT-3", P)), (1, breaks("LL-LAT-3", P)), (2, BTreeSet::new())]
    {
        let script = Script::with(|request| request.latency = 3).events(heard);
        assert_eq!(sleep(script, 1).named(), wanted, "{heard}");
    }
}

/// LL-LAT-3: once in each supervision timeout, of 100 events here.
#[test]
fn a_peripheral_listens_once_in_each_supervision_timeout() {
    assert_eq!(sleep(Script::new().events(3), 99).named(), BTreeSet::new());
    assert_eq!(sleep(Script::new().events(3), 103).named(), breaks("LL-LAT-3", P));
}

/// LL-LAT-1, LL-LAT-2: new latency, from its instant on.
#[test]
fn new_latency_applies_after_its_instant() {
    let changed = |latency, event, events| {
        let update = ConnectionUpdate {
            win_size: 1,
            win_offset: 0,
            interval: 8,
            latency,
            timeout: 100,
            instant: 12,
        };
        let script = Script::new().say(C, ControlPdu::ConnectionUpdateInd(update));
        sleep(script.until(event), events)
    };
    assert_eq!(changed(2, 13, 2).observed(), BTreeSet::new());
    assert_eq!(changed(2, 13, 3).observed(), breaks("LL-LAT-1", P));
    assert_eq!(changed(0, 13, 1).observed(), breaks("LL-LAT-1", P));
    for event in [11, 12] {
        assert_eq!(changed(2, event, 1).named(), breaks("LL-LAT-2", P), "{event}");
    }
}

/// LL-LAT-2: until it knows that its acknowledgement has come, for each PDU with an instant.
#[test]
fn a_peripheral_listens_until_its_knowledge_of_an_instant_is_known() {
    for pdu in [map(40), phy(40)] {
        let patient = || {
            let script = Script::with(|request| request.latency = 3).events(3);
            if pdu == phy(40) { script.say(P, PHY_REQ) } else { script }
        };
        let found = |events: u64| {
            let mut script = patient();
            script.queue[0].push_back((Llid::Control, pdu.encode().to_vec()));
            sleep(script.events(events), 1).named()
        };
        assert_eq!(found(1), breaks("LL-LAT-2", P), "{pdu:?}");
        assert_eq!(found(2), BTreeSet::new(), "{pdu:?}");
    }
}

/// LL-LAT-1: latency that came with an update before anything was acknowledged.
#[test]
fn latency_that_changed_before_the_first_acknowledgement_counts() {
    let found = |first, then, events| {
        let mut script = Script::with(|request| request.latency = first);
        let update = ConnectionUpdate {
            win_size: 1,
            win_offset: 0,
            interval: 8,
            latency: then,
            timeout: 100,
            instant: 8,
        };
        let pdu = ControlPdu::ConnectionUpdateInd(update);
        script.queue[0].push_back((Llid::Control, pdu.encode().to_vec()));
        // The central hears nothing until after the instant.
        for _ in 0..10 {
            let end = script.packet(C, 0, Some(Reception::Ok));
            script.packet(P, end + 150, None);
            script.next();
        }
        sleep(script.events(3), events).observed().contains(&("LL-LAT-1", P))
    };
    assert!(!found(0, 3, 3) && found(0, 3, 4));
    assert!(!found(3, 0, 3) && found(3, 0, 4));
}
