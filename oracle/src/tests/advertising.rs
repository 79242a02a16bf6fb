//! Advertising: each exchange, channel and command by itself, and the maximum number of findings.

use ble::hci::{AdvertisingParameters, AdvertisingType, Command, Return};
use ble::secret::Secret;

use super::broken::ids;
use super::later::{adv, advertise, asked};
use super::*;
use crate::findings::FINDINGS_MAX;

fn own() -> Address {
    Address::static_random([2; 6])
}

/// `second` begins T_IFS and `late` µs after `first`.
fn exchange(first: &AdvertisingPdu, by: Role, second: &AdvertisingPdu, late: u64) -> Script {
    let mut script = advertise(&[]);
    let peer = if by == P { C } else { P };
    let ok = Some(Reception::Ok);
    let end = script.on_air(by, 1_000, 37, ADVERTISING_ACCESS_ADDRESS, first.encode(), ok);
    let at = end.as_us() + 150 + late;
    script.on_air(peer, at, 37, ADVERTISING_ACCESS_ADDRESS, second.encode(), ok);
    script
}

/// The beginning of a good connection.
fn connect_ind() -> AdvertisingPdu {
    let script = Script::new();
    let mut pdus = script.records.iter().filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) => AdvertisingPdu::parse(&tx.pdu),
        _ => None,
    });
    pdus.find(|pdu| matches!(pdu, AdvertisingPdu::ConnectInd(_))).expect("it connects")
}

/// LL-ADV-7: answers on advertising channels.
#[test]
fn every_answer_has_its_time() {
    let scanner = Address::public([1; 6]);
    let (advertiser, data, ch_sel) =
        (own(), ble::pdu::advertising::AdvertisingData::default(), false);
    let undirected = AdvertisingPdu::AdvInd { advertiser, data: data.clone(), ch_sel };
    let directed = AdvertisingPdu::AdvDirectInd { advertiser, target: scanner, ch_sel };
    let scannable = AdvertisingPdu::AdvScanInd { advertiser, data: data.clone() };
    let request = AdvertisingPdu::ScanReq { scanner, advertiser };
    let response = AdvertisingPdu::ScanRsp { advertiser, data };
    let connect = connect_ind();
    for (first, by, second) in [
        (&undirected, P, &request),
        (&scannable, P, &request),
        (&request, C, &response),
        (&undirected, P, &connect),
        (&directed, P, &connect),
    ] {
        let found = |late| ids(&exchange(first, by, second, late).findings());
        assert_eq!(found(0), BTreeSet::new(), "{first:?} {second:?}");
        assert_eq!(found(5), BTreeSet::from(["LL-ADV-7"]), "{first:?} {second:?}");
    }
}

/// An advertiser that has its scanner in the resolving list, with a key and under network privacy,
/// answers it under its identity; unless these commands say otherwise.
pub(super) fn answers_a_listed_scanner(edit: impl Fn(&mut Vec<Command>)) -> Script {
    let (scanner, advertiser) = (Address::public([1; 6]), own());
    let (peer_irk, local_irk) = (Secret::new([7; 16]), Secret::new([0; 16]));
    let mut commands = vec![
        Command::LeAddToResolvingList { identity: scanner, peer_irk, local_irk },
        Command::LeSetAddressResolutionEnable { enable: true },
    ];
    edit(&mut commands);
    let mut script = advertise(&[]);
    for command in commands {
        script.record(P, Instant::ZERO, RecordKind::Note(Note::HciCommand(command)));
    }
    let data = ble::pdu::advertising::AdvertisingData::default();
    let mut at = 1_000;
    for (by, pdu) in [
        (P, AdvertisingPdu::AdvInd { advertiser, data: data.clone(), ch_sel: false }),
        (C, AdvertisingPdu::ScanReq { scanner, advertiser }),
        (P, AdvertisingPdu::ScanRsp { advertiser, data }),
    ] {
        let ok = Some(Reception::Ok);
        at = script.on_air(by, at, 37, ADVERTISING_ACCESS_ADDRESS, pdu.encode(), ok).as_us() + 150;
    }
    script
}

