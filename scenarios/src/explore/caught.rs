//! What was found, made as simple as it gets.

use std::collections::BTreeSet;

use bletwin_sim::explore::shrink::shrink;
use bletwin_sim::node::NodeId;

use super::case::{Case, Side};
use super::live::node;
use super::run::{Found, Outcome, PANIC, Runner, run};
use super::saved::{SCHEMA, Saved};

/// What counts in a run, a rule and culprit once: where the central was told to misbehave, only
/// what the peripheral did, and panics.
#[must_use]
pub fn against(case: &Case, outcome: &Outcome) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    let mut found = outcome.findings.clone();
    found.retain(|found| {
        let counts = !case.misbehaves()
            || found.culprit == Some(node(Side::Peripheral))
            || found.rule == PANIC;
        counts && seen.insert((found.rule.clone(), found.culprit))
    });
    found
}

/// The side that a node is.
#[must_use]
pub fn side(culprit: Option<NodeId>) -> Option<Side> {
    [Side::Peripheral, Side::Central].into_iter().find(|side| Some(node(*side)) == culprit)
}

/// The simplest case that shows the same breach by the same side, after at most `runs` runs, and
/// that run. When `stop` says so, what is there is taken.
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
    let shrunk = shrink(case.clone(), runs, |case| {
        !stop() && runner.run(case).is_ok_and(|outcome| find(case, &outcome).is_some())
    });
    let case = shrunk.value;
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
