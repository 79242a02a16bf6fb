//! How the link died, as the air shows it.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::{Duration, Instant};

use super::air::{Pdu, What};
use super::timing::Timing;

/// What the air shows of the end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The central stopped sending; the peripheral waited connSupervisionTimeout.
    Silence {
        /// Index of the central's last PDU that was heard.
        last_heard: usize,
    },
    /// The central went on sending, but nothing of it was heard any more.
    Deaf {
        /// Index of the central's last PDU that was heard.
        last_heard: usize,
        /// Index of its first one that was not.
        first_unheard: usize,
    },
    /// One side sent LL_TERMINATE_IND, and the other heard it.
    Terminated {
        /// Index of LL_TERMINATE_IND.
        pdu: usize,
    },
    /// The peripheral stopped answering, and the central went on for as long as its supervision
    /// timeout: it left without a word, or did not hear the central any more.
    Mute {
        /// Index of the peripheral's last PDU.
        last: usize,
    },
    /// Anything else: only the reason is known.
    Other,
}

/// The end of a link as the peripheral's host was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When that host was told; where it is not known, when it was at the latest.
    pub at: Instant,
    /// The reason that it was told; `None`: what was seen does not tell.
    pub reason: Option<ErrorCode>,
    /// What the air shows.
    pub how: How,
}

impl Ending {
    /// The PDUs that it is told by.
    pub fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        let of_end = match self.how {
            How::Silence { last_heard } => [Some(last_heard), None],
            How::Deaf { last_heard, first_unheard } => [Some(last_heard), Some(first_unheard)],
            How::Terminated { pdu } => [Some(pdu), None],
            How::Mute { last } => [Some(last), None],
            How::Other => [None, None],
        };
        of_end.into_iter().flatten()
    }
}

/// Finds out how a link ended that the peripheral's host was told of at `at` with `reason`.
#[must_use]
pub fn ending(pdus: &[Pdu], at: Instant, reason: ErrorCode) -> Ending {
    Ending { at, reason: Some(reason), how: how(pdus, reason) }
}

/// How a link ended that nobody was seen to be told of; `None`: it may have lived on. Watched
/// until then; `adverts`: the peripheral's after the last packet; `unheeded`:
/// whether nothing that the central sent behind this PDU was acknowledged.
#[must_use]
pub fn seen(
    pdus: &[Pdu],
    until: Instant,
    adverts: &[Pdu],
    unheeded: impl Fn(usize) -> bool,
) -> Option<Ending> {
    let goodbye = |p: &Pdu| matches!(p.what, What::Control(ControlPdu::TerminateInd(_)));
    if let Some(pdu) = pdus.iter().position(goodbye) {
        let told = pdus.get(pdu)?;
        let reason = match told.what {
            What::Control(ControlPdu::TerminateInd(reason)) if told.from_central => reason,
            _ => ErrorCode::LOCAL_HOST_TERMINATED,
        };
        return Some(Ending { at: told.at, reason: Some(reason), how: How::Terminated { pdu } });
    }
    let last =
        |central: bool| pdus.iter().rposition(|p| p.from_central == central && p.event.is_some());
    let timing = Timing::at(pdus, pdus.len().checked_sub(1)?)?;
    let (theirs, own) = (last(true)?, last(false)?);
    let (last_theirs, last_own) = (pdus.get(theirs)?.at, pdus.get(own)?.at);
    // A peripheral that sleeps for its latency, and whose answers were missed, looks alike for a
    // while; but what it acknowledges is not sent again.
    let silence = last_theirs.since(last_own) + timing.interval + timing.interval;
    if silence >= timing.timeout && unheeded(own) {
        return Some(Ending { at: last_theirs, reason: None, how: How::Mute { last: own } });
    }
    // A goodbye that cannot be read may have been among the last PDUs.
    let late = |p: &&Pdu| last_theirs.max(last_own).since(p.at) < timing.interval.times(GOODBYE);
    if pdus.iter().rev().take_while(late).any(|p| p.what == What::Unreadable) {
        return None;
    }
    // A sniffer that has lost a connection sees nothing of it either. That it was over shows who
    // advertises again as soon as the timeout has run out, and not before, if that is so long that
    // nothing else would wait for it.
    let over = last_theirs.max(last_own) + timing.timeout;
    let soon = adverts.first().is_some_and(|again| {
        again.at + timing.interval >= over && again.at <= over + SOON && timing.timeout >= SOON
    });
    (soon && until >= over).then(|| Ending {
        at: last_theirs + timing.timeout,
        reason: None,
        how: timed_out(pdus),
    })
}

/// Events in which LL_TERMINATE_IND has been sent and acknowledged.
const GOODBYE: u64 = 12;

/// A peripheral that lost its link advertises again this soon.
const SOON: Duration = Duration::from_secs(1);

fn how(pdus: &[Pdu], reason: ErrorCode) -> How {
    let terminated = pdus
        .iter()
        .rposition(|p| matches!(p.what, What::Control(ControlPdu::TerminateInd(_))) && p.heard);
    match (terminated, reason) {
        (Some(pdu), _) => How::Terminated { pdu },
        (None, ErrorCode::CONNECTION_TIMEOUT) => timed_out(pdus),
        _ => How::Other,
    }
}

fn timed_out(pdus: &[Pdu]) -> How {
    let Some(last_heard) = pdus.iter().rposition(|p| p.from_central && p.heard) else {
        return How::Other;
    };
    let unheard = pdus.iter().enumerate().skip(last_heard + 1).find(|(_, p)| p.from_central);
    match unheard.filter(|_| went_on(pdus, last_heard)) {
        Some((first_unheard, _)) => How::Deaf { last_heard, first_unheard },
        None => How::Silence { last_heard },
    }
}

/// Whether the central went on sending until a supervision timeout had run out, the peripheral's or
/// its own, or until it gave up a connection in which it had heard nothing. If not, it had stopped:
/// that its last packets got lost as well, ended nothing.
fn went_on(pdus: &[Pdu], last_heard: usize) -> bool {
    let timing = pdus.len().checked_sub(1).and_then(|last| Timing::at(pdus, last));
    let sent = pdus.iter().rfind(|p| p.from_central && p.event.is_some());
    let (Some(timing), Some(sent), Some(heard)) = (timing, sent, pdus.get(last_heard)) else {
        return true;
    };
    let gone = sent.at + timing.interval + timing.interval;
    let of_link = |p: &&Pdu| !p.from_central && p.heard && p.event.is_some();
    let Some(answered) = pdus.iter().rfind(of_link) else {
        // It gave up a connection that had never been established for it.
        let first = pdus.iter().find(|p| p.from_central && p.event.is_some());
        return first.is_none_or(|first| gone >= first.at + timing.limit(false));
    };
    gone >= heard.at.min(answered.at) + timing.limit(true)
}
