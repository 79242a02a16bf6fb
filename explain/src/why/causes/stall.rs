//! A side that says nothing more after a request, or after a refusal.
//!
//! What comes last before the silence is suspected: a refusal before a request without an answer,
//! and that before an instant. It is never shown, as another reason may have come at the same
//! time.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::{Duration, Instant};

use super::limits::PATIENCE;
use crate::why::account::Account;
use crate::why::air::{Pdu, What};
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{self, span};
use crate::why::procedures::{Answer, Exchange};

/// How long before the silence what brings it about may have come.
const BEFORE: Duration = Duration::from_secs(1);

pub(super) fn look(account: &Account) -> Vec<Hypothesis> {
    let Some(quiet) = Quiet::of(account) else { return Vec::new() };
    let refused = refused(account, &quiet);
    let unanswered = unanswered(account, &quiet);
    let instant = instant(account, &quiet);
    let found = [refused, unanswered, instant].into_iter().flatten().enumerate();
    let sure = |rank: usize| rank == 0 && !quiet.says_goodbye;
    found.map(|(rank, one)| if sure(rank) { one } else { one.merely_possible() }).collect()
}

/// Whether the central's link layer has probably stopped.
pub(super) fn is_likely(account: &Account) -> bool {
    look(account).first().is_some_and(|first| first.confidence <= Confidence::Likely)
}

/// Since when the central said nothing more.
struct Quiet {
    /// Index of the last that it said, and when.
    last: usize,
    at: Instant,
    /// It sends nothing at all.
    silent: bool,
    /// It ended the link itself in the end: it could speak, and may have left for another reason.
    says_goodbye: bool,
}

impl Quiet {
    fn of(account: &Account) -> Option<Self> {
        let silent = match account.ending.as_ref().map(|ending| (&ending.how, ending.reason)) {
            Some((How::Silence { .. }, _)) => true,
            Some((How::Other, Some(ErrorCode::LL_RESPONSE_TIMEOUT))) => false,
            Some((How::Deaf { .. } | How::Mute { .. } | How::Other, _)) => return None,
            Some((How::Terminated { .. }, _)) | None => false,
        };
        let goodbye = |p: &Pdu| {
            matches!(p.what, What::Control(ControlPdu::TerminateInd(_))) && p.from_central
        };
        let news =
            account.pdus.iter().rposition(|p| p.from_central && p.is_news() && !goodbye(p))?;
        let end = account.pdu(account.last_of(true)?)?;
        let mute = end.at.since(account.pdu(news)?.at);
        // A link layer that stops at once says something new until then.
        let last = if mute < PATIENCE && silent { account.last_of(true)? } else { news };
        let at = account.pdu(last)?.at;
        let says_goodbye = account.pdus.iter().any(goodbye);
        // A central that owes nothing is idle, not mute.
        let mute = mute >= PATIENCE && is_owed(account);
        (silent || mute).then_some(Self { last, at, silent, says_goodbye })
    }

    /// Whether something came shortly before the silence, or while the last words were under way.
    fn follows(&self, at: Instant) -> bool {
        match at <= self.at {
            true => self.at.since(at) <= BEFORE,
            false => at.since(self.at) <= BEFORE,
        }
    }
}

/// Whether something waits for the central: a request of the link layer, or an indication.
fn is_owed(account: &Account) -> bool {
    let old = |request: usize| account.age(request) >= PATIENCE;
    let asked =
        account.exchanges.iter().any(|e| !e.from_central && e.answer.is_none() && old(e.request));
    let told = account
        .transactions
        .iter()
        .any(|t| !t.from_central && t.answer.is_none() && old(t.request));
    asked || told
}

/// The peripheral refused what the central had asked for.
fn refused(account: &Account, quiet: &Quiet) -> Option<Hypothesis> {
    let refused = account.exchanges.iter().rfind(|e| {
        let answer = match e.answer {
            Some(Answer::Refused { pdu, .. }) => account.pdu(pdu),
            _ => None,
        };
        e.from_central && answer.is_some_and(|pdu| quiet.follows(pdu.at))
    })?;
    let text =
        format!("{}{}", phrases::exchange(account, refused), after(account, quiet, refused.last()));
    let places = [refused.request, refused.last()];
    Some(Hypothesis::new(Cause::Stalled, Confidence::Likely, places, text))
}

/// The peripheral asked, and got no answer.
fn unanswered(account: &Account, quiet: &Quiet) -> Option<Hypothesis> {
    let open = |e: &&Exchange| !e.from_central && e.answer.is_none();
    let old = |e: &&Exchange| quiet.silent || account.age(e.request) >= PATIENCE;
    let near = |e: &&Exchange| {
        account.pdu(e.request).map_or(u64::MAX, |pdu| pdu.at.as_us().abs_diff(quiet.at.as_us()))
    };
    let open = account.exchanges.iter().filter(open).filter(old).min_by_key(near)?;
    let at = account.pdu(open.request)?.at;
    let confidence = match quiet.follows(at) {
        true => Confidence::Likely,
        false => Confidence::Possible,
    };
    let text = phrases::exchange(account, open);
    let found = Hypothesis::new(Cause::Stalled, confidence, [open.request], text);
    Some(match quiet.follows(at) {
        true => found,
        false => found.but(format!(
            "the central had said nothing new for {} when it was asked",
            span(quiet.at, at)
        )),
    })
}

/// The silence begins at an instant that the central itself had announced.
fn instant(account: &Account, quiet: &Quiet) -> Option<Hypothesis> {
    let event = account.pdu(quiet.last)?.event?;
    let announced = account
        .announcements
        .iter()
        .rfind(|announced| quiet.silent && announced.instant.wrapping_sub(event) < 2)?;
    let text = format!(
        "The central's {} set the instant to event {}, and its last packet came in event {event}.",
        account.named(announced.pdu),
        announced.instant
    );
    let places = [announced.pdu];
    Some(Hypothesis::new(Cause::Stalled, Confidence::Likely, places, text))
}

/// What the central still sent.
fn after(account: &Account, quiet: &Quiet, index: usize) -> String {
    let later = account.pdus.iter().skip(quiet.last.max(index) + 1);
    let empty = later.filter(|p| p.from_central).count();
    match empty {
        0 => String::new(),
        n => format!(
            " {} was the last that the central said, and {n} empty PDUs followed.",
            account.named(quiet.last)
        ),
    }
}
