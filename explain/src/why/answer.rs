//! What may have been the cause, in order, and in words.

use std::collections::BTreeSet;

use bletwin_scenarios::judgement::seconds;
use bletwin_scenarios::stage::{Finished, Party};
use bletwin_scenarios::summary::Verdict;
use bletwin_sim::record::RecordId;
use bletwin_sim::sniffer::{AirItem, sniff};

use super::account::Account;
use super::assumed;
use super::causes;
use super::ending::{Ending, How};
use super::further;
use super::hypothesis::{Cause, Confidence, Hypothesis};
use super::pairing::Pairing;
use super::phrases::{count, side, span};
use super::seen;
use super::watched::{Around, Watched};
use bletwin_sniffer::{First, View};

/// Why a run ended as it did.
#[derive(Clone, Debug)]
pub struct Why {
    /// What was found of the connection that decided.
    pub account: Account,
    /// What may have been the cause, the surest first.
    pub hypotheses: Vec<Hypothesis>,
}

impl Why {
    /// Looks for the cause in the record of a run.
    #[must_use]
    pub fn of(run: &Finished) -> Self {
        Self::read(run, &sniff(&run.records))
    }

    /// The same, of a run whose air was sniffed.
    #[must_use]
    pub fn read(run: &Finished, items: &[AirItem]) -> Self {
        let account = Account::of(run, items);
        Self { hypotheses: wanted_of(run, ranked(&account)), account }
    }

    /// Looks for the cause in what one of several centrals had, of a run whose air was sniffed.
    #[must_use]
    pub fn party(run: &Finished, items: &[AirItem], party: &Party) -> Self {
        let account = Account::watched(Watched::party(run, items, party), items);
        Self { hypotheses: wanted_of(run, ranked(&account)), account }
    }

    /// Looks for the cause in one connection that somebody else has captured.
    #[must_use]
    pub fn captured(view: &View, items: &[AirItem], connection: usize) -> Self {
        let here = items.iter().filter(|item| item.connection == Some(connection)).collect();
        let firsts = First::all(items);
        let around = Around { end: view.end, hci: view.hci(), adverts: items, firsts: &firsts };
        Self::of_captured(here, &around, connection)
    }

    /// The same of its packets, and of what was captured around it.
    #[must_use]
    pub fn of_captured(here: Vec<&AirItem>, around: &Around<'_>, connection: usize) -> Self {
        let watched = Watched::captured(&here, around, connection);
        let account = Account::among(watched, here, around.adverts);
        let mut hypotheses = ranked(&account);
        // What nobody has asked for is a failure only where a scenario wants it.
        hypotheses.retain(|one| !matches!(one.cause, Cause::NothingProtected | Cause::NoBond));
        Self { hypotheses, account }
    }

    /// Records of the PDUs that matter.
    #[must_use]
    pub fn wanted(&self) -> BTreeSet<RecordId> {
        let account = &self.account;
        let named = self.hypotheses.iter().take(1).flat_map(|first| first.places.clone());
        account
            .ending
            .iter()
            .flat_map(Ending::indices)
            .chain(named)
            .chain(account.pairing.iter().flat_map(Pairing::indices))
            .chain(account.last_news(true))
            .chain(account.pdus.iter().position(|p| p.event.is_none()))
            .filter_map(|index| account.pdus.get(index))
            .map(|pdu| pdu.id)
            .collect()
    }

