//! Procedures without a collision, from the rules of Vol 6, Part B, 5.1.

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{
    ConnectionParam, ConnectionUpdate, ControlPdu, DataLength, FeatureSet, Opcode, VersionInd,
};
use ble::pdu::data::Llid;
use ble::phy::{Phy, PhySet, TxPhy};
use ble::time::Duration;

use super::rig::{ALL_FEATURES, HANDLE, Rig, acquainted, honest, opcodes, phy_req};
use crate::controller::ControllerConfig;

const PEER_VERSION: VersionInd = VersionInd { version: 13, company: 0x59, subversion: 7 };
const LONG: DataLength =
    DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 251, max_tx_time: 2120 };

fn wanted(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 400,
    }
}

fn param(interval: u16, latency: u16, timeout: u16) -> ConnectionParam {
    ConnectionParam {
        interval_min: interval,
        interval_max: interval,
        latency,
        timeout,
        preferred_periodicity: 0,
        reference_conn_event_count: 0,
        offsets: [0xFFFF; 6],
    }
}

/// LL-FEAT-4: features of the device.
/// LL-FEAT-7: each role has its request.
#[test]
fn features_are_read_from_the_air_once() {
    let mut rig = Rig::connected(honest());
    rig.command(Command::LeReadRemoteFeatures { handle: HANDLE });
    assert_eq!(rig.exchange(None), [ControlPdu::FeatureReq(ALL_FEATURES)]);
    let theirs = FeatureSet(0x0021);
    rig.exchange(Some(ControlPdu::FeatureRsp(theirs)));
    let told =
        Event::LeRemoteFeatures { handle: HANDLE, status: ErrorCode::SUCCESS, features: theirs };
    assert_eq!(rig.take_events(), std::slice::from_ref(&told));
    rig.command(Command::LeReadRemoteFeatures { handle: HANDLE });
    assert_eq!(rig.take_events(), [told]);
    assert_eq!(rig.events(3), []);
}

/// LL-FEAT-1: octet 0 of the feature response.
#[test]
fn feature_response_masks_octet_0_only() {
    let mut rig = Rig::connected(honest());
    rig.exchange(Some(ControlPdu::PeripheralFeatureReq(FeatureSet(0x0021))));
    assert_eq!(rig.exchange(None), [ControlPdu::FeatureRsp(FeatureSet(0x5921))]);
}

/// LL-VERS-1: one LL_VERSION_IND.
/// LL-VERS-2: answering LL_VERSION_IND.
#[test]
fn version_is_sent_once_whichever_end_asks_first() {
    let mut rig = Rig::connected(honest());
    rig.exchange(Some(ControlPdu::VersionInd(PEER_VERSION)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::VERSION_IND]);
    rig.exchange(Some(ControlPdu::VersionInd(PEER_VERSION)));
    rig.command(Command::ReadRemoteVersion { handle: HANDLE });
    assert_eq!(rig.events(3), []);
    let told = rig.take_events();
    assert!(matches!(told.as_slice(), [Event::RemoteVersion { company: 0x59, .. }]), "{told:?}");
}

