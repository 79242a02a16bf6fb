//! A peripheral that stopped answering and said nothing on air: each reason that its host may have
//! been told is tried, and what fits is named.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;

use super::account::Account;
use super::air::What;
use super::causes;
use super::ending::{Ending, How};
use super::hypothesis::{Cause, Confidence, Hypothesis};

/// What a peripheral leaves for without LL_TERMINATE_IND, and what brings it about.
const REASONS: [(ErrorCode, &[Cause]); 5] = [
    (ErrorCode::INSTANT_PASSED, &[Cause::InstantPassed]),
    (ErrorCode::LL_PROCEDURE_COLLISION, &[Cause::Collision]),
    (ErrorCode::DIFFERENT_TRANSACTION_COLLISION, &[Cause::Collision]),
    (ErrorCode::MIC_FAILURE, &[Cause::MicFailure, Cause::KeysDiffer]),
    (ErrorCode::LL_RESPONSE_TIMEOUT, &[Cause::Unanswered, Cause::RefusalNotUnderstood]),
];

/// Why it may not hear the central any more.
const DEAF: &[Cause] = &[Cause::SwitchMissed, Cause::Loss];

/// Adds what would explain its silence, if it is silent.
pub(super) fn add(account: &Account, found: &mut Vec<Hypothesis>) {
    let Some(&Ending { at, how: How::Mute { last }, .. }) = account.ending.as_ref() else { return };
    let deaf = account.pdus.iter().enumerate().skip(last + 1).find(|(_, p)| p.from_central);
    let deaf = deaf.map(|(first_unheard, _)| first_unheard);
    // Who leaves for a collision leaves at once, whatever the central sends until it notices.
    let left_at = deaf.or(Some(last)).and_then(|index| account.pdu(index)).map_or(at, |pdu| pdu.at);
    // Who left did so for what came first behind its own last PDU; nobody heard the rest.
    let with = |reason, how| {
        let mut assumed = account.clone();
        let left = how == How::Other;
        let collided =
            [ErrorCode::LL_PROCEDURE_COLLISION, ErrorCode::DIFFERENT_TRANSACTION_COLLISION];
        let at = if left && collided.contains(&reason) { left_at } else { at };
        for (index, pdu) in assumed.pdus.iter_mut().enumerate().skip(last + 1) {
            pdu.heard = left && Some(index) == deaf;
        }
        assumed.ending = Some(Ending { at, reason: Some(reason), how });
        assumed
    };
    // Without the key no packet can be read, and none is damaged for that; but a peripheral that
    // falls silent at the first one of all could not read it either.
    let key = account
        .pdus
        .iter()
        .any(|p| p.from_central && p.what == What::Control(ControlPdu::StartEncRsp));
    let left = REASONS.iter().map(|(reason, causes)| (with(*reason, How::Other), *causes));
    let deaf = deaf.map(|first_unheard| {
        let before = account.pdus.get(..first_unheard).unwrap_or_default();
        let last_heard = before.iter().rposition(|p| p.from_central).unwrap_or_default();
        (with(ErrorCode::CONNECTION_TIMEOUT, How::Deaf { last_heard, first_unheard }), DEAF)
    });
    for (assumed, brought_about_by) in left.chain(deaf) {
        for hypothesis in causes::all(&assumed) {
            let fits = brought_about_by.contains(&hypothesis.cause)
                && (key || hypothesis.cause != Cause::MicFailure);
            if fits && hypothesis.confidence <= Confidence::Likely {
                found.push(Hypothesis { confidence: Confidence::Likely, ..hypothesis });
            }
        }
    }
}
