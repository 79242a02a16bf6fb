//! Where tshark blames a sender that is right, the capture says so; where the sender is wrong, it
//! does not.

use std::path::Path;

use bletwin_explain::report;
use bletwin_explore as explore;
use bletwin_explore::case::Case;
use bletwin_scenarios::catalogue::{self, Story};
use bletwin_scenarios::collision::{Company, play};
use bletwin_sim::record::Record;
use bletwin_sim::report::capture::{Style, pcapng};

use super::tool::{self, FieldKind::Text};

const FINDINGS: &str = "_ws.expert.message";
const CROSSES: &str = "a legal crossing";
const REJECTS: &str = "a legal answer: LL_REJECT_IND";
/// tshark's words for a request at a moment at which it must not be made.
const COLLISION: &str = "Initiating a new incompatible control procedure";
/// tshark's words for an answer to nothing.
const SEQUENCE: &str = "Incorrect control procedure packet sequencing";

/// Two requests in one event before either side knows what the other supports.
const EARLY: &str = r#"
    peripheral = "recommended"
    central = "honest"
    seed = 1
    csa = 2
    encryption = "off"
    start = "fresh"
    interval = 6
    loss-ppm = 0
    clocks = { peripheral = 0, central = 0 }
    [[procedures]]
    who = "peripheral"
    event = 3
    position = 500
    what = { phy = { tx = 2, rx = 2 } }
    [[procedures]]
    who = "central"
    event = 3
    position = 500
    what = { phy = { tx = 2, rx = 2 } }
"#;

/// What tshark says of each frame that it finds fault with, comments among it.
fn faults(name: &str, records: &[Record], passes: u8) -> Vec<String> {
    let folder = super::Folder::new(name);
    let path = folder.0.join("air.pcapng");
    std::fs::write(&path, pcapng(records, &[], "air", -90, Style::Decrypted)).expect("written");
    let read: fn(&Path, _) -> _ = if passes == 2 { tool::read } else { tool::read_once };
    let frames = read(&path, &[(FINDINGS, Text)] as &[_]);
    frames.iter().filter_map(|frame| frame.get(FINDINGS).cloned()).collect()
}

#[test]
fn legal_crossings_that_tshark_blames_carry_a_comment() {
    if !tool::present() {
        return;
    }
    let company = Company { peripheral: "recommended", central: "honest", set: &[], seed: 1 };
    let mut blamed = 0;
    for scenario in catalogue::all() {
        let Story::Collision(collision) = scenario.story else { continue };
        let run = play(scenario, collision, &company).expect("known names");
        for fault in faults(scenario.name, &run.records, 1) {
            let wrong = fault.contains(COLLISION);
            assert_eq!(fault.contains(CROSSES), wrong, "{}: {fault}", scenario.name);
            blamed += u32::from(wrong);
        }
    }
    assert!(blamed >= 4, "X1, X2, X4 and X8: {blamed}");
}

#[test]
fn a_refusal_that_tshark_does_not_know_carries_a_comment() {
    if !tool::present() {
        return;
    }
    let case = Case::from_toml(EARLY).expect("a case");
    let outcome = explore::run(&case).expect("known names");
    let faults = faults("early", &outcome.records, 2);
    let blamed: Vec<&String> = faults.iter().filter(|f| f.contains(SEQUENCE)).collect();
    assert_eq!(blamed.len(), 1, "{faults:?}");
    assert!(blamed[0].contains(REJECTS), "{faults:?}");
}

/// The laptop that starts a procedure of its own before the instant of the one that it granted.
#[test]
fn a_violation_that_tshark_sees_carries_no_comment() {
    let run = super::play("windows-intel-restart", &[]);
    let mut capture = Vec::new();
    report::capture(&run, true, &mut capture).expect("memory takes it");
    let text = String::from_utf8_lossy(&capture);
    assert!(!text.contains(CROSSES) && !text.contains(REJECTS));
}
