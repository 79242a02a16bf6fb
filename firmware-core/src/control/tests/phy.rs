//! PHY update, beyond the scripts, and the limits on data meanwhile.

use super::script::{HANDLE, LINK, OK, Script};
use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use ble::phy::{Coding, Phy, PhySet, TxPhy};

pub(super) const SET_2M: Command =
    Command::LeSetPhy { handle: HANDLE, tx: PhySet::LE_2M, rx: PhySet::LE_2M, coded_options: 0 };
pub(super) const REQ_2M: ControlPdu = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_2M };
const ALL: PhySet = PhySet(7);
/// Without a preference of the host.
pub(super) const RSP_ALL: ControlPdu = ControlPdu::PhyRsp { tx: ALL, rx: ALL };

/// With the preference that [`SET_2M`] states.
pub(super) const RSP_2M: ControlPdu = ControlPdu::PhyRsp { tx: PhySet::LE_2M, rx: PhySet::LE_2M };

pub(super) fn update(instant: u16) -> ControlPdu {
    ControlPdu::PhyUpdateInd { c_to_p: PhySet::LE_2M, p_to_c: PhySet::LE_2M, instant }
}

pub(super) fn complete(status: u8, phy: Phy) -> Event {
    let status = ErrorCode(status);
    Event::LePhyUpdateComplete { handle: HANDLE, status, tx: phy, rx: phy }
}

#[test]
fn one_direction_may_change_alone() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[ControlPdu::PhyUpdateInd {
        c_to_p: PhySet::NONE,
        p_to_c: PhySet::LE_2M,
        instant: 7,
    }]);
    s.until(8);
    let (tx, rx) = (Phy::Le2M, Phy::Le1M);
    assert_eq!(s.events(), [Event::LePhyUpdateComplete { handle: HANDLE, status: OK, tx, rx }]);
}

/// LL-PHY-6: fields that name no PHY.
#[test]
fn ambiguous_and_unsupported_fields_change_nothing() {
    for (c_to_p, p_to_c) in [(3, 3), (8, 8), (0x80, 6)] {
        let mut s = Script::new();
        s.ask(SET_2M);
        s.event(&[]);
        let (c_to_p, p_to_c) = (PhySet(c_to_p), PhySet(p_to_c));
        s.event(&[ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 7 }]);
        s.until(8);
        assert_eq!(s.events(), [complete(0, Phy::Le1M)]);
        assert!(!s.orders.iter().any(|o| matches!(o, LinkOrder::Phy { .. })));
    }
}

#[test]
fn h2_indication_without_request_is_ignored_and_named() {
    let mut s = Script::new();
    s.event(&[update(6)]);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
    assert!(!s.dropped);
}

/// LL-INST-2: instants in the past.
/// LL-INST-3: the event under way.
#[test]
fn instants_are_compared_modulo_65536() {
    for (at, instant, left) in [
        (0xFFFD_u16, 3_u16, false),
        (5, 5, false),
        (5, 4, true),
        (2, 0xFFFF, true),
        (10, 10 + 32_766, false),
        (10, 10 + 32_767, true),
    ] {
        let mut s = Script::new();
        s.ask(SET_2M);
        s.event(&[]);
        s.at = at;
        s.event(&[update(instant)]);
        assert_eq!(s.dropped, left, "event {at}, instant {instant}");
        if left {
            s.assert_disconnected(ErrorCode::INSTANT_PASSED);
            assert!(s.misbehaved(PeerMisbehaved::InstantPassed));
        }
    }
}

/// LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
/// LL-REJ-2: both forms of a reject.
/// LL-PHY-8: failure changes nothing.
#[test]
fn any_form_of_refusal_ends_the_request() {
    let cases = [
        (ControlPdu::UnknownRsp(Opcode::PHY_REQ), 0x1A),
        (ControlPdu::RejectInd(ErrorCode(0x2A)), 0x2A),
        (ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, error: ErrorCode(0x23) }, 0x23),
    ];
    for (answer, status) in cases {
        let mut s = Script::new();
        s.ask(SET_2M);
        assert_eq!(s.event(&[]), [REQ_2M]);
        s.event(&[answer]);
        assert_eq!(s.events(), [complete(status, Phy::Le1M)]);
        // The slot is free again.
        s.ask(SET_2M);
        assert_eq!(s.event(&[]), [REQ_2M]);
    }
}

#[test]
fn a_refusal_of_something_else_is_no_answer() {
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::LENGTH_REQ)]);
    assert_eq!(s.events(), []);
    assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
}

