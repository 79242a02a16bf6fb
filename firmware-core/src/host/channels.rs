//! ACL packets up to the channels and down again.

use super::Host;
use super::l2cap::signalling::Signal;
use super::l2cap::{CID_ATT, CID_SIGNALLING, CID_SMP, split};
use crate::application::Application;
use crate::config::Unanswered;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, Handle};
use ble::log::{Line, Severity};
use ble::time::Instant;

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    pub(super) fn acl(&mut self, now: Instant, acl: &Acl) {
        let handle = acl.handle;
        let Some(connection) = self.connection(handle) else { return };
        let frame = match connection.received.fragment(acl.boundary, &acl.data) {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(violation) => return self.misbehaved(handle, violation),
        };
        if let Some((CID_ATT | CID_SMP, _)) = split(&frame) {
            self.used(now, handle);
        }
        match split(&frame) {
            Some((CID_ATT, pdu)) => self.att(now, handle, pdu),
            Some((CID_SIGNALLING, packet)) => self.signalling(now, handle, packet),
            Some((CID_SMP, _)) if self.config.lapses.made().unanswered.has(Unanswered::PAIRING) => {
            }
            Some((CID_SMP, pdu)) => self.smp.received(now, handle, pdu),
            // A channel that is not there.
            Some(_) | None => {}
        }
    }

    fn signalling(&mut self, now: Instant, handle: Handle, packet: &[u8]) {
        let Some(connection) = self.connection(handle) else { return };
        match connection.signalling.received(now, packet) {
            Signal::Answer(answer) => {
                if connection.send(CID_SIGNALLING, &answer).is_none() {
                    self.misbehaved(handle, PeerMisbehaved::TooManyRequests);
                }
            }
            Signal::ParametersAnswered { accepted: false } => {
                let error = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
                let line = Line::ProcedureFailed { what: "Connection parameter update", error };
                self.log(Severity::Warning, "BLE_Main", line);
            }
            Signal::ParametersAnswered { accepted: true } | Signal::Ignored => {}
        }
    }

    /// The next fragment for the controller, connections taking turns.
    pub(super) fn next_acl(&mut self) -> Option<Acl> {
        let credits = self.controller.credits.checked_sub(1)?;
        let limit = usize::from(self.controller.acl_length);
        for offset in 0..LINKS {
            let index = self.turn.saturating_add(offset).checked_rem(LINKS)?;
            let Some(Some(connection)) = self.connections.get_mut(index) else { continue };
            let Some((boundary, data)) = connection.frames.next(limit) else { continue };
            connection.in_flight = connection.in_flight.saturating_add(1);
            let handle = connection.handle;
            self.controller.credits = credits;
            self.turn = index.saturating_add(1);
            return Some(Acl { handle, boundary, data });
        }
        None
    }
}
