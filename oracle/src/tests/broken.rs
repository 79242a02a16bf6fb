//! For each rule a record that breaks it and no other.

use ble::pdu::control::{
    ConnectionUpdate, DataLength, EncReq, EncRsp, FeatureSet, Opcode, VersionInd,
};
use ble::phy::{Phy, PhySet};

use bletwin_rules::judged;

use super::*;

const BOTH: PhySet = PhySet(3);
const PHY_REQ: ControlPdu = ControlPdu::PhyReq { tx: BOTH, rx: BOTH };
pub(super) const LENGTH: DataLength =
    DataLength { max_rx_octets: 100, max_rx_time: 2120, max_tx_octets: 100, max_tx_time: 1000 };
const VERSION: ControlPdu =
    ControlPdu::VersionInd(VersionInd { version: 12, company: 0, subversion: 0 });
pub(super) const ENC_REQ: ControlPdu =
    ControlPdu::EncReq(EncReq { rand: 0, ediv: 0, skd_c: [1; 8], iv_c: [2; 4] });
pub(super) const ENC_RSP: ControlPdu = ControlPdu::EncRsp(EncRsp { skd_p: [3; 8], iv_p: [4; 4] });
const COLLISION: ErrorCode = ErrorCode::DIFFERENT_TRANSACTION_COLLISION;

fn map(instant: u16) -> ControlPdu {
    ControlPdu::ChannelMapInd { channel_map: CHANNEL_MAP_ALL, instant }
}

/// To 2M in both directions.
fn update(instant: u16) -> ControlPdu {
    let set = PhySet::LE_2M;
    ControlPdu::PhyUpdateInd { c_to_p: set, p_to_c: set, instant }
}

fn features(bits: FeatureSet) -> Script {
    Script::new().say(C, ControlPdu::FeatureReq(bits)).say(P, ControlPdu::FeatureRsp(bits))
}

pub(super) fn encrypted() -> Script {
    let ltk = ble::secret::Secret::new([0x11; 16]);
    let mut script = Script::new();
    let command =
        ble::hci::Command::LeEnableEncryption { handle: Handle(0), rand: 0, ediv: 0, ltk };
    let at = Instant::from_us(2_000);
    script.record(C, at, RecordKind::Note(Note::HciCommand(command)));
    script.say(C, ENC_REQ).say(P, ENC_RSP).say(P, ControlPdu::StartEncReq)
}

pub(super) fn ids(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|finding| finding.rule).collect()
}

fn frames() -> Vec<(&'static str, Role, Script)> {
    let corrupt = |script: &mut Script| {
        let end = script.packet(C, 0, Some(Reception::CrcError));
        script.packet(P, end + 150, Some(Reception::Ok));
        script.next();
    };
    let mut differs = Script::new().events(3);
    differs.queue[0].push_back((Llid::Start, vec![1; 5]));
    corrupt(&mut differs);
    differs.flight[0] = Some((Llid::Start, vec![2; 5]));
    let mut acknowledges = Script::new().events(3);
    corrupt(&mut acknowledges);
    vec![
        ("LL-CONN-1", C, Script::with(|request| request.latency = 500).events(3)),
        ("LL-CRC-1", P, Script::new().events(3).edit(0, |tx| tx.crc_init ^= 1)),
        (
            "LL-FRAME-1",
            P,
            Script::new().events(3).edit(0, |tx| {
                tx.pdu = AirPdu::from_octets(&[tx.pdu.header(), 5]).unwrap();
            }),
        ),
        ("LL-FRAME-2", C, Script::new().events(3).edit(1, |tx| set(tx, 0x80))),
        ("LL-FRAME-3", C, Script::new().events(3).edit(1, |tx| set(tx, 0x03))),
        (
            "LL-CTRL-1",
            C,
            Script::new()
                .raw(C, Llid::Control, &[Opcode::PING_REQ.0, 0])
                .say(P, ControlPdu::UnknownRsp(Opcode::PING_REQ)),
        ),
        ("LL-SN-1", P, Script::new().events(3).edit(0, |tx| set(tx, DataHeader::SN))),
        ("LL-NESN-1", P, acknowledges.edit(0, |tx| set(tx, DataHeader::NESN))),
        ("LL-RETX-1", C, differs.events(1)),
    ]
}

