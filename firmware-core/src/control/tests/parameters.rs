//! Connection update, connection parameters request and channel map, beyond the scripts.

use super::script::{HANDLE, LINK, Script};
use crate::error::ErrorCode;
use crate::hci::{Command, ConnectionParameters, Event};
use crate::link::message::LinkOrder;
use crate::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu};

pub(super) fn wanted(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
    }
}

pub(super) fn ask(interval: u16) -> Command {
    Command::LeConnectionUpdate { handle: HANDLE, parameters: wanted(interval) }
}

pub(super) fn request(interval: u16) -> ConnectionParam {
    ConnectionParam {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
        preferred_periodicity: 0,
        reference_conn_event_count: 3,
        offsets: [1, 2, 3, 4, 5, 0xFFFF],
    }
}

pub(super) fn update(interval: u16, instant: u16) -> ControlPdu {
    ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: 1,
        win_offset: 2,
        interval,
        latency: 0,
        timeout: 200,
        instant,
    })
}

pub(super) fn complete(status: u8, interval: u16, latency: u16, timeout: u16) -> Event {
    let status = ErrorCode(status);
    Event::LeConnectionUpdateComplete { handle: HANDLE, status, interval, latency, timeout }
}

/// LL-PAR-3.
#[test]
fn a_masked_event_refuses_for_the_host() {
    let mut s = Script::new();
    s.ask(Command::LeSetEventMask { mask: 0x1F });
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.event(&[]), [ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)]);
}

/// LL-MAP-2.
#[test]
fn a_map_of_one_channel_ends_the_link() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 1, instant: 6 }]);
    s.assert_left(ErrorCode::INVALID_LL_PARAMETERS);
}

/// LL-LAT-2.
#[test]
fn latency_is_suspended_until_the_instant() {
    let mut s = Script::new();
    s.event(&[update(30, 6)]);
    assert!(s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: true }));
    s.until(6);
    assert!(!s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: false }));
    s.event(&[]);
    assert!(s.orders.contains(&LinkOrder::ListenAlways { link: LINK, on: false }));
}