/// LL-ADV-6: only what hides for certain must be ignored.
#[test]
fn who_need_not_hide_is_answered() {
    let (identity, local_irk) = (Address::public([1; 6]), Secret::new([0; 16]));
    let found = |edit: &dyn Fn(&mut Vec<Command>)| ids(&answers_a_listed_scanner(edit).findings());
    assert_eq!(found(&|_| ()), BTreeSet::from(["LL-ADV-6"]));
    let nobody = BTreeSet::new();
    let device = Command::LeSetPrivacyMode { identity, device_privacy: true };
    assert_eq!(found(&|all| all.push(device.clone())), nobody);
    assert_eq!(found(&|all| all.push(Command::LeRemoveFromResolvingList { identity })), nobody);
    assert_eq!(found(&|all| all.push(Command::LeClearResolvingList)), nobody);
    assert_eq!(found(&|all| all.push(Command::Reset)), nobody);
    // Not resolved: not decided. No key: it has nothing but its identity.
    assert_eq!(found(&|all| all.truncate(1)), nobody);
    let peer_irk = Secret::new([0; 16]);
    let without = Command::LeAddToResolvingList { identity, peer_irk, local_irk };
    assert_eq!(found(&|all| all[0] = without.clone()), nobody);
}

/// The host asks for this beside what [`asked`] asks for.
fn asked_with(edit: impl Fn(&mut AdvertisingParameters)) -> Script {
    let mut script = asked(true);
    for record in &mut script.records {
        if let RecordKind::Note(Note::HciCommand(Command::LeSetAdvertisingParameters {
            parameters,
        })) = &mut record.kind
        {
            edit(parameters);
        }
    }
    script
}

/// LL-ADV-1: at most 10 ms from one channel to the next, however long the interval is.
#[test]
fn the_next_channel_comes_soon() {
    for (us, good) in [(9_900, true), (20_000, false)] {
        let mut script = asked_with(|parameters| {
            (parameters.interval_min, parameters.interval_max) = (0x100, 0x100);
        });
        adv(&mut script, 1_000 + us, 38);
        let expected = if good { BTreeSet::new() } else { BTreeSet::from(["LL-ADV-1"]) };
        assert_eq!(ids(&script.findings()), expected, "{us}");
    }
}

/// LL-ADV-1: whatever the order, which since version 5.1 is the advertiser's.
#[test]
fn a_channel_comes_once_in_an_event() {
    let wrong = BTreeSet::from(["LL-ADV-1"]);
    for again in [37, 38] {
        let twice = advertise(&[(0, 37), (1_000, 38), (2_000, again)]);
        assert_eq!(ids(&twice.findings()), wrong, "{again}");
    }
    for order in
        [[37, 38, 39], [37, 39, 38], [38, 37, 39], [38, 39, 37], [39, 37, 38], [39, 38, 37]]
    {
        let list: Vec<_> = [0, 25_000, 50_000]
            .into_iter()
            .flat_map(|start| (0..).map(move |n| start + n * 1_000).zip(order))
            .collect();
        assert_eq!(ids(&advertise(&list).findings()), BTreeSet::new(), "{order:?}");
    }
}

/// LL-ADV-1, LL-ADV-2: a host that is not logged may have ended advertising in the middle of an
/// event, and begun again. An emulated chip was accused that had done so.
#[test]
fn advertising_of_an_unknown_host_may_have_begun_again() {
    for list in [
        &[(0, 37), (1_000, 38), (2_000, 37)][..],
        &[(0, 37), (1_000, 38), (15_000, 37)],
        &[(0, 37), (9_000, 38), (12_000, 37), (13_000, 38), (14_000, 39), (31_000, 37)],
    ] {
        let mut script = advertise(list);
        assert!(!script.findings().is_empty(), "{list:?}");
        script.records.retain(|record| !matches!(record.kind, RecordKind::Note(_)));
        assert_eq!(ids(&script.findings()), BTreeSet::new(), "{list:?}");
    }
}

/// LL-ADV-1: from the lowest channel to the highest in high duty cycle.
#[test]
fn high_duty_cycle_goes_up() {
    let found = |second: u8| {
        let mut script = asked_with(|parameters| {
            parameters.kind = AdvertisingType::DirectedHighDuty;
        });
        script.records.pop();
        let (advertiser, target) = (own(), Address::public([1; 6]));
        let pdu = AdvertisingPdu::AdvDirectInd { advertiser, target, ch_sel: false };
        for (us, channel) in [(1_000, 38), (1_700, second), (4_750, 38)] {
            let pdu = pdu.encode();
            script.on_air(P, us, channel, ADVERTISING_ACCESS_ADDRESS, pdu, None);
        }
        ids(&script.findings())
    };
    assert_eq!(found(39), BTreeSet::new());
    assert_eq!(found(37), BTreeSet::from(["LL-ADV-1"]));
}

