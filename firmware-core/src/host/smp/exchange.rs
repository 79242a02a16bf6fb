//! Public key exchange (Vol 3, Part H, 2.3.5.6.1).

use super::command::{Command, Reason};
use super::link::Context;
use super::negotiate::{Method, Terms};
use super::state::{DhKey, Exchange, State, Step};
use super::{SmpOutput, numeric, passkey};
use ble::effect::{Effect, PublicKey};
use ble::error::PeerMisbehaved;
use ble::security::DEBUG_KEY_X;

/// The peer's public key: continue when the local one is ready.
pub(super) fn public_key<const B: usize>(
    terms: Terms,
    peer: PublicKey,
    cx: &mut Context<'_, B>,
) -> Step {
    if peer.x == DEBUG_KEY_X {
        return Err(Reason::INVALID_PARAMETERS.because(PeerMisbehaved::SmpBadPublicKey));
    }
    let Some((private_key, own)) = cx.shared.own.take() else {
        cx.shared.renew_key_pair();
        return Ok(State::OwnKey(terms, peer));
    };
    // With a reflected key the peer could compute its checks from the local ones, with or without
    // passkey. The specification names no reason for it; this is the one for invalid keys (3.5.5).
    // SMP-KEY-2: a reflected public key.
    if peer.x == own.x {
        return Err(Reason::DHKEY_CHECK_FAILED.because(PeerMisbehaved::SmpBadPublicKey));
    }
    cx.send(&Command::PublicKey(own));
    let id = cx.shared.effect_id();
    cx.shared.emit(SmpOutput::Effect(Effect::P256SharedSecret { id, private_key, peer }));
    let exchange = Exchange { terms, own, peer, dhkey: DhKey::Computing(id) };
    match exchange.terms.method {
        Method::JustWorks | Method::NumericComparison => numeric::begin(exchange, cx),
        Method::ShowPasskey => passkey::show(exchange, cx),
        Method::EnterPasskey => passkey::ask(exchange, cx),
    }
}
