//! Searches for the smallest changes of the firmware's configuration that cure.
//!
//! First every key alone; if none cures, the quietest configuration there is, from which keys are
//! taken away as long as the rest still cures (delta debugging); then pairs. What needs other
//! hardware or weakens security is tried only when nothing else has cured.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use ble::time::Duration;
use bletwin_setup::Build;

use super::bench::{Bench, Trial};
use super::candidates::{Candidate, Change, ChangeKind, changes};
use super::cost::Cost;
use super::outcome::{Outcome, Share};
use bletwin_setup::Air;

/// Runs with other seeds that a cure has to pass.
const CLEAR: u64 = 10;
/// The most, where a failure is a matter of chance.
const CLEAR_MAX: u64 = 60;
/// Runs on a worse air that show whether a cure holds only by chance.
const ROUGH: u64 = 5;
/// Runs with a slow person.
const SLOW: u64 = 3;
/// How much time that is.
const SLOW_REACTION: Duration = Duration::from_secs(11);
/// Packets lost on that air, parts per million more than on that of the question.
const ROUGH_LOSS_PPM: u32 = 20_000;
/// Maximum number of reported cures.
const CURES_MAX: usize = 8;

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Minimal changes that cure, not ranked.
    pub cures: Vec<Cured>,
    /// Single changes that make a difference, but do not cure.
    pub near: Vec<(Candidate, Outcome)>,
    /// Configurations that were tried.
    pub tried: usize,
}

/// A change that cures.
#[derive(Clone, Debug)]
pub struct Cured {
    /// The changes of the cure.
    pub candidate: Candidate,
    /// Good runs on the air of the question.
    pub clear: Share,
    /// Good runs on a worse one.
    pub rough: Share,
    /// Good runs with a person who takes 11 s instead of 3.
    pub slow: Share,
    /// Its cost, in the first run.
    pub cost: Cost,
}

/// How many further runs a candidate must pass before it counts as a cure. If the failure is
/// random, enough that three of them would be expected to fail: fewer could pass by chance.
#[must_use]
pub fn clear_runs(fails: Share) -> u64 {
    let (bad, all) = (fails.count.max(1) as u64, fails.of as u64);
    if fails.is_all() { CLEAR } else { (3 * all).div_ceil(bad).clamp(CLEAR, CLEAR_MAX) }
}

/// Searches for cures of a firmware that fails with `seed`, in this share of the runs. `None`:
/// interrupted.
#[must_use]
pub fn search(
    bench: &Bench<'_>,
    base: &Build,
    seed: u64,
    (failure, fails): (&Outcome, Share),
) -> Option<Found> {
    let clear = clear_runs(fails);
    let mut search = Search { bench, base, seed, failure, clear, found: Found::default() };
    let all = worthwhile(bench, base);
    let of = |kinds: &[ChangeKind]| -> Vec<Change> {
        all.iter().filter(|change| kinds.contains(&change.kind)).cloned().collect()
    };
    let (plain, costly) =
        (of(&[ChangeKind::Plain]), of(&[ChangeKind::Hardware, ChangeKind::Weaker]));
    let quiet = quiet(&plain);
    // A feature that is left out is missing with every central: only where less does not do.
    let blunt = |change: &Change| change.key == "features-left-out" && change.value != "none";
    let (blunt, plain): (Vec<Change>, Vec<Change>) = plain.into_iter().partition(blunt);
    search.singles(&plain)?;
    if search.found.cures.is_empty() {
        search.sets(&quiet, &plain)?;
    }
    if search.found.cures.is_empty() {
        search.singles(&blunt)?;
    }
    if search.found.cures.is_empty() {
        search.pairs(&plain)?;
    }
    if search.found.cures.is_empty() {
        search.singles(&costly)?;
    }
    if search.found.cures.is_empty() {
        search.sets(&quiet, &costly)?;
    }
    Some(search.found)
}

