//! Firmware configurations against centrals, each pair with many seeds.
//!
//! A cell is a function of its runs, and a run of its seed: the table is the same whatever the
//! number of threads.

pub mod guests;
pub mod page;

use crate::program;
use std::collections::BTreeMap;

use bletwin_models::profile::Entry;
use rayon::prelude::*;
use serde::Serialize;

use bletwin_explain::report;
use bletwin_scenarios::catalogue::{self, Scenario, Story};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_setup::centrals;
use bletwin_setup::error::BadInput;

/// The word for a cell whose runs differ.
const FLAKY: &str = "flaky";
/// What comes of a run that says nothing, as this machine served its host too late.
const DISTURBED: &str = "disturbed";

/// The plan of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The scenario of all cells; `None`: each central's own, which is `pairing` unless it is a
    /// quirk.
    pub scenario: Option<String>,
    /// Firmware presets or files.
    pub firmwares: Vec<String>,
    /// Centrals by name or file, in a scenario with two as `ONE+OTHER`.
    pub centrals: Vec<String>,
    /// `KEY=VALUE` for all runs; with any, everybody is expected to pass.
    pub set: Vec<String>,
    /// The first seed, and how many.
    pub seeds: (u64, u64),
}

/// One firmware with one central.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The central, as named in the plan.
    pub central: String,
    /// The firmware, as named in the plan.
    pub firmware: String,
    /// Name of the scenario that all runs play.
    pub scenario: String,
    /// What came of all runs, or `flaky`.
    pub outcome: String,
    /// Runs with the outcome that the scenario wants, and no undeclared violation of a rule.
    pub passed: u64,
    /// Number of runs, one a seed.
    pub of: u64,
    /// What came of how many runs.
    pub outcomes: BTreeMap<String, u64>,
    /// Runs among them that say nothing: this machine served the host too late, again and again.
    #[serde(skip_serializing_if = "is_zero")]
    pub disturbed: u64,
    /// The pace of time, in words, if an outside host has its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The expected outcome by the catalogue.
    pub expected: String,
    /// Whether the outcome is as expected, in the valid runs.
    pub as_expected: bool,
    /// Why runs with the wanted outcome did not pass, with their number: undeclared violations with
    /// their culprits, and what was still under way.
    pub why: BTreeMap<String, u64>,
    /// Simulated seconds of all runs.
    pub sim_seconds: f64,
    /// Digests of every bit and time on air, one per run, unless an outside host has its own clock:
    /// equal for equal runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace_sha256: Vec<String>,
    /// Runs again what failed first; what passed first, if nothing failed.
    pub command: String,
}

/// The whole table, row by row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// All cells: for each central, all firmwares.
    pub cells: Vec<Cell>,
    /// Programs that took the firmware's place, in the order of the columns; empty if none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<guests::Host>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks in this way")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A pair before it is run.
struct Pair {
    central: String,
    firmware: String,
    scenario: &'static Scenario,
    setup: Setup,
    set: Vec<String>,
    expected: String,
}

/// The stored result of a run.
struct Kept {
    outcome: String,
    passed: bool,
    why: Vec<String>,
    sim_seconds: f64,
    trace: Option<String>,
}

impl Plan {
    fn pairs(&self) -> Result<Vec<Pair>, BadInput> {
        let mut pairs = Vec::new();
        for central in &self.centrals {
            let entry = centrals::find(apart(central).0)?;
            for firmware in &self.firmwares {
                pairs.push(self.pair(central, &entry, firmware)?);
            }
        }
        Ok(pairs)
    }

    fn pair(&self, central: &str, entry: &Entry, firmware: &str) -> Result<Pair, BadInput> {
        let own = entry.quirk.as_ref().filter(|_| self.scenario.is_none());
        let name = own.map(|quirk| quirk.scenario.as_str()).or(self.scenario.as_deref());
        let scenario = catalogue::pairing_by_name(name.unwrap_or("pairing"))?;
        let (first, _) = self.seeds;
        let (one, other) = apart(central);
        let mut setup = Setup::new(firmware, one, first)?;
        if let Some(other) = other {
            setup = setup.beside(other)?;
        }
        let circumstances = own.map_or(&[][..], |quirk| &quirk.set);
        let set: Vec<String> = circumstances.iter().chain(&self.set).cloned().collect();
        for assignment in &set {
            setup.set(assignment)?;
        }
        setup.check()?;
        scenario.fits(&setup)?;
        let known = self.scenario.is_none() && self.set.is_empty() && other.is_none();
        let expected = entry.expect.get(firmware).filter(|_| known).cloned();
        let expected = expected.unwrap_or_else(|| wanted(scenario));
        let (central, firmware) = (central.to_owned(), firmware.to_owned());
        Ok(Pair { central, firmware, scenario, setup, set, expected })
    }

