//! Requests of clients, and values to notify and indicate.

use super::att::{AttError, NotYet, Security, TRANSACTION_TIMEOUT, is_request, refusal};
use super::gatt::table::handle::SERVICE_CHANGED;
use super::gatt::{Answered, Client, Course, GattView, Scratch};
use super::waiting::Waiting;
use super::{Host, HostConnection};
use crate::application::{Application, Event, Request};
use ble::error::PeerMisbehaved;
use ble::hci::Handle;
use ble::invariant::Invariant;
use ble::log::{Line, Severity};
use ble::time::Instant;

/// Service Changed: all handles may mean something else now, from the first to the last.
const ALL_HANDLES: [u8; 4] = [0x01, 0x00, 0xFF, 0xFF];

/// An ATT PDU, with the application's late answer to it, if any.
struct AttRequest<'a> {
    pdu: &'a [u8],
    first: Option<Request>,
    answered: Option<Answered>,
}

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// Handles a received ATT PDU.
    pub(super) fn att(&mut self, now: Instant, handle: Handle, pdu: &[u8]) {
        let Some(connection) = self.connection(handle) else { return };
        if connection.bearer.is_dead() {
            return;
        }
        if connection.resolution.answered(pdu) {
            return;
        }
        let another = connection.waiting.is_some() && is_request(pdu);
        if another || !connection.frames.has_room() {
            // A client waits for a response before its next request: this one does not, and
            // takes nothing in either.
            return self.misbehaved(handle, PeerMisbehaved::TooManyRequests);
        }
        let robust = connection.client.caches_robustly();
        match connection.awareness.received(robust, pdu) {
            Course::Serve => {}
            Course::ServeAware => self.keep_client(handle),
            Course::Ignore => return,
            Course::Refuse => {
                // It was asked for room before.
                let refused = refusal(pdu, AttError::OUT_OF_SYNC);
                let sent = connection.send_att(&refused).is_some();
                return self.broken.check(Invariant::FramesFit, sent);
            }
        }
        self.ask(now, handle, AttRequest { pdu, first: None, answered: None });
    }

    fn ask(&mut self, now: Instant, handle: Handle, asked: AttRequest<'_>) {
        let security = Security {
            level: self.smp.level(handle),
            key_size: self.smp.key_size(handle),
            has_key: self.smp.bond_of(handle).is_some(),
            settled: !self.smp.is_distributing(handle),
        };
        let find = |connection: &&mut HostConnection| connection.handle == handle;
        let Some(connection) = self.connections.iter_mut().flatten().find(find) else { return };
        let AttRequest { pdu, first, answered } = asked;
        // Later PDUs wait behind those that wait already.
        let held = !security.settled && !connection.held.is_empty();
        let before = connection.client;
        let indicated = connection.bearer.indicated();
        let next = Request { connection: handle, number: connection.next_request };
        let first = first.unwrap_or(next);
        let mut view =
            GattView::new(now, &mut self.application, &self.values, &mut connection.client, first);
        view.resumed = answered.is_some();
        view.answered = answered;
        let answer = match held {
            true => Err(NotYet),
            false => connection.bearer.received(&mut view, security, pdu),
        };
        let GattView { waits, request, effects, work, hash_read, .. } = view;
        if hash_read {
            connection.awareness.hash_read();
        }
        // Each question has its own number; those of one PDU are consecutive.
        connection.next_request = match waits || request != first {
            true => request.number.wrapping_add(1),
            false => connection.next_request,
        };
        match answer {
            Ok(Some(response)) => {
                // It was asked for room before.
                let sent = connection.send_att(&response).is_some();
                self.broken.check(Invariant::FramesFit, sent);
            }
            Ok(None) => {}
            // No client waits for the answer to a command.
            Err(NotYet) if waits && !is_request(pdu) => {}
            Err(NotYet) if waits => {
                connection.waiting = Waiting::new(pdu, first, request, now + TRANSACTION_TIMEOUT);
                if connection.waiting.is_none() {
                    // As above.
                    let sent = connection.send_att(&refusal(pdu, AttError::UNLIKELY)).is_some();
                    self.broken.check(Invariant::FramesFit, sent);
                }
            }
            Err(NotYet) => {
                if connection.held.push(pdu).is_none() {
                    self.misbehaved(handle, PeerMisbehaved::TooManyRequests);
                }
                return;
            }
        }
        let client = connection.client;
        let confirmed = indicated.filter(|_| connection.bearer.can_indicate());
        let learned = confirmed.is_some_and(|of| connection.awareness.confirmed(of));
        if client != before {
            connection.configured = true;
        }
        if client != before || learned {
            self.keep_client(handle);
        }
        self.carry_out(now, work, effects);
        if client != before {
            self.subscribed(now, handle, before);
        }
        if let Some(of) = confirmed.filter(|of| *of != SERVICE_CHANGED) {
            self.deliver(now, Event::Confirmed { connection: handle, handle: of, ok: true });
        }
    }

    /// Notifies the application of changes in a client's configurations.
    pub(super) fn subscribed(&mut self, now: Instant, handle: Handle, before: Client) {
        let Some(client) = self.connection(handle).map(|connection| connection.client) else {
            return;
        };
        for of in A::GATT.configurations().skip(1) {
            if client.configuration(of) != before.configuration(of) {
                let (notifications, indications) =
                    (client.wants_notifications(of), client.wants_indications(of));
                let (connection, handle) = (handle, of.of);
                let event = Event::Subscribed { connection, handle, notifications, indications };
                self.deliver(now, event);
            }
        }
    }

    /// Processes requests again that the application has answered, as far as there is room.
    pub(super) fn serve_waiting(&mut self, now: Instant) {
        for index in 0..LINKS {
            if let Some(Some(connection)) = self.connections.get_mut(index)
                && connection.frames.has_room()
                && let Some(waiting) =
                    connection.waiting.take_if(|waiting| waiting.answer.is_some())
            {
                let (handle, pdu) = (connection.handle, waiting.pdu.clone());
                let first = Some(waiting.first);
                let answered = waiting.into_answer();
                self.ask(now, handle, AttRequest { pdu: &pdu, first, answered });
            }
        }
    }

    /// Serves or refuses held PDUs of peers whose identity is now known, as far as there is room.
    pub(super) fn serve_held(&mut self, now: Instant) {
        for index in 0..LINKS {
            while let Some(Some(connection)) = self.connections.get_mut(index)
                && !self.smp.is_distributing(connection.handle)
                && connection.frames.has_room()
                && connection.waiting.is_none()
                && let Some(pdu) = connection.held.pop()
            {
                let handle = connection.handle;
                self.att(now, handle, &pdu);
            }
        }
    }

    /// Transactions that were not completed in time end their bearers.
    pub(super) fn att_due(&mut self, now: Instant) {
        for index in 0..LINKS {
            let Some(Some(connection)) = self.connections.get_mut(index) else { continue };
            if connection.att_deadline().is_none_or(|at| at > now) {
                continue;
            }
            let (handle, indicated) = (connection.handle, connection.bearer.indicated());
            connection.bearer.die();
            connection.waiting = None;
            connection.resolution.give_up();
            (connection.notify, connection.indicate) = (0, 0);
            self.log(Severity::Error, "bt_att", Line::AttTimeout);
            if let Some(of) = indicated.filter(|of| *of != SERVICE_CHANGED) {
                self.deliver(now, Event::Confirmed { connection: handle, handle: of, ok: false });
            }
        }
    }

    /// Sends values that have changed to clients that want to know, as far as there is room. What
    /// finds none is sent later, with the value current at that time.
    pub(super) fn send_values(&mut self, now: Instant) {
        for index in 0..LINKS {
            for of in A::GATT.configurations() {
                let bit = of.bit();
                let Some(Some(connection)) = self.connections.get_mut(index) else { break };
                let robust = connection.client.caches_robustly();
                if connection.awareness.holds_values(robust) && of.of != SERVICE_CHANGED {
                    continue;
                }
                if connection.notify & bit != 0 && connection.frames.has_room() {
                    connection.notify &= !bit;
                    if connection.client.wants_notifications(of) {
                        self.send_value(now, index, of.of, false);
                    }
                }
                let Some(Some(connection)) = self.connections.get_mut(index) else { break };
                if connection.indicate & bit != 0
                    && connection.frames.has_room()
                    && connection.bearer.can_indicate()
                {
                    connection.indicate &= !bit;
                    // GATT-CCCD-1: nothing that nobody subscribed to.
                    if connection.client.wants_indications(of) {
                        self.send_value(now, index, of.of, true);
                    }
                }
            }
        }
    }

    fn send_value(&mut self, now: Instant, index: usize, of: u16, indicated: bool) {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return };
        if connection.bearer.is_dead() {
            return;
        }
        let handle = connection.handle;
        let request = Request { connection: handle, number: connection.next_request };
        connection.next_request = request.number.wrapping_add(1);
        let mut view = GattView::new(
            now,
            &mut self.application,
            &self.values,
            &mut connection.client,
            request,
        );
        let value = match of {
            SERVICE_CHANGED => Scratch::from_slice(&ALL_HANDLES).map_err(|_| AttError::UNLIKELY),
            _ => view.ask(Event::Read { request, handle: of }),
        };
        let GattView { effects, work, .. } = view;
        let mut sent = false;
        if let Ok(value) = value {
            let pdu = match indicated {
                true => connection.bearer.indication(now, of, &value),
                false => Some(connection.bearer.notification(of, &value)),
            };
            // It was asked for room, and whether an indication may go, before.
            sent = pdu.and_then(|pdu| connection.send_att(&pdu)).is_some();
            self.broken.check(Invariant::FramesFit, sent);
        }
        self.carry_out(now, work, effects);
        if sent {
            self.used(now, handle);
        }
        if sent && of != SERVICE_CHANGED {
            self.deliver(now, Event::Sent { connection: handle, handle: of });
        }
    }
}
