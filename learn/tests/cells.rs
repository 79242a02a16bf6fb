//! A central is learned from captures with one firmware and meets another: what comes of it is
//! what comes of the real one, wherever its behaviour was in the captures.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use ble::time::Duration;
use bletwin_evidence::{Options, Source, read};
use bletwin_explain::captured::{Explained, explain};
use bletwin_explain::why::Why;
use bletwin_learn::{Seen, SeenRequest, Situation, contradictions, learn, not_seen};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::Record;
use bletwin_sim::report::degrade::{self, Faults};

/// How long the sniffer goes on when the scenario is over.
const AFTERWARDS: Duration = Duration::from_secs(7);
const PRESETS: [&str; 2] = ["recommended", "zephyr-2024"];

fn play(scenario: &str, preset: &str, central: &Profile, seed: u64) -> (Finished, Vec<Record>) {
    let mut setup = Setup::new(preset, "honest", seed).expect("both are there");
    setup.central = central.clone();
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("it is there"), &setup);
    stage.run(|| false);
    let mut world = stage.world.clone();
    let run = stage.finish();
    world.run_until(world.now() + AFTERWARDS);
    (run, world.records().to_vec())
}

fn captured(records: &[Record], faults: &Faults, seed: u64) -> Explained {
    let file = degrade::pcapng(records, "air", -100, faults, seed);
    let source = Source::of("air.pcapng", Cursor::new(file));
    let read = read(vec![source], Options::default(), &mut |_| ControlFlow::Continue(()));
    explain(&read.expect("a capture").view)
}

/// What three captures with this firmware show.
fn seen(scenario: &str, preset: &str, central: &Profile, faults: &str) -> Seen {
    let faults: Faults = faults.parse().expect("faults");
    let mut seen = Seen::default();
    for seed in 11..14 {
        let (_, records) = play(scenario, preset, central, seed);
        seen.add(&captured(&records, &faults, seed), None);
    }
    seen
}

/// What a central is asked in it, whether or not for the first time.
fn asked(seen: &Seen) -> BTreeSet<SeenRequest> {
    let plain = |request: &SeenRequest| SeenRequest {
        when: Situation { again: false, ..request.when },
        ..*request
    };
    seen.answers.keys().map(plain).collect()
}

/// How a run ended: outcome, reason, and what it turned on.
fn end(run: &Finished) -> (String, Option<u8>, Vec<String>) {
    let why = Why::of(run);
    let decisive = why.hypotheses.first().filter(|_| !run.expected);
    let places = decisive.map(|one| one.places.as_slice()).unwrap_or_default();
    let names = places.iter().filter_map(|at| why.account.pdu(*at)).map(|pdu| pdu.name());
    let summary = &run.summary;
    (summary.outcome.name().into(), summary.disconnect_reason, names.collect())
}

#[derive(Default)]
struct Score {
    cells: usize,
    in_evidence: usize,
    equal: usize,
}

impl Score {
    fn add(&mut self, scenario: &str, central: &Profile, faults: &str) {
        for [from, to] in [PRESETS, [PRESETS[1], PRESETS[0]]] {
            let seen = seen(scenario, from, central, faults);
            let learned = learn(&seen);
            let twin = learned.profile("twin").expect("a profile that can be");
            let (truth, records) = play(scenario, to, central, 1);
            let mut other = Seen::default();
            other.add(&captured(&records, &Faults::default(), 1), None);
            self.cells += 1;
            let missing: Vec<SeenRequest> =
                asked(&other).difference(&asked(&seen)).copied().collect();
            let words = other.words.keys().filter(|key| !seen.words.contains_key(*key));
            let words: Vec<&str> = words.copied().collect();
            let equal = end(&truth) == end(&play(scenario, to, &twin, 1).0);
            if !missing.is_empty() || !words.is_empty() {
                let told = not_seen(&seen);
                assert!(!told.is_empty(), "{}: {missing:?} {words:?}", central.name);
                continue;
            }
            self.in_evidence += 1;
            self.equal += usize::from(equal);
            if !equal {
                println!(
                    "{scenario} of {} {from} to {to}, {faults}: {:?}, learned as {:?}\n{}",
                    central.name,
                    end(&truth),
                    end(&play(scenario, to, &twin, 1).0),
                    learned.toml("a twin")
                );
            }
        }
    }
}

/// Every built-in central, and each with other parameters and another name; in the usual test a
/// part of them.
fn centrals() -> Vec<Profile> {
    let mut all = Profile::all();
    for (number, mut profile) in Profile::all().into_iter().enumerate() {
        profile.name = format!("central {number}");
        for (key, value) in [
            ("interval-us", "37500"),
            ("timeout-ms", "3000"),
            ("company", "1234"),
            ("instant-events", "11"),
            ("mtu", "185"),
        ] {
            profile.set(key, value).expect("a key");
        }
        if profile.check().is_ok() {
            all.push(profile);
        }
    }
    let few = std::env::var_os("BLETWIN_ALL_NUMBERS").is_none();
    all.into_iter().step_by(if few { 5 } else { 1 }).collect()
}

/// What a central was captured doing contradicts nothing that it is.
#[test]
fn nobody_contradicts_himself() {
    for central in centrals() {
        for preset in PRESETS {
            let seen = seen("pairing", preset, &central, "");
            let wrong = contradictions(&central, &seen);
            assert!(wrong.is_empty(), "{} {preset}: {wrong:#?}\n{seen:#?}", central.name);
        }
    }
}

/// What is played, all of it with `BLETWIN_LEARN=all`: what a person does with a new device, what
/// comes back to it, and what is lost meanwhile.
const SCENARIOS: [&str; 6] =
    ["pairing", "stay", "reconnect", "forgotten", "bond-lost", "wrong-passkey"];

#[test]
fn a_learned_central_is_its_twin_elsewhere() {
    let few = std::env::var_os("BLETWIN_LEARN").is_none();
    for (faults, wanted) in [("", 95), ("loss=5", 85)] {
        for scenario in SCENARIOS.into_iter().take(if few { 1 } else { SCENARIOS.len() }) {
            let mut score = Score::default();
            centrals().iter().for_each(|central| score.add(scenario, central, faults));
            let Score { cells, in_evidence, equal } = score;
            println!("{scenario} {faults}: {cells} cells, {in_evidence} seen, {equal} equal");
            assert!(equal * 100 >= in_evidence * wanted, "{scenario}: {equal} of {in_evidence}");
            assert!(in_evidence * 3 >= cells, "{scenario}: {in_evidence} of {cells}");
        }
    }
}
