//! A search that is spread over threads, machines and days: units of work in their order, a
//! progress file, shards and their sum.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use serde::{Deserialize, Serialize};

use super::base::BaseKey;
use super::case::{Case, Side};
use super::caught::side;
use super::pairs::{self, Common, Unit, search, units};
use super::random::{ANY, Block, Space, blocks};
use super::{Base, Found};
use bletwin_setup::error::BadInput;

mod order;
mod progress;
mod report;
mod shard;

pub use progress::Progress;
pub use report::{Lacking, PairCounts, Report};
pub use shard::Shard;

/// Which space is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchKind {
    /// Two procedures that meet.
    Pairs,
    /// Three procedures that meet.
    Triples,
    /// Runs that are drawn from seeds.
    Random,
}

/// A part of the space that is searched by itself, by one thread in one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Procedures that meet.
    Meetings(Unit),
    /// A block of seeds, one random run each.
    Seeds(Block),
}

impl Task {
    /// The pair that it is counted under.
    #[must_use]
    pub fn pair(&self) -> String {
        match self {
            Self::Meetings(unit) => unit.pair(),
            Self::Seeds(_) => "random".into(),
        }
    }
}

/// The options of a campaign. Two campaigns with the same options search the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Options {
    /// Whether pairs, triples or random runs are searched.
    pub kind: SearchKind,
    /// Firmware and central.
    #[serde(flatten)]
    pub common: Common,
    /// Seeds: each means the whole space again, or is one run of the random search.
    pub seeds: Range<u64>,
    /// Number of packets of which every pair is lost, with [`SearchKind::Pairs`].
    pub window: u32,
    /// The part of all units that is searched.
    pub shard: Shard,
}

/// A finding with the case that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Finding {
    /// The rule that is broken.
    pub rule: String,
    /// The culprit, if known.
    pub culprit: Option<Side>,
    /// What happened, in a sentence.
    pub text: String,
    /// The first case of its unit that shows it.
    pub case: Case,
}

/// A unit that was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Done {
    /// Number of the unit in the whole space.
    pub number: usize,
    /// The pair that it is counted under: see [`Task::pair`].
    pub pair: String,
    /// Cases that were played, whole or up to where they were known.
    pub runs: u64,
    /// Runs that were known from some moment on.
    pub joined: u64,
    /// Start states that the two devices do not reach: nothing was run from there.
    pub unreached: u64,
    /// Different traces on air.
    pub traces: u64,
    /// Different states of the world, where runs were compared and where they ended.
    pub states: u64,
    /// Runs in which something was found.
    pub violations: u64,
    /// The first case for each rule and culprit.
    pub findings: Vec<Finding>,
}

impl Options {
    /// The units of this shard, with their numbers in the whole space.
    #[must_use]
    pub fn units(&self) -> Vec<(usize, Task)> {
        let meetings = |kind| {
            let all = units(kind, &self.common, self.seeds.clone());
            let task = |mut unit: Unit| {
                unit.window = self.window;
                Task::Meetings(unit)
            };
            all.into_iter().map(task).enumerate().collect()
        };
        let mut all: Vec<(usize, Task)> = match self.kind {
            SearchKind::Pairs => meetings(pairs::MeetingKind::Pairs),
            SearchKind::Triples => meetings(pairs::MeetingKind::Triples),
            SearchKind::Random => {
                let space = Space::from(&self.common);
                blocks(&space, self.seeds.clone()).map(Task::Seeds).enumerate().collect()
            }
        };
        all.retain(|(number, _)| self.shard.has(*number));
        all
    }

    /// The units of this shard as they are searched: whenever a search ends, those that are done
    /// are a sample of all.
    #[must_use]
    pub fn ordered(&self) -> Vec<(usize, Task)> {
        order::spread(self.units())
    }

    /// Finds out whether there is such a firmware and such a central, and which of their values can
    /// have no effect.
    ///
    /// # Errors
    /// [`BadInput`] that says what there is not.
    pub fn check(&self) -> Result<Vec<BadInput>, BadInput> {
        let mut case = Case { set: self.common.set.clone(), ..Case::default() };
        let names = [
            (&mut case.peripheral, &self.common.peripheral),
            (&mut case.central, &self.common.central),
        ];
        for (plain, name) in names {
            if self.kind != SearchKind::Random || name != ANY {
                plain.clone_from(name);
            }
        }
        let setup = case.setup()?;
        setup.check()?;
        Ok(setup.warnings())
    }
}

/// Start states that were reached, for all threads.
#[derive(Default)]
struct Bases(Mutex<BTreeMap<BaseKey, Arc<Slot>>>);

/// A start state once a thread has reached it.
type Slot = OnceLock<Result<Base, BadInput>>;

impl Bases {
    fn with<T>(&self, case: &Case, then: impl FnOnce(&Base) -> T) -> Result<T, BadInput> {
        let cell = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(BaseKey::of(case)).or_default())
        };
        // A second thread waits here, for this start state only.
        match cell.get_or_init(|| Base::new(case)) {
            Ok(base) => Ok(then(base)),
            Err(bad) => Err(bad.clone()),
        }
    }
}

/// Searches units with several threads until all are done or `stop` returns true. `done` is called
/// for each completed unit, but not for one interrupted by `stop`.
///
/// # Errors
/// Whatever `done` runs into.
pub fn conduct(
    units: &[(usize, Task)],
    jobs: usize,
    stop: &(dyn Fn() -> bool + Sync),
    mut done: impl FnMut(Done) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let bases = Bases::default();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs.max(1) {
            let (sender, bases, next) = (sender.clone(), &bases, &next);
            scope.spawn(move || {
                while !stop()
                    && let Some((number, unit)) = units.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let result = one(bases, *number, unit, stop);
                    if result.is_some_and(|result| sender.send(result).is_err()) {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for result in receiver {
            let reported = done(result);
            if reported.is_err() {
                // Nothing that is left to do could be kept.
                next.store(units.len(), Ordering::Relaxed);
                return reported;
            }
        }
        Ok(())
    })
}

/// Searches one unit. `None`: `stop` said so.
fn one(
    bases: &Bases,
    number: usize,
    task: &Task,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Done> {
    let mut done = Done { number, pair: task.pair(), ..Done::default() };
    let found;
    match task {
        Task::Meetings(unit) => {
            let case = Case { procedures: unit.meetings().concat(), ..unit.case.clone() };
            let Ok(searched) = bases.with(&case, |base| search(unit, base, &|| stop())) else {
                done.unreached = 1;
                return Some(done);
            };
            let searched = searched?;
            (done.runs, done.joined) = (searched.runs, searched.joined);
            (done.traces, done.states) = (searched.traces, searched.states);
            (done.violations, found) = (searched.violations, searched.findings);
        }
        Task::Seeds(block) => {
            let searched = block.search(|case| bases.with(case, |base| base.run(case)), stop)?;
            (done.runs, done.unreached) = (searched.runs, searched.unreached);
            (done.traces, done.states) = (searched.traces, searched.states);
            (done.violations, found) = (searched.violations, searched.findings);
        }
    }
    done.findings = found.into_iter().map(|(case, found)| finding(case, found)).collect();
    Some(done)
}

fn finding(case: Case, found: Found) -> Finding {
    Finding { rule: found.rule, culprit: side(found.culprit), text: found.text, case }
}

#[cfg(test)]
mod tests;
