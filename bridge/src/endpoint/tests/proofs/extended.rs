//! Extended advertising, scanning and initiating.

use ble::time::Duration;
use bletwin_oracle::judge;
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Decoded};
use firmware_core::config::Config;

use super::super::rig::{A, B, PUBLIC, Rig};
use super::{SECOND, air};
use crate::twin::Port;

/// Primary and secondary PHYs as the commands name them.
const PHYS: [(u8, u8); 6] = [(1, 1), (1, 2), (1, 3), (3, 1), (3, 2), (3, 3)];
const SET: u8 = 0x21;
const CONNECTABLE: u8 = 1;
const SCANNABLE: u8 = 2;
const COMPLETE: u8 = 3;

/// LE Set Extended Advertising Parameters: every 20 ms at least, SID 7.
fn parameters(properties: u8, own: u8, (primary, secondary): (u8, u8)) -> Vec<u8> {
    let head = [SET, properties, 0, 0x20, 0, 0, 0, 4, 0, 7, own, PUBLIC, 0, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], &[primary, 0, secondary, 7, 1]].concat()
}

fn data(operation: u8, octets: &[u8]) -> Vec<u8> {
    [&[SET, operation, 0, octets.len() as u8], octets].concat()
}

/// LE Set Extended Advertising Enable, with Duration and Max_Extended_Advertising_Events.
fn enable(duration: u8, events: u8) -> [u8; 6] {
    [1, 1, SET, duration, 0, events]
}

fn advertise(rig: &mut Rig, port: Port, properties: u8, phys: (u8, u8)) {
    assert_eq!(rig.ok(port, 0x2036, &parameters(properties, PUBLIC, phys)), [0]);
    rig.ok(port, 0x2039, &enable(0, 0));
}

/// Scans one primary PHY, without duplicates.
fn scan(rig: &mut Rig, port: Port, primary: u8, active: u8) {
    let bit = 1 << (primary - 1);
    rig.ok(port, 0x2041, &[PUBLIC, 0, bit, active, 0x40, 0, 0x40, 0]);
    rig.ok(port, 0x2042, &[1, 1, 0, 0, 0, 0]);
}

/// A report, with its fragments put together.
#[derive(Debug)]
struct Report {
    kind: u16,
    address: Vec<u8>,
    phys: (u8, u8),
    sid: u8,
    data: Vec<u8>,
}

fn report(rig: &mut Rig, port: Port) -> Report {
    let mut whole = Vec::new();
    loop {
        let octets = rig.subevent(port, 0x0D);
        assert_eq!((octets[0], octets[24] as usize), (1, octets.len() - 25));
        whole.extend_from_slice(&octets[25..]);
        let kind = u16::from_le_bytes([octets[1], octets[2]]);
        if kind >> 5 & 3 != 1 {
            let address = octets[3..10].to_vec();
            let (phys, sid) = ((octets[10], octets[11]), octets[12]);
            return Report { kind, address, phys, sid, data: whole };
        }
    }
}

fn judged(rig: &mut Rig) -> Vec<AirItem> {
    let settled = rig.twin.settled();
    let records: Vec<Record> = settled.iter().map(|(record, _)| record.clone()).collect();
    let findings = judge(&bletwin_sim::view(&records));
    assert!(findings.is_empty(), "{findings:#?}");
    settled.into_iter().filter_map(|(_, item)| item).collect()
}

/// 1,650 octets in fragments, over every pair of PHYs.
pub(super) fn data_in_chains() {
    for phys in PHYS {
        let mut rig = Rig::new(2);
        assert_eq!(rig.ok(B, 0x203A, &[]), 1_650_u16.to_le_bytes());
        let octets: Vec<u8> = (0..1_650_u32).map(|n| n as u8).collect();
        rig.ok(B, 0x2036, &parameters(0, PUBLIC, phys));
        let last = octets.len() / 250;
        for (number, part) in octets.chunks(250).enumerate() {
            let operation = if number == 0 { 1 } else { 2 * u8::from(number == last) };
            rig.ok(B, 0x2037, &data(operation, part));
        }
        rig.fails(B, 0x2037, &data(2, &[0]), 0x0C);
        rig.ok(B, 0x2039, &enable(0, 0));
        scan(&mut rig, A, phys.0, 0);
        let report = report(&mut rig, A);
        assert_eq!((report.kind, report.phys, report.sid), (0, phys, 7));
        assert!(report.data == octets, "{phys:?}: {} octets", report.data.len());
        assert_eq!(report.address[1..], rig.address(B));
        judged(&mut rig);
    }
}

