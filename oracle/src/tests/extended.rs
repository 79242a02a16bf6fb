//! Extended advertising, written down by hand.

use ble::pdu::extended::{Adi, AdvMode, AuxPtr, ExtendedData, ExtendedPdu};
use ble::phy::Phy;

use super::*;

const ADVERTISER: Address = Address::static_random([2; 6]);
const SCANNER: Address = Address::public([1; 6]);
const ADI: Adi = Adi { did: 5, sid: 1 };
const CHANNEL: u8 = 9;

fn send(script: &mut Script, by: Role, us: u64, channel: u8, pdu: AirPdu) -> u64 {
    let end = script.on_air(by, us, channel, ADVERTISING_ACCESS_ADDRESS, pdu, Some(Reception::Ok));
    end.as_us()
}

fn aux(mode: AdvMode, data: &[u8]) -> ExtendedPdu {
    ExtendedPdu {
        mode,
        advertiser: Some(ADVERTISER),
        adi: Some(ADI),
        data: ExtendedData::from_slice(data).unwrap(),
        ..ExtendedPdu::default()
    }
}

/// ADV_EXT_IND at 0, and AUX_ADV_IND at 600 µs (`late` µs later); gives the end of that.
fn event(script: &mut Script, us: u64, late: u64, aux: &ExtendedPdu) -> u64 {
    let pointer = AuxPtr::to(CHANNEL, true, Phy::Le1M, Duration::from_us(600));
    let first =
        ExtendedPdu { mode: aux.mode, adi: aux.adi, aux: pointer, ..ExtendedPdu::default() };
    send(script, P, us, 37, first.encode().unwrap());
    send(script, P, us + 600 + late, CHANNEL, aux.encode().unwrap())
}

fn nothing() -> Script {
    let mut script = Script::new();
    script.records.clear();
    script
}

/// A scan request `gap` µs after AUX_ADV_IND, and its answer 150 µs later.
fn scanned(gap: u64, answer: &ExtendedPdu) -> Script {
    let mut script = nothing();
    let end = event(&mut script, 1_000, 0, &aux(AdvMode::Scannable, &[]));
    let request = AdvertisingPdu::ScanReq { scanner: SCANNER, advertiser: ADVERTISER };
    let end = send(&mut script, C, end + gap, CHANNEL, request.encode());
    send(&mut script, P, end + 150, CHANNEL, answer.encode().unwrap());
    script
}

fn twice(first: &[u8], second: &[u8]) -> Script {
    let mut script = nothing();
    event(&mut script, 1_000, 0, &aux(AdvMode::None, first));
    event(&mut script, 101_000, 0, &aux(AdvMode::None, second));
    script
}

pub(super) fn advertising() -> Vec<(&'static str, Role, Script)> {
    let mut fields = nothing();
    event(&mut fields, 1_000, 0, &aux(AdvMode::Scannable, &[1]));
    let mut late = nothing();
    event(&mut late, 1_000, 80, &aux(AdvMode::None, &[]));
    let mut unnamed = nothing();
    send(&mut unnamed, P, 1_000, CHANNEL, aux(AdvMode::None, &[]).encode().unwrap());
    let other = ExtendedPdu { advertiser: Some(SCANNER), ..aux(AdvMode::None, &[1]) };
    vec![
        ("LL-EXT-1", P, fields),
        ("LL-EXT-2", P, late),
        ("LL-EXT-2", P, unnamed),
        ("LL-EXT-3", C, scanned(140, &aux(AdvMode::None, &[1]))),
        ("LL-EXT-3", P, scanned(150, &other)),
        ("LL-EXT-5", P, twice(&[1], &[2])),
    ]
}

#[test]
fn good_extended_advertising_breaks_nothing() {
    assert_eq!(scanned(150, &aux(AdvMode::None, &[1; 200])).findings(), Vec::new());
    assert_eq!(twice(&[1], &[1]).findings(), Vec::new());
}

/// The CONNECT_IND of the other scripts, for AUX_CONNECT_REQ.
fn request() -> AdvertisingPdu {
    let script = Script::new();
    let mut pdus = script.records.iter().filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) => AdvertisingPdu::parse(&tx.pdu),
        _ => None,
    });
    pdus.next_back().expect("a CONNECT_IND")
}

/// A connection whose first anchor is `us` after the end of AUX_CONNECT_REQ, perhaps answered.
fn connected(us: u64, answered: bool) -> Script {
    let mut script = nothing();
    let end = event(&mut script, 1_000, 0, &aux(AdvMode::Connectable, &[]));
    let end = send(&mut script, C, end + 150, CHANNEL, request().encode());
    if answered {
        let (advertiser, target) = (Some(ADVERTISER), Some(SCANNER));
        let answer = ExtendedPdu { connect_rsp: true, advertiser, target, ..Default::default() };
        send(&mut script, P, end + 150, CHANNEL, answer.encode().unwrap());
    }
    script.anchor = end + us;
    let mut script = script.events(3);
    let packets = script.records.iter_mut().filter_map(|record| match &mut record.kind {
        RecordKind::AirTx(tx) if tx.access_address == ACCESS_ADDRESS => Some(tx),
        _ => None,
    });
    // Two packets an event; always by the second algorithm.
    for (number, tx) in packets.enumerate() {
        let event = (number / 2) as u16;
        tx.channel = channel::algorithm_2(ACCESS_ADDRESS, event, CHANNEL_MAP_ALL).unwrap();
    }
    script
}

/// LL-WIN-1, LL-CHAN-1: transmitWindowDelay is 2.5 ms on LE 1M.
#[test]
fn a_connection_by_extended_advertising_begins_later() {
    for (us, good) in [(2_500, true), (2_460, false), (3_750, true), (3_790, false)] {
        let found: Vec<_> = connected(us, true).findings().iter().map(|found| found.rule).collect();
        let wanted: &[&str] = if good { &[] } else { &["LL-WIN-1"] };
        assert_eq!(found, wanted, "{us} µs");
    }
    let hops = connected(2_500, true).edit(0, |tx| tx.channel = (tx.channel + 1) % 37);
    assert_eq!(hops.named(), BTreeSet::from([("LL-CHAN-1", P)]));
}

/// Without AUX_CONNECT_RSP there is no connection that could be judged.
#[test]
fn an_aux_connect_req_without_an_answer_makes_no_connection() {
    assert_eq!(connected(9_000, false).named(), BTreeSet::new());
}
