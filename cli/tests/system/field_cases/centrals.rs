//! Centrals as people have reported and measured them: procedures of their own in chains and with
//! periods, their own instants, the parameters that they grant, how they disconnect.

use ble::pdu::control::{ControlPdu, Opcode};
use bletwin_explain::report;
use bletwin_explain::why::{Cause, Why};
use bletwin_scenarios::stage::Finished;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction, sniff};

use super::{play, shows};

/// LL Control PDUs of the central in the first connection, with their events.
fn control(run: &Finished) -> Vec<(u16, ControlPdu)> {
    let items = sniff(&run.records);
    let first = items.iter().find_map(|item| item.connection);
    let of_central = items.iter().filter(|item| {
        item.connection == first
            && item.direction == Some(Direction::CentralToPeripheral)
            && !item.retransmission
    });
    of_central
        .filter_map(|item| match item.decoded {
            Decoded::Control(pdu) => Some((item.event?, pdu)),
            _ => None,
        })
        .collect()
}

/// Events of its PDUs with this opcode.
fn events(run: &Finished, opcode: Opcode) -> Vec<u16> {
    let all = control(run);
    all.iter().filter(|(_, pdu)| pdu.opcode() == opcode).map(|(event, _)| *event).collect()
}

fn reason(run: &Finished) -> Option<u8> {
    run.ending.map(|(_, reason)| reason.0)
}

/// `press` with `request-parameters=false` sends LL_CONNECTION_UPDATE_IND, whether an instant is
/// pending or not; a second one before the instant is too much for the peripheral (reason 35).
#[test]
fn pressed_parameters_are_those_of_the_controllers_kind() {
    let set = ["param-update=never", "central.interval-us=15000", "central.features=0x59ff"];
    let pressed = |list: &str| {
        let press = format!("central.press={list}");
        play("stay", "honest", &[&set[..], &["central.instant-events=20", &press]].concat())
    };
    let once = pressed("parameters:30000:0:2000@400");
    assert_eq!(events(&once, Opcode::CONNECTION_UPDATE_IND), [400], "{}", report::ladder(&once));
    assert_eq!(events(&once, Opcode::CONNECTION_PARAM_REQ), [0; 0]);
    assert!(once.passed(), "{}", report::verdict_line(&once));
    let twice = pressed("parameters:30000:0:2000@400,parameters:15000:0:2000@408");
    assert_eq!(events(&twice, Opcode::CONNECTION_UPDATE_IND), [400, 408]);
    assert_eq!(reason(&twice), Some(35), "{}", report::verdict_line(&twice));
    let why = Why::of(&twice);
    assert_eq!(why.hypotheses.first().map(|first| first.cause), Some(Cause::Collision));
}

/// iOS 26 and a HID device: from bonding on LL_CONNECTION_UPDATE_IND every 120 ms, 15 and 7.5 ms in
/// turns (DevZone 124994 and 124468). Instants that do not heed latency come while the peripheral
/// sleeps, and one that has passed obliges it to leave (0x28), as it was reported.
#[test]
fn an_update_loop_is_borne_unless_instants_do_not_heed_latency() {
    let turns = |latency: u16, ahead: &str| {
        let one = |us: u32, after: u32| {
            format!("parameters:{us}:{latency}:2000@paired+{after}ms/240ms{ahead}")
        };
        let own = format!("central.own-procedures={},{}", one(15_000, 120), one(7_500, 240));
        let timeout = "central.timeout-ms=2000";
        play("stay", "ios", &["param-update=never", "central.interval-us=15000", timeout, &own])
    };
    let borne = turns(0, "");
    let updates = events(&borne, Opcode::CONNECTION_UPDATE_IND);
    assert!(updates.len() > 50 && borne.expected, "{}", report::verdict_line(&borne));
    assert!(turns(30, "").expected);
    let near = turns(30, "~6");
    assert_eq!(reason(&near), Some(8), "{}", report::verdict_line(&near));
    let heeds = "6 events ahead: with latency 30 it takes 186";
    let observations = &near.summary.observations;
    assert!(observations.iter().any(|observed| observed.text.contains(heeds)), "{observations:?}");
    let passed = turns(0, "~-2");
    assert_eq!(reason(&passed), Some(0x28), "{}", report::verdict_line(&passed));
    let why = Why::of(&passed);
    let first = why.hypotheses.first().expect("a cause");
    assert_eq!(first.cause, Cause::InstantPassed, "{}", first.text);
    assert!(first.text.contains("LL_CONNECTION_UPDATE_IND"), "{}", first.text);
}

