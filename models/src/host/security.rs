//! Making the link secure: bonds, pairing, encryption and what to do when it fails.

use ble::address::Address;
use ble::effect::PublicKey;
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_sim::remembered::Remembered;

use super::cache::Cache;
use super::config::KeyMissing;
use super::smp::{Initiator, Paired, PairingError, Parties, Pdu, SmpOutput, reason};
use super::{CentralHost, HostOutput, l2cap};

/// Pause of an attacker before its next attempt on the same link.
const ATTACK_PAUSE: Duration = Duration::from_ms(10);
/// Pause after Repeated Attempts.
const ATTACK_BACK_OFF: Duration = Duration::from_secs(2);
/// Pairing Failed: too little time since the last attempt.
const REPEATED_ATTEMPTS: u8 = 0x09;

/// The bond with a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bond {
    /// Identity address; the address of the connection if the peer distributed none.
    pub peer: Address,
    /// Address of the connection on which the bond was made.
    pub address: Address,
    /// Long Term Key, least significant octet first.
    pub ltk: Secret<16>,
    /// Security level that the key gives, 2–4.
    pub level: u8,
    /// Peer's IRK, least significant octet first.
    pub irk: Option<Secret<16>>,
    /// The cached attributes, if any.
    pub cache: Option<Cache>,
}

impl Bond {
    /// Whether this bond is with the device behind `address`.
    #[must_use]
    pub fn is_with(&self, address: Address) -> bool {
        // GAP-RPA-1: private addresses are resolved.
        let resolves = |irk| ble::crypto::address::resolves(irk, address);
        self.peer == address || self.address == address || self.irk.as_ref().is_some_and(resolves)
    }
}

/// How secure a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Security {
    /// Not encrypted, and no encryption is under way.
    None,
    /// LE Enable Encryption is under way with a key that gives this level; from the bond store,
    /// or from the pairing that runs.
    Starting { level: u8, bonded: bool },
    /// Encrypted at this level.
    On(u8),
}

/// A P-256 operation under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    PublicKey(Secret<32>),
    SharedSecret(Secret<32>, PublicKey),
}

/// Level of a key: 4 needs Secure Connections, authentication and all 128 bits.
const fn level(paired: &Paired) -> u8 {
    // GAP-SEC-1: levels of security.
    match (paired.authenticated, paired.key_size) {
        (true, 16) => 4,
        (true, _) => 3,
        (false, _) => 2,
    }
}

impl CentralHost {
    /// Makes the link secure; [`Self::security_ended`] is called at its end.
    pub(super) fn secure(&mut self, now: Instant) {
        let Some(connection) = &self.connection else { return };
        if connection.smp.is_some() || matches!(connection.security, Security::Starting { .. }) {
            return;
        }
        if let Security::On(_) = connection.security {
            return self.security_ended(now, true);
        }
        match self.bond(connection.peer).cloned() {
            Some(bond) => self.encrypt(bond.ltk, bond.level, true),
            None => self.pair(now),
        }
    }

    pub(super) fn pair(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else { return };
        // SMP-TIME-2: silence after a timeout.
        if connection.smp_dead {
            // After a timeout the Security Manager stays silent on this link.
            return self.security_ended(now, false);
        }
        let parties = Parties {
            local: connection.local,
            peer: connection.peer,
            identity: self.config.claims.unwrap_or(self.identity),
            irk: self.irk.clone(),
        };
        let draws = self.draws.clone();
        connection.smp = Some(Initiator::start(now, self.config.pairing.clone(), parties, draws));
        connection.progress = now;
        connection.pair_again = None;
        connection.pairings = connection.pairings.saturating_add(1);
        self.status.attempts += 1;
        self.note("Pairing");
        self.pump_smp(now);
    }

    pub(super) fn encrypt(&mut self, ltk: Secret<16>, level: u8, bonded: bool) {
        if let Some(connection) = &mut self.connection {
            connection.security = Security::Starting { level, bonded };
            let handle = connection.handle;
            self.command(Command::LeEnableEncryption { handle, rand: 0, ediv: 0, ltk });
        }
    }

    /// A frame on the Security Manager's channel.
    pub(super) fn smp_frame(&mut self, now: Instant, frame: &[u8]) {
        let Some(connection) = &mut self.connection else { return };
        if connection.smp_dead {
            return;
        }
        let command = Pdu::parse(frame);
        if let Some(smp) = &mut connection.smp {
            connection.progress = now;
            smp.received(now, command);
            return self.pump_smp(now);
        }
        match command {
            Ok(Pdu::SecurityRequest(_)) => self.security_request(now),
            // SMP-ROLE-1: who sends what.
            // The peripheral has no business starting; anything else out of sequence is ignored.
            Ok(Pdu::PairingRequest(_)) => {
                self.send_smp(&Pdu::Failed(reason::PAIRING_NOT_SUPPORTED));
            }
            _ => {}
        }
    }