/// The scanner asks, is answered, and the advertiser's host is notified.
pub(super) fn scan_responses() {
    for phys in PHYS {
        let mut rig = Rig::new(2);
        rig.ok(B, 0x2036, &parameters(SCANNABLE, PUBLIC, phys));
        // The data of a scannable set are its scan response, and it must have one.
        rig.fails(B, 0x2037, &data(COMPLETE, &[1]), 0x12);
        rig.fails(B, 0x2039, &enable(0, 0), 0x0C);
        let octets = vec![0x5A; 251];
        rig.ok(B, 0x2038, &data(1, &octets));
        rig.ok(B, 0x2038, &data(2, &octets));
        rig.ok(B, 0x2039, &enable(0, 0));
        scan(&mut rig, A, phys.0, 1);
        let first = report(&mut rig, A);
        assert_eq!((first.kind, first.data.len()), (0b0010, 0));
        let answer = report(&mut rig, A);
        assert_eq!((answer.kind, answer.data.len()), (0b1010, 502));
        let asked = rig.subevent(B, 0x13);
        assert_eq!(asked, [&[SET, PUBLIC], &rig.address(A)[..]].concat());
        judged(&mut rig);
    }
}

/// LE Extended Create Connection on all PHYs.
fn create(peer: &[u8], primary: u8) -> Vec<u8> {
    let phy = [0x40, 0, 0x40, 0, 40, 0, 40, 0, 0, 0, 200, 0, 0, 0, 0, 0];
    // LE 2M is never scanned; its fields say so here.
    let two = [&[0; 4][..], &phy[4..]].concat();
    let head = [&[0, PUBLIC, PUBLIC], peer].concat();
    let phys: [&[u8]; 3] = [&phy, &two, &phy];
    if primary == 1 {
        [&head[..], &[0b111], &phys.concat()].concat()
    } else {
        // LE 1M is no primary PHY here, and no connection begins on it.
        [&head[..], &[0b110], &phys[1..].concat()].concat()
    }
}

fn connect(rig: &mut Rig, phys: (u8, u8)) -> [[u8; 2]; 2] {
    let address = rig.address(B);
    advertise(rig, B, CONNECTABLE, phys);
    rig.ok(A, 0x2043, &create(&address, phys.0));
    let handles = [A, B].map(|port| {
        let complete = rig.subevent(port, 0x01);
        assert_eq!(complete[0], 0);
        let handle = [complete[1], complete[2]];
        // Channel Selection Algorithm #2.
        assert_eq!(rig.subevent(port, 0x14), [&handle[..], &[1]].concat());
        handle
    });
    let terminated = rig.subevent(B, 0x12);
    assert_eq!(terminated[..4], [0, SET, handles[1][0], handles[1][1]]);
    handles
}

/// A connection begins on the secondary PHY, and data go both ways.
pub(super) fn connections() {
    for phys in PHYS.into_iter().filter(|phys| *phys != (3, 1)) {
        let mut rig = Rig::new(2);
        let handles = connect(&mut rig, phys);
        for (port, handle) in [A, B].into_iter().zip(handles) {
            let phy = [phys.1, phys.1];
            assert_eq!(rig.ok(port, 0x2030, &handle), [&handle[..], &phy].concat());
        }
        for round in 0..20 {
            rig.acl(A, handles[0], &[4, 0, 4, 0, 0x52, 1, 0, round]);
            rig.acl(B, handles[1], &[4, 0, 4, 0, 0x52, 1, 0, round]);
            assert_eq!((rig.data(A)[7], rig.data(B)[7]), (round, round));
        }
        rig.ok(A, 0x0406, &[&handles[0][..], &[0x13]].concat());
        rig.event(B, 0x05);
        let items = judged(&mut rig);
        let names: Vec<_> = items.iter().filter_map(AirItem::advertising_name).collect();
        assert!(names.ends_with(&["AUX_CONNECT_REQ", "AUX_CONNECT_RSP"]), "{names:?}");
    }
}

