//! What people have reported of centrals, as runs: each is expressed in keys, and shows what was
//! seen.

mod accused;
mod centrals;
mod habits;
mod peripherals;
mod several;
mod unbonded;
mod updated;

use bletwin_explain::report;
use bletwin_explain::why::{Cause, Why};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;

fn play(scenario: &str, central: &str, set: &[&str]) -> Finished {
    played(scenario, Setup::new("zephyr-2024", central, 1).expect("known names"), set)
}

fn played(scenario: &str, mut setup: Setup, set: &[&str]) -> Finished {
    set.iter().for_each(|assignment| setup.set(assignment).expect("a known key"));
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

/// Whether these are on air, in this order.
fn shows(run: &Finished, wanted: &[&str]) -> bool {
    let ladder = report::ladder(run);
    let mut lines = ladder.lines();
    wanted.iter().all(|wanted| lines.any(|line| line.contains(wanted)))
}

/// Android 16 on a Pixel 10 pairs without Secure Connections where an application asks for it; a
/// peripheral that wants nothing else refuses
/// (<https://github.com/nordicsemi/Android-BLE-Library/issues/642>).
#[test]
fn a_central_without_secure_connections_is_refused() {
    let run = play("pairing", "android-16", &["central.secure-connections=false"]);
    assert!(shows(&run, &["SMP Pairing Request", "SMP Pairing Failed reason 0x03"]));
    let why = Why::of(&run);
    assert_eq!(why.hypotheses.first().map(|first| first.cause), Some(Cause::PairingFailed));
    assert_eq!(run.summary.security_err, Some(4), "Authentication Requirements");
    assert!(play("pairing", "android-16", &[]).passed());
}

const BY_L2CAP: [&str; 2] = ["features-left-out=param-request", "preferred=80,160,0,400"];

/// Linux rejects a request whose longest interval is above the one that it is configured to
/// (<https://github.com/bluez/bluez/issues/847>).
#[test]
fn a_request_for_a_longer_interval_is_rejected() {
    let asked = ["Connection Parameter Update Request", "Connection Parameter Update Response"];
    let granted = ["Connection Parameter Update Request", "LL_CONNECTION_UPDATE_IND interval 160"];
    let at_most = |us: &'static str| {
        let rule = format!("central.parameter-rules=at-most:{us}");
        play("stay", "bluez", &[&BY_L2CAP[..], &[&rule]].concat())
    };
    let (short, long) = (at_most("50000"), at_most("200000"));
    assert!(shows(&short, &asked) && !shows(&short, &granted) && short.passed());
    assert!(shows(&long, &granted) && long.passed());
}

/// An iPhone accepts the request by L2CAP and changes nothing (openradar 21400278).
#[test]
fn a_request_is_accepted_and_nothing_follows() {
    let set = [&BY_L2CAP[..], &["central.parameter-rules=accept-only"]].concat();
    let run = play("stay", "ios", &set);
    let asked = ["Connection Parameter Update Request", "Connection Parameter Update Response"];
    assert!(shows(&run, &asked));
    assert!(!shows(&run, &[&asked[..], &["LL_CONNECTION_UPDATE_IND"]].concat()));
    assert!(run.passed(), "{}", report::verdict_line(&run));
}

/// The central goes out of reach: reason 8 when the supervision timeout has passed since its last
/// packet, whatever the latency is (DevZone 122345).
#[test]
fn out_of_reach_is_a_supervision_timeout_later() {
    let set = ["out-of-reach=30000", "param-update=never", "central.latency=0"];
    let run = play("stay", "phone", &set);
    let (at, reason) = run.ending.expect("the link is lost");
    assert_eq!((reason.0, run.expected), (8, false));
    let timeout = 5_000_000;
    assert!((29_900_000..=30_000_000).contains(&(at.as_us() - timeout)), "{} µs", at.as_us());
    let why = Why::of(&run);
    let first = why.hypotheses.first().expect("a cause");
    assert_eq!(first.cause, Cause::Loss, "{}", first.text);
    assert!(first.text.contains("166 packets of the central in a row"), "{}", first.text);
}

/// A person who is away, who cancels, who types something else.
#[test]
fn actions_of_the_person_are_distinguished() {
    let why = |set: &[&str]| {
        let run = play("pairing", "phone", set);
        assert!(!run.expected, "{}", report::verdict_line(&run));
        let why = Why::of(&run);
        let first = why.hypotheses.first().expect("a cause");
        (first.cause, first.text.clone())
    };
    assert_eq!(why(&["person=absent"]).0, Cause::PersonIdle);
    assert_eq!(why(&["reaction=40000"]).0, Cause::PersonIdle);
    let (cause, text) = why(&["person=cancels"]);
    assert!(cause == Cause::PairingFailed && text.contains("0x01"), "{text}");
    let (cause, text) = why(&["person=wrong"]);
    assert!(cause == Cause::PairingFailed && text.contains("0x04"), "{text}");
}

/// An iPhone 11 sends two LL Control PDUs of an unknown opcode in a row; each is answered, and the
/// link stays (Apple developer forums, message 393236; a SoftDevice left with 0x2A).
#[test]
fn two_unknown_opcodes_in_a_row_are_answered() {
    let run = play("stay", "ios", &["central.press=raw:ff@60,raw:ff@61"]);
    let (sent, answer) = ("LL_(undefined) opcode 0xFF", "LL_UNKNOWN_RSP opcode 0xFF");
    let printed = report::ladder(&run);
    assert!(shows(&run, &[sent, sent, answer, answer]), "{printed}");
    assert!(run.expected, "{}", report::verdict_line(&run));
}
