//! Logs of hosts, made by hand in each format.

use super::*;

/// Reset and its answer, data both ways: indicator, whether to the host, octets.
const PACKETS: [(u8, bool, &[u8]); 4] = [
    (1, false, &[0x03, 0x0C, 0]),
    (4, true, &[0x0E, 4, 1, 0x03, 0x0C, 0]),
    (2, false, &[0x40, 0, 7, 0, 3, 0, 4, 0, 2, 23, 0]),
    (2, true, &[0x40, 0x20, 7, 0, 3, 0, 4, 0, 3, 23, 0]),
];
/// Seconds since 1970.
const SECONDS: u32 = 1_700_000_000;

fn btsnoop(datalink: u32) -> Vec<u8> {
    let mut file = b"btsnoop\0\0\0\0\x01".to_vec();
    file.extend_from_slice(&datalink.to_be_bytes());
    for (number, (indicator, to_host, octets)) in (0..).zip(PACKETS) {
        let mut body = octets.to_vec();
        let flags = match datalink {
            1_001 => u32::from(to_host) | u32::from(indicator != 2) << 1,
            1_002 => {
                body.insert(0, indicator);
                u32::from(to_host)
            }
            _ => 3 << 16 | monitor_opcode(indicator, to_host),
        };
        let length = (body.len() as u32).to_be_bytes();
        file.extend([length, length, flags.to_be_bytes(), [0; 4]].concat());
        let us = 0x00DC_DDB3_0F2F_8000_u64 + u64::from(SECONDS) * 1_000_000 + number;
        file.extend(us.to_be_bytes());
        file.extend(body);
    }
    file
}

const fn monitor_opcode(indicator: u8, to_host: bool) -> u32 {
    match (indicator, to_host) {
        (1, _) => 2,
        (4, _) => 3,
        (_, false) => 4,
        (_, true) => 5,
    }
}

fn pklg(big_endian: bool) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = Vec::new();
    for (number, (indicator, to_host, octets)) in (0..).zip(PACKETS) {
        let kind = match (indicator, to_host) {
            (1, _) => 0,
            (4, _) => 1,
            (_, false) => 2,
            (_, true) => 3,
        };
        file.extend([word(9 + octets.len() as u32), word(SECONDS), word(number)].concat());
        file.push(kind);
        file.extend_from_slice(octets);
    }
    file
}

fn monitor() -> Vec<u8> {
    let mut file = Vec::new();
    for (number, (indicator, to_host, octets)) in (0_u32..).zip(PACKETS) {
        let length = 4 + 5 + octets.len() as u16;
        file.extend(length.to_le_bytes());
        file.extend((monitor_opcode(indicator, to_host) as u16).to_le_bytes());
        file.extend([0, 5, 8]);
        file.extend((10_000 + number).to_le_bytes());
        file.extend_from_slice(octets);
    }
    file
}

/// Interface, direction, indicator and octets of each record, with its time.
type Read = Vec<(u8, Option<bool>, Vec<u8>, i64)>;

fn all(file: &[u8]) -> (Format, Read, Option<Stop>) {
    let mut found = Vec::new();
    let extent = read(file, 1_000, &mut |raw| {
        let host = raw.host.expect("HCI");
        found.push((host.indicator, host.to_host, raw.octets.to_vec(), raw.ns));
    });
    let extent = extent.expect("a log");
    (extent.format, found, extent.stop)
}

fn check(file: &[u8], format: Format, first_ns: i64, step_ns: i64) {
    let (found_format, found, stop) = all(file);
    assert_eq!((found_format, stop), (format, None));
    let wanted = (0..).zip(PACKETS).map(|(number, (indicator, to_host, octets))| {
        (indicator, Some(to_host), octets.to_vec(), first_ns + number * step_ns)
    });
    assert_eq!(found, wanted.collect::<Vec<_>>());
}

#[test]
fn logs_of_hosts_are_told_apart_and_read() {
    let ns = i64::from(SECONDS) * 1_000_000_000;
    for datalink in [1_001, 1_002, 2_001] {
        check(&btsnoop(datalink), Format::Btsnoop, ns, 1_000);
    }
    check(&pklg(true), Format::PacketLogger, ns, 1_000);
    check(&pklg(false), Format::PacketLoggerLittleEndian, ns, 1_000);
    check(&monitor(), Format::Monitor, 1_000_000_000, 100_000);
}

/// A UART is opened whenever somebody opens it.
#[test]
fn a_monitor_that_begins_in_the_middle_of_a_frame_is_found() {
    let whole = [monitor(), monitor()].concat();
    let frames = all(&whole).1;
    for skip in 1..monitor().len() {
        let (format, found, stop) = all(&whole[skip..]);
        assert_eq!((format, stop), (Format::Monitor, None), "{skip}");
        assert!(found.len() >= PACKETS.len(), "{skip}");
        assert_eq!(found, frames[frames.len() - found.len()..], "{skip}");
    }
}

#[test]
fn a_log_that_is_cut_gives_what_is_whole() {
    for file in [btsnoop(1_002), pklg(true), pklg(false), monitor()] {
        let (_, found, stop) = all(&file[..file.len() - 2]);
        assert_eq!((found.len(), stop), (3, Some(Stop::Cut)));
    }
}

#[test]
fn smart_rf_has_records_of_one_length() {
    let mut record = vec![1, 4, 0, 0, 0];
    // Two slots of 156.25 µs and 64/32 µs.
    record.extend((2_u64 << 16 | 64).to_le_bytes());
    let packet = [0xD6, 0xBE, 0x89, 0x8E, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 60, 0xA7];
    record.extend((packet.len() as u16 + 1).to_le_bytes());
    record.push(packet.len() as u8);
    record.extend(packet);
    record.resize(271, 0);
    let mut found = Vec::new();
    let file = [record.clone(), record].concat();
    let extent = read(&file[..], 9, &mut |raw| found.push((raw.ns, raw.octets.to_vec()))).unwrap();
    assert_eq!((extent.format, extent.records, extent.stop), (Format::SmartRf, 2, None));
    assert_eq!(found[0].0, 314_500);
    assert_eq!(found[0].1[1..], packet);
}

proptest::proptest! {
    #[test]
    fn hostile_octets_never_panic(
        which in 0_usize..6,
        turn in proptest::collection::vec((0_usize..200, 0_u8..), 0..8),
        length in 0_usize..300,
    ) {
        let files =
            [btsnoop(1_001), btsnoop(1_002), btsnoop(2_001), pklg(true), pklg(false), monitor()];
        let mut file = files[which].clone();
        file.truncate(length);
        for (at, octet) in turn {
            if let Some(place) = file.get_mut(at) {
                *place = octet;
            }
        }
        let mut octets = 0;
        let _ = read(&file[..], 1_000, &mut |raw| octets += raw.octets.len());
        proptest::prop_assert!(octets <= file.len());
    }
}