/// Order, parameters and habits of iPhones, as they were measured on air: the next procedure begins
/// in the event after the last one has ended, and no event has two control PDUs.
#[test]
fn an_iphone_is_as_it_was_measured() {
    let quiet = ["phy-update=never", "data-length=never", "feature-exchange=cached"];
    let run = play("pairing", "ios", &[&quiet[..], &["param-update=never"]].concat());
    let all = control(&run);
    let opcodes: Vec<Opcode> = all.iter().map(|(_, pdu)| pdu.opcode()).take(5).collect();
    let (version, features) = (Opcode::VERSION_IND, Opcode::FEATURE_REQ);
    let (phy, update, length) = (Opcode::PHY_REQ, Opcode::PHY_UPDATE_IND, Opcode::LENGTH_REQ);
    assert_eq!(opcodes, [version, features, phy, update, length], "{}", report::ladder(&run));
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "one in an event: {all:?}");
    assert!(shows(&run, &["interval 30.00 ms, latency 0, timeout 720 ms"]));
    assert!(shows(&run, &["LL_VERSION_IND version 12, company 000f", "LL_PHY_REQ tx 2M, rx 2M"]));
    let asks = play("pairing", "ios", &["param-update=never"]);
    assert_eq!(events(&asks, length), [0; 0], "the peripheral has asked for length");
}

/// With the timeout that iPhones were seen with, what 5 s bear is lost (PebbleOS 1747).
#[test]
fn a_short_timeout_loses_what_a_long_one_bears() {
    let lost = |timeout: &str| {
        let set = ["loss=55", "param-update=never", timeout];
        reason(&play("stay", "ios", &set)) == Some(8)
    };
    assert!(lost("central.timeout-ms=720") && !lost("central.timeout-ms=5000"));
}

/// Android on Qualcomm: 45 ms, 7.5 ms around discovery and around pairing, 45 ms again.
#[test]
fn a_phone_hurries_while_it_discovers_and_pairs() {
    let run = play("pairing", "android-qualcomm", &["param-update=never"]);
    let intervals: Vec<u16> = control(&run)
        .into_iter()
        .filter_map(|(_, pdu)| match pdu {
            ControlPdu::ConnectionUpdateInd(update) => Some(update.interval),
            _ => None,
        })
        .collect();
    assert_eq!(intervals, [6, 36, 6, 36], "{}", report::ladder(&run));
    assert!(run.passed());
}

/// The granted parameters differ from the request: rounded up, with the central's own timeout; and
/// the response by L2CAP may come before the change or behind it.
#[test]
fn parameters_are_granted_in_the_centrals_own_way() {
    let l2cap = ["features-left-out=param-request", "preferred=8,12,0,400", "param-update=3000"];
    let granted = |grants: &str| {
        let grants = format!("central.grants={grants}");
        play("stay", "phone", &[&l2cap[..], &[&grants]].concat())
    };
    let rounded = granted("multiple-of:15000,timeout:720");
    assert!(shows(
        &rounded,
        &["LL_CONNECTION_UPDATE_IND interval 12, offset 0, latency 0, timeout 72"]
    ));
    let raised = granted("shortest,at-least:11250");
    assert!(shows(&raised, &["LL_CONNECTION_UPDATE_IND interval 9,"]));
    let answer = "Connection Parameter Update Response";
    let order = [answer, "LL_CONNECTION_UPDATE_IND interval 12"];
    assert!(shows(&granted("response-first"), &order));
    assert!(!shows(&granted("none"), &order), "the link layer is faster than L2CAP");
}

/// The reasons with which hosts leave differ.
#[test]
fn hosts_disconnect_with_their_own_reasons() {
    let lost = |set: &[&str]| reason(&play("bond-lost", "windows-11", set));
    assert_eq!(lost(&[]), Some(0x05));
    assert_eq!(lost(&["central.key-missing-reason=0x13"]), Some(0x13));
    let steps = ["central.steps=discover,disconnect", "central.disconnect-reason=0x15"];
    assert!(shows(&play("pairing", "honest", &steps), &["LL_TERMINATE_IND 0x15"]));
}

