//! The diagnosis itself: one step after the other.

use std::cmp::Reverse;

use bletwin_setup::Build;
use firmware_core::host::procedures::Request;
use serde::Serialize;

use super::behaviour::{Violation, violations};
use super::bench::{Bench, Partner, Trial};
use super::candidates::{Candidate, ChangeKind};
use super::cause::{Case, Cause, Means};
use super::cost::Cost;
use super::divergence::part;
use super::environment;
use super::outcome::{Outcome, Share};
use super::requests;
use super::search::{Cured, Found, clear_runs, is_of_the_air, price, search, search_singles};
use super::stacks::{self, Hint};
use super::suspect::on_air;
use super::timing::{self, TimingRow};
use super::turn::{self, Turn};
use super::user::{self, Advice};
use bletwin_explain::report as story;
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;

/// Runs that a healthy pair has to pass.
const HEALTHY: u64 = 20;

/// The question of a diagnosis.
#[derive(Clone, Debug)]
pub struct Question {
    /// Names for the report: the firmware's and the central's. Nothing depends on them.
    pub names: [String; 2],
    /// The firmware's configuration and application.
    pub config: Build,
    /// First seed; the others follow it.
    pub seed: u64,
    /// Seeds that are tried at first.
    pub seeds: u64,
}

/// The result of a diagnosis.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Name of the scenario that was played.
    pub scenario: &'static str,
    /// The firmware's name.
    pub peripheral: String,
    /// The central's name.
    pub central: String,
    /// First seed of the runs that `fails` counts.
    pub seed: u64,
    /// Runs that fail. None: the pair is healthy.
    pub fails: Share,
    /// The failure of the reported runs.
    pub failure: Option<Outcome>,
    /// Bad runs of the same firmware with a central that keeps every rule.
    pub honest_fails: Option<Share>,
    /// Good runs with the suspect in better surroundings, where the question's could be better.
    pub surroundings: Vec<Advice>,
    /// What makes it fail; of several, each is enough.
    pub causes: Vec<Cause>,
    /// What the failure depends on if no PDU of the peripheral is the cause by itself.
    pub turns_on: Vec<Turn>,
    /// Rules that were broken in the failing run.
    pub violations: Vec<Violation>,
    /// The failing run in words.
    pub why: Option<String>,
    /// When the first cause's procedure does harm.
    pub timing: Vec<TimingRow>,
    /// What cures, the best first.
    pub cures: Vec<Cure>,
    /// Single changes that make a difference and do not cure.
    pub not_enough: Vec<Tried>,
    /// Advice to a person; only if the firmware cannot help, or only at a cost.
    pub advice: Vec<Advice>,
    /// The advice to the user if nothing helps.
    pub last_resort: Option<String>,
    /// Requests that a healthy central does not grant.
    pub unmet: Vec<Unmet>,
    /// Firmware configurations that were tried.
    pub configurations: usize,
    /// Runs that were played.
    pub runs: usize,
    /// The runs themselves.
    #[serde(skip)]
    pub evidence: Option<Evidence>,
}

impl Diagnosis {
    /// Whether nothing has failed.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.fails.count == 0
    }
}

/// The runs that a diagnosis rests on, with everything that their records hold.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// A failing one; of a healthy pair, a good one.
    pub failing: Finished,
    /// The same with the cure whose run stays together with it for longest, and its changes.
    pub cured: Option<(Vec<String>, Finished)>,
}

/// A change of the firmware's configuration that cures, and how well it does.
#[derive(Clone, Debug, Serialize)]
pub struct Cure {
    /// As for `--set`.
    pub set: Vec<String>,
    /// What it demands of the device.
    pub kind: ChangeKind,
    /// How to make it in open stacks, as far as they have it.
    pub how: Vec<Hint>,
    /// Good runs on the air of the question.
    pub good: Share,
    /// Good runs on an air that loses 2 % more packets.
    pub rough: Share,
    /// The cost of the cure.
    pub cost: Cost,
    /// Good runs with a slow person.
    pub slow: Share,
    /// Good runs with the first cause's procedure moved a little, if the cure keeps that procedure.
    pub moved: Option<Share>,
    /// Payload per second that the final link allows, kbit/s.
    pub throughput_kbps: u32,
    /// The whole configuration.
    #[serde(skip)]
    pub candidate: Candidate,
}

