//! LL-TIFS-1, LL-ANCHOR-1, LL-WIN-1, LL-CHAN-1 and LL-PHY-1: how far off is still right.

use ble::pdu::control::{ConnectionUpdate, DataLength, Opcode};
use ble::phy::PhySet;

use super::broken::set;
use super::procedures::*;
use super::*;

/// LL-TIFS-1: 2 µs either way and 50 ppm of 150 µs.
#[test]
fn an_answer_is_two_microseconds_off_at_most() {
    for by in [C, P] {
        let off = |ns: i64| {
            let mut script = Script::new().events(3);
            script.queue[0].push_back((Llid::Start, vec![1; 5]));
            let end = script.packet(C, 0, Some(Reception::Ok));
            let end = script.packet(P, end + 150, Some(Reception::Ok));
            if by == C {
                script.packet(C, end + 150, Some(Reception::Ok));
                // MD of the peripheral's packet: the event continues.
                script = script.edit(1, |tx| set(tx, DataHeader::MD));
            }
            for record in script.records.iter_mut().rev() {
                let by = Duration::from_ticks(ns.unsigned_abs() * 64);
                record.at = if ns < 0 { record.at.before(by) } else { record.at + by };
                if let RecordKind::AirTx(tx) = &mut record.kind {
                    tx.end = if ns < 0 { tx.end.before(by) } else { tx.end + by };
                    break;
                }
            }
            script.named()
        };
        for (ns, good) in [(2_000, true), (-2_000, true), (2_020, false), (-2_020, false)] {
            let wanted = if good { BTreeSet::new() } else { breaks("LL-TIFS-1", by) };
            assert_eq!(off(ns), wanted, "{ns} ns");
        }
    }
}

/// LL-ANCHOR-1: SCA 5 is 50 ppm, 0.5 µs in 10 ms, and 16 µs of jitter at either end.
#[test]
fn an_anchor_is_off_by_jitter_and_accuracy_at_most() {
    let moved = |us: i64| {
        let mut script = Script::new().events(3);
        script.anchor = script.anchor.saturating_add_signed(us);
        script.events(1).named()
    };
    for (us, good) in [(32, true), (-32, true), (33, false), (-33, false)] {
        let wanted = if good { BTreeSet::new() } else { breaks("LL-ANCHOR-1", C) };
        assert_eq!(moved(us), wanted, "{us} µs");
    }
    // Events that were left out add to it: 0.5 µs each.
    let later = |us: u64| {
        let mut script = Script::new().events(3);
        (0..9).for_each(|_| script.next());
        script.anchor += us;
        script.events(1).named()
    };
    assert_eq!(later(36), BTreeSet::new());
    assert_eq!(later(38), breaks("LL-ANCHOR-1", C));
}

/// LL-ANCHOR-1: SCA 0 is 500 ppm, 5 µs in 10 ms, once the peripheral has taken note of it (5.1.14).
#[test]
fn an_anchor_is_as_accurate_as_the_central_said_last() {
    let moved = |answers: bool| {
        let (req, rsp) = (Opcode::CLOCK_ACCURACY_REQ.0, Opcode::CLOCK_ACCURACY_RSP.0);
        let mut script = Script::new().raw(C, Llid::Control, &[req, 0]);
        if answers {
            script = script.raw(P, Llid::Control, &[rsp, 5]);
        }
        script.anchor += 35;
        script.events(1).named()
    };
    assert_eq!(moved(true), BTreeSet::new());
    assert!(moved(false).contains(&("LL-ANCHOR-1", C)));
}

/// LL-WIN-1: the first anchor within the window of 1.25 ms that begins 1.25 ms after CONNECT_IND,
/// or in one an interval later.
#[test]
fn the_first_anchor_is_in_its_window() {
    // CONNECT_IND ends at 630 µs.
    let first = |us: u64, missed: u64| {
        let mut script = Script::new();
        script.anchor = us;
        (0..missed).for_each(|_| script.next());
        script.events(2).named()
    };
    for missed in [0, 1] {
        for (us, good) in [(1_850, true), (1_840, false), (3_160, true), (3_170, false)] {
            let wanted = if good { BTreeSet::new() } else { breaks("LL-WIN-1", C) };
            assert_eq!(first(us, missed), wanted, "{us} µs");
        }
    }
    let offset = |us: u64| {
        let mut script = Script::with(|request| request.win_offset = 2);
        script.anchor = us;
        script.events(2).named()
    };
    assert_eq!(offset(1_880), breaks("LL-WIN-1", C));
    assert_eq!(offset(4_400), BTreeSet::new());
}

/// LL-UPD-1, LL-WIN-1: after the instant the new interval counts from the new anchor.
#[test]
fn the_new_interval_counts_from_the_new_anchor() {
    let update = ConnectionUpdate {
        win_size: 1,
        win_offset: 2,
        interval: 16,
        latency: 0,
        timeout: 100,
        instant: 8,
    };
    let found = |moved: u64, us: u64| {
        let script = Script::new().say(C, ControlPdu::ConnectionUpdateInd(update));
        let mut script = script.until(8);
        script.anchor += 2_500 + moved;
        script = script.events(1);
        script.anchor += INTERVAL_US + us;
        script.events(1).named()
    };
    assert_eq!(found(0, 0), BTreeSet::new());
    assert_eq!(found(1_250, 30), BTreeSet::new());
    assert_eq!(found(1_250, 40), breaks("LL-ANCHOR-1", C));
    assert_eq!(found(1_300, 0), breaks("LL-WIN-1", C));
}