/// LL-RSP-2: answers to nothing.
#[test]
fn a_refusal_of_something_else_leaves_the_centrals_request_open() {
    let error = ErrorCode(0x1A);
    for refusal in [
        ControlPdu::UnknownRsp(Opcode::LENGTH_REQ),
        ControlPdu::RejectExtInd { opcode: Opcode::CONNECTION_PARAM_RSP, error },
    ] {
        let mut s = Script::new();
        s.event(&[REQ_2M]);
        assert_eq!(s.event(&[]), [RSP_ALL]);
        s.event(&[refusal]);
        assert!(s.misbehaved(PeerMisbehaved::UnexpectedResponse));
        s.event(&[update(8)]);
        s.until(9);
        assert_eq!(s.events(), [complete(0, Phy::Le2M)]);
    }
}

/// LL-FEAT-2: feature bits are true.
#[test]
fn without_the_feature_nothing_is_understood() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    assert_eq!(s.ask(SET_2M), ErrorCode::UNKNOWN_COMMAND);
    s.event(&[REQ_2M]);
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// LL-FEAT-3: features of the peer.
#[test]
fn a_peer_known_to_have_one_phy_is_not_asked() {
    let mut s = Script::with_features(FeatureSet::ENCRYPTION);
    s.ask(SET_2M);
    assert_eq!(s.event(&[]), []);
    assert_eq!(s.events(), [complete(0x1A, Phy::Le1M)]);
}

fn set_coded(coded_options: u16) -> Command {
    Command::LeSetPhy { handle: HANDLE, tx: PhySet::CODED, rx: PhySet::CODED, coded_options }
}

fn update_coded(instant: u16) -> ControlPdu {
    ControlPdu::PhyUpdateInd { c_to_p: PhySet::CODED, p_to_c: PhySet::CODED, instant }
}

#[test]
fn the_host_chooses_how_le_coded_is_sent() {
    for (options, tx) in [(0, TxPhy::CodedS8), (1, TxPhy::CodedS2), (2, TxPhy::CodedS8)] {
        let mut s = Script::new();
        s.ask(set_coded(options));
        s.event(&[]);
        s.event(&[update_coded(8)]);
        let order = LinkOrder::Phy { link: LINK, instant: 8, tx, rx: Phy::LeCoded };
        assert!(s.orders.contains(&order), "{options}");
        s.until(9);
        assert_eq!(s.events(), [complete(0, Phy::LeCoded)]);
    }
}

#[test]
fn another_coding_is_ordered_at_once() {
    let mut s = Script::new();
    s.ask(set_coded(1));
    let coding = Coding::S2;
    assert!(s.orders.contains(&LinkOrder::Coding { link: LINK, coding }));
}

#[test]
fn each_phy_has_its_feature_bit() {
    let one = FeatureSet::ENCRYPTION;
    let cases = [(FeatureSet::LE_2M, 3), (FeatureSet::LE_CODED, 5)];
    for (feature, set) in cases {
        let all = PhySet(set);
        let mut s = Script::with(one.with(feature));
        s.event(&[ControlPdu::PhyReq { tx: PhySet(7), rx: PhySet(7) }]);
        assert_eq!(s.event(&[]), [ControlPdu::PhyRsp { tx: all, rx: all }]);
        // A PHY that it does not have is not changed to.
        let other = PhySet(7 & !set);
        s.event(&[ControlPdu::PhyUpdateInd { c_to_p: other, p_to_c: other, instant: 8 }]);
        s.until(9);
        assert!(!s.orders.iter().any(|o| matches!(o, LinkOrder::Phy { .. })));
        let unsupported = ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER;
        let ask = Command::LeSetPhy { handle: HANDLE, tx: other, rx: all, coded_options: 0 };
        assert_eq!(s.ask(ask), unsupported);
    }
}

/// The central may end on LE Coded: until it has chosen, data fit that already.
///
/// LL-PHY-7: length while a PHY may change.
#[test]
fn a_slow_phy_that_the_central_may_choose_shortens_fragments_until_it_has_chosen() {
    let peer =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 27, max_tx_time: 328 };
    let coded = ControlPdu::PhyReq { tx: ALL, rx: PhySet::CODED };
    let fast = ControlPdu::PhyReq { tx: ALL, rx: PhySet::LE_2M };
    let (c_to_p, p_to_c) = (PhySet::NONE, PhySet::NONE);
    let as_it_is = ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 0 };
    let cases: [(&[ControlPdu], usize); 4] =
        [(&[], 251), (&[coded], 27), (&[fast], 251), (&[coded, as_it_is], 251)];
    for (pdus, octets) in cases {
        let mut s = Script::new();
        s.ask(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
        s.event(&[]);
        s.event(&[ControlPdu::LengthRsp(peer)]);
        for pdu in pdus {
            s.event(&[*pdu]);
        }
        assert_eq!(s.longest_fragment(), octets, "{pdus:?}");
    }
}

