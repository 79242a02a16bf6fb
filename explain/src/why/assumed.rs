//! A peripheral that stopped answering and said nothing on air: each reason that its host may have
//! been told is tried, and what fits is named.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;

use super::account::Account;
use super::air::What;
use super::causes;
use super::ending::{Ending, How};
use super::hypothesis::{Confidence, Hypothesis};

/// What a peripheral leaves for without LL_TERMINATE_IND.
const REASONS: [ErrorCode; 5] = [
    ErrorCode::INSTANT_PASSED,
    ErrorCode::LL_PROCEDURE_COLLISION,
    ErrorCode::DIFFERENT_TRANSACTION_COLLISION,
    ErrorCode::MIC_FAILURE,
    ErrorCode::LL_RESPONSE_TIMEOUT,
];

/// Adds what would explain its silence, if it is silent.
pub(super) fn add(account: &Account, found: &mut Vec<Hypothesis>) {
    let Some(&Ending { at, how: How::Mute { last }, .. }) = account.ending.as_ref() else { return };
    let with = |reason, how| Account {
        ending: Some(Ending { at, reason: Some(reason), how }),
        ..account.clone()
    };
    // Without the key no packet can be read, and none is damaged for that.
    let key = account
        .pdus
        .iter()
        .any(|p| p.from_central && p.what == What::Control(ControlPdu::StartEncRsp));
    let reasons = REASONS.iter().filter(|reason| key || **reason != ErrorCode::MIC_FAILURE);
    let left: Vec<Account> = reasons.map(|reason| with(*reason, How::Other)).collect();
    let deaf = account.pdus.iter().enumerate().skip(last + 1).find(|(_, p)| p.from_central);
    let deaf = deaf.map(|(first_unheard, _)| {
        let before = account.pdus.get(..first_unheard).unwrap_or_default();
        let last_heard = before.iter().rposition(|p| p.from_central).unwrap_or_default();
        with(ErrorCode::CONNECTION_TIMEOUT, How::Deaf { last_heard, first_unheard })
    });
    for assumed in left.iter().chain(&deaf) {
        for hypothesis in causes::all(assumed) {
            let known = found
                .iter()
                .any(|known| known.cause == hypothesis.cause && known.places == hypothesis.places);
            if !known && hypothesis.confidence <= Confidence::Likely {
                let confidence = Confidence::Likely;
                found.push(
                    Hypothesis { confidence, ..hypothesis }.but(
                        "a log of the peripheral's host, which was told a reason, would decide",
                    ),
                );
            }
        }
    }
}