/// The changes of a firmware that may cure. A disturbance at a fixed time is only avoided, not
/// cured, by later discovery: the changes of advertising are then left out.
pub(super) fn worthwhile(bench: &Bench<'_>, base: &Build) -> Vec<Change> {
    let at_a_moment = bench.air().host_busy.is_some() || bench.air().out_of_reach.is_some();
    let later = |key: &str| matches!(key, "advertising-interval" | "reconnect-advertising");
    let dodges = |change: &Change| at_a_moment && later(change.key);
    changes(base).into_iter().filter(|change| !dodges(change)).collect()
}

/// Searches for single changes only, which cost nothing but themselves. `None`: interrupted.
#[must_use]
pub fn search_singles(
    bench: &Bench<'_>,
    base: &Build,
    seed: u64,
    failure: &Outcome,
) -> Option<Found> {
    let clear = CLEAR;
    let mut search = Search { bench, base, seed, failure, clear, found: Found::default() };
    let plain: Vec<Change> =
        worthwhile(bench, base).into_iter().filter(|c| c.kind == ChangeKind::Plain).collect();
    search.singles(&plain)?;
    Some(search.found)
}

/// The changes after which the peripheral starts least by itself.
fn quiet(plain: &[Change]) -> Vec<Change> {
    const QUIET: [(&str, &str); 5] = [
        ("phy-update", "never"),
        ("data-length", "never"),
        ("param-update", "never"),
        ("feature-exchange", "cached"),
        ("version-exchange", "never"),
    ];
    let wanted = |change: &&Change| QUIET.contains(&(change.key, change.value.as_str()));
    plain.iter().filter(wanted).cloned().collect()
}

/// `set` with `change`, which replaces what it had of the same key.
fn and(set: &[Change], change: &Change) -> Vec<Change> {
    let others = set.iter().filter(|other| other.key != change.key).cloned();
    others.chain([change.clone()]).collect()
}

struct Search<'a> {
    bench: &'a Bench<'a>,
    base: &'a Build,
    seed: u64,
    failure: &'a Outcome,
    /// Runs with other seeds that a cure has to pass.
    clear: u64,
    found: Found,
}

