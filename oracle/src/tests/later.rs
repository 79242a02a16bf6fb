//! Latency, announced changes, open PHY updates, authenticated payloads, events to hosts,
//! obligations to disconnect, and advertising.

use ble::hci::{AdvertisingParameters, AdvertisingType, Command, FilterPolicy};
use ble::pdu::control::{ConnectionUpdate, DataLength, FeatureSet, Opcode};
use ble::phy::{Phy, PhySet};

use super::broken::{ENC_REQ, ENC_RSP, LENGTH, encrypted, ids, set};
use super::*;

const BOTH: PhySet = PhySet(3);
const PHY_REQ: ControlPdu = ControlPdu::PhyReq { tx: BOTH, rx: BOTH };
const GONE: ErrorCode = ErrorCode::REMOTE_USER_TERMINATED;

/// Broken only by a device whose peer has violated a rule.
pub(super) const PROVOKED: [&str; 4] = ["LL-ENC-6", "LL-INST-2", "LL-MIC-2", "LL-TIME-1"];

const UPDATE: ConnectionUpdate = ConnectionUpdate {
    win_size: 1,
    win_offset: 0,
    interval: 16,
    latency: 0,
    timeout: 100,
    instant: 9,
};

fn map(instant: u16) -> ControlPdu {
    ControlPdu::ChannelMapInd { channel_map: CHANNEL_MAP_ALL, instant }
}

/// The peripheral does not listen to this many events.
fn sleep(mut script: Script, events: u64) -> Script {
    script.asleep = true;
    for _ in 0..events {
        script.packet(C, 0, None);
        script.next();
    }
    script.asleep = false;
    script
}

fn patient() -> Script {
    Script::with(|request| request.latency = 3)
}

/// Ends up inside the event of a PDU that has just been taken.
fn announced(mut script: Script, pdu: ControlPdu) -> Script {
    script.queue[0].push_back((Llid::Control, pdu.encode().to_vec()));
    script.events(1)
}

/// To 2M by the central, with little time to send.
fn fast() -> Script {
    let short = DataLength { max_rx_time: 500, ..LENGTH };
    let mut script =
        Script::new().say(C, ControlPdu::LengthReq(short)).say(P, ControlPdu::LengthRsp(LENGTH));
    script = script.say(P, PHY_REQ);
    let (set, instant) = (PhySet::LE_2M, script.event as u16 + 8);
    script =
        script.say(C, ControlPdu::PhyUpdateInd { c_to_p: set, p_to_c: set, instant }).events(6);
    script.phys = [TxPhy::Le2M; 2];
    script.events(2)
}

fn secure() -> Script {
    secure_from(Script::new(), 0x11)
}

/// With encryption running by a key of these octets, and the central's features on air.
pub(super) fn secure_from(script: Script, octet: u8) -> Script {
    let script = keyed(script, octet);
    script.say(C, ControlPdu::StartEncRsp).say(P, ControlPdu::StartEncRsp)
}

/// Up to LL_START_ENC_REQ; what follows is encrypted.
pub(super) fn keyed(script: Script, octet: u8) -> Script {
    let features = ControlPdu::FeatureReq(FeatureSet(0xFFFF));
    let script = script.say(C, features).say(P, ControlPdu::FeatureRsp(FeatureSet(0xFFFF)));
    let mut script = encrypted_from(script, octet);
    let (ControlPdu::EncReq(request), ControlPdu::EncRsp(response)) = (ENC_REQ, ENC_RSP) else {
        unreachable!("as named")
    };
    let ltk = ble::secret::Secret::new([octet; 16]);
    let key = session_key(&ltk, request.skd_c, response.skd_p);
    script.ciphers = [Direction::CentralToPeripheral, Direction::PeripheralToCentral]
        .map(|way| Some(Cipher::new(key.clone(), request.iv_c, response.iv_p, way)));
    script
}

fn encrypted_from(mut script: Script, octet: u8) -> Script {
    let ltk = ble::secret::Secret::new([octet; 16]);
    let command = Command::LeEnableEncryption { handle: Handle(0), rand: 0, ediv: 0, ltk };
    let at = Instant::from_us(script.anchor);
    script.record(C, at, RecordKind::Note(Note::HciCommand(command)));
    script.say(C, ENC_REQ).say(P, ENC_RSP).say(P, ControlPdu::StartEncReq)
}

/// An event that lasts into the next anchor, with MD set up to the last but one packet.
fn long_event() -> Script {
    let all =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 251, max_tx_time: 2120 };
    let mut script =
        Script::new().say(C, ControlPdu::LengthReq(all)).say(P, ControlPdu::LengthRsp(all));
    for octets in [251, 251, 70] {
        for queue in &mut script.queue {
            queue.push_back((Llid::Start, vec![1; octets]));
        }
    }
    let mut at = 0;
    for _ in 0..3 {
        at = script.packet(C, at, Some(Reception::Ok));
        at = script.packet(P, at + 150, Some(Reception::Ok)) + 150;
    }
    for back in 1..6 {
        script = script.edit(back, |tx| set(tx, DataHeader::MD));
    }
    script.next();
    script.events(2)
}

pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    vec![
        ("LL-LAT-1", P, sleep(Script::new().events(3), 1).events(2)),
        ("LL-LAT-1", P, sleep(patient().events(3), 4).events(2)),
        ("LL-LAT-3", P, sleep(patient().events(1), 1).events(2)),
        ("LL-LAT-2", P, sleep(announced(patient().events(3), map(40)), 1).events(2)),
        ("LL-INST-4", C, patient().events(3).say(C, map(20))),
        ("LL-UPD-1", C, Script::new().say(C, ControlPdu::ConnectionUpdateInd(UPDATE)).events(12)),
        ("LL-CTRL-4", C, {
            Script::new().say(C, ControlPdu::ChannelMapInd { channel_map: 1, instant: 30 })
        }),
        ("LL-EVENT-4", C, long_event()),
        ("LL-PHY-7", P, {
            let slow = ControlPdu::PhyReq { tx: PhySet::LE_1M, rx: BOTH };
            fast().say(P, slow).raw(P, Llid::Start, &[1; 100])
        }),
        ("LL-LEN-1", C, shrunk().raw(C, Llid::Start, &[1; 60])),
        ("LL-PING-2", C, secure().events(3_100)),
        ("LL-AGREE-2", P, {
            let mut script = Script::new().events(3);
            let (status, tx, rx) = (ErrorCode::SUCCESS, Phy::Le2M, Phy::Le2M);
            script.hci(P, Event::LePhyUpdateComplete { handle: Handle(0), status, tx, rx });
            script.events(3)
        }),
        ("LL-TERM-2", P, {
            let mut script = Script::new().events(3);
            let goodbye = ControlPdu::TerminateInd(GONE).encode();
            script.queue[0].push_back((Llid::Control, goodbye.to_vec()));
            script.packet(C, 0, Some(Reception::Ok));
            script.end(P, GONE)
        }),
        ("LL-CTRL-2", P, Script::new().raw(C, Llid::Control, &[0x7F, 1]).events(4_200)),
    ]
}

/// The central may send 100 octets and then 40, with nothing in its queue in between.
fn shrunk() -> Script {
    let less = DataLength { max_rx_octets: 40, ..LENGTH };
    Script::new()
        .say(C, ControlPdu::LengthReq(LENGTH))
        .say(P, ControlPdu::LengthRsp(LENGTH))
        .raw(C, Llid::Start, &[1; 60])
        .say(P, ControlPdu::LengthReq(less))
        .say(C, ControlPdu::LengthRsp(LENGTH))
        .events(3)
}

#[test]
fn what_latency_allows_may_be_left_out() {
    let asleep = sleep(patient().events(3), 3).events(2);
    assert_eq!(asleep.findings(), Vec::new());
    // Once the acknowledgement is known to have arrived, latency applies again.
    let confirmed = sleep(patient().events(3).say(C, map(40)).events(1), 3).events(2);
    assert_eq!(confirmed.findings(), Vec::new());
}

#[test]
fn what_comes_after_the_end_of_the_record_is_not_known() {
    let cut = sleep(Script::new().events(3), 1);
    assert_eq!(cut.findings(), Vec::new());
}

#[test]
fn the_instant_of_new_parameters_is_listened_to_whatever_latency_allows() {
    let update = ConnectionUpdate { instant: 40, interval: 8, latency: 3, ..UPDATE };
    let around = |events: u64| {
        let script = patient().events(3).say(C, ControlPdu::ConnectionUpdateInd(update));
        let before = 39 - script.event;
        let script = sleep(script.events(before + events), 1);
        ids(&script.events(3).findings())
    };
    assert_eq!(around(0), BTreeSet::from(["LL-LAT-2"]));
    assert_eq!(around(2), BTreeSet::new());
}

#[test]
fn a_link_that_must_end_ends() {
    let wrong = |events| encrypted().raw(C, Llid::Start, &[9; 12]).events(events).findings();
    let by = |findings: &[Finding], role: Role| {
        let theirs = findings.iter().filter(|f| f.culprit == NodeId(role as u16));
        theirs.map(|f| f.rule).collect::<BTreeSet<_>>()
    };
    assert_eq!(by(&wrong(0), P), BTreeSet::new());
    assert_eq!(by(&wrong(9), P), BTreeSet::from(["LL-MIC-2"]));
    let early = Script::new().say(C, ENC_REQ).raw(C, Llid::Start, &[1, 0, 9, 0, 9]).events(9);
    assert_eq!(by(&early.findings(), P), BTreeSet::from(["LL-ENC-6"]));
    let update = ConnectionUpdate { instant: 1, ..UPDATE };
    let past = Script::new().events(3).say(C, ControlPdu::ConnectionUpdateInd(update)).events(9);
    assert!(by(&past.findings(), P).contains("LL-INST-2"));
}

