//! Encryption that fails, in the logs of both hosts: each says what it can know.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::time::{Duration, Instant};
use bletwin_evidence::{Options, Source, read};
use bletwin_explain::captured::logs::{Logged, LoggedCause};
use bletwin_explain::captured::{CapturedLink, Explained, explain};
use bletwin_explain::why::{Cause, Confidence};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::NodeId;
use bletwin_sim::report::btsnoop::btsnoop;
use bletwin_sim::report::degrade;

/// What the logs of central and peripheral tell of a run.
fn logs(scenario: &str, central: &str) -> [Vec<Logged>; 2] {
    let setup = Setup::new("recommended", central, 1).expect("known names");
    let run = Stage::new(catalogue::by_name(scenario).expect("known"), &setup).play();
    [run.central, run.peripheral].map(|node| {
        let file = Source::of("log", Cursor::new(btsnoop(&run.records, node)));
        let all = read(vec![file], Options::default(), &mut |_| ControlFlow::Continue(()));
        explain(&all.expect("a log").view).logs
    })
}

/// What is told of the connections on air, without the hosts' logs and with both.
fn with_air(scenario: &str, central: &str) -> [Explained; 2] {
    let setup = Setup::new("zephyr-2024", central, 1).expect("known names");
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    stage.run_until(Instant::MAX);
    let over = stage.world.now();
    stage.world.run_until(over + Duration::from_secs(7));
    let records = stage.world.records();
    let faults = "".parse().expect("no faults");
    let air = || Source::of("air", Cursor::new(degrade::pcapng(records, "air", -100, &faults, 1)));
    let log = |node| Source::of("log", Cursor::new(btsnoop(records, NodeId(node))));
    [vec![air()], vec![air(), log(0), log(1)]].map(|files| {
        let all = read(files, Options::default(), &mut |_| ControlFlow::Continue(()));
        explain(&all.expect("a session").view)
    })
}

/// Who gives a log is not asked for it again.
#[test]
fn a_log_that_is_there_would_not_decide() {
    let mut asked = 0;
    for scenario in catalogue::all() {
        for central in ["windows-intel", "phone"] {
            let [air, all] = with_air(scenario.name, central).map(|told| {
                let further = told.links.iter().filter_map(CapturedLink::would_decide);
                further.filter(|further| further.starts_with("a log of")).collect::<Vec<_>>()
            });
            asked += air.len();
            assert!(all.is_empty(), "{}: {all:?}", scenario.name);
        }
    }
    assert!(asked > 0);
}

/// On air keys that differ are likely; with the logs of both hosts, which have them, it is shown.
#[test]
fn both_logs_show_that_keys_differ() {
    let told = with_air("dual-boot", "phone").map(|told| {
        let last = told.links.last().expect("it is there");
        let first = last.why.hypotheses.first().expect("something is told");
        (first.cause, first.confidence, last.would_decide().is_some())
    });
    let keys = |confidence, open| (Cause::KeysDiffer, confidence, open);
    assert_eq!(told, [keys(Confidence::Likely, true), keys(Confidence::Shown, false)]);
}

fn last(logs: &[Logged]) -> (Confidence, &str) {
    let told = logs.iter().rev().find_map(|one| one.cause.as_ref());
    let LoggedCause { confidence, text, .. } = told.unwrap_or_else(|| panic!("{logs:?}"));
    (*confidence, text)
}

/// The peripheral has lost its bond (HCI 0x06): the central's log has the status, and that of the
/// peripheral its host's answer.
#[test]
fn a_key_that_is_missing_is_told_by_both_logs() {
    let [central, peripheral] = logs("bond-lost", "phone");
    let (sure, text) = last(&central);
    assert!(sure == Confidence::Shown && text.starts_with("the peer has no key"), "{text}");
    let (sure, text) = last(&peripheral);
    assert!(sure == Confidence::Shown && text.contains("this host was asked"), "{text}");
    let wrong = peripheral.iter().rev().find(|one| one.cause.is_some()).expect("it is there");
    assert!(wrong.is_wrong() && wrong.words("A").contains("Shown: this host was asked"));
}

/// Two systems with one address have two keys (HCI 0x3D at the peripheral): that keys differ is as
/// good as a log can tell.
#[test]
fn keys_that_differ_are_likely() {
    let [_, peripheral] = logs("dual-boot", "phone");
    let (sure, text) = last(&peripheral);
    assert!(sure == Confidence::Likely && text.contains("keys of the two ends differ"), "{text}");
}

/// Whoever comes back with a key that fits, or pairs anew, has no cause of a failure.
#[test]
fn what_went_well_has_no_cause() {
    for scenario in ["pairing", "reconnect", "forgotten"] {
        for logs in logs(scenario, "phone") {
            assert!(!logs.is_empty(), "{scenario}");
            for one in logs {
                assert!(one.cause.is_none() && !one.is_wrong(), "{scenario}: {one:?}");
            }
        }
    }
}
