//! Files made by hand: each format once, and what hostile octets do.

use std::io::Cursor;

use ble::crc::crc24;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT};
use ble::phy::TxPhy;
use bletwin_sniffer::Frame;
use proptest::prelude::*;

use super::*;

/// ADV_IND of a made-up device.
const ADVERTISING: [u8; 11] = [0x00, 9, 1, 2, 3, 4, 5, 6, 2, 1, 6];
/// 2 s after 1970, in µs.
const AT: u32 = 2_000_000;

/// Access address, what is between, PDU and CRC.
fn packet(between: &[u8], damaged: bool) -> Vec<u8> {
    let mut octets = ADVERTISING_ACCESS_ADDRESS.to_le_bytes().to_vec();
    octets.extend_from_slice(between);
    octets.extend_from_slice(&ADVERTISING);
    let mut crc = crc24(ADVERTISING_CRC_INIT, &ADVERTISING);
    crc[0] ^= u8::from(damaged);
    octets.extend_from_slice(&crc);
    octets
}

/// A classic file with one record.
fn pcap(link: u32, records: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 0xFFFF, link] {
        file.extend_from_slice(&u32::to_le_bytes(word));
    }
    for (number, record) in (0..).zip(records) {
        let length = record.len() as u32;
        for word in [2, 1_000_500 + number, length, length] {
            file.extend_from_slice(&u32::to_le_bytes(word));
        }
        file.extend_from_slice(record);
    }
    file
}

fn import(file: &[u8]) -> Result<Evidence, NotEvidence> {
    let source = Source::of("x", Cursor::new(file.to_vec()));
    read(vec![source], Options::default(), &mut |_| ControlFlow::Continue(()))
        .map_err(|(_, error)| error)
}

fn frames(link: u32, records: &[Vec<u8>]) -> Vec<Frame> {
    import(&pcap(link, records)).expect("a capture").view.frames
}

fn nordic(version: u8, coded: bool) -> Vec<u8> {
    let phy = if coded { 2 << 4 } else { 0 };
    let mut octets = vec![7, 0, 0, version, 1, 0, 2];
    octets.extend_from_slice(&[10, 1 | phy, 38, 60, 0, 0]);
    octets.extend_from_slice(&AT.to_le_bytes());
    octets.extend_from_slice(&packet(if coded { &[1] } else { &[] }, false));
    octets
}

fn ppi() -> Vec<u8> {
    let mut octets = vec![0, 0, 24, 0, 147, 0, 0, 0];
    octets.extend_from_slice(&30_006_u16.to_le_bytes());
    octets.extend_from_slice(&[12, 0, 0]);
    octets.extend_from_slice(&2_426_u16.to_le_bytes());
    octets.extend_from_slice(&[0, 1, 2, 3, 4, 200, 199, 198, 1]);
    octets.extend_from_slice(&packet(&[], false));
    octets
}

fn phdr(channel: u8, flags: u16) -> Vec<u8> {
    let mut octets = vec![channel, 200, 0, 0, 0, 0, 0, 0];
    octets.extend_from_slice(&flags.to_le_bytes());
    octets.extend_from_slice(&packet(&[], false));
    octets
}

#[test]
fn every_link_type_of_the_air_is_read() {
    for (link, record, channel, phy) in [
        (251, packet(&[], false), None, Some(TxPhy::Le1M)),
        (256, phdr(12, 0x0C13), Some(38), Some(TxPhy::Le1M)),
        (272, nordic(3, false), Some(38), Some(TxPhy::Le1M)),
        (272, nordic(2, false), Some(38), Some(TxPhy::Le1M)),
        (272, nordic(3, true), Some(38), Some(TxPhy::CodedS2)),
        (192, ppi(), Some(38), Some(TxPhy::Le1M)),
    ] {
        let frames = frames(link, &[record]);
        let [frame] = &frames[..] else { panic!("{link}: {frames:?}") };
        assert_eq!(frame.pdu.octets(), ADVERTISING, "{link}");
        assert_eq!((frame.channel, frame.phy), (channel, phy), "{link}");
        assert_eq!(frame.crc_init, Some(ADVERTISING_CRC_INIT), "{link}");
        assert_eq!(frame.at.as_us(), 1_000_000, "{link}: a second is before the first packet");
    }
}

/// One tool writes channel indices where the format counts frequencies.
#[test]
fn channels_are_believed_where_advertising_is_on_primary_ones() {
    let as_format = frames(256, &[phdr(0, 0x13), phdr(12, 0x13), phdr(39, 0x13)]);
    let indices = frames(256, &[phdr(37, 0x13), phdr(38, 0x13), phdr(39, 0x13)]);
    let neither = frames(256, &[phdr(3, 0x13), phdr(4, 0x13), phdr(62, 0x13)]);
    let channels = |frames: &[Frame]| frames.iter().map(|f| f.channel).collect::<Vec<_>>();
    assert_eq!(channels(&as_format), [Some(37), Some(38), Some(39)]);
    assert_eq!(channels(&indices), [Some(37), Some(38), Some(39)]);
    assert_eq!(channels(&neither), [None; 3]);
}

