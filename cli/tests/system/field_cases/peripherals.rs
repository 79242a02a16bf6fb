//! Firmware as people have reported it: it insists, disconnects, or breaks rules.

use bletwin_explain::report;
use bletwin_explain::why::{Cause, Why};
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;

use super::{play, shows};

/// The cause that comes first, and what is said of it.
fn first(run: &Finished) -> (Cause, String) {
    let why = Why::of(run);
    let first = why.hypotheses.first().unwrap_or_else(|| panic!("{}", report::ladder(run)));
    (first.cause, first.text.clone())
}

fn reason(run: &Finished) -> Option<u8> {
    run.ending.map(|(_, reason)| reason.0)
}

/// Firmware that requests 15 ms three times and disconnects if it does not get them (DevZone 92003
/// and 94553, tinygo-org/bluetooth 456).
#[test]
fn a_peripheral_without_its_parameters_disconnects() {
    let insists = ["param-update=3000", "param-period=5000", "param-tries=3"];
    let leaves = [&insists[..], &["param-not-granted=leave", "central.parameter-rules=reject"]];
    let run = play("stay", "ios", &leaves.concat());
    let printed = report::ladder(&run);
    assert_eq!(
        printed.matches("LL_CONNECTION_PARAM_REQ").count(),
        6,
        "three, each rejected: {printed}"
    );
    assert_eq!(reason(&run), Some(22), "{}", report::verdict_line(&run));
    let (cause, text) = first(&run);
    assert_eq!(cause, Cause::ParametersNotGranted, "{text}");
    assert!(text.contains("3 times") && text.contains("LL_REJECT_EXT_IND"), "{text}");
    let stays = [&insists[..], &["central.parameter-rules=reject"]].concat();
    assert!(play("stay", "ios", &stays).passed());
    let granted = [&insists[..], &["param-not-granted=leave", "preferred=12,12,0,600"]].concat();
    assert!(play("stay", "ios", &granted).passed());
}

/// By L2CAP there are 30 s between two requests (GAP-PAR-1), however short the period is.
#[test]
fn by_l2cap_it_insists_no_faster_than_every_thirty_seconds() {
    let run = play(
        "stay",
        "bluez",
        &[
            "features-left-out=param-request",
            "preferred=80,160,0,400",
            "central.parameter-rules=at-most:50000",
            "param-tries=2",
            "param-period=1000",
            "param-not-granted=leave",
        ],
    );
    let printed = report::ladder(&run);
    assert_eq!(printed.matches("Connection Parameter Update Request").count(), 2, "{printed}");
    let (at, reason) = run.ending.expect("it leaves");
    assert_eq!(reason.0, 22, "{}", report::verdict_line(&run));
    assert!((36..40).contains(&(at.as_us() / 1_000_000)), "{} µs", at.as_us());
    assert_eq!(first(&run).0, Cause::ParametersNotGranted);
}

/// A device that disconnects when it is not used (embassy-rs/trouble 478).
#[test]
fn an_idle_peripheral_disconnects() {
    let run = play("stay", "phone", &["leave-when-idle=20000", "param-update=never"]);
    assert_eq!(reason(&run), Some(22), "{}", report::verdict_line(&run));
    assert!(shows(&run, &["LL_TERMINATE_IND 0x13"]), "{}", report::ladder(&run));
    let (at, _) = run.ending.expect("it leaves");
    let (cause, text) = first(&run);
    assert_eq!(cause, Cause::HostLeft, "{text}");
    assert!((20..30).contains(&(at.as_us() / 1_000_000)), "{} µs", at.as_us());
}

/// A PHY request that the peripheral never answers: the central disconnects after 40 s
/// (tinygo-org/bluetooth 391), with a request of its own for the version as for anything else.
#[test]
fn what_is_never_answered_times_out() {
    for (procedure, opcode) in [("phy", "LL_PHY_REQ"), ("version", "LL_VERSION_IND")] {
        let own = format!("central.own-procedures={procedure}@100");
        let never = format!("never-answers={procedure}");
        let set = ["phy-update=never", "central.on-connect=features", &own, &never];
        let run = play("stay", "android-16", &set);
        // LL response timeout (0x22) at the central, silence at the peripheral.
        assert_eq!(reason(&run), Some(8), "{procedure}: {}", report::verdict_line(&run));
        let (cause, text) = first(&run);
        assert_eq!(cause, Cause::Unanswered, "{text}");
        assert!(text.contains(opcode), "{text}");
        assert!(play("stay", "android-16", &set[..3]).passed(), "{procedure}");
    }
}

