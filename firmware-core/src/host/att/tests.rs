//! ATT by the titles of the SIG's GATT/SR cases, against a table made for it; then properties.

use super::*;
use crate::host::gatt::{Access, Attribute, CHARACTERISTIC, Database, PRIMARY_SERVICE, Scratch};
use crate::host::gatt::{Uuid, VALUE_MAX};
use ble::time::Instant;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const OPEN: Access = Access::Level(1);
static LONG: [u8; 60] = {
    let mut value = [0; 60];
    let mut n = 0;
    while n < 60 {
        value[n] = n as u8;
        n += 1;
    }
    value
};

static ATTRIBUTES: [Attribute; 9] = [
    Attribute::constant(PRIMARY_SERVICE, &[0xAA, 0x18]),
    Attribute::constant(CHARACTERISTIC, &[0x0A, 3, 0, 1, 0x2A]),
    Attribute::variable(Uuid::short(0x2A01), OPEN, OPEN),
    Attribute::constant(Uuid::short(0x2A02), &LONG),
    Attribute::variable(Uuid::short(0x2A03), Access::Never, Access::Never),
    Attribute::variable(Uuid::short(0x2A04), Access::Level(2), Access::Level(2)),
    Attribute::variable(Uuid::short(0x2A04), Access::Level(3), Access::Level(3)),
    Attribute::variable(Uuid::short(0x2A05), Access::Demanded, Access::Demanded),
    Attribute::constant(Uuid::Long([9; 16]), &[7]),
];

/// A value at handle 3 and one at 8 that may be written in parts.
#[derive(Default)]
struct Store {
    value: Scratch,
    other: Scratch,
}

impl Database for Store {
    fn attributes(&self) -> &'static [Attribute] {
        &ATTRIBUTES
    }

    fn demanded_level(&self) -> u8 {
        4
    }

    fn read(&mut self, handle: u16, value: &mut Scratch) -> Result<(), AttError> {
        let kept = if handle == 3 { &self.value } else { &self.other };
        value.extend_from_slice(kept).unwrap();
        Ok(())
    }

    fn write(&mut self, handle: u16, offset: u16, value: &[u8]) -> Result<(), AttError> {
        let kept = if handle == 3 { &mut self.value } else { &mut self.other };
        let offset = usize::from(offset);
        if offset > kept.len() {
            return Err(AttError::INVALID_OFFSET);
        }
        if offset + value.len() > 40 {
            return Err(AttError::INVALID_LENGTH);
        }
        kept.truncate(offset);
        kept.extend_from_slice(value).unwrap();
        Ok(())
    }
}

const PLAIN: Security = Security { level: 1, key_size: 0, has_key: false, settled: true };
const LEVEL_4: Security = Security { level: 4, key_size: 16, has_key: true, settled: true };

struct Client {
    bearer: Bearer,
    store: Store,
    security: Security,
}

fn client() -> Client {
    Client { bearer: Bearer::default(), store: Store::default(), security: PLAIN }
}

impl Client {
    fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        let answer = self.bearer.received(&mut self.store, self.security, pdu).unwrap();
        answer.expect("a response").to_vec()
    }

    fn refused(&mut self, pdu: &[u8], handle: u8, error: u8) {
        assert_eq!(self.ask(pdu), [1, pdu[0], handle, 0, error], "to {pdu:02x?}");
    }
}

#[test]
fn gac_bv_01_mtu_is_the_smaller_one() {
    // ATT-MTU-4: one ATT_MTU for client and server.
    for (theirs, ours) in [(23_u16, 23), (65, 65), (247, 247), (517, 247), (0xFFFF, 247)] {
        let mut c = client();
        let [low, high] = theirs.to_le_bytes();
        assert_eq!(c.ask(&[2, low, high]), [3, 247, 0]);
        assert_eq!(c.bearer.mtu(), ours);
    }
    client().refused(&[2, 22, 0], 0, 0x04);
    client().refused(&[2, 23], 0, 0x04);
}

