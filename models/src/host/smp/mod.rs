//! Security Manager of the initiator: LE Secure Connections only (Vol 3, Part H, 2.3 and 2.4).
//!
//! [`Initiator`] is one pairing. It takes commands of the responder, answers of the user and
//! results of P-256 operations, and returns the actions as [`SmpOutput`]s. The two authentication
//! stages are in [`stages`]; key distribution is in [`distribution`].

mod distribution;
mod draws;
mod method;
mod pdu;
#[cfg(test)]
mod recorded;
mod stages;
#[cfg(test)]
mod tests;
pub(super) mod toolbox;

use std::collections::VecDeque;

use ble::address::Address;
use ble::effect::PublicKey;
use ble::error::ErrorCode;
use ble::secret::Secret;
use ble::security::DEBUG_KEY_X;
use ble::time::{Duration, Instant};
use ble::ui::Ui;

use super::config::{DebugKey, PairingConfig};
pub(crate) use draws::Draws;
use method::Method;
pub(crate) use pdu::{Malformed, PairingFeatures, Pdu, reason};

/// The peer has this long to answer.
// SMP-TIME-1: 30 seconds.
pub(crate) const SMP_TIMEOUT: Duration = Duration::from_secs(30);

/// The addresses and identities of both ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parties {
    /// Local address as on air.
    pub(crate) local: Address,
    /// Peer's address as on air.
    pub(crate) peer: Address,
    /// Local identity address, to be distributed.
    pub(crate) identity: Address,
    /// Local IRK, least significant octet first; zero without privacy.
    pub(crate) irk: Secret<16>,
}

/// Why a pairing ended without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairingError {
    /// This side sent Pairing Failed with this reason.
    Local(u8),
    /// The peer sent Pairing Failed with this reason.
    Peer(u8),
    /// The peer did not answer within 30 s.
    Timeout,
    /// The link was lost.
    LinkLost(ErrorCode),
    /// Encryption could not be started.
    Encryption(ErrorCode),
}

/// The result of a pairing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Paired {
    /// LTK, least significant octet first.
    pub(crate) ltk: Secret<16>,
    /// Octets of it that count.
    pub(crate) key_size: u8,
    /// Whether the method protects against a man in the middle.
    pub(crate) authenticated: bool,
    /// Whether both want to store it.
    pub(crate) bonding: bool,
    /// The peer's identity, if it distributed one.
    pub(crate) identity: Option<Address>,
    /// The peer's IRK, least significant octet first, if it distributed one that is not zero.
    pub(crate) irk: Option<Secret<16>>,
}

/// An output of a pairing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SmpOutput {
    /// Send this command to the responder.
    Send(Pdu),
    /// Compute the public key and answer with [`Initiator::public_key`].
    ComputePublicKey(Secret<32>),
    /// Compute DHKey and answer with [`Initiator::shared_secret`].
    ComputeSharedSecret(Secret<32>, PublicKey),
    /// Show this to the user.
    Show(Ui),
    /// Start encryption with this LTK and answer with [`Initiator::encrypted`].
    Encrypt(Secret<16>),
    /// The pairing is over, with keys.
    Paired(Box<Paired>),
    /// The pairing is over, without; the passkey round in which it failed, if in one.
    Failed(PairingError, Option<u8>),
}

/// The event that the pairing waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Response,
    PublicKey,
    Passkey,
    Confirm,
    Random,
    Comparison,
    SharedSecret,
    DhKeyCheck,
    Encryption,
    Keys,
    Over,
}

/// One pairing, as its initiator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Initiator {
    config: PairingConfig,
    parties: Parties,
    draws: Draws,
    state: State,
    deadline: Option<Instant>,
    request: PairingFeatures,
    response: PairingFeatures,
    method: Method,
    private_key: Secret<32>,
    own_key: Option<PublicKey>,
    peer_key: Option<PublicKey>,
    debug_key: bool,
    shared_secret: Option<Secret<32>>,
    passkey: u32,
    round: u8,
    own_nonce: [u8; 16],
    peer_nonce: [u8; 16],
    peer_confirm: [u8; 16],
    mac_key: Option<Secret<16>>,
    ltk: Option<Secret<16>>,
    wanted: distribution::Wanted,
    showing: bool,
    out: VecDeque<SmpOutput>,
}

