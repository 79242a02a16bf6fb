//! HCI commands that concern one connection: what they are answered with, and when.

use super::exchanges::{READ_FEATURES, features};
use super::parameters::{ask, wanted};
use super::phy::SET_2M;
use super::script::{HANDLE, LINK, OK, Script};
use super::termination::{disconnect, disconnected};
use crate::link::message::{LinkReport, Loss};
use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Return};
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::phy::PhySet;

/// The form of an answer is a property of the command (Vol 4, Part E, 7), for any result.
#[test]
fn an_unknown_connection_is_reported_in_the_form_of_the_command() {
    let handle = Handle(0x0EFF);
    let (tx, rx) = (PhySet::NONE, PhySet::NONE);
    let parameters = wanted(30);
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    let with_status = [
        Command::Disconnect { handle, reason },
        Command::ReadRemoteVersion { handle },
        Command::LeConnectionUpdate { handle, parameters },
        Command::LeReadRemoteFeatures { handle },
        Command::LeSetPhy { handle, tx, rx, coded_options: 0 },
    ];
    let complete = [
        Command::ReadAuthenticatedPayloadTimeout { handle },
        Command::WriteAuthenticatedPayloadTimeout { handle, timeout: 3000 },
        Command::LeReadChannelMap { handle },
        Command::LeReadPhy { handle },
        Command::LeSetDataLength { handle, tx_octets: 27, tx_time: 328 },
        Command::LeLongTermKeyRequestNegativeReply { handle },
        Command::LeRemoteConnectionParameterRequestReply { handle, parameters },
        Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason },
    ];
    let status = ErrorCode::UNKNOWN_CONNECTION;
    let mut s = Script::new();
    for command in with_status {
        let opcode = command.opcode();
        s.command(command);
        assert_eq!(s.events(), [Event::CommandStatus { opcode, status }]);
    }
    for command in complete {
        let opcode = command.opcode();
        s.command(command);
        let returned = Return::Handle(handle);
        assert_eq!(s.events(), [Event::CommandComplete { opcode, status, returned }]);
    }
}

#[test]
fn a_reply_to_a_question_that_was_not_asked_is_disallowed() {
    let (handle, parameters) = (HANDLE, wanted(30));
    let reason = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
    for command in [
        Command::LeLongTermKeyRequestNegativeReply { handle },
        Command::LeRemoteConnectionParameterRequestReply { handle, parameters },
        Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason },
    ] {
        let mut s = Script::new();
        assert_eq!(s.ask(command), ErrorCode::COMMAND_DISALLOWED);
        assert_eq!(s.event(&[]), []);
    }
}

#[test]
fn what_the_host_accepts_must_be_in_range() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionParamReq(super::parameters::request(50))]);
    s.events();
    let (handle, parameters) = (HANDLE, wanted(5));
    let reply = Command::LeRemoteConnectionParameterRequestReply { handle, parameters };
    assert_eq!(s.ask(reply), ErrorCode::INVALID_PARAMETERS);
    assert_eq!(s.event(&[]), []);
    let parameters = wanted(50);
    let reply = Command::LeRemoteConnectionParameterRequestReply { handle, parameters };
    assert_eq!(s.ask(reply), OK, "it may try again");
}

/// LL-TERM-3: at any time.
#[test]
fn a_disconnection_is_never_too_much() {
    let mut s = Script::new();
    let last = (0..12).map(|_| s.ask(SET_2M)).last();
    assert_eq!(last, Some(ErrorCode::CONTROLLER_BUSY));
    assert_eq!(s.ask(ask(30)), ErrorCode::CONTROLLER_BUSY);
    let longer = Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 };
    assert_eq!(s.ask(longer), ErrorCode::CONTROLLER_BUSY);
    assert_eq!(s.ask(Command::LeReadPhy { handle: HANDLE }), OK);
    assert_eq!(s.ask(disconnect(0x13)), OK);
    assert_eq!(s.ask(Command::LeReadPhy { handle: HANDLE }), ErrorCode::COMMAND_DISALLOWED);
}

/// Without the feature no request is sent, but features that the central has sent are known.
#[test]
fn features_that_are_known_may_be_read_without_asking() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    assert_eq!(s.ask(READ_FEATURES), ErrorCode::COMMAND_DISALLOWED);
    s.event(&[ControlPdu::FeatureReq(FeatureSet(0x21))]);
    s.event(&[]);
    assert_eq!(s.ask(READ_FEATURES), OK);
    assert_eq!(s.events(), [features(0, 0x21)]);
    assert_eq!(s.event(&[]), []);
}

#[test]
fn each_direction_of_a_phy_preference_must_be_supported() {
    for (tx, rx) in [(PhySet(8), PhySet::LE_1M), (PhySet::LE_1M, PhySet(8))] {
        let mut s = Script::new();
        let command = Command::LeSetPhy { handle: HANDLE, tx, rx, coded_options: 0 };
        assert_eq!(s.ask(command), ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        let command = Command::LeSetDefaultPhy { tx, rx };
        assert_eq!(s.ask(command), ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
    }
}

#[test]
fn the_authenticated_payload_timeout_is_what_the_host_writes() {
    let mut s = Script::new();
    s.ask(Command::WriteAuthenticatedPayloadTimeout { handle: HANDLE, timeout: 500 });
    s.command(Command::ReadAuthenticatedPayloadTimeout { handle: HANDLE });
    let returned = Return::AuthenticatedPayloadTimeout { handle: HANDLE, timeout: 500 };
    let events = s.events();
    assert!(
        matches!(&events[..], [Event::CommandComplete { returned: r, .. }] if *r == returned),
        "{events:?}"
    );
}

/// Advertising without a connection (Vol 4, Part E, 7.7.65.1).
#[test]
fn high_duty_cycle_advertising_ends_with_an_event() {
    let mut s = Script::unconnected(FeatureSet::ENCRYPTION);
    assert!(!s.control.is_advertising());
    s.ask(Command::LeSetAdvertisingEnable { enable: true });
    assert!(s.control.is_advertising());
    s.report(LinkReport::AdvertisingTimeout);
    assert!(!s.control.is_advertising());
    let events = s.events();
    let [Event::LeConnectionComplete(complete)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(complete.status, ErrorCode::ADVERTISING_TIMEOUT);
}

#[test]
fn another_public_address_counts_from_the_next_use() {
    let mut s = Script::unconnected(FeatureSet::ENCRYPTION);
    s.control.set_public_address([9; 6]);
    s.ask(Command::LeSetAdvertisingEnable { enable: true });
    let own = s.orders.iter().find_map(|order| match order {
        crate::link::message::LinkOrder::Advertise(what) => Some(what.own),
        _ => None,
    });
    assert_eq!(own, Some(Address::public([9; 6])));
}

/// A connection that ends by itself reports the end after those of its open procedures.
#[test]
fn a_lost_connection_has_no_deadline_and_takes_no_command() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.report(LinkReport::Lost { link: LINK, loss: Loss::SupervisionTimeout });
    assert_eq!(s.events(), [disconnected(ErrorCode::CONNECTION_TIMEOUT)]);
    assert_eq!(s.control.deadline(), None);
    assert_eq!(s.ask(SET_2M), ErrorCode::UNKNOWN_CONNECTION);
}
