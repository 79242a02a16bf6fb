//! Both roles at the same time, and several connections, with one radio.

use ble::pdu::advertising::AdvertisingPdu;
use ble::time::Duration;
use bletwin_sim::sniffer::{AirItem, Decoded};
use firmware_core::config::Config;

use super::proofs::air;
use super::rig::{A, B, PUBLIC, Rig};
use crate::twin::Port;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_device_is_central_and_peripheral_at_once() {
    let mut rig = Rig::new(3);
    let c = Port(2);
    // B is connected to from A and connects to C.
    let [_, as_peripheral] = rig.connect(A, B);
    let [as_central, _] = rig.connect(B, c);
    assert_ne!(as_peripheral, as_central);
    rig.pass(SECOND.times(20));
    for _ in 0..20 {
        rig.acl(B, as_peripheral, &[1, 0, 4, 0, 1]);
        rig.acl(B, as_central, &[1, 0, 4, 0, 2]);
        assert_eq!(rig.data(A)[4], 1);
        assert_eq!(rig.data(c)[4], 2);
    }
    for port in [A, B, c] {
        let packets = rig.waiting(port);
        assert!(packets.iter().all(|packet| packet[1] != 0x05), "a link was lost: {packets:02x?}");
    }
}

/// Whatever lies between the anchor points of two links, neither starves: both have an interval
/// of 30 ms, and give up after a second.
#[test]
fn links_of_both_roles_whose_anchor_points_collide_take_turns() {
    let mut met = 0;
    for step in 0..60 {
        let mut rig = Rig::new(3);
        let c = Port(2);
        let [_, as_peripheral] = rig.connect(A, B);
        rig.pass(Duration::from_us(500 * step));
        let [as_central, _] = rig.connect(B, c);
        air(&mut rig);
        rig.pass(SECOND.times(3));
        // Two links at an interval of 30 ms send some 400 packets in three seconds.
        met += u32::from(air(&mut rig).len() < 390);
        for _ in 0..10 {
            rig.acl(B, as_peripheral, &[&[20, 0, 4, 0][..], &[1; 20]].concat());
            rig.acl(B, as_central, &[&[20, 0, 4, 0][..], &[2; 20]].concat());
            assert_eq!(rig.data(A)[4], 1, "step {step}");
            assert_eq!(rig.data(c)[4], 2, "step {step}");
        }
        for port in [A, B, c] {
            let packets = rig.waiting(port);
            assert!(packets.iter().all(|packet| packet[1] != 0x05), "step {step}: {packets:02x?}");
        }
    }
    assert!(met > 0, "no two links have met");
}

#[test]
fn a_device_scans_and_advertises_while_it_has_links() {
    let mut rig = Rig::new(3);
    let c = Port(2);
    rig.connect(A, B);
    rig.waiting(B);
    rig.advertise(A);
    rig.advertise(c);
    for port in [A, c] {
        rig.ok(port, 0x200B, &[1, 0x20, 0, 0x20, 0, 0, 0]);
        rig.ok(port, 0x200C, &[1, 0]);
    }
    rig.pass(SECOND);
    // About 40 advertising events each; scanning without a pause hears most of them.
    for port in [A, c] {
        let reports = rig.waiting(port).iter().filter(|packet| packet[1] == 0x3E).count();
        assert!(reports > 20, "{port:?} heard {reports}");
    }
    rig.pass(SECOND.times(20));
    let packets = rig.waiting(B);
    assert!(packets.is_empty(), "the link does not suffer: {packets:02x?}");
}

#[test]
fn scanning_and_connecting_go_together() {
    let mut rig = Rig::new(3);
    let c = Port(2);
    rig.advertise(c);
    rig.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, 0, 0]);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.ok(A, 0x200D, &Rig::create(&[9; 6]));
    rig.waiting(A);
    rig.pass(SECOND);
    assert!(rig.waiting(A).iter().filter(|packet| packet[3] == 0x02).count() > 10);
    rig.ok(A, 0x200E, &[]);
    rig.subevent(A, 0x01);
    rig.connect(A, B);
}

/// Whenever the host asks for a connection while a scan request is on air or waits for its answer:
/// the end of that packet is not taken for the end of what the radio does since.
#[test]
fn a_connection_is_made_whenever_it_is_asked_for_while_scanning() {
    let scanning = || {
        let mut rig = Rig::new(2);
        let address = rig.address(B);
        rig.advertise(B);
        rig.ok(A, 0x200B, &[1, 0x10, 0, 0x10, 0, PUBLIC, 0]);
        rig.ok(A, 0x200C, &[1, 0]);
        (rig, address)
    };
    let (mut rig, _) = scanning();
    rig.pass(SECOND);
    let request = |item: &AirItem| {
        matches!(item.decoded, Decoded::Advertising(AdvertisingPdu::ScanReq { .. }))
    };
    let asked = air(&mut rig).into_iter().find(request).expect("it scans actively").at;
    for late in (0..20).chain((20..500).step_by(12)) {
        let (mut rig, address) = scanning();
        rig.twin.run_until(asked + Duration::from_us(late));
        rig.ok(A, 0x200D, &Rig::create(&address));
        assert_eq!(rig.subevent(A, 0x01)[0], 0, "{late} us after a scan request");
    }
}

#[test]
fn a_central_has_several_links() {
    let mut rig = Rig::new(4);
    let handles: Vec<[u8; 2]> = (1..4).map(|n| rig.connect(A, Port(n))[0]).collect();
    rig.pass(SECOND.times(5));
    for (number, handle) in (1_u8..).zip(handles) {
        rig.acl(A, handle, &[1, 0, 4, 0, number]);
        assert_eq!(rig.data(Port(usize::from(number)))[4], number);
    }
}

#[test]
fn firmware_answers_an_endpoint_as_it_answers_a_model() {
    let config = Config::recommended();
    let address = config.address.octets;
    let mut rig = Rig::new(1).with_peripheral(config);
    let mut create = Rig::create(&address);
    create[5] = 1;
    rig.ok(A, 0x200D, &create);
    let complete = rig.subevent(A, 0x01);
    assert_eq!(complete[..1], [0]);
    let handle = [complete[1], complete[2]];
    // Read By Group Type: the first service is Generic Attribute.
    rig.acl(A, handle, &[7, 0, 4, 0, 0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]);
    let answer = rig.data(A);
    assert_eq!(answer[4..12], [0x11, 6, 1, 0, 8, 0, 0x01, 0x18]);
}
