//! HCI's side of advertising (Vol 4, Part E, 7.8.4 to 7.8.9).

use std::vec::Vec;

use super::script::{HANDLE, OK, Script, connect_ind};
use crate::control::ControlConfig;
use crate::link::message::{Advertising, LinkOrder};
use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, FilterPolicy};
use ble::pdu::advertising::AdvertisingData;

pub(super) const ENABLE: Command = Command::LeSetAdvertisingEnable { enable: true };
const DISABLE: Command = Command::LeSetAdvertisingEnable { enable: false };
pub(super) const DISALLOWED: ErrorCode = ErrorCode::COMMAND_DISALLOWED;
const KINDS: [(AdvertisingType, bool); 5] = [
    // Whether they can be connected to.
    (AdvertisingType::ConnectableUndirected, true),
    (AdvertisingType::DirectedHighDuty, true),
    (AdvertisingType::ScannableUndirected, false),
    (AdvertisingType::NonConnectable, false),
    (AdvertisingType::DirectedLowDuty, true),
];
/// Whether anyone may connect.
pub(super) const POLICIES: [(FilterPolicy, bool); 4] = [
    (FilterPolicy::Any, true),
    (FilterPolicy::ScanFromList, true),
    (FilterPolicy::ConnectFromList, false),
    (FilterPolicy::BothFromList, false),
];

fn parameters() -> AdvertisingParameters {
    AdvertisingParameters {
        interval_min: 160,
        interval_max: 160,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random: true,
        peer: Address::public([0; 6]),
        channel_map: 7,
        filter: FilterPolicy::Any,
    }
}

/// On the public address.
pub(super) fn public() -> AdvertisingParameters {
    AdvertisingParameters { own_address_random: false, ..parameters() }
}

pub(super) fn set(parameters: AdvertisingParameters) -> Command {
    Command::LeSetAdvertisingParameters { parameters }
}

pub(super) fn fresh() -> Script {
    Script::unconnected(ControlConfig::SUPPORTED)
}

fn data(octet: u8) -> AdvertisingData {
    AdvertisingData::from_slice(&[2, 1, octet]).unwrap()
}

/// What advertising has been ordered since the script was last cleared.
fn ordered(s: &Script) -> Vec<Advertising> {
    let advertising = |order: &LinkOrder| match order {
        LinkOrder::Advertise(what) => Some(what.clone()),
        _ => None,
    };
    s.orders.iter().filter_map(advertising).collect()
}

#[test]
fn advertising_is_ordered_with_the_address_that_was_chosen() {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    let enable = Command::LeSetAdvertisingEnable { enable: true };
    assert_eq!(s.ask(Command::LeSetAdvertisingParameters { parameters: parameters() }), OK);
    assert_eq!(s.ask(enable.clone()), ErrorCode::INVALID_PARAMETERS, "no random address yet");
    let own = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
    assert_eq!(s.ask(Command::LeSetRandomAddress { address: own.octets }), OK);
    let data = heapless::Vec::from_slice(&[2, 1, 6]).unwrap();
    assert_eq!(s.ask(Command::LeSetAdvertisingData { data: data.clone() }), OK);
    assert_eq!(s.ask(enable), OK);
    let Some(LinkOrder::Advertise(what)) = s.orders.last() else { panic!("{:?}", s.orders) };
    assert_eq!((what.own, what.interval, &what.data), (own, 160, &data));
    let again = Command::LeSetAdvertisingParameters { parameters: parameters() };
    assert_eq!(s.ask(again), ErrorCode::COMMAND_DISALLOWED, "while advertising");
    assert_eq!(s.ask(Command::LeSetAdvertisingEnable { enable: false }), OK);
    assert_eq!(s.orders.last(), Some(&LinkOrder::StopAdvertising));
}

