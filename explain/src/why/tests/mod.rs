//! Causes that are told, and what is not taken for one: in runs, and in what no run here shows.

mod innocent;

use ble::time::Duration;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

use crate::report;
use crate::why::{Cause, Why};

/// LL_REJECT_IND 0x06 came in the event before the goodbye; a request of the peripheral that
/// was 60 ms old and not answered yet is no cause.
#[test]
fn a_key_that_is_missing_is_the_cause() {
    let setup = Setup::new("zephyr-2024", "honest", 1).unwrap();
    let run = Stage::new(catalogue::by_name("bond-lost").unwrap(), &setup).play();
    let why = report::why(&run).unwrap();
    assert!(why.contains("LL_ENC_REQ") && why.contains("no key"), "{why}");
    assert!(!why.contains("LL_PERIPHERAL_FEATURE_REQ"), "{why}");
}

/// A user who leaves in the middle of a procedure does not leave because of it.
#[test]
fn a_request_that_is_a_moment_old_is_no_cause() {
    let mut open = 0;
    for stay in (4_300..4_700).step_by(20) {
        let mut setup = Setup::new("zephyr-2024", "phone", 1).unwrap();
        let steps = format!("central.steps=mtu,discover,stay:{stay},disconnect");
        setup.set(&steps).unwrap();
        setup.set("central.param-req=honest+4").unwrap();
        let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
        let why = report::why(&run).unwrap_or_default();
        assert!(!why.contains("never answered"), "{why}");
        let ladder = report::ladder(&run);
        let request = ladder.rfind("LL_CONNECTION_PARAM_REQ");
        let granted = ladder.rfind("LL_CONNECTION_UPDATE_IND");
        open += usize::from(request.is_some() && request > granted);
    }
    assert!(open > 0, "no run ends while the request is open");
}

/// What has no instant, or is over, collides with nothing: not a ping that was answered.
#[test]
fn a_collision_is_not_put_down_to_what_has_no_instant() {
    let mut setup = Setup::new("recommended", "honest", 1).unwrap();
    setup.set("central.press=channel-map@1300,phy@1301").unwrap();
    let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
    let why = report::why(&run).unwrap();
    assert!(why.contains("42") && why.contains("LL_CHANNEL_MAP_IND"), "{why}");
    assert!(!why.contains("LL_PING"), "{why}");
}

/// What is lost in one direction is told of that direction: never of none.
#[test]
fn loss_in_one_direction_is_told_of_that_direction() {
    let told = |set: &str, side: &str| {
        let mut setup = Setup::new("zephyr-2024", "phone", 1).unwrap();
        setup.set("central.timeout-ms=720").unwrap();
        setup.set(set).unwrap();
        let run = Stage::new(catalogue::by_name("stay").unwrap(), &setup).play();
        let why = report::why(&run).unwrap();
        assert!(why.contains(side) && !why.contains(" 0 packets"), "{set}: {why}");
        assert!(why.contains("may be missed"), "{set}: {why}");
        // Who hears nothing until its own timer has run out has not left.
        assert!(!why.contains("it left"), "{set}: {why}");
    };
    told("loss-to-peripheral=80", "of the central");
    told("loss-to-central=80", "of the peripheral");
}

/// The margin counts the events to which a peripheral with latency has to listen.
#[test]
fn the_margin_counts_events_that_have_to_be_heard() {
    let timing = |interval: u64, latency: u16, timeout: u64| crate::why::timing::Timing {
        set_by: 0,
        interval: Duration::from_us(interval),
        latency,
        timeout: Duration::from_ms(timeout),
    };
    // A kitchen hood: 50 ms, latency 10, 2,560 ms.
    let hood = timing(50_000, 10, 2_560);
    assert_eq!((hood.events(), hood.heeded()), (51, 4));
    assert!(hood.margin().ends_with("one in 11 of them, to 4 in that time: 3 may be missed"));
    let linux = timing(22_500, 0, 420);
    assert_eq!(linux.margin(), "18 events without a packet end the link, 17 may be missed");
    assert!(timing(100_000, 0, 100).margin().ends_with("none may be missed"));
}

/// Two LL Control PDUs that it does not know are too many for some firmware; one alone, or a link
/// that lives, says nothing of it.
#[test]
fn who_leaves_for_unknown_pdus_is_told_so() {
    let cause = |set: &[&str]| {
        let mut setup = Setup::new("zephyr-2024", "ios", 1).unwrap();
        set.iter().for_each(|set| setup.set(set).unwrap());
        let mut run = Stage::new(catalogue::by_name("stay").unwrap(), &setup);
        run.run(|| false);
        let why = Why::of(&run.finish());
        why.hypotheses.first().map(|first| (first.cause, first.text.clone()))
    };
    let twice = "central.press=raw:ff@60,raw:ff@60";
    let (kind, text) = cause(&[twice, "second-unknown=leave"]).unwrap();
    assert_eq!(kind, Cause::UnknownPdu, "{text}");
    assert!(text.contains("2 LL Control PDUs") && text.contains("0x2A"), "{text}");
    assert_eq!(cause(&[twice]), None);
}

/// A host that leaves because LL_ENC_REQ gets no answer leaves before the link layer's 40 s.
#[test]
fn encryption_that_is_never_answered_is_named() {
    let mut setup = Setup::new("zephyr-2024", "windows-11", 1).unwrap();
    setup.set("never-answers=encryption").unwrap();
    let mut run = Stage::new(catalogue::by_name("reconnect").unwrap(), &setup);
    run.run(|| false);
    let why = Why::of(&run.finish());
    let first = why.hypotheses.first().unwrap();
    assert_eq!(first.cause, Cause::Unanswered, "{}", first.text);
    assert!(first.text.contains("LL_ENC_REQ") && first.text.contains("left 1"), "{}", first.text);
}

/// A link layer that has stopped keeps its host from pairing, whoever gives up first.
#[test]
fn a_link_layer_that_has_stopped_comes_before_the_pairing_that_it_stops() {
    for set in ["central.give-up-ms=never", "central.give-up-ms=20000"] {
        let mut setup = Setup::new("zephyr-2024", "windows-intel", 1).unwrap();
        setup.set(set).unwrap();
        let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
        let why = Why::of(&run);
        let first = &why.hypotheses[0];
        assert_eq!(first.cause, Cause::Stalled, "{set}: {}", why.paragraph());
        assert!(first.text.contains("LL_PHY_REQ"), "{set}: {}", first.text);
    }
}