#[test]
fn gar_bv_01_to_08_reads() {
    let mut c = client();
    c.store.value.extend_from_slice(&[0x11, 0x22]).unwrap();
    assert_eq!(c.ask(&[0x0A, 3, 0]), [0x0B, 0x11, 0x22]);
    assert_eq!(c.ask(&[0x0A, 4, 0]), [&[0x0B], &LONG[..22]].concat(), "cut to ATT_MTU - 1");
    assert_eq!(c.ask(&[0x0C, 4, 0, 22, 0]), [&[0x0D], &LONG[22..44]].concat());
    assert_eq!(c.ask(&[0x0C, 4, 0, 44, 0]), [&[0x0D], &LONG[44..]].concat());
    assert_eq!(c.ask(&[0x0C, 4, 0, 60, 0]), [0x0D], "behind the end");
    assert_eq!(c.ask(&[0x08, 1, 0, 9, 0, 1, 0x2A]), [9, 4, 3, 0, 0x11, 0x22]);
    assert_eq!(c.ask(&[0x0E, 3, 0, 9, 0]), [0x0F, 0x11, 0x22, 7]);
    assert_eq!(c.ask(&[0x20, 3, 0, 9, 0]), [0x21, 2, 0, 0x11, 0x22, 1, 0, 7]);
    let cut = [&[0x21, 60, 0], &LONG[..20]].concat();
    assert_eq!(c.ask(&[0x20, 4, 0, 9, 0]), cut, "the length is the whole value's");
    let long = [&[9, 21, 4, 0], &LONG[..19]].concat();
    assert_eq!(c.ask(&[0x08, 1, 0, 9, 0, 2, 0x2A]), long, "cut to ATT_MTU - 4");
}

#[test]
fn gar_bi_read_errors() {
    // ATT-ERR-1: which handle an error names.
    // ATT-HAND-1: handles that are not there.
    // ATT-SEC-1: which error a lack of security gets.
    let mut c = client();
    c.refused(&[0x0A, 5, 0], 5, 0x02); // BI-01
    c.refused(&[0x0A, 10, 0], 10, 0x01); // BI-02
    c.refused(&[0x0A, 0, 0], 0, 0x01);
    c.refused(&[0x0A, 8, 0], 8, 0x05); // BI-04
    c.refused(&[0x08, 1, 0, 9, 0, 3, 0x2A], 5, 0x02); // BI-06
    c.refused(&[0x08, 1, 0, 9, 0, 0x77, 0x2A], 1, 0x0A); // BI-07
    c.refused(&[0x08, 2, 0, 1, 0, 3, 0x2A], 2, 0x01); // BI-08
    c.refused(&[0x08, 0, 0, 1, 0, 3, 0x2A], 0, 0x01);
    c.refused(&[0x08, 1, 0, 9, 0, 4, 0x2A], 6, 0x05); // BI-10
    c.refused(&[0x0C, 5, 0, 0, 0], 5, 0x02); // BI-12
    c.refused(&[0x0C, 4, 0, 61, 0], 4, 0x07); // BI-13
    c.refused(&[0x0C, 10, 0, 0, 0], 10, 0x01); // BI-14
    c.refused(&[0x0C, 8, 0, 0, 0], 8, 0x05); // BI-16
    c.refused(&[0x0E, 3, 0, 5, 0], 5, 0x02); // BI-18
    c.refused(&[0x0E, 3, 0, 10, 0], 10, 0x01); // BI-19
    c.refused(&[0x0E, 3, 0, 8, 0], 8, 0x05); // BI-21
    c.refused(&[0x20, 3, 0, 5, 0], 5, 0x02); // BI-45
    c.security = Security { level: 3, key_size: 10, has_key: true, settled: true };
    for pdu in [&[0x0A, 8, 0][..], &[0x0C, 8, 0, 0, 0], &[0x08, 8, 0, 9, 0, 5, 0x2A]] {
        c.refused(pdu, 8, 0x0C); // BI-05, BI-17, BI-11
    }
    c.refused(&[0x0E, 3, 0, 8, 0], 8, 0x0C); // BI-22
}

#[test]
fn read_by_type_gives_what_comes_before_a_forbidden_one() {
    let mut c = client();
    c.security = Security { level: 2, key_size: 16, has_key: true, settled: true };
    assert_eq!(c.ask(&[0x08, 1, 0, 9, 0, 4, 0x2A]), [9, 2, 6, 0]);
    c.refused(&[0x08, 7, 0, 9, 0, 4, 0x2A], 7, 0x05);
}

#[test]
fn permissions_are_those_of_the_table() {
    // (level, key size, has key) → error for attributes that need level 2, 3, 4.
    let cases = [
        ((1, 0, false), [0x05, 0x05, 0x05]),
        ((1, 0, true), [0x0F, 0x0F, 0x0F]),
        ((2, 16, true), [0, 0x05, 0x05]),
        ((3, 16, true), [0, 0, 0x05]),
        ((3, 15, true), [0, 0, 0x0C]),
        ((4, 16, true), [0, 0, 0]),
    ];
    for ((level, key_size, has_key), errors) in cases {
        for (handle, error) in (6_u8..).zip(errors) {
            let mut c = client();
            c.security = Security { level, key_size, has_key, settled: true };
            for pdu in [&[0x0A, handle, 0][..], &[0x12, handle, 0], &[0x16, handle, 0, 0, 0]] {
                if error == 0 {
                    assert_eq!(c.ask(pdu)[0], pdu[0] + 1);
                } else {
                    c.refused(pdu, handle, error);
                }
            }
        }
    }
}

