//! Channel map update (Vol 6, Part B, 5.1.2): only the central starts it.

use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::trace::Procedure;

use super::connection::{Connection, Context};
use super::procedure::{PeerStage, is_past};

/// The channel map as it is and as it will be; bit n = data channel n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ChannelMap {
    pub(super) map: u64,
    next: Option<u64>,
}

impl ChannelMap {
    pub(super) const fn new(map: u64) -> Self {
        Self { map, next: None }
    }

    pub(super) fn take_effect(&mut self) {
        self.map = self.next.take().unwrap_or(self.map);
    }
}

impl Connection {
    pub(super) fn on_channel_map(&mut self, cx: &mut Context<'_>, map: u64, instant: u16) {
        if !self.admit(cx, Procedure::ChannelMapUpdate) {
            return;
        }
        self.open_peers(cx, Procedure::ChannelMapUpdate, PeerStage::Indication);
        let channel_map = map & CHANNEL_MAP_ALL;
        // LL-MAP-2.
        if channel_map.count_ones() < 2 {
            self.misbehaved(cx, PeerMisbehaved::InvalidParameters);
            return self.leave(cx, ErrorCode::INVALID_LL_PARAMETERS);
        }
        if is_past(self.event, instant) {
            return self.instant_passed(cx);
        }
        self.channel_map.next = Some(channel_map);
        // LL-MAP-1.
        cx.out.order(LinkOrder::ChannelMap { link: self.link, instant, channel_map });
        self.peers_at(cx, PeerStage::Instant(instant));
    }
}
