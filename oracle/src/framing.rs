//! Framing, header bits and lengths, and the fields of CONNECT_IND.

use ble::hci::Role;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ConnectInd};
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::pdu::data::Llid;
use ble::phy::Phy;
use bletwin_rules::connection::LL_CONN_1;
use bletwin_rules::control::LL_CTRL_1;
use bletwin_rules::framing::{LL_CRC_1, LL_FRAME_1, LL_FRAME_2, LL_FRAME_3};

use super::feature_bits::Own;
use super::link::{Link, Packet};
use super::values::is_long_enough;
use super::{Finding, Findings};
use bletwin_sniffer::RecordId;

/// Bits 5 (CP), 6 and 7 of header octet 0: constant tone extensions are not modelled.
const RESERVED_BITS: u8 = 0xE0;

pub(super) fn check(link: &Link<'_>, own: &Own, findings: &mut Findings) {
    let coded = initiator_has_coded(link, own);
    if let Some((wrong, evidence)) = wrong_field(link.request, coded) {
        findings.add(Finding {
            rule: LL_CONN_1.id,
            culprit: link.connect.from,
            at: link.connect.at,
            record: link.connect.record,
            evidence,
            text: format!("CONNECT_IND with {wrong} out of range"),
        });
    }
    for packet in &link.packets {
        for (rule, text) in wrong_frame(link, packet).into_iter().chain(wrong_length(packet)) {
            link.report(findings, rule, packet, &[link.connect.record], text);
        }
    }
}

fn wrong_frame(link: &Link<'_>, packet: &Packet<'_>) -> Vec<(&'static str, String)> {
    let octets = packet.tx.pdu.octets();
    let length = octets.get(1).copied().unwrap_or(0);
    let llid = packet.header.llid;
    let mut wrong = Vec::new();
    if let Some(preset) = packet.tx.crc_init.filter(|it| *it != link.request.crc_init) {
        wrong.push((LL_CRC_1.id, format!("CRC preset {preset:06X}")));
    }
    if !packet.is_whole() {
        wrong.push((LL_FRAME_1.id, format!("length octet {length} with other payload")));
    }
    if packet.item.header & RESERVED_BITS != 0 {
        wrong.push((LL_FRAME_2.id, format!("header octet {:02X}", packet.item.header)));
    }
    if llid == Llid::Reserved || (length == 0 && llid != Llid::Continuation) {
        wrong.push((LL_FRAME_3.id, format!("{llid:?} LLID with {length} octets")));
    }
    wrong
}

fn wrong_length(packet: &Packet<'_>) -> Option<(&'static str, String)> {
    let opcode = packet.opcode().filter(|_| packet.is_whole())?;
    let wrong = opcode.ctr_data_len().is_some_and(|len| len + 1 != packet.item.payload.len());
    wrong.then(|| {
        let octets = packet.item.payload.len().saturating_sub(1);
        (LL_CTRL_1.id, format!("{} with {octets} octets of CtrData", opcode.name()))
    })
}

/// The first field of CONNECT_IND that is out of range. `coded`: what shows that the initiator
/// has LE Coded.
fn wrong_field(
    request: &ConnectInd,
    coded: Option<RecordId>,
) -> Option<(&'static str, Vec<RecordId>)> {
    let ConnectInd { interval, latency, timeout, .. } = *request;
    let checks = [
        (good_access_address(request.access_address), "access address"),
        ((6..=3200).contains(&interval), "interval"),
        (latency <= 499, "latency"),
        ((10..=3200).contains(&timeout), "supervision timeout"),
        (
            is_long_enough(interval, latency, timeout),
            "supervision timeout for latency and interval",
        ),
        (request.win_size >= 1 && request.win_size <= 8, "window size"),
        (u16::from(request.win_size) < interval, "window size for the interval"),
        (request.win_offset <= interval, "window offset"),
        ((request.channel_map & 0x1F_FFFF_FFFF).count_ones() >= 2, "channel map"),
        ((5..=16).contains(&request.hop), "hop increment"),
    ];
    let wrong = checks.into_iter().find(|(good, _)| !good).map(|(_, name)| (name, Vec::new()));
    let shown = coded.filter(|_| !good_for_coded(request.access_address));
    wrong.or_else(|| shown.map(|record| ("access address of a device with LE Coded", vec![record])))
}

/// What shows that the initiator has LE Coded: the PHY of its request, the features reported to its
/// host, or those on air.
fn initiator_has_coded(link: &Link<'_>, own: &Own) -> Option<RecordId> {
    let has = |set: &FeatureSet| set.has(FeatureSet::LE_CODED);
    let by_phy = (link.first_phy() == Phy::LeCoded).then_some(link.connect.record);
    let reported =
        own.get(&link.connect.from).filter(|(set, _)| has(set)).map(|(_, record)| *record);
    let mut said = link.packets.iter().filter(|packet| packet.by == Role::Central);
    let said = || {
        let shows = |packet: &&Packet<'_>| match packet.control() {
            Some(ControlPdu::FeatureReq(set) | ControlPdu::FeatureRsp(set)) => has(set),
            _ => false,
        };
        said.find(shows).map(|packet| packet.item.record)
    };
    by_phy.or(reported).or_else(said)
}

/// Three ones in the eight least significant bits, eleven transitions in the sixteen.
fn good_for_coded(address: u32) -> bool {
    let transitions = (address ^ (address >> 1)) & 0x7FFF;
    (address & 0xFF).count_ones() >= 3 && transitions.count_ones() <= 11
}

fn good_access_address(address: u32) -> bool {
    let [a, b, c, d] = address.to_le_bytes();
    let transitions = (address ^ (address >> 1)) & 0x7FFF_FFFF;
    // Seven equal bits in a row show as six neighbouring bits without a transition.
    let steady = !transitions & 0x7FFF_FFFF;
    let run = (0..26).any(|shift| (steady >> shift) & 0x3F == 0x3F);
    (address ^ ADVERTISING_ACCESS_ADDRESS).count_ones() > 1
        && !(a == b && b == c && c == d)
        && !run
        && transitions.count_ones() <= 24
        && (transitions >> 26).count_ones() >= 2
}
