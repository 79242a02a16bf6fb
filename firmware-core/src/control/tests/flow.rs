//! ACL data: fragments, credits, and the limits of a PHY update.

use std::vec::Vec;

use super::phy::{REQ_2M, SET_2M};
use super::script::{HANDLE, LINK, Script};
use ble::hci::{Acl, AclBoundary, AclData, Command, Event};
use ble::pdu::control::{ControlPdu, DataLength};
use ble::pdu::data::Llid;
use ble::phy::PhySet;
use ble::trace::Trace;

fn acl(length: usize, boundary: AclBoundary) -> Acl {
    let octets: Vec<u8> = (0..length).map(|n| u8::try_from(n).unwrap()).collect();
    Acl { handle: HANDLE, boundary, data: AclData::from_slice(&octets).unwrap() }
}

fn lengths(s: &Script) -> Vec<(Llid, usize)> {
    s.data.iter().map(|(llid, octets)| (*llid, octets.len())).collect()
}

const COMPLETED: Event = Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 };

#[test]
fn long_packets_are_cut_and_their_order_kept() {
    let mut s = Script::new();
    s.acl(acl(100, AclBoundary::First));
    s.acl(acl(5, AclBoundary::Continuing));
    for _ in 0..4 {
        s.event(&[]);
    }
    let continuation = Llid::Continuation;
    let expected = [(Llid::Start, 27), (continuation, 27), (continuation, 27), (continuation, 19)];
    assert_eq!(lengths(&s), [&expected[..], &[(continuation, 5)]].concat());
    let octets: Vec<u8> = s.data.iter().take(4).flat_map(|(_, o)| o.clone()).collect();
    assert_eq!(octets, acl(100, AclBoundary::First).data.to_vec());
    assert_eq!(s.events(), [COMPLETED, COMPLETED]);
}

/// LL-LEN-1: octets in force.
/// LL-LEN-2: time in force.
#[test]
fn the_effective_length_and_time_bound_a_fragment() {
    let cases = [((251, 2120), 251), ((100, 2120), 100), ((251, 592), 60), ((251, 1064), 119)];
    for ((octets, time), expected) in cases {
        let mut s = Script::new();
        s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
        s.event(&[]);
        let peer = DataLength {
            max_rx_octets: octets,
            max_rx_time: time,
            max_tx_octets: 27,
            max_tx_time: 328,
        };
        s.event(&[ControlPdu::LengthRsp(peer)]);
        s.acl(acl(251, AclBoundary::First));
        s.event(&[]);
        assert_eq!(lengths(&s)[0], (Llid::Start, expected), "{octets} octets, {time} µs");
    }
}

#[test]
fn data_flows_while_a_phy_update_is_open() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.acl(acl(10, AclBoundary::First));
    assert_eq!(s.event(&[]), [REQ_2M]);
    assert_eq!(lengths(&s), [(Llid::Start, 10)]);
}

#[test]
fn beyond_its_credits_a_host_is_ignored_and_named() {
    let mut s = Script::new();
    for _ in 0..4 {
        s.acl(acl(1, AclBoundary::First));
    }
    assert!(!s.traces.contains(&Trace::HostOverrun { link: LINK }));
    s.acl(acl(1, AclBoundary::First));
    assert!(s.traces.contains(&Trace::HostOverrun { link: LINK }));
    for _ in 0..4 {
        s.event(&[]);
    }
    assert_eq!(s.data.len(), 4);
    assert_eq!(s.events(), [COMPLETED, COMPLETED, COMPLETED, COMPLETED]);
    s.acl(acl(1, AclBoundary::First));
    s.event(&[]);
    assert_eq!(s.data.len(), 5);
}

/// There is no PDU for it (Vol 6, Part B, 2.4.1), and it takes no place of another.
#[test]
fn a_packet_without_octets_is_given_back_at_once() {
    let mut s = Script::new();
    s.acl(acl(0, AclBoundary::First));
    assert_eq!(s.events(), [COMPLETED]);
    for _ in 0..4 {
        s.acl(acl(1, AclBoundary::First));
    }
    assert!(!s.traces.contains(&Trace::HostOverrun { link: LINK }));
    (0..3).for_each(|_| drop(s.event(&[])));
    assert_eq!(lengths(&s), [(Llid::Start, 1); 4]);
}

/// A host that hangs up has nothing more to say.
#[test]
fn data_after_a_disconnection_go_nowhere() {
    let mut s = Script::new();
    s.ask(super::termination::disconnect(0x13));
    s.traces.clear();
    s.acl(acl(10, AclBoundary::First));
    s.event(&[]);
    assert_eq!((s.data.len(), s.traces.len()), (0, 0));
}

/// LL-LIVE-2: no answer withheld.
#[test]
fn control_pdus_go_before_data() {
    let mut s = Script::new();
    for _ in 0..4 {
        s.acl(acl(27, AclBoundary::First));
    }
    s.ask(SET_2M);
    assert_eq!(s.event(&[]), [REQ_2M], "a place was left for it");
    assert_eq!(s.data.len(), 3);
}

#[test]
fn received_data_reaches_the_host_as_it_came() {
    let mut s = Script::new();
    s.receive(Llid::Start, &[1, 2]);
    s.receive(Llid::Continuation, &[3]);
    let shape: Vec<_> = s.received.iter().map(|a| (a.boundary, a.data.to_vec())).collect();
    let expected = [(AclBoundary::First, std::vec![1, 2]), (AclBoundary::Continuing, std::vec![3])];
    assert_eq!(shape, expected);
    s.receive(Llid::Start, &[0; 252]);
    assert_eq!(s.received.len(), 2, "longer than any PDU");
}

/// Table 5.1 of Vol 6, Part B: while a slower PHY may come, data must fit it already.
/// LL-PHY-7: length while a PHY may change.
#[test]
fn a_possible_slower_phy_shortens_fragments() {
    let mut s = Script::new();
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 1064 });
    s.event(&[]);
    let peer =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 27, max_tx_time: 328 };
    s.event(&[ControlPdu::LengthRsp(peer)]);
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[super::phy::update(5)]);
    s.until(6);
    s.acl(acl(251, AclBoundary::First));
    s.event(&[]);
    assert_eq!(lengths(&s), [(Llid::Start, 251)]);
    let (tx, rx) = (PhySet::LE_1M, PhySet::LE_1M);
    s.ask(Command::LeSetPhy { handle: HANDLE, tx, rx, coded_options: 0 });
    s.acl(acl(251, AclBoundary::First));
    s.event(&[]);
    s.event(&[]);
    assert_eq!(lengths(&s)[1], (Llid::Start, 119));
}
