//! What a failing run depends on if no PDU of the peripheral is its cause by itself: a change of
//! the firmware, of the surroundings or of a person's actions that always cures, and without which
//! the run always fails. [`Why`] says where that shows on air.

use ble::pdu::control::ControlPdu;
use bletwin_explain::why::{Confidence, Pdu, What, Why};
use bletwin_scenarios::stage::Finished;
use bletwin_setup::Build;
use serde::Serialize;

use super::bench::{Bench, Trial};
use super::candidates::{Candidate, ChangeKind};
use super::environment;
use super::outcome::Share;
use super::search::worthwhile;
use super::user::Advice;

/// Whose the change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The firmware's: keys, as for `--set`.
    Firmware,
    /// That of air, clocks, processor or a person's habits.
    Surroundings,
    /// An additional action of a person.
    Person,
    /// A change of the surroundings and of the firmware together: each alone is not enough.
    Together,
}

/// A PDU of the failing run that shows what it depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The PDU's name as the specification writes it.
    pub pdu: String,
    /// connEventCount of the event in which it was sent, where that is known.
    pub event: Option<u16>,
    /// World time of its first bit, µs.
    pub at_us: u64,
    /// Number of the PDU's record in the failing run.
    pub record: u64,
    /// As a report has it: name, event and time.
    #[serde(skip)]
    pub text: String,
}

/// A change that is necessary and sufficient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Whose it is.
    pub on: On,
    /// The change: settings, or words.
    pub change: Vec<String>,
    /// Good runs with it.
    pub with: Share,
    /// Bad runs without it.
    pub without: Share,
    /// Its PDUs on air; empty: this evidence does not decide which PDU it is.
    pub places: Vec<Place>,
}

/// Everything that is proven, the firmware first; a person's actions count only if nothing else
/// cures, and costly changes (other hardware, less security) only if a person cannot help. `None`:
/// interrupted.
#[must_use]
pub fn turns(
    bench: &Bench<'_>,
    base: &Build,
    seeds: &[u64],
    cured: Option<&Candidate>,
    [surroundings, acts]: [&[Advice]; 2],
    failing: &Finished,
) -> Option<Vec<Turn>> {
    // They were chosen because they fail.
    let without = Share { count: seeds.len(), of: seeds.len() };
    let places = places(failing);
    let turn =
        |on, change: Vec<String>, with| Turn { on, change, with, without, places: places.clone() };
    let firmware = match cured.filter(|cured| cured.config != *base) {
        Some(cured) => {
            let trial = |&seed: &u64| Trial::new(&cured.config, seed);
            let trials: Vec<Trial> = seeds.iter().map(trial).collect();
            let with = Share::good(&bench.outcomes(&trials)?);
            with.is_all().then(|| (cured.kind(), turn(On::Firmware, cured.assignments(), with)))
        }
        None => None,
    };
    let heals = |act: &&Advice| act.good.is_all();
    let better = surroundings.iter().filter(heals);
    let around = better.map(|one| turn(On::Surroundings, vec![one.text.into()], one.good));
    let (free, priced) = match firmware {
        Some((ChangeKind::Plain, turn)) => (Some(turn), None),
        other => (None, other.map(|(_, turn)| turn)),
    };
    let mut found: Vec<Turn> = free.into_iter().chain(around).collect();
    if found.is_empty() {
        let fewest = acts.iter().filter(heals).map(|act| act.steps).min();
        let acts = acts.iter().filter(heals).filter(|act| Some(act.steps) == fewest);
        found.extend(acts.map(|act| turn(On::Person, vec![act.text.into()], act.good)));
    }
    if found.is_empty() {
        found.extend(priced);
    }
    Some(found)
}

/// If neither firmware nor surroundings cure alone: the first single change of the firmware that
/// cures in better surroundings. Inner `None`: there is none. `None`: interrupted.
#[must_use]
pub fn together(
    bench: &Bench<'_>,
    base: &Build,
    seeds: &[u64],
    failing: &Finished,
) -> Option<Option<Turn>> {
    let Some(&seed) = seeds.first() else { return Some(None) };
    let changes = worthwhile(bench, base).into_iter().filter(|c| c.kind == ChangeKind::Plain);
    let candidates: Vec<Candidate> =
        changes.map(|change| Candidate::with(base, &[change])).collect();
    for (text, air) in environment::better(bench.air()) {
        let trial = |candidate: &Candidate, seed: u64| Trial {
            air: Some(air.clone()),
            ..Trial::new(&candidate.config, seed)
        };
        let screened: Vec<Trial> = candidates.iter().map(|one| trial(one, seed)).collect();
        let outcomes = bench.outcomes(&screened)?;
        for (one, _) in candidates.iter().zip(outcomes).filter(|(_, outcome)| outcome.good) {
            let trials: Vec<Trial> = seeds.iter().map(|&seed| trial(one, seed)).collect();
            let with = Share::good(&bench.outcomes(&trials)?);
            if with.is_all() {
                let change = [vec![text.to_owned()], one.assignments()].concat();
                let without = Share { count: seeds.len(), of: seeds.len() };
                let places = places(failing);
                return Some(Some(Turn { on: On::Together, change, with, without, places }));
            }
        }
    }
    Some(None)
}

/// The PDUs that the first hypothesis about the failing run names, if it is a good one; not an
/// LL_TERMINATE_IND that only reports the end.
fn places(failing: &Finished) -> Vec<Place> {
    let Why { account, hypotheses } = Why::of(failing);
    let first = hypotheses.first().filter(|first| first.confidence <= Confidence::Likely);
    let indices = first.into_iter().flat_map(|first| &first.places);
    let news = indices.filter_map(|&index| account.pdu(index)).filter(|pdu| pdu.is_news());
    let place = |pdu: &Pdu| Place {
        pdu: pdu.name(),
        event: pdu.event,
        at_us: pdu.at.as_us(),
        record: pdu.id.0,
        text: format!("{} ({})", pdu.name(), pdu.place()),
    };
    let goodbye = |pdu: &&Pdu| matches!(pdu.what, What::Control(ControlPdu::TerminateInd(_)));
    news.filter(|pdu| !goodbye(pdu)).map(place).collect()
}