impl Initiator {
    /// Begins with Pairing Request.
    pub(crate) fn start(
        now: Instant,
        config: PairingConfig,
        parties: Parties,
        draws: Draws,
    ) -> Self {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        let request = PairingFeatures {
            io: config.io as u8,
            oob: 0,
            auth: flag(config.bonding, pdu::AUTH_BONDING)
                | flag(config.mitm, pdu::AUTH_MITM)
                | flag(config.secure_connections, pdu::AUTH_SC),
            key_size: config.max_key_size,
            initiator_keys: config.initiator_keys,
            responder_keys: config.responder_keys,
        };
        let mut this = Self {
            config,
            parties,
            draws,
            state: State::Response,
            deadline: None,
            request,
            response: PairingFeatures::default(),
            method: Method::JustWorks,
            private_key: Secret::new([0; 32]),
            own_key: None,
            peer_key: None,
            debug_key: false,
            shared_secret: None,
            passkey: 0,
            round: 0,
            own_nonce: [0; 16],
            peer_nonce: [0; 16],
            peer_confirm: [0; 16],
            mac_key: None,
            ltk: None,
            wanted: distribution::Wanted::default(),
            showing: false,
            out: VecDeque::new(),
        };
        this.draw_private_key();
        this.send(now, Pdu::PairingRequest(request));
        this
    }

    /// When [`Self::timer`] is due.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the user is being asked something.
    pub(crate) const fn dialog_open(&self) -> bool {
        matches!(self.state, State::Passkey | State::Comparison)
    }

    /// The stream of random numbers, for the next pairing.
    pub(crate) fn into_draws(self) -> Draws {
        self.draws
    }

    /// Takes the next thing to do.
    pub(crate) fn poll(&mut self) -> Option<SmpOutput> {
        self.out.pop_front()
    }

    /// [`Self::deadline`] is reached.
    pub(crate) fn timer(&mut self, now: Instant) {
        if self.deadline.is_some_and(|at| at <= now) {
            self.end(PairingError::Timeout);
        }
    }

    /// The link is lost.
    pub(crate) fn link_lost(&mut self, error: ErrorCode) {
        self.end(PairingError::LinkLost(error));
    }

    /// A command of the peer.
    pub(crate) fn received(&mut self, now: Instant, command: Result<Pdu, Malformed>) {
        if self.state == State::Over {
            return;
        }
        let command = match command {
            Ok(command) => command,
            Err(Malformed::Reserved) => return,
            // SMP-PDU-2: invalid parameters.
            Err(Malformed::Invalid) => return self.fail(reason::INVALID_PARAMETERS),
        };
        match (self.state, command) {
            (_, Pdu::Failed(reason)) => self.end(PairingError::Peer(reason)),
            // A Security Request while pairing has no effect; keypresses only prolong the wait.
            (_, Pdu::SecurityRequest(_)) => {}
            (_, Pdu::Keypress(_)) => self.deadline = Some(now + SMP_TIMEOUT),
            (State::Response, Pdu::PairingResponse(features)) => self.response(now, features),
            (State::PublicKey, Pdu::PublicKey(key)) => self.peer_public_key(now, key),
            (State::Confirm, Pdu::Confirm(value)) => self.peer_confirm(now, value),
            (State::Random, Pdu::Random(nonce)) => self.peer_random(now, nonce),
            (State::DhKeyCheck, Pdu::DhKeyCheck(check)) => self.peer_check(check),
            (State::Keys, key) => self.peer_distributes(now, key),
            // SMP-SEQ-1: order of the commands.
            _ => self.fail(reason::UNSPECIFIED),
        }
    }

    fn response(&mut self, now: Instant, response: PairingFeatures) {
        self.response = response;
        // SMP-FEAT-1: values of the feature exchange.
        let in_range = (7..=16).contains(&response.key_size) && response.oob <= 1;
        let subset = response.initiator_keys & !self.request.initiator_keys == 0
            && response.responder_keys & !self.request.responder_keys == 0;
        let mitm = (self.request.auth | response.auth) & pdu::AUTH_MITM != 0;
        let Some(method) =
            Method::choose(self.request.io, response.io, mitm).filter(|_| in_range && subset)
        else {
            return self.fail(reason::INVALID_PARAMETERS);
        };
        // Legacy pairing is not offered; out-of-band data are not at hand.
        // SMP-FEAT-4: Secure Connections where both can.
        // SMP-FEAT-5: authentication requirements.
        let secure_connections = self.request.auth & response.auth & pdu::AUTH_SC != 0;
        let too_weak = self.config.require_mitm && !method.authenticated();
        if !secure_connections || response.oob != 0 || too_weak {
            return self.fail(reason::AUTHENTICATION_REQUIREMENTS);
        }
        // SMP-FEAT-3: size of the key.
        if self.key_size() < self.config.min_key_size {
            return self.fail(reason::ENCRYPTION_KEY_SIZE);
        }
        self.method = method;
        self.state = State::PublicKey;
        self.deadline = None;
        self.send_public_key(now);
    }

