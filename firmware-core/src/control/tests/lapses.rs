//! Mistakes of other firmware: each is made where it is configured, and only there.

use super::exchanges::READ_VERSION;
use super::parameters::request;
use super::script::{Script, VERSION};
use crate::config::{BeforeInstant, SecondUnknown, Unanswered};
use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::Llid;

/// The instant is that of the central's own PHY update.
#[test]
fn a_request_that_is_forbidden_before_an_instant_is_served() {
    for (lapse, served) in [(BeforeInstant::Leave, false), (BeforeInstant::Serve, true)] {
        let mut s = Script::new();
        s.control.config.lapses.before_instant = lapse;
        s.event(&[super::phy::REQ_2M]);
        s.event(&[]);
        let at = s.at + 6;
        s.event(&[super::phy::update(at)]);
        s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
        assert_eq!(s.dropped, !served, "{lapse:?}");
        let asks =
            |event: &Event| matches!(event, Event::LeRemoteConnectionParameterRequest { .. });
        assert_eq!(s.events().iter().any(asks), served, "{lapse:?}");
    }
}

/// LL_VERSION_IND is a request, unless it answers.
#[test]
fn requests_get_no_answer_and_answers_are_taken() {
    let version = ControlPdu::VersionInd(VERSION);
    for (lapse, answers) in
        [(Unanswered(0), 1), (Unanswered::PHY, 0), (Unanswered::VERSION, 1), (Unanswered(0xFF), 0)]
    {
        let mut s = Script::new();
        s.control.config.lapses.unanswered = lapse;
        s.event(&[super::phy::REQ_2M]);
        assert_eq!(s.event(&[]).len(), answers, "{lapse:?}");
    }
    for asks in [false, true] {
        let mut s = Script::new();
        s.control.config.lapses.unanswered = Unanswered::VERSION;
        if asks {
            s.ask(READ_VERSION);
            assert_eq!(s.event(&[]), [version]);
        }
        s.event(&[version]);
        assert_eq!(s.event(&[]), []);
        let events = s.events();
        assert_eq!(matches!(events[..], [Event::RemoteVersion { .. }]), asks, "{events:?}");
    }
}

/// An unknown PDU comes twice, before or after the first answer has arrived.
#[test]
fn a_second_unknown_pdu_before_the_answer_to_the_first_ends_the_link() {
    let unknown = [ControlPdu::UnknownRsp(Opcode(0x77))];
    for (lapse, waits, left) in [
        (SecondUnknown::Answered, false, false),
        (SecondUnknown::Leave, true, false),
        (SecondUnknown::Leave, false, true),
    ] {
        let mut s = Script::new();
        s.control.config.lapses.second_unknown = lapse;
        s.receive(Llid::Control, &[0x77]);
        if waits {
            assert_eq!(s.event(&[]), unknown);
            s.event(&[]);
        }
        s.receive(Llid::Control, &[0x77]);
        if left {
            s.assert_disconnected(ErrorCode::DIFFERENT_TRANSACTION_COLLISION);
        } else {
            let answers = if waits { 1 } else { 2 };
            assert_eq!(s.event(&[]).len(), answers, "{lapse:?}");
        }
    }
}
