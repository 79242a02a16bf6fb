//! The founding case and its cures, as the issue states them.

use ble::ui::Ui;
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::{Phys, Verdict};
use bletwin_setup::Setup;
use bletwin_sim::record::{Record, RecordKind};

fn pairing(central: &str, set: &[&str], seed: u64) -> Finished {
    let mut setup = Setup::new("zephyr-2024", central, seed).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    play(&setup)
}

fn play(setup: &Setup) -> Finished {
    Stage::new(catalogue::by_name("pairing").expect("known"), setup).play()
}

const MECHANISMS: [&str; 3] = ["windows-intel", "windows-intel-m1", "windows-intel-m3"];

#[test]
fn each_mechanism_ends_in_err_9_then_reason_8() {
    for central in MECHANISMS {
        let run = pairing(central, &["phy-update=on-connect"], 1);
        assert_eq!(run.summary.outcome, Verdict::Disconnected, "{central}");
        assert_eq!(run.summary.security_err, Some(9), "{central}");
        assert_eq!(run.summary.disconnect_reason, Some(8), "{central}");
        assert_eq!(run.summary.security_level, Some(1), "{central}");
        let log = bletwin_explain::report::log(&run);
        let failed = log.find("level 1 err 9").expect("security line");
        let gone = log.find("Disconnected (reason 8)").expect("disconnection line");
        assert!(failed < gone, "Zephyr's order: {log}");
    }
}

#[test]
fn with_the_blocked_queue_no_dialog_ever_opens() {
    let run = pairing("windows-intel", &[], 1);
    let shown = |record: &Record| matches!(record.kind, RecordKind::Shown(Ui::AskPasskey));
    assert!(!run.records.iter().any(shown));
    assert!(!bletwin_explain::report::log(&run).contains("Passkey for"));
    let seconds = run.summary.sim_seconds;
    assert!((13.0..18.0).contains(&seconds), "about 15 s: {seconds}");
}

#[test]
fn both_cures_bond_at_level_4_with_each_mechanism() {
    for central in MECHANISMS {
        let never = pairing(central, &["phy-update=never"], 1);
        assert_eq!(never.summary.outcome, Verdict::Bonded, "{central}");
        assert_eq!(never.summary.security_level, Some(4), "{central}");
        assert_eq!(never.summary.phy, Some(Phys { tx: 1, rx: 1 }), "{central}");
        let after = pairing(central, &["phy-update=after-bonding"], 1);
        assert_eq!(after.summary.outcome, Verdict::Bonded, "{central}");
        assert_eq!(after.summary.security_level, Some(4), "{central}");
        assert_eq!(after.summary.phy, Some(Phys { tx: 2, rx: 2 }), "{central}");
    }
}

/// As BlueZ does. Pairing then ends with the peripheral's keys, and the cure must not overtake
/// them on their way.
#[test]
fn a_central_that_distributes_no_keys_is_cured_too() {
    for central in MECHANISMS {
        let mut setup = Setup::new("zephyr-2024", central, 1).expect("known names");
        setup.set("phy-update=after-bonding").expect("a known key");
        setup.central.host.pairing.initiator_keys = 0;
        let run = play(&setup);
        assert_eq!(run.summary.outcome, Verdict::Bonded, "{central}");
        assert_eq!(run.summary.phy, Some(Phys { tx: 2, rx: 2 }), "{central}");
    }
}

#[test]
fn the_recommended_preset_bonds_with_all_of_them() {
    for central in MECHANISMS.into_iter().chain(["phone"]) {
        let setup = Setup::new("recommended", central, 1).expect("known names");
        assert_eq!(play(&setup).summary.outcome, Verdict::Bonded, "{central}");
    }
}

#[test]
fn a_restarted_phy_procedure_ends_in_reason_35() {
    let run = pairing("windows-intel-restart", &[], 1);
    assert_eq!(run.summary.disconnect_reason, Some(35));
}

#[test]
fn without_the_quirk_the_same_request_is_harmless() {
    for central in MECHANISMS {
        let mut setup = Setup::new("zephyr-2024", central, 1).expect("known names");
        setup.central = setup.central.without_quirks();
        let run = play(&setup);
        assert_eq!(run.summary.outcome, Verdict::Bonded, "{central}");
        assert_eq!(run.summary.phy, Some(Phys { tx: 2, rx: 2 }), "{central}");
    }
}

#[test]
fn renaming_a_profile_changes_nothing_but_its_name() {
    for central in MECHANISMS {
        let mut setup = Setup::new("zephyr-2024", central, 3).expect("known names");
        let original = play(&setup);
        setup.central = Profile { name: "somebody".into(), ..setup.central };
        let renamed = play(&setup);
        assert_eq!(original.summary.trace_sha256, renamed.summary.trace_sha256);
        let why = |run: &Finished| bletwin_explain::report::why(run);
        assert_eq!(why(&original), why(&renamed));
        assert_eq!(renamed.summary.central, "somebody");
    }
}

#[test]
fn why_names_the_request_and_its_event() {
    for central in MECHANISMS.into_iter().chain(["windows-intel-restart"]) {
        let run = pairing(central, &[], 1);
        let why = bletwin_explain::report::why(&run).expect("a dead link has a reason");
        assert!(why.contains("LL_PHY_REQ (event "), "{central}: {why}");
    }
}

/// Centrals that no catalogue knows: other requests, other mechanisms, other delays.
#[test]
fn why_names_the_right_request_of_centrals_never_seen_before() {
    let made_up: [(&[&str], &str); 4] = [
        (&["central.phy-req=honest", "central.length-req=block@pairing"], "LL_LENGTH_REQ"),
        (&["central.phy-req=honest", "central.feature-req=silent:9@always"], "LL_PERIPHERAL_FEAT"),
        (&["central.phy-req=silent:40@pairing+3", "central.interval-us=30000"], "LL_PHY_REQ"),
        (&["central.phy-req=then-param-req@plain"], "LL_PHY_REQ"),
    ];
    for (set, request) in made_up {
        let run = pairing("windows-intel", set, 5);
        assert_eq!(run.summary.outcome, Verdict::Disconnected, "{set:?}");
        let why = bletwin_explain::report::why(&run).expect("a dead link has a reason");
        let named = why.split("sent ").nth(1).expect("what was sent");
        assert!(named.starts_with(request), "{set:?}: {why}");
    }
}
