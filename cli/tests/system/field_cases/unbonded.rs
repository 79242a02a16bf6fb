//! Successful pairing without a bond: the side that declined is named, and nothing else is accused.

use super::{Setup, Why, play, played};
use bletwin_explain::report;
use bletwin_explain::why::{Cause, Confidence};
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;

const RESPONSE: &str = "SMP Pairing Response";
const REQUEST: &str = "SMP Pairing Request";

/// The PDU that the first hypothesis turns on, if that is that no bond was to come.
fn place(run: &Finished) -> Option<(String, Confidence)> {
    let why = Why::of(run);
    let first = why.hypotheses.first().filter(|first| first.cause == Cause::NoBond)?;
    Some((why.account.pdu(*first.places.first()?)?.name(), first.confidence))
}

/// GAP-BOND-1: bonding only where it is allowed. The side that says No Bonding is named, in each
/// story that needs a bond, and a disconnection by the user needs no explanation.
#[test]
fn who_says_no_bonding_is_why_there_is_no_bond() {
    let shown = |pdu: &str| Some((pdu.to_owned(), Confidence::Shown));
    for (scenario, central) in [
        ("pairing", "windows-11"),
        ("pairing", "phone"),
        ("stay", "ios"),
        ("reconnect", "phone"),
        ("reconnect", "windows-11"),
        ("updated", "honest"),
    ] {
        for (set, pdu) in [
            (&["bonding=false"][..], RESPONSE),
            (&["central.bonding=false"], REQUEST),
            (&["bonding=false", "central.bonding=false"], REQUEST),
        ] {
            let run = play(scenario, central, set);
            let printed = report::verdict_line(&run);
            assert_eq!(run.summary.outcome, Verdict::Paired, "{set:?} {printed}");
            assert!(
                printed.contains("paired, level 4, and the peripheral keeps no bond"),
                "{printed}"
            );
            assert_eq!(place(&run), shown(pdu), "{set:?} {printed}");
            let why = report::why(&run).expect("no bond was wanted");
            assert!(why.contains("No Bonding") && !why.contains("not decided"), "{why}");
        }
        let good = play(scenario, central, &[]);
        assert!(good.passed() && report::why(&good).is_none(), "{}", report::verdict_line(&good));
    }
}

/// As a user found it: nothing was said.
#[test]
fn pairing_without_bonding_is_reported_for_windows() {
    let setup = Setup::new("recommended", "windows-11", 1).expect("known names");
    let run = played("pairing", setup, &["bonding=false"]);
    assert_eq!(run.summary.outcome, Verdict::Paired, "{}", report::verdict_line(&run));
    assert_eq!(place(&run).map(|(pdu, _)| pdu).as_deref(), Some(RESPONSE));
}

/// Both have said that they bond, and a side keeps nothing that was made with the debug key.
#[test]
fn a_debug_key_is_not_stored() {
    let run = play("pairing", "honest", &["debug-key=true"]);
    let printed = report::verdict_line(&run);
    assert_eq!(run.summary.outcome, Verdict::Paired, "{printed}");
    let key = "SMP Pairing Public Key".to_owned();
    assert_eq!(place(&run), Some((key, Confidence::Likely)), "{printed}");
}

/// Each of several centrals is reported.
#[test]
fn two_hosts_without_a_bond_are_both_reported() {
    let run = play("two-hosts", "honest", &["bonding=false"]);
    let centrals = report::centrals(&run);
    assert!(!run.passed() && centrals.len() == 2, "{}", report::verdict_line(&run));
    for (line, why) in centrals {
        assert!(line.contains("paired, and not bonded"), "{line}");
        assert!(why.is_some_and(|why| why.contains("says No Bonding")), "{line}");
    }
}

/// A link that is lost is lost with and without a bond: both are named, and the end first.
#[test]
fn no_bond_explains_no_lost_link() {
    let run = play("stay", "phone", &["bonding=false", "out-of-reach=20000"]);
    assert_eq!(run.summary.outcome, Verdict::Disconnected, "{}", report::verdict_line(&run));
    let causes: Vec<_> = Why::of(&run).hypotheses.iter().map(|one| one.cause).collect();
    assert_eq!(causes, [Cause::Loss, Cause::NoBond]);
}

/// Where no bond is wanted, none is missed.
#[test]
fn no_bond_is_missed_where_none_is_wanted() {
    for (scenario, set) in [
        ("wrong-passkey", &["bonding=false"][..]),
        ("unpaired", &["bonding=false"]),
        ("static-passkey", &["bonding=false"]),
    ] {
        let run = play(scenario, "honest", set);
        let why = Why::of(&run);
        let named = why.hypotheses.iter().any(|one| one.cause == Cause::NoBond);
        assert!(!named, "{}: {:?}", report::verdict_line(&run), why.hypotheses);
    }
}