/// Flips bits of header octet 0.
pub(super) fn set(tx: &mut AirTx, bits: u8) {
    let header = tx.pdu.header() ^ bits;
    tx.pdu.set_header(header);
}

fn timing() -> Vec<(&'static str, Role, Script)> {
    let mut longer = Script::new().events(3);
    let end = longer.packet(C, 0, Some(Reception::Ok));
    let end = longer.packet(P, end + 150, Some(Reception::Ok));
    longer.packet(C, end + 150, Some(Reception::Ok));
    let mut unasked = Script::new().events(3);
    let end = unasked.packet(C, 0, None);
    unasked.packet(P, end + 150, Some(Reception::Ok));
    let mut ignored = Script::new().events(3);
    ignored.packet(C, 0, Some(Reception::Ok));
    ignored.next();
    let mut jumps = Script::new().events(3);
    jumps.anchor += 200;
    let mut late = Script::new();
    late.anchor = 5_000;
    vec![
        ("LL-EVENT-1", C, longer),
        ("LL-TIFS-1", P, Script::new().events(3).shift_last(Duration::from_us(3))),
        ("LL-TIFS-2", P, unasked),
        ("LL-TIFS-3", P, ignored.events(1)),
        ("LL-ANCHOR-1", C, jumps.events(1)),
        ("LL-WIN-1", C, late.events(3)),
        ("LL-CHAN-1", C, Script::new().events(3).edit(1, |tx| tx.channel = 0)),
        ("LL-PHY-1", P, {
            let mut script = Script::new().say(P, PHY_REQ).say(C, update(10)).events(6);
            script.phys[0] = TxPhy::Le2M;
            script.events(1)
        }),
    ]
}

fn limits() -> Vec<(&'static str, Role, Script)> {
    let lengths = || {
        Script::new().say(C, ControlPdu::LengthReq(LENGTH)).say(P, ControlPdu::LengthRsp(LENGTH))
    };
    let wrong = DataLength { max_rx_octets: 26, ..LENGTH };
    vec![
        ("LL-LEN-1", C, Script::new().raw(C, Llid::Start, &[1; 28])),
        // 100 octets are allowed, but not the 800 µs that 90 take.
        (
            "LL-LEN-2",
            P,
            Script::new()
                .say(C, ControlPdu::LengthReq(DataLength { max_rx_time: 500, ..LENGTH }))
                .say(P, ControlPdu::LengthRsp(LENGTH))
                .raw(P, Llid::Start, &[1; 90]),
        ),
        ("LL-LEN-3", C, {
            Script::new().say(C, ControlPdu::LengthReq(wrong)).say(P, ControlPdu::LengthRsp(LENGTH))
        }),
        ("LL-MIC-1", C, encrypted().raw(C, Llid::Start, &[9; 12])),
        ("LL-ENC-1", P, {
            Script::new().say(C, ENC_REQ).say(P, ENC_RSP).raw(P, Llid::Start, &[1, 0, 9, 0, 9])
        }),
        ("LL-ENC-2", C, encrypted().say(C, ControlPdu::StartEncRsp)),
        ("LL-ENC-3", C, {
            let no = ControlPdu::RejectInd(ErrorCode::LMP_PDU_NOT_ALLOWED);
            later::secure_from(Script::new(), 0x11).say(C, ENC_REQ).say(P, no)
        }),
        ("LL-ENC-5", P, {
            let unknown = ControlPdu::UnknownRsp(Opcode::LENGTH_REQ);
            let script = Script::new().say(P, ControlPdu::LengthReq(LENGTH)).say(C, ENC_REQ);
            script.say(P, ENC_RSP).say(C, unknown).end(P, ErrorCode::MIC_FAILURE)
        }),
        ("LL-ENC-9", P, {
            let no_key = ControlPdu::RejectInd(ErrorCode::PIN_OR_KEY_MISSING);
            violations::paused().say(C, ENC_REQ).say(P, ENC_RSP).say(P, no_key)
        }),
        ("LL-PHY-3", C, {
            let slow = ControlPdu::PhyReq { tx: PhySet::LE_1M, rx: BOTH };
            Script::new().say(P, slow).say(C, update(40))
        }),
        ("LL-PHY-4", C, {
            let fast = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_2M };
            let one = ControlPdu::PhyUpdateInd {
                c_to_p: PhySet::LE_2M,
                p_to_c: PhySet::NONE,
                instant: 40,
            };
            Script::new().say(P, fast).say(C, one)
        }),
        ("LL-ENC-11", C, {
            let unknown = ControlPdu::UnknownRsp(Opcode::PAUSE_ENC_REQ);
            Script::new().say(C, ControlPdu::PauseEncReq).say(P, unknown)
        }),
        ("LL-AGREE-1", P, {
            let mut script = lengths();
            let (tx_octets, rx_octets) = (100, 100);
            script.hci(
                C,
                Event::LeDataLengthChange {
                    handle: Handle(0),
                    tx_octets,
                    tx_time: 1000,
                    rx_octets,
                    rx_time: 1000,
                },
            );
            script.events(150)
        }),
    ]
}

