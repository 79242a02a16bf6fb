//! What the oracle says about whole runs.

use std::collections::BTreeSet;

use bletwin::quirks::{self, Trial};
use bletwin_models::profile::{self, Profile};
use bletwin_rules::Rule;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::{PRESETS, Setup};
use rayon::prelude::*;

const STORIES: [&str; 3] = ["pairing", "reconnect", "wrong-passkey"];

fn play(scenario: &str, peripheral: &str, central: &str, set: &[&str], seed: u64) -> Finished {
    let mut setup = Setup::new(peripheral, central, seed).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

fn described(run: &Finished) -> String {
    let findings = run.judgement.all();
    findings.map(|f| format!("{} {:?} {:?} {}\n", f.rule, f.culprit, f.at, f.text)).collect()
}

fn unexpected(run: &Finished) -> String {
    bletwin_explain::report::violations(run).unwrap_or_default()
}

const AIRS: [&[&str]; 8] = [
    &[],
    &["loss=1"],
    &["clock-ppm=50", "loss=5"],
    &["clock-ppm=-50", "loss=1", "phy-update=on-connect"],
    // Requests that were queued before the features were known.
    &["central.features=1", "param-update=100", "loss=3"],
    &["central.latency=4", "central.timeout-ms=4000", "loss=2"],
    &["clock-ppm=500", "sleep-clock-ppm=500", "central.clock-ppm=500", "central.latency=9"],
    &["clock-ppm=-500", "sleep-clock-ppm=500", "central.clock-ppm=500", "loss=8"],
];

/// Seeds of each combination; raised by the environment for long searches.
fn seeds() -> u64 {
    std::env::var("BLETWIN_ORACLE_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1)
}

/// LL-AGREE-1: both ends agree.
/// LL-AGREE-2: hosts are told the truth.
#[test]
fn nothing_is_found_against_honest_devices() {
    let mut cases = Vec::new();
    for scenario in STORIES {
        for peripheral in PRESETS {
            for central in ["phone", "honest"] {
                for (air, set) in (0..).zip(AIRS) {
                    let seeds = 1 + 1000 * air..1 + 1000 * air + seeds();
                    cases.extend(seeds.map(|seed| (scenario, peripheral, central, set, seed)));
                }
            }
        }
    }
    cases.into_par_iter().for_each(|(scenario, peripheral, central, set, seed)| {
        let run = play(scenario, peripheral, central, set, seed);
        assert_eq!(described(&run), "", "{scenario} {peripheral} {central} {set:?} {seed}");
    });
}

/// What is found against a named central is what its profile declares, and nothing is found
/// against the peripheral, whatever it meets.
#[test]
fn nothing_is_found_that_no_profile_declares() {
    let mut cases = Vec::new();
    for profile in Profile::all() {
        for scenario in STORIES {
            for peripheral in PRESETS {
                for (air, set) in (0..).zip(AIRS) {
                    let seeds = 1 + 1000 * air..1 + 1000 * air + seeds();
                    let name = profile.name.clone();
                    cases.extend(seeds.map(|seed| (scenario, peripheral, name.clone(), set, seed)));
                }
            }
        }
    }
    // Every third of what has eight airs in a row: no profile and no air is left out.
    let some: Vec<_> = cases.into_iter().step_by(crate::one_in(5)).collect();
    let wrong: Vec<String> = some
        .into_par_iter()
        .filter_map(|(scenario, peripheral, central, set, seed)| {
            let violations = unexpected(&play(scenario, peripheral, &central, set, seed));
            let run = format!("{scenario} {peripheral} {central} {set:?} {seed}:\n{violations}\n");
            (!violations.is_empty()).then_some(run)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// No declaration is stale, and none names a rule that there is not.
#[test]
fn every_declared_rule_is_broken_by_its_quirk() {
    let wrong: Vec<String> = profile::catalogue::quirks()
        .into_par_iter()
        .filter_map(|entry| {
            let quirk = entry.quirk.as_ref().expect("quirks have a table");
            let declared: BTreeSet<&str> =
                entry.profile.breaks.iter().map(String::as_str).collect();
            let known = declared.iter().all(|rule| Rule::judged(rule).is_some());
            let mut broken = BTreeSet::new();
            for seed in &quirk.seeds {
                let run = quirks::play(&entry, quirk, Trial::With, *seed).expect("known names");
                let central = run.central;
                broken.extend(run.judgement.all().filter(|f| f.culprit == central).map(|f| f.rule));
            }
            let name = &entry.profile.name;
            let text = format!("{name} declares {declared:?} and breaks {broken:?}\n");
            (!known || declared != broken).then_some(text)
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.concat());
}

/// A violation that the profile does not declare fails the run, and `play` with it.
#[test]
fn an_undeclared_violation_fails_the_run() {
    let mut setup = Setup::new("zephyr-2024", "windows-intel", 1).expect("known names");
    setup.central.breaks.retain(|rule| rule != "LL-LIVE-2");
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
    stage.run(|| false);
    let run = stage.finish();
    assert!(!run.passed());
    let unexpected: Vec<_> = run.judgement.unexpected.iter().map(|f| f.rule).collect();
    assert_eq!(unexpected, ["LL-LIVE-2"]);
    let finding = &run.summary.findings[0];
    assert_eq!((finding.rule, finding.culprit, finding.admitted), ("LL-LIVE-2", "central", false));
}

/// LL-INST-1: what only recommends is observed, is no finding and fails no run.
#[test]
fn a_recommendation_that_is_not_followed_fails_no_run() {
    let set = ["loss=20", "preferred=24,36,0,400"];
    let run = play("stay", "zephyr-2024", "close-instants", &set, 3);
    assert_eq!(described(&run), "");
    let seen = run.summary.observations.first().expect("an observation");
    assert_eq!((seen.rule, seen.by), ("LL-INST-1", "central"));
    let text = bletwin_explain::report::observations(&run).expect("an observation");
    assert!(text.contains("LL-INST-1 (instants lie ahead) by the central at "), "{text}");
    assert_eq!(bletwin_explain::report::violations(&run), None);
}

/// A cured central declares nothing: what it still broke would fail.
#[test]
fn a_cured_central_has_nothing_to_declare() {
    let mut setup = Setup::new("zephyr-2024", "windows-intel", 1).expect("known names");
    setup.set("central.phy-req=honest").expect("a known key");
    assert_eq!(setup.central.breaks, Vec::<String>::new());
    assert!(!setup.made_up);
}

/// Rules that no named central has: what they break is found, and nothing against the peripheral.
#[test]
fn made_up_quirks_are_found_too() {
    let cases = [
        ("central.phy-req=then-param-req@always", "LL-COLL-1"),
        ("central.phy-req=unknown@always", "LL-FEAT-2"),
        ("central.phy-req=reject:0x2a@always", "LL-REJ-1"),
        ("central.param-req=then-phy-req@always", "LL-COLL-1"),
        ("central.param-req=then-param-req@always", "LL-COLL-1"),
        ("central.length-req=block@always", "LL-LIVE-2"),
        ("central.feature-req=silent:4@always", "LL-LIVE-3"),
        ("central.param-req=no-switch@always", "LL-UPD-1"),
    ];
    for (set, rule) in cases {
        let set = ["central.phy-req=honest", set];
        let run = play("pairing", "zephyr-2024", "windows-intel", &set, 3);
        assert_eq!(unexpected(&run), "", "{set:?}");
        assert!(
            run.judgement.admitted.iter().any(|f| f.rule == rule),
            "{set:?}:\n{}",
            described(&run)
        );
    }
}