/// LL-ADV-1: the order may be another one in each event.
#[test]
fn each_event_has_its_order() {
    let list = [
        (0, 39),
        (1_000, 37),
        (2_000, 38),
        (25_000, 38),
        (26_000, 39),
        (27_000, 37),
        (50_000, 37),
        (51_000, 39),
        (75_000, 38),
    ];
    assert_eq!(ids(&advertise(&list).findings()), BTreeSet::new());
}

/// LL-ADV-8: advertising as the host asks.
#[test]
fn each_kind_is_another_one() {
    use AdvertisingType::{ConnectableUndirected, NonConnectable, ScannableUndirected};
    for kind in [ConnectableUndirected, NonConnectable, ScannableUndirected] {
        let script = asked_with(|parameters| parameters.kind = kind);
        // ADV_IND is on air.
        let good = kind == ConnectableUndirected;
        assert_eq!(ids(&script.findings()).is_empty(), good, "{kind:?}");
    }
}

/// LL-ADV-8: what was prepared already may still be sent, and nothing after that.
#[test]
fn advertising_ends_with_the_command() {
    for (us, good) in [(11_000, true), (40_000, false)] {
        let mut script = asked(true);
        let off = Command::LeSetAdvertisingEnable { enable: false };
        script.record(P, Instant::from_us(2_000), RecordKind::Note(Note::HciCommand(off)));
        adv(&mut script, us, 37);
        let expected = if good { BTreeSet::new() } else { BTreeSet::from(["LL-ADV-8"]) };
        assert_eq!(ids(&script.findings()), expected, "{us}");
    }
}

/// LL-ADV-2: a connection that did not come about is none, so the longest interval counts.
#[test]
fn a_failed_connection_excuses_no_late_event() {
    let mut script = asked(true);
    let complete = not_made(ErrorCode::ADVERTISING_TIMEOUT);
    script.hci(P, Event::LeConnectionComplete(complete));
    adv(&mut script, 1_000 + 30_000, 37);
    adv(&mut script, 1_000 + 30_000 + 31_000, 37);
    assert_eq!(ids(&script.findings()), BTreeSet::from(["LL-ADV-2"]));
}

/// Connected as central beside advertising on all three channels with this interval.
fn beside_a_connection(interval: u16, list: &[(u64, u8)]) -> BTreeSet<&'static str> {
    let mut script = asked_with(|asked| {
        (asked.interval_min, asked.interval_max) = (interval, interval);
    });
    script.records.retain(|record| matches!(record.kind, RecordKind::Note(_)));
    let complete = ConnectionComplete { role: C, ..not_made(ErrorCode::SUCCESS) };
    script.hci(P, Event::LeConnectionComplete(complete));
    for (us, channel) in list {
        adv(&mut script, *us, *channel);
    }
    ids(&script.findings())
}

fn not_made(status: ErrorCode) -> ConnectionComplete {
    ConnectionComplete {
        status,
        handle: Handle(0),
        role: P,
        peer: own(),
        peer_identity: None,
        local: own(),
        interval: 0,
        latency: 0,
        timeout: 0,
        sca: 0,
    }
}

/// LL-ADV-2: who serves a connection may leave out the first PDU of an event, whose start cannot
/// be seen then (4.4.2). How early it can have been is known.
#[test]
fn an_event_that_began_late_says_less_about_the_next() {
    let whole = [(10_000, 37), (10_600, 38), (11_200, 39)];
    let after = |seen: &[(u64, u8)], interval, next| {
        beside_a_connection(interval, &[seen, &[(next, 37)]].concat())
    };
    let good = BTreeSet::new();
    let broken = BTreeSet::from(["LL-ADV-2"]);
    for (seen, interval, next, expected) in [
        (&whole[..], 0x20, 30_100, &good),
        (&whole[..], 0x20, 29_800, &broken),
        // Up to 10 ms before for each channel that was left out.
        (&whole[1..], 0x20, 30_100, &good),
        (&whole[1..], 160, 100_800, &good),
        (&whole[1..], 160, 100_400, &broken),
        (&whole[2..], 160, 91_400, &good),
        (&whole[2..], 160, 91_000, &broken),
    ] {
        assert_eq!(&after(seen, interval, next), expected, "{seen:?} {next}");
    }
}

