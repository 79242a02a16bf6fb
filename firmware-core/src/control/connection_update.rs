//! Connection update (Vol 6, Part B, 5.1.1): the central's indication, on its own or as the
//! answer to a connection parameters request.

use crate::link::message::{LinkOrder, NewParameters};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ConnectionUpdate, Opcode};
use ble::time::Duration;
use ble::trace::Procedure;

use super::connection::{Connection, Context};
use super::procedure::{Own, PeerStage, Request, Stage, is_past};

/// The connection's timing as it is and as it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameters {
    /// Units of 1.25 ms.
    pub(super) interval: u16,
    /// Events.
    pub(super) latency: u16,
    /// Units of 10 ms.
    pub(super) timeout: u16,
    next: Option<(u16, u16, u16)>,
    /// The shortest interval that the peer's open request was answered with.
    pub(super) granted: Option<u16>,
}

impl Parameters {
    pub(super) const fn new(interval: u16, latency: u16, timeout: u16) -> Self {
        Self { interval, latency, timeout, next: None, granted: None }
    }

    pub(super) fn supervision_timeout(&self) -> Duration {
        Duration::from_ms(u64::from(self.timeout).saturating_mul(10))
    }

    pub(super) fn take_effect(&mut self) -> bool {
        let before = (self.interval, self.latency, self.timeout);
        let after = self.next.take().unwrap_or(before);
        (self.interval, self.latency, self.timeout) = after;
        before != after
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

impl Connection {
    pub(super) fn on_connection_update(&mut self, cx: &mut Context<'_>, update: ConnectionUpdate) {
        let request = Procedure::ConnectionParametersRequest;
        let continues = matches!(
            self.procedures.peer_stage(request),
            Some(PeerStage::Host | PeerStage::Indication)
        );
        let answers = !continues && self.procedures.peers.is_none() && self.awaits(request);
        if !continues && !answers {
            if !self.admit(cx, Procedure::ConnectionUpdate) {
                return;
            }
            self.open_peers(cx, Procedure::ConnectionUpdate, PeerStage::Indication);
        }
        // LL-UPD-3.
        if !is_valid(&update) {
            self.misbehaved(cx, PeerMisbehaved::InvalidParameters);
            return self.leave(cx, ErrorCode::INVALID_LL_PARAMETERS);
        }
        if is_past(self.event, update.instant) {
            return self.instant_passed(cx);
        }
        self.asked_parameters = None;
        self.parameters.granted = None;
        self.parameters.next = Some((update.interval, update.latency, update.timeout));
        let parameters = NewParameters {
            win_size: update.win_size,
            win_offset: update.win_offset,
            interval: update.interval,
            latency: update.latency,
            timeout: update.timeout,
        };
        let instant = update.instant;
        cx.out.order(LinkOrder::Update { link: self.link, instant, parameters });
        if answers {
            self.own_answered(instant);
        } else {
            self.peers_at(cx, PeerStage::Instant(instant));
        }
    }

    /// The shortest connInterval that is in force or may soon be, for the length of packets on
    /// LE Coded (Vol 6, Part B, 5.1.7.4).
    pub(super) fn shortest_interval(&self) -> u16 {
        let own = match self.procedures.own {
            Some(Own { request: Request::Parameters(p), stage, .. })
                if !matches!(stage, Stage::Instant(_)) =>
            {
                Some(p.interval_min)
            }
            _ => None,
        };
        let next = self.parameters.next.map(|(interval, ..)| interval);
        let possible = [next, own, self.parameters.granted];
        possible.into_iter().flatten().fold(self.parameters.interval, u16::min)
    }

    /// The central rejects the request that its update seemed to answer: that was its own.
    /// False if it did not seem so.
    pub(super) fn update_was_the_centrals(
        &mut self,
        cx: &mut Context<'_>,
        of: Option<Opcode>,
        error: ErrorCode,
    ) -> bool {
        let Some(Own { request: Request::Parameters(_), stage: Stage::Instant(instant), .. }) =
            self.procedures.own
        else {
            return false;
        };
        if of.is_some_and(|of| of != Opcode::CONNECTION_PARAM_REQ) {
            return false;
        }
        self.end_own(cx, error);
        self.open_peers(cx, Procedure::ConnectionUpdate, PeerStage::Instant(instant));
        true
    }

    pub(super) fn tell_parameters(&self, cx: &mut Context<'_>, status: ErrorCode) {
        cx.out.event(Event::LeConnectionUpdateComplete {
            handle: self.handle,
            status,
            interval: self.parameters.interval,
            latency: self.parameters.latency,
            timeout: self.parameters.timeout,
        });
    }
}
