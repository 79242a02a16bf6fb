//! Scripts H1–H2, L1, F1–F4, V1, G1, T1, M1–M3 and Q1: the other procedures. H3 is X1.

use super::super::exchanges::{READ_FEATURES, READ_VERSION, SAID, features};
use super::super::phy::{REQ_2M, RSP_ALL, SET_2M, complete, update};
use super::super::script::{HANDLE, LINK, OK, Script, VERSION};
use super::super::termination::{disconnect, disconnected};
use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, Event, Return};
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode, VersionInd};
use ble::pdu::data::Llid;
use ble::phy::{Phy, PhySet, TxPhy};

/// H1, asked by the host.
///
/// LL-PHY-2: order of PDUs.
#[test]
fn an_own_phy_request_changes_at_the_instant() {
    let mut s = Script::new();
    assert_eq!(s.ask(SET_2M), OK);
    assert_eq!(s.event(&[]), [REQ_2M]);
    assert_eq!(s.event(&[update(8)]), []);
    let order = LinkOrder::Phy { link: LINK, instant: 8, tx: TxPhy::Le2M, rx: Phy::Le2M };
    assert!(s.orders.contains(&order));
    s.until(8);
    assert_eq!(s.events(), [], "not before the instant");
    s.event(&[]);
    assert_eq!(s.events(), [complete(0, Phy::Le2M)]);
}

/// H1, asked by the central; the host hears of a change only.
///
/// LL-PHY-2: order of PDUs.
/// LL-PHY-5: no change.
#[test]
fn the_centrals_phy_request_with_and_without_change() {
    let mut s = Script::new();
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [RSP_ALL]);
    s.event(&[update(9)]);
    s.until(10);
    assert_eq!(s.events(), [complete(0, Phy::Le2M)]);
    // Again: nothing changes, so the host hears nothing.
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [RSP_ALL]);
    s.event(&[ControlPdu::PhyUpdateInd { c_to_p: PhySet::NONE, p_to_c: PhySet::NONE, instant: 0 }]);
    assert_eq!(s.events(), []);
    // The procedure is over immediately, regardless of the instant: a local one may start.
    s.command(SET_2M);
    assert_eq!(s.event(&[]), [REQ_2M]);
}

/// H1, requested by the host: it is notified of the end although nothing has changed.
///
/// LL-PHY-5: no change.
#[test]
fn a_local_phy_request_that_changes_nothing_is_reported_to_the_host() {
    let mut s = Script::new();
    s.ask(SET_2M);
    assert_eq!(s.event(&[]), [REQ_2M]);
    s.event(&[ControlPdu::PhyUpdateInd { c_to_p: PhySet::NONE, p_to_c: PhySet::NONE, instant: 0 }]);
    assert_eq!(s.events(), [complete(0, Phy::Le1M)]);
}

/// H2. Another PDU comes instead of LL_PHY_UPDATE_IND. One stack disconnects with 0x24; here it is
/// reported, answered by its kind, and the indication is still accepted.
///
/// LL-CTRL-2: what is not understood.
#[test]
fn an_unexpected_pdu_instead_of_the_phy_indication_does_no_harm() {
    let mut s = Script::new();
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [RSP_ALL]);
    s.event(&[ControlPdu::PhyRsp { tx: PhySet::LE_2M, rx: PhySet::LE_2M }]);
    assert_eq!(s.event(&[update(10)]), [ControlPdu::UnknownRsp(Opcode::PHY_RSP)]);
    assert!(s.misbehaved(PeerMisbehaved::WrongRole));
    s.until(11);
    assert_eq!(s.events(), [complete(0, Phy::Le2M)]);
}

/// L1.
///
/// LL-LEN-4: effective values.
/// LL-LEN-6: the host is told of changes.
#[test]
fn lengths_are_the_smaller_of_both_sides() {
    let mut s = Script::new();
    let peer =
        DataLength { max_rx_octets: 60, max_rx_time: 592, max_tx_octets: 251, max_tx_time: 17_040 };
    s.event(&[ControlPdu::LengthReq(peer)]);
    // The host has not asked for longer transmissions.
    let own =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 27, max_tx_time: 328 };
    assert_eq!(s.event(&[]), [ControlPdu::LengthRsp(own)]);
    let change = |tx_octets, tx_time, rx_octets, rx_time| Event::LeDataLengthChange {
        handle: HANDLE,
        tx_octets,
        tx_time,
        rx_octets,
        rx_time,
    };
    assert_eq!(s.events(), [change(27, 328, 251, 2120)]);
    s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    // The peer's receive limits are already known.
    assert_eq!(s.events(), [change(60, 592, 251, 2120)]);
    let own = DataLength { max_tx_octets: 251, max_tx_time: 2120, ..own };
    assert_eq!(s.event(&[]), [ControlPdu::LengthReq(own)]);
    s.event(&[ControlPdu::LengthRsp(peer)]);
    s.event(&[ControlPdu::LengthReq(peer)]);
    assert_eq!(s.events(), [], "nothing has changed");
}

