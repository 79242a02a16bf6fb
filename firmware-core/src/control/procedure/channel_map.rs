//! Channel map update (Vol 6, Part B, 5.1.2): only the central starts it.

use super::{Announced, ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::control::{FeatureSet, Opcode};

pub(super) const ROW: ProcedureRow = ProcedureRow {
    hears: &[(Opcode::CHANNEL_MAP_IND, FeatureSet(0))],
    has_instant: true,
    ..ProcedureRow::NONE
};

/// The map that applies from the instant on.
pub(super) fn indication(
    c: &mut Connection,
    cx: &mut Context<'_>,
    map: u64,
    instant: u16,
) -> Step<Announced<u64>> {
    let channel_map = map & CHANNEL_MAP_ALL;
    // LL-MAP-2: maps that are too small.
    if channel_map.count_ones() < 2 {
        c.misbehaved(cx, PeerMisbehaved::InvalidParameters);
        return Step::Disconnect(ErrorCode::INVALID_LL_PARAMETERS);
    }
    if c.is_past(cx, instant) {
        return Step::Disconnect(ErrorCode::INSTANT_PASSED);
    }
    // LL-MAP-1: from the instant on.
    cx.out.order(LinkOrder::ChannelMap { link: c.link, instant, channel_map });
    Step::Next(Announced { instant, value: channel_map })
}
