//! What was seen of the decisive exchange of a cause: from its first PDU to the end of the wait for
//! its answer. That it was the cause is another question, which what comes later may answer.

use ble::time::{Duration, Instant};
use bletwin_scenarios::judgement::seconds;

use super::account::Account;
use super::causes::limits::{RESPONSE_TIMEOUT, SMP_TIMEOUT, TRANSACTION_TIMEOUT};
use super::ending::How;
use super::hypothesis::{Cause, Confidence, Hypothesis};
use super::phrases::side;
use super::procedures::Answer;
use super::sight::Gap;

/// The part of a connection in which a decisive exchange took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Index of its first PDU.
    pub first: usize,
    /// Index of its last PDU.
    pub last: usize,
    /// Index of the last PDU of the wait for its answer; where no answer was awaited, its last PDU.
    pub until: usize,
    /// Whose answer was awaited and not seen, the central's or the peripheral's.
    pub awaited: Option<bool>,
    /// How many packets of it were not captured or not understood: behind its last PDU, of the side
    /// whose answer was awaited.
    pub hidden: u32,
}

impl Sighting {
    /// Whether it is shown that the exchange was as it is told, or only likely.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        if self.hidden == 0 { Confidence::Shown } else { Confidence::Likely }
    }

    /// The same in a sentence.
    #[must_use]
    pub(crate) fn words(&self, account: &Account) -> String {
        let from = account.named(self.first);
        let until = account.pdu(self.until).map_or(Instant::ZERO, |pdu| pdu.at);
        let span = format!("from {from} to {}", seconds(until));
        match (self.hidden, self.awaited) {
            (0, _) if self.until == self.first => {
                format!("What was seen is shown: {from} was captured.")
            }
            (0, _) => format!("What was seen is shown: {span} no packet is missing."),
            (n, Some(central)) => format!(
                "What was seen is likely: {span} {}, and could have been the {}'s answer.",
                lost(n),
                side(central)
            ),
            (n, None) => format!("What was seen is likely: {span} {}.", lost(n)),
        }
    }
}

/// So many packets, and what became of them.
fn lost(n: u32) -> String {
    match n {
        1 => "1 packet was not captured or not understood".to_owned(),
        n => format!("up to {n} packets were not captured or not understood"),
    }
}

/// What was seen of the exchange that a cause turns on; `None`: it turns on no PDU.
pub(super) fn seen(account: &Account, hypothesis: &Hypothesis) -> Option<Sighting> {
    let (first, last) = ends(account, hypothesis)?;
    let wait = wait(account, hypothesis, last);
    let (awaited, until) = match wait {
        None => (None, last),
        Some(Wait { central, over }) => {
            let before = account.pdus.iter().rposition(|pdu| pdu.at <= over);
            (Some(central), before.unwrap_or(last).max(last))
        }
    };
    // What a key that differs has encrypted is not hidden: it shows that the keys differ.
    let sealed = matches!(hypothesis.cause, Cause::KeysDiffer | Cause::MicFailure);
    let sight = &account.sight;
    let unread = sight.unread_at().filter(|index| {
        let of_side = awaited.is_some_and(|side| is_from(account, *index, side));
        !sealed && (first..=last).contains(index) || (last + 1..=until).contains(index) && of_side
    });
    let missing = sight.gaps().fold(0_u32, |all, gap| {
        let end = if awaited == Some(gap.central) { until } else { last };
        all.saturating_add(within(account, gap, first, end))
    });
    let unread = u32::try_from(unread.count()).unwrap_or(u32::MAX);
    let hidden =
        missing.saturating_add(unread).saturating_add(behind_the_last(account, hypothesis));
    Some(Sighting { first, last, until, awaited, hidden })
}