#[test]
fn advertising_parameters_out_of_range_are_refused() {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    for parameters in [
        AdvertisingParameters { interval_min: 0x1F, ..parameters() },
        AdvertisingParameters { interval_max: 0x4001, ..parameters() },
        AdvertisingParameters { interval_min: 161, ..parameters() },
        AdvertisingParameters { channel_map: 0, ..parameters() },
        AdvertisingParameters { channel_map: 8, ..parameters() },
    ] {
        let command = Command::LeSetAdvertisingParameters { parameters };
        assert_eq!(s.ask(command), ErrorCode::INVALID_PARAMETERS);
    }
}

/// Vol 4, Part E, 7.8.5 to 7.8.8: what each parameter is before the host sets it.
#[test]
fn a_host_that_sets_nothing_gets_the_defaults() {
    let mut s = fresh();
    assert_eq!(s.ask(ENABLE), OK);
    let defaults = Advertising {
        kind: AdvertisingType::ConnectableUndirected,
        own: Address::public([6, 5, 4, 3, 2, 1]),
        target: Address::public([0; 6]),
        target_shown: None,
        interval: 0x0800,
        channel_map: 7,
        filter: FilterPolicy::Any,
        data: AdvertisingData::new(),
        scan_response: AdvertisingData::new(),
        resolve: false,
    };
    assert_eq!(ordered(&s), [defaults]);
}

#[test]
fn everything_that_the_host_sets_is_ordered() {
    let target = Address::static_random([0xC9, 9, 9, 9, 9, 9]);
    for (kind, _) in KINDS {
        for (filter, _) in POLICIES {
            let mut s = fresh();
            let parameters = AdvertisingParameters {
                interval_min: 200,
                interval_max: 300,
                kind,
                own_address_random: false,
                peer: target,
                channel_map: 5,
                filter,
            };
            assert_eq!(s.ask(set(parameters)), OK);
            s.ask(Command::LeSetAdvertisingData { data: data(6) });
            s.ask(Command::LeSetScanResponseData { data: data(5) });
            s.ask(Command::LeSetAddressResolutionEnable { enable: true });
            assert_eq!(s.ask(ENABLE), OK);
            let orders = ordered(&s);
            let [what] = &orders[..] else { panic!("{orders:?}") };
            assert!((200..=300).contains(&what.interval));
            assert_eq!((what.kind, what.target, what.channel_map), (kind, target, 5));
            assert_eq!((&what.data, &what.scan_response), (&data(6), &data(5)));
            assert!(what.resolve);
            // 7.8.5: directed advertising ignores the policy; the target is the filter.
            let directed = matches!(
                kind,
                AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty
            );
            assert_eq!(what.filter, if directed { FilterPolicy::Any } else { filter }, "{kind:?}");
        }
    }
}

#[test]
fn each_parameter_is_taken_at_both_ends_of_its_range() {
    let interval = |interval_min, interval_max| AdvertisingParameters {
        interval_min,
        interval_max,
        ..public()
    };
    let channels = |channel_map| AdvertisingParameters { channel_map, ..public() };
    for parameters in [
        interval(0x20, 0x4000),
        interval(0x20, 0x20),
        interval(0x4000, 0x4000),
        interval(160, 161),
        channels(1),
        channels(2),
        channels(4),
        channels(6),
    ] {
        assert_eq!(fresh().ask(set(parameters.clone())), OK, "{parameters:?}");
    }
    // With high duty cycle the intervals are not used.
    let kind = AdvertisingType::DirectedHighDuty;
    assert_eq!(fresh().ask(set(AdvertisingParameters { kind, ..interval(0, 0) })), OK);
    for parameters in [
        interval(0x1F, 0x20),
        interval(0x1F, 0x1F),
        interval(0x20, 0x4001),
        interval(0x4001, 0x4001),
        interval(161, 160),
        channels(0),
        channels(8),
        channels(0x0F),
        channels(0xF8),
        AdvertisingParameters { kind, ..channels(0) },
    ] {
        let mut s = fresh();
        let status = s.ask(set(parameters.clone()));
        assert_eq!(status, ErrorCode::INVALID_PARAMETERS, "{parameters:?}");
        // The earlier parameters still hold.
        s.ask(ENABLE);
        let orders = ordered(&s);
        assert_eq!((orders[0].interval, orders[0].channel_map), (0x0800, 7), "{parameters:?}");
    }
}