#[test]
fn gaw_bv_01_and_03_writes() {
    let mut c = client();
    assert_eq!(c.ask(&[0x12, 3, 0, 5, 6]), [0x13]);
    assert_eq!(c.store.value, [5, 6]);
    let quiet = c.bearer.received(&mut c.store, PLAIN, &[0x52, 3, 0, 9]).unwrap();
    assert_eq!((quiet, &c.store.value[..]), (None, &[9][..]));
    for refused in [&[0x52, 8, 0, 1][..], &[0x52, 99, 0, 1], &[0x52]] {
        assert_eq!(c.bearer.received(&mut c.store, PLAIN, refused).unwrap(), None);
    }
}

#[test]
fn gaw_bi_write_errors() {
    let mut c = client();
    c.refused(&[0x12, 10, 0, 1], 10, 0x01); // BI-02
    c.refused(&[0x12, 2, 0, 1], 2, 0x03); // BI-03
    c.refused(&[0x12, 5, 0, 1], 5, 0x03);
    c.refused(&[0x12, 8, 0, 1], 8, 0x05); // BI-05
    c.refused(&[0x16, 10, 0, 0, 0, 1], 10, 0x01); // BI-07
    c.refused(&[0x16, 2, 0, 0, 0, 1], 2, 0x03); // BI-08
    c.refused(&[0x16, 8, 0, 0, 0, 1], 8, 0x05); // BI-12
    c.security = Security { level: 3, key_size: 7, has_key: true, settled: true };
    c.refused(&[0x12, 8, 0, 1], 8, 0x0C); // BI-06
    c.refused(&[0x16, 8, 0, 0, 0, 1], 8, 0x0C); // BI-13
}

#[test]
fn gaw_bi_09_and_33_offset_and_length_are_judged_on_execution() {
    // ATT-VAL-1: 512 octets. These have 40.
    let mut c = client();
    assert_eq!(c.ask(&[0x16, 3, 0, 1, 0, 1]), [0x17, 3, 0, 1, 0, 1]);
    c.refused(&[0x18, 1], 3, 0x07);
    assert_eq!(c.ask(&[0x18, 1]), [0x19], "the queue was emptied");
    let part = [&[0x16, 3, 0, 0, 0][..], &[1; 18]].concat();
    assert_eq!(c.ask(&part).len(), 23);
    for offset in [18, 36] {
        let part = [&[0x16, 3, 0, offset, 0][..], &[1; 18]].concat();
        assert_eq!(c.ask(&part)[1..], part[1..]);
    }
    c.refused(&[0x18, 1], 3, 0x0D);
    assert!(c.store.value.is_empty(), "not written in part");
}

#[test]
fn gaw_bv_05_to_11_queued_writes() {
    // ATT-PREP-2: a prepared write is repeated.
    let mut c = client();
    c.security = LEVEL_4;
    c.ask(&[0x16, 3, 0, 0, 0, 1, 2]);
    c.ask(&[0x16, 3, 0, 2, 0, 3]);
    assert!(c.store.value.is_empty(), "nothing before Execute");
    assert_eq!(c.ask(&[0x18, 1]), [0x19]);
    assert_eq!(c.store.value, [1, 2, 3]); // BV-05
    c.ask(&[0x16, 3, 0, 0, 0, 9]);
    assert_eq!(c.ask(&[0x18, 0]), [0x19]); // BV-07
    assert_eq!(c.ask(&[0x18, 1]), [0x19]); // BV-11
    assert_eq!(c.store.value, [1, 2, 3]);
    // BV-10: two values, their parts interleaved.
    for pdu in [[0x16, 3, 0, 0, 0, 7], [0x16, 8, 0, 0, 0, 4], [0x16, 3, 0, 1, 0, 8]] {
        assert_eq!(c.ask(&pdu)[1..], pdu[1..]);
    }
    assert_eq!(c.ask(&[0x18, 1]), [0x19]);
    assert_eq!((&c.store.value[..], &c.store.other[..]), (&[7, 8][..], &[4][..]));
    c.refused(&[0x18, 2], 0, 0x04);
}

#[test]
fn the_queue_is_bounded() {
    // ATT-PREP-1: prepared writes.
    let mut c = client();
    for _ in 0..prepared::WRITES {
        c.ask(&[0x16, 3, 0, 0, 0, 1]);
    }
    c.refused(&[0x16, 3, 0, 0, 0, 1], 3, 0x09);
    c.ask(&[0x18, 0]);
    let big = [&[0x16, 3, 0, 0, 0][..], &[1; 18]].concat();
    let taken = (0..8).take_while(|_| c.ask(&big)[0] == 0x17).count();
    assert_eq!(taken, prepared::OCTETS / 18);
}