    fn security_request(&mut self, now: Instant) {
        // SMP-SEC-2: what a Security Request starts.
        let Some(connection) = &self.connection else { return };
        let busy = matches!(connection.security, Security::Starting { .. });
        let on = matches!(connection.security, Security::On(_));
        if busy || on {
            return;
        }
        if self.config.refuses_after_boot.is_some_and(|busy| now < Instant::ZERO + busy) {
            self.send_smp(&Pdu::Failed(reason::UNSPECIFIED));
            if let Some(connection) = &mut self.connection {
                connection.smp_dead = true;
            }
            return;
        }
        if self.config.pair_on.security_request || self.bond(connection.peer).is_some() {
            self.secure(now);
        } else {
            self.send_smp(&Pdu::Failed(reason::PAIRING_NOT_SUPPORTED));
        }
    }

    /// Whether an attribute that is refused for lack of security makes it pair.
    pub(super) const fn pairs_on_att_error(&self) -> bool {
        let on = &self.config.pair_on;
        on.att_error && (on.forgotten || !self.forgot)
    }

    fn send_smp(&mut self, command: &Pdu) {
        self.send(l2cap::CID_SMP, &command.encode());
    }

    /// Carries out the outputs of the pairing.
    pub(super) fn pump_smp(&mut self, now: Instant) {
        while let Some(output) =
            self.connection.as_mut().and_then(|c| c.smp.as_mut()).and_then(Initiator::poll)
        {
            match output {
                SmpOutput::Send(command) => self.send_smp(&command),
                SmpOutput::ComputePublicKey(private) => {
                    self.begin_job(now, Job::PublicKey(private));
                }
                SmpOutput::ComputeSharedSecret(private, peer) => {
                    self.begin_job(now, Job::SharedSecret(private, peer));
                }
                SmpOutput::Show(ui) => self.show(now, ui),
                SmpOutput::Encrypt(ltk) => self.encrypt(ltk, 0, false),
                SmpOutput::Paired(paired) => self.paired(now, &paired),
                SmpOutput::Failed(error, round) => self.pairing_failed(now, error, round),
            }
        }
    }

    fn begin_job(&mut self, now: Instant, job: Job) {
        let Some(connection) = &mut self.connection else { return };
        let begin = connection.jobs.back().map_or(now, |(at, _)| now.max(*at));
        connection.jobs.push_back((begin + self.config.p256_time, job));
    }

    /// Completes the P-256 operations that are due.
    pub(super) fn run_jobs(&mut self, now: Instant, keys: &mut Remembered) {
        while let Some(connection) = &mut self.connection
            && connection.jobs.front().is_some_and(|(at, _)| *at <= now)
        {
            let (Some((_, job)), Some(smp)) = (connection.jobs.pop_front(), &mut connection.smp)
            else {
                continue;
            };
            match job {
                Job::PublicKey(private) => smp.public_key(now, keys.public_key(&private)),
                Job::SharedSecret(private, peer) => {
                    smp.shared_secret(now, keys.shared_secret(&private, &peer));
                }
            }
            self.pump_smp(now);
        }
    }

    fn show(&mut self, now: Instant, ui: Ui) {
        if let Some(guesser) = &self.guesser {
            let guess = guesser.guess();
            if ui == Ui::AskPasskey
                && let Some(smp) = self.connection.as_mut().and_then(|c| c.smp.as_mut())
            {
                smp.passkey_typed(now, guess);
            }
            return;
        }
        if matches!(ui, Ui::AskPasskey | Ui::CompareNumber(_) | Ui::ShowPasskey(_)) {
            self.status.dialogs += 1;
        }
        self.out.push_back(HostOutput::Show(ui));
    }

    /// Takes a pairing that is over out of the connection.
    fn take_smp(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Some(smp) = connection.smp.take()
        {
            connection.jobs.clear();
            self.draws = smp.into_draws();
        }
    }

    fn paired(&mut self, now: Instant, paired: &Paired) {
        self.take_smp();
        let Some(connection) = &mut self.connection else { return };
        let level = level(paired);
        connection.security = Security::On(level);
        let address = connection.peer;
        let peer = paired.identity.unwrap_or(address);
        self.status.level = level;
        self.status.pairing = Some(Ok(level));
        if paired.bonding {
            let (ltk, irk) = (paired.ltk.clone(), paired.irk.clone());
            self.bonds.retain(|bond| bond.peer != peer && !bond.is_with(address));
            self.bonds.push(Bond { peer, address, ltk, level, irk, cache: None });
            self.status.bonded = true;
            self.note(&format!("Bonded with {peer}, security level {level}"));
        } else {
            self.note(&format!("Paired without bond, security level {level}"));
        }
        self.security_ended(now, true);
    }

