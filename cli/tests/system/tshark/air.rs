//! What tshark ought to read of a packet below its payload, and of advertising.

use ble::address::{Address, AddressKind};
use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
use ble::pdu::data::DataHeader;
use ble::phy::TxPhy;
use bletwin_sim::record::{AirTx, Reception};
use bletwin_sim::sniffer::{AirItem, Decoded, Direction};

use super::tool::FieldKind::{self, Number, Octets, Text, Time};
use super::tool::Values;

/// Fields that every packet is asked for, encrypted or not.
pub(crate) const FIELDS: &[(&str, FieldKind)] = &[
    ("frame.time_epoch", Time),
    ("frame.comment", Text),
    ("btle_rf.channel", Number),
    ("btle_rf.phy", Number),
    ("btle_rf.pdu_type", Number),
    ("btle_rf.signal_dbm", Number),
    ("btle_rf.flags.dewhitened", Number),
    ("btle_rf.flags.decrypted", Number),
    ("btle_rf.flags.crc_checked", Number),
    ("btle_rf.flags.crc_valid", Number),
    ("btle_rf.flags.mic_valid", Number),
    ("btle_rf.reference_access_address", Number),
    ("btle.access_address", Number),
    ("btle.crc", Number),
    ("btle.advertising_header.pdu_type", Number),
    ("btle.advertising_header.ch_sel", Number),
    ("btle.advertising_header.randomized_tx", Number),
    ("btle.advertising_header.randomized_rx", Number),
    ("btle.advertising_header.length", Number),
    ("btle.advertising_address", Octets),
    ("btle.initiator_address", Octets),
    ("btle.scanning_address", Octets),
    ("btle.target_address", Octets),
    ("btcommon.eir_ad.entry.length", Number),
    ("btcommon.eir_ad.entry.type", Number),
    ("btle.link_layer_data.access_address", Number),
    ("btle.link_layer_data.crc_init", Number),
    ("btle.link_layer_data.window_size", Number),
    ("btle.link_layer_data.window_offset", Number),
    ("btle.link_layer_data.interval", Number),
    ("btle.link_layer_data.latency", Number),
    ("btle.link_layer_data.timeout", Number),
    ("btle.link_layer_data.channel_map", Octets),
    ("btle.link_layer_data.hop", Number),
    ("btle.link_layer_data.sleep_clock_accuracy", Number),
    ("btle.data_header.llid", Number),
    ("btle.data_header.next_expected_sequence_number", Number),
    ("btle.data_header.sequence_number", Number),
    ("btle.data_header.more_data", Number),
    ("btle.data_header.length", Number),
];

/// Sets a number.
pub(crate) fn put(values: &mut Values, field: &'static str, number: impl Into<i128>) {
    values.insert(field, number.into().to_string());
}

/// Octets as hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Several numbers in one field.
pub(crate) fn list(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join("|")
}

/// Comments that the capture gives a packet, the name of its sender among `names` first.
pub(crate) fn comments(item: &AirItem, names: &[String], plain: bool) -> Vec<String> {
    let lost = match item.reception {
        Some(Reception::CrcError) => Some("arrived with a wrong CRC"),
        None if item.connection.is_some() => Some("not received by the peer"),
        _ => None,
    };
    let cipher = item.decrypted.is_some() && !plain;
    let cipher = cipher.then_some("encrypted: whatever is shown of the payload is ciphertext");
    let sender = format!("sent by {}", names[usize::from(item.from.0)]);
    let facts = lost.into_iter().chain(cipher).map(str::to_owned);
    std::iter::once(sender).chain(facts).collect()
}

/// All [`FIELDS`] of a packet; `plain`: written decrypted.
pub(crate) fn expected(item: &AirItem, names: &[String], tx: &AirTx, plain: bool) -> Values {
    let mut v = Values::new();
    put(&mut v, "frame.time_epoch", item.at.ticks() / 64);
    v.insert("frame.comment", comments(item, names, plain).join("|"));
    // RF channels count from 2402 MHz in steps of 2 MHz (Vol 6, Part B, 1.4.1).
    let mhz: u16 = match u16::from(tx.channel) {
        37 => 2402,
        38 => 2426,
        39 => 2480,
        low @ 0..=10 => 2404 + 2 * low,
        high => 2428 + 2 * (high - 11),
    };
    put(&mut v, "btle_rf.channel", (mhz - 2402) / 2);
    put(&mut v, "btle_rf.phy", if tx.phy == TxPhy::Le2M { 1 } else { 0 });
    let kind = match item.direction {
        None => 0,
        Some(Direction::CentralToPeripheral) => 2,
        Some(Direction::PeripheralToCentral) => 3,
    };
    put(&mut v, "btle_rf.pdu_type", kind);
    if let Some(rssi) = item.rssi_dbm {
        put(&mut v, "btle_rf.signal_dbm", rssi);
    }
    let decrypted = plain && item.decrypted == Some(true);
    for (flag, set) in [
        ("btle_rf.flags.dewhitened", true),
        ("btle_rf.flags.crc_checked", true),
        ("btle_rf.flags.crc_valid", true),
        ("btle_rf.flags.decrypted", decrypted),
        ("btle_rf.flags.mic_valid", decrypted),
    ] {
        put(&mut v, flag, set);
    }
    put(&mut v, "btle_rf.reference_access_address", tx.access_address);
    put(&mut v, "btle.access_address", tx.access_address);
    put(&mut v, "btle.crc", crc(tx.crc));
    match &item.decoded {
        Decoded::Advertising(pdu) => advertising(&mut v, pdu, tx),
        _ => {
            let header = DataHeader::from_octet(item.header);
            put(&mut v, "btle.data_header.llid", item.header & 3);
            put(&mut v, "btle.data_header.next_expected_sequence_number", header.nesn);
            put(&mut v, "btle.data_header.sequence_number", header.sn);
            put(&mut v, "btle.data_header.more_data", header.md);
            let len = if decrypted { item.payload.len() } else { tx.pdu.payload().len() };
            put(&mut v, "btle.data_header.length", len as u64);
        }
    }
    v
}

