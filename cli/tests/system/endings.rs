//! When a run is over and what counts as good: whatever firmware and central have armed has
//! happened and been survived, or the run says what was not over.

use ble::hci::Event;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Duration;
use bletwin::quirks;
use bletwin_diagnose::bench::{Bench, Trial, Watcher};
use bletwin_explain::report;
use bletwin_models::profile::{Profile, catalogue as centrals};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::{PRESETS, Setup};
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::report::ladder::substantial;
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use rayon::prelude::*;

fn stage(scenario: &str, setup: &Setup) -> Stage {
    Stage::new(catalogue::by_name(scenario).expect("known"), setup)
}

fn setup(peripheral: &str, central: &str, set: &[&str]) -> Setup {
    let mut setup = Setup::new(peripheral, central, 1).expect("known names");
    set.iter().for_each(|assignment| setup.set(assignment).expect("a known key"));
    setup
}

fn pairing(setup: &Setup) -> Finished {
    let mut stage = stage("pairing", setup);
    stage.run(|| false);
    stage.finish()
}

/// Firmware that does not know a refusal in the short form waits 40 s for another one and
/// disconnects, long after it has bonded.
#[test]
fn a_link_that_dies_after_bonding_is_not_called_bonded() {
    let run = pairing(&setup("zephyr-2024", "short-reject-for-phy", &["refusals=extended-only"]));
    assert_eq!(run.summary.outcome, Verdict::BondedThenLost);
    assert_eq!(run.summary.disconnect_reason, Some(34));
    assert!(!run.passed());
    let why = report::failure(&run).expect("it has failed");
    assert!(why.starts_with("Expected bonded, found bonded-then-lost: bonded, but the link died"));
    let run = pairing(&setup("recommended", "phy-request-after-param-request", &[]));
    assert_eq!(run.summary.outcome, Verdict::BondedThenLost);
    assert_eq!(run.summary.disconnect_reason, Some(42));
}

/// A user, or a step, that disconnects loses nothing.
#[test]
fn a_disconnection_when_done_is_no_loss() {
    let mut setup = setup("recommended", "phone", &[]);
    setup.set("central.steps=mtu,discover,write:led:01,stay:200,disconnect").expect("known");
    let run = pairing(&setup);
    assert_eq!(run.summary.outcome, Verdict::Bonded);
    assert_eq!(run.summary.disconnect_reason, Some(19));
    assert!(run.passed(), "{:?}", report::failure(&run));
}

/// `zephyr-2024` gets the supervision timeout of 420 ms that it asks for after five seconds,
/// `recommended` its 6 s. So long after the last word the run is over: an idle link costs no more.
#[test]
fn what_is_armed_is_awaited_and_survived_and_no_more() {
    for (peripheral, timeout_ms) in [("zephyr-2024", 420), ("recommended", 6_000)] {
        let run = pairing(&setup(peripheral, "phone", &[]));
        assert!(run.passed() && run.busy.is_empty());
        let updated = |record: &Record| {
            let note = &record.kind;
            matches!(
                note,
                RecordKind::Note(Note::HciEvent(Event::LeConnectionUpdateComplete { .. }))
            )
        };
        assert!(run.records.iter().any(updated), "{peripheral}: parameters were asked for");
        let items = sniff(&run.records);
        let last = items.iter().rev().find(|item| substantial(item)).expect("they have talked");
        let end_us = (run.summary.sim_seconds * 1e6) as u64;
        let after_ms = (end_us - last.at.as_us()) / 1_000;
        // From there to the instant of what was announced: a few events of 50 ms at most.
        let range = timeout_ms..timeout_ms + 500;
        assert!(range.contains(&after_ms), "{peripheral}: {after_ms} ms");
    }
}

/// A central that has something in store for minutes: the run says so, and passes only where its
/// profile declares it.
#[test]
fn what_is_under_way_when_time_is_up_is_reported_and_has_to_be_declared() {
    let mut setup = setup("recommended", "phone", &["central.own-procedures=version@60000"]);
    let run = pairing(&setup);
    assert_eq!(run.summary.outcome, Verdict::Bonded);
    let busy: Vec<(&str, &str)> = run.busy.iter().map(|b| (b.who.as_str(), b.kind)).collect();
    assert_eq!(busy, [("central", "deferred-procedure")]);
    assert!(run.expected && !run.passed());
    let why = report::failure(&run).expect("it has not passed");
    assert!(why.contains("central: Version Exchange, deferred"), "{why}");
    assert!(report::verdict_line(&run).contains("(as expected, but it is not over)"));
    assert!((90.0..110.0).contains(&run.summary.sim_seconds), "{}", run.summary.sim_seconds);

    setup.central.busy = vec!["deferred-procedure".into()];
    let run = pairing(&setup);
    assert!(run.passed() && run.busy.iter().all(|busy| busy.declared));
    setup.central.busy = vec!["own-procedure".into()];
    assert!(!pairing(&setup).passed());
}