fn procedures() -> Vec<(&'static str, Role, Script)> {
    let all = FeatureSet(0xFFFF);
    let extended = ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, error: COLLISION };
    vec![
        ("LL-ROLE-1", P, Script::new().say(P, map(20))),
        ("LL-RSP-1", P, Script::new().say(P, ControlPdu::PingRsp)),
        ("LL-VERS-1", C, Script::new().say(C, VERSION).say(P, VERSION).say(C, VERSION)),
        ("LL-FEAT-1", P, {
            Script::new()
                .say(C, ControlPdu::FeatureReq(FeatureSet(1)))
                .say(P, ControlPdu::FeatureRsp(FeatureSet(3)))
        }),
        ("LL-FEAT-2", P, {
            features(all).say(C, PHY_REQ).say(P, ControlPdu::UnknownRsp(Opcode::PHY_REQ))
        }),
        ("LL-FEAT-3", P, {
            features(FeatureSet(1)).say(P, PHY_REQ).say(C, ControlPdu::UnknownRsp(Opcode::PHY_REQ))
        }),
        ("LL-REJ-1", C, { features(all).say(P, PHY_REQ).say(C, ControlPdu::RejectInd(COLLISION)) }),
        ("LL-PROC-1", P, {
            let both = Script::new().say(P, PHY_REQ).say(P, ControlPdu::PingReq);
            both.say(C, ControlPdu::PingRsp).say(C, extended)
        }),
        ("LL-COLL-1", C, Script::new().say(P, PHY_REQ).say(C, update(30)).say(C, map(40))),
        ("LL-COLL-2", C, Script::new().say(C, map(30)).say(P, PHY_REQ).say(C, update(40))),
        ("LL-COLL-2", C, Script::new().say(P, PHY_REQ).say(C, PHY_REQ).say(C, update(30))),
        ("LL-COLL-3", P, Script::new().say(C, PHY_REQ).say(P, extended)),
        ("LL-INST-1", C, Script::new().events(3).say(C, map(8))),
    ]
}

fn endings() -> Vec<(&'static str, Role, Script)> {
    let timeout = ErrorCode::CONNECTION_TIMEOUT;
    vec![
        ("LL-LIVE-1", C, {
            let waits = Script::new().say(P, PHY_REQ).events(4_000);
            let mut script = waits.end(P, ErrorCode::LL_RESPONSE_TIMEOUT);
            for _ in 0..200 {
                script.packet(C, 0, None);
                script.next();
            }
            script
        }),
        ("LL-LIVE-2", C, {
            let mut script = Script::new().say(P, PHY_REQ).events(200);
            // No later packet of the central arrives.
            for _ in 0..101 {
                script.packet(C, 0, None);
                script.next();
            }
            script.end(P, timeout)
        }),
        ("LL-LIVE-3", C, Script::new().events(5).silence(1_010_000)),
        ("LL-END-1", P, Script::new().events(5).end(P, timeout)),
    ]
}