/// Wireshark shows the CRC with the bit that is sent first as the most significant one; in the
/// record it is the least significant one of 24.
pub(crate) const fn crc(sent: u32) -> u32 {
    sent.reverse_bits() >> 8
}

/// What tshark 4.0 shows as the CRC of LL_LENGTH_REQ, LL_LENGTH_RSP, LL_PHY_REQ and LL_PHY_RSP:
/// the three octets after the opcode. The functions of its dissector that read the CtrData of
/// these give the offset behind it, and their callers do not take it.
pub(crate) fn misread_crc(item: &AirItem, tx: &AirTx) -> Option<String> {
    let opcode = item.control()?.opcode().0;
    let [a, b, c, ..] = tx.crc.to_le_bytes();
    let octets: Vec<u8> = item.payload.iter().skip(1).copied().chain([a, b, c]).collect();
    let read = u32::from_le_bytes([octets[0], octets[1], octets[2], 0]);
    (0x14..=0x17).contains(&opcode).then(|| crc(read).to_string())
}

fn put_address(v: &mut Values, field: &'static str, address: &Address) {
    let mut octets = address.octets;
    octets.reverse();
    v.insert(field, hex(&octets));
}

fn advertising(v: &mut Values, pdu: &AdvertisingPdu, tx: &AirTx) {
    use AdvertisingPdu as P;
    put(v, "btle.advertising_header.length", tx.pdu.payload().len() as u64);
    let (code, sender, receiver, ch_sel) = match pdu {
        P::AdvInd { advertiser, ch_sel, .. } => (0, advertiser, None, Some(*ch_sel)),
        P::AdvDirectInd { advertiser, target, ch_sel } => {
            put_address(v, "btle.target_address", target);
            (1, advertiser, Some(target), Some(*ch_sel))
        }
        P::AdvNonconnInd { advertiser, .. } => (2, advertiser, None, None),
        P::ScanReq { scanner, advertiser } => {
            put_address(v, "btle.scanning_address", scanner);
            (3, scanner, Some(advertiser), None)
        }
        P::ScanRsp { advertiser, .. } => (4, advertiser, None, None),
        P::ConnectInd(request) => {
            put_address(v, "btle.initiator_address", &request.initiator);
            connect(v, request);
            (5, &request.initiator, Some(&request.advertiser), Some(request.ch_sel))
        }
        P::AdvScanInd { advertiser, .. } => (6, advertiser, None, None),
    };
    put_address(
        v,
        "btle.advertising_address",
        match pdu {
            P::ScanReq { advertiser, .. } => advertiser,
            P::ConnectInd(request) => &request.advertiser,
            _ => sender,
        },
    );
    put(v, "btle.advertising_header.pdu_type", code);
    if let Some(ch_sel) = ch_sel {
        put(v, "btle.advertising_header.ch_sel", ch_sel);
    }
    let random = |address: &Address| address.kind == AddressKind::Random;
    put(v, "btle.advertising_header.randomized_tx", random(sender));
    if let Some(receiver) = receiver {
        put(v, "btle.advertising_header.randomized_rx", random(receiver));
    }
    if let P::AdvInd { data, .. }
    | P::AdvNonconnInd { data, .. }
    | P::AdvScanInd { data, .. }
    | P::ScanRsp { data, .. } = pdu
    {
        structures(v, data);
    }
}

/// Lengths and types of AD structures.
fn structures(v: &mut Values, mut data: &[u8]) {
    let (mut lengths, mut types) = (Vec::new(), Vec::new());
    while let [length, kind, ..] = data {
        assert_ne!(*length, 0, "nothing is sent after an empty AD structure");
        lengths.push(u16::from(*length));
        types.push(u16::from(*kind));
        data = data.get(usize::from(*length) + 1..).unwrap_or_default();
    }
    if !types.is_empty() {
        v.insert("btcommon.eir_ad.entry.length", list(&lengths));
        v.insert("btcommon.eir_ad.entry.type", list(&types));
    }
}

fn connect(v: &mut Values, request: &ConnectInd) {
    put(v, "btle.link_layer_data.access_address", request.access_address);
    put(v, "btle.link_layer_data.crc_init", request.crc_init);
    put(v, "btle.link_layer_data.window_size", request.win_size);
    put(v, "btle.link_layer_data.window_offset", request.win_offset);
    put(v, "btle.link_layer_data.interval", request.interval);
    put(v, "btle.link_layer_data.latency", request.latency);
    put(v, "btle.link_layer_data.timeout", request.timeout);
    let map = request.channel_map.to_le_bytes();
    v.insert("btle.link_layer_data.channel_map", hex(&map[..5]));
    put(v, "btle.link_layer_data.hop", request.hop);
    put(v, "btle.link_layer_data.sleep_clock_accuracy", request.sca);
}
