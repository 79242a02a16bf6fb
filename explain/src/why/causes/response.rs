//! Procedures of the link layer that were not over when their timer ran out.

use ble::error::ErrorCode;

use super::limits::{RESPONSE_TIMEOUT, ran_out};
use super::stall;
use crate::why::account::Account;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{self, side};
use crate::why::procedures::{Answer, Exchange};

/// Whose timer it was, when it ran out, and how sure that is.
fn timer(account: &Account) -> Option<(bool, ble::time::Instant, Confidence)> {
    let ending = account.ending.as_ref()?;
    match ending.how {
        How::Terminated { pdu } if ending.reason == Some(ErrorCode::LL_RESPONSE_TIMEOUT) => {
            Some((account.pdu(pdu)?.from_central, ending.at, Confidence::Shown))
        }
        // Whoever runs into it need not say so on air.
        How::Silence { .. } => {
            let last = account.pdu(account.last_of(true)?)?;
            Some((true, last.at, Confidence::Likely))
        }
        How::Other if ending.reason == Some(ErrorCode::LL_RESPONSE_TIMEOUT) => {
            Some((false, ending.at, Confidence::Shown))
        }
        _ => None,
    }
}

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let (by_central, at, confidence) = timer(account)?;
    let since = |index: usize| account.pdu(index).map(|pdu| at.since(pdu.at));
    let waited = |e: &&Exchange| {
        let unfinished = match e.answer {
            None | Some(Answer::Refused { .. }) => true,
            Some(Answer::Answered(_)) => e.awaits_instant(),
            Some(Answer::Scheduled { .. }) => false,
        };
        let last = if e.awaits_instant() { e.last() } else { e.request };
        unfinished && since(last).is_some_and(|age| ran_out(RESPONSE_TIMEOUT, age))
    };
    // Whoever has answered waits for the instant as well.
    let own = |e: &&Exchange| {
        e.from_central == by_central
            || (e.awaits_instant() && matches!(e.answer, Some(Answer::Answered(_))))
    };
    let exchange = account.exchanges.iter().filter(own).filter(waited).min_by_key(|e| {
        since(e.request).map_or(u64::MAX, |age| age.as_us().abs_diff(RESPONSE_TIMEOUT.as_us()))
    })?;
    let own = side(by_central);
    let first = phrases::exchange(account, exchange);
    let places = [exchange.request, exchange.last()];
    Some(match exchange.answer {
        Some(Answer::Refused { .. }) => {
            let text = format!(
                "{first} The {own} did not take that for the end of the procedure: its procedure \
                 response timeout of 40 s ran out."
            );
            // A refusal ends a procedure: that it was not understood only the timer shows.
            let confidence = match confidence {
                Confidence::Shown => Confidence::Shown,
                _ => Confidence::Possible,
            };
            Hypothesis::new(Cause::RefusalNotUnderstood, confidence, places, text)
        }
        _ => {
            let text = format!("{first} The {own}'s procedure response timeout of 40 s ran out.");
            // Whoever had fallen silent before could not answer this either.
            let stalled = stall::look(account).into_iter().any(|stalled| {
                let before = stalled.places.iter().all(|&place| place < exchange.request);
                stalled.confidence == Confidence::Likely && before
            });
            let confidence = if stalled { Confidence::Possible } else { confidence };
            Hypothesis::new(Cause::Unanswered, confidence, places, text)
        }
    })
}
