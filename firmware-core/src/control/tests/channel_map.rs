//! Channel map update, beyond the scripts.

use super::script::{LINK, Script};
use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::ControlPdu;

/// LL-MAP-2, LL-CTRL-4. Bits beyond the 37 data channels do not count.
#[test]
fn a_map_of_one_channel_ends_the_link_and_one_of_two_does_not() {
    for channel_map in [0, 1, 1 << 36, 1 | 1 << 37, 0b111 << 37] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ChannelMapInd { channel_map, instant: 6 }]);
        s.assert_disconnected(ErrorCode::INVALID_LL_PARAMETERS);
        assert!(s.misbehaved(PeerMisbehaved::InvalidParameters));
    }
    let channel_map = 1 | 1 << 36;
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map, instant: 6 }]);
    assert!(s.orders.contains(&LinkOrder::ChannelMap { link: LINK, instant: 6, channel_map }));
    s.until(7);
    assert!(!s.dropped);
}

/// LL-INST-2: instants in the past.
#[test]
fn a_map_whose_instant_has_passed_ends_the_link() {
    let mut s = Script::new();
    s.until(3);
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0xFF, instant: 2 }]);
    s.assert_disconnected(ErrorCode::INSTANT_PASSED);
}

/// LL-TIME-2: what the central has announced is not timed, however far off it is.
#[test]
fn a_map_is_waited_for_without_a_limit() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0xFF, instant: 30_000 }]);
    assert_eq!(s.control.deadline(), None);
}
