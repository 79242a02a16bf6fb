//! Extended advertising of two endpoints, as tshark reads it.

use ble::phy::Phy;
use ble::time::Duration;
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};
use bletwin_sim::record::Record;
use bletwin_sim::report::capture::{Style, pcapng};
use bletwin_sim::sniffer::{AirItem, Decoded};

use super::tool::FieldKind::{Number, Octets, Presence, Text};
use super::tool::{self, Values};
use super::{FINDINGS, Folder, unchecked};

const FIELDS: [(&str, tool::FieldKind); 14] = [
    ("btle.advertising_address", Octets),
    ("btle.target_address", Octets),
    ("btle.advertising_header.length", Number),
    ("btle.extended_advertising_header.mode", Number),
    ("btle.extended_advertising.advertising_data_info.did", Number),
    ("btle.extended_advertising.advertising_data_info.sid", Number),
    ("btle.extended_advertising_header.aux_pointer.channel", Number),
    ("btle.extended_advertising_header.aux_pointer.aux_offset", Number),
    ("btle.extended_advertising_header.aux_pointer.offset_units", Number),
    ("btle.extended_advertising_header.aux_pointer.aux_phy", Number),
    ("btle.extended_advertising_header.tx_power", Number),
    ("btle.crc.incorrect", Presence),
    ("btle.crc.indeterminate", Presence),
    (FINDINGS, Text),
];

/// tshark 4.0 counts header and payload in an octet where it calculates a CRC: of longer packets
/// it says that theirs is wrong. So it does on LE Coded, where it begins with the Coding Indicator.
const MISREAD: usize = 253;

fn send(twin: &mut Twin, port: usize, opcode: u16, parameters: &[u8]) {
    let [low, high] = opcode.to_le_bytes();
    let packet = [&[1, low, high, parameters.len() as u8], parameters].concat();
    twin.feed(Port(port), packet);
    twin.run_until(twin.now() + Duration::from_ms(1));
}

fn address(twin: &Twin, port: usize) -> [u8; 6] {
    twin.endpoint(Port(port)).expect("an endpoint").config().public_address
}