    /// All that is to be said, as one paragraph; empty if there is nothing.
    #[must_use]
    pub fn paragraph(&self) -> String {
        let sentences = [
            self.cause_sentences(),
            self.ending_sentence(),
            self.pairing_sentence(),
            self.error_sentence(),
            self.undecided_sentence(),
            self.other_sentence(),
        ];
        sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// How sure what is told first is, a sentence each: what was seen, and that it was the cause.
    #[must_use]
    pub fn sure(&self) -> Vec<String> {
        let first = self.first();
        let seen = first.and_then(|first| first.seen).map(|seen| seen.words(&self.account));
        seen.into_iter().chain(first.and_then(Hypothesis::sure)).collect()
    }

    fn first(&self) -> Option<&Hypothesis> {
        self.hypotheses.first()
    }

    fn cause_sentences(&self) -> Option<String> {
        self.first()
            .filter(|first| first.confidence < Confidence::Undecided || self.no_end())
            .map(|first| first.text.clone())
    }

    const fn no_end(&self) -> bool {
        self.account.ending.is_none()
    }

    fn ending_sentence(&self) -> Option<String> {
        let account = &self.account;
        let ending = account.ending.as_ref()?;
        let at = seconds(ending.at);
        let end = match ending.reason {
            Some(reason) => format!("reason {} ({}) at {at}", reason.0, reason.name()),
            None => format!("a reason that was not seen, at {at}"),
        };
        Some(match &ending.how {
            How::Silence { last_heard } if ending.reason.is_none() => {
                let last = account.pdu(*last_heard)?;
                format!(
                    "The last packet of the central that was captured came at {}, and no \
                     LL_TERMINATE_IND was. {} later, as long as the supervision timeout, the \
                     peripheral advertised again: the link had ended with reason 8 (Connection \
                     Timeout), if no packet was missed.",
                    last.place(),
                    span(last.at, account.adverts.first()?.at),
                )
            }
            How::Silence { last_heard } => {
                let last = account.pdu(*last_heard)?;
                let left = match self.first().is_some_and(|first| first.cause == Cause::Loss) {
                    true => "for its own supervision timeout it had heard nothing",
                    false => "it left without LL_TERMINATE_IND",
                };
                format!(
                    "The central's last packet came at {}; {left}, and {} later the \
                     peripheral's supervision timeout ended the link: {end}.",
                    last.place(),
                    span(last.at, ending.at),
                )
            }
            How::Deaf { last_heard, first_unheard } => {
                let (heard, later) =
                    (account.pdu(*last_heard)?, account.pdus.get(*first_unheard..)?);
                let sent = later.iter().filter(|p| p.from_central).count();
                format!(
                    "After {} the peripheral heard nothing more, although the central sent {}. \
                     After {} without a valid packet the link ended with {end}.",
                    heard.place(),
                    count(sent, "more packet"),
                    span(heard.at, ending.at),
                )
            }
            How::Terminated { pdu } => {
                let goodbye = account.pdu(*pdu)?;
                format!(
                    "The {} ended the link with LL_TERMINATE_IND ({}): {end}.",
                    side(goodbye.from_central),
                    goodbye.place()
                )
            }
            How::Mute { last } => {
                let last = account.pdu(*last)?;
                let later = account.pdus.iter().filter(|p| p.from_central && p.at > last.at);
                format!(
                    "After {} the peripheral said nothing more, although the central sent {} in \
                     the {} that followed: it had left for a reason that was not seen, or did not \
                     hear the central.",
                    last.place(),
                    count(later.count(), "more packet"),
                    span(last.at, ending.at),
                )
            }
            How::Other => format!("The link ended with {end}."),
        })
    }

    fn pairing_sentence(&self) -> Option<String> {
        let account = &self.account;
        let pairing = account.pairing?;
        let told = self
            .first()
            .is_some_and(|first| matches!(first.cause, Cause::PairingFailed | Cause::PairingStuck));
        if told || pairing.encrypted.is_some() {
            return None;
        }
        if let Some(failed) = pairing.failed {
            let who = side(account.pdu(failed)?.from_central);
            return Some(format!("The {who} ended pairing with {}.", account.named(failed)));
        }
        Some(format!(
            "Pairing had begun with {} and got no further than {}.",
            account.named(pairing.begun),
            account.named(pairing.last)
        ))
    }

    fn error_sentence(&self) -> Option<String> {
        let account = &self.account;
        let unspecified = account.security_err? == 9;
        let pending = account.pairing.is_some_and(|p| p.failed.is_none() && p.encrypted.is_none());
        (unspecified && pending && account.ending.is_some()).then(|| {
            "\"Security failed … err 9\" is no code from the central: it is what the host says \
             when a link dies while pairing is still open."
                .to_owned()
        })
    }

    fn undecided_sentence(&self) -> Option<String> {
        let first = self.first()?;
        match first.confidence {
            Confidence::Shown | Confidence::Likely => return None,
            Confidence::Possible => {
                return Some("Whether that was the cause this evidence does not decide.".into());
            }
            Confidence::Undecided => {}
        }
        let text = if self.no_end() { String::new() } else { format!("{} ", first.text) };
        let further = first.would_decide.as_ref()?;
        Some(format!("{text}The cause is not decided by this evidence; {further} would decide."))
    }

    /// What else comes into question, and what speaks against it.
    fn other_sentence(&self) -> Option<String> {
        let (_, others) = self.hypotheses.split_first()?;
        let other = others.iter().find(|other| other.confidence < Confidence::Undecided)?;
        let doubt = other.doubt.as_ref().map_or_else(String::new, |doubt| format!(" But {doubt}."));
        Some(format!("Not excluded: {}{doubt}", lower(&other.text)))
    }
}

/// Those that can be why a run is not as its scenario wants it: that no bond came of a pairing is
/// one only where one was to come.
fn wanted_of(run: &Finished, mut hypotheses: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let bond = run.expects == Verdict::Bonded;
    hypotheses.retain(|one| bond || one.cause != Cause::NoBond);
    hypotheses
}

/// All that may have been the cause, the surest first; equally sure ones from what the end of the
/// link names to what merely came before it.
pub(super) fn ranked(account: &Account) -> Vec<Hypothesis> {
    let mut all = causes::all(account);
    assumed::add(account, &mut all);
    let all: Vec<Hypothesis> = all.into_iter().map(|one| weighed(account, one)).collect();
    // That no bond comes of a pairing has nothing to do with how the link ends.
    let (bond, mut all): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|hypothesis| hypothesis.cause == Cause::NoBond);
    all.sort_by_key(|hypothesis| hypothesis.confidence);
    // One that is shown leaves no room for what merely came before it.
    if all.first().is_some_and(|first| first.confidence == Confidence::Shown) {
        all.retain(|hypothesis| hypothesis.confidence == Confidence::Shown);
    }
    all.extend(bond);
    if all.iter().any(|one| one.confidence < Confidence::Undecided) {
        all.retain(|hypothesis| hypothesis.confidence < Confidence::Undecided);
    }
    all
}

