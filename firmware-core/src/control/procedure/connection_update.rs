//! Connection update (Vol 6, Part B, 5.1.1): the central's indication, unsolicited or as the answer
//! to a connection parameters request.

use super::{Announced, ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use crate::link::message::{LinkOrder, NewParameters};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ConnectionUpdate, FeatureSet, Opcode};
use ble::time::Duration;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    hears: &[(Opcode::CONNECTION_UPDATE_IND, FeatureSet(0))],
    has_instant: true,
    ..ProcedureRow::NONE
};

/// A connection's timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct Timing {
    /// connInterval, units of 1.25 ms.
    pub(in crate::control) interval: u16,
    /// connPeripheralLatency, in connection events.
    pub(in crate::control) latency: u16,
    /// connSupervisionTimeout, units of 10 ms.
    pub(in crate::control) timeout: u16,
}

impl Timing {
    pub(in crate::control) fn supervision_timeout(self) -> Duration {
        Duration::from_ms(u64::from(self.timeout).saturating_mul(10))
    }
}

/// Whether interval, latency and timeout are in range and the timeout spans more than two
/// chances to be heard (Vol 6, Part B, 4.5; LL-CTRL-4).
pub(super) fn in_range(interval: u16, latency: u16, timeout: u16) -> bool {
    let chances = u32::from(latency).saturating_add(1).saturating_mul(2);
    (6..=3200).contains(&interval)
        && latency <= 499
        && (10..=3200).contains(&timeout)
        && u32::from(timeout).saturating_mul(8) > chances.saturating_mul(u32::from(interval))
}

fn is_valid(update: &ConnectionUpdate) -> bool {
    let window_max = update.interval.saturating_sub(1).min(8);
    in_range(update.interval, update.latency, update.timeout)
        && (1..=window_max).contains(&u16::from(update.win_size))
        && update.win_offset <= update.interval
}

/// Handles LL_CONNECTION_UPDATE_IND, of either procedure.
pub(super) fn indication(
    c: &mut Connection,
    cx: &mut Context<'_>,
    update: ConnectionUpdate,
) -> Step<Announced<Timing>> {
    // LL-UPD-3: parameters out of range.
    if !is_valid(&update) {
        c.misbehaved(cx, PeerMisbehaved::InvalidParameters);
        return Step::Disconnect(ErrorCode::INVALID_LL_PARAMETERS);
    }
    if c.is_past(cx, update.instant) {
        return Step::Disconnect(ErrorCode::INSTANT_PASSED);
    }
    let ConnectionUpdate { win_size, win_offset, interval, latency, timeout, instant } = update;
    let parameters = NewParameters { win_size, win_offset, interval, latency, timeout };
    cx.out.order(LinkOrder::Update { link: c.link, instant, parameters });
    Step::Next(Announced { instant, value: Timing { interval, latency, timeout } })
}

/// The instant of the peer's procedure is reached.
pub(super) fn take_effect(c: &mut Connection, cx: &mut Context<'_>, timing: Timing) {
    // LL-UPD-4: the host is told.
    if c.change_timing(timing) {
        report(c, cx, ErrorCode::SUCCESS);
    }
}

pub(super) fn report(c: &Connection, cx: &mut Context<'_>, status: ErrorCode) {
    let (handle, Timing { interval, latency, timeout }) = (c.handle, c.timing);
    cx.out.event(Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout });
}