impl Search<'_> {
    /// Plays each of these once. Gives those that end well.
    fn screen(&mut self, sets: Vec<Vec<Change>>) -> Option<Vec<(Candidate, Cost)>> {
        let candidates: Vec<Candidate> =
            sets.iter().map(|set| Candidate::with(self.base, set)).collect();
        let trials: Vec<Trial> =
            candidates.iter().map(|c| Trial::new(&c.config, self.seed)).collect();
        let outcomes = self.bench.outcomes(&trials)?;
        self.found.tried += candidates.len();
        let mut good = Vec::new();
        for (candidate, outcome) in candidates.into_iter().zip(outcomes) {
            if outcome.good {
                good.push((candidate, outcome.cost));
            } else if outcome.kind() != self.failure.kind() {
                self.near(candidate, outcome);
            }
        }
        Some(good)
    }

    fn near(&mut self, candidate: Candidate, outcome: Outcome) {
        if candidate.changes.len() == 1
            && !self.found.near.iter().any(|(known, _)| *known == candidate)
        {
            self.found.near.push((candidate, outcome));
        }
    }

    fn singles(&mut self, changes: &[Change]) -> Option<()> {
        let good = self.screen(changes.iter().map(|change| vec![change.clone()]).collect())?;
        self.confirm(good)
    }

    /// All of `quiet`, alone and with one more change; unnecessary ones are removed again.
    fn sets(&mut self, quiet: &[Change], more: &[Change]) -> Option<()> {
        let sets = [quiet.to_vec()].into_iter().chain(more.iter().map(|c| and(quiet, c)));
        let good = self.screen(sets.collect())?;
        let mut minimal: Vec<Vec<Change>> = Vec::new();
        for (candidate, _) in good {
            // What holds a known set whole would only lead to it again.
            let known = minimal.iter().any(|set| set.iter().all(|c| candidate.changes.contains(c)));
            if !known {
                minimal.push(self.minimise(candidate.changes)?);
            }
        }
        let mut sets = minimal.clone();
        for set in &minimal {
            // Other values of the same keys may cure as well and cost less.
            for change in more.iter().chain(&worthwhile(self.bench, self.base)) {
                let fits = change.kind <= set.iter().map(|c| c.kind).max().unwrap_or(change.kind);
                if fits && set.iter().any(|c| c.key == change.key) {
                    sets.push(and(set, change));
                }
            }
        }
        let good = self.screen(unique(sets))?;
        self.confirm(good)
    }

    fn pairs(&mut self, changes: &[Change]) -> Option<()> {
        let own: Vec<&Change> = changes.iter().filter(|c| !is_of_the_air(c.key)).collect();
        let mut sets = Vec::new();
        for (index, first) in own.iter().enumerate() {
            for second in own.iter().skip(index + 1).filter(|second| second.key != first.key) {
                sets.push(vec![(*first).clone(), (*second).clone()]);
            }
        }
        let good = self.screen(sets)?;
        self.confirm(good)
    }

    /// Takes changes out as long as the rest still cures.
    fn minimise(&mut self, mut set: Vec<Change>) -> Option<Vec<Change>> {
        let mut index = 0;
        while index < set.len() && set.len() > 1 {
            let mut fewer = set.clone();
            fewer.remove(index);
            if self.screen(vec![fewer.clone()])?.is_empty() {
                index += 1;
            } else {
                set = fewer;
            }
        }
        Some(set)
    }

    /// Plays what ended well with other seeds and on a worse air.
    fn confirm(&mut self, mut candidates: Vec<(Candidate, Cost)>) -> Option<()> {
        candidates.sort_by_key(|(candidate, cost)| price(candidate, cost));
        for (candidate, _) in candidates.into_iter().take(CURES_MAX) {
            let seeds = |count| (self.seed..).take(count as usize);
            let rough = Air {
                loss_ppm: self.bench.air().loss_ppm.saturating_add(ROUGH_LOSS_PPM),
                ..self.bench.air().clone()
            };
            let trial = |seed| Trial::new(&candidate.config, seed);
            let clear: Vec<Trial> = seeds(self.clear).map(trial).collect();
            let worse: Vec<Trial> = seeds(ROUGH)
                .map(|seed| Trial { air: Some(rough.clone()), ..trial(seed) })
                .collect();
            let outcomes = self.bench.outcomes(&clear)?;
            if let Some(bad) = outcomes.iter().find(|outcome| !outcome.good) {
                self.near(candidate, bad.clone());
                continue;
            }
            let rough = Share::good(&self.bench.outcomes(&worse)?);
            let slow = |seed| Trial { reaction: Some(SLOW_REACTION), ..trial(seed) };
            let slow: Vec<Trial> = seeds(SLOW).map(slow).collect();
            let slow = Share::good(&self.bench.outcomes(&slow)?);
            let cost = outcomes.first().map(|outcome| outcome.cost).unwrap_or_default();
            let clear = Share::good(&outcomes);
            self.found.cures.push(Cured { candidate, clear, rough, slow, cost });
        }
        Some(())
    }
}

/// The order of preference: no loss of security, throughput, an early bond, few changes, power.
#[must_use]
pub fn price(candidate: &Candidate, cost: &Cost) -> impl Ord + use<> {
    (
        candidate.kind(),
        // A peripheral that advertises rarely is found late.
        candidate.changes.iter().any(|change| is_of_the_air(change.key)),
        Reverse(cost.throughput_kbps()),
        cost.bond_ms.unwrap_or(u32::MAX) / 500,
        candidate.changes.len(),
        cost.radio_us_per_s / 100,
        candidate.changes.iter().map(|change| change.place).collect::<Vec<_>>(),
    )
}

/// Keys that do not affect what the peripheral sends in a connection.
#[must_use]
pub fn is_of_the_air(key: &str) -> bool {
    matches!(key, "advertising-interval" | "reconnect-advertising" | "sleep-clock-ppm")
}

fn unique(sets: Vec<Vec<Change>>) -> Vec<Vec<Change>> {
    let mut seen = BTreeSet::new();
    let key = |set: &[Change]| {
        let mut names: Vec<String> = set.iter().map(Change::assignment).collect();
        names.sort();
        names
    };
    sets.into_iter().filter(|set| seen.insert(key(set))).collect()
}