/// LL-CHAN-1: the old map up to the event before the instant, the new one from it on.
#[test]
fn a_channel_map_applies_from_its_instant_on() {
    // Event 9: (9 + 1) · 7 mod 37 = 33, and of ten channels from 0 on the one at 33 mod 10.
    let ten = ControlPdu::ChannelMapInd { channel_map: 0x3FF, instant: 9 };
    let on = |instant_event: u64, channel: u8| {
        let script = Script::new().say(C, ten).until(instant_event as u16);
        let script = script.events(1);
        script.edit(0, |tx| tx.channel = channel).edit(1, |tx| tx.channel = channel).named()
    };
    let both = BTreeSet::from([("LL-CHAN-1", C), ("LL-CHAN-1", P)]);
    assert_eq!(on(9, 3), BTreeSet::new());
    assert_eq!(on(9, 33), both);
    // Event 8: 26.
    assert_eq!(on(8, 26), BTreeSet::new());
    assert_eq!(on(8, 6), both);
}

/// LL-CHAN-1: algorithm #2 only if both ends have its bit.
#[test]
fn the_second_algorithm_needs_both_bits() {
    let with = |advertiser: bool, initiator: bool| {
        let mut script = Script::with(|request| request.ch_sel = initiator);
        let adv = AdvertisingPdu::AdvInd {
            advertiser: Address::static_random([2; 6]),
            data: Default::default(),
            ch_sel: advertiser,
        };
        if let RecordKind::AirTx(tx) = &mut script.records[0].kind {
            tx.pdu = adv.encode();
        }
        // The script hops by the first.
        script.events(6).named()
    };
    for (advertiser, initiator) in [(false, false), (false, true), (true, false)] {
        assert_eq!(with(advertiser, initiator), BTreeSet::new(), "{advertiser} {initiator}");
    }
    assert_eq!(with(true, true), BTreeSet::from([("LL-CHAN-1", C), ("LL-CHAN-1", P)]));
}

/// LL-PHY-1: in each direction its own PHY, from the instant on.
#[test]
fn a_phy_applies_from_its_instant_on_in_its_direction() {
    let sets = [PhySet::LE_2M, PhySet::NONE];
    for (c_to_p, p_to_c, right) in [
        (sets[0], sets[1], [TxPhy::Le2M, TxPhy::Le1M]),
        (sets[1], sets[0], [TxPhy::Le1M, TxPhy::Le2M]),
    ] {
        let script = |event, phys| {
            let both = PhySet(3);
            let asks = ControlPdu::PhyReq { tx: both, rx: both };
            let update = ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 10 };
            let mut script = all(&[(P, asks), (C, update)]).until(event);
            script.phys = phys;
            script.events(1).named()
        };
        assert_eq!(script(10, right), BTreeSet::new());
        assert_eq!(script(9, [TxPhy::Le1M; 2]), BTreeSet::new());
        let wrong = if right[0] == TxPhy::Le2M { C } else { P };
        assert_eq!(script(10, [TxPhy::Le1M; 2]), breaks("LL-PHY-1", wrong));
        assert_eq!(script(9, right), breaks("LL-PHY-1", wrong));
    }
}

/// LL-EVENT-4: T_IFS before the next anchor, give or take the clocks.
#[test]
fn an_event_closes_before_the_next_anchor() {
    let sent = |octets: usize, late: u64| {
        let long = DataLength {
            max_rx_octets: 251,
            max_rx_time: 2_120,
            max_tx_octets: 251,
            max_tx_time: 2_120,
        };
        let (req, rsp) = (ControlPdu::LengthReq(long), ControlPdu::LengthRsp(long));
        let mut script = all(&[(C, req), (P, rsp)]);
        for octets in [251, 251, octets] {
            for queue in &mut script.queue {
                queue.push_back((Llid::Start, vec![1; octets]));
            }
        }
        let mut at = 0;
        for late in [0, 0, late] {
            at = script.packet(C, at, Some(Reception::Ok));
            at = script.packet(P, at + 150 + late, Some(Reception::Ok)) + 150;
        }
        for back in 1..6 {
            script = script.edit(back, |tx| set(tx, DataHeader::MD));
        }
        script.next();
        (at, script.events(2).named())
    };
    // `at` is 150 µs after the end; jitter of 16 µs is allowed to either.
    let (at, named) = sent(38, 0);
    assert!((10_000..10_032).contains(&at), "{at}");
    assert_eq!(named, BTreeSet::new());
    let (at, named) = sent(40, 0);
    assert!((10_040..10_060).contains(&at), "{at}");
    // It is the central that has to see to it, whose packet ever is the last.
    assert_eq!(named, breaks("LL-EVENT-4", C));
    // But for an answer that comes late.
    assert_eq!(sent(38, 60).1, breaks("LL-TIFS-1", P));
}

/// LL-EVENT-4: nobody can close an event for what is sent unasked, as by firmware whose radio goes
/// on after it has stopped.
#[test]
fn what_was_not_asked_for_does_not_accuse_the_central() {
    let mut script = Script::new().events(1);
    let mut end = script.packet(C, 0, Some(Reception::Ok));
    while end < 9_900 {
        end = script.packet(P, end + 150, None);
    }
    assert!(end + 100 > 10_000, "{end}");
    script.next();
    assert_eq!(script.events(2).named(), breaks("LL-TIFS-2", P));
}