/// How many packets of a gap were between two PDUs.
fn within(account: &Account, gap: Gap, first: usize, last: usize) -> u32 {
    let Some(from) = gap.from else {
        return if (first + 1..=last).contains(&gap.until) { gap.count } else { 0 };
    };
    // A connection begins with event 0. Where an event is not known, those around it are.
    let before = account.pdus.get(..=first).unwrap_or_default();
    let behind = account.pdus.get(last..).unwrap_or_default();
    let low = before.iter().rev().find_map(|pdu| pdu.event).unwrap_or_default();
    let high = behind.iter().find_map(|pdu| pdu.event).unwrap_or(u16::MAX);
    // Where the last one begins its event, the answer comes behind it.
    let end = account.pdu(last).filter(|pdu| pdu.from_central && !gap.central);
    let before = account.pdus.get(first..last).unwrap_or_default();
    let begins = end
        .is_some_and(|end| end.event.is_some() && !before.iter().any(|pdu| pdu.event == end.event));
    // Where the first one is an answer, what it answers came before.
    let answers = gap.central && account.pdu(first).is_some_and(|pdu| !pdu.from_central);
    // Both count from `low`; what goes back in time is no distance.
    let distance = |event: u16| i64::from(event.wrapping_sub(low).cast_signed());
    let (start, span) = (distance(from), distance(high) - i64::from(begins));
    if gap.until <= first {
        return 0;
    }
    if distance(high) < 0 {
        return gap.count;
    }
    let common = (start + i64::from(gap.count) - 1).min(span) - start.max(i64::from(answers)) + 1;
    u32::try_from(common).unwrap_or(0)
}

/// Of a peripheral that says nothing more no later packet shows how many were missed: where any
/// were, each packet of the central may have had an answer.
fn behind_the_last(account: &Account, hypothesis: &Hypothesis) -> u32 {
    let mute = account.ending.as_ref().and_then(|ending| match ending.how {
        How::Mute { last } => Some(last),
        _ => None,
    });
    match mute {
        Some(last)
            if hypothesis.cause == Cause::Silent && account.sight.gaps().next().is_some() =>
        {
            let later = account.pdus.iter().skip(last + 1).filter(|pdu| pdu.from_central);
            u32::try_from(later.count()).unwrap_or(u32::MAX)
        }
        _ => 0,
    }
}

/// Index of the first PDU of an exchange, and of its last one.
fn ends(account: &Account, hypothesis: &Hypothesis) -> Option<(usize, usize)> {
    let places = &hypothesis.places;
    let last = *places.last()?;
    let first = match hypothesis.cause {
        // What set the timeout is told, and was long before.
        Cause::Loss => {
            let set_by = account.timing().map(|timing| timing.set_by);
            places.iter().copied().find(|place| Some(*place) != set_by)?
        }
        // Encryption had been started long before.
        Cause::MicFailure => last,
        _ => *places.first()?,
    };
    Some((first, last))
}

/// A wait for an answer: whose, and when it was over at the latest.
struct Wait {
    central: bool,
    over: Instant,
}

fn wait(account: &Account, hypothesis: &Hypothesis, last: usize) -> Option<Wait> {
    let of_side = |central: bool, from: usize, limit: Duration| {
        Some(Wait { central, over: account.pdu(from)?.at + limit })
    };
    let other =
        |from: usize, limit: Duration| of_side(!account.pdu(from)?.from_central, from, limit);
    let is_place = |index: usize| hypothesis.places.contains(&index);
    match hypothesis.cause {
        Cause::Unanswered | Cause::Stalled => {
            let open = account.exchanges.iter().find(|e| {
                is_place(e.request) && matches!(e.answer, None | Some(Answer::Answered(_)))
            })?;
            match open.answer {
                // The instant is the central's to name.
                Some(_) => of_side(true, open.request, RESPONSE_TIMEOUT),
                None => other(open.request, RESPONSE_TIMEOUT),
            }
        }
        // LL_START_ENC_REQ, the third PDU, did not come.
        Cause::EncryptionLate if hypothesis.places.len() < 3 => {
            of_side(false, last, RESPONSE_TIMEOUT)
        }
        Cause::PairingStuck | Cause::PersonIdle => other(last, SMP_TIMEOUT),
        Cause::AttributeUnanswered => {
            let open =
                |t: &&super::transactions::Transaction| is_place(t.request) && t.answer.is_none();
            other(account.transactions.iter().find(open)?.request, TRANSACTION_TIMEOUT)
        }
        Cause::Silent | Cause::ConnectNotTaken => {
            let central = hypothesis.cause == Cause::Silent && account.pdu(last)?.from_central;
            Some(Wait { central, over: Instant::MAX })
        }
        _ => None,
    }
}

fn is_from(account: &Account, index: usize, central: bool) -> bool {
    account.pdu(index).is_some_and(|pdu| pdu.from_central == central)
}