/// What goes over the air on an idle link: nothing, or a sign of life that recurs.
fn recurs(item: &AirItem) -> bool {
    match &item.decoded {
        Decoded::Control(ControlPdu::UnknownRsp(to)) => *to == Opcode::PING_REQ,
        Decoded::Control(pdu) => matches!(pdu.opcode(), Opcode::PING_REQ | Opcode::PING_RSP),
        Decoded::Empty => true,
        _ => item.connection.is_none(),
    }
}

/// Conversely, activities that the devices fail to report would show after the end. Only recurring
/// ones may come then.
#[test]
fn nothing_comes_after_the_end_of_a_run() {
    const LONGER: Duration = Duration::from_secs(50);
    let quirks = centrals::quirks().into_iter().chain(centrals::centrals());
    let entries: Vec<_> =
        quirks.flat_map(|entry| PRESETS.map(|preset| (entry.clone(), preset))).collect();
    let late: Vec<String> = entries
        .par_iter()
        .filter_map(|(entry, preset)| {
            let name = entry.profile.name.clone();
            let mut setup = Setup::new(preset, "honest", 1).expect("known names");
            setup.central = entry.profile.clone();
            let set = entry.quirk.as_ref().map_or(&[][..], |quirk| &quirk.set);
            set.iter().for_each(|assignment| setup.set(assignment).expect("a known key"));
            let mut stage = stage("pairing", &setup);
            stage.run(|| false);
            let run = stage.clone().finish();
            // A link that has ended, or a dead one, is another matter, and so is a lossy air.
            if run.ending.is_some() || !run.busy.is_empty() || setup.air.loss_ppm > 0 {
                return None;
            }
            let before = stage.world.records().len();
            let until = stage.world.now() + LONGER;
            stage.world.run_until(until);
            let records = stage.world.records();
            let first = records.get(before)?.id;
            let items = sniff(records);
            let late = items.iter().find(|item| item.record >= first && !recurs(item))?;
            Some(format!("{preset} with {name}: {:?} at {:?}", late.decoded, late.at))
        })
        .collect();
    assert!(late.is_empty(), "{late:#?}");
}

/// `diagnose` plays the same runs as `run` and calls the same ones good.
#[test]
fn diagnose_and_run_agree() {
    let entries: Vec<_> = centrals::quirks().into_iter().filter(|e| e.quirk.is_some()).collect();
    let differ: Vec<String> = entries
        .par_iter()
        .filter_map(|entry| {
            let quirk = entry.quirk.as_ref()?;
            let seed = *quirk.seeds.first()?;
            let setup = quirks::setup(entry, quirk, quirks::Trial::With, seed).expect("valid");
            let scenario = catalogue::by_name(&quirk.scenario).expect("known");
            let mut stage = Stage::new(scenario, &setup);
            stage.run(|| false);
            let run = stage.finish();
            let bench = Bench::of(scenario, &setup, Watcher::NONE).expect("has an honest one");
            let outcome =
                bench.outcome(&Trial::new(&setup.peripheral, seed)).expect("nobody stops");
            let same = outcome.verdict == run.summary.outcome
                && outcome.good == (run.expected && run.is_at_rest());
            (!same).then(|| format!("{}: {outcome:?}, {:?}", entry.profile.name, run.summary))
        })
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Words that a profile may declare are checked, with the right ones in the error.
#[test]
fn a_word_for_what_may_be_busy_has_to_be_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let load = |text: &str| {
        let file = folder.path().join("central.toml");
        std::fs::write(&file, format!("version = 1\nextends = \"phone\"\n{text}\n"))
            .expect("written");
        Setup::new("recommended", file.to_str().expect("UTF-8"), 1)
    };
    let setup = load("busy = [\"deferred-procedure\"]").expect("a known word");
    assert_eq!(setup.central.busy, ["deferred-procedure"]);
    let error = load("busy = [\"deferred-procedur\"]").expect_err("an unknown word");
    assert!(error.help.contains("deferred-procedure"), "{error}");
    assert_eq!(Profile::honest().busy, Vec::<String>::new());
}

/// The snippet of the README with a central whose link dies some time after it has bonded.
#[test]
#[should_panic(expected = "left: BondedThenLost")]
fn the_snippet_of_the_readme_is_red_for_a_link_that_dies() {
    let setup = setup("recommended", "phy-request-after-param-request", &[]);
    let run = Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play();
    assert_eq!(run.summary.outcome, Verdict::Bonded);
}

#[test]
fn the_readme_has_that_snippet() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).expect("is there");
    for line in [
        "let run = Stage::new(catalogue::by_name(\"pairing\")?, &setup).play();",
        "assert_eq!(run.summary.outcome, Verdict::Bonded);",
        "assert!(run.passed(), \"{}\", report::failure(&run).unwrap_or_default());",
    ] {
        assert!(readme.contains(line), "{line}");
    }
}

/// A host that takes longer to get to work than an event lasts still gets to it: what the link
/// layer does meanwhile does not put it off.
#[test]
fn a_slow_host_answers_although_each_event_brings_work() {
    let mut setup = Setup::new("zephyr-2024", "honest", 1).expect("known names");
    setup.set("host-latency=39").expect("a known key");
    let scenario = catalogue::by_name("reconnect").expect("known");
    let run = Stage::new(scenario, &setup).play();
    assert!(run.passed(), "{}", report::verdict_line(&run));
}
