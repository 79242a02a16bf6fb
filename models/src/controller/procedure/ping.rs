//! LE Ping (Vol 6, Part B, 5.1.8) and the authenticated payload timeout (5.4).

use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::time::{Duration, Instant};
use ble::trace::Procedure;

use super::ProcedureRow;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PING_REQ),
    requests: &[(Opcode::PING_REQ, FeatureSet::PING)],
    answers: &[(Opcode::PING_RSP, FeatureSet::PING)],
    any_answer: true,
    ..ProcedureRow::NONE
};

/// Answers LL_PING_REQ of the peripheral by LL_PING_RSP.
pub(super) fn serve(link: &mut Link, sh: &mut Shared) {
    // LL-PING-1: answers to a ping.
    link.send(sh, ControlPdu::PingRsp);
    link.served(sh, Procedure::LePing);
}

/// The authenticatedPayloadTimeout of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct PayloadTimer {
    /// Units of 10 ms.
    timeout: u16,
    /// Last PDU with a valid MIC; `None` while encryption is off.
    since: Option<Instant>,
    /// A ping has been asked for since then.
    pinged: bool,
}

impl Default for PayloadTimer {
    fn default() -> Self {
        Self { timeout: 3000, since: None, pinged: false }
    }
}

impl PayloadTimer {
    /// Units of 10 ms.
    pub(in crate::controller) const fn units(&self) -> u16 {
        self.timeout
    }

    /// In units of 10 ms.
    pub(in crate::controller) const fn set(&mut self, units: u16) {
        self.timeout = units;
    }

    pub(in crate::controller) const fn restart(&mut self, now: Instant) {
        self.since = Some(now);
        self.pinged = false;
    }

    fn timeout(&self) -> Duration {
        Duration::from_ms(10).times(u64::from(self.timeout))
    }
}

impl Link {
    /// When a ping has to go out so that its answer comes in time.
    fn ping_due(&self, since: Instant) -> Instant {
        let timeout = self.payload_timer.timeout();
        let events = 6 * (u64::from(self.parameters.latency) + 1);
        let margin = self.parameters.interval().times(events);
        let margin = Duration::from_ticks(margin.ticks().min(timeout.ticks() / 2));
        since + (timeout - margin)
    }

    pub(in crate::controller) fn payload_deadline(&self) -> Option<Instant> {
        let since = self.payload_timer.since?;
        if self.payload_timer.pinged {
            Some(since + self.payload_timer.timeout())
        } else {
            Some(self.ping_due(since))
        }
    }

    /// Whether a ping is wanted from now on.
    pub(in crate::controller) fn expire_payload_timer(
        &mut self,
        sh: &mut Shared,
        now: Instant,
    ) -> bool {
        let Some(since) = self.payload_timer.since else {
            return false;
        };
        if now >= since + self.payload_timer.timeout() {
            self.payload_timer.restart(now);
            // LL-PING-2: authenticated payload timeout.
            // LL-PING-3: in a pause of encryption as well.
            sh.event(Event::AuthenticatedPayloadTimeoutExpired { handle: self.handle });
        } else if !self.payload_timer.pinged && now >= self.ping_due(since) {
            self.payload_timer.pinged = true;
            return sh.has(FeatureSet::PING) && !self.lacks(FeatureSet::PING);
        }
        false
    }
}