/// For each rule that can be broken alone: the role that breaks it, and a script.
pub(super) fn all() -> Vec<(&'static str, Role, Script)> {
    let reactions = reactions::broken();
    let (later, air) = (later::broken(), later::advertising());
    let groups = [frames(), timing(), limits(), procedures(), endings(), reactions, later, air];
    let hosts = [pairing::broken(), attributes::broken(), commitments::broken(), gap::broken()];
    let all = groups.into_iter().chain(hosts).flatten();
    all.chain(extended::advertising()).collect()
}

#[test]
fn each_rule_is_broken_alone() {
    let all = all();
    let mut wrong = Vec::new();
    for (rule, culprit, script) in &all {
        let found = examine(&script.records);
        let node = NodeId(*culprit as u16);
        let recommended = Rule::find(rule).is_some_and(|rule| rule.force == Force::Should);
        let (these, others) = match recommended {
            true => (&found.observations, &found.findings),
            false => (&found.findings, &found.observations),
        };
        let theirs = these.iter().all(|finding| finding.culprit == node);
        if ids(these) != BTreeSet::from([*rule]) || !theirs || !others.is_empty() {
            wrong.push((rule, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let alone = all.iter().map(|(rule, ..)| *rule);
    let broken: BTreeSet<_> = alone.chain(reactions::PROVOKED).chain(later::PROVOKED).collect();
    let rules: BTreeSet<_> = judged().map(|rule| rule.id).collect();
    assert_eq!(broken, rules);
    assert_eq!(rules.len(), judged().count(), "an id twice");
}

/// A connection with all that is usual.
pub(super) fn good() -> Script {
    let all = FeatureSet(0xFFFF);
    let mut script = features(all)
        .say(P, VERSION)
        .say(C, VERSION)
        .say(C, ControlPdu::LengthReq(LENGTH))
        .say(P, ControlPdu::LengthRsp(LENGTH))
        .raw(P, Llid::Start, &[1; 100])
        .say(P, PHY_REQ);
    let instant = script.event as u16 + 8;
    script = script.say(C, update(instant)).events(6);
    script.phys = [TxPhy::Le2M; 2];
    for role in [C, P] {
        let status = ErrorCode::SUCCESS;
        let (tx, rx) = (Phy::Le2M, Phy::Le2M);
        script.hci(role, Event::LePhyUpdateComplete { handle: Handle(0), status, tx, rx });
    }
    script = script.events(120);
    let terminate = ControlPdu::TerminateInd(ErrorCode::REMOTE_USER_TERMINATED);
    script = script.say(C, terminate).end(P, ErrorCode::REMOTE_USER_TERMINATED);
    script.end(C, ErrorCode::LOCAL_HOST_TERMINATED)
}

#[test]
fn a_good_record_breaks_nothing() {
    assert_eq!(good().findings(), Vec::new());
}

/// LL-CTRL-2 before LL-FEAT-2: what only peripherals send a peripheral does not know.
#[test]
fn who_does_not_know_what_is_not_for_its_role_has_the_feature_all_the_same() {
    let channels = ControlPdu::MinUsedChannelsInd { phys: BOTH, min_used_channels: 20 };
    let unknown = ControlPdu::UnknownRsp(Opcode::MIN_USED_CHANNELS_IND);
    for (asks, found) in [(C, ["LL-ROLE-1"].as_slice()), (P, &["LL-FEAT-2"])] {
        let script = features(FeatureSet(u64::MAX)).say(asks, channels);
        let script = script.say(if asks == C { P } else { C }, unknown);
        let findings = ids(&script.findings());
        assert_eq!(findings.into_iter().collect::<Vec<_>>(), found);
    }
}

/// The parameters change at the instant, inside the transmit window.
#[test]
fn a_connection_update_moves_the_anchors() {
    let update = ConnectionUpdate {
        win_size: 2,
        win_offset: 3,
        interval: 16,
        latency: 0,
        timeout: 100,
        instant: 8,
    };
    let found = |us: u64| {
        let mut script = Script::new().say(C, ControlPdu::ConnectionUpdateInd(update)).events(6);
        script.anchor += 3 * 1_250 + us;
        ids(&script.events(1).findings())
    };
    assert_eq!(found(100), BTreeSet::new());
    assert_eq!(found(2_400), BTreeSet::new());
    assert_eq!(found(2_700), BTreeSet::from(["LL-WIN-1"]));
}
