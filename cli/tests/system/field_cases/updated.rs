//! Firmware that is updated to one with another table of attributes, before a central that keeps
//! what it has discovered (apache/mynewt-nimble 1456,
//! nordicsemi/Flutter-nRF-Connect-Device-Manager 90).

use bletwin_explain::report;
use bletwin_explain::why::{Cause, Why};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;

use super::{play, shows};

const REFUSED: &str = "ATT Error Response to 0x12";

/// Handles from before the update mean others: the write of the LED meets a declaration.
#[test]
fn handles_of_before_the_update_are_refused_and_why_says_so() {
    let run = play("updated", "phone", &["central.caching=handles"]);
    assert_eq!(run.summary.outcome, Verdict::Unserved, "{}", report::ladder(&run));
    let why = Why::of(&run);
    let first = why.hypotheses.first().unwrap_or_else(|| panic!("{}", report::ladder(&run)));
    assert_eq!(first.cause, Cause::StaleHandles, "{}", first.text);
    assert!(first.text.contains("it knows it from before"), "{}", first.text);
}

/// A central that discovers each time, or is notified in one of the three ways, is served; no rule
/// is broken.
#[test]
fn who_learns_of_the_change_is_served() {
    for caching in ["none", "service-changed", "hash", "robust"] {
        for central in ["phone", "windows-10"] {
            let run = play("updated", central, &[&format!("central.caching={caching}")]);
            let ladder = report::ladder(&run);
            assert!(run.passed(), "{central} {caching}: {}\n{ladder}", report::verdict_line(&run));
        }
    }
}

/// Firmware without indications: a central that relies on them uses old handles; the hash still
/// shows the change.
#[test]
fn a_firmware_without_indications_leaves_its_central_with_old_handles() {
    for (caching, outcome) in [
        ("service-changed", Verdict::Unserved),
        ("robust", Verdict::Unserved),
        ("hash", Verdict::Bonded),
    ] {
        let caching = format!("central.caching={caching}");
        let run = play("updated", "phone", &["service-changed=untold", &caching]);
        assert_eq!(run.summary.outcome, outcome, "{caching}\n{}", report::ladder(&run));
    }
}

/// Where the table stays as it was, handles that are kept are as good as those found anew.
#[test]
fn what_does_not_change_may_be_kept() {
    let same = ["updated-app=led-button", "central.caching=handles"];
    let run = play("updated", "phone", &same);
    assert!(run.passed() && !shows(&run, &[REFUSED]), "{}", report::ladder(&run));
    let kept = play("reconnect", "phone", &["central.caching=handles"]);
    let found = play("reconnect", "phone", &[]);
    let discoveries = |ladder: &str| ladder.matches("ATT Read By Group Type Request").count();
    let (kept, found) = (report::ladder(&kept), report::ladder(&found));
    assert!(0 < discoveries(&kept) && discoveries(&kept) * 2 == discoveries(&found), "{found}");
}

#[test]
fn a_device_without_a_next_edition_is_not_updated() {
    let mut setup = Setup::new("recommended", "phone", 1).expect("known names");
    let updated = catalogue::by_name("updated").expect("known");
    assert!(updated.fits(&setup).is_ok());
    setup.set("app=thermometer").expect("known");
    let refused = updated.fits(&setup).expect_err("there is none");
    assert!(refused.what.contains("thermometer") && refused.help.contains("updated-app"));
}