/// LL-LEN-1: octets in force.
/// LL-LEN-2: time in force.
/// LL-LEN-4: effective values.
#[test]
fn data_length_takes_the_minimum_and_fragments_by_it() {
    let mut rig = Rig::connected(honest());
    rig.command(Command::LeSetDataLength { handle: HANDLE, tx_octets: 100, tx_time: 2120 });
    let asked = DataLength { max_tx_octets: 100, ..LONG };
    assert_eq!(rig.exchange(None), [ControlPdu::LengthReq(asked)]);
    let theirs = DataLength { max_rx_octets: 60, max_tx_octets: 70, ..LONG };
    rig.exchange(Some(ControlPdu::LengthRsp(theirs)));
    let told = rig.take_events();
    let [Event::LeDataLengthChange { tx_octets: 60, rx_octets: 70, .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    rig.host_sends(&[0xAB; 130]);
    rig.sent.clear();
    rig.events(3);
    let fragments: Vec<(Llid, usize)> = rig
        .sent
        .iter()
        .filter(|(_, sent)| !sent.payload.is_empty())
        .map(|(_, sent)| (sent.llid, sent.payload.len()))
        .collect();
    assert_eq!(fragments, [(Llid::Start, 60), (Llid::Continuation, 60), (Llid::Continuation, 10)]);
    let told = rig.take_events();
    assert!(matches!(told.as_slice(), [Event::NumberOfCompletedPackets { count: 1, .. }]));
}

#[test]
fn data_length_request_is_answered_with_own_values() {
    let mut rig = Rig::connected(honest());
    rig.exchange(Some(ControlPdu::LengthReq(LONG)));
    let answer = DataLength { max_tx_octets: 27, max_tx_time: 328, ..LONG };
    assert_eq!(rig.exchange(None), [ControlPdu::LengthRsp(answer)]);
}

/// LL-PHY-1: PHY in force.
/// LL-PHY-2: order of PDUs.
/// LL-PHY-3: the central decides.
#[test]
fn phy_request_of_the_peripheral_changes_at_the_instant() {
    let mut rig = Rig::connected(honest());
    rig.exchange(Some(phy_req(PhySet::LE_2M)));
    let at = rig.event;
    let sent = rig.exchange(None);
    let two = PhySet::LE_2M;
    let instant = at + 6;
    assert_eq!(sent, [ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: two, instant }]);
    while rig.event < instant {
        rig.exchange(None);
        assert_eq!(rig.last().phy, TxPhy::Le1M);
    }
    assert_eq!(rig.take_events(), []);
    rig.exchange(None);
    assert_eq!(rig.last().phy, TxPhy::Le2M);
    let told = rig.take_events();
    let [Event::LePhyUpdateComplete { tx: Phy::Le2M, rx: Phy::Le2M, .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
}

/// LL-PHY-2: order of PDUs.
#[test]
fn own_phy_request_waits_for_the_answer() {
    let mut rig = Rig::connected(honest());
    let two = PhySet::LE_2M;
    rig.command(Command::LeSetPhy { handle: HANDLE, tx: two, rx: two, coded_options: 0 });
    assert_eq!(rig.exchange(None), [phy_req(two)]);
    assert_eq!(rig.events(3), []);
    rig.exchange(Some(ControlPdu::PhyRsp { tx: PhySet(3), rx: PhySet(3) }));
    let at = rig.event;
    let update = ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: two, instant: at + 6 };
    assert_eq!(rig.exchange(None), [update]);
    rig.events(7);
    assert_eq!(rig.last().phy, TxPhy::Le2M);
}

/// LL-PHY-3: the central decides.
/// LL-PHY-4: the same PHY both ways.
/// LL-PHY-5: no change.
#[test]
fn one_phy_for_both_directions_or_no_change() {
    let mut rig = Rig::connected(honest());
    let one = PhySet::LE_1M;
    rig.command(Command::LeSetDefaultPhy { tx: PhySet::LE_2M, rx: one });
    rig.exchange(Some(phy_req(PhySet::LE_2M)));
    let none = PhySet::NONE;
    let same = ControlPdu::PhyUpdateInd { c_to_p: none, p_to_c: none, instant: 0 };
    assert_eq!(rig.exchange(None), [same]);
    // The procedure is over with it: the next is served.
    rig.exchange(Some(ControlPdu::PhyReq { tx: one, rx: PhySet(3) }));
    let sent = rig.exchange(None);
    assert!(
        matches!(sent.as_slice(), [ControlPdu::PhyUpdateInd { c_to_p, p_to_c, .. }]
            if *c_to_p == PhySet::LE_2M && *p_to_c == none),
        "{sent:?}"
    );
}

/// LL-ANCHOR-1: anchor points.
/// LL-WIN-1: transmit window.
/// LL-UPD-1: new parameters from the instant on.
/// LL-UPD-4: the host is told.
#[test]
fn connection_update_moves_the_anchor_at_the_instant() {
    let mut rig = Rig::connected(honest());
    rig.command(Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(40) });
    let at = rig.event;
    let sent = rig.exchange(None);
    let [ControlPdu::ConnectionUpdateInd(update)] = sent.as_slice() else { panic!("{sent:?}") };
    let ConnectionUpdate { instant, interval: 40, timeout: 400, win_offset, win_size, .. } =
        *update
    else {
        panic!("{update:?}")
    };
    assert_eq!(instant, at + 6);
    let first = rig.last().at;
    rig.events(5);
    let last_old = rig.last().at;
    assert_eq!(last_old.since(first), Duration::from_us(30_000).times(5));
    rig.exchange(None);
    let window = last_old + Duration::from_us(30_000 + 1_250 * u64::from(win_offset));
    let place = rig.last().at.since(window);
    assert!(rig.last().at >= window && place < Duration::from_us(1_250 * u64::from(win_size)));
    let told = rig.take_events();
    let [Event::LeConnectionUpdateComplete { interval: 40, .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    let anchor = rig.last().at;
    rig.exchange(None);
    assert_eq!(rig.last().at.since(anchor), Duration::from_us(50_000));
}

/// LL-INST-1: instants lie ahead.
/// LL-INST-4: latency.
#[test]
fn latency_puts_the_instant_off() {
    let mut rig = Rig::new(honest());
    rig.connect(ConnectionParameters { latency: 4, ..super::rig::PARAMETERS });
    let map = 0x1F_FFFF_0000;
    rig.command(Command::LeSetHostChannelClassification { channel_map: map });
    let sent = rig.exchange(None);
    assert_eq!(sent, [ControlPdu::ChannelMapInd { channel_map: map, instant: 30 }]);
}

/// LL-MAP-1: from the instant on.
/// LL-CHAN-1: channel sequence.
#[test]
fn channel_map_is_used_from_the_instant_on() {
    let mut rig = Rig::connected(honest());
    let map = 0b11;
    rig.command(Command::LeSetHostChannelClassification { channel_map: map });
    rig.exchange(None);
    rig.sent.clear();
    rig.events(30);
    let outside =
        |from: usize, to: usize| rig.sent[from..to].iter().any(|(_, sent)| sent.tuning.channel > 1);
    assert!(outside(0, 5));
    assert!(!outside(5, 30));
}

/// LL-PAR-1: answers of a central.
#[test]
fn parameters_of_the_peripheral_are_the_hosts_decision() {
    let mut rig = Rig::connected(acquainted());
    rig.exchange(Some(ControlPdu::ConnectionParamReq(param(40, 0, 42))));
    let told = rig.take_events();
    let [Event::LeRemoteConnectionParameterRequest { interval_max: 40, timeout: 42, .. }] =
        told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert_eq!(rig.events(2), []);
    rig.command(Command::LeRemoteConnectionParameterRequestReply {
        handle: HANDLE,
        parameters: wanted(40),
    });
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::CONNECTION_UPDATE_IND]);
    rig.events(7);
    rig.exchange(Some(ControlPdu::ConnectionParamReq(param(80, 0, 400))));
    rig.command(Command::LeRemoteConnectionParameterRequestNegativeReply {
        handle: HANDLE,
        reason: ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS,
    });
    let opcode = Opcode::CONNECTION_PARAM_REQ;
    let error = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
    assert_eq!(rig.exchange(None), [ControlPdu::RejectExtInd { opcode, error }]);
}

/// LL-PAR-3: error codes.
#[test]
fn parameters_out_of_range_are_rejected_without_asking() {
    let mut rig = Rig::connected(acquainted());
    let opcode = Opcode::CONNECTION_PARAM_REQ;
    let error = ErrorCode::INVALID_LL_PARAMETERS;
    for wrong in [param(5, 0, 400), param(3201, 0, 3200), param(40, 500, 400), param(40, 9, 100)] {
        rig.exchange(Some(ControlPdu::ConnectionParamReq(wrong)));
        assert_eq!(rig.exchange(None), [ControlPdu::RejectExtInd { opcode, error }]);
    }
    // The event is masked: 0x1A.
    rig.command(Command::LeSetEventMask { mask: 0x1F });
    rig.exchange(Some(ControlPdu::ConnectionParamReq(param(40, 0, 400))));
    let error = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
    assert_eq!(rig.exchange(None), [ControlPdu::RejectExtInd { opcode, error }]);
    assert_eq!(rig.take_events(), []);
}

/// LL-PAR-7: a request that is not understood.
#[test]
fn a_request_for_parameters_falls_back_to_the_update() {
    let mut rig = Rig::connected(ControllerConfig { request_parameters: true, ..honest() });
    rig.command(Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(40) });
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::CONNECTION_PARAM_REQ]);
    rig.exchange(Some(ControlPdu::UnknownRsp(Opcode::CONNECTION_PARAM_REQ)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::CONNECTION_UPDATE_IND]);
}

