//! Keys that are missing, that differ, or that stop to fit.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;

use crate::why::account::Account;
use crate::why::air::What;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{self, side};
use crate::why::procedures::{Answer, Exchange};
use ble::pdu::control::Opcode;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    missing(account).or_else(|| told(account)).or_else(|| mic(account))
}

/// The peripheral refused encryption for want of a key, and the central neither paired nor asked
/// again.
fn missing(account: &Account) -> Option<Hypothesis> {
    let exchange = account.exchanges.iter().rfind(|e| e.is_without_key())?;
    let behind = account.pdus.iter().skip(exchange.last() + 1);
    let went_on = behind.filter(|p| p.from_central && p.is_news()).any(|p| {
        matches!(p.what, What::Smp(_) | What::SmpPart(_) | What::Control(ControlPdu::EncReq(_)))
    });
    let places = [exchange.request, exchange.last()];
    let text = phrases::exchange(account, exchange);
    (!went_on).then(|| Hypothesis::new(Cause::KeyMissing, Confidence::Shown, places, text))
}

/// A side left with PIN or Key Missing.
fn told(account: &Account) -> Option<Hypothesis> {
    let How::Terminated { pdu } = account.ending.as_ref()?.how else { return None };
    let goodbye = account.pdu(pdu)?;
    let missing = What::Control(ControlPdu::TerminateInd(ErrorCode::PIN_OR_KEY_MISSING));
    let begun = started(account).map_or(pdu, |exchange| exchange.request);
    let (own, other) = (side(goodbye.from_central), side(!goodbye.from_central));
    (goodbye.what == missing).then(|| {
        let text = format!(
            "{} says 0x06 (PIN or Key Missing): the {own} has no key for the {other}.",
            account.named(pdu)
        );
        Hypothesis::new(Cause::KeyMissing, Confidence::Shown, [begun, pdu], text)
    })
}

/// What the peripheral received did not decrypt: at the start of encryption the keys differ.
fn mic(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let local = !matches!(ending.how, How::Terminated { .. });
    let exchange = started(account)?;
    if ending.reason != Some(ErrorCode::MIC_FAILURE) || !local {
        return None;
    }
    let behind = account.pdus.iter().enumerate().skip(exchange.last() + 1);
    let mut unread = behind.filter(|(_, p)| p.from_central && p.what == What::Unreadable);
    let before = account.named(exchange.request);
    Some(match encrypted(account, exchange) {
        false => {
            let first = unread.next().map(|(index, _)| index);
            let places = [Some(exchange.request), first].into_iter().flatten();
            let told = format!(
                "The central started encryption with {before}, and the first packet that it \
                 encrypted did not decrypt at the peripheral"
            );
            let (cause, confidence, why) = match account.hosts.keys_differ {
                None => (Cause::KeysDiffer, Confidence::Likely, ", as where their keys differ"),
                Some(true) => {
                    (Cause::KeysDiffer, Confidence::Shown, ": their logs have two different keys")
                }
                Some(false) => {
                    (Cause::MicFailure, Confidence::Likely, ", although both hosts used one key")
                }
            };
            Hypothesis::new(cause, confidence, places, format!("{told}{why}."))
        }
        true => {
            let unread = unread.next_back().map(|(index, _)| index);
            let places = [Some(exchange.request), unread].into_iter().flatten();
            let last = unread.map_or_else(String::new, |at| format!(": {}", account.named(at)));
            let text = format!(
                "Encryption ran, and then a packet of the central did not decrypt at the \
                 peripheral{last}."
            );
            Hypothesis::new(Cause::MicFailure, Confidence::Shown, places, text)
        }
    })
}

/// The last start of encryption that was answered.
pub(super) fn started(account: &Account) -> Option<&Exchange> {
    let answered = |e: &&Exchange| matches!(e.answer, Some(Answer::Answered(_)));
    account.exchanges.iter().filter(answered).rfind(|e| e.opcode == Opcode::ENC_REQ)
}

/// Whether both have encrypted since: the peripheral's LL_START_ENC_RSP comes only when it could
/// read the central's.
pub(super) fn encrypted(account: &Account, started: &Exchange) -> bool {
    let behind = account.pdus.iter().skip(started.last() + 1);
    let done = [What::Control(ControlPdu::StartEncRsp), What::Unreadable];
    behind.filter(|p| !p.from_central).any(|p| done.contains(&p.what))
}