/// LL-LEN-7. 27 octets and a MIC take 2,704 µs at S=8, and may always be sent; beyond, octets, time
/// and the rest of the interval limit a packet (Vol 6, Part B, 4.5.10).
#[test]
fn packets_on_le_coded_are_as_long_as_time_and_interval_allow() {
    let long =
        DataLength { max_rx_octets: 251, max_rx_time: 17_040, max_tx_octets: 27, max_tx_time: 328 };
    let coded = FeatureSet(u64::MAX);
    // (interval, own time, options) and the most octets: the peer's packets are 27 octets, so 3,004
    // µs of each interval are taken.
    let cases = [
        (24, 2_120, 0, 27),
        (24, 17_040, 0, 251),
        (16, 17_040, 0, 250),
        (12, 17_040, 0, 172),
        (6, 17_040, 0, 55),
        (12, 8_000, 0, 109),
        (6, 17_040, 1, 248),
        (6, 2_120, 1, 136),
    ];
    for (interval, time, options, octets) in cases {
        let mut s = Script::long_range(coded, interval);
        s.event(&[ControlPdu::LengthReq(long)]);
        s.command(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: time });
        s.event(&[]);
        s.event(&[ControlPdu::LengthRsp(long)]);
        s.ask(set_coded(options));
        s.event(&[]);
        let at = s.at + 6;
        s.event(&[update_coded(at)]);
        s.until(at + 1);
        assert_eq!(s.longest_fragment(), octets, "{interval} {time} {options}");
    }
}

/// A connection on LE Coded at 30 ms, with packets of 251 octets.
fn on_le_coded() -> Script {
    let long =
        DataLength { max_rx_octets: 251, max_rx_time: 17_040, max_tx_octets: 27, max_tx_time: 328 };
    let mut s = Script::long_range(FeatureSet(u64::MAX), 24);
    s.event(&[ControlPdu::LengthReq(long)]);
    s.command(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 17_040 });
    s.event(&[]);
    s.event(&[ControlPdu::LengthRsp(long)]);
    s.ask(set_coded(0));
    s.event(&[]);
    let at = s.at + 6;
    s.event(&[update_coded(at)]);
    s.until(at + 1);
    s
}

/// LL-LEN-7, LL-PHY-7: an interval that we have asked for may come with the next update; once the
/// central has chosen another, it counts no more.
#[test]
fn an_interval_that_may_come_shortens_packets_on_le_coded() {
    let parameters =
        ConnectionParameters { interval_min: 6, interval_max: 24, latency: 0, timeout: 100 };
    for (asks, chosen, octets) in
        [(false, None, 251), (true, None, 55), (true, Some(24), 251), (true, Some(6), 55)]
    {
        let mut s = on_le_coded();
        if asks {
            s.command(Command::LeConnectionUpdate { handle: HANDLE, parameters });
            s.event(&[]);
        }
        if let Some(interval) = chosen {
            let at = s.at + 20;
            s.event(&[super::parameters::update(interval, at)]);
        }
        assert_eq!(s.longest_fragment(), octets, "{asks} {chosen:?}");
    }
}

/// LL-LEN-7: an interval that the central was granted or has announced may come; one that it asks
/// the host for does not count before the host has answered.
#[test]
fn an_interval_that_the_central_may_choose_shortens_packets_on_le_coded() {
    use super::parameters::{request, update, wanted};
    let announce = |s: &mut Script, interval| {
        let at = s.at + 20;
        s.event(&[update(interval, at)]);
    };
    for (granted, announced, octets) in [
        (None, None, 251),
        (Some(6), None, 55),
        (Some(6), Some(24), 251),
        (Some(12), Some(12), 172),
    ] {
        let mut s = on_le_coded();
        s.event(&[ControlPdu::ConnectionParamReq(request(6))]);
        if let Some(interval) = granted {
            let (handle, parameters) = (HANDLE, wanted(interval));
            s.command(Command::LeRemoteConnectionParameterRequestReply { handle, parameters });
            s.event(&[]);
        }
        if let Some(interval) = announced {
            announce(&mut s, interval);
        }
        assert_eq!(s.longest_fragment(), octets, "{granted:?} {announced:?}");
    }
    // Announced without a question.
    for (interval, octets) in [(6, 55), (24, 251)] {
        let mut s = on_le_coded();
        announce(&mut s, interval);
        assert_eq!(s.longest_fragment(), octets, "{interval}");
    }
}

/// LL-LEN-8 (Vol 6, Part B, 5.1.9): no more than 2,128 µs to a peer without LE Coded.
#[test]
fn a_peer_without_le_coded_hears_no_longer_times() {
    for (features, time) in [(FeatureSet(0xFF), 2_120), (FeatureSet(0x8FF), 17_040)] {
        let mut s = Script::long_range(features, 24);
        s.command(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 17_040 });
        let lengths = DataLength {
            max_rx_octets: 251,
            max_rx_time: time,
            max_tx_octets: 251,
            max_tx_time: time,
        };
        assert_eq!(s.event(&[]), [ControlPdu::LengthReq(lengths)]);
    }
}