impl Cure {
    /// Whether it also holds on a worse air and with other timing.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rough.is_all() && self.slow.is_all() && self.moved.is_none_or(Share::is_all)
    }
}

/// Something that the peripheral asks for and does not get.
#[derive(Clone, Debug, Serialize)]
pub struct Unmet {
    /// The request, by its name on air.
    pub request: String,
    /// Changes with which it is granted, the best first.
    pub cures: Vec<Cure>,
}

/// A change that does not cure.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// As for `--set`.
    pub set: Vec<String>,
    /// How a run with it ended.
    pub outcome: Outcome,
}

/// Finds out why. `None`: interrupted.
#[must_use]
pub fn diagnose(bench: Bench<'_>, question: &Question) -> Option<Diagnosis> {
    let outcomes = first_look(&bench, question)?;
    let seeds: Vec<u64> =
        (question.seed..).zip(&outcomes).filter(|(_, o)| !o.good).map(|(s, _)| s).collect();
    let mut diagnosis = blank(&bench, question, Share::bad(&outcomes));
    let Some((failure, seeds)) = commonest(&outcomes, &seeds, question.seed) else {
        return ungranted(bench, question, diagnosis);
    };
    let base = &question.config;
    let honest: Vec<Trial> = seeds
        .iter()
        .map(|&seed| Trial { partner: Partner::Honest, ..Trial::new(base, seed) })
        .collect();
    diagnosis.honest_fails = Some(Share::bad(&bench.outcomes(&honest)?));
    let proof = proof_seeds(&seeds, diagnosis.fails);
    diagnosis.surroundings = environment::try_out(&bench, base, &proof)?;
    let found = search(&bench, base, seeds[0], (&failure, diagnosis.fails))?;
    fill(&mut diagnosis, found);
    let closest = closest(&bench, base, &diagnosis.cures, seeds[0])?;
    let (closest, causes) = clearest(&bench, base, closest, &seeds)?;
    diagnosis.causes = causes;
    let request = diagnosis.causes.iter().find_map(|cause| cause.request);
    if let (Some(Candidate { config: cured, .. }), Some(request)) = (&closest, request) {
        diagnosis.timing = timing::rows(&bench, cured, request, seeds[0])?;
        for cure in &mut diagnosis.cures {
            let config = &cure.candidate.config;
            cure.moved = timing::moved(&bench, config, request, seeds[0])?;
        }
        rank(&mut diagnosis.cures);
    }
    let free = diagnosis.cures.iter().any(|cure| cure.kind == ChangeKind::Plain && cure.holds());
    if !free && bench.scenario().expects == Verdict::Bonded {
        diagnosis.advice = user::advice(&bench, base, &proof)?;
    }
    let failing = bench.play(&Trial::new(base, seeds[0]))?;
    if diagnosis.causes.is_empty() {
        let tried = [&diagnosis.surroundings, &diagnosis.advice].map(Vec::as_slice);
        diagnosis.turns_on = turn::turns(&bench, base, &seeds, closest.as_ref(), tried, &failing)?;
    }
    let whole = bench.evidence(&Trial::new(base, seeds[0]))?;
    diagnosis.violations = violations(&failing, &whole);
    let tried = diagnosis.advice.iter().chain(&diagnosis.surroundings);
    let helps = tried.into_iter().any(|advice| advice.good.is_all());
    let both = match helps || !diagnosis.cures.is_empty() {
        true => None,
        false => turn::together(&bench, base, &seeds, &failing)?,
    };
    let advised = helps || both.is_some();
    diagnosis.turns_on.extend(both);
    if !diagnosis.advice.is_empty() && !advised {
        let honest_is_good = diagnosis.honest_fails.is_some_and(|share| share.count == 0);
        let last = user::last_resort(&failing, &diagnosis.violations, honest_is_good);
        diagnosis.last_resort = Some(last);
    }
    diagnosis.why = story::why(&failing);
    diagnosis.failure = Some(failure);
    let cured = match &closest {
        Some(cured) => {
            let set = cured.assignments();
            Some((set, bench.evidence(&Trial::new(&cured.config, seeds[0]))?))
        }
        None => None,
    };
    diagnosis.evidence = Some(Evidence { failing: whole, cured });
    diagnosis.runs = bench.runs();
    Some(diagnosis)
}

