//! The steps of user and application on a connection, one after the other.

use ble::hci::Command;
use ble::time::{Duration, Instant};

use super::att::error;
use super::config::{BondedStart, HostProcedure, Step};
use super::connection::HostConnection;
use super::gatt::ClientError;
use super::security::Security;
use super::{CentralHost, HostOutput, l2cap};

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

/// The step whose turn it is, and whether security was raised for it.
fn next_step(connection: &mut HostConnection) -> Option<(Step, bool)> {
    match connection.again.pop_front() {
        Some(step) => Some((step, true)),
        None => connection.steps.pop_front().map(|step| (step, false)),
    }
}

impl CentralHost {
    /// A connection is there: everything begins.
    pub(super) fn begin_connection(&mut self, now: Instant) {
        let Some(handle) = self.connection.as_ref().map(|c| c.handle) else { return };
        let bonded = self.connection.as_ref().is_some_and(|c| self.bond(c.peer).is_some());
        let by_itself = self.config.bonded_start != BondedStart::OnDemand
            && self.encrypted < self.config.encrypted_reconnections;
        if bonded && by_itself {
            self.encrypted = self.encrypted.saturating_add(1);
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
                    let coded_options = self.config.coding.option();
                    Command::LeSetPhy { handle, tx: set, rx: set, coded_options }
                }
            });
        }
        if let Some(connection) = &mut self.connection {
            connection.waits_for_encryption =
                bonded && by_itself && self.config.bonded_start == BondedStart::EncryptFirst;
        }
        self.advance(now);
    }

    /// Begins the next step unless one is under way.
    pub(super) fn advance(&mut self, now: Instant) {
        self.renew_if_due();
        while let Some(connection) = &mut self.connection
            && connection.running.is_none()
            && !connection.waits_for_encryption
            && !connection.closing
            && let Some((step, retried)) = next_step(connection)
        {
            self.begin_step(now, step, retried);
        }
        let idle = |c: &HostConnection| {
            c.running.is_none() && !c.waits_for_encryption && !c.closing && !c.has_steps()
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
            WaitsFor::Security => {
                self.step_aside(step);
                self.secure(now);
            }
            WaitsFor::Time(_) => {}
            WaitsFor::Nothing => self.leave(),
        }
    }

    /// When a step that waits for time continues.
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
        let unsolicited = connection.client.unsolicited();
        self.status.notifications += unsolicited.notifications;
        self.status.indications += unsolicited.indications;
        self.pump_client();
        if let Some(result) = ended {
            self.client_ended(now, result);
        }
        self.attributes_changed(now);
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
                let waits_for = WaitsFor::Security;
                let retried = false;
                connection.running = Some(Running { step: step.clone(), waits_for, retried });
                self.note(&text);
                self.step_aside(step);
                self.raise_security(now);
                self.advance(now);
            }
            Err(ClientError::Att(error::OUT_OF_SYNC)) if connection.renew() => {
                self.note(&format!("{step}: the attributes are others now"));
                self.advance(now);
            }
            Err(error) => {
                self.status.failed += 1;
                self.status.refused += 1;
                self.note(&format!("{step} failed: {error:?}"));
                self.advance(now);
            }
        }
    }

    /// The step under way waits for security: others go on meanwhile, if this host is like that.
    fn step_aside(&mut self, step: Step) {
        let beside = self.config.steps_beside_pairing;
        if let Some(connection) = self.connection.as_mut().filter(|_| beside) {
            connection.running = None;
            connection.waiting.push(step);
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

    /// Security was reached, or not: steps that waited for it continue.
    pub(super) fn security_ended(&mut self, now: Instant, reached: bool) {
        let Some(connection) = &mut self.connection else { return };
        connection.waits_for_encryption = false;
        let waiting = connection.running.take_if(|r| r.waits_for == WaitsFor::Security);
        let aside = std::mem::take(&mut connection.waiting);
        let wanted = aside.contains(&Step::Secure);
        let aside = aside.into_iter().filter(|step| *step != Step::Secure);
        let waiting = match waiting {
            Some(running) => Some(running.step),
            None if wanted => Some(Step::Secure),
            None => None,
        };
        if reached {
            connection.again.extend(aside);
        } else {
            for step in aside {
                self.status.failed += 1;
                self.out.push_back(HostOutput::Note(format!("{step} given up")));
            }
        }
        match waiting {
            Some(Step::Secure) if !reached => {
                // The user's wish has failed: nothing is left to be done here.
                if let Some(connection) = &mut self.connection {
                    connection.steps.clear();
                }
                return self.disconnect(self.config.reasons.done);
            }
            Some(Step::Secure) | None => {}
            Some(step) if reached => return self.begin_step(now, step, true),
            Some(step) => {
                self.status.failed += 1;
                self.status.refused += 1;
                self.note(&format!("{step} given up"));
            }
        }
        self.advance(now);
    }
}
