//! Procedures of one exchange, beyond the scripts of [`super::llcp`], and what all have in common.

use super::script::{HANDLE, LINK, Script, VERSION};
use crate::config::Refusals;
use crate::link::message::{LinkOrder, LinkReport};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::phy::PhySet;
use ble::time::Duration;
use std::vec::Vec;

pub(super) const READ_FEATURES: Command = Command::LeReadRemoteFeatures { handle: HANDLE };
pub(super) const READ_VERSION: Command = Command::ReadRemoteVersion { handle: HANDLE };

/// Octets 0 and 1 of what this device says: LL Privacy stays with it.
pub(super) const SAID: u64 = 0b1_0100_1001_0011_1111;

pub(super) fn features(status: u8, features: u64) -> Event {
    let (status, features) = (ErrorCode(status), FeatureSet(features));
    Event::LeRemoteFeatures { handle: HANDLE, status, features }
}

/// LL-PROC-1: one procedure at a time.
/// LL-LIVE-4: hosts are told.
#[test]
fn host_requests_back_to_back_run_one_after_another() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    s.ask(super::phy::SET_2M);
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    s.ask(READ_VERSION);
    assert!(matches!(s.event(&[])[..], [ControlPdu::PeripheralFeatureReq(_)]));
    assert_eq!(s.event(&[ControlPdu::FeatureRsp(FeatureSet(0x59FF))]), []);
    assert_eq!(s.event(&[]), [super::phy::REQ_2M]);
    s.event(&[super::phy::update(6)]);
    s.until(6);
    assert_eq!(s.event(&[]), []);
    assert!(matches!(s.event(&[])[..], [ControlPdu::LengthReq(_)]));
    s.event(&[ControlPdu::UnknownRsp(Opcode::LENGTH_REQ)]);
    assert!(matches!(s.event(&[])[..], [ControlPdu::VersionInd(_)]));
}

/// What comes in the event in which a request is first sent cannot be the answer to it.
///
/// LL-RSP-2: answers to nothing.
/// LL-PROC-1: one procedure at a time.
#[test]
fn an_answer_that_comes_before_the_request_was_sent_answers_nothing() {
    let length =
        DataLength { max_rx_octets: 27, max_rx_time: 328, max_tx_octets: 27, max_tx_time: 328 };
    let set_length = Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 };
    let unchanged =
        ControlPdu::PhyUpdateInd { c_to_p: PhySet::NONE, p_to_c: PhySet::NONE, instant: 0 };
    for (ask, opcode, early) in [
        (READ_FEATURES, Opcode::PERIPHERAL_FEATURE_REQ, ControlPdu::FeatureRsp(FeatureSet(0))),
        (set_length.clone(), Opcode::LENGTH_REQ, ControlPdu::LengthRsp(length)),
        (set_length, Opcode::LENGTH_REQ, ControlPdu::RejectInd(ErrorCode(0x1A))),
        (super::phy::SET_2M, Opcode::PHY_REQ, unchanged),
        (super::phy::SET_2M, Opcode::PHY_REQ, ControlPdu::UnknownRsp(Opcode::PHY_REQ)),
    ] {
        let mut s = Script::new();
        s.ask(ask);
        s.ask(READ_VERSION);
        let sent = s.event(&[early]);
        assert!(matches!(sent[..], [pdu] if pdu.opcode() == opcode), "{sent:?}");
        assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse), "{early:?}");
        // The procedure is still open: nothing else starts, and the answer that comes now ends it.
        assert_eq!(s.event(&[]), [], "{early:?}");
        assert_eq!(s.events(), []);
        s.event(&[ControlPdu::UnknownRsp(opcode)]);
        assert!(matches!(s.event(&[])[..], [ControlPdu::VersionInd(_)]), "{early:?}");
    }
}

/// LL-RSP-1: answers have a request.
/// LL-RSP-2: answers to nothing.
#[test]
fn unasked_answers_are_named_and_ignored() {
    let length =
        DataLength { max_rx_octets: 99, max_rx_time: 999, max_tx_octets: 99, max_tx_time: 999 };
    for pdu in [
        ControlPdu::PingRsp,
        ControlPdu::LengthRsp(length),
        ControlPdu::FeatureRsp(FeatureSet(0)),
        ControlPdu::UnknownRsp(Opcode::PHY_REQ),
        ControlPdu::RejectInd(ErrorCode(0x1F)),
        ControlPdu::RejectExtInd { opcode: Opcode::ENC_REQ, error: ErrorCode(6) },
        ControlPdu::PauseEncRsp,
        ControlPdu::StartEncRsp,
    ] {
        let mut s = Script::new();
        s.event(&[pdu]);
        assert_eq!(s.event(&[]), [], "{pdu:?}");
        assert_eq!(s.events(), []);
        assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse), "{pdu:?}");
    }
}

#[test]
fn a_flood_without_acknowledgement_is_bounded_and_named() {
    let mut s = Script::new();
    s.receive(Llid::Control, &ControlPdu::PingReq.encode());
    assert!(!s.misbehaved(PeerMisbehaved::TooManyRequests));
    for _ in 1..100 {
        s.receive(Llid::Control, &ControlPdu::PingReq.encode());
    }
    assert!(s.misbehaved(PeerMisbehaved::TooManyRequests));
    let mut answers = 0;
    for _ in 0..30 {
        answers += s.event(&[]).len();
    }
    assert!((8..=16).contains(&answers), "{answers}");
}