/// SMP that is never answered: 30 s later the central gives the link up.
#[test]
fn pairing_that_is_never_answered_is_stuck() {
    let run = play("pairing", "phone", &["never-answers=pairing"]);
    assert!(shows(&run, &["SMP Pairing Request"]) && !shows(&run, &["SMP Pairing Response"]));
    let (cause, text) = first(&run);
    assert_eq!(cause, Cause::PairingStuck, "{text}");
}

/// A SoftDevice left an iPhone 11 with 0x2A when two unknown PDUs came in a row (Apple developer
/// forums, message 393236).
#[test]
fn two_unknown_opcodes_in_a_row_are_too_many_for_some() {
    let run = play("stay", "ios", &["central.press=raw:ff@60,raw:ff@60", "second-unknown=leave"]);
    assert_eq!(reason(&run), Some(0x2A), "{}", report::verdict_line(&run));
    let apart = ["central.press=raw:ff@60,raw:ff@70", "second-unknown=leave"];
    assert!(play("stay", "ios", &apart).passed());
}

/// The identity in place of the address on air in the DHKey checks: a bonded central with a
/// resolvable private address cannot bond again (espressif/esp-nimble 102).
#[test]
fn the_identity_in_the_checks_fails() {
    let phone = ["central.address-type=resolvable", "central.forgets-itself=false"];
    let run = play("forgotten", "android-16", &[&phone[..], &["check-address=identity"]].concat());
    assert!(shows(&run, &["SMP Pairing Failed reason 0x0b"]), "{}", report::ladder(&run));
    assert_eq!(first(&run).0, Cause::PairingFailed);
    assert!(play("forgotten", "android-16", &phone).passed());
}

/// Keys that differ: the bonded central comes back, encryption starts, and the first packet does
/// not decrypt (0x3D).
#[test]
fn keys_that_differ_end_with_a_mic_failure() {
    for central in ["android-16", "windows-11", "bluez"] {
        let run = play("reconnect", central, &["stored-key=reversed"]);
        assert_eq!(reason(&run), Some(0x3D), "{}", report::verdict_line(&run));
        let (cause, text) = first(&run);
        assert_eq!(cause, Cause::KeysDiffer, "{text}");
        assert!(text.contains("LL_ENC_REQ"), "{text}");
    }
}

/// A request before an instant that is served all the same: the second PHY update of an Intel
/// controller does no harm then (zephyr 81088 discusses it).
#[test]
fn a_second_request_before_the_instant_may_be_served() {
    let intel = "windows-intel-meteor-lake";
    let strict = play("pairing", intel, &[]);
    assert_eq!(reason(&strict), Some(35), "{}", report::verdict_line(&strict));
    let served = play("pairing", intel, &["before-instant=serve"]);
    assert_ne!(reason(&served), Some(35), "{}", report::verdict_line(&served));
}

/// A central that does not bond pairs again each time it needs security, and leaves no bond.
#[test]
fn without_bonding_nothing_is_kept() {
    let run = play("pairing", "phone", &["bonding=off"]);
    assert_eq!(run.facts.bonded, None, "{}", report::verdict_line(&run));
    assert_ne!(run.summary.outcome, Verdict::Bonded);
    assert!(shows(&run, &["SMP Pairing DHKey Check", "LL_START_ENC_RSP"]));
}

/// One line in two logs, `level 1 err 9`, and two causes: a laptop that LL_PHY_REQ stalls while it
/// pairs (reason 8 after 15 s), and a host whose work queue is kept busy, so that it answers SMP
/// when the phone has given up (reason 19 after 35 s, zephyrproject-rtos/zephyr 82729).
#[test]
fn the_same_line_of_a_log_has_two_causes() {
    let laptop = play("pairing", "windows-intel", &[]);
    // It disconnects when its steps have failed, or are done.
    let leaves = "central.steps=mtu,discover,write:led:01,disconnect";
    let busy = play("pairing", "phone", &["host-busy=1000:34000", leaves]);
    for (run, code, after) in [(&laptop, 8, 14..16), (&busy, 19, 33..36)] {
        let printed = report::verdict_line(run);
        assert_eq!((run.summary.security_err, reason(run)), (Some(9), Some(code)), "{printed}");
        let (at, _) = run.ending.expect("it ends");
        assert!(after.contains(&(at.as_us() / 1_000_000)), "{} µs", at.as_us());
    }
    let (cause, text) = first(&laptop);
    assert!(cause == Cause::Stalled && text.contains("LL_PHY_REQ"), "{text}");
    let (cause, text) = first(&busy);
    assert!(cause == Cause::PairingStuck && text.contains("the peripheral sent nothing"), "{text}");
    // It is not the time by itself: one that is over soon enough does no harm.
    let soon = play("pairing", "phone", &["host-busy=1000:20000", leaves]);
    assert!(soon.passed(), "{}", report::verdict_line(&soon));
}