/// The same, not shown where packets that nobody saw could tell another story; with what would
/// decide where it is not shown.
fn weighed(account: &Account, hypothesis: Hypothesis) -> Hypothesis {
    let hypothesis = seen_in_part(account, hypothesis);
    let open = hypothesis.confidence != Confidence::Shown;
    let further = || further::further(account, &hypothesis);
    let would_decide = hypothesis.would_decide.clone().or_else(|| open.then(further));
    let seen = seen::seen(account, &hypothesis);
    Hypothesis { would_decide, seen, ..hypothesis }
}

fn seen_in_part(account: &Account, hypothesis: Hypothesis) -> Hypothesis {
    let first = hypothesis.places.first().copied();
    let hidden = first.map_or(0, |first| account.sight.hidden(first, account.pdus.len()));
    if hidden == 0 || hypothesis.confidence != Confidence::Shown {
        return hypothesis;
    }
    let packets = match hidden {
        1 => "1 packet that was not captured or not understood".to_owned(),
        n => format!("{n} packets that were not captured or not understood"),
    };
    let behind = account.named(first.unwrap_or_default());
    let would_decide = Some(further::whole(account, &hypothesis));
    Hypothesis { confidence: Confidence::Likely, would_decide, ..hypothesis }
        .but(format!("{packets}, behind {behind}, could tell another story"))
}

/// A sentence as part of another.
fn lower(text: &str) -> String {
    for (upper, lower) in [("The ", "the "), ("After ", "after ")] {
        if let Some(rest) = text.strip_prefix(upper) {
            return format!("{lower}{rest}");
        }
    }
    text.to_owned()
}
