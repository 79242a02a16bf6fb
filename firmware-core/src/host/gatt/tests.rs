//! The device's table, and the Database Hash of the specification's example.

use super::table::handle;
use super::*;
use crate::application::{Application, Request};
use crate::host::att::{Bearer, Security};
use crate::led_button::{BUTTON_HANDLE, LED_HANDLE, LedButton, SERVICE};
use ble::hci::{ConnectionParameters, Handle};
use ble::time::Instant;
use std::vec::Vec;

/// The example database of Vol 3, Part G, Appendix B.
static EXAMPLE: [Attribute; 22] = [
    Attribute::constant(PRIMARY_SERVICE, &[0x00, 0x18]),
    Attribute::constant(CHARACTERISTIC, &[0x0A, 0x03, 0x00, 0x00, 0x2A]),
    Attribute::constant(Uuid::short(0x2A00), b"name"),
    Attribute::constant(CHARACTERISTIC, &[0x02, 0x05, 0x00, 0x01, 0x2A]),
    Attribute::constant(Uuid::short(0x2A01), &[0, 0]),
    Attribute::constant(PRIMARY_SERVICE, &[0x01, 0x18]),
    Attribute::constant(CHARACTERISTIC, &[0x20, 0x08, 0x00, 0x05, 0x2A]),
    Attribute::constant(Uuid::short(0x2A05), &[]),
    Attribute::constant(CLIENT_CONFIGURATION, &[0, 0]),
    Attribute::constant(CHARACTERISTIC, &[0x0A, 0x0B, 0x00, 0x29, 0x2B]),
    Attribute::constant(Uuid::short(0x2B29), &[0]),
    Attribute::constant(CHARACTERISTIC, &[0x02, 0x0D, 0x00, 0x2A, 0x2B]),
    Attribute::constant(Uuid::short(0x2B2A), &[]),
    Attribute::constant(PRIMARY_SERVICE, &[0x08, 0x18]),
    Attribute::constant(INCLUDE, &[0x14, 0x00, 0x16, 0x00, 0x0F, 0x18]),
    Attribute::constant(CHARACTERISTIC, &[0xA2, 0x11, 0x00, 0x18, 0x2A]),
    Attribute::constant(Uuid::short(0x2A18), &[]),
    Attribute::constant(CLIENT_CONFIGURATION, &[0, 0]),
    Attribute::constant(EXTENDED_PROPERTIES, &[0, 0]),
    Attribute::constant(SECONDARY_SERVICE, &[0x0F, 0x18]),
    Attribute::constant(CHARACTERISTIC, &[0x02, 0x16, 0x00, 0x19, 0x2A]),
    Attribute::constant(Uuid::short(0x2A19), &[0]),
];

#[test]
fn gas_bv_02_database_hash_of_the_example() {
    // GATT-HASH-1: database hash.
    let mut hash = hash::database_hash(&EXAMPLE);
    hash.reverse();
    assert_eq!(hash, 0xF1CA_2D48_ECF5_8BAC_8A88_30BB_B9FB_A990_u128.to_be_bytes());
}

#[test]
fn handles_are_those_of_the_case() {
    // GATT-SVC-1: one Generic Attribute and one Generic Access service.
    // GATT-DECL-3: one configuration where there is something to configure.
    let kinds: Vec<_> =
        LedButton::GATT.attributes.iter().map(|a| a.kind.octets().to_vec()).collect();
    let at = |h: u16| Uuid::parse(&kinds[usize::from(h) - 1]).unwrap();
    assert_eq!(at(handle::SERVICE_CHANGED), Uuid::short(0x2A05));
    assert_eq!(at(handle::CLIENT_FEATURES), Uuid::short(0x2B29));
    assert_eq!(at(handle::DATABASE_HASH), Uuid::short(0x2B2A));
    assert_eq!(at(0x000B), Uuid::short(0x2A00));
    assert_eq!(at(0x000D), Uuid::short(0x2A01));
    assert_eq!(at(handle::PREFERRED_PARAMETERS), Uuid::short(0x2A04));
    assert_eq!((BUTTON_HANDLE, LED_HANDLE), (0x0012, 0x0015));
    let services = (1..).zip(LedButton::GATT.attributes).filter(|(_, a)| a.is_service());
    assert_eq!(services.map(|(h, _)| h).collect::<Vec<_>>(), [0x0001, 0x0009, 0x0010]);
    for (h, last) in [(0x0013, 0x2902), (0x0004, 0x2902)] {
        assert_eq!(at(h), Uuid::short(last));
    }
    assert_eq!(LedButton::GATT.attributes.len(), 0x15);
}

