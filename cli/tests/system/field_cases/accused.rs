//! Innocent and accused once: what *Why* named before, though it was not the cause.

use super::{Cause, Setup, Why, play, played};
use bletwin_explain::report;
use bletwin_explain::why::Confidence;
use bletwin_scenarios::stage::Finished;

fn first(run: &Finished) -> (Cause, Confidence, String) {
    let why = Why::of(run);
    let first = why.hypotheses.into_iter().next();
    let first = first.unwrap_or_else(|| panic!("{}", report::verdict_line(run)));
    (first.cause, first.confidence, first.text)
}

/// Two unknown PDUs made the peripheral leave with 0x2A, and LL_LENGTH_REQ before an instant, two
/// seconds ago, was served.
#[test]
fn what_was_served_long_ago_did_not_collide() {
    for seed in 1..6 {
        let mut setup = Setup::new("zephyr-2024", "phone", seed).expect("known names");
        setup.set("loss=15").expect("a known key");
        let set = ["second-unknown=leave", "central.press=raw:ff@60,raw:ff@60"];
        let run = played("stay", setup, &set);
        if run.ending.is_some_and(|(_, reason)| reason.0 == 0x2A) {
            let (cause, _, text) = first(&run);
            assert_eq!(cause, Cause::UnknownPdu, "{seed}: {text}");
        }
    }
}

/// A central that stalls and stops did not lose the link to two packets that were lost at last.
#[test]
fn two_lost_packets_do_not_end_a_link_that_may_miss_many() {
    let mut stalled = 0;
    for seed in [1, 2, 29, 3, 4, 5] {
        let mut setup = Setup::new("zephyr-2024", "phy-stall", seed).expect("known names");
        setup.set("loss=20").expect("a known key");
        let run = played("pairing", setup, &[]);
        if run.ending.is_some_and(|(_, reason)| reason.0 == 8) {
            let (cause, _, text) = first(&run);
            assert_eq!(cause, Cause::Stalled, "{seed}: {text}");
            stalled += 1;
        }
    }
    assert!(stalled >= 3, "{stalled}");
    let run = play("stay", "phone", &["out-of-reach=20000", "loss=20"]);
    assert_eq!(first(&run).0, Cause::Loss, "who is out of reach is");
}

/// A central that never hears the peripheral gives up after six events, not after the supervision
/// timeout: that is loss, and the peripheral's first request is innocent.
// LL-SUP-2: six intervals.
#[test]
fn a_connection_that_loss_keeps_from_being_established_is_lost() {
    let run = play("stay", "windows-11", &["loss=70", "param-update=never"]);
    let (cause, _, text) = first(&run);
    assert_eq!(cause, Cause::Loss, "{text}");
    assert!(!text.contains("all of them empty"), "{text}");
}

/// A dialog that its user cancels, where the host disconnects without a PDU about it.
#[test]
fn who_cancels_is_named() {
    for central in ["bluez", "windows-11"] {
        let run = play("pairing", central, &["person=cancels"]);
        let (cause, confidence, text) = first(&run);
        let cancelled = (Cause::PersonCancelled, Confidence::Shown);
        assert_eq!((cause, confidence), cancelled, "{central}: {text}");
        assert!(text.contains("the central asked its user, who cancelled"), "{text}");
    }
    assert_eq!(first(&play("pairing", "phone", &["person=cancels"])).0, Cause::PairingFailed);
}

/// Who cancels when nothing arrives any more has not ended the link.
#[test]
fn who_cancels_too_late_is_innocent() {
    for central in ["bluez", "windows-11"] {
        let run = play("pairing", central, &["person=cancels", "out-of-reach=2900"]);
        let (cause, _, text) = first(&run);
        assert_eq!(cause, Cause::Loss, "{central}: {text}");
    }
}

/// Out of reach when it should have reconnected: no link was lost, and no central came.
#[test]
fn who_does_not_come_back_is_missed() {
    for (scenario, central) in [("updated", "android-qualcomm"), ("reconnect", "honest")] {
        let run = play(scenario, central, &["central.reconnect-ms=5000", "out-of-reach=9000"]);
        if run.ending.is_some() {
            continue;
        }
        let (cause, confidence, text) = first(&run);
        let missed = (Cause::NobodyConnected, Confidence::Undecided);
        assert_eq!((cause, confidence), missed, "{text}");
        assert!(text.contains("The connection before was over at"), "{text}");
    }
}
