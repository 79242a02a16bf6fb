//! The failing and the cured run, side by side on one page.

use std::collections::BTreeSet;

use bletwin_sim::record::RecordId;

use super::diagnosis::{Diagnosis, Evidence};
use super::divergence::Difference;
use super::outcome::Outcome;
use super::report;
use bletwin_explain::html::Exhibit;

/// The exhibits of the page: the failing run with the cause, and the cured one with its cost.
#[must_use]
pub fn exhibits(diagnosis: &Diagnosis) -> Vec<Exhibit<'_>> {
    let Some(Evidence { failing, cured }) = &diagnosis.evidence else { return Vec::new() };
    let pair = format!("{} with {}", diagnosis.peripheral, diagnosis.central);
    let marked = |in_cured: bool| -> BTreeSet<RecordId> {
        let here = diagnosis
            .causes
            .iter()
            .filter(|cause| (cause.difference == Difference::OnlyInCured) == in_cured);
        here.map(|cause| RecordId(cause.record)).collect()
    };
    let mut first = Exhibit::of(failing);
    first.heading.clone_from(&pair);
    let outcome = Outcome::of(failing);
    first.verdict = outcome.text();
    first.good = outcome.good;
    first.why = report::case(diagnosis);
    first.decisive.extend(marked(false));
    let places = diagnosis.turns_on.iter().flat_map(|turn| &turn.places);
    first.decisive.extend(places.map(|place| RecordId(place.record)));
    let second = cured.iter().map(|(set, run)| {
        let outcome = Outcome::of(run);
        let mut exhibit = Exhibit::of(run);
        exhibit.heading = format!("{pair}, {}", set.join(" "));
        exhibit.verdict = outcome.text();
        exhibit.good = outcome.good;
        exhibit.why = vec![outcome.cost.text()];
        exhibit.decisive = marked(true);
        exhibit
    });
    [first].into_iter().chain(second).collect()
}