#[test]
fn who_waits_beyond_the_response_timeout_is_named_beside_who_keeps_it_waiting() {
    let found = Script::new().say(P, PHY_REQ).events(4_200).findings();
    let rules: Vec<_> = found.iter().map(|f| (f.rule, f.culprit.0)).collect();
    assert_eq!(rules, [("LL-LIVE-1", C as u16), ("LL-TIME-1", P as u16)]);
}

#[test]
fn what_is_not_understood_is_answered_as_unknown() {
    let answer = |pdu| Script::new().raw(C, Llid::Control, &[0x7F, 1]).say(P, pdu).findings();
    assert_eq!(answer(ControlPdu::UnknownRsp(Opcode(0x7F))), Vec::new());
    let opcode = Opcode(0x7F);
    let error = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
    let found = answer(ControlPdu::RejectExtInd { opcode, error });
    assert_eq!(ids(&found), BTreeSet::from(["LL-CTRL-2"]));
}

#[test]
fn pings_and_reported_timeouts_keep_an_encrypted_link_in_order() {
    let pinged = secure().events(2_900).say(C, ControlPdu::PingReq).say(P, ControlPdu::PingRsp);
    assert_eq!(pinged.events(2_900).findings(), Vec::new());
    let mut found = secure().events(2_990);
    found.hci(C, Event::AuthenticatedPayloadTimeoutExpired { handle: Handle(0) });
    assert_eq!(found.events(2_900).findings(), Vec::new());
}

#[test]
fn a_longer_pdu_may_still_be_in_the_queue_when_the_limit_falls() {
    let mut script = shrunk();
    script.queue[0].push_back((Llid::Start, vec![1; 40]));
    assert_eq!(script.events(2).findings(), Vec::new());
}

pub(super) fn adv(script: &mut Script, us: u64, channel: u8) {
    let advertiser = Address::static_random([2; 6]);
    let pdu = AdvertisingPdu::AdvInd { advertiser, data: Default::default(), ch_sel: false };
    script.on_air(P, us, channel, ADVERTISING_ACCESS_ADDRESS, pdu.encode(), None);
}

/// PDUs of an advertiser at these times, in µs, on these channels.
pub(super) fn advertise(list: &[(u64, u8)]) -> Script {
    let mut script = Script::new();
    script.records.clear();
    if !list.is_empty() {
        let enabled = Command::LeSetAdvertisingEnable { enable: true };
        script.record(P, Instant::ZERO, RecordKind::Note(Note::HciCommand(enabled)));
    }
    for (us, channel) in list {
        adv(&mut script, *us, *channel);
    }
    script
}

pub(super) fn asked(own_address_random: bool) -> Script {
    let mut script = advertise(&[]);
    let parameters = AdvertisingParameters {
        interval_min: 0x20,
        interval_max: 0x20,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random,
        peer: Address::public([0; 6]),
        channel_map: 7,
        filter: FilterPolicy::Any,
    };
    for command in [
        Command::LeSetRandomAddress { address: Address::static_random([2; 6]).octets },
        Command::LeSetAdvertisingParameters { parameters },
        Command::LeSetAdvertisingEnable { enable: true },
    ] {
        script.record(P, Instant::ZERO, RecordKind::Note(Note::HciCommand(command)));
    }
    adv(&mut script, 1_000, 37);
    script
}

pub(super) fn advertising() -> Vec<(&'static str, Role, Script)> {
    let mut slow = asked(true);
    adv(&mut slow, 1_000 + 31_000, 37);
    let mut late = Script::new();
    late.records.truncate(3);
    let request = &mut late.records[2];
    request.at += Duration::from_us(5);
    vec![
        ("LL-ADV-1", P, advertise(&[(0, 37), (1_000, 39), (2_000, 39)])),
        ("LL-ADV-2", P, advertise(&[(0, 37), (1_000, 38), (15_000, 37)])),
        ("LL-ADV-2", P, slow),
        ("LL-ADV-6", P, advertising::answers_a_listed_scanner(|_| ())),
        ("LL-ADV-7", C, late),
        ("LL-ADV-8", P, asked(false)),
        ("LL-ADV-6", C, privacy::seeks_who_ought_to_hide()),
        ("LL-ADV-6", P, privacy::accepted(privacy::Met::Hider)),
        ("LL-PRIV-1", P, privacy::calls(true, true)),
        ("LL-PRIV-2", P, privacy::accepted(privacy::Met::Stranger)),
        ("LL-PRIV-3", C, privacy::initiates(false, None)),
        ("LL-PRIV-4", C, privacy::initiates(true, Some(Address::public([3; 6])))),
    ]
}

#[test]
fn good_advertising_breaks_nothing() {
    let mut script = asked(true);
    for event in 1..20 {
        for (channel, us) in (37..=39).zip([0, 1_000, 2_000]) {
            adv(&mut script, 1_000 + event * 29_000 + us, channel);
        }
    }
    assert_eq!(script.findings(), Vec::new());
}
