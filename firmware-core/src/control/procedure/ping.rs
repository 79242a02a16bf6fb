//! LE Ping (Vol 6, Part B, 5.1.8) and the authenticated payload timeout (5.4).

use super::{ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::time::{Duration, Instant};
use ble::trace::Procedure;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PING_REQ),
    needs: FeatureSet::PING,
    // LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
    // For a ping any answer will do.
    any_answer: true,
    hears: &[(Opcode::PING_REQ, FeatureSet::PING), (Opcode::PING_RSP, FeatureSet::PING)],
    ..ProcedureRow::NONE
};

/// Default authenticated payload timeout, units of 10 ms: 30 s.
const DEFAULT: u16 = 3000;

/// The authenticated payload timeout of an encrypted connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct Ping {
    /// Units of 10 ms.
    pub(in crate::control) timeout: u16,
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
    /// Starts or restarts the timer: a PDU with a valid MIC was received.
    pub(in crate::control) const fn start(&mut self, now: Instant) {
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

    pub(in crate::control) fn deadline(&self) -> Option<Instant> {
        self.ping_at().or_else(|| self.expiry())
    }
}

/// Whether an authenticated payload timeout is long enough for the peer to send: not less than
/// connInterval · (1 + connPeripheralLatency) (Vol 4, Part E, 7.3.94).
pub(in crate::control) fn may_time_payloads(c: &Connection, timeout: u16) -> bool {
    let events = u32::from(c.timing.latency) + 1;
    // 10 ms against 1.25 ms.
    let least = events.saturating_mul(u32::from(c.timing.interval));
    u32::from(timeout) * 8 >= least
}

pub(super) fn start(c: &mut Connection, cx: &mut Context<'_>) -> Step<()> {
    c.send(cx, ControlPdu::PingReq);
    Step::Next(())
}

/// Answers the peer's LL_PING_REQ.
pub(super) fn serve(c: &mut Connection, cx: &mut Context<'_>) {
    c.trace_served(cx, Procedure::LePing);
    // LL-PING-1: answers to a ping.
    c.send(cx, ControlPdu::PingRsp);
}

/// [`Ping::deadline`] may have come. Gives whether a ping is due.
pub(in crate::control) fn timer(c: &mut Connection, cx: &mut Context<'_>) -> bool {
    if c.ping.expiry().is_some_and(|at| at <= cx.now) {
        // LL-PING-2: authenticated payload timeout.
        // LL-PING-3: in a pause of encryption as well.
        cx.out.event(Event::AuthenticatedPayloadTimeoutExpired { handle: c.handle });
        c.ping.start(cx.now);
        return false;
    }
    let due = c.ping.ping_at().is_some_and(|at| at <= cx.now);
    c.ping.pinged |= due;
    due && cx.features().has(FeatureSet::PING)
}
