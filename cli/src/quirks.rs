//! The quirk catalogue at work: whether a quirk shows as its file says, stays away without it, and
//! is healed by each of its cures.

use bletwin_models::profile::{Entry, Profile, Quirk, Shows, Symptoms};

use bletwin_diagnose::cost::Cost;
use bletwin_explain::report;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

/// Under which circumstances a quirk is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// With the quirk.
    With,
    /// With what its file extends.
    Without,
    /// With the quirk and the cure of this number.
    Cured(usize),
}

/// The setup of a trial.
///
/// # Errors
/// [`BadInput`] if the file names what does not exist.
pub fn setup(entry: &Entry, quirk: &Quirk, trial: Trial, seed: u64) -> Result<Setup, BadInput> {
    let mut setup = Setup::new(&quirk.firmware, "honest", seed)?;
    setup.central = match (trial, &entry.base) {
        (Trial::Without, Some(base)) => base.clone(),
        (Trial::Without, None) => Profile::honest(),
        _ => entry.profile.clone(),
    };
    let cure = match trial {
        Trial::Cured(number) => quirk.cures.get(number).map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    for assignment in quirk.set.iter().chain(cure) {
        setup.set(assignment)?;
    }
    Ok(setup)
}

/// Plays a trial. The result has the oracle's findings.
///
/// # Errors
/// As [`setup`].
pub fn play(entry: &Entry, quirk: &Quirk, trial: Trial, seed: u64) -> Result<Finished, BadInput> {
    let scenario = catalogue::by_name(&quirk.scenario)?;
    let mut stage = Stage::new(scenario, &setup(entry, quirk, trial, seed)?).unhashed();
    stage.run(|| false);
    Ok(stage.finish())
}

/// The command that plays a trial, as far as the command line can say it.
#[must_use]
pub fn command(entry: &Entry, quirk: &Quirk, trial: Trial) -> String {
    let mut words =
        vec![format!("bletwin run {} --central {}", quirk.scenario, entry.profile.name)];
    if quirk.firmware != "zephyr-2024" {
        words.push(format!("--peripheral {}", quirk.firmware));
    }
    let cure = match trial {
        Trial::Cured(number) => quirk.cures.get(number).map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    words.extend(quirk.set.iter().chain(cure).map(|set| format!("--set {set}")));
    if let Some(seed) = quirk.seeds.first().filter(|seed| **seed != 1) {
        words.push(format!("--seed {seed}"));
    }
    words.join(" ")
}

/// The command that shows a behaviour by which nothing fails.
#[must_use]
pub fn command_of(shows: &Shows) -> String {
    let set: String = shows.set.iter().map(|set| format!(" --set {set}")).collect();
    format!("bletwin run {} --central {}{set} --ladder", shows.scenario, shows.central)
}

/// Plays the trial of a behaviour, and reports PDUs that are not on air in their order.
///
/// # Errors
/// [`BadInput`] if it names what does not exist.
pub fn unseen(shows: &Shows, seed: u64) -> Result<Option<String>, BadInput> {
    let mut setup = Setup::new("zephyr-2024", &shows.central, seed)?;
    for assignment in &shows.set {
        setup.set(assignment)?;
    }
    let mut stage = Stage::new(catalogue::by_name(&shows.scenario)?, &setup).unhashed();
    stage.run(|| false);
    let run = stage.finish();
    let ladder = report::ladder(&run);
    let mut rest = ladder.as_str();
    for pdu in &shows.air {
        match rest.split_once(pdu.as_str()) {
            Some((_, after)) => rest = after,
            None => return Ok(Some(pdu.clone())),
        }
    }
    Ok((!run.passed()).then(|| "a run that passes".into()))
}

/// What of an effect is missing from a run; nothing: it shows.
#[must_use]
pub fn missing(effect: &Symptoms, run: &Finished) -> Vec<String> {
    let summary = &run.summary;
    let mut missing = Vec::new();
    let mut want = |holds: bool, what: String| {
        if !holds {
            missing.push(what);
        }
    };
    if let Some(outcome) = &effect.outcome {
        want(summary.outcome.name() == outcome, format!("outcome {outcome}"));
    }
    if let Some(reason) = effect.reason {
        let met = run.facts.endings.iter().any(|(_, code)| code.0 == reason);
        want(met, format!("reason {reason}"));
    }
    if let Some(err) = effect.err {
        want(summary.security_err == Some(err), format!("err {err}"));
    }
    if let Some(phy) = effect.phy {
        want(summary.phy.is_some_and(|phys| phys.tx == phy), format!("PHY {phy}"));
    }
    if let Some(interval_us) = effect.interval_us {
        let met = Cost::of(run).interval_us == interval_us;
        want(met, format!("interval {interval_us} µs"));
    }
    if !effect.log.is_empty() {
        let log = report::log(run);
        effect.log.iter().for_each(|line| want(log.contains(line), format!("in the log: {line}")));
    }
    if !effect.air.is_empty() {
        let air = report::ladder(run);
        effect.air.iter().for_each(|pdu| want(air.contains(pdu), format!("on air: {pdu}")));
    }
    missing
}
