//! Encryption that was asked for and did not start in time.

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};

use super::key;
use super::limits::{PATIENCE, RESPONSE_TIMEOUT};
use crate::why::account::Account;
use crate::why::air::What;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{self, span};
use crate::why::procedures::Exchange;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    late(account).or_else(|| unanswered(account))
}

/// LL_ENC_REQ got nothing at all, and the central left before its timer of 40 s ran out.
fn unanswered(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let asked = |e: &&Exchange| e.from_central && e.opcode == Opcode::ENC_REQ;
    let exchange = account.exchanges.iter().rfind(asked)?;
    let (request, age) = (account.pdu(exchange.request)?, account.age(exchange.request));
    let left = match ending.how {
        How::Terminated { pdu } => account.pdu(pdu)?.from_central,
        _ => false,
    };
    if !left || exchange.answer.is_some() || age < PATIENCE || age >= RESPONSE_TIMEOUT {
        return None;
    }
    let text = format!(
        "{} The central left {} after it had asked.",
        phrases::exchange(account, exchange),
        span(request.at, ending.at)
    );
    let places = [exchange.request];
    Some(Hypothesis::new(Cause::Unanswered, Confidence::Likely, places, text))
}

/// The central left before the peripheral's LL_START_ENC_REQ had come, or had been answered.
fn late(account: &Account) -> Option<Hypothesis> {
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
        "The central sent {}. {} answered it, and {what}: the central left {} after it had asked. \
         The rules allow 40 s; how long it waits is its own.{host}",
        account.named(exchange.request),
        account.named(exchange.last()),
        span(asked.at, ending.at),
    );
    let places = [Some(exchange.request), Some(exchange.last()), started].into_iter().flatten();
    Some(Hypothesis::new(Cause::EncryptionLate, confidence, places, text))
}