#[test]
fn each_declaration_names_the_next_attribute() {
    // GATT-DECL-2: characteristic declarations.
    for (handle, a) in (1_u16..).zip(LedButton::GATT.attributes) {
        let (CHARACTERISTIC, Some(value)) = (a.kind, a.constant_value()) else { continue };
        assert_eq!(u16::from_le_bytes([value[1], value[2]]), handle + 1);
        assert_eq!(
            Uuid::parse(&value[3..]).unwrap(),
            LedButton::GATT.attributes[usize::from(handle)].kind
        );
    }
}

#[test]
fn uuids_have_one_form() {
    let mut long = [0; 16];
    long[..12].copy_from_slice(&[0xFB, 0x34, 0x9B, 0x5F, 0x80, 0, 0, 0x80, 0, 0x10, 0, 0]);
    long[12..14].copy_from_slice(&[0x03, 0x28]);
    assert_eq!(Uuid::parse(&long), Some(CHARACTERISTIC));
    long[15] = 1;
    assert_eq!(Uuid::parse(&long), Some(Uuid::Long(long)));
    assert_eq!(Uuid::parse(&[1, 2, 3]), None);
}

fn values() -> Values {
    Values {
        preferred: ConnectionParameters {
            interval_min: 24,
            interval_max: 40,
            latency: 0,
            timeout: 42,
        },
        demanded_level: 4,
        hash: hash::database_hash(LedButton::GATT.attributes),
    }
}

/// A client that talks to the device's own table.
struct Peer {
    bearer: Bearer,
    application: LedButton,
    values: Values,
    client: Client,
    security: Security,
}

impl Peer {
    fn new() -> Self {
        let security = Security { level: 1, key_size: 0, has_key: false, settled: true };
        Self {
            bearer: Bearer::default(),
            application: LedButton::default(),
            values: values(),
            client: Client::default(),
            security,
        }
    }

    fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        let request = Request { connection: Handle(0), number: 0 };
        let now = Instant::ZERO;
        let mut view =
            GattView::new(now, &mut self.application, &self.values, &mut self.client, request);
        self.bearer.received(&mut view, self.security, pdu).unwrap().unwrap_or_default().to_vec()
    }
}

#[test]
fn gad_bv_01_all_primary_services() {
    // GATT-DECL-1: service declarations. ATT-LIST-2: groups of handles.
    let mut peer = Peer::new();
    let first = [0x11, 6, 1, 0, 8, 0, 1, 0x18, 9, 0, 0x0F, 0, 0, 0x18];
    assert_eq!(peer.ask(&[0x10, 1, 0, 0xFF, 0xFF, 0, 0x28]), first);
    let mut second = Vec::from([0x11, 20, 0x10, 0, 0x15, 0]);
    second.extend(SERVICE.octets());
    assert_eq!(peer.ask(&[0x10, 0x10, 0, 0xFF, 0xFF, 0, 0x28]), second);
    let end = [0x01, 0x10, 0x16, 0, 0x0A];
    assert_eq!(peer.ask(&[0x10, 0x16, 0, 0xFF, 0xFF, 0, 0x28]), end);
}

#[test]
fn gad_bv_02_primary_service_by_uuid() {
    let mut request = Vec::from([0x06, 1, 0, 0xFF, 0xFF, 0, 0x28]);
    request.extend(SERVICE.octets());
    assert_eq!(Peer::new().ask(&request), [0x07, 0x10, 0, 0x15, 0]);
    let gap = [0x06, 1, 0, 0xFF, 0xFF, 0, 0x28, 0, 0x18];
    assert_eq!(Peer::new().ask(&gap), [0x07, 9, 0, 0x0F, 0]);
    let none = [0x06, 1, 0, 0xFF, 0xFF, 0, 0x28, 0x0D, 0x18];
    assert_eq!(Peer::new().ask(&none), [0x01, 0x06, 1, 0, 0x0A]);
}

/// What a phone does: all characteristics, each request starting behind the last answer.
#[test]
fn gad_bv_04_and_06_discovery_finds_the_handle_list() {
    // GATT-DISC-2: declarations are open to everybody. GATT-OWN-1: properties of the GATT Service.
    let mut peer = Peer::new();
    let mut found = Vec::new();
    let mut start = 1_u16;
    loop {
        let [low, high] = start.to_le_bytes();
        let answer = peer.ask(&[0x08, low, high, 0xFF, 0xFF, 0x03, 0x28]);
        if answer[0] == 0x01 {
            assert_eq!(answer, [0x01, 0x08, low, high, 0x0A]);
            break;
        }
        for entry in answer[2..].chunks(usize::from(answer[1])) {
            start = u16::from_le_bytes([entry[0], entry[1]]) + 1;
            found.push((start - 1, entry[2], u16::from_le_bytes([entry[3], entry[4]])));
        }
    }
    let expected = [
        (0x02, 0x20, 0x03),
        (0x05, 0x0A, 0x06),
        (0x07, 0x02, 0x08),
        (0x0A, 0x02, 0x0B),
        (0x0C, 0x02, 0x0D),
        (0x0E, 0x02, 0x0F),
        (0x11, 0x12, 0x12),
        (0x14, 0x08, 0x15),
    ];
    assert_eq!(found, expected);
    // Descriptors: what lies between a value and the next declaration.
    assert_eq!(peer.ask(&[0x04, 0x13, 0, 0x13, 0]), [0x05, 1, 0x13, 0, 0x02, 0x29]);
    assert_eq!(peer.ask(&[0x04, 0x04, 0, 0x04, 0]), [0x05, 1, 0x04, 0, 0x02, 0x29]);
}