    /// Values that can have no effect beside others, of all cells.
    ///
    /// # Errors
    /// [`BadInput`] if the plan names what does not exist, or takes what cannot go together.
    pub fn warnings(&self) -> Result<Vec<BadInput>, BadInput> {
        Ok(self.pairs()?.iter().flat_map(|pair| pair.setup.warnings()).collect())
    }

    /// Fills the table. `tick` is called after each run; `None`: `stop` said so.
    ///
    /// # Errors
    /// [`BadInput`] if the plan names what does not exist, or takes what cannot go together.
    pub fn run(
        &self,
        tick: &(dyn Fn() + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Matrix>, BadInput> {
        let pairs = self.pairs()?;
        let (first, count) = self.seeds;
        let runs: Vec<(&Pair, u64)> = pairs
            .iter()
            .flat_map(|pair| (0..count).map(move |n| (pair, first.saturating_add(n))))
            .collect();
        let kept: Option<Vec<Kept>> = runs
            .into_par_iter()
            .map(|(pair, seed)| {
                let kept = pair.play(seed, stop);
                tick();
                kept
            })
            .collect();
        let Some(kept) = kept else { return Ok(None) };
        let size = usize::try_from(count).unwrap_or(usize::MAX);
        let cells = pairs.iter().zip(kept.chunks(size)).map(|(pair, kept)| pair.cell(first, kept));
        Ok(Some(Matrix { cells: cells.collect(), hosts: Vec::new() }))
    }
}

/// The central of a row, and the second one of a scenario with two: `phone+macos`.
#[must_use]
pub fn apart(row: &str) -> (&str, Option<&str>) {
    match row.split_once('+').filter(|_| !std::path::Path::new(row).exists()) {
        Some((one, other)) => (one, Some(other)),
        None => (row, None),
    }
}

/// The wanted outcome of a scenario, in the words of cells.
fn wanted(scenario: &Scenario) -> String {
    match scenario.expects {
        Verdict::PairingFailed => "pairing failed".into(),
        other => other.name().into(),
    }
}

impl Pair {
    fn play(&self, seed: u64, stop: &(dyn Fn() -> bool + Sync)) -> Option<Kept> {
        let setup = Setup { seed, ..self.setup.clone() };
        let mut stage = Stage::new(self.scenario, &setup).unhashed();
        stage.run(stop).then(|| kept(&stage.finish()))
    }

    fn cell(&self, first: u64, kept: &[Kept]) -> Cell {
        let mut outcomes = BTreeMap::new();
        let mut why = BTreeMap::new();
        for run in kept {
            *outcomes.entry(run.outcome.clone()).or_insert(0) += 1;
            for line in &run.why {
                *why.entry(line.clone()).or_insert(0) += 1;
            }
        }
        let agreed = outcomes.keys().next().filter(|_| outcomes.len() == 1);
        let outcome = agreed.cloned().unwrap_or_else(|| FLAKY.into());
        let passed = kept.iter().filter(|run| run.passed).count() as u64;
        let of = kept.len() as u64;
        // Which error pairing failed with may be left open, and what chance decides.
        let is = |outcome: &str, wanted: &str| {
            let rest = outcome.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(", err"))
        };
        let known = |outcome: &String| self.expected.split(" or ").any(|one| is(outcome, one));
        let disturbed = outcomes.get(DISTURBED).copied().unwrap_or(0);
        let matches = outcomes.keys().all(|outcome| outcome == DISTURBED || known(outcome));
        let good = self.expected == wanted(self.scenario);
        let failed = kept.iter().position(|run| !run.passed).unwrap_or(0) as u64;
        Cell {
            as_expected: matches && (!good || passed + disturbed == of),
            command: self.command(first.saturating_add(failed)),
            central: self.central.clone(),
            firmware: self.firmware.clone(),
            scenario: self.scenario.name.into(),
            expected: self.expected.clone(),
            outcome,
            passed,
            of,
            outcomes,
            disturbed,
            time: None,
            why,
            sim_seconds: kept.iter().map(|run| run.sim_seconds).sum(),
            trace_sha256: kept.iter().filter_map(|run| run.trace.clone()).collect(),
        }
    }

    fn command(&self, seed: u64) -> String {
        let Self { scenario, firmware, central, .. } = self;
        let mut words = vec![format!("{} run {}", program::name(), scenario.name)];
        words.push(format!("--peripheral {}", quoted(firmware)));
        let (one, other) = apart(central);
        words.extend(
            [Some(one), other]
                .into_iter()
                .flatten()
                .map(|central| format!("--central {}", quoted(central))),
        );
        words.extend(self.set.iter().map(|set| format!("--set {}", quoted(set))));
        words.push(format!("--seed {seed}"));
        words.join(" ")
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    match text.chars().all(|c| c.is_alphanumeric() || "-_./,:=@+".contains(c)) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

impl Kept {
    /// With the digest of the air, if that is reproducible.
    fn traced(self, trace: Option<String>) -> Self {
        Self { trace, ..self }
    }
}

fn kept(finished: &Finished) -> Kept {
    Kept {
        outcome: outcome(finished),
        passed: finished.passed(),
        why: report::objections(finished),
        sim_seconds: finished.summary.sim_seconds,
        trace: None,
    }
}

/// What came of a run, in a few words.
fn outcome(run: &Finished) -> String {
    let summary = &run.summary;
    let after = match (summary.outcome, summary.disconnect_reason) {
        (Verdict::BondedThenLost, Some(reason)) => format!(", then reason {reason}"),
        (Verdict::Disconnected, Some(reason)) => format!(", reason {reason}"),
        _ => String::new(),
    };
    let what = match summary.outcome {
        Verdict::PairingFailed => match (run.story, summary.security_err) {
            (Story::StaticPasskey, _) | (_, None) => "pairing failed".into(),
            (_, Some(err)) => format!("pairing failed, err {err}"),
        },
        Verdict::BondedThenLost => Verdict::Bonded.name().into(),
        other => other.name().to_owned(),
    };
    what + &after
}

impl Cell {
    /// Whether all runs ended well and stayed so.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.passed == self.of && !self.outcome.contains(", then ")
    }

    /// Whether all outcomes are as expected, and no cell is missing.
    #[must_use]
    pub const fn is_as_expected(&self) -> bool {
        self.as_expected && self.disturbed == 0
    }

    /// What came of how many runs.
    #[must_use]
    pub fn counts(&self) -> String {
        let counts: Vec<String> =
            self.outcomes.iter().map(|(what, n)| format!("{n} × {what}")).collect();
        counts.join(", ")
    }

    /// Why it is not as expected, a line each; empty if it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        if self.is_as_expected() {
            return Vec::new();
        }
        let outcomes = (self.outcomes.len() > 1).then(|| self.counts());
        let why = self.why.iter().map(|(what, n)| format!("{n} × {what}"));
        outcomes.into_iter().chain(why).collect()
    }