/// L1.
///
/// LL-LEN-3: values of the data length update.
/// LL-LEN-4: effective values.
#[test]
fn lengths_below_the_minimum_count_as_the_minimum() {
    let mut s = Script::new();
    let peer = DataLength { max_rx_octets: 0, max_rx_time: 1, max_tx_octets: 26, max_tx_time: 327 };
    s.event(&[ControlPdu::LengthReq(peer)]);
    assert_eq!(s.events(), []);
}

/// F1.
///
/// LL-FEAT-4: features of the device.
/// LL-FEAT-7: each role has its request.
#[test]
fn the_hosts_feature_request() {
    let mut s = Script::new();
    assert_eq!(s.ask(READ_FEATURES), OK);
    assert_eq!(s.event(&[]), [ControlPdu::PeripheralFeatureReq(FeatureSet(SAID))]);
    s.event(&[ControlPdu::FeatureRsp(FeatureSet(0x59FF))]);
    assert_eq!(s.events(), [features(0, 0x59FF)]);
    // Known now: nothing on air.
    s.ask(READ_FEATURES);
    assert_eq!(s.event(&[]), []);
    assert_eq!(s.events(), [features(0, 0x59FF)]);
}

/// F2.
///
/// LL-FEAT-7: each role has its request.
/// LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
#[test]
fn a_central_that_does_not_know_the_feature_request() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    s.event(&[]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::PERIPHERAL_FEATURE_REQ)]);
    assert_eq!(s.events(), [features(0x1A, 0)]);
}

/// F3.
///
/// LL-FEAT-1: octet 0 of the feature response.
/// LL-FEAT-5: octets beyond the first.
/// LL-FEAT-6: features unknown.
#[test]
fn the_feature_response_has_common_bits_in_octet_0_and_own_ones_beyond() {
    for peer in [0, 0xFF, 0x21, 0x59FF, u64::MAX] {
        let mut s = Script::new();
        s.event(&[ControlPdu::FeatureReq(FeatureSet(peer))]);
        let expected = (SAID & peer & 0xFF) | (SAID & !0xFF);
        assert_eq!(s.event(&[]), [ControlPdu::FeatureRsp(FeatureSet(expected))]);
    }
}

/// F4. The feature request is rejected. One stack disconnects with 0x24; here the host gets the
/// error, because a reject is an answer.
///
/// LL-REJ-2: both forms of a reject.
#[test]
fn a_feature_request_may_be_rejected() {
    let (opcode, error) = (Opcode::PERIPHERAL_FEATURE_REQ, ErrorCode(0x1F));
    for answer in [ControlPdu::RejectInd(error), ControlPdu::RejectExtInd { opcode, error }] {
        let mut s = Script::new();
        s.ask(READ_FEATURES);
        s.event(&[]);
        s.event(&[answer]);
        assert_eq!(s.events(), [features(0x1F, 0)]);
        assert!(!s.dropped);
    }
}

/// V1, with the local exchange.
///
/// LL-VERS-1: one LL_VERSION_IND.
/// LL-VERS-2: answering LL_VERSION_IND.
#[test]
fn version_is_said_once_in_each_direction() {
    let theirs = VersionInd { version: 12, company: 2, subversion: 9 };
    let mut s = Script::new();
    s.event(&[ControlPdu::VersionInd(theirs)]);
    assert_eq!(s.event(&[ControlPdu::VersionInd(theirs)]), [ControlPdu::VersionInd(VERSION)]);
    assert_eq!(s.event(&[]), [], "answered once");
    s.ask(READ_VERSION);
    assert_eq!(s.event(&[]), [], "known already");
    let (version, company, subversion) = (12, 2, 9);
    let known = Event::RemoteVersion { handle: HANDLE, status: OK, version, company, subversion };
    assert_eq!(s.events(), core::slice::from_ref(&known));

    let mut s = Script::new();
    s.ask(READ_VERSION);
    assert_eq!(s.event(&[]), [ControlPdu::VersionInd(VERSION)]);
    s.event(&[ControlPdu::VersionInd(theirs)]);
    assert_eq!(s.events(), [known]);
    assert_eq!(s.event(&[]), [], "no answer to the answer");
}

