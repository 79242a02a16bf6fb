//! LE Ping (Vol 6, Part B, 5.1.8) and the authenticated payload timeout (5.4).

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::invariant::Invariant;
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::time::{Duration, Instant};
use ble::trace::Procedure;

use super::connection::{Connection, Context};
use super::procedure::Request;

/// Default authenticated payload timeout, units of 10 ms: 30 s.
const DEFAULT: u16 = 3000;

/// The authenticated payload timeout of an encrypted connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ping {
    /// Units of 10 ms.
    pub(super) timeout: u16,
    /// When the last authenticated PDU came; `None`: not encrypted.
    heard: Option<Instant>,
    pinged: bool,
}

impl Default for Ping {
    fn default() -> Self {
        Self { timeout: DEFAULT, heard: None, pinged: false }
    }
}

impl Ping {
    /// Starts the timer, or starts it again: a PDU with a valid MIC has come.
    pub(super) const fn start(&mut self, now: Instant) {
        self.heard = Some(now);
        self.pinged = false;
    }

    fn span(&self) -> Duration {
        Duration::from_ms(u64::from(self.timeout).saturating_mul(10))
    }

    /// When the timeout expires.
    fn expiry(&self) -> Option<Instant> {
        Some(self.heard? + self.span())
    }

    /// When it is time to ask for a sign of life: at half time, so that it has many connection
    /// events to come.
    fn ping_at(&self) -> Option<Instant> {
        (!self.pinged).then_some(self.heard? + self.span().divided_by(2))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ping_at().or_else(|| self.expiry())
    }
}

impl Connection {
    /// Whether an authenticated payload timeout leaves the peer a chance to be heard: not less
    /// than connInterval · (1 + connPeripheralLatency) (Vol 4, Part E, 7.3.94).
    pub(super) fn may_time_payloads(&self, timeout: u16) -> bool {
        let events = u32::from(self.parameters.latency) + 1;
        // 10 ms against 1.25 ms.
        let least = events.saturating_mul(u32::from(self.parameters.interval));
        u32::from(timeout) * 8 >= least
    }

    pub(super) fn start_ping(&mut self, cx: &mut Context<'_>) {
        if self.features.lacks(FeatureSet::PING) {
            return self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        }
        self.send(cx, ControlPdu::PingReq);
    }

    pub(super) fn on_ping_req(&mut self, cx: &mut Context<'_>) {
        self.trace_served(cx, Procedure::LePing);
        // LL-PING-1.
        self.send(cx, ControlPdu::PingRsp);
    }

    pub(super) fn on_ping_rsp(&mut self, cx: &mut Context<'_>) {
        if self.awaits(Procedure::LePing) {
            self.end_own(cx, ErrorCode::SUCCESS);
        } else {
            self.unexpected(cx);
        }
    }

    pub(super) fn ping_timer(&mut self, cx: &mut Context<'_>) {
        if self.ping.expiry().is_some_and(|at| at <= cx.now) {
            // LL-PING-2.
            // LL-PING-3: in a pause of encryption as well.
            cx.out.event(Event::AuthenticatedPayloadTimeoutExpired { handle: self.handle });
            self.ping.start(cx.now);
        } else if self.ping.ping_at().is_some_and(|at| at <= cx.now) {
            self.ping.pinged = true;
            let features = cx.features();
            // A full queue means that PDUs will flow without a ping.
            let wanted =
                !self.procedures.is_requested(Procedure::LePing) && !self.procedures.is_full();
            if features.has(FeatureSet::PING) && wanted {
                let waits = self.procedures.request(Request::Ping);
                cx.out.broken.check(Invariant::RequestFits, waits);
            }
        }
    }
}