/// The octets of the CRC tell more than a flag, where they fit at all.
#[test]
fn a_damaged_packet_is_not_seen() {
    let good = packet(&[], false);
    let evidence = import(&pcap(251, &[good.clone(), packet(&[], true), good])).unwrap();
    assert_eq!((evidence.view.frames.len(), evidence.report.damaged), (2, 1));
    let [interface] = &evidence.report.files[0].interfaces[..] else { panic!() };
    assert_eq!(interface.trust.crc.value, CrcBy::Octets);
    assert!(interface.trust.crc.why.contains("2 of 3"), "{}", interface.trust.crc);
}

#[test]
fn what_is_no_capture_says_so_and_what_is_cut_gives_what_was_readable() {
    assert!(matches!(import(b""), Err(NotEvidence::Empty)));
    assert!(matches!(import(b"PK\x03\x04 and so on"), Err(NotEvidence::Unknown)));
    let mut file = pcap(251, &[packet(&[], false), packet(&[], false)]);
    file.truncate(file.len() - 3);
    let evidence = import(&file).unwrap();
    assert_eq!(evidence.view.frames.len(), 1);
    assert_eq!(evidence.report.files[0].stop, Some(Stop::Cut));
    let ethernet = import(&pcap(1, &[vec![0; 60]])).unwrap();
    assert_eq!((ethernet.report.files[0].unread, ethernet.view.frames.len()), (1, 0));
}

/// Tools that attack write down what they queue: everything on one channel, and no clock.
#[test]
fn the_log_of_a_tool_that_took_part_is_not_the_air() {
    let mut record = nordic(2, false);
    record[9] = 0;
    record[13..17].fill(0);
    let own = import(&pcap(272, &vec![record.clone(); 30])).unwrap();
    let [interface] = &own.report.files[0].interfaces[..] else { panic!() };
    assert!(interface.trust.own_log.value, "{}", interface.trust.own_log);
    assert!(!own.view.exact_times && !own.view.complete);
    let moves = |number: u8| {
        let mut record = record.clone();
        record[13] = number;
        record
    };
    let records: Vec<_> = (0..30).map(moves).collect();
    let sniffed = import(&pcap(272, &records)).unwrap();
    assert!(!sniffed.report.files[0].interfaces[0].trust.own_log.value, "one sign is none");
}

/// A street full of devices: what nobody connects to is counted.
#[test]
fn memory_is_bounded() {
    let records: Vec<_> = (0..500).map(|_| packet(&[], false)).collect();
    let options =
        Options { limits: Limits { records: 400, advertising: 100 }, ..Options::default() };
    let source = Source::of("x", Cursor::new(pcap(251, &records)));
    let evidence = read(vec![source], options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(evidence.view.frames.len() <= 100);
    assert_eq!(evidence.report.passed_over as usize + evidence.view.frames.len(), 400);
    assert_eq!(evidence.report.files[0].stop, Some(Stop::TooMany { most: 400 }));
}

/// A file full of pairings that no passkey explains, and a reader who does not want to wait.
#[test]
fn searches_are_bounded() {
    let mut searches = Searches::default();
    let mut go_on = |_| ControlFlow::Continue(());
    for _ in 0..SEARCHES_MAX {
        assert!(searches.go_on(0, &mut go_on).is_continue());
        assert!(searches.go_on(16_384, &mut go_on).is_continue());
    }
    assert_eq!(searches.note(), None);
    assert!(searches.go_on(0, &mut go_on).is_break());
    assert!(searches.note().is_some_and(|note| note.starts_with("32 pairings")));
    let mut searches = Searches::default();
    assert!(searches.go_on(0, &mut |_| ControlFlow::Break(())).is_break());
    assert!(searches.go_on(0, &mut go_on).is_break(), "whoever breaks it off is not asked again");
}

proptest! {
    /// Whatever is in a record, and whatever is cut off or turned over.
    #[test]
    fn hostile_octets_never_panic(
        link in prop::sample::select(vec![192_u32, 251, 256, 272, 187, 201, 254]),
        records in prop::collection::vec(prop::collection::vec(0_u8.., 0..60), 0..12),
        turn in prop::collection::vec((0_usize..2_000, 0_u8..), 0..6),
        times in prop::collection::vec(0_u32.., 12),
    ) {
        let mut records = records;
        records.push(nordic(3, false));
        records.push(phdr(12, 0xFFFF));
        let mut file = pcap(link, &records);
        let mut at = 24;
        for (record, time) in records.iter().zip(times) {
            file[at..at + 4].copy_from_slice(&time.to_le_bytes());
            at += 16 + record.len();
        }
        for (at, octet) in turn {
            if let Some(place) = file.get_mut(at) {
                *place = octet;
            }
        }
        if let Ok(evidence) = import(&file) {
            let items = bletwin_sniffer::sniff(&evidence.view);
            prop_assert_eq!(items.len(), evidence.view.frames.len());
        }
    }
}