/// A chain, a scan response with a chain, and a connection, on these PHYs.
fn records(primary: u8, secondary: u8) -> (Vec<Record>, Vec<AirItem>) {
    let mut twin = Twin::new(5, Owner { confirms: true });
    for name in ["scanner", "advertiser"] {
        twin.add_endpoint(name, Endpoint::full());
    }
    let second = Duration::from_secs(1);
    let bit = 1 << (primary - 1);
    send(&mut twin, 0, 0x2041, &[0, 0, bit, 1, 0x40, 0, 0x40, 0]);
    send(&mut twin, 0, 0x2042, &[1, 0, 0, 0, 0, 0]);
    // Neither; scannable; connectable. Transmit power is included.
    for (properties, data) in [(0x40, 0x2037), (0x42, 0x2038), (0x41, 0x2037)] {
        let head = [1, properties, 0, 0xA0, 0, 0, 0, 4, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        send(&mut twin, 1, 0x2036, &[&head[..], &[primary, 0, secondary, 3, 0]].concat());
        if data == 0x2037 {
            send(&mut twin, 1, 0x2038, &[1, 3, 0, 0]);
        } else {
            send(&mut twin, 1, 0x2037, &[1, 3, 0, 0]);
        }
        // One AD structure that fills each fragment.
        let part = [&[249, 0x09], &[b'a'; 248][..]].concat();
        let small = [2, 1, 6];
        if properties == 0x41 {
            send(&mut twin, 1, data, &[&[1, 3, 0, 3], &small[..]].concat());
        } else {
            send(&mut twin, 1, data, &[&[1, 1, 0, 250], &part[..]].concat());
            send(&mut twin, 1, data, &[&[1, 2, 0, 250], &part[..]].concat());
        }
        send(&mut twin, 1, 0x2039, &[1, 1, 1, 0, 0, 0]);
        if properties == 0x41 {
            let phy = [0x40, 0, 0x40, 0, 40, 0, 40, 0, 0, 0, 200, 0, 0, 0, 0, 0];
            let address = address(&twin, 1);
            let set = if primary == 1 { 0b111 } else { 0b110 };
            let phys = phy.repeat(if primary == 1 { 3 } else { 2 });
            send(&mut twin, 0, 0x2043, &[&[0, 0, 0], &address[..], &[set], &phys].concat());
        }
        twin.run_until(twin.now() + second);
        send(&mut twin, 1, 0x2039, &[0, 0]);
    }
    let settled = twin.settled();
    let items = settled.iter().filter_map(|(_, item)| item.clone()).collect();
    (settled.into_iter().map(|(record, _)| record).collect(), items)
}

fn expected(item: &AirItem) -> Values {
    let mut v = Values::new();
    let mut put = |field, value: i64| drop(v.insert(field, value.to_string()));
    put("btle.advertising_header.length", item.payload.len() as i64);
    let Decoded::Extended { pdu, .. } = &item.decoded else { return v };
    put("btle.extended_advertising_header.mode", pdu.mode as i64);
    if let Some(adi) = pdu.adi {
        put("btle.extended_advertising.advertising_data_info.did", adi.did.into());
        put("btle.extended_advertising.advertising_data_info.sid", adi.sid.into());
    }
    if let Some(aux) = pdu.aux {
        let phy = match aux.phy {
            Phy::Le1M => 0,
            Phy::Le2M => 1,
            Phy::LeCoded => 2,
        };
        put("btle.extended_advertising_header.aux_pointer.channel", aux.channel.into());
        // In units, of 30 µs here.
        put("btle.extended_advertising_header.aux_pointer.aux_offset", aux.offset.into());
        put("btle.extended_advertising_header.aux_pointer.offset_units", 0);
        put("btle.extended_advertising_header.aux_pointer.aux_phy", phy);
    }
    if let Some(power) = pdu.tx_power {
        put("btle.extended_advertising_header.tx_power", power.into());
    }
    let hex = |octets: [u8; 6]| octets.iter().rev().map(|o| format!("{o:02x}")).collect::<String>();
    if let Some(address) = pdu.advertiser {
        v.insert("btle.advertising_address", hex(address.octets));
    }
    if let Some(address) = pdu.target {
        v.insert("btle.target_address", hex(address.octets));
    }
    v
}

/// LL-EXT-1: fields of extended advertising.
/// LL-EXT-2: AuxPtr.
#[test]
fn tshark_reads_extended_advertising_as_the_record_has_it() {
    if !tool::present() {
        return;
    }
    for (primary, secondary) in [(1, 1), (1, 2), (1, 3), (3, 2), (3, 3)] {
        let (records, items) = records(primary, secondary);
        let mut capture = pcapng(&records, &[], "air", -100, Style::OnAir);
        unchecked(&mut capture);
        let folder = Folder::new(&format!("extended{primary}{secondary}"));
        let frames = folder.read(&capture, &FIELDS);
        assert_eq!(frames.len(), items.len());
        let mut names = std::collections::BTreeSet::new();
        for (number, (item, frame)) in (1..).zip(items.iter().zip(&frames)) {
            let Some(name) = item.advertising_name() else { continue };
            names.insert(name);
            let mut frame = frame.clone();
            if item.payload.len() > MISREAD || item.phy.phy() == Phy::LeCoded {
                frame.remove("btle.crc.incorrect");
                frame.remove(FINDINGS);
            }
            assert!(!frame.contains_key("btle.crc.incorrect"), "frame {number}: {item:?}");
            assert_eq!(frame.get(FINDINGS), None, "frame {number}: {item:?}");
            if let Decoded::Extended { .. } = item.decoded {
                assert_eq!(frame, expected(item), "frame {number}: {item:?}");
            }
        }
        let all = [
            "ADV_EXT_IND",
            "AUX_ADV_IND",
            "AUX_CHAIN_IND",
            "AUX_CONNECT_REQ",
            "AUX_CONNECT_RSP",
            "AUX_SCAN_REQ",
            "AUX_SCAN_RSP",
        ];
        assert_eq!(names, all.into_iter().collect());
    }
}