#[test]
fn an_answer_to_own_parameters_is_carried_out_or_refused() {
    let asks = ControllerConfig { request_parameters: true, ..acquainted() };
    let mut rig = Rig::connected(asks.clone());
    rig.command(Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(40) });
    rig.exchange(None);
    rig.exchange(Some(ControlPdu::ConnectionParamRsp(param(40, 0, 400))));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::CONNECTION_UPDATE_IND]);
    let mut rig = Rig::connected(asks);
    rig.command(Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(40) });
    rig.exchange(None);
    rig.exchange(Some(ControlPdu::ConnectionParamRsp(param(0, 0, 400))));
    let opcode = Opcode::CONNECTION_PARAM_RSP;
    let error = ErrorCode::INVALID_LL_PARAMETERS;
    assert_eq!(rig.exchange(None), [ControlPdu::RejectExtInd { opcode, error }]);
}

/// LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
/// LL-REJ-2: both forms of a reject.
/// LL-PHY-8: failure changes nothing.
/// LL-LIVE-4: hosts are told.
#[test]
fn every_refusal_ends_the_own_request() {
    let opcode = Opcode::PHY_REQ;
    let refusals = [
        (ControlPdu::UnknownRsp(opcode), ErrorCode::UNSUPPORTED_REMOTE_FEATURE),
        (ControlPdu::RejectInd(ErrorCode(0x2A)), ErrorCode(0x2A)),
        (ControlPdu::RejectExtInd { opcode, error: ErrorCode(0x23) }, ErrorCode(0x23)),
    ];
    for (refusal, expected) in refusals {
        let mut rig = Rig::connected(honest());
        let two = PhySet::LE_2M;
        rig.command(Command::LeSetPhy { handle: HANDLE, tx: two, rx: two, coded_options: 0 });
        rig.exchange(None);
        rig.exchange(Some(refusal));
        let told = rig.take_events();
        let [Event::LePhyUpdateComplete { status, .. }] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(*status, expected);
    }
}