/// The set's own random address, and how a set comes and goes.
pub(super) fn sets() {
    let mut rig = Rig::new(2);
    assert_eq!(rig.ok(B, 0x203B, &[]), [1]);
    let random = [1, 2, 3, 4, 5, 0xC6];
    rig.fails(B, 0x2035, &[&[SET], &random[..]].concat(), 0x42);
    rig.ok(B, 0x2036, &parameters(0, 1, (1, 1)));
    // Another one does not fit; nor does advertising without the address that it is to have.
    rig.fails(B, 0x2036, &[&[SET + 1], &parameters(0, 1, (1, 1))[1..]].concat(), 0x07);
    rig.fails(B, 0x2039, &enable(0, 0), 0x12);
    rig.fails(B, 0x2039, &[1, 1, SET + 1, 0, 0, 0], 0x42);
    rig.ok(B, 0x2035, &[&[SET], &random[..]].concat());
    rig.ok(B, 0x2039, &enable(0, 0));
    for (opcode, octets) in [(0x203C, vec![SET]), (0x203D, vec![])] {
        rig.fails(B, opcode, &octets, 0x0C);
    }
    rig.fails(B, 0x2036, &parameters(0, 1, (1, 1)), 0x0C);
    scan(&mut rig, A, 1, 0);
    assert_eq!(report(&mut rig, A).address, [&[1], &random[..]].concat());
    rig.ok(B, 0x2039, &[0, 0]);
    rig.ok(B, 0x203C, &[SET]);
    rig.fails(B, 0x203C, &[SET], 0x42);
    rig.ok(B, 0x203D, &[]);
    rig.pass(SECOND);
    air(&mut rig);
    rig.pass(SECOND);
    assert!(air(&mut rig).is_empty(), "it has gone quiet");
}

/// Legacy PDUs by the extended commands: found and connected to, whatever the other side uses.
pub(super) fn legacy_pdus() {
    let mut rig = Rig::new(3);
    let c = Port(2);
    rig.ok(B, 0x2036, &parameters(0x13, PUBLIC, (1, 1)));
    rig.fails(B, 0x2037, &data(COMPLETE, &[0; 32]), 0x12);
    rig.ok(B, 0x2037, &data(COMPLETE, &[2, 1, 6]));
    rig.ok(B, 0x2038, &data(COMPLETE, &[2, 9, b'B']));
    rig.ok(B, 0x2039, &enable(0, 0));
    let address = rig.address(B);
    scan(&mut rig, A, 1, 1);
    let (first, answer) = (report(&mut rig, A), report(&mut rig, A));
    assert_eq!((first.kind, &first.data[..]), (0x13, &[2, 1, 6][..]));
    assert_eq!((answer.kind, &answer.data[..]), (0x1B, &[2, 9, b'B'][..]));
    assert_eq!((answer.phys, answer.sid, &answer.address[1..]), ((1, 0), 0xFF, &address[..]));
    rig.subevent(B, 0x13);
    rig.ok(c, 0x200D, &Rig::create(&address));
    let complete = rig.subevent(B, 0x01);
    let terminated = rig.subevent(B, 0x12);
    assert_eq!(terminated[..4], [0, SET, complete[1], complete[2]]);
    // And the other way round.
    rig.advertise(c);
    let address = rig.address(c);
    rig.ok(A, 0x2043, &create(&address, 1));
    assert_eq!(rig.subevent(A, 0x01)[0], 0);
}

pub(super) fn the_firmware() {
    let config = Config::zephyr_2024();
    let address = config.address.octets;
    let mut rig = Rig::new(1).with_peripheral(config);
    scan(&mut rig, A, 1, 1);
    let found = report(&mut rig, A);
    assert_eq!((found.kind, &found.address[..]), (0x13, &[&[1], &address[..]].concat()[..]));
    let mut create = create(&address, 1);
    create[2] = 1;
    rig.ok(A, 0x2043, &create);
    assert_eq!(rig.subevent(A, 0x01)[0], 0);
}