/// A device outside pairing mode refuses every central (bluez 2445).
#[test]
fn who_is_not_in_pairing_mode_refuses() {
    let run = play("pairing", "bluez", &["io=none", "required-level=2", "person=absent"]);
    assert!(shows(&run, &["SMP Pairing Request", "SMP Pairing Failed reason 0x05"]));
    let why = Why::of(&run);
    assert_eq!(why.hypotheses.first().map(|first| first.cause), Some(Cause::PairingFailed));
}

/// Packets lost in one direction, or on one PHY.
#[test]
fn loss_has_a_direction_and_a_phy() {
    let run = |set: &[&str]| play("stay", "phone", set);
    // Nothing arrives at the peripheral from the PHY's instant on.
    let on_2m = run(&["loss-2m=100"]);
    assert_eq!(reason(&on_2m), Some(8), "{}", report::verdict_line(&on_2m));
    assert!(run(&["loss-2m=100", "phy-update=never"]).passed());
    assert!(run(&["loss-coded=100"]).passed());
    let deaf = |set: &str| run(&["central.timeout-ms=720", set]);
    for (set, central) in [("loss-to-peripheral=80", true), ("loss-to-central=80", false)] {
        let run = deaf(set);
        assert_eq!(reason(&run), Some(8), "{}", report::verdict_line(&run));
        let (items, end) = (sniff(&run.records), run.ending.map(|(at, _)| at));
        let within = |item: &&AirItem| item.event.is_some() && Some(item.at) < end;
        let lost = items.iter().filter(within).filter(|item| item.reception.is_none());
        let from: Vec<bool> =
            lost.map(|i| i.direction == Some(Direction::CentralToPeripheral)).collect();
        assert!(from.len() > 10 && from.iter().all(|side| *side == central), "{set}: {from:?}");
    }
}

/// How late an answer comes is drawn from a range: 2 to 9 events here.
#[test]
fn answers_take_as_long_as_they_take() {
    let set = ["central.length-req=honest+2..9", "phy-update=never", "data-length=on-connect"];
    let run = play("pairing", "honest", &set);
    let items = sniff(&run.records);
    let of = |wanted: Opcode| {
        items.iter().find_map(|item| match item.decoded {
            Decoded::Control(pdu) if pdu.opcode() == wanted => item.event,
            _ => None,
        })
    };
    let (asked, answered) = (of(Opcode::LENGTH_REQ), of(Opcode::LENGTH_RSP));
    let took = answered.expect("answered") - asked.expect("asked");
    assert!((2..=10).contains(&took), "{took}");
}

/// A bonded host that takes its time before it encrypts: nothing protected is asked for until then,
/// and the peripheral waits.
#[test]
fn encryption_may_come_late() {
    let run = play("reconnect", "windows-11", &["central.encrypt-after-ms=5000"]);
    assert!(run.passed(), "{}", report::verdict_line(&run));
    let items = sniff(&run.records);
    let last = items.iter().rev().find_map(|item| item.connection);
    let first = items.iter().find(|item| item.connection == last).expect("it comes back");
    let asked =
        items.iter().rfind(|item| matches!(item.decoded, Decoded::Control(ControlPdu::EncReq(_))));
    let took = asked.expect("it encrypts").at.since(first.at).as_us();
    assert!((4_900_000..5_200_000).contains(&took), "{took} µs");
}

/// Two systems on one machine: the same address, two stores of keys. The one that bonded first has
/// a key that the peripheral has replaced (0x3D).
#[test]
fn the_other_system_has_replaced_the_key() {
    for central in ["windows-11", "bluez", "honest"] {
        let run = play("dual-boot", central, &[]);
        assert_eq!(reason(&run), Some(0x3D), "{central}: {}", report::verdict_line(&run));
        let why = Why::of(&run);
        let first = why.hypotheses.first().expect("a cause");
        assert_eq!(first.cause, Cause::KeysDiffer, "{}", first.text);
        assert!(first.text.contains("LL_ENC_REQ"), "{}", first.text);
    }
}
