//! Stage 2: DHKey checks and the Long Term Key (Vol 3, Part H, 2.3.5.6.5).

use super::command::{Command, Reason};
use super::link::Context;
use super::state::{DhKey, Exchange, Key, Proof, State, Step};
use super::values::equal;
use crate::config::CheckAddress;
use ble::crypto::toolbox::{f5, f6, reversed};
use ble::error::PeerMisbehaved;
use ble::secret::Secret;

/// The peer's DHKey check: verify it, answer with the local one, and wait for encryption. The
/// addresses are those of the connection, not identities.
pub(super) fn verify<const B: usize>(
    exchange: Exchange,
    proof: Proof,
    value: [u8; 16],
    cx: &mut Context<'_, B>,
) -> Step {
    // SMP-DHK-1: DHKey checks.
    let DhKey::Ready(dhkey) = &exchange.dhkey else {
        return Ok(State::Check(exchange, proof, Some(value)));
    };
    let central = match cx.shared.config.lapses.made().check_address {
        CheckAddress::OnAir => cx.peer.on_air,
        CheckAddress::Identity => cx.peer.identity.unwrap_or(cx.peer.on_air),
    };
    let (a, b) = (central.for_smp(), cx.peer.local.for_smp());
    let (na, nb) = (reversed(proof.na), reversed(proof.nb));
    let r = Secret::new(reversed(*proof.r.expose()));
    let dhkey = Secret::new(reversed(*dhkey.expose()));
    let (mac_key, ltk) = f5(&dhkey, &na, &nb, &a, &b);
    let terms = exchange.terms;
    let expected = f6(&mac_key, &na, &nb, r.expose(), terms.request.for_check(), &a, &b);
    if !equal(&reversed(expected), &value) {
        return Err(Reason::DHKEY_CHECK_FAILED.because(PeerMisbehaved::SmpCheckFailed));
    }
    let own = f6(&mac_key, &nb, &na, r.expose(), terms.response.for_check(), &b, &a);
    cx.send(&Command::DhKeyCheck(reversed(own)));
    let ltk = shortened(&ltk, terms.key_size());
    let key = Key { ltk, level: terms.level(), size: terms.key_size() };
    Ok(State::Encryption(terms, key))
}

/// The LTK in the order of HCI, its most significant octets cleared beyond the negotiated size.
fn shortened(ltk: &Secret<16>, size: u8) -> Secret<16> {
    let mut octets = reversed(*ltk.expose());
    for octet in octets.iter_mut().skip(usize::from(size)) {
        *octet = 0;
    }
    Secret::new(octets)
}
