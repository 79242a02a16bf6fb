//! Pairing that a side ended, or that came to a halt.

use ble::pdu::control::Opcode;

use super::limits::{PATIENCE, SMP_TIMEOUT, ran_out};
use super::{person, stall};
use crate::why::account::Account;
use crate::why::air::{Pdu, What};
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::pairing::Pairing;
use crate::why::phrases::{side, span};

/// SMP Pairing DHKey Check, behind which the central starts encryption.
const DHKEY_CHECK: u8 = 0x0D;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let pairing = account.pairing?;
    failed(account, pairing).or_else(|| {
        // A person who does nothing, or cancels, is why it came to a halt.
        let person = person::look(account).or_else(|| person::cancelled(account)).is_some();
        if person { None } else { stuck(account, pairing) }
    })
}

/// What the side that failed it had been told last, and why it ended it.
fn failed(account: &Account, pairing: Pairing) -> Option<Hypothesis> {
    let index = pairing.failed?;
    let failed = account.pdu(index)?;
    let of_other = |p: &Pdu| {
        p.from_central != failed.from_central && matches!(p.what, What::Smp(_) | What::SmpPart(_))
    };
    let before = account.pdus.get(..index)?.iter().rposition(|p| p.is_news() && of_other(p));
    let first = match before {
        Some(before) => {
            format!("The {} sent {}. ", side(!failed.from_central), account.named(before))
        }
        None => String::new(),
    };
    let text = format!(
        "{first}The {} ended pairing with {}.",
        side(failed.from_central),
        account.named(index)
    );
    let places = before.into_iter().chain([index]);
    Some(Hypothesis::new(Cause::PairingFailed, Confidence::Shown, places, text))
}

/// Nothing more came of it for as long as its timer runs, or for a while until somebody left.
fn stuck(account: &Account, pairing: Pairing) -> Option<Hypothesis> {
    if pairing.encrypted.is_some() {
        return None;
    }
    let last = account.pdu(pairing.last)?;
    let (own, other) = (side(last.from_central), side(!last.from_central));
    let end = match account.ending.as_ref().map(|ending| &ending.how) {
        Some(How::Terminated { pdu }) => account.pdu(*pdu)?.at,
        Some(How::Silence { .. }) => account.pdu(account.last_of(true)?)?.at,
        Some(How::Deaf { .. } | How::Mute { .. } | How::Other) => return None,
        None => account.until,
    };
    let age = end.since(last.at);
    let silent = matches!(account.ending.as_ref().map(|e| &e.how), Some(How::Silence { .. }));
    let confidence =
        match ran_out(SMP_TIMEOUT, age) || (age > SMP_TIMEOUT && account.ending.is_none()) {
            // A link layer that has stopped keeps its host from answering.
            true if silent => Confidence::Likely,
            true => Confidence::Shown,
            false if age >= PATIENCE && !silent => Confidence::Possible,
            false => return None,
        };
    // Who says nothing at all any more, also to a request of the link layer, has stopped below SMP.
    let waits = encryption_waits(account, pairing);
    let below = !last.from_central && stall::is_likely(account) || waits.is_some();
    let limit = if age + PATIENCE >= SMP_TIMEOUT { ": SMP allows 30 s" } else { "" };
    let text = format!(
        "The {own} sent {}, and the {other} sent nothing more of pairing in the {} that \
         followed{limit}.",
        account.named(pairing.last),
        span(last.at, end),
    );
    let found = Hypothesis::new(Cause::PairingStuck, confidence, [pairing.last], text);
    Some(match (below, waits) {
        (_, Some(request)) => found.merely_possible().but(format!(
            "{}, of the central's own, was still open, and LL_ENC_REQ has to wait for its end",
            account.named(request)
        )),
        (true, None) => found.merely_possible().but("its link layer said nothing more either"),
        (false, None) => found,
    })
}

/// What encryption has to wait for that the central is to start now: a request of its own that is
/// open. Its index.
// LL-PROC-1: one procedure at a time.
fn encryption_waits(account: &Account, pairing: Pairing) -> Option<usize> {
    let last = account.pdu(pairing.last)?;
    let due = !last.from_central && last.what == What::Smp(DHKEY_CHECK);
    let open = account.exchanges.iter().find(|e| {
        let old = account.age(e.request) >= PATIENCE;
        e.from_central && e.answer.is_none() && e.opcode != Opcode::ENC_REQ && old
    });
    open.filter(|_| due).map(|open| open.request)
}

/// A request of the link layer that got no answer, and kept the central from starting encryption.
pub(super) fn kept_waiting(account: &Account) -> Option<Hypothesis> {
    let pairing = account.pairing.filter(|p| p.encrypted.is_none() && p.failed.is_none())?;
    if account.ending.is_some() {
        return None;
    }
    let request = encryption_waits(account, pairing)?;
    let text = format!(
        "The central sent {}, and nothing answered it. Until it is over the central starts no \
         other procedure: {} was the last of pairing, and LL_ENC_REQ was due.",
        account.named(request),
        account.named(pairing.last),
    );
    Some(Hypothesis::new(Cause::Unanswered, Confidence::Likely, [request, pairing.last], text))
}
