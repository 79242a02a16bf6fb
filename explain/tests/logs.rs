//! Encryption that fails, in the logs of both hosts: each says what it can know.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::error::ErrorCode;
use ble::hci::{Command, Event};
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
use bletwin_sniffer::{Hci, Said, View};

/// What the logs of central and peripheral tell of a run.
fn logs(scenario: &str, central: &str) -> [Vec<Logged>; 2] {
    views(scenario, central, &[]).map(|view| explain(&view).logs)
}

/// What is in the logs of central and peripheral, with these keys set.
fn views(scenario: &str, central: &str, keys: &[&str]) -> [View; 2] {
    let mut setup = Setup::new("recommended", central, 1).expect("known names");
    keys.iter().for_each(|key| setup.set(key).expect("a known key"));
    let run = Stage::new(catalogue::by_name(scenario).expect("known"), &setup).unjudged().play();
    [run.central, run.peripheral].map(|node| {
        let file = Source::of("log", Cursor::new(btsnoop(&run.records, node)));
        let all = read(vec![file], Options::default(), &mut |_| ControlFlow::Continue(()));
        all.expect("a log").view
    })
}

/// What a log tells in which other things were said since encryption came about for the last time.
fn otherwise(mut view: View, say: impl Fn(&mut Hci)) -> Vec<Logged> {
    let hci = view.hci.as_mut().expect("it is a log");
    let on = |one: &Hci| {
        matches!(one.said, Said::Event(Event::EncryptionChange { status: ErrorCode::SUCCESS, .. }))
    };
    let from = hci.iter().rposition(on).expect("it was encrypted");
    hci.iter_mut().skip(from).for_each(say);
    explain(&view).logs
}

/// Another status of encryption.
fn refused(status: u8) -> impl Fn(&mut Hci) {
    move |one| {
        if let Said::Event(Event::EncryptionChange { status: of, .. }) = &mut one.said {
            *of = ErrorCode(status);
        }
    }
}

/// Another reason of the end.
fn ended(reason: u8) -> impl Fn(&mut Hci) {
    move |one| match &mut one.said {
        Said::Event(Event::DisconnectionComplete { reason: of, .. }) => *of = ErrorCode(reason),
        // Whoever is told of that has not asked for it.
        Said::Command(Command::Disconnect { .. }) => one.said = Said::Octets(Vec::new()),
        _ => {}
    }
}

/// The log lacks what came of encryption, and the link ended so much later.
fn filtered(one: &mut Hci, later: Duration) {
    match one.said {
        Said::Event(Event::EncryptionChange { .. }) => one.said = Said::Octets(Vec::new()),
        Said::Event(Event::DisconnectionComplete { .. }) => one.at += later,
        _ => {}
    }
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

/// A peer that does not encrypt (0x1A) says so: it is shown, and no key is missing anywhere.
#[test]
fn a_peer_that_does_not_encrypt_misses_no_key() {
    for view in views("reconnect", "phone", &[]) {
        let told = otherwise(view, refused(0x1A));
        let (sure, text) = last(&told);
        assert!(sure == Confidence::Shown && text.contains("does not encrypt"), "{text}");
        assert!(!text.contains("key") && !text.contains("bond"), "{text}");
    }
}

/// 40 s without an answer (0x22) are told of a start of encryption that came to nothing; which end
/// did not answer the reason does not say. Of an encrypted link they tell nothing of encryption.
#[test]
fn an_answer_that_never_came_is_put_down_to_neither_end() {
    let [central, peripheral] =
        views("pairing", "honest", &["never-answers=encryption"]).map(|view| explain(&view).logs);
    let (sure, text) = last(&central);
    assert!(sure == Confidence::Likely && text.contains("unanswered for 40 s"), "{text}");
    assert!(text.contains("By which end") && !text.contains("peer"), "{text}");
    let further = central.iter().rev().find_map(Logged::would_decide);
    assert_eq!(further, Some("a capture of the air"));
    // Nobody has asked its host for a key.
    assert!(peripheral.iter().all(|one| one.cause.is_none()), "{peripheral:?}");
    for view in views("reconnect", "phone", &[]) {
        let told = otherwise(view, ended(0x22));
        let one = told.last().expect("it is there");
        assert!(one.is_wrong() && one.cause.is_none(), "{one:?}");
        assert_eq!(one.would_decide(), Some("a capture of the air"));
    }
}

/// A packet that does not decrypt (0x3D) when encryption runs shows that the keys did fit.
#[test]
fn a_mic_that_fails_later_is_not_put_down_to_keys_that_differ() {
    for view in views("reconnect", "phone", &[]) {
        let told = otherwise(view, ended(0x3D));
        let (sure, text) = last(&told);
        assert!(sure == Confidence::Shown && text.starts_with("encryption ran"), "{text}");
        assert!(!text.contains("differ") && !text.contains("bond"), "{text}");
        assert_eq!(told.last().and_then(Logged::would_decide), Some("a capture of the air"));
    }
}

/// A link that is lost (0x08) was lost on air, and not for encryption that runs.
#[test]
fn a_link_that_is_lost_is_not_put_down_to_encryption() {
    for view in views("reconnect", "phone", &[]) {
        let told = otherwise(view, ended(0x08));
        let one = told.last().expect("it is there");
        assert!(one.is_wrong() && one.cause.is_none(), "{one:?}");
        assert_eq!(one.would_decide(), Some("a capture of the air"));
    }
    // While encryption was to start it may have to do with that, and no log says what. A log that
    // lacks what came of it tells nothing.
    for (reason, wanted) in [(0x08, "the link was lost"), (0x22, "unanswered for 40 s")] {
        for (later, told_of) in [(5, true), (60, false)] {
            for view in views("reconnect", "phone", &[]) {
                let told = otherwise(view, |one| {
                    ended(reason)(one);
                    filtered(one, Duration::from_secs(later));
                });
                let one = told.last().expect("it is there");
                let text = one.cause.as_ref().map(|cause| (cause.confidence, cause.text.as_str()));
                let so = text.is_some_and(|(sure, text)| {
                    sure == Confidence::Likely && text.contains(wanted) && !text.contains(" key")
                });
                assert_eq!((so, text.is_some()), (told_of, told_of), "{one:?}");
            }
        }
    }
}