    /// The text of the cell: the outcome, and how many runs passed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}/{}", self.outcome, self.passed, self.of)
    }
}

impl Matrix {
    /// Whether every cell is as the catalogue expects it.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.cells.iter().all(Cell::is_as_expected)
    }

    /// The pace of time of each host, in words; `None`: no hosts.
    #[must_use]
    pub fn time(&self) -> Option<String> {
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for host in &self.hosts {
            let kind = host.kind();
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, names)) => names.push(&host.name),
                None => kinds.push((kind, vec![&host.name])),
            }
        }
        match kinds.as_slice() {
            [] => None,
            [(kind, _)] => Some(kind.clone()),
            several => {
                let parts = several.iter().map(|(kind, of)| format!("{kind} ({})", of.join(", ")));
                Some(parts.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// Firmwares in the order of the columns.
    #[must_use]
    pub fn firmwares(&self) -> Vec<&str> {
        let first = self.cells.first().map(|cell| cell.central.as_str());
        let row = self.cells.iter().filter(|cell| Some(cell.central.as_str()) == first);
        row.map(|cell| cell.firmware.as_str()).collect()
    }

    /// The table's rows: a central and its cells.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &[Cell])> {
        let columns = self.firmwares().len().max(1);
        self.cells.chunks(columns).filter_map(|row| Some((row.first()?.central.as_str(), row)))
    }
}
