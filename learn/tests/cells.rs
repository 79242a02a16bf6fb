//! A central is learned from captures with one firmware and meets another: what comes of it is
//! what comes of the real one, wherever its behaviour was in the captures.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use ble::hci::Command;
use ble::time::Duration;
use bletwin_evidence::{Keys, Options, Source, read};
use bletwin_explain::captured::{Explained, explain};
use bletwin_explain::why::Why;
use bletwin_learn::{Seen, SeenRequest, Situation, contradictions, learn, not_seen};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, Record, RecordKind};
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

fn captured(records: &[Record], faults: &Faults, seed: u64, keys: Keys) -> Explained {
    let file = degrade::pcapng(records, "air", -100, faults, seed);
    let source = Source::of("air.pcapng", Cursor::new(file));
    let options = Options { keys, ..Options::default() };
    let read = read(vec![source], options, &mut |_| ControlFlow::Continue(()));
    explain(&read.expect("a capture").view)
}

/// The keys of its links.
fn keys(records: &[Record]) -> Keys {
    let mut keys = Keys::default();
    for record in records {
        if let RecordKind::Note(Note::HciCommand(Command::LeEnableEncryption { ltk, .. })) =
            &record.kind
        {
            keys.give(ltk.clone());
        }
    }
    keys
}

/// What three captures with this firmware show; `keyed`: with the keys of their links.
fn seen(scenario: &str, preset: &str, central: &Profile, faults: &str, keyed: bool) -> Seen {
    let faults: Faults = faults.parse().expect("faults");
    let mut seen = Seen::default();
    for seed in 11..14 {
        let (_, records) = play(scenario, preset, central, seed);
        let keys = if keyed { keys(&records) } else { Keys::default() };
        seen.add(&captured(&records, &faults, seed, keys), None);
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

/// The profile tells what of the behaviour elsewhere it has not seen.
fn says_so(seen: &Seen, missing: &[SeenRequest], words: &[&str]) {
    let told = not_seen(seen);
    for request in missing {
        let of_it = |one: &String| one.split(' ').next() == Some(request.key());
        let one = told.iter().find(|one| of_it(one));
        let when = request.when.words();
        let whole = one.is_some_and(|one| one == request.key() || one.contains(when));
        assert!(whole, "{request:?}: {told:?}");
    }
    for word in words {
        let key = if word.starts_with("parameters-") { "parameter-rules" } else { word };
        assert!(told.iter().any(|one| one == key), "{key}: {told:?}");
    }
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
            let seen = seen(scenario, from, central, faults, false);
            let learned = learn(&seen);
            let twin = learned.profile("twin").expect("a profile that can be");
            let (truth, records) = play(scenario, to, central, 1);
            let mut other = Seen::default();
            other.add(&captured(&records, &Faults::default(), 1, Keys::default()), None);
            self.cells += 1;
            let missing: Vec<SeenRequest> =
                asked(&other).difference(&asked(&seen)).copied().collect();
            let words = other.words.keys().filter(|key| !seen.words.contains_key(*key));
            let words: Vec<&str> = words.copied().collect();
            let equal = end(&truth) == end(&play(scenario, to, &twin, 1).0);
            if !missing.is_empty() || !words.is_empty() {
                says_so(&seen, &missing, &words);
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

/// Every built-in central, and each with other parameters and another name.
fn everybody() -> Vec<Profile> {
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
    all
}

/// In the usual test a part of them.
fn centrals() -> Vec<Profile> {
    let few = std::env::var_os("BLETWIN_ALL_NUMBERS").is_none();
    everybody().into_iter().step_by(if few { 5 } else { 1 }).collect()
}

/// What a central was captured doing contradicts nothing that it is.
#[test]
fn nobody_contradicts_himself() {
    for central in centrals() {
        for preset in PRESETS {
            let seen = seen("pairing", preset, &central, "", false);
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
            println!(
                "{scenario} {faults}: {cells} cells, {in_evidence} in evidence, {equal} of them \
                 equal: {} % of {wanted} %",
                equal * 100 / in_evidence.max(1)
            );
            assert!(equal * 100 >= in_evidence * wanted, "{scenario}: {equal} of {in_evidence}");
            assert!(in_evidence * 3 >= cells, "{scenario}: {in_evidence} of {cells}");
        }
    }
}

/// What went wrong in captures goes wrong with what was learned of them, whether or not all of it
/// was in evidence: three captures with other seeds and the keys of their links,
/// scored with the firmware that they show.
#[test]
fn a_learned_central_fails_as_it_did() {
    let few = std::env::var_os("BLETWIN_LEARN").is_none();
    let all = everybody();
    for (faults, wanted) in [("", 95), ("loss=2", 90), ("loss=5", 85)] {
        let (mut failures, mut equal) = (0, 0);
        for scenario in SCENARIOS.into_iter().take(if few { 1 } else { SCENARIOS.len() }) {
            let met = |preset| all.iter().map(move |central| (preset, central));
            for (preset, central) in PRESETS.into_iter().flat_map(met) {
                let (truth, _) = play(scenario, preset, central, 1);
                if truth.expected {
                    continue;
                }
                failures += 1;
                let learned = learn(&seen(scenario, preset, central, faults, true));
                let twin = learned.profile("twin").expect("a profile that can be");
                let told = end(&play(scenario, preset, &twin, 1).0);
                equal += usize::from(end(&truth) == told);
                if end(&truth) != told {
                    println!(
                        "{scenario} of {} {preset}, {faults}: {:?}, learned as {told:?}\n{}",
                        central.name,
                        end(&truth),
                        learned.toml("a twin")
                    );
                }
            }
        }
        println!("{faults}: {failures} failures, {equal} of them equal: of {wanted} %");
        assert!(
            failures > 0 && equal * 100 >= failures * wanted,
            "{faults}: {equal} of {failures}"
        );
    }
}
