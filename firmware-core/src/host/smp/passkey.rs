//! Stage 1 by passkey entry (Vol 3, Part H, 2.3.5.6.3): 20 rounds, one bit each, least
//! significant bit first.
//!
//! Each round discloses its bit to a peer that guesses it, whether right or wrong; that is harmless
//! only if the passkey is never used again.

use super::command::{Command, Reason};
use super::link::Context;
use super::state::{Exchange, Proof, State, Step};
use super::values::{confirm as confirm_value, equal};
use crate::config::Passkey;
use ble::error::PeerMisbehaved;
use ble::log::{Line, Severity};
use ble::secret::Secret;
use ble::ui::Dialog;

// SMP-PASS-1: rounds of a passkey.
const ROUNDS: u8 = 20;
/// Largest passkey: it has six decimal digits.
pub(super) const PASSKEY_MAX: u32 = 999_999;

/// One of the 20 rounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    /// Which bit of the passkey it discloses, 0–19.
    number: u8,
    /// Least significant octet first.
    passkey: Secret<4>,
    /// Local nonce of this round; published in its last step.
    own: Secret<16>,
}

impl Round {
    fn new<const B: usize>(number: u8, passkey: Secret<4>, cx: &mut Context<'_, B>) -> Self {
        Self { number, passkey, own: Secret::new(cx.shared.draws.octets()) }
    }

    /// The last argument of f4: this round's bit.
    fn z(&self) -> u8 {
        let passkey = u32::from_le_bytes(*self.passkey.expose());
        let bit = passkey.checked_shr(u32::from(self.number)).unwrap_or(0) & 1;
        if bit == 1 { 0x81 } else { 0x80 }
    }
}

/// Shows the passkey and waits for the first confirm value.
pub(super) fn show<const B: usize>(exchange: Exchange, cx: &mut Context<'_, B>) -> Step {
    let passkey = match cx.shared.config.passkey {
        Passkey::Random => cx.shared.draws.passkey(),
        Passkey::Static(passkey) => passkey.min(PASSKEY_MAX),
    };
    let peer = cx.name();
    cx.log(Severity::Info, Line::Passkey { peer, passkey });
    cx.show(Dialog::ShowPasskey(passkey));
    let round = Round::new(0, Secret::new(passkey.to_le_bytes()), cx);
    Ok(State::Confirm(exchange, round))
}

/// Asks the user for the passkey that the peer shows.
pub(super) fn ask<const B: usize>(exchange: Exchange, cx: &mut Context<'_, B>) -> Step {
    cx.show(Dialog::AskPasskey);
    Ok(State::Entry(exchange, None))
}

/// The user has typed; the peer's first confirm value may have come before.
pub(super) fn entered<const B: usize>(
    exchange: Exchange,
    confirm_first: Option<[u8; 16]>,
    passkey: u32,
    cx: &mut Context<'_, B>,
) -> Step {
    cx.clear();
    if passkey > PASSKEY_MAX {
        return Err(Reason::PASSKEY_ENTRY_FAILED.into());
    }
    let round = Round::new(0, Secret::new(passkey.to_le_bytes()), cx);
    match confirm_first {
        Some(value) => confirm(exchange, round, value, cx),
        None => Ok(State::Confirm(exchange, round)),
    }
}

/// The peer has committed itself to its nonce and bit; so does this side.
// SMP-CONF-2: a random value fits its commitment.
pub(super) fn confirm<const B: usize>(
    exchange: Exchange,
    round: Round,
    value: [u8; 16],
    cx: &mut Context<'_, B>,
) -> Step {
    let own = confirm_value(&exchange.own, &exchange.peer, round.own.expose(), round.z());
    cx.send(&Command::Confirm(own));
    Ok(State::Random(exchange, round, value))
}

/// The peer's nonce: verify its commitment before publishing the local nonce.
pub(super) fn random<const B: usize>(
    exchange: Exchange,
    round: Round,
    committed: [u8; 16],
    na: [u8; 16],
    cx: &mut Context<'_, B>,
) -> Step {
    let expected = confirm_value(&exchange.peer, &exchange.own, &na, round.z());
    if !equal(&expected, &committed) {
        // SMP-CONF-1: confirm values are checked.
        return Err(Reason::CONFIRM_VALUE_FAILED.because(PeerMisbehaved::SmpCheckFailed));
    }
    let nb = *round.own.expose();
    cx.send(&Command::Random(nb));
    let next = round.number.saturating_add(1);
    if next < ROUNDS {
        let round = Round::new(next, round.passkey, cx);
        return Ok(State::Confirm(exchange, round));
    }
    cx.clear();
    let mut r = [0; 16];
    if let Some(low) = r.first_chunk_mut() {
        *low = *round.passkey.expose();
    }
    Ok(State::Check(exchange, Proof { na, nb, r: Secret::new(r) }, None))
}
