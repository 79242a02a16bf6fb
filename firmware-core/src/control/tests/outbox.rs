//! The queue that `poll` empties: what is lost without polling, and how much room there is.

use super::super::ControlOutput;
use super::super::outbox::Outbox;
use super::script::{HANDLE, LINK, OK, Script};
use crate::link::message::LinkOrder;
use ble::hci::{Acl, AclBoundary, AclData, Command, Event, HciOpcode, Return};
use ble::invariant::Invariant;

const ORDER: LinkOrder = LinkOrder::Drop(LINK);
const LOST: ControlOutput = ControlOutput::Event(Event::HardwareError { code: 1 });

fn acl(octet: u8) -> Acl {
    let data = AclData::from_slice(&[octet]).unwrap();
    Acl { handle: HANDLE, boundary: AclBoundary::First, data }
}

fn status(out: &mut Outbox) {
    out.status(HciOpcode(0), OK);
}

fn drain(out: &mut Outbox) -> std::vec::Vec<ControlOutput> {
    core::iter::from_fn(|| out.pop()).collect()
}

#[test]
fn a_loss_is_reported_once() {
    let mut events = Outbox::default();
    (0..33).for_each(|_| status(&mut events));
    let mut orders = Outbox::default();
    (0..17).for_each(|_| orders.order(ORDER));
    let mut acls = Outbox::default();
    (0..3).for_each(|n| acls.acl(acl(n)));
    for (mut out, kept) in [(events, 32), (orders, 16), (acls, 2)] {
        let outputs = drain(&mut out);
        assert_eq!(outputs.len(), kept + 1);
        assert_eq!(outputs.last(), Some(&LOST));
        assert!(!outputs[..kept].contains(&LOST));
        assert_eq!(out.pop(), None);
        // It works again.
        status(&mut out);
        assert_eq!(drain(&mut out).len(), 1);
    }
}

#[test]
fn as_much_as_there_is_room_for_is_kept() {
    let mut out = Outbox::default();
    (0..30).for_each(|_| status(&mut out));
    (0..16).for_each(|_| out.order(ORDER));
    (0..2).for_each(|n| out.acl(acl(n)));
    let outputs = drain(&mut out);
    assert_eq!(outputs.len(), 48);
    assert!(outputs[..16].iter().all(|output| *output == ControlOutput::Order(ORDER)));
    assert_eq!(outputs[46..], [ControlOutput::Acl(acl(0)), ControlOutput::Acl(acl(1))]);
}

/// A packet for which the queue had no place does not come in the place of a later one.
#[test]
fn a_lost_packet_stays_lost() {
    let mut out = Outbox::default();
    (0..32).for_each(|_| status(&mut out));
    out.acl(acl(1));
    drain(&mut out);
    out.acl(acl(2));
    assert_eq!(drain(&mut out), [ControlOutput::Acl(acl(2))]);
}

#[test]
fn there_is_room_while_half_is_free_and_no_order_waits() {
    let mut out = Outbox::default();
    assert!(out.has_room());
    (0..16).for_each(|_| status(&mut out));
    assert!(out.has_room());
    status(&mut out);
    assert!(!out.has_room());

    let mut out = Outbox::default();
    out.order(ORDER);
    assert!(!out.has_room());
    assert_eq!(out.pop_order(), Some(ORDER));
    assert!(out.has_room());

    out.acl(acl(1));
    assert!(out.has_room());
    out.acl(acl(2));
    assert!(!out.has_room());
}

#[test]
fn tags_are_new_and_never_zero() {
    let mut out = Outbox::default();
    let tags: std::collections::BTreeSet<_> = (0..100).map(|_| out.fresh_tag()).collect();
    assert_eq!(tags.len(), 100);
    assert!(!tags.contains(&0));
}

#[test]
fn a_broken_invariant_is_reported_to_the_caller() {
    let mut s = Script::new();
    assert_eq!(s.control.broken(), None);
    s.control.out.broken.record(Invariant::RequestFits);
    assert_eq!(s.control.broken(), Some((Invariant::RequestFits, 1)));
    assert_eq!(s.control.broken(), None);
}

#[test]
fn orders_can_be_fetched_alone() {
    let mut s = Script::new();
    assert!(s.control.has_room());
    let _ = s.control.command(s.now, super::phy::SET_2M);
    assert!(!s.control.has_room());
    assert!(matches!(s.control.poll_order(), Some(LinkOrder::Send { .. })));
    assert!(matches!(s.control.poll_order(), Some(LinkOrder::ListenAlways { .. })));
    assert_eq!(s.control.poll_order(), None);
    assert!(s.control.has_room());
    assert!(s.control.poll().is_some(), "the answer to the command is still there");
    let _ = s.control.command(s.now, Command::LeRand);
    assert!(matches!(
        core::iter::from_fn(|| s.control.poll()).last(),
        Some(ControlOutput::Event(Event::CommandComplete { returned: Return::Random(_), .. }))
    ));
}