/// A healthy pair: are the peripheral's requests granted?
fn ungranted(bench: Bench<'_>, question: &Question, mut diagnosis: Diagnosis) -> Option<Diagnosis> {
    let (base, seed) = (&question.config, question.seed);
    let run = bench.play(&Trial::new(base, seed))?;
    let outcome = Outcome::of(&run);
    let wishes = requests::unmet(&run);
    let failing = bench.evidence(&Trial::new(base, seed))?;
    diagnosis.evidence = Some(Evidence { failing, cured: None });
    let mut bench = bench;
    for wish in wishes {
        bench = bench.wishing(vec![wish]);
        let found = search_singles(&bench, base, seed, &outcome)?;
        diagnosis.configurations += found.tried;
        let mut cures: Vec<Cure> = found.cures.into_iter().map(cure).collect();
        rank(&mut cures);
        // A change of another key may get it by chance of timing.
        let own = |cure: &Cure| cure.candidate.changes.iter().any(|c| wish_is_set_by(wish, c.key));
        cures.sort_by_key(|cure| !own(cure));
        let request = requests::on_air(&run, wish).unwrap_or_else(|| on_air(wish).into());
        diagnosis.unmet.push(Unmet { request, cures });
    }
    diagnosis.runs = bench.runs();
    Some(diagnosis)
}

/// Whether a key says when, or for what, the peripheral asks.
fn wish_is_set_by(wish: Request, key: &str) -> bool {
    match wish {
        Request::Phy => key == "phy-update",
        Request::DataLength => key == "data-length",
        Request::Parameters => matches!(key, "param-update" | "preferred"),
        Request::Features => key == "feature-exchange",
        Request::Version => key == "version-exchange",
    }
}

/// A few runs; if all are good, some more before the pair is called healthy.
fn first_look(bench: &Bench<'_>, question: &Question) -> Option<Vec<Outcome>> {
    let trials = |from: u64, to: u64| -> Vec<Trial> {
        let seeds = (question.seed..).skip(from as usize).take(to.saturating_sub(from) as usize);
        seeds.map(|seed| Trial::new(&question.config, seed)).collect()
    };
    let mut outcomes = bench.outcomes(&trials(0, question.seeds))?;
    if outcomes.iter().any(|outcome| outcome.good) {
        outcomes.extend(bench.outcomes(&trials(question.seeds, HEALTHY))?);
    }
    Some(outcomes)
}

/// The most frequent failure, and the seeds that lead to it.
fn commonest(outcomes: &[Outcome], bad: &[u64], first: u64) -> Option<(Outcome, Vec<u64>)> {
    let of = |seed: u64| outcomes.get(usize::try_from(seed.wrapping_sub(first)).ok()?);
    let same = |kind| {
        let same = bad.iter().copied().filter(|&seed| of(seed).is_some_and(|o| o.kind() == kind));
        same.collect::<Vec<u64>>()
    };
    let kinds = bad.iter().filter_map(|&seed| of(seed));
    let most = kinds.max_by_key(|outcome| {
        let seeds = same(outcome.kind());
        (seeds.len(), Reverse(seeds.first().copied()))
    })?;
    let mut seeds = same(most.kind());
    seeds.truncate(SEEDS_MAX);
    Some((most.clone(), seeds))
}

/// Failing seeds that a proof is made with.
const SEEDS_MAX: usize = 5;