    fn pairing_failed(&mut self, now: Instant, error: PairingError, round: Option<u8>) {
        self.take_smp();
        self.status.pairing = Some(Err(error));
        if let Some(connection) = &mut self.connection {
            if error == PairingError::Timeout {
                connection.smp_dead = true;
            }
            if matches!(error, PairingError::Encryption(_) | PairingError::LinkLost(_)) {
                connection.security = Security::None;
            }
        }
        self.note(&format!("Pairing failed: {error}"));
        if self.guesser.is_some() {
            return self.attack_again(now, error, round);
        }
        let lost = matches!(error, PairingError::LinkLost(_));
        if let Some(connection) = &mut self.connection
            && !(lost || connection.smp_dead || connection.closing)
            && connection.pairings < self.config.pair_attempts
        {
            connection.pair_again = Some(now + self.config.pair_again_after);
            return;
        }
        self.security_ended(now, false);
    }

    /// Learns from a failed attempt and prepares the next one.
    fn attack_again(&mut self, now: Instant, error: PairingError, round: Option<u8>) {
        let wrong = PairingError::Peer(reason::CONFIRM_VALUE_FAILED);
        if let (Some(guesser), Some(round)) = (&mut self.guesser, round)
            && error == wrong
        {
            guesser.wrong_in_round(round);
        }
        let more = self.config.attack.is_some_and(|a| self.status.attempts < a.max_attempts);
        if !more {
            return self.security_ended(now, false);
        }
        let pause = if error == PairingError::Peer(REPEATED_ATTEMPTS) {
            ATTACK_BACK_OFF
        } else {
            ATTACK_PAUSE
        };
        if let Some(connection) = &mut self.connection {
            connection.pair_again = Some(now + pause);
        }
    }

    /// Encryption Change, Encryption Key Refresh Complete, or LE Enable Encryption refused.
    pub(super) fn encryption_changed(&mut self, now: Instant, status: ErrorCode, enabled: bool) {
        let Some(connection) = &mut self.connection else { return };
        let Security::Starting { level, bonded } = connection.security else {
            if status == ErrorCode::SUCCESS && !enabled {
                connection.security = Security::None;
                self.status.level = 1;
            }
            return;
        };
        let status =
            if status == ErrorCode::SUCCESS && !enabled { ErrorCode::UNSPECIFIED } else { status };
        if !bonded {
            connection.security = Security::None;
            if let Some(smp) = &mut connection.smp {
                smp.encrypted(now, status);
            }
            return self.pump_smp(now);
        }
        if status == ErrorCode::SUCCESS {
            connection.security = Security::On(level);
            self.status.level = level;
            self.status.bonded = true;
            self.note(&format!("Encrypted with the stored key, security level {level}"));
            return self.security_ended(now, true);
        }
        connection.security = Security::None;
        self.note(&format!("Encryption failed: {status:?}"));
        if status == ErrorCode::PIN_OR_KEY_MISSING {
            self.key_missing(now);
        } else {
            self.security_ended(now, false);
        }
    }

    fn key_missing(&mut self, now: Instant) {
        // GAP-SEC-2: a lost key is not replaced silently.
        let Some(connection) = &self.connection else { return };
        let peer = connection.peer;
        match self.config.key_missing {
            KeyMissing::Disconnect => {
                self.note("Peer removed pairing information");
                self.disconnect(self.config.reasons.key_missing);
            }
            KeyMissing::PairAgain => {
                self.bonds.retain(|bond| !bond.is_with(peer));
                self.pair(now);
            }
            KeyMissing::Ignore => self.security_ended(now, false),
        }
    }

    /// The host's patience is over.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        let connection = self.connection.as_ref()?;
        let wanted =
            connection.smp.is_some() || matches!(connection.security, Security::Starting { .. });
        let dialog = connection.smp.as_ref().is_some_and(Initiator::dialog_open);
        let patience = self.config.give_up.filter(|_| wanted && !dialog && !connection.closing)?;
        Some(connection.progress + patience)
    }

    pub(super) fn give_up_if_due(&mut self, now: Instant) {
        if self.give_up_at().is_some_and(|at| at <= now) {
            self.note("That didn't work: the device did not answer; giving up");
            self.disconnect(self.config.reasons.done);
        }
    }
}
