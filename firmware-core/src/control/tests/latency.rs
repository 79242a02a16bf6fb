//! Peripheral latency is suspended while an answer, an instant or the end is awaited.

use super::encryption::ENC_REQ;
use super::parameters::update;
use super::phy::SET_2M;
use super::script::{LINK, Script};
use super::termination::disconnect;
use crate::link::message::LinkOrder;
use ble::pdu::control::{ControlPdu, Opcode};

/// Each change of whether `Link` listens to all events.
fn listens(s: &Script) -> std::vec::Vec<bool> {
    let orders = s.orders.iter();
    orders
        .filter_map(|order| match order {
            LinkOrder::ListenAlways { link: LINK, on } => Some(*on),
            _ => None,
        })
        .collect()
}

/// LL-LAT-2: latency and instants.
#[test]
fn latency_is_suspended_until_the_instant() {
    let mut s = Script::new();
    s.event(&[update(30, 6)]);
    assert_eq!(listens(&s), [true]);
    s.until(6);
    assert_eq!(listens(&s), [true]);
    s.event(&[]);
    assert_eq!(listens(&s), [true, false]);
}

#[test]
fn latency_is_suspended_until_the_answer() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    assert_eq!(listens(&s), [true]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
    assert_eq!(listens(&s), [true, false]);
}

#[test]
fn latency_is_suspended_while_encryption_starts_and_while_the_link_is_ended() {
    let mut s = Script::new();
    s.event(&[ENC_REQ]);
    assert_eq!(listens(&s), [true]);
    let mut s = Script::new();
    s.ask(disconnect(0x13));
    assert_eq!(listens(&s), [true]);
}
