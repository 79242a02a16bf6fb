//! What the user and the application do on a connection, one step after the other.

use ble::hci::Command;
use ble::time::{Duration, Instant};

use super::att::error;
use super::config::{BondedStart, HostProcedure, Step};
use super::gatt::ClientError;
use super::security::Security;
use super::{CentralHost, l2cap};

/// The step under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Running {
    step: Step,
    waits_for: WaitsFor,
    /// Security was raised for it once: it is not tried a third time.
    retried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum WaitsFor {
    Client,
    Security,
    Time(Instant),
    Nothing,
}

impl Running {
    /// When it ends, if it waits for time.
    pub(super) const fn until(&self) -> Option<Instant> {
        match self.waits_for {
            WaitsFor::Time(at) => Some(at),
            _ => None,
        }
    }
}

impl CentralHost {
    /// A connection is there: everything begins.
    pub(super) fn begin_connection(&mut self, now: Instant) {
        let Some(handle) = self.connection.as_ref().map(|c| c.handle) else { return };
        let bonded = self.connection.as_ref().is_some_and(|c| self.bond(c.peer).is_some());
        if bonded && self.config.bonded_start != BondedStart::OnDemand {
            match self.config.encrypt_after {
                Duration::ZERO => self.secure(now),
                later => {
                    if let Some(connection) = &mut self.connection {
                        connection.encrypt_at = Some(now + later);
                    }
                }
            }
        }
        for procedure in self.config.on_connect.clone() {
            self.command(match procedure {
                HostProcedure::Features => Command::LeReadRemoteFeatures { handle },
                HostProcedure::Version => Command::ReadRemoteVersion { handle },
                HostProcedure::DataLength => {
                    Command::LeSetDataLength { handle, tx_octets: 251, tx_time: 2120 }
                }
                HostProcedure::Phy(set) => {
                    Command::LeSetPhy { handle, tx: set, rx: set, coded_options: 0 }
                }
            });
        }
        if let Some(connection) = &mut self.connection {
            connection.waits_for_encryption =
                bonded && self.config.bonded_start == BondedStart::EncryptFirst;
        }
        self.advance(now);
    }

    /// Begins the next step unless one is under way.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(connection) = &mut self.connection
            && connection.running.is_none()
            && !connection.waits_for_encryption
            && !connection.closing
            && let Some(step) = connection.steps.pop_front()
        {
            self.begin_step(now, step, false);
        }
        let idle = |c: &super::connection::Connection| {
            c.running.is_none() && !c.waits_for_encryption && !c.closing && c.steps.is_empty()
        };
        self.status.finished |= self.connection.as_ref().is_some_and(idle);
    }

    fn begin_step(&mut self, now: Instant, step: Step, retried: bool) {
        let Some(connection) = &mut self.connection else { return };
        let waits_for = match &step {
            Step::Secure => WaitsFor::Security,
            Step::Stay(time) => WaitsFor::Time(now + *time),
            Step::Disconnect => WaitsFor::Nothing,
            _ => WaitsFor::Client,
        };
        connection.running = Some(Running { step: step.clone(), waits_for, retried });
        match waits_for {
            WaitsFor::Client => {
                let ended = connection.client.begin(now, &step);
                self.pump_client();
                if let Some(result) = ended {
                    self.client_ended(now, result);
                }
            }
            WaitsFor::Security => self.secure(now),
            WaitsFor::Time(_) => {}
            WaitsFor::Nothing => self.leave(),
        }
    }

    /// When a step that waits for time goes on.
    pub(super) fn step_deadline(&self) -> Option<Instant> {
        self.connection.as_ref()?.running.as_ref()?.until()
    }

    pub(super) fn step_timer(&mut self, now: Instant) {
        if self.step_deadline().is_some_and(|at| at <= now) {
            if let Some(connection) = &mut self.connection {
                connection.running = None;
            }
            self.advance(now);
        }
    }

    /// An ATT frame.
    pub(super) fn att_frame(&mut self, now: Instant, frame: &[u8]) {
        let Some(connection) = &mut self.connection else { return };
        let ended = connection.client.received(now, frame);
        let told = connection.client.told();
        self.status.notifications += told.notifications;
        self.status.indications += told.indications;
        self.pump_client();
        if let Some(result) = ended {
            self.client_ended(now, result);
        }
    }

    pub(super) fn pump_client(&mut self) {
        while let Some(frame) = self.connection.as_mut().and_then(|c| c.client.poll()) {
            self.send(l2cap::CID_ATT, &frame);
        }
    }

    pub(super) fn client_ended(&mut self, now: Instant, result: Result<(), ClientError>) {
        let pairs = self.pairs_on_att_error();
        let Some(connection) = &mut self.connection else { return };
        let Some(running) = connection.running.take_if(|r| r.waits_for == WaitsFor::Client) else {
            return;
        };
        let step = running.step;
        match result {
            Ok(()) => {
                self.note(&format!("{step} done"));
                self.advance(now);
            }
            Err(ClientError::Timeout) => {
                self.note("ATT timeout");
                self.disconnect(self.config.reasons.done);
            }
            Err(ClientError::Att(
                code @ (error::INSUFFICIENT_AUTHENTICATION
                | error::INSUFFICIENT_ENCRYPTION
                | error::INSUFFICIENT_KEY_SIZE),
            )) if pairs && !running.retried => {
                let text = format!("{step} needs security (ATT error 0x{code:02x})");
                connection.running =
                    Some(Running { step, waits_for: WaitsFor::Security, retried: false });
                self.note(&text);
                self.raise_security(now);
            }
            Err(error) => {
                self.status.failed += 1;
                self.note(&format!("{step} failed: {error:?}"));
                self.advance(now);
            }
        }
    }

    /// The peer wants more security than there is.
    fn raise_security(&mut self, now: Instant) {
        // GAP-ENC-1: bonded devices encrypt. GAP-ENC-2: a key is tried before a pairing.
        let Some(connection) = &self.connection else { return };
        match connection.security {
            // Encrypted, but not well enough: only another pairing can help.
            Security::On(level) if level < 4 => self.pair(now),
            _ => self.secure(now),
        }
    }

    /// Security was reached, or not: whoever waited for it goes on.
    pub(super) fn security_ended(&mut self, now: Instant, reached: bool) {
        let Some(connection) = &mut self.connection else { return };
        connection.waits_for_encryption = false;
        let waiting = connection.running.take_if(|r| r.waits_for == WaitsFor::Security);
        match waiting.map(|running| running.step) {
            Some(Step::Secure) if !reached => {
                // The user's wish has failed: nothing is left to be done here.
                connection.steps.clear();
                return self.disconnect(self.config.reasons.done);
            }
            Some(Step::Secure) | None => {}
            Some(step) if reached => return self.begin_step(now, step, true),
            Some(step) => {
                self.status.failed += 1;
                self.note(&format!("{step} given up"));
            }
        }
        self.advance(now);
    }
}