    fn key_size(&self) -> u8 {
        self.request.key_size.min(self.response.key_size)
    }

    fn draw_private_key(&mut self) {
        self.private_key = Secret::new(self.draws.private_key());
        self.out.push_back(SmpOutput::ComputePublicKey(self.private_key.clone()));
    }

    /// Result of [`SmpOutput::ComputePublicKey`].
    pub(crate) fn public_key(&mut self, now: Instant, key: Option<PublicKey>) {
        match key {
            // The drawn number was not in 1..n: another.
            None => self.draw_private_key(),
            Some(_) => {
                self.own_key = key;
                self.send_public_key(now);
            }
        }
    }

    /// Sends the local public key once it is computed and due.
    fn send_public_key(&mut self, now: Instant) {
        if self.state == State::PublicKey
            && let Some(key) = self.own_key
        {
            self.send(now, Pdu::PublicKey(key));
        }
    }

    fn peer_public_key(&mut self, now: Instant, key: PublicKey) {
        let Some(own) = self.own_key else {
            // The peer must wait for the local key.
            return self.fail(reason::UNSPECIFIED);
        };
        // SMP-KEY-2: a reflected public key.
        // Reflection (CVE-2020-26558): the local key sent back proves nothing.
        if key.x == own.x {
            return self.fail(reason::DHKEY_CHECK_FAILED);
        }
        self.debug_key = key.x == DEBUG_KEY_X;
        match self.config.debug_key {
            DebugKey::Reject if self.debug_key => return self.fail(reason::INVALID_PARAMETERS),
            DebugKey::Trust => self.debug_key = false,
            DebugKey::Accept | DebugKey::Reject => {}
        }
        self.peer_key = Some(key);
        self.out.push_back(SmpOutput::ComputeSharedSecret(self.private_key.clone(), key));
        self.begin_stage_1(now);
    }

    /// Result of [`SmpOutput::ComputeSharedSecret`].
    pub(crate) fn shared_secret(&mut self, now: Instant, secret: Option<Secret<32>>) {
        if self.state == State::Over {
            return;
        }
        if secret.is_none() {
            // SMP-KEY-1: a valid public key.
            // Not on the curve (CVE-2018-5383).
            return self.fail(reason::DHKEY_CHECK_FAILED);
        }
        self.shared_secret = secret;
        if self.state == State::SharedSecret {
            self.begin_stage_2(now);
        }
    }

    /// Result of [`SmpOutput::Encrypt`].
    pub(crate) fn encrypted(&mut self, now: Instant, status: ErrorCode) {
        if self.state == State::Encryption {
            if status == ErrorCode::SUCCESS {
                self.begin_distribution(now);
            } else {
                self.end(PairingError::Encryption(status));
            }
        }
    }

    fn show(&mut self, ui: Ui) {
        self.showing = true;
        self.out.push_back(SmpOutput::Show(ui));
    }

    fn clear(&mut self) {
        if self.showing {
            self.showing = false;
            self.out.push_back(SmpOutput::Show(Ui::Clear));
        }
    }

    fn send(&mut self, now: Instant, command: Pdu) {
        self.deadline = Some(now + SMP_TIMEOUT);
        self.out.push_back(SmpOutput::Send(command));
    }

    /// Ends the pairing with Pairing Failed.
    fn fail(&mut self, reason: u8) {
        // SMP-FAIL-1: a failure ends the pairing.
        self.out.push_back(SmpOutput::Send(Pdu::Failed(reason)));
        self.end(PairingError::Local(reason));
    }

    fn end(&mut self, error: PairingError) {
        if self.state == State::Over {
            return;
        }
        let in_round = matches!(self.method, Method::InitiatorTypes | Method::InitiatorShows)
            && matches!(self.state, State::Confirm | State::Random);
        self.state = State::Over;
        self.deadline = None;
        self.clear();
        self.out.push_back(SmpOutput::Failed(error, in_round.then_some(self.round)));
    }
}
