//! The search of one block of seeds.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Space, draw};
use crate::Found;
use crate::Outcome;
use crate::case::{Case, Start};
use crate::caught::against;
use crate::run;
use bletwin_setup::error::BadInput;

/// Seeds of a block.
const BLOCK: u64 = 32;

/// Seeds that are searched by themselves, by one thread in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The space from which the runs are drawn.
    pub space: Space,
    /// One run each.
    pub seeds: Range<u64>,
}

/// The result of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Seeds whose case was played.
    pub runs: u64,
    /// Cases whose start state their two devices do not reach.
    pub unreached: u64,
    /// Different traces on air.
    pub traces: u64,
    /// Different states of the world at the end.
    pub states: u64,
    /// Runs in which something was found.
    pub violations: u64,
    /// The first case for each rule and culprit.
    pub findings: Vec<(Case, Found)>,
}

/// Seeds in blocks.
pub fn blocks(space: &Space, seeds: Range<u64>) -> impl Iterator<Item = Block> {
    let end = seeds.end;
    let starts = seeds.step_by(BLOCK as usize);
    starts.map(move |start| {
        let seeds = start..end.min(start.saturating_add(BLOCK));
        Block { space: space.clone(), seeds }
    })
}

impl Block {
    /// Searches it; `near_wrap` runs the cases that start with a counter near its end. `None`:
    /// stopped.
    pub fn search(
        &self,
        near_wrap: impl Fn(&Case) -> Result<Outcome, BadInput>,
        stop: impl Fn() -> bool,
    ) -> Option<Searched> {
        let mut searched = Searched::default();
        let (mut traces, mut states) = (BTreeSet::new(), BTreeSet::new());
        let mut rules = BTreeSet::new();
        for seed in self.seeds.clone() {
            if stop() {
                return None;
            }
            let case = draw(&self.space, seed);
            let ended = if case.start == Start::NearWrap { near_wrap(&case) } else { run(&case) };
            let Ok(outcome) = ended else {
                searched.unreached += 1;
                continue;
            };
            searched.runs += 1;
            traces.insert(outcome.trace.value());
            states.insert(outcome.state);
            let found = against(&case, &outcome);
            searched.violations += u64::from(!found.is_empty());
            for found in found {
                if rules.insert((found.rule.clone(), found.culprit)) {
                    searched.findings.push((case.clone(), found));
                }
            }
        }
        searched.traces = traces.len() as u64;
        searched.states = states.len() as u64;
        Some(searched)
    }
}