#[test]
fn gai_bv_01_one_indication_at_a_time() {
    // ATT-SEQ-2: one indication at a time. ATT-TIME-1: 30 seconds.
    let mut c = client();
    let now = Instant::from_us(5);
    assert_eq!(c.bearer.indication(now, 3, &[1]).unwrap(), [0x1D, 3, 0, 1]);
    assert_eq!(c.bearer.indication(now, 3, &[1]), None);
    assert_eq!(c.bearer.deadline(), Some(Instant::from_us(30_000_005)));
    assert_eq!(c.bearer.received(&mut c.store, PLAIN, &[0x1E]).unwrap(), None);
    assert_eq!(c.bearer.deadline(), None);
    assert!(c.bearer.indication(now, 3, &[1]).is_some());
}

#[test]
fn gan_bv_01_notifications_are_cut() {
    assert_eq!(client().bearer.notification(0x12, &[1]), [0x1B, 0x12, 0, 1]);
    assert_eq!(client().bearer.notification(0x12, &[1; 40]).len(), 23);
}

#[test]
fn uns_bi_01_unknown_requests_are_refused() {
    // ATT-PDU-3: unsupported requests.
    for code in [0x00, 0x14, 0x15, 0x1A, 0x1F, 0x22, 0x3F, 0x80, 0xBF] {
        client().refused(&[code, 1], 0, 0x06);
    }
}

#[test]
fn uns_bi_02_unknown_commands_and_stray_responses_are_ignored() {
    for code in [0x40, 0x7F, 0xC0, 0xD2, 0xFF, 0x01, 0x0B, 0x13, 0x1B, 0x1E, 0x23] {
        let mut c = client();
        assert_eq!(
            c.bearer.received(&mut c.store, PLAIN, &[code, 1, 2, 3]).unwrap(),
            None,
            "{code:#x}"
        );
    }
    let mut c = client();
    let answer = c.bearer.received(&mut c.store, PLAIN, &[0x1D, 1, 0, 3]).unwrap();
    assert_eq!(answer.unwrap(), [0x1E]);
}

#[test]
fn group_types_other_than_services_are_refused() {
    client().refused(&[0x10, 1, 0, 9, 0, 0x03, 0x28], 1, 0x10);
}

#[test]
fn a_request_longer_than_the_mtu_is_malformed() {
    // ATT-PDU-2: invalid requests.
    client().refused(&[&[0x12, 3, 0][..], &[0; 21]].concat(), 0, 0x04);
}

#[test]
fn the_whole_table_is_found_by_find_information() {
    // ATT-LIST-1: lists of handles. ATT-ERR-2: errors that discovery does not get.
    let mut c = client();
    let answer = c.ask(&[0x04, 1, 0, 0xFF, 0xFF]);
    assert_eq!(answer[..6], [0x05, 1, 1, 0, 0x00, 0x28]);
    assert_eq!(answer.len(), 22, "five entries of four octets");
    assert_eq!(c.ask(&[0x04, 9, 0, 0xFF, 0xFF])[..4], [0x05, 2, 9, 0]);
    c.refused(&[0x04, 10, 0, 0xFF, 0xFF], 10, 0x0A);
}

proptest! {
    /// For any octets of a client: no panic, never beyond ATT_MTU, requests answered, others not.
    #[test]
    fn any_octets_do_no_harm(
        pdus in proptest::collection::vec((
            prop_oneof![Just(0x02_u8), Just(0x04), Just(0x06), Just(0x08), Just(0x0A), Just(0x0C),
                Just(0x0E), Just(0x10), Just(0x12), Just(0x16), Just(0x18), Just(0x20),
                any::<u8>()],
            proptest::collection::vec(prop_oneof![0_u8..12, any::<u8>()], 0..60),
        ), 1..30),
        level in 1_u8..=4,
    ) {
        let mut c = client();
        c.security = Security { level, key_size: 16, has_key: true, settled: true };
        for (code, body) in pdus {
            let pdu = [&[code][..], &body].concat();
            let mtu = usize::from(c.bearer.mtu());
            let answer = c.bearer.received(&mut c.store, c.security, &pdu).unwrap();
            if let Some(answer) = &answer {
                prop_assert!(answer.len() <= mtu && !answer.is_empty());
                prop_assert!(answer[0] == code + 1 || answer[..2] == [1, code]);
            }
            if code & 0x41 == 0 && code != 0x1E {
                prop_assert!(answer.is_some(), "a request without a response: {:02x?}", pdu);
            }
        }
        prop_assert!(c.store.value.len() <= VALUE_MAX);
    }
}
