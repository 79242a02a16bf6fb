//! HCI events.

use super::bonds::Bond;
use super::gatt::{Awareness, Client};
use super::l2cap::CID_SIGNALLING;
use super::procedures::{AutomaticProcedures, Due, Request, Requests, UpdateSituation, fits};
use super::{Host, HostConnection, Stage};
use crate::application::Application;
use crate::config::ServiceChanged;
use ble::error::ErrorCode;
use ble::hci::{
    Command, ConnectionComplete, ConnectionParameters, Event, Handle, HciOpcode, Return,
};
use ble::log::{Line, Severity};
use ble::phy::PhySet;
use ble::time::{Duration, Instant};

/// Opcodes whose failure is handled specially.
const CONNECTION_UPDATE: HciOpcode = HciOpcode(0x2013);

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    pub(super) fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::CommandComplete { opcode, status, returned } => {
                self.answered(now, opcode, status);
                self.returned(status, &returned);
                self.advertising_answered(opcode, status);
                self.set_up_done(now);
            }
            Event::CommandStatus { opcode, status } => {
                self.answered(now, opcode, status);
                self.set_up_done(now);
            }
            Event::LeConnectionComplete(complete) => self.connected(now, &complete),
            Event::DisconnectionComplete { handle, reason } => {
                self.disconnected(now, handle, reason);
            }
            Event::NumberOfCompletedPackets { handle, count } => {
                if let Some(connection) = self.connection(handle) {
                    let count = count.min(connection.in_flight);
                    connection.in_flight = connection.in_flight.saturating_sub(count);
                    self.controller.credits = self.controller.credits.saturating_add(count);
                }
                self.ask_if_quiet(now, handle);
            }
            Event::EncryptionChange { handle, status, enabled } => {
                self.encryption_changed(now, handle, status, enabled);
            }
            Event::EncryptionKeyRefreshComplete { handle, status } => {
                self.smp.key_refreshed(now, handle, status);
            }
            Event::LeLongTermKeyRequest { handle, rand, ediv } => {
                self.smp.ltk_request(now, handle, rand, ediv);
            }
            event => self.link_changed(now, event),
        }
    }

    /// Events about link layer procedures.
    fn link_changed(&mut self, now: Instant, event: Event) {
        match event {
            Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout } => {
                if status == ErrorCode::SUCCESS {
                    if let Some(connection) = self.connection(handle) {
                        connection.parameters = (interval, latency, timeout);
                    }
                    self.info(Line::ParametersUpdated { interval, latency, timeout });
                } else {
                    self.parameters_refused(now, handle, status);
                }
            }
            Event::LeRemoteConnectionParameterRequest {
                handle,
                interval_min,
                interval_max,
                latency,
                timeout,
            } => {
                // The link layer has checked the ranges; the central knows best.
                let parameters =
                    ConnectionParameters { interval_min, interval_max, latency, timeout };
                self.command(if self.config.refuses_parameters {
                    let reason = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
                    Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason }
                } else {
                    Command::LeRemoteConnectionParameterRequestReply { handle, parameters }
                });
            }
            Event::LeDataLengthChange { tx_octets, rx_octets, .. } => {
                self.info(Line::DataLengthUpdated { tx: tx_octets, rx: rx_octets });
            }
            Event::LePhyUpdateComplete { status, tx, rx, .. } => {
                if status == ErrorCode::SUCCESS {
                    self.info(Line::PhyUpdated { tx: tx as u8, rx: rx as u8 });
                } else {
                    self.failed("PHY update", status);
                }
            }
            Event::HardwareError { code } => self.failed("Controller", ErrorCode(code)),
            // The host decides nothing by what these say.
            _ => {}
        }
    }

    fn failed(&mut self, what: &'static str, error: ErrorCode) {
        self.log(Severity::Warning, "BLE_Main", Line::ProcedureFailed { what, error });
    }

    /// A command was answered.
    fn answered(&mut self, now: Instant, opcode: HciOpcode, status: ErrorCode) {
        let handle = self.commands.answered(opcode);
        // A connection may go while a command is on its way; that is no failure.
        if status == ErrorCode::SUCCESS || status == ErrorCode::UNKNOWN_CONNECTION {
            return;
        }
        match handle {
            Some(handle) if opcode == CONNECTION_UPDATE => {
                self.parameters_refused(now, handle, status);
            }
            _ => self.failed("HCI command", status),
        }
    }

    fn returned(&mut self, status: ErrorCode, returned: &Return) {
        if status != ErrorCode::SUCCESS {
            return;
        }
        match *returned {
            Return::BufferSize { length, count } => {
                self.controller.acl_length = length;
                self.controller.credits = count.into();
            }
            Return::MaximumDataLength { tx_octets, tx_time, .. } => {
                self.controller.tx_octets = tx_octets;
                self.controller.tx_time = tx_time;
            }
            _ => {}
        }
    }

    fn set_up_done(&mut self, now: Instant) {
        if self.stage == Stage::SettingUp && self.commands.are_done() {
            self.stage = Stage::Ready;
            self.initialized(now);
        }
    }

    fn connected(&mut self, now: Instant, complete: &ConnectionComplete) {
        self.advertising_stopped();
        if complete.status != ErrorCode::SUCCESS {
            return self.gap_connection_failed(complete.status);
        }
        let handle = complete.handle;
        let (procedures, requests) = AutomaticProcedures::connected(&self.config, now);
        let mut connection = HostConnection::new(complete, procedures);
        let patience = self.config.leaves_idle_ms.map(|ms| Duration::from_ms(ms.into()));
        connection.idle_at = patience.map(|patience| now + patience);
        let peer = connection.peer;
        if let Some(bond) = self.smp.bonds().find(|bond| bond.identity == peer) {
            connection.client = self.values.kept(bond, &A::GATT);
            connection.awareness = self.awareness(bond);
        }
        let Some(place) = self.connections.iter_mut().find(|place| place.is_none()) else {
            let reason = ErrorCode::REMOTE_LOW_RESOURCES;
            return self.command(Command::Disconnect { handle, reason });
        };
        *place = Some(connection);
        self.smp.connected(now, handle, complete.local, complete.peer, complete.peer_identity);
        self.gap_connected(now, handle);
        self.subscribed(now, handle, Client::default());
        if self.config.security_request {
            self.smp.request_security(now, handle);
        }
        self.request_all(handle, requests);
    }

    /// Whether a bonded client knows the present table when it connects.
    // GATT-SYNC-1: bonded clients are told of changes.
    fn awareness(&self, bond: &Bond) -> Awareness {
        let indicates = self.config.lapses.made().service_changed == ServiceChanged::Told;
        match indicates && bond.known != self.values.database() {
            true => Awareness::Unaware { informed: false },
            false => Awareness::Aware,
        }
    }

    fn disconnected(&mut self, now: Instant, handle: Handle, reason: ErrorCode) {
        // First security, which may have been under way, then the connection: the order of the
        // two log lines of the founding case.
        self.smp.disconnected(now, handle, reason);
        self.drain_security_of_lost(now);
        let Some(place) = self
            .connections
            .iter_mut()
            .find(|place| place.as_ref().is_some_and(|connection| connection.handle == handle))
        else {
            return;
        };
        let Some(connection) = place.take() else { return };
        let credits = self.controller.credits.saturating_add(connection.in_flight);
        self.controller.credits = credits;
        self.gap_disconnected(now, &connection, reason);
    }

    fn encryption_changed(&mut self, now: Instant, handle: Handle, status: ErrorCode, on: bool) {
        self.smp.encryption_changed(now, handle, status, on);
        self.drain_security(now);
        // Pairing that still has keys to distribute comes to this point when it ends.
        if on && status == ErrorCode::SUCCESS && self.smp.is_proven(handle) {
            self.recognised(now, handle);
            self.bonded(now, handle);
        }
    }

    /// What is due by the clock.
    pub(super) fn procedures_due(&mut self, now: Instant) {
        for index in 0..LINKS {
            let Some(Some(connection)) = self.connections.get_mut(index) else { continue };
            let handle = connection.handle;
            let (interval, latency, timeout) = connection.parameters;
            let is = UpdateSituation {
                busy: self.smp.is_pairing(handle) || connection.bonding,
                fits: fits(&self.config.preferred, interval, latency, timeout),
                not_before: connection.signalling.not_before(),
            };
            match connection.procedures.parameters_due(&self.config, now, is) {
                Due::Ask(requests) => self.request_all(handle, requests),
                Due::Leave => {
                    let reason = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
                    self.failed("Connection parameter update", reason);
                    self.command(Command::Disconnect { handle, reason });
                }
            }
            self.disconnect_if_idle(now, index);
        }
    }

    /// Disconnects if nothing has been read, written, notified or paired for too long.
    fn disconnect_if_idle(&mut self, now: Instant, index: usize) {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return };
        if connection.idle_at.take_if(|at| *at <= now).is_some() {
            let (handle, reason) = (connection.handle, ErrorCode::REMOTE_USER_TERMINATED);
            self.command(Command::Disconnect { handle, reason });
        }
    }

    /// Something is read, written, notified or paired: the connection is not idle.
    pub(super) fn used(&mut self, now: Instant, handle: Handle) {
        let patience = self.config.leaves_idle_ms.map(|ms| Duration::from_ms(ms.into()));
        if let Some(connection) = self.connection(handle)
            && connection.idle_at.is_some()
        {
            connection.idle_at = patience.map(|patience| now + patience);
        }
    }

    /// Procedures that people request, regardless of the configuration.
    pub(super) fn asked(&mut self, request: Request) {
        for index in 0..LINKS {
            if let Some(Some(connection)) = self.connections.get(index) {
                let command = self.command_of(connection.handle, request);
                self.command_from_outside(command);
            }
        }
    }

    pub(super) fn request_all(&mut self, handle: Handle, requests: Requests) {
        for request in requests.each() {
            self.command(self.command_of(handle, request));
        }
    }

    fn command_of(&self, handle: Handle, request: Request) -> Command {
        match request {
            Request::Features => Command::LeReadRemoteFeatures { handle },
            Request::Version => Command::ReadRemoteVersion { handle },
            Request::Phy => {
                let both = PhySet::LE_2M;
                Command::LeSetPhy { handle, tx: both, rx: both, coded_options: 0 }
            }
            Request::DataLength => Command::LeSetDataLength {
                handle,
                tx_octets: self.controller.tx_octets,
                tx_time: self.controller.tx_time,
            },
            Request::Parameters => {
                Command::LeConnectionUpdate { handle, parameters: self.config.preferred }
            }
        }
    }

    /// Either link layer does not know the procedure: the central's host is asked instead.
    fn parameters_refused(&mut self, now: Instant, handle: Handle, status: ErrorCode) {
        let wanted = self.config.preferred;
        let unknown = [ErrorCode::UNSUPPORTED_REMOTE_FEATURE, ErrorCode::COMMAND_DISALLOWED]
            .contains(&status);
        if unknown
            && let Some(connection) = self.connection(handle)
            && let Some(packet) = connection.signalling.request(now, wanted)
            && connection.send(CID_SIGNALLING, &packet).is_some()
        {
            return;
        }
        self.failed("Connection parameter update", status);
    }
}
