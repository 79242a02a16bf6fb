//! Packets in a row that were not received until the supervision timeout had run out.

use ble::time::Instant;

use crate::why::account::Account;
use crate::why::air::Pdu;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{count, hundredths, span};
use crate::why::timing::Timing;

/// Packets of a side that the other did not receive, from `from` on: their indices.
fn unheard(account: &Account, central: bool, from: usize) -> Vec<usize> {
    let of_side = |p: &Pdu| p.from_central == central && p.event.is_some();
    let behind = account.pdus.iter().enumerate().skip(from);
    behind.filter(|(_, p)| of_side(p) && !p.heard).map(|(index, _)| index).collect()
}

/// Index of the last PDU of a side in the connection that the other heard.
fn last_heard(account: &Account, central: bool) -> Option<usize> {
    let of_side = |p: &Pdu| p.from_central == central && p.event.is_some();
    account.pdus.iter().rposition(|p| of_side(p) && p.heard)
}

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let timing = account.timing()?;
    let heard = last_heard(account, true)?;
    // The central went when it had heard nothing for its own timeout.
    let established = last_heard(account, false);
    let answered = established.unwrap_or(timing.set_by);
    let from = heard.min(answered);
    let (theirs, own) = (unheard(account, true, from), unheard(account, false, from));
    let last = account.pdu(account.last_of(true)?)?;
    let deaf = last.at.since(account.pdu(answered)?.at);
    let limit = timing.limit(established.is_some());
    let ran_out = deaf + timing.interval + timing.interval >= limit;
    let confidence = match ending.how {
        How::Silence { .. } if ran_out && theirs.len() + own.len() > 0 => Confidence::Shown,
        How::Deaf { .. } => {
            let all = unheard(account, true, 0).len() + unheard(account, false, 0).len();
            let here = theirs.len() + own.len();
            // Packets that get lost one by one got lost before. Where none did, and the silence
            // begins at an instant, it is no loss.
            match all {
                all if all > 2 * here => Confidence::Likely,
                _ if !own.is_empty() => Confidence::Likely,
                all if all == here && at_an_instant(account, heard) => return None,
                _ => Confidence::Possible,
            }
        }
        _ => return None,
    };
    Some(told(account, &timing, confidence, from, &theirs, &own))
}

/// Whether an instant came within two events of the PDU at `heard`.
fn at_an_instant(account: &Account, heard: usize) -> bool {
    let Some(event) = account.pdu(heard).and_then(|pdu| pdu.event) else { return false };
    account.announcements.iter().any(|a| a.instant.wrapping_sub(event) < 2)
}

fn told(
    account: &Account,
    timing: &Timing,
    confidence: Confidence,
    heard: usize,
    theirs: &[usize],
    own: &[usize],
) -> Hypothesis {
    // Where some of them arrived in between, they were not in a row.
    let row = |central: bool| match last_heard(account, central) == Some(heard) {
        true => " in a row",
        false => "",
    };
    let what = match (theirs.len(), own.len()) {
        (0, n) => format!(
            "{} of the peripheral{} did not reach the central, and all of the central's arrived",
            count(n, "packet"),
            row(false)
        ),
        (n, 0) => format!(
            "{} of the central{} did not reach the peripheral",
            count(n, "packet"),
            row(true)
        ),
        (n, m) => format!(
            "{} of the central{} did not reach the peripheral, and {} of the peripheral did not \
             reach the central",
            count(n, "packet"),
            row(true),
            count(m, "packet")
        ),
    };
    let latency = match timing.latency {
        0 => String::new(),
        latency => format!(", peripheral latency {latency}"),
    };
    // LL-SUP-2: six intervals.
    let never = match last_heard(account, false) {
        None => " The central had heard nothing yet, and gives up after six intervals then.",
        Some(_) => "",
    };
    let text = format!(
        "After {} {what}.{never} {} set an interval of {} ms{latency} and a supervision timeout \
         of {}: {}.",
        account.pdu(heard).map_or_else(String::new, Pdu::place),
        account.named(timing.set_by),
        hundredths(timing.interval.as_us() / 10),
        span(Instant::ZERO, Instant::ZERO + timing.timeout),
        timing.margin(),
    );
    let places = theirs.iter().chain(own).copied().chain([timing.set_by]);
    Hypothesis::new(Cause::Loss, confidence, places, text)
}
