//! Channels and anchor points at the peripheral's wish.

use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ControlPdu, FeatureSet};
use ble::phy::PhySet;
use ble::time::Duration;

use super::rig::{ALL_FEATURES, HANDLE, PARAMETERS, Rig, honest};
use crate::controller::ControllerConfig;

fn knowing() -> Rig {
    let features = ALL_FEATURES.with(FeatureSet::MIN_USED_CHANNELS);
    Rig::connected(ControllerConfig { features, ..honest() })
}

fn classify(rig: &mut Rig, channel_map: u64) -> u64 {
    rig.command(Command::LeSetHostChannelClassification { channel_map });
    let sent = rig.exchange(None);
    let [ControlPdu::ChannelMapInd { channel_map, .. }] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(rig.events(8), []);
    channel_map
}

/// LL-MAP-3: minimum number of used channels.
#[test]
fn a_map_with_too_few_channels_is_widened_and_stays_wide() {
    let mut rig = knowing();
    assert_eq!(classify(&mut rig, 0b11_1100), 0b11_1100);
    let (phys, min_used_channels) = (PhySet::LE_1M, 8);
    rig.exchange(Some(ControlPdu::MinUsedChannelsInd { phys, min_used_channels }));
    let sent = rig.exchange(None);
    let [ControlPdu::ChannelMapInd { channel_map: 0xFF, .. }] = sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(rig.events(8), []);
    // What the host says later is heeded as far as that goes.
    assert_eq!(classify(&mut rig, 0x1F_FF00_0000), 0x1F_FF00_0000);
    assert_eq!(classify(&mut rig, 0x18_0000_0000), 0x18_0000_003F);
}

#[test]
fn a_minimum_for_another_phy_changes_nothing_until_that_phy_is_used() {
    let mut rig = knowing();
    classify(&mut rig, 0b11_1100);
    let (phys, min_used_channels) = (PhySet::LE_2M, 8);
    rig.exchange(Some(ControlPdu::MinUsedChannelsInd { phys, min_used_channels }));
    assert_eq!(rig.events(3), []);
    let two = PhySet::LE_2M;
    rig.exchange(Some(ControlPdu::PhyReq { tx: two, rx: two }));
    let sent = rig.exchange(None);
    let [ControlPdu::PhyUpdateInd { .. }] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(rig.events(5), []);
    let sent = rig.events(3);
    let [ControlPdu::ChannelMapInd { channel_map: 0xFF, .. }] = sent[..] else {
        panic!("{sent:?}")
    };
}

fn request(interval: (u16, u16), periodicity: u8, reference: u16, offset: u16) -> ConnectionParam {
    ConnectionParam {
        interval_min: interval.0,
        interval_max: interval.1,
        latency: PARAMETERS.latency,
        timeout: PARAMETERS.timeout,
        preferred_periodicity: periodicity,
        reference_conn_event_count: reference,
        offsets: [offset, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF],
    }
}

/// The LL_CONNECTION_UPDATE_IND of the next event: interval, and from the last anchor point
/// before the instant to the first one after it.
fn moved(rig: &mut Rig, reference: u16) -> (u16, Duration) {
    let sent = rig.exchange(None);
    let [ControlPdu::ConnectionUpdateInd(update)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(update.instant, reference + 6);
    assert_eq!(rig.events(5), []);
    let before = rig.last().at;
    rig.exchange(None);
    (update.interval, rig.last().at.since(before))
}

/// LL-PAR-9 (Vol 6, Part B, 5.1.7.3.1): the anchor points by 3.75 ms. The host is not asked.
#[test]
fn an_anchor_point_move_is_done_by_the_controller_alone() {
    let mut rig = Rig::connected(honest());
    let reference = rig.event + 1;
    rig.exchange(Some(ControlPdu::ConnectionParamReq(request((24, 24), 0, reference, 3))));
    let span = Duration::from_us(30_000 + 3_750);
    assert_eq!(moved(&mut rig, reference), (24, span));
    assert_eq!(rig.take_events(), []);
}

/// LL-PAR-9 (Vol 6, Part B, 5.1.7.3.3): from 15 ms to 37.5 ms, 26.25 ms after the instant.
#[test]
fn an_interval_of_the_preferred_periodicity_begins_where_the_peripheral_wants_it() {
    let mut rig = Rig::new(honest());
    let interval = ConnectionParameters { interval_min: 12, interval_max: 12, ..PARAMETERS };
    rig.connect(interval);
    rig.events.clear();
    let reference = rig.event + 1;
    rig.exchange(Some(ControlPdu::ConnectionParamReq(request((22, 32), 10, reference, 3))));
    let told = rig.take_events();
    assert!(matches!(told[..], [Event::LeRemoteConnectionParameterRequest { .. }]), "{told:?}");
    let parameters = ConnectionParameters { interval_min: 22, interval_max: 32, ..PARAMETERS };
    rig.command(Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters });
    let span = Duration::from_us(15_000 + 26_250);
    assert_eq!(moved(&mut rig, reference), (30, span));
}

#[test]
fn positions_beyond_the_interval_are_refused() {
    for (periodicity, offset) in [(25, 3), (0, 25)] {
        let mut rig = Rig::connected(super::rig::acquainted());
        let asked = request((24, 24), periodicity, 1, offset);
        rig.exchange(Some(ControlPdu::ConnectionParamReq(asked)));
        let opcode = ble::pdu::control::Opcode::CONNECTION_PARAM_REQ;
        let error = ble::error::ErrorCode::INVALID_LL_PARAMETERS;
        assert_eq!(rig.exchange(None), [ControlPdu::RejectExtInd { opcode, error }]);
    }
}
