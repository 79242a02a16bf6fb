//! L2CAP by the titles of the SIG's L2CAP/LE cases, and by properties.

use super::fragment::Fragmenter;
use super::recombine::Recombiner;
use super::signalling::{Signal, Signalling};
use super::*;
use ble::error::PeerMisbehaved;
use ble::hci::AclBoundary::{Continuing, First};
use ble::hci::ConnectionParameters;
use ble::time::{Duration, Instant};
use proptest::prelude::*;
use std::vec::Vec;

const NOW: Instant = Instant::ZERO;
const WANTED: ConnectionParameters =
    ConnectionParameters { interval_min: 24, interval_max: 40, latency: 0, timeout: 42 };
const REQUEST: [u8; 12] = [0x12, 0x01, 8, 0, 24, 0, 40, 0, 0, 0, 42, 0];

#[test]
fn cpu_bv_01_sends_connection_parameter_update_request() {
    let mut s = Signalling::default();
    assert_eq!(s.request(NOW, WANTED).unwrap(), REQUEST);
    assert_eq!(s.request(NOW, WANTED), None, "one at a time");
    let accepted = Signal::ParametersAnswered { accepted: true };
    assert_eq!(s.received(NOW, &[0x13, 1, 2, 0, 0, 0]), accepted);
    let later = NOW + Duration::from_secs(30);
    assert_eq!(s.request(later.before(Duration::from_us(1)), WANTED), None, "GAP-PAR-1");
    assert_eq!(s.request(later, WANTED).unwrap()[1], 2, "a new identifier");
}

#[test]
fn a_refusal_or_reject_ends_the_request() {
    for answer in [&[0x13, 1, 2, 0, 1, 0][..], &[0x01, 1, 2, 0, 0, 0], &[0x13, 1, 0, 0]] {
        let mut s = Signalling::default();
        s.request(NOW, WANTED).unwrap();
        assert_eq!(
            s.received(NOW, &[0x13, 9, 2, 0, 0, 0]),
            Signal::Ignored,
            "of another identifier"
        );
        assert_eq!(s.received(NOW, answer), Signal::ParametersAnswered { accepted: false });
    }
}

#[test]
fn cpu_bi_02_a_peripheral_rejects_the_request() {
    let mut s = Signalling::default();
    let answer = answered(&[0x01, 0x01, 2, 0, 0, 0]);
    assert_eq!(s.received(NOW, &REQUEST), answer);
}

#[test]
fn rej_bi_01_and_02_unknown_and_reserved_codes_are_rejected() {
    for code in [0x00, 0x14, 0x16, 0x17, 0x19, 0x42, 0xFF] {
        let mut s = Signalling::default();
        assert_eq!(
            s.received(NOW, &[code, 7, 0, 0]),
            answered(&[0x01, 7, 2, 0, 0, 0]),
            "{code:#x}"
        );
    }
}

#[test]
fn too_long_a_packet_is_rejected_with_the_mtu() {
    let mut long = [0; 24];
    long[..4].copy_from_slice(&[0x12, 3, 20, 0]);
    assert_eq!(Signalling::default().received(NOW, &long), answered(&[1, 3, 4, 0, 1, 0, 23, 0]));
}

#[test]
fn identifier_zero_and_stray_responses_are_ignored() {
    for packet in [&[0x12, 0, 0, 0][..], &[0x13, 1, 2, 0, 0, 0], &[0x01, 1, 2, 0, 0, 0], &[0x12]] {
        assert_eq!(Signalling::default().received(NOW, packet), Signal::Ignored);
    }
}

fn answered(octets: &[u8]) -> Signal {
    Signal::Answer(heapless::Vec::from_slice(octets).unwrap())
}

#[test]
fn bad_framing_is_one_sin_and_the_next_frame_survives() {
    let bad = Err(PeerMisbehaved::BadL2capFraming);
    let good = [1, 0, 4, 0, 0x42];
    let mut r = Recombiner::default();
    assert_eq!(r.fragment(Continuing, &[1]), bad, "nothing to continue");
    assert_eq!(r.fragment(Continuing, &[1]), Ok(None), "reported once");
    assert_eq!(r.fragment(First, &good).unwrap().unwrap(), good);
    assert_eq!(r.fragment(First, &[1, 0, 4, 0, 1, 2]), bad, "longer than announced");
    assert_eq!(r.fragment(First, &good[..2]), Ok(None));
    assert_eq!(r.fragment(First, &good[..4]), bad, "the one before never ended");
    assert_eq!(r.fragment(Continuing, &good[4..]).unwrap().unwrap(), good);
    assert_eq!(r.fragment(First, &[0xF8, 0, 4, 0]), bad, "beyond the MTU");
    assert_eq!(r.fragment(Continuing, &[0; 27]), Ok(None));
    assert_eq!(r.fragment(First, &[0, 0, 4, 0]).unwrap().unwrap(), [0, 0, 4, 0]);
}

proptest! {
    #[test]
    fn fragments_recombine(
        payload in proptest::collection::vec(any::<u8>(), 0..=MTU),
        limit in 1_usize..300,
    ) {
        let mut down = Fragmenter::default();
        let whole = frame(CID_ATT, &payload).unwrap();
        down.push(whole.clone()).unwrap();
        let mut up = Recombiner::default();
        let mut done = Vec::new();
        while let Some((boundary, data)) = down.next(limit) {
            prop_assert!(data.len() <= limit);
            done.extend(up.fragment(boundary, &data).unwrap());
        }
        prop_assert_eq!(&done, &[whole]);
        prop_assert_eq!(split(&done[0]), Some((CID_ATT, &payload[..])));
    }

    #[test]
    fn any_fragments_do_no_harm(
        fragments in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(0_u8..6, 0..40)), 0..20),
    ) {
        let mut up = Recombiner::default();
        for (first, data) in fragments {
            if let Ok(Some(frame)) = up.fragment(if first { First } else { Continuing }, &data) {
                let (_, payload) = split(&frame).unwrap();
                let announced = u16::from_le_bytes([frame[0], frame[1]]);
                prop_assert_eq!(usize::from(announced), payload.len());
            }
        }
    }

    #[test]
    fn any_signalling_is_answered_at_most_once(
        packet in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        if let Signal::Answer(answer) = Signalling::default().received(NOW, &packet) {
            prop_assert_eq!((answer[0], answer[1]), (COMMAND_REJECT, packet[1]));
        }
    }
}

const COMMAND_REJECT: u8 = 1;
