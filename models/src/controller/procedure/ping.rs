//! LE Ping (Vol 6, Part B, 5.1.8) and the authenticated payload timeout (5.4).

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{FeatureSet, Opcode};
use ble::time::{Duration, Instant};

use crate::controller::control::Request;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// The authenticatedPayloadTimeout of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct PayloadTimer {
    /// Units of 10 ms.
    pub(in crate::controller) timeout: u16,
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
    pub(in crate::controller) fn restart(&mut self, now: Instant) {
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

    pub(in crate::controller) fn expire_payload_timer(&mut self, sh: &mut Shared, now: Instant) {
        let Some(since) = self.payload_timer.since else {
            return;
        };
        if now >= since + self.payload_timer.timeout() {
            self.payload_timer.restart(now);
            // LL-PING-2: authenticated payload timeout.
            // LL-PING-3: in a pause of encryption as well.
            sh.event(Event::AuthenticatedPayloadTimeoutExpired { handle: self.handle });
        } else if !self.payload_timer.pinged && now >= self.ping_due(since) {
            self.payload_timer.pinged = true;
            if sh.has(FeatureSet::PING) && !self.lacks(FeatureSet::PING) {
                self.control.queue.push_back(Request::Ping);
            }
        }
    }

    /// LL_PING_RSP, or LL_UNKNOWN_RSP, which is as good an answer.
    pub(in crate::controller) fn receive_ping_rsp(&mut self, sh: &mut Shared) {
        if self.awaits(Opcode::PING_REQ) {
            self.end_own(sh, ErrorCode::SUCCESS);
        } else {
            sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
    }
}