/// G1, started by the central. For the local ping see the encryption scripts.
///
/// LL-PING-1: answers to a ping.
#[test]
fn ping_is_answered() {
    let mut s = Script::new();
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
}

/// T1, asked by the host.
///
/// LL-TERM-1: own termination.
/// LL-TERM-3: at any time.
/// LL-END-1: permitted reasons.
#[test]
fn an_own_termination_waits_for_its_acknowledgement() {
    let mut s = Script::new();
    assert_eq!(s.ask(disconnect(0x13)), OK);
    assert_eq!(s.ask(disconnect(0x13)), ErrorCode::COMMAND_DISALLOWED);
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(0x13))]);
    assert_eq!(s.events(), []);
    // What still comes is not answered.
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.events(), [disconnected(ErrorCode::LOCAL_HOST_TERMINATED)]);
    assert_eq!(s.orders.last(), Some(&LinkOrder::Drop(LINK)));
    assert_eq!(s.ask(disconnect(0x13)), ErrorCode::UNKNOWN_CONNECTION);
}

/// T1, asked by the central.
///
/// LL-TERM-2: the peer’s termination.
#[test]
fn the_centrals_termination_is_acknowledged_before_the_link_goes() {
    let mut s = Script::new();
    s.receive(Llid::Control, &[0x02, 0x13]);
    assert!(!s.dropped, "the acknowledgement is still to be sent");
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.events(), [disconnected(ErrorCode::REMOTE_USER_TERMINATED)]);
    assert!(s.dropped);
}

/// M1.
#[test]
fn the_channel_map_changes_at_its_instant() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0xF0F, instant: 6 }]);
    let order = LinkOrder::ChannelMap { link: LINK, instant: 6, channel_map: 0xF0F };
    assert!(s.orders.contains(&order));
    s.until(6);
    assert_eq!(map(&mut s), 0x1F_FFFF_FFFF);
    s.event(&[]);
    assert_eq!(map(&mut s), 0xF0F);
}

/// M2. LL_UNKNOWN_RSP while the instant is awaited. One stack disconnects with 0x24; here the PDU
/// answers nothing, so it is reported and ignored.
///
/// LL-RSP-2: answers to nothing.
/// LL-MAP-1: from the instant on.
#[test]
fn an_answer_to_nothing_before_the_instant_of_a_map_is_ignored() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0xF0F, instant: 7 }]);
    assert_eq!(s.event(&[ControlPdu::UnknownRsp(Opcode::CHANNEL_MAP_IND)]), []);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
    s.until(8);
    assert!(!s.dropped);
    assert_eq!(map(&mut s), 0xF0F);
}

/// M3. A peripheral does not start a channel map update: its controller does not have the command.
/// One stack has it and answers 0x0C.
#[test]
fn a_peripheral_cannot_ask_for_a_channel_map() {
    let mut s = Script::new();
    let classify = Command::LeSetHostChannelClassification { channel_map: 0xFF };
    assert_eq!(s.ask(classify), ErrorCode::UNKNOWN_COMMAND);
    assert_eq!(s.event(&[]), []);
}

fn map(s: &mut Script) -> u64 {
    s.command(Command::LeReadChannelMap { handle: HANDLE });
    match s.events()[..] {
        [Event::CommandComplete { returned: Return::ChannelMap { channel_map, .. }, .. }] => {
            channel_map
        }
        ref other => panic!("{other:?}"),
    }
}

/// Q1. Every opcode, with its right length, one octet more and one less.
///
/// LL-CTRL-2: what is not understood.
/// LL-ROLE-1: PDUs of a role.
#[test]
fn wrong_roles_wrong_lengths_and_undefined_opcodes_are_unknown() {
    let understood = [0x00, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0F];
    let understood = [&understood[..], &[0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x18]].concat();
    for code in 0..=u8::MAX {
        let opcode = Opcode(code);
        let right = opcode.ctr_data_len().unwrap_or(0);
        for length in [right, right + 1, right.saturating_sub(1)] {
            if length == right && understood.contains(&code) {
                continue;
            }
            if length != right && opcode.ctr_data_len().is_none() {
                continue;
            }
            let mut octets = std::vec![0; length + 1];
            octets[0] = code;
            let mut s = Script::new();
            s.receive(Llid::Control, &octets);
            let answers = s.event(&[]);
            assert_eq!(answers, [ControlPdu::UnknownRsp(opcode)], "{length} octets");
        }
    }
}