#[test]
fn gad_bv_03_there_are_no_included_services() {
    let answer = Peer::new().ask(&[0x08, 1, 0, 0xFF, 0xFF, 0x02, 0x28]);
    assert_eq!(answer, [0x01, 0x08, 1, 0, 0x0A]);
}

#[test]
fn gap_gat_bv_04_preferred_parameters() {
    // GAP-NAME-1: values of the GAP Service.
    assert_eq!(Peer::new().ask(&[0x0A, 0x0F, 0]), [0x0B, 24, 0, 40, 0, 0, 0, 42, 0]);
}

#[test]
fn gap_idle_namp_bv_02_device_name() {
    let answer = Peer::new().ask(&[0x08, 1, 0, 0xFF, 0xFF, 0, 0x2A]);
    assert_eq!(answer, [&[0x09, 12, 0x0B, 0][..], b"Nordic_LBS"].concat());
}

#[test]
fn led_takes_one_octet_zero_or_one_on_the_demanded_level() {
    let mut peer = Peer::new();
    let refused = |error| [0x01, 0x12, 0x15, 0, error];
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1]), refused(0x05));
    peer.security.has_key = true;
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1]), refused(0x0F));
    peer.security = Security { level: 3, key_size: 16, has_key: true, settled: true };
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1]), refused(0x05));
    peer.security.key_size = 7;
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1]), refused(0x0C));
    assert!(!peer.application.led());
    peer.security = Security { level: 4, key_size: 16, has_key: true, settled: true };
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 2]), refused(0x13));
    assert_eq!(peer.ask(&[0x12, 0x15, 0]), refused(0x0D));
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1, 1]), refused(0x0D));
    assert_eq!(peer.ask(&[0x16, 0x15, 0, 1, 0, 1]), [0x17, 0x15, 0, 1, 0, 1]);
    assert_eq!(peer.ask(&[0x18, 1]), [0x01, 0x18, 0x15, 0, 0x07]);
    assert_eq!(peer.ask(&[0x12, 0x15, 0, 1]), [0x13]);
    assert!(peer.application.led());
    assert_eq!(peer.ask(&[0x0A, 0x15, 0]), [0x01, 0x0A, 0x15, 0, 0x02]);
}

#[test]
fn gas_bv_03_client_features_are_never_taken_back() {
    // GATT-FEAT-1: client features stay set.
    let mut peer = Peer::new();
    assert_eq!(peer.ask(&[0x12, 6, 0, 0x01]), [0x13]);
    assert_eq!(peer.ask(&[0x12, 6, 0, 0x04]), [0x01, 0x12, 6, 0, 0x13]);
    assert_eq!(peer.ask(&[0x12, 6, 0, 0x05]), [0x13]);
    assert_eq!(peer.ask(&[0x0A, 6, 0]), [0x0B, 0x05]);
}

#[test]
fn gaw_bv_08_configurations() {
    // GATT-CCCD-3: a configuration has two octets. GATT-PROP-1: what a characteristic permits.
    let mut peer = Peer::new();
    assert_eq!(peer.ask(&[0x12, 0x13, 0, 1, 0]), [0x13]);
    assert_eq!(peer.ask(&[0x0A, 0x13, 0]), [0x0B, 1, 0]);
    assert_eq!(peer.ask(&[0x12, 0x13, 0, 2, 0]), [0x01, 0x12, 0x13, 0, 0xFD]);
    assert_eq!(peer.ask(&[0x12, 0x04, 0, 2, 0]), [0x13]);
    assert_eq!(peer.ask(&[0x12, 0x13, 0, 1]), [0x01, 0x12, 0x13, 0, 0x0D]);
    assert_eq!(peer.client, Client::from_bits(peer.client.to_bits(), &LedButton::GATT));
    let button = LedButton::GATT.configuration(BUTTON_HANDLE).unwrap();
    assert!(peer.client.wants_notifications(button));
    assert_eq!(peer.client.to_bits(), 0x0003, "as bonds have always kept it");
}