/// Vol 4, Part E, 7.8.4.
#[test]
fn the_random_address_is_fixed_while_advertising() {
    let mut s = fresh();
    let addresses = [1, 2].map(|n| Address::static_random([0xC0, n, n, n, n, n]));
    let set_address = |n: usize| Command::LeSetRandomAddress { address: addresses[n].octets };
    s.ask(set(parameters()));
    assert_eq!(s.ask(set_address(0)), OK);
    s.ask(ENABLE);
    assert_eq!(s.ask(set_address(1)), DISALLOWED);
    s.ask(DISABLE);
    s.ask(ENABLE);
    assert!(ordered(&s).iter().all(|what| what.own == addresses[0]));
    s.ask(DISABLE);
    s.clear();
    assert_eq!(s.ask(set_address(1)), OK);
    s.ask(ENABLE);
    assert_eq!(ordered(&s)[0].own, addresses[1]);
}

/// Vol 4, Part E, 7.8.7 and 7.8.8: new data are used immediately if advertising is enabled.
#[test]
fn new_data_are_ordered_at_once_while_advertising_and_not_before() {
    let mut s = fresh();
    let commands = |octet| {
        [
            Command::LeSetAdvertisingData { data: data(octet) },
            Command::LeSetScanResponseData { data: data(octet) },
        ]
    };
    for command in commands(6) {
        assert_eq!(s.ask(command), OK);
    }
    assert_eq!(ordered(&s), []);
    s.ask(ENABLE);
    s.clear();
    for command in commands(5) {
        assert_eq!(s.ask(command), OK);
    }
    let orders = ordered(&s);
    let octets: Vec<_> = orders.iter().map(|what| (&what.data, &what.scan_response)).collect();
    assert_eq!(octets, [(&data(5), &data(6)), (&data(5), &data(5))]);
}

#[test]
fn what_is_not_enabled_can_be_disabled() {
    let mut s = fresh();
    assert_eq!(s.ask(DISABLE), OK);
    assert_eq!(s.orders, []);
    s.ask(ENABLE);
    s.clear();
    assert_eq!(s.ask(DISABLE), OK);
    assert_eq!(s.ask(DISABLE), OK);
    assert_eq!(s.orders, [LinkOrder::StopAdvertising]);
}

/// Vol 4, Part E, 7.8.9: 0x09 where one more connection could come of it, and no place is left.
#[test]
fn without_a_place_only_what_cannot_be_connected_to_is_advertised() {
    for (kind, connectable) in KINDS {
        let parameters = AdvertisingParameters { kind, ..public() };
        let mut s = Script::new();
        s.ask(set(parameters.clone()));
        let status = if connectable { ErrorCode::CONNECTION_LIMIT_EXCEEDED } else { OK };
        assert_eq!(s.ask(ENABLE), status, "{kind:?}");
        assert_eq!(s.control.is_advertising(), !connectable);
        assert_eq!(ordered(&s).is_empty(), connectable);
        let mut s = fresh();
        s.ask(set(parameters));
        assert_eq!(s.ask(ENABLE), OK, "{kind:?}");
    }
}

/// A connection ends advertising (Vol 4, Part E, 7.8.9).
#[test]
fn what_is_fixed_while_advertising_is_free_after_a_connection() {
    let mut s = fresh();
    s.ask(ENABLE);
    s.connect(connect_ind());
    assert!(!s.control.is_advertising());
    s.events();
    assert_eq!(s.ask(set(public())), OK);
    assert_eq!(s.ask(Command::LeReadPhy { handle: HANDLE }), OK);
}
