//! What a sniffer really missed of a decisive exchange, by the record of the run.

use std::collections::{BTreeMap, BTreeSet};

use ble::time::{Duration, Instant};
use bletwin_explain::captured::CapturedLink;
use bletwin_explain::why::{Answer, Cause, Confidence, Hypothesis, Pdu, Sighting, What, Why};
use bletwin_sim::record::RecordId;

/// From when to when a decisive exchange took, with the wait for its answer, in a run of which
/// nothing is unknown.
pub(crate) fn decisive(full: &Why, first: &Hypothesis) -> Option<[Instant; 2]> {
    let account = &full.account;
    let places = || first.places.iter().filter_map(|&index| Some((index, account.pdu(index)?)));
    // A lost link turns on the packets that were lost, and not on what set the timeout.
    let lost = |pdu: &Pdu| first.cause != Cause::Loss || !pdu.heard;
    let mut times = places().filter(|(_, pdu)| lost(pdu)).map(|(_, pdu)| pdu.at);
    let (from, last) = (times.next()?, places().next_back()?.1.at);
    let ll = account.exchanges.iter().find(|e| {
        let open = matches!(e.answer, None | Some(Answer::Answered(_)));
        open && places().any(|(index, _)| index == e.request)
    });
    let att = account
        .transactions
        .iter()
        .find(|t| t.answer.is_none() && places().any(|(index, _)| index == t.request));
    let at = |index: usize| account.pdu(index).map_or(last, |pdu| pdu.at);
    let until = match (first.cause, ll, att) {
        (Cause::Unanswered | Cause::Stalled, Some(open), _) => {
            at(open.request) + Duration::from_secs(40)
        }
        (Cause::AttributeUnanswered, _, Some(open)) => at(open.request) + Duration::from_secs(30),
        (Cause::PairingStuck | Cause::PersonIdle, ..) => last + Duration::from_secs(30),
        (Cause::EncryptionLate, ..) if first.places.len() < 3 => last + Duration::from_secs(40),
        (Cause::Silent | Cause::ConnectNotTaken, ..) => Instant::MAX,
        // The first packet that was encrypted.
        (Cause::KeysDiffer, ..) => {
            let sealed = |pdu: &&Pdu| pdu.encrypted && pdu.from_central && pdu.at > from;
            account.pdus.iter().find(sealed).map_or(last, |pdu| pdu.at)
        }
        _ => last,
    };
    Some([from, until.min(account.end()).max(last)])
}

/// Whether a packet of that time is not in a file, or could not be read.
pub(crate) fn has_gap(
    full: &Why,
    [from, until]: [Instant; 2],
    file: &BTreeSet<RecordId>,
    unread: &BTreeSet<RecordId>,
) -> bool {
    let within = full.account.pdus.iter().filter(|pdu| pdu.at >= from && pdu.at <= until);
    within.into_iter().any(|pdu| !file.contains(&pdu.id) || unread.contains(&pdu.id))
}

/// Packets of a connection that could not be read, by their records in the run.
pub(crate) fn unread(
    link: &CapturedLink,
    record: impl Fn(&Pdu) -> Option<RecordId>,
) -> BTreeSet<RecordId> {
    let unread = link.why.account.pdus.iter().filter(|pdu| pdu.what == What::Unreadable);
    unread.filter_map(record).collect()
}

/// What was seen is shown, so nothing new was said in that time that is not in the file: on either
/// side as far as the exchange goes, and by whose answer was awaited as long as that took. All that
/// an ideal sniffer heard is `whole`.
pub(crate) fn assert_true(
    link: &CapturedLink,
    whole: &CapturedLink,
    record: impl Fn(&Pdu) -> Option<RecordId>,
    case: &str,
) -> usize {
    let pdus = &link.why.account.pdus;
    let file: BTreeSet<RecordId> = pdus.iter().filter_map(&record).collect();
    let ideal = &whole.why.account.pdus;
    let place = |index: usize| {
        let id = pdus.get(index).and_then(&record)?;
        ideal.iter().position(|pdu| pdu.id == id)
    };
    // Each thing that was said, with all packets that said it.
    let mut said: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut last = [None; 2];
    for (index, pdu) in ideal.iter().enumerate() {
        let side = usize::from(pdu.from_central);
        if !pdu.repeated {
            last[side] = Some(index);
        }
        if pdu.what != What::Empty {
            said.entry(last[side].unwrap_or(index)).or_default().push(index);
        }
    }
    let shown = |seen: &&Sighting| seen.confidence() == Confidence::Shown;
    let all = link.why.hypotheses.iter().filter_map(|one| Some((one, one.seen.as_ref()?)));
    let all: Vec<_> = all.filter(|(_, seen)| shown(seen)).collect();
    for (one, seen) in &all {
        let [Some(first), Some(end), Some(until)] = [seen.first, seen.last, seen.until].map(place)
        else {
            continue;
        };
        for (news, copies) in &said {
            let whose = ideal[*news].from_central;
            let matters = (first..=end).contains(news)
                || (end..=until).contains(news) && seen.awaited == Some(whose);
            let is_there = copies.iter().any(|copy| file.contains(&ideal[*copy].id));
            assert!(
                is_there || !matters,
                "{case}: {:?} is seen, but for {} ({})\n{}",
                one.cause,
                ideal[*news].name(),
                ideal[*news].place(),
                link.why.paragraph()
            );
        }
    }
    all.len()
}
