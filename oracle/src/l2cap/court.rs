//! What the judges of all channels share.

use ble::hci::Role;
use ble::time::{Duration, Instant};

use super::idle::Idle;
use crate::findings::Findings;
use crate::link::{Link, Packet};

/// Timeout of an ATT transaction and of a pairing (30 s), and what clocks may be off.
pub(super) const TIMEOUT: Duration = Duration::from_secs(31);

/// A whole L2CAP frame on a fixed channel.
pub(super) struct SentFrame<'a> {
    pub(super) by: Role,
    pub(super) cid: u16,
    pub(super) octets: &'a [u8],
    /// Its last fragment.
    pub(super) packet: &'a Packet<'a>,
}

impl SentFrame<'_> {
    pub(super) fn is_encrypted(&self) -> bool {
        self.packet.item.decrypted == Some(true)
    }

    pub(super) fn at(&self) -> Instant {
        self.packet.item.at
    }
}

/// A violation: the rule, and how it is broken.
pub(super) type Wrong = Option<(&'static str, String)>;

/// Gives a finding of a rule against the sender of a frame.
pub(super) struct Court<'a, 'b> {
    pub(super) link: &'a Link<'b>,
    pub(super) findings: &'a mut Findings,
    pub(super) idle: Idle,
}

impl Court<'_, '_> {
    pub(super) fn report(&mut self, rule: &'static str, frame: &SentFrame<'_>, text: String) {
        self.link.report(self.findings, rule, frame.packet, &[], text);
    }

    pub(super) fn report_all(
        &mut self,
        frame: &SentFrame<'_>,
        wrong: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        wrong.into_iter().for_each(|(rule, text)| self.report(rule, frame, text));
    }

    /// Whether the sender of a frame had nothing left to send at a time, or later, before it.
    pub(super) fn was_idle(&self, by: Role, since: Instant) -> bool {
        self.idle.of(by).is_some_and(|idle| idle >= since)
    }
}