/// Seeds with which something has to be good to count as a help: those that fail, and where that
/// is a matter of chance as many more as a cure has to pass.
fn proof_seeds(failing: &[u64], fails: Share) -> Vec<u64> {
    let first = failing.first().copied().unwrap_or_default();
    let more = if fails.is_all() { 0 } else { clear_runs(fails) as usize };
    let others = (first..).filter(|seed| !failing.contains(seed)).take(more);
    failing.iter().copied().chain(others).collect()
}

fn blank(bench: &Bench<'_>, question: &Question, fails: Share) -> Diagnosis {
    let [peripheral, central] = question.names.clone();
    Diagnosis {
        scenario: bench.scenario().name,
        peripheral,
        central,
        seed: question.seed,
        fails,
        failure: None,
        honest_fails: None,
        surroundings: Vec::new(),
        unmet: Vec::new(),
        causes: Vec::new(),
        turns_on: Vec::new(),
        violations: Vec::new(),
        why: None,
        timing: Vec::new(),
        cures: Vec::new(),
        not_enough: Vec::new(),
        advice: Vec::new(),
        last_resort: None,
        configurations: 0,
        runs: 0,
        evidence: None,
    }
}

fn fill(diagnosis: &mut Diagnosis, found: Found) {
    diagnosis.configurations = found.tried;
    let tried = |(candidate, outcome): (Candidate, Outcome)| Tried {
        set: candidate.assignments(),
        outcome,
    };
    diagnosis.not_enough = found.near.into_iter().map(tried).collect();
    diagnosis.cures = found.cures.into_iter().map(cure).collect();
    rank(&mut diagnosis.cures);
}

fn cure(cured: Cured) -> Cure {
    let Cured { candidate, clear, rough, slow, cost } = cured;
    let how = candidate.changes.iter().flat_map(|c| stacks::hints(c.key, &c.value));
    Cure {
        set: candidate.assignments(),
        kind: candidate.kind(),
        how: how.collect(),
        good: clear,
        rough,
        slow,
        moved: None,
        cost,
        throughput_kbps: cost.throughput_kbps(),
        candidate,
    }
}

fn rank(cures: &mut [Cure]) {
    cures.sort_by_key(|cure| (cure.kind, !cure.holds(), price(&cure.candidate, &cure.cost)));
}

/// The cures, that first whose run stays together with the failing one for longest: it changes
/// least.
fn closest(bench: &Bench<'_>, base: &Build, cures: &[Cure], seed: u64) -> Option<Vec<Candidate>> {
    let failing = bench.play(&Trial::new(base, seed))?;
    let mut found = Vec::new();
    for cure in cures {
        let run = bench.play(&Trial::new(&cure.candidate.config, seed))?;
        let common = part(&failing, &run).map_or(0, |parting| parting.common);
        let of_the_air = cure.candidate.changes.iter().any(|change| is_of_the_air(change.key));
        found.push(((of_the_air, Reverse(common)), cure.candidate.clone()));
    }
    found.sort_by_key(|(order, _)| *order);
    Some(found.into_iter().map(|(_, candidate)| candidate).collect())
}

/// The cure that shows the causes best, and these: a procedure that is proven to be it, before
/// something else that is proven, before what stays unproven.
fn clearest(
    bench: &Bench<'_>,
    base: &Build,
    cures: Vec<Candidate>,
    seeds: &[u64],
) -> Option<(Option<Candidate>, Vec<Cause>)> {
    let mut best: Option<(u8, Candidate, Vec<Cause>)> = None;
    for candidate in cures {
        let case = Case { bench, base, cured: &candidate, seeds };
        let causes = case.causes()?;
        let healed = causes.last().is_some_and(|cause| cause.removed.is_all());
        let proven = healed && causes.iter().all(|cause| cause.put_back.is_all());
        let clear = match causes.first() {
            Some(first) if proven && first.means == Means::Procedure => 0,
            Some(_) if proven => 1,
            _ => 2,
        };
        if best.as_ref().is_none_or(|(known, ..)| clear < *known) {
            best = Some((clear, candidate, causes));
        }
        if clear == 0 {
            break;
        }
    }
    Some(best.map_or_else(Default::default, |(_, candidate, causes)| (Some(candidate), causes)))
}
