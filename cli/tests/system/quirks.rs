//! The quirk catalogue: each entry shows as its file says, stays away without it, and is healed by
//! each of its cures.

use bletwin::quirks::{self, Trial};
use bletwin_models::profile::{Entry, Quirk, catalogue};
use bletwin_scenarios::stage::Finished;
use rayon::prelude::*;

fn described(run: &Finished) -> String {
    let summary = &run.summary;
    let reasons: Vec<u8> = run.facts.endings.iter().map(|(_, reason)| reason.0).collect();
    format!("{}, reasons {reasons:?}, err {:?}", summary.outcome.name(), summary.security_err)
}

/// Unexpected findings of the oracle: those against the peripheral are expected only if the trial
/// uses an older firmware's mistakes.
fn violations(run: &Finished, quirk: &Quirk) -> Vec<String> {
    let old = quirk.set.iter().any(|set| set.starts_with("refusals") || set.contains("hollow"));
    let against = run.judgement.unexpected.iter();
    against
        .filter(|finding| finding.culprit == run.central || !old)
        .map(|finding| format!("{}: {}", finding.rule, finding.text))
        .collect()
}

/// What is wrong with an entry, trial by trial.
fn judge(entry: &Entry, quirk: &Quirk) -> Vec<String> {
    let mut wrong = Vec::new();
    for seed in &quirk.seeds {
        let play = |trial| quirks::play(entry, quirk, trial, *seed).expect("known names and keys");
        let run = play(Trial::With);
        let missing = quirks::missing(&quirk.effect, &run);
        if !missing.is_empty() || !violations(&run, quirk).is_empty() {
            let violations = violations(&run, quirk);
            wrong.push(format!(
                "seed {seed}, with: misses {missing:?}: {} {violations:?}",
                described(&run)
            ));
        }
        let healthy = (0..quirk.cures.len()).map(Trial::Cured).chain([Trial::Without]);
        for trial in healthy {
            let run = play(trial);
            if !run.expected || quirks::missing(&quirk.effect, &run).is_empty() {
                wrong.push(format!("seed {seed}, {trial:?}: {}", described(&run)));
            }
        }
    }
    wrong
}

#[test]
fn every_quirk_shows_stays_away_without_and_is_cured() {
    let findings: Vec<String> = catalogue::quirks()
        .par_iter()
        .flat_map(|entry| {
            let quirk = entry.quirk.as_ref().expect("quirks have a table");
            let name = &entry.profile.name;
            judge(entry, quirk)
                .into_iter()
                .map(|what| format!("{name}: {what}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn every_behaviour_that_fails_nothing_is_seen_on_air() {
    let shown =
        catalogue::unexpressed().into_iter().filter_map(|entry| entry.shows.zip(Some(entry.id)));
    let shown: Vec<_> = shown.collect();
    assert!(shown.len() >= 9);
    let unseen: Vec<String> = shown
        .par_iter()
        .filter_map(|(shows, id)| {
            let unseen = quirks::unseen(shows, 1).expect("known names and keys");
            unseen.map(|what| format!("{id}: {what}: {}", quirks::command_of(shows)))
        })
        .collect();
    assert!(unseen.is_empty(), "\n{}", unseen.join("\n"));
}

/// What is looked for can be missing.
#[test]
fn a_missing_behaviour_is_reported() {
    let mut shows =
        catalogue::unexpressed().into_iter().find_map(|entry| entry.shows).expect("one");
    shows.air.reverse();
    assert!(quirks::unseen(&shows, 1).expect("known names").is_some());
}
