//! ACL packets up to the channels and down again.

use super::Host;
use super::att::{Security, Unsettled};
use super::gatt::services::handle;
use super::gatt::values::View;
use super::l2cap::signalling::Signal;
use super::l2cap::{CID_ATT, CID_SIGNALLING, CID_SMP, split};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, Handle};
use ble::log::{Line, Severity};
use ble::time::Instant;
use ble::ui::Ui;

impl<const LINKS: usize> Host<LINKS> {
    pub(super) fn acl(&mut self, now: Instant, acl: &Acl) {
        let handle = acl.handle;
        let Some(connection) = self.connection(handle) else { return };
        let frame = match connection.received.fragment(acl.boundary, &acl.data) {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(sin) => return self.misbehaved(handle, sin),
        };
        match split(&frame) {
            Some((CID_ATT, pdu)) => self.att(now, handle, pdu),
            Some((CID_SIGNALLING, packet)) => self.signalling(handle, packet),
            Some((CID_SMP, pdu)) => self.smp.received(now, handle, pdu),
            // A channel that is not there.
            Some(_) | None => {}
        }
    }

    fn att(&mut self, now: Instant, handle: Handle, pdu: &[u8]) {
        let security = Security {
            level: self.smp.level(handle),
            key_size: self.smp.key_size(handle),
            has_key: self.smp.bond_of(handle).is_some(),
            settled: !self.smp.is_distributing(handle),
        };
        let Some(connection) =
            self.connections.iter_mut().flatten().find(|connection| connection.handle == handle)
        else {
            return;
        };
        if !connection.frames.has_room() {
            // A client waits for a response before its next request: this one does not, and
            // takes nothing in either.
            return self.misbehaved(handle, PeerMisbehaved::TooManyRequests);
        }
        // What has come later waits behind what waits.
        let held = !security.settled && !connection.held.is_empty();
        let (led, before) = (self.values.led, connection.client);
        let mut view = View { values: &mut self.values, client: &mut connection.client };
        let answer = match held {
            true => Err(Unsettled),
            false => connection.bearer.received(&mut view, security, pdu),
        };
        match answer {
            Ok(Some(response)) => {
                // There is room: it was asked for above.
                let _ = connection.send_att(&response);
            }
            Ok(None) => {}
            Err(Unsettled) => {
                if connection.held.push(pdu).is_none() {
                    self.misbehaved(handle, PeerMisbehaved::TooManyRequests);
                }
                return;
            }
        }
        if connection.client != before {
            connection.configured = true;
            let bits = connection.client.to_bits();
            self.smp.set_cccd(now, handle, bits);
        }
        if self.values.led != led {
            let on = self.values.led;
            self.note(super::Note::Ui(Ui::Led { led: 3, on }));
        }
    }

    /// Serves or refuses what has waited, as far as there is room, where it is known now who the
    /// peer is.
    pub(super) fn serve_held(&mut self, now: Instant) {
        for index in 0..LINKS {
            while let Some(Some(connection)) = self.connections.get_mut(index)
                && !self.smp.is_distributing(connection.handle)
                && connection.frames.has_room()
                && let Some(pdu) = connection.held.pop()
            {
                let handle = connection.handle;
                self.att(now, handle, &pdu);
            }
        }
    }

    fn signalling(&mut self, handle: Handle, packet: &[u8]) {
        let Some(connection) = self.connection(handle) else { return };
        match connection.signalling.received(packet) {
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

    /// Notifies clients that want to know of the Button, as far as there is room. What could not
    /// be told is told later, with the value of then.
    pub(super) fn tell_button(&mut self) {
        let value = [u8::from(self.values.button)];
        for connection in self.connections.iter_mut().flatten() {
            if connection.button_untold && connection.frames.has_room() {
                connection.button_untold = false;
                if connection.client.wants_button() {
                    let pdu = connection.bearer.notification(handle::BUTTON, &value);
                    // There is room.
                    let _ = connection.send_att(&pdu);
                }
            }
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
