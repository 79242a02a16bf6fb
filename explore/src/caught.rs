//! Findings, shrunk to the simplest case.

use std::collections::BTreeSet;

use bletwin_sim::explore::shrink::shrink;
use bletwin_sim::node::NodeId;

use super::case::{Case, Side};
use super::live::node;
use super::run::{Found, INVARIANT, Outcome, PANIC, Runner, run};
use super::saved::{SCHEMA, Saved};

/// A case with this few control PDUs needs no simplification.
const PDUS_FEW: u32 = 3;

/// The findings that count in a run, each rule and culprit once: if the central was configured to
/// misbehave, only those against the peripheral, panics and broken invariants.
#[must_use]
pub fn against(case: &Case, outcome: &Outcome) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    let mut found = outcome.findings.clone();
    found.retain(|found| {
        let counts = !case.misbehaves()
            || found.culprit == Some(node(Side::Peripheral))
            || [PANIC, INVARIANT].contains(&found.rule.as_str());
        counts && seen.insert((found.rule.clone(), found.culprit))
    });
    found
}

/// The side that a node is.
#[must_use]
pub fn side(culprit: Option<NodeId>) -> Option<Side> {
    [Side::Peripheral, Side::Central].into_iter().find(|side| Some(node(*side)) == culprit)
}

/// The simplest case that shows the same violation by the same side, after at most `runs` runs, and
/// that run. `stop` ends the search with the simplest case so far.
#[must_use]
pub fn shrunk(
    case: &Case,
    rule: &str,
    culprit: Option<Side>,
    runs: usize,
    stop: &impl Fn() -> bool,
) -> (Saved, Option<Outcome>) {
    let mut runner = Runner::default();
    let find = |case: &Case, outcome: &Outcome| {
        let same = |found: &Found| found.rule == rule && side(found.culprit) == culprit;
        against(case, outcome).into_iter().find(same)
    };
    // Control PDUs of a run that shows it.
    let mut pdus = |case: &Case| {
        let outcome = runner.run(case).ok().filter(|_| !stop())?;
        find(case, &outcome).map(|_| outcome.control_pdus())
    };
    let first = shrink(case.clone(), runs, |case| pdus(case).is_some());
    let (mut case, mut left) = (first.value, runs - first.tried);
    let mut fewest = pdus(&case).unwrap_or(0);
    // Steps lead to a place from which all are longer; the way may begin elsewhere.
    while fewest > PDUS_FEW {
        let meetings = case.meetings().into_iter().take(left);
        let fewer = |(_, meeting): &(usize, Case)| pdus(meeting).is_some_and(|n| n < fewest);
        let Some((tried, meeting)) = meetings.enumerate().find(fewer) else { break };
        fewest = pdus(&meeting).unwrap_or(fewest);
        let next = shrink(meeting, left - tried - 1, |case| {
            pdus(case).filter(|n| *n <= fewest).inspect(|n| fewest = *n).is_some()
        });
        (case, left) = (next.value, left - tried - 1 - next.tried);
    }
    let outcome = run(&case).ok();
    let found = outcome.as_ref().and_then(|outcome| find(&case, outcome));
    let saved = Saved {
        schema: SCHEMA,
        bletwin: Saved::version().into(),
        rule: rule.into(),
        culprit,
        text: found.map_or_else(String::new, |found| found.text),
        trace: outcome.as_ref().map_or_else(String::new, Outcome::digest),
        control_pdus: outcome.as_ref().map_or(0, Outcome::control_pdus),
        case,
    };
    (saved, outcome)
}
