//! Encryption that was asked for and did not start in time.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;

use super::key;
use super::limits::PATIENCE;
use crate::why::account::Account;
use crate::why::air::What;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::span;

/// The central left before the peripheral's LL_START_ENC_REQ had come, or had been answered.
pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let exchange = key::started(account)?;
    let by_central = match ending.how {
        How::Terminated { pdu } => account.pdu(pdu)?.from_central,
        How::Silence { .. } => true,
        How::Deaf { .. } | How::Mute { .. } | How::Other => false,
    };
    let behind = || account.pdus.iter().enumerate().skip(exchange.last() + 1);
    // From its LL_START_ENC_RSP on the central waits for nothing; it may not be readable.
    let done = [What::Control(ControlPdu::StartEncRsp), What::Unreadable];
    if !by_central || behind().any(|(_, p)| p.from_central && done.contains(&p.what)) {
        return None;
    }
    let started = behind()
        .find(|(_, p)| matches!(p.what, What::Control(ControlPdu::StartEncReq)) && !p.from_central)
        .map(|(index, _)| index);
    let asked = account.pdu(exchange.request)?;
    let confidence = match ending.reason {
        Some(ErrorCode::MIC_FAILURE | ErrorCode::LL_RESPONSE_TIMEOUT) => Confidence::Shown,
        _ if started.is_none() && account.age(exchange.request) >= PATIENCE => Confidence::Likely,
        _ => return None,
    };
    let host = match account.hosts.key {
        Some((at, None)) if at >= asked.at => format!(
            " The peripheral's host was asked for the key {} before the end and had not answered.",
            span(at, ending.at)
        ),
        Some((at, Some(answer))) if at >= asked.at => {
            format!(
                " The peripheral's host took {} to answer the request for the key.",
                span(at, answer)
            )
        }
        _ => String::new(),
    };
    let what = match started {
        None => "LL_START_ENC_REQ did not follow before the central left".to_owned(),
        Some(index) => format!("{} came late", account.named(index)),
    };
    let text = format!(
        "The central sent {}. {} answered it, and {what}.{host}",
        account.named(exchange.request),
        account.named(exchange.last()),
    );
    let places = [Some(exchange.request), Some(exchange.last()), started].into_iter().flatten();
    Some(Hypothesis::new(Cause::EncryptionLate, confidence, places, text))
}
