//! The states of a pairing. Each state is named by what it waits for and carries only what its
//! successors need.
//!
//! ```text
//! Idle ─ Pairing Request ─► PublicKey ─► OwnKey ─► stage 1 ─► Check ─► Encryption ─► Identity…
//!                                                    │
//!                    passkey: (Entry ─►) Confirm ⇄ Random, 20 times
//!                    Just Works, numeric comparison: Nonce (─► Comparison)
//! ```

use super::command::{Command, Reason};
use super::link::Context;
use super::negotiate::Terms;
use super::numeric::Comparison;
use super::passkey::Round;
use super::{check, exchange, keys, negotiate, numeric, passkey};
use ble::effect::{EffectId, PublicKey};
use ble::error::PeerMisbehaved;
use ble::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Nothing: no pairing is under way.
    Idle,
    /// The answer to the local Security Request: pairing or encryption.
    Requested,
    /// The peer's public key.
    PublicKey(Terms),
    /// The local public key, which is still being computed; the peer's has been received.
    OwnKey(Terms, PublicKey),
    /// The user, who types the passkey; the peer's first confirm value may have been received.
    Entry(Exchange, Option<[u8; 16]>),
    /// The peer's confirm value of a round.
    Confirm(Exchange, Round),
    /// The peer's nonce of a round, which must fit its confirm value.
    Random(Exchange, Round, [u8; 16]),
    /// The peer's nonce in Just Works and numeric comparison; the local one is committed to.
    Nonce(Exchange, Secret<16>),
    /// The user, who compares numbers.
    Comparison(Exchange, Comparison),
    /// The peer's DHKey check, or the DHKey to verify it with.
    Check(Exchange, Proof, Option<[u8; 16]>),
    /// Encryption with the new key.
    Encryption(Terms, Key),
    /// The peer's Identity Information.
    IdentityKey(Terms, Key),
    /// The peer's Identity Address Information.
    IdentityAddress(Terms, Key, Secret<16>),
    /// A new connection: the transaction timeout has forbidden SMP on this one.
    Blocked,
}

/// Public keys of both sides and values derived from them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Exchange {
    pub(super) terms: Terms,
    pub(super) own: PublicKey,
    pub(super) peer: PublicKey,
    pub(super) dhkey: DhKey,
}

/// The Diffie-Hellman key is slow: it is computed during stage 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum DhKey {
    Computing(EffectId),
    Ready(Secret<32>),
}

/// The results of stage 1 for stage 2: both nonces and the passkey as a 128-bit number, each least
/// significant octet first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Proof {
    pub(super) na: [u8; 16],
    pub(super) nb: [u8; 16],
    pub(super) r: Secret<16>,
}

/// The key of a connection and its strength.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) ltk: Secret<16>,
    pub(super) level: u8,
    pub(super) size: u8,
}

/// Why a pairing ends, and which rule the peer broke, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: Reason,
    pub(super) violation: Option<PeerMisbehaved>,
    /// The link is encrypted with a key that is not acceptable, and ends.
    pub(super) expels: bool,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { reason, violation: None, expels: false }
    }
}

impl Reason {
    /// The reason, because the peer broke this rule.
    pub(super) const fn because(self, violation: PeerMisbehaved) -> Failure {
        Failure { reason: self, violation: Some(violation), expels: false }
    }
}

/// The next state, or the end of the pairing.
pub(super) type Step = Result<State, Failure>;

impl State {
    /// Whether a Pairing Request was accepted and its pairing is not over.
    pub(super) const fn is_pairing(&self) -> bool {
        !matches!(self, Self::Idle | Self::Requested | Self::Blocked)
    }

    /// Whether encryption is on and only keys are outstanding.
    pub(super) const fn is_distributing(&self) -> bool {
        matches!(self, Self::IdentityKey(..) | Self::IdentityAddress(..))
    }

    /// The exchange whose DHKey this effect computes.
    pub(super) fn exchange_of(&mut self, effect: EffectId) -> Option<&mut Exchange> {
        match self {
            Self::Entry(exchange, _)
            | Self::Confirm(exchange, _)
            | Self::Random(exchange, ..)
            | Self::Nonce(exchange, _)
            | Self::Comparison(exchange, _)
            | Self::Check(exchange, ..) => {
                (exchange.dhkey == DhKey::Computing(effect)).then_some(exchange)
            }
            _ => None,
        }
    }
}

/// Applies a command of the peer to a state.
pub(super) fn step<const B: usize>(
    state: State,
    command: Command,
    cx: &mut Context<'_, B>,
) -> Step {
    match (state, command) {
        (State::Idle | State::Requested, Command::PairingRequest(request)) => {
            negotiate::pairing_request(request, cx)
        }
        // SMP-FAIL-1: a failure ends the pairing.
        // Outside a pairing, anything else is noise.
        (state @ (State::Idle | State::Requested | State::Blocked), _) => Ok(state),
        // Never negotiated, so without meaning; it must not keep the timer from ending a stall.
        (state, Command::Keypress) => Ok(state),
        (State::PublicKey(terms), Command::PublicKey(peer)) => {
            exchange::public_key(terms, peer, cx)
        }
        (State::Entry(exchange, None), Command::Confirm(value)) => {
            Ok(State::Entry(exchange, Some(value)))
        }
        (State::Confirm(exchange, round), Command::Confirm(value)) => {
            passkey::confirm(exchange, round, value, cx)
        }
        (State::Random(exchange, round, confirm), Command::Random(nonce)) => {
            passkey::random(exchange, round, confirm, nonce, cx)
        }
        (State::Nonce(exchange, own), Command::Random(nonce)) => {
            numeric::random(exchange, &own, nonce, cx)
        }
        (State::Comparison(exchange, comparison), Command::DhKeyCheck(value)) => {
            numeric::early_check(exchange, comparison, value)
        }
        (State::Check(exchange, proof, None), Command::DhKeyCheck(value)) => {
            check::verify(exchange, proof, value, cx)
        }
        (State::IdentityKey(terms, key), Command::IdentityInformation(irk)) => {
            Ok(State::IdentityAddress(terms, key, irk))
        }
        (State::IdentityAddress(terms, key, irk), Command::IdentityAddress(identity)) => {
            keys::identity(terms, key, irk, identity, cx)
        }
        // SMP-SEQ-1: order of the commands.
        // SMP-ROLE-1: who sends what.
        (_, _) => Err(Reason::UNSPECIFIED.because(PeerMisbehaved::SmpOutOfSequence)),
    }
}
