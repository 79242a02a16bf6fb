//! What ATT refused, and what it left without an answer.

use ble::pdu::control::Opcode;
use ble::time::Duration;

use super::limits::{TRANSACTION_TIMEOUT, ran_out};
use crate::why::account::Account;
use crate::why::air::What;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{side, span};
use crate::why::transactions::Transaction;

/// Insufficient Authentication, Encryption Key Size and Encryption: what pairing can mend.
/// Insufficient Authorization (0x08) is the application's to say.
const WANTS_SECURITY: [u8; 3] = [0x05, 0x0C, 0x0F];

/// Invalid Handle, Read Not Permitted, Write Not Permitted: there is something else at the handle.
const SOMETHING_ELSE: [u8; 3] = [0x01, 0x02, 0x03];

/// Requests that find handles: Find Information, Find By Type Value, Read By Type, Read By Group
/// Type.
const DISCOVERS: [u8; 4] = [0x04, 0x06, 0x08, 0x10];

/// Refused at a handle that was not found in this connection.
pub(super) fn stale(account: &Account) -> Option<Hypothesis> {
    let opcode = |t: &Transaction| match &account.pdu(t.request)?.what {
        What::Att(octets) => octets.first().copied(),
        _ => None,
    };
    let finds = |t: &Transaction| opcode(t).is_some_and(|opcode| DISCOVERS.contains(&opcode));
    let blind = account.transactions.iter().take_while(|t| !(t.from_central && finds(t)));
    let wrong = |t: &&Transaction| {
        t.from_central && t.error.is_some_and(|error| SOMETHING_ELSE.contains(&error))
    };
    let refused = blind.filter(wrong).last()?;
    let answer = refused.answer?;
    // Where it has looked after that, it has found what there is.
    let behind = account.transactions.iter().filter(|t| t.request > answer);
    if behind.clone().any(|t| t.from_central && finds(t)) {
        return None;
    }
    // An indication of two handles.
    let changed = |t: &Transaction| {
        !t.from_central
            && matches!(account.pdu(t.request).map(|p| &p.what),
                Some(What::Att(octets)) if octets.len() == 7)
    };
    let told = account.transactions.iter().any(|t| t.request < answer && changed(t));
    let text = format!(
        "The central sent {}, by a handle that it has not looked for in this connection: it knows \
         it from before. {} refused it as not possible there{}. If it once was, the peripheral's \
         table of attributes is another one than when the central discovered it, and the central \
         does not know; nothing in this connection tells it from a request that was never \
         possible.",
        account.named(refused.request),
        account.named(answer),
        if told { "" } else { ", and no indication of Service Changed came before" },
    );
    let confidence = match account.sight.is_partial() {
        true => Confidence::Possible,
        false => Confidence::Likely,
    };
    let places = [refused.request, answer];
    Some(Hypothesis::new(Cause::StaleHandles, confidence, places, text))
}

/// Refused for want of security, and nobody paired.
pub(super) fn refused(account: &Account) -> Option<Hypothesis> {
    let wants = |t: &&Transaction| t.error.is_some_and(|error| WANTS_SECURITY.contains(&error));
    let refused = account.transactions.iter().rfind(wants)?;
    let answer = refused.answer?;
    let behind = account.pdus.iter().skip(answer + 1).filter(|p| p.is_news());
    let secured = behind.clone().any(|p| matches!(p.what, What::Smp(_) | What::SmpPart(_)))
        || account.exchanges.iter().any(|e| e.request > answer && e.opcode == Opcode::ENC_REQ);
    if secured || account.pairing.is_some_and(|p| p.failed.is_none()) {
        return None;
    }
    let text = format!(
        "The {} sent {}. {} refused it for want of security, and the {} neither paired nor \
         encrypted after it.",
        side(refused.from_central),
        account.named(refused.request),
        account.named(answer),
        side(refused.from_central),
    );
    let confidence = match account.ending.as_ref().map(|ending| &ending.how) {
        None => Confidence::Shown,
        Some(How::Terminated { pdu })
            if account.pdu(*pdu)?.from_central == refused.from_central =>
        {
            Confidence::Likely
        }
        Some(_) => Confidence::Possible,
    };
    let places = [refused.request, answer];
    Some(Hypothesis::new(Cause::AttributeRefused, confidence, places, text))
}

/// Without an answer for 30 s, or answered later than that.
pub(super) fn unanswered(account: &Account) -> Option<Hypothesis> {
    let end = account.end();
    let at = |index: usize| account.pdu(index).map(|pdu| pdu.at);
    let late = account.transactions.iter().find_map(|t| {
        let asked = at(t.request)?;
        let until = t.answer.map_or(Some(end), at)?;
        // An answer may be among what the known key does not open.
        let opaque = account.pdus.iter().skip(t.request).any(|p| p.what == What::Unreadable);
        if t.answer.is_none() && (opaque || went_on(account, t)) {
            return None;
        }
        (until.since(asked) + Duration::from_ms(100) >= TRANSACTION_TIMEOUT)
            .then_some((t, asked, until))
    });
    let (transaction, asked, until) = late?;
    let (own, other) = (side(transaction.from_central), side(!transaction.from_central));
    let what = match transaction.answer {
        Some(answer) => {
            format!("answered with {} only {} later", account.named(answer), span(asked, until))
        }
        None => format!("had not answered {} later", span(asked, until)),
    };
    let text = format!(
        "The {own} sent {}, and the {other} {what}: ATT allows 30 s, after that the {own} may ask \
         nothing more on this link.",
        account.named(transaction.request),
    );
    let shown = transaction.answer.is_some() || ran_out(TRANSACTION_TIMEOUT, until.since(asked));
    let confidence = match &account.ending {
        Some(ending) if matches!(ending.how, How::Terminated { .. }) && shown => Confidence::Shown,
        Some(_) => Confidence::Likely,
        None => Confidence::Shown,
    };
    let places = [Some(transaction.request), transaction.answer].into_iter().flatten();
    Some(Hypothesis::new(Cause::AttributeUnanswered, confidence, places, text))
}

/// Whether the same side asked for something else later: it has had an answer, which was not
/// captured (ATT-SEQ-1: one request at a time).
fn went_on(account: &Account, open: &Transaction) -> bool {
    let later = |t: &&Transaction| t.request > open.request;
    let mut later = account.transactions.iter().filter(later);
    account.sight.is_partial() && later.any(|t| t.from_central == open.from_central)
}

/// All that was asked for was given, and neither side asked for security.
pub(super) fn unprotected(account: &Account) -> Option<Hypothesis> {
    let asked = account.transactions.len();
    let given = account.transactions.iter().all(|t| {
        t.answer.is_some() && t.error.is_none_or(|error| !WANTS_SECURITY.contains(&error))
    });
    let encrypted = account.exchanges.iter().any(|e| e.opcode == Opcode::ENC_REQ);
    let quiet = account.ending.is_none() && account.pairing.is_none() && !encrypted;
    (quiet && given && asked > 0).then(|| {
        let text = "Nothing that the central asked for demands security, and neither side asked \
                    for pairing.";
        let last = account.transactions.last().map(|t| t.request);
        Hypothesis::new(Cause::NothingProtected, Confidence::Shown, last, text)
    })
}