fn answer(script: &mut Script, at: u64, command: &Command, status: ErrorCode) {
    let event = Event::CommandComplete { opcode: command.opcode(), status, returned: Return::None };
    script.record(P, Instant::from_us(at), RecordKind::Note(Note::HciEvent(event)));
}

/// LL-ADV-8: two commands are under way at once; the first, the second, or both are refused.
#[test]
fn a_refused_command_takes_no_other_with_it() {
    let refused = ErrorCode::INVALID_PARAMETERS;
    let off = Command::LeSetAdvertisingEnable { enable: false };
    for (statuses, advertises) in [
        ([ErrorCode::SUCCESS, ErrorCode::SUCCESS], false),
        ([refused, ErrorCode::SUCCESS], false),
        ([ErrorCode::SUCCESS, refused], true),
        ([refused, refused], true),
    ] {
        let mut script = asked(true);
        for record in script.records.clone() {
            if let RecordKind::Note(Note::HciCommand(command)) = &record.kind {
                answer(&mut script, 1_000, command, ErrorCode::SUCCESS);
            }
        }
        let address = Command::LeSetRandomAddress { address: own().octets };
        for command in [&address, &off] {
            let note = Note::HciCommand(command.clone());
            script.record(P, Instant::from_us(2_000), RecordKind::Note(note));
        }
        for (command, status) in [&address, &off].into_iter().zip(statuses) {
            answer(&mut script, 3_000, command, status);
        }
        adv(&mut script, 22_000, 37);
        let expected = if advertises { BTreeSet::new() } else { BTreeSet::from(["LL-ADV-8"]) };
        assert_eq!(ids(&script.findings()), expected, "{statuses:?}");
    }
}

/// LL-ADV-2: advertising that is enabled again goes on; one that was off begins.
#[test]
fn enabling_again_does_not_start_the_interval_anew() {
    let event = |between: &[bool]| {
        let mut script = asked(true);
        for enable in between {
            let command = Command::LeSetAdvertisingEnable { enable: *enable };
            let note = RecordKind::Note(Note::HciCommand(command.clone()));
            script.record(P, Instant::from_us(2_000), note);
            answer(&mut script, 2_000, &command, ErrorCode::SUCCESS);
        }
        adv(&mut script, 1_000 + 15_000, 37);
        ids(&script.findings())
    };
    assert_eq!(event(&[]), BTreeSet::from(["LL-ADV-2"]));
    assert_eq!(event(&[true]), BTreeSet::from(["LL-ADV-2"]));
    assert_eq!(event(&[false, true]), BTreeSet::new());
    // Directed advertising that has timed out is over.
    let mut script = asked(true);
    let complete = not_made(ErrorCode::ADVERTISING_TIMEOUT);
    script.hci(P, Event::LeConnectionComplete(complete));
    let on = Command::LeSetAdvertisingEnable { enable: true };
    script.record(P, Instant::from_us(2_000), RecordKind::Note(Note::HciCommand(on)));
    adv(&mut script, 1_000 + 15_000, 37);
    assert_eq!(ids(&script.findings()), BTreeSet::new());
}

#[test]
fn a_rule_that_is_broken_repeatedly_is_reported_a_few_times() {
    let list: Vec<_> = (0..30).map(|n| (n * 15_000, 37)).collect();
    assert_eq!(advertise(&list).findings().len(), FINDINGS_MAX);
}

/// LL-END-1: permitted reasons.
#[test]
fn no_reason_is_good_without_its_cause() {
    for reason in [0x08, 0x16, 0x1E, 0x22, 0x23, 0x28, 0x2A, 0x3B, 0x3D, 0x3E] {
        for role in [C, P] {
            let script = Script::new().events(5).end(role, ErrorCode(reason));
            assert_eq!(ids(&script.findings()), BTreeSet::from(["LL-END-1"]), "{reason:02X}");
        }
    }
}
