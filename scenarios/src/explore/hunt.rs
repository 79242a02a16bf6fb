//! The random search: seeds in their order, several at a time, findings shrunk and told once.
//!
//! What is found depends on the seeds that were run, not on the number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::case::{Case, Start};
use super::caught::{against, shrunk, side};
use super::random::{Space, draw};
use super::run::{Found, Runner, run};
use super::saved::Saved;
use crate::error::BadInput;

/// What to search.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What runs are drawn from.
    pub space: Space,
    /// Which runs.
    pub seeds: Range<u64>,
    /// Threads.
    pub jobs: usize,
    /// Stop at the first finding.
    pub first: bool,
    /// Most runs that one finding is shrunk with.
    pub shrink_runs: usize,
}

/// Seeds that one thread runs before findings are looked at.
const BATCH: u64 = 32;
/// Findings of one rule against one side that are shrunk; all others are only counted.
const SAME_MAX: u32 = 3;

/// What has come of a search so far.
#[derive(Clone, Debug, Default)]
pub struct Hunted {
    /// Seeds that were run.
    pub runs: u64,
    /// Runs whose start state does not exist for their two devices.
    pub skipped: u64,
    /// Different traces on air.
    pub traces: BTreeSet<[u64; 2]>,
    /// Different states of the world at the end.
    pub states: BTreeSet<u64>,
    /// Runs in which something was found.
    pub breaches: u64,
    /// What was found, shrunk.
    pub findings: Vec<Caught>,
    /// Whether all seeds were run.
    pub complete: bool,
}

/// A finding that was shrunk.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Seed of the run in which it was met first.
    pub seed: u64,
    /// What to save.
    pub saved: Saved,
}

/// What one seed came to.
struct Raw {
    seed: u64,
    ended: Option<([u64; 2], u64)>,
    case: Case,
    found: Vec<Found>,
}

/// Searches until all seeds are run or `stop` says so; `progress` is told after each batch.
///
/// # Errors
/// [`BadInput`] if the space names what does not exist.
pub fn hunt(
    plan: &Plan,
    stop: impl Fn() -> bool + Sync,
    mut progress: impl FnMut(&Hunted),
) -> Result<Hunted, BadInput> {
    plan.space.setup()?;
    let jobs = plan.jobs.max(1);
    let mut runners = vec![Runner::default(); jobs];
    let mut hunted = Hunted::default();
    let mut same = BTreeMap::new();
    let mut next = plan.seeds.start;
    while next < plan.seeds.end && !stop() {
        let end = plan.seeds.end.min(next.saturating_add(BATCH * jobs as u64));
        for raw in batch(plan, next..end, &mut runners, &stop) {
            hunted.count(&raw);
            for found in &raw.found {
                let times: &mut u32 = same.entry((found.rule.clone(), found.culprit)).or_default();
                *times += 1;
                if *times <= SAME_MAX && !stop() {
                    let culprit = side(found.culprit);
                    let (saved, _) =
                        shrunk(&raw.case, &found.rule, culprit, plan.shrink_runs, &stop);
                    hunted.keep(Caught { seed: raw.seed, saved });
                    if plan.first {
                        return Ok(hunted);
                    }
                }
            }
        }
        next = end;
        progress(&hunted);
    }
    hunted.complete = next >= plan.seeds.end && !stop();
    Ok(hunted)
}

/// Runs seeds on all threads; gives what came of them in the order of seeds.
fn batch(
    plan: &Plan,
    seeds: Range<u64>,
    runners: &mut [Runner],
    stop: &(impl Fn() -> bool + Sync),
) -> Vec<Raw> {
    let next = AtomicU64::new(seeds.start);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for runner in runners {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || stop() {
                        return;
                    }
                    let raw = one(plan, seed, runner);
                    // A thread that panicked has poisoned it, and the scope panics then anyway.
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(raw);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|raw| raw.seed);
    done
}

fn one(plan: &Plan, seed: u64, runner: &mut Runner) -> Raw {
    let case = draw(&plan.space, seed);
    // The long way to a counter near its end is gone once; no other start state comes twice.
    let outcome = if case.start == Start::NearWrap { runner.run(&case) } else { run(&case) };
    let (ended, found) = match outcome {
        Ok(outcome) => (Some((outcome.trace.value(), outcome.state)), against(&case, &outcome)),
        Err(_) => (None, Vec::new()),
    };
    Raw { seed, ended, case, found }
}

impl Hunted {
    fn count(&mut self, raw: &Raw) {
        self.runs += 1;
        match raw.ended {
            Some((trace, state)) => {
                self.traces.insert(trace);
                self.states.insert(state);
            }
            None => self.skipped += 1,
        }
        self.breaches += u64::from(!raw.found.is_empty());
    }

    /// Keeps a finding unless one like it is there.
    fn keep(&mut self, caught: Caught) {
        let shape = |caught: &Caught| {
            let saved = &caught.saved;
            (saved.rule.clone(), saved.culprit, saved.case.shape())
        };
        if self.findings.iter().all(|other| shape(other) != shape(&caught)) {
            self.findings.push(caught);
        }
    }
}