/// LL-LIVE-1: answers within 40 s.
/// LL-TIME-1: 40 seconds.
#[test]
fn silence_ends_the_connection_after_40_seconds() {
    let mut rig = Rig::connected(honest());
    rig.command(Command::LeReadRemoteFeatures { handle: HANDLE });
    rig.pass(Duration::from_ms(39_900));
    assert_eq!(rig.disconnected(), None);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.disconnected(), Some(ErrorCode::LL_RESPONSE_TIMEOUT));
}

/// LL-CTRL-2: what is not understood.
/// LL-ROLE-1: PDUs of a role.
#[test]
fn what_is_not_known_or_not_for_a_central_is_unknown() {
    let mut rig = Rig::connected(honest());
    for (octets, opcode) in [
        (vec![0x1F; 36], Opcode(0x1F)),
        (vec![0xF0, 1, 2], Opcode(0xF0)),
        (vec![0x0A], Opcode::PAUSE_ENC_REQ),
        (vec![0x16, 1], Opcode::PHY_REQ),
        (vec![0x19, 1, 2], Opcode::MIN_USED_CHANNELS_IND),
    ] {
        rig.say.push_back((Llid::Control, octets));
        rig.exchange(None);
        assert_eq!(rig.exchange(None), [ControlPdu::UnknownRsp(opcode)]);
    }
}

/// LL-PING-1: answers to a ping.
#[test]
fn ping_is_answered() {
    let mut rig = Rig::connected(honest());
    rig.exchange(Some(ControlPdu::PingReq));
    assert_eq!(rig.exchange(None), [ControlPdu::PingRsp]);
}
