//! Stage 1 by Just Works or numeric comparison (Vol 3, Part H, 2.3.5.6.2).

use super::check;
use super::command::{Command, Reason};
use super::link::Context;
use super::negotiate::Method;
use super::state::{Exchange, Proof, State, Step};
use super::values::{confirm, six_digits};
use ble::error::PeerMisbehaved;
use ble::log::{Line, Severity};
use ble::secret::Secret;
use ble::ui::Dialog;

/// The state while the user compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Comparison {
    proof: Proof,
    /// The peer's user may be faster: its DHKey check waits for the local user.
    check: Option<[u8; 16]>,
}

/// Commits to the local nonce and waits for the peer's.
pub(super) fn begin<const B: usize>(exchange: Exchange, cx: &mut Context<'_, B>) -> Step {
    let nonce = Secret::new(cx.shared.draws.octets());
    let value = confirm(&exchange.own, &exchange.peer, nonce.expose(), 0);
    cx.send(&Command::Confirm(value));
    Ok(State::Nonce(exchange, nonce))
}

/// The peer's nonce: publish the local one; compare numbers if that is the method.
pub(super) fn random<const B: usize>(
    exchange: Exchange,
    own: &Secret<16>,
    na: [u8; 16],
    cx: &mut Context<'_, B>,
) -> Step {
    let nb = *own.expose();
    cx.send(&Command::Random(nb));
    let proof = Proof { na, nb, r: Secret::new([0; 16]) };
    if exchange.terms.method != Method::NumericComparison {
        return Ok(State::Check(exchange, proof, None));
    }
    let passkey = six_digits(&exchange.peer, &exchange.own, &na, &nb);
    let peer = cx.name();
    cx.log(Severity::Info, Line::ConfirmPasskey { peer, passkey });
    cx.show(Dialog::CompareNumber(passkey));
    Ok(State::Comparison(exchange, Comparison { proof, check: None }))
}

/// The peer's DHKey check while the user still compares.
pub(super) fn early_check(exchange: Exchange, comparison: Comparison, value: [u8; 16]) -> Step {
    match comparison.check {
        Some(_) => Err(Reason::UNSPECIFIED.because(PeerMisbehaved::SmpOutOfSequence)),
        None => {
            let comparison = Comparison { check: Some(value), ..comparison };
            Ok(State::Comparison(exchange, comparison))
        }
    }
}

/// The user's verdict.
pub(super) fn confirmed<const B: usize>(
    exchange: Exchange,
    comparison: Comparison,
    same: bool,
    cx: &mut Context<'_, B>,
) -> Step {
    cx.clear();
    if !same {
        return Err(Reason::NUMERIC_COMPARISON_FAILED.into());
    }
    match comparison.check {
        Some(value) => check::verify(exchange, comparison.proof, value, cx),
        None => Ok(State::Check(exchange, comparison.proof, None)),
    }
}
