//! What the oracle says about whole runs.

use std::collections::BTreeSet;

use bletwin_scenarios::catalogue;
use bletwin_scenarios::setup::{PRESETS, Setup};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_sim::oracle::Finding;

fn play(scenario: &str, peripheral: &str, central: &str, set: &[&str], seed: u64) -> Finished {
    let mut setup = Setup::new(peripheral, central, seed).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    Stage::new(catalogue::by_name(scenario).expect("known"), &setup).play()
}

fn told(findings: &[Finding]) -> String {
    let line = |f: &Finding| format!("{} {:?} {:?} {}\n", f.rule, f.culprit, f.at, f.text);
    findings.iter().map(line).collect()
}

const AIRS: [&[&str]; 5] = [
    &[],
    &["loss=1"],
    &["clock-ppm=50", "loss=5"],
    &["clock-ppm=-50", "loss=1", "phy-update=on-connect"],
    // Requests that were queued before the features were known.
    &["central.features=1", "param-update=100", "loss=3"],
];

#[test]
fn nothing_is_found_against_honest_devices() {
    for scenario in ["pairing", "reconnect", "wrong-passkey"] {
        for peripheral in PRESETS {
            for central in ["phone", "honest"] {
                for (seed, set) in (1..=8).zip(AIRS.into_iter().cycle()) {
                    let run = play(scenario, peripheral, central, set, seed);
                    let told = told(&run.findings());
                    assert_eq!(told, "", "{scenario} {peripheral} {central} {set:?} {seed}");
                }
            }
        }
    }
}

#[test]
fn quirks_are_found_and_the_central_named() {
    let cases: [(&str, &[&str]); 4] = [
        ("windows-intel", &["LL-END-1", "LL-LIVE-2"]),
        ("windows-intel-m1", &["LL-LIVE-3"]),
        ("windows-intel-m3", &["LL-AGREE-1", "LL-PHY-1"]),
        ("windows-intel-restart", &["LL-COLL-1"]),
    ];
    for (central, wanted) in cases {
        let run = play("pairing", "zephyr-2024", central, &[], 1);
        let findings = run.findings();
        let told = told(&findings);
        assert!(findings.iter().all(|f| f.culprit == run.central), "{central}:\n{told}");
        let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, wanted.iter().copied().collect(), "{central}:\n{told}");
    }
}

/// Rules that no named central has: what they break is found, and nothing against the peripheral.
#[test]
fn made_up_quirks_are_found_too() {
    let cases = [
        ("central.phy-req=then-param-req@always", "LL-COLL-1"),
        ("central.phy-req=unknown@always", "LL-FEAT-2"),
        ("central.phy-req=reject:0x2a@always", "LL-REJ-1"),
        ("central.param-req=then-phy-req@always", "LL-COLL-2"),
        ("central.param-req=then-param-req@always", "LL-COLL-2"),
        ("central.length-req=block@always", "LL-LIVE-2"),
        ("central.feature-req=silent:4@always", "LL-LIVE-3"),
    ];
    for (set, rule) in cases {
        let set = ["central.phy-req=honest", set];
        let run = play("pairing", "zephyr-2024", "windows-intel", &set, 3);
        let findings = run.findings();
        let told = told(&findings);
        assert!(findings.iter().all(|f| f.culprit == run.central), "{set:?}:\n{told}");
        assert!(findings.iter().any(|f| f.rule == rule), "{set:?}: {rule}\n{told}");
    }
}
