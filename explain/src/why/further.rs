//! What further evidence would decide a cause that is not shown: one piece for each kind of cause.

use super::account::Account;
use super::air::What;
use super::ending::How;
use super::hypothesis::{Cause, Hypothesis};
use super::phrases::side;

/// What opens an encrypted connection.
pub(crate) const KEY: &str = "the key of this link (LTK)";

/// What would decide, as the subject of a sentence.
pub(super) fn further(account: &Account, hypothesis: &Hypothesis) -> String {
    let first = hypothesis.places.first().copied();
    // A peripheral that fell silent was told a reason, and every one was tried.
    let mute = matches!(account.ending.as_ref().map(|ending| &ending.how), Some(How::Mute { .. }));
    match hypothesis.cause {
        Cause::HostLeft | Cause::Silent => match is_sealed(account, 0) {
            false => log_of(account, first.is_some_and(|at| is_centrals(account, at)), ""),
            true => KEY.into(),
        },
        Cause::InstantPassed
        | Cause::Collision
        | Cause::MicFailure
        | Cause::Unanswered
        | Cause::RefusalNotUnderstood
        | Cause::SwitchMissed
        | Cause::Loss
            if mute =>
        {
            log_of(account, false, ", which was told a reason")
        }
        Cause::KeysDiffer if mute => {
            log_of(account, false, ", which has its key and the reason that it was told")
        }
        Cause::KeysDiffer => "logs of both hosts, which have the key that each of them used".into(),
        Cause::EncryptionLate | Cause::Unanswered | Cause::RefusalNotUnderstood => {
            match &account.ending {
                None => "a capture that goes on until the link ends".into(),
                Some(_) => log_of(account, left_by_central(account), ", which has its reason"),
            }
        }
        Cause::Stalled | Cause::SwitchMissed => without(account, hypothesis),
        Cause::Loss => "the same once more with the two devices side by side".into(),
        Cause::UnknownPdu => {
            "the same once more with a central that sends nothing the peripheral does not know"
                .into()
        }
        Cause::PairingStuck => match (&account.ending, account.pairing) {
            (Some(_), Some(pairing)) => {
                let silent = !is_centrals(account, pairing.last);
                log_of(account, silent, ", which has what it waited for")
            }
            _ => "a capture that goes on until pairing or the link is over".into(),
        },
        Cause::PersonIdle => "a capture that goes on until that person has answered".into(),
        Cause::StaleHandles => {
            "a capture of the connection in which the central discovered its handles".into()
        }
        Cause::AttributeRefused => {
            let asker = first.is_some_and(|at| is_centrals(account, at));
            log_of(account, asker, ", which has why it neither paired nor encrypted")
        }
        Cause::AttributeUnanswered => {
            let silent = first.is_some_and(|at| !is_centrals(account, at));
            log_of(account, silent, ", which has whether there was an answer")
        }
        Cause::MicFailure => "traces of both controllers".into(),
        Cause::NoBond => "what each end lists as its bonds afterwards".into(),
        Cause::NobodyConnected => {
            "an HCI log of the central (whether it scanned, and for whom)".into()
        }
        Cause::KeyMissing
        | Cause::InstantPassed
        | Cause::Collision
        | Cause::ParametersNotGranted
        | Cause::PairingFailed
        | Cause::PersonCancelled
        | Cause::NothingProtected
        | Cause::ConnectNotTaken => whole(account, hypothesis),
    }
}

/// A capture without what is hidden behind its first PDU.
pub(super) fn whole(account: &Account, hypothesis: &Hypothesis) -> String {
    // Whom the sniffer does not hear, no better luck with packets brings to its ears.
    if hypothesis.cause == Cause::ConnectNotTaken {
        return log_of(account, false, ", which has whether it was told of a connection");
    }
    let from = hypothesis.places.first().copied().unwrap_or_default();
    let (missing, _) = account.sight.behind(from, account.pdus.len());
    let gapless = format!(
        "a capture in which no packet is missing or damaged behind {}",
        account.named(from)
    );
    match (missing, is_sealed(account, from)) {
        (0, true) => KEY.to_owned(),
        (_, true) => format!("{gapless}, and {KEY}"),
        (_, false) => gapless,
    }
}

/// Whether something behind the PDU at `from` is encrypted with an unknown key.
fn is_sealed(account: &Account, from: usize) -> bool {
    account.pdus.iter().skip(from).any(|pdu| pdu.what == What::Unreadable)
}

/// The log of an end's host; where that is in evidence, what is above it.
fn log_of(account: &Account, central: bool, what: &str) -> String {
    let end = side(central);
    match account.hosts.logged[usize::from(central)] {
        false => format!("a log of the {end}'s host{what}"),
        true => format!(
            "a trace of the {end}'s controller and of the program above its host, whose HCI log is \
             in evidence"
        ),
    }
}

/// The same once more, and one thing otherwise.
fn without(account: &Account, hypothesis: &Hypothesis) -> String {
    let is_place = |index| hypothesis.places.contains(&index);
    let exchange = account.exchanges.iter().find(|e| is_place(e.request) && is_place(e.last()));
    let name = |index| account.pdu(index).map_or_else(String::new, |pdu| pdu.name());
    match exchange {
        Some(e) if e.is_refused() => format!(
            "the same once more with a {} that serves {}",
            side(!e.from_central),
            name(e.request)
        ),
        Some(e) => {
            format!("the same once more without the {}'s {}", side(e.from_central), name(e.request))
        }
        None => {
            let first = hypothesis.places.first().copied().unwrap_or_default();
            let end = side(is_centrals(account, first));
            format!("the same once more without the {end}'s {}", name(first))
        }
    }
}

fn is_centrals(account: &Account, index: usize) -> bool {
    account.pdu(index).is_some_and(|pdu| pdu.from_central)
}

/// Which end the link was over for first.
fn left_by_central(account: &Account) -> bool {
    match account.ending.as_ref().map(|ending| &ending.how) {
        Some(How::Terminated { pdu }) => is_centrals(account, *pdu),
        Some(How::Silence { .. }) | None => true,
        Some(How::Deaf { .. } | How::Mute { .. } | How::Other) => false,
    }
}
