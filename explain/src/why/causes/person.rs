//! People who were asked, and did nothing or cancelled.

use ble::time::{Duration, Instant};

use super::limits::{PATIENCE, SMP_TIMEOUT};
use crate::why::account::Account;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{side, span};
use bletwin_scenarios::judgement::seconds;

/// A dialog that its user cancelled; where SMP says so as well, that is told.
pub(super) fn cancelled(account: &Account) -> Option<Hypothesis> {
    let dialog = account.hosts.cancelled()?;
    let pairing = account.pairing.filter(|p| p.encrypted.is_none() && p.failed.is_none())?;
    let over = dialog.over.filter(|over| *over <= account.end() && follows(account, *over))?;
    let text = format!(
        "At {} the {} asked its user, who cancelled it {} later.",
        seconds(dialog.at),
        side(dialog.central),
        span(dialog.at, over)
    );
    Some(Hypothesis::new(Cause::PersonCancelled, Confidence::Shown, [pairing.last], text))
}

/// Whether the end of the link can be what comes of something that a person did at that time: a
/// side said goodbye after it, or went. Packets that get lost end a link whatever anybody does.
fn follows(account: &Account, at: Instant) -> bool {
    let Some(ending) = &account.ending else { return true };
    match ending.how {
        How::Terminated { pdu } => account.pdu(pdu).is_some_and(|pdu| pdu.at >= at),
        How::Silence { .. } => {
            let last = account.last_of(true).and_then(|index| account.pdu(index));
            let interval = account.timing().map_or(Duration::ZERO, |timing| timing.interval);
            last.is_some_and(|last| last.at + interval + interval >= at)
        }
        How::Deaf { .. } | How::Mute { .. } | How::Other => false,
    }
}

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let dialog = account.hosts.ignored()?;
    let pairing = account.pairing?;
    let ended = pairing.encrypted.or(pairing.failed).is_some();
    if ended || account.end().since(dialog.at) < PATIENCE {
        return None;
    }
    let over = dialog.over.unwrap_or_else(|| account.end());
    // A dialog that is closed when the link dies has had its time only if that was long.
    let waited = over.since(dialog.at);
    let confidence = match waited >= SMP_TIMEOUT {
        true => Confidence::Shown,
        // It is still open.
        false if dialog.over.is_none() && account.ending.is_none() => Confidence::Likely,
        false => return None,
    };
    let text = format!(
        "At {} the {} asked its user, who did nothing in {}.",
        seconds(dialog.at),
        side(dialog.central),
        span(dialog.at, over)
    );
    Some(Hypothesis::new(Cause::PersonIdle, confidence, [pairing.last], text))
}
