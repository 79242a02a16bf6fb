//! Phrases of which explanations are made.

use ble::time::Instant;

use super::account::Account;
use super::air::{Pdu, What};
use super::procedures::{Answer, Exchange};

/// A request of a link layer and what it got, in a sentence or two.
pub(super) fn exchange(account: &Account, exchange: &Exchange) -> String {
    let who = side(exchange.from_central);
    let pending = account.pairing.is_some_and(|p| p.pending_at(exchange.request));
    let meanwhile = if pending { " while pairing was under way" } else { "" };
    let own = if exchange.from_central { "" } else { ", of its own accord," };
    let first = format!("The {who}{own} sent {}{meanwhile}.", account.named(exchange.request));
    match exchange.answer {
        None => format!("{first} It was never answered{}.", what_came_after(account, exchange)),
        Some(Answer::Scheduled { pdu, instant }) => {
            format!("{first} {} set the instant to event {instant}.", account.named(pdu))
        }
        Some(Answer::Answered(pdu)) => format!("{first} {} answered it.", account.named(pdu)),
        Some(Answer::Refused { pdu, .. }) => {
            let why = match exchange.is_without_key() {
                true => ": the peripheral has no key for the central",
                false => "",
            };
            format!("{first} {} refused it{why}.", account.named(pdu))
        }
    }
}

/// What the other side sent after an unanswered request: often nothing but empty PDUs.
fn what_came_after(account: &Account, open: &Exchange) -> String {
    let after = account.pdus.iter().skip(open.request + 1);
    let theirs: Vec<&Pdu> = after.filter(|p| p.from_central != open.from_central).collect();
    let them = side(!open.from_central);
    let Some(last_news) = theirs.iter().rposition(|p| p.is_news()) else {
        return match theirs.len() {
            0 => format!(", and the {them} sent nothing after it"),
            n if theirs.iter().all(|p| p.what == What::Empty) => {
                format!(": from then on the {them} sent {n} PDUs, all of them empty")
            }
            n => format!(": from then on the {them} sent {n} PDUs, none of them new"),
        };
    };
    let empties = theirs.len() - last_news - 1;
    let (name, place) = (theirs[last_news].name(), theirs[last_news].place());
    match empties {
        0 => format!(", although the {them} went on until {name} ({place})"),
        n => {
            let behind = &theirs[last_news + 1..];
            let followed = match behind.iter().all(|p| p.what == What::Empty) {
                true => format!("{n} empty PDUs followed"),
                false => format!("{n} PDUs with nothing new followed"),
            };
            format!(": {name} ({place}) was the last that the {them} said, and {followed}")
        }
    }
}

/// What people call an end of the link.
pub(super) const fn side(central: bool) -> &'static str {
    if central { "central" } else { "peripheral" }
}

/// From one time to another: `2.000 s`.
pub(super) fn span(from: Instant, to: Instant) -> String {
    let ms = to.since(from).as_us() / 1000;
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

/// `1 packet`, `2 packets`; `copy of it` becomes `copies of it`.
pub(super) fn count(n: usize, what: &str) -> String {
    match (n, what.split_once("copy")) {
        (1, _) => format!("1 {what}"),
        (_, Some((before, after))) => format!("{n} {before}copies{after}"),
        _ => format!("{n} {what}s"),
    }
}

/// `3000` as `30.00`.
pub(super) fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