#[test]
fn a_central_without_versions_is_not_asked_twice() {
    let mut s = Script::new();
    let ask = Command::ReadRemoteVersion { handle: HANDLE };
    s.ask(ask.clone());
    assert_eq!(s.event(&[]), [ControlPdu::VersionInd(VERSION)]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::VERSION_IND)]);
    let unknown = |events: &[Event]| {
        matches!(events, [Event::RemoteVersion { status, .. }]
            if *status == ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
    };
    assert!(unknown(&s.events()));
    s.ask(ask);
    assert!(unknown(&s.events()));
    s.wait(Duration::from_secs(41));
    assert!(!s.dropped);
}

/// Its procedure is then over; the peripheral does not wait 40 s for the indication.
#[test]
fn a_central_may_refuse_our_answer() {
    let refusals = [
        ControlPdu::UnknownRsp(Opcode::PHY_RSP),
        ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER),
        ControlPdu::RejectExtInd {
            opcode: Opcode::PHY_RSP,
            error: ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER,
        },
    ];
    for refusal in refusals {
        let mut s = Script::new();
        s.event(&[super::phy::REQ_2M]);
        assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]));
        s.event(&[refusal]);
        s.wait(Duration::from_secs(41));
        assert!(!s.dropped);
    }
}

/// What Zephyr did before 28550 and 49182: only the extended form was an answer.
#[test]
fn refusals_that_are_not_understood_leave_the_procedure_open() {
    let refused = |refusals, pdu| {
        let mut s = Script::new();
        s.control.config.lapses.refusals = refusals;
        s.ask(super::phy::SET_2M);
        s.event(&[]);
        s.event(&[pdu]);
        !s.events().is_empty()
    };
    let (opcode, error) = (Opcode::PHY_REQ, ErrorCode(0x1A));
    for short in [ControlPdu::UnknownRsp(opcode), ControlPdu::RejectInd(error)] {
        assert!(refused(Refusals::All, short));
        assert!(!refused(Refusals::ExtendedOnly, short));
    }
    assert!(refused(Refusals::ExtendedOnly, ControlPdu::RejectExtInd { opcode, error }));
}

/// Zephyr 14658: the bit says 2M, the answer that there is no such procedure.
#[test]
fn hollow_features_are_offered_and_not_served() {
    let mut s = Script::new();
    s.control.config.lapses.hollow = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);
    s.event(&[ControlPdu::FeatureReq(FeatureSet(0x59FF))]);
    let sent = s.event(&[super::phy::REQ_2M]);
    assert!(matches!(sent[..], [ControlPdu::FeatureRsp(f)] if f.has(FeatureSet::LE_2M)));
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// A control PDU without an opcode: in the clear, encrypted with nothing but a MIC, and without
/// a MIC on an encrypted connection, where it moves no packet counter.
///
/// LL-CTRL-2: what is not understood.
#[test]
fn a_control_pdu_of_length_zero_is_answered_with_0xff() {
    let unknown = [ControlPdu::UnknownRsp(Opcode(0xFF))];
    let mut s = Script::new();
    s.receive(Llid::Control, &[]);
    assert_eq!(s.event(&[]), unknown);
    let mut s = Script::new();
    super::encryption::encrypt(&mut s);
    s.receive(Llid::Control, &[]);
    assert_eq!(s.event(&[]), unknown);
    let (event, at, payload) = (s.at, s.now, Payload::new());
    s.report(LinkReport::Received { link: LINK, event, llid: Llid::Control, payload, at });
    assert_eq!(s.event(&[]), unknown);
    assert_eq!(s.event(&[ControlPdu::PingReq]), []);
    assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
}

/// The lengths that `Link` is ordered to accept, and whether the order came before the PDU with
/// them.
fn longest(s: &mut Script) -> Vec<u8> {
    let orders = s.orders.drain(..).filter_map(|order| match order {
        LinkOrder::Longest { octets, .. } => Some(octets),
        _ => None,
    });
    orders.collect()
}

fn lengths(tx: u16) -> DataLength {
    DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: tx, max_tx_time: 2120 }
}

/// LL-LEN-9: the limit rises with the local LL_LENGTH_RSP or LL_LENGTH_REQ, before it can be on
/// air, and with encryption; it never falls.
#[test]
fn what_the_peer_may_send_grows_and_never_shrinks() {
    let mut s = Script::new();
    s.orders.clear();
    s.receive(Llid::Control, &ControlPdu::LengthReq(lengths(251)).encode());
    let order = |s: &Script, which: fn(&LinkOrder) -> bool| s.orders.iter().position(which);
    let limit = order(&s, |order| matches!(order, LinkOrder::Longest { octets: 251, .. }));
    let sent = order(&s, |order| matches!(order, LinkOrder::Send { .. }));
    assert!(limit.is_some() && limit < sent, "{:?}", s.orders);
    s.event(&[]);
    s.orders.clear();
    // A long PDU of the central may be under way while its own limit falls and rises again.
    for tx in [27, 251, 100] {
        s.event(&[ControlPdu::LengthReq(lengths(tx))]);
        s.event(&[]);
        assert_eq!(longest(&mut s), []);
    }
    s.events();
    super::encryption::encrypt(&mut s);
    assert_eq!(longest(&mut s), [255]);
    s.event(&[ControlPdu::PauseEncReq]);
    s.event(&[]);
    assert_eq!(longest(&mut s), []);
}

/// LL-LEN-9: with 27 octets and no exchange there is room for a MIC from the start of encryption.
#[test]
fn a_mic_is_room_beyond_the_octets() {
    let mut s = Script::new();
    s.orders.clear();
    super::encryption::encrypt(&mut s);
    assert_eq!(longest(&mut s), [31]);
    let set = Command::LeSetDataLength { handle: HANDLE, tx_octets: 100, tx_time: 2120 };
    s.ask(set);
    assert_eq!(longest(&mut s), [255], "queued is as good as sent");
}
