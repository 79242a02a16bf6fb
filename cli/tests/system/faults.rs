//! Packets that get lost or damaged by meaning: what the link layer repeats changes no outcome.

use ble::pdu::control::Opcode;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_sim::medium::fault::{FaultEffect, FaultRule, PacketKind, Pattern, Which};
use bletwin_sim::record::RecordKind;
use rayon::prelude::*;

const CONNECT_IND: PacketKind = PacketKind::Advertising(5);
const CENTRALS: [&str; 2] = ["phone", "honest"];

/// What the reconnection of a bonded central has on air, with its number.
const PDUS: [(Opcode, u32); 18] = [
    (Opcode::FEATURE_REQ, 1),
    (Opcode::FEATURE_RSP, 1),
    (Opcode::VERSION_IND, 1),
    (Opcode::LENGTH_REQ, 1),
    (Opcode::LENGTH_RSP, 1),
    (Opcode::PHY_REQ, 1),
    (Opcode::PHY_UPDATE_IND, 1),
    (Opcode::CONNECTION_PARAM_REQ, 1),
    (Opcode::CONNECTION_UPDATE_IND, 1),
    (Opcode::ENC_REQ, 1),
    (Opcode::ENC_RSP, 1),
    (Opcode::START_ENC_REQ, 1),
    // The central's, then the peripheral's.
    (Opcode::START_ENC_RSP, 1),
    (Opcode::START_ENC_RSP, 2),
    (Opcode::TERMINATE_IND, 1),
    // Of the second connection.
    (Opcode::ENC_REQ, 2),
    (Opcode::ENC_RSP, 2),
    (Opcode::START_ENC_REQ, 2),
];

/// A scenario, with parameters asked for early, under a rule.
fn run(
    scenario: &str,
    central: &str,
    kind: PacketKind,
    which: Which,
    effect: FaultEffect,
) -> Finished {
    let mut setup = Setup::new("zephyr-2024", central, 1).expect("known names");
    setup.set("param-update=1000").expect("a known key");
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    let when = Pattern { kind: Some(kind), ..Pattern::default() };
    stage.world.faults().add(FaultRule { when, which, effect, at: None });
    stage.play()
}

fn strikes(run: &Finished) -> usize {
    run.records.iter().filter(|record| matches!(record.kind, RecordKind::Fault(_))).count()
}

fn each_pdu_can_fail_twice(effect: FaultEffect) {
    for central in CENTRALS {
        PDUS.into_par_iter().for_each(|(opcode, nth)| {
            let which = Which::NthTimes { nth, times: 2 };
            let run = run("reconnect", central, PacketKind::Control(opcode), which, effect);
            let what = format!("{central}, {} number {nth}", opcode.name());
            assert_eq!(strikes(&run), 2, "{what}");
            assert_eq!(run.summary.outcome, Verdict::Bonded, "{what}");
            assert_eq!(run.summary.security_level, Some(4), "{what}");
            assert_eq!(run.facts.connections, 2, "{what}");
        });
    }
}

#[test]
fn each_control_pdu_can_be_lost_twice() {
    each_pdu_can_fail_twice(FaultEffect::Drop);
}

#[test]
fn each_control_pdu_can_be_damaged_twice() {
    each_pdu_can_fail_twice(FaultEffect::Corrupt { bits: 1 });
    each_pdu_can_fail_twice(FaultEffect::Corrupt { bits: 9 });
}

#[test]
fn a_lost_acknowledgement_does_no_harm() {
    for central in CENTRALS {
        let run =
            run("reconnect", central, PacketKind::Empty, Which::Chance(300_000), FaultEffect::Drop);
        assert!(strikes(&run) > 50, "{central}");
        assert_eq!(run.summary.outcome, Verdict::Bonded, "{central}");
    }
}

#[test]
fn a_control_pdu_that_never_arrives_ends_the_link() {
    let (kind, which) = (PacketKind::Control(Opcode::ENC_RSP), Which::NthAndRepetitions(1));
    let run = run("pairing", "phone", kind, which, FaultEffect::Drop);
    assert_eq!(run.summary.outcome, Verdict::Disconnected);
    assert_eq!(run.summary.disconnect_reason, Some(8));
}

#[test]
fn a_lost_connect_ind_is_followed_by_another() {
    for central in CENTRALS {
        for lost in 1..=2 {
            // Each CONNECT_IND counts as a PDU of its own: none is a repetition.
            let which = |nth| FaultRule {
                when: Pattern { kind: Some(CONNECT_IND), ..Pattern::default() },
                which: Which::Nth(nth),
                effect: FaultEffect::Drop,
                at: None,
            };
            let setup = Setup::new("zephyr-2024", central, 1).expect("known names");
            let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
            for nth in 1..=lost {
                stage.world.faults().add(which(nth));
            }
            let run = stage.play();
            assert_eq!(strikes(&run), lost as usize, "{central}");
            assert_eq!(run.summary.outcome, Verdict::Bonded, "{central}");
        }
    }
}

#[test]
fn no_connection_is_made_when_every_connect_ind_is_damaged() {
    let damage = FaultEffect::Corrupt { bits: 1 };
    let run = run("pairing", "phone", CONNECT_IND, Which::All, damage);
    assert_eq!(run.summary.outcome, Verdict::Timeout);
    assert_eq!(strikes(&run), 5, "the central gives up in the end");
}