/// Time and number of events limit a set, time limits scanning.
pub(super) fn limits() {
    for properties in [0, 0x10] {
        let mut rig = Rig::new(2);
        rig.ok(B, 0x2036, &parameters(properties, PUBLIC, (1, 1)));
        rig.ok(B, 0x2039, &enable(0, 3));
        assert_eq!(rig.subevent(B, 0x12), [0x43, SET, 0, 0, 3]);
        let events = air(&mut rig).iter().filter(|item| item.channel == 37).count();
        assert_eq!(events, 3);
        // Data that change while an event is prepared do not use it up.
        rig.ok(B, 0x2039, &enable(0, 3));
        for n in 0..200 {
            rig.ok(B, 0x2037, &data(COMPLETE, &[2, 1, n]));
            rig.pass(Duration::from_ms(1));
        }
        let events = air(&mut rig).iter().filter(|item| item.channel == 37).count();
        assert_eq!(events, 3);
        rig.ok(B, 0x2039, &enable(20, 0));
        let start = rig.twin.now();
        let terminated = rig.subevent(B, 0x12);
        assert_eq!(terminated[..4], [0x3C, SET, 0, 0]);
        let lasted = rig.twin.now().since(start);
        assert!((200..240).contains(&(lasted.as_us() / 1_000)), "{lasted:?}");
        // High duty cycle directed advertising has to end.
        rig.ok(B, 0x2036, &parameters(0x1D, PUBLIC, (1, 1)));
        rig.fails(B, 0x2039, &enable(0, 0), 0x12);
    }
    let mut rig = Rig::new(2);
    advertise(&mut rig, B, 0, (1, 1));
    rig.ok(A, 0x2042, &[1, 0, 30, 0, 0, 0]);
    let start = rig.twin.now();
    assert_eq!(rig.subevent(A, 0x11), [0_u8; 0]);
    assert!(rig.twin.now().since(start) <= Duration::from_ms(302));
    rig.waiting(A);
    rig.pass(SECOND);
    assert!(rig.waiting(A).is_empty(), "it scans no more");
    // 300 ms of every 1.28 s.
    rig.ok(A, 0x2042, &[1, 0, 30, 0, 1, 0]);
    rig.pass(SECOND);
    rig.waiting(A);
    rig.pass(SECOND);
    assert!(!rig.waiting(A).is_empty(), "it scans again");
}

/// A host uses one family of commands.
pub(super) fn families() {
    let mut rig = Rig::new(1);
    rig.ok(A, 0x203B, &[]);
    rig.fails(A, 0x200C, &[1, 0], 0x0C);
    rig.fails(A, 0x2007, &[], 0x0C);
    rig.ok(A, 0x0C03, &[]);
    rig.ok(A, 0x200C, &[0, 0]);
    rig.fails(A, 0x2042, &[1, 0, 0, 0, 0, 0], 0x0C);
    rig.fails(A, 0x2043, &create(&[1; 6], 1), 0x0C);
    rig.ok(A, 0x200C, &[1, 0]);
}

/// Data that a connectable set, or an interval, has no room for.
pub(super) fn too_much_data() {
    let mut rig = Rig::new(1);
    rig.ok(A, 0x2036, &parameters(CONNECTABLE, PUBLIC, (1, 1)));
    rig.ok(A, 0x2037, &data(COMPLETE, &[0; 246]));
    rig.fails(A, 0x2039, &enable(0, 0), 0x45);
    rig.ok(A, 0x2037, &data(COMPLETE, &[0; 245]));
    rig.ok(A, 0x2039, &enable(0, 0));
    rig.pass(SECOND);
    let whole = |item: &AirItem| {
        matches!(&item.decoded, Decoded::Extended { pdu, .. }
        if pdu.data.len() == 245)
    };
    assert!(air(&mut rig).iter().any(whole));
}
