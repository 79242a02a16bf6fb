//! The firmware on the emulated chip beside the same core as a node of the world: the same
//! centrals, the same people, the same verdicts, and the same lines in the log. `BLETWIN_FIRMWARE`
//! names the firmware (`.ci/cross.sh` builds it).

use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::log::line;

use crate::{one_in, tools};

/// Whose lines are compared.
const CENTRALS: [&str; 5] = ["phone", "windows-intel", "macos", "bluez", "honest"];

/// All scenarios whose firmware stays the same, and that do not ask what no chip can do: to start a
/// procedure at a chosen event.
const SCENARIOS: [&str; 10] = [
    "pairing",
    "reconnect",
    "stay",
    "unpaired",
    "forgotten",
    "bond-lost",
    "wrong-passkey",
    "static-passkey",
    "dual-boot",
    "two-hosts",
];

/// Where the two differ, in the order and number of the same lines or in the end of the run, and
/// why.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    (
        "bond-lost",
        &CENTRALS,
        "a press counts once the pin has been the same for 16 ms: by then it advertises again, and \
         the deletion, whose words wait for a gap between the radio's events, is in flash later",
    ),
    (
        "two-hosts",
        &CENTRALS,
        "a press counts once the pin has been the same for 16 ms: by then it advertises again",
    ),
    (
        "unpaired",
        &CENTRALS,
        "the run is over when the central has left: of the node an event tells that, so that its \
         lines of it may be missing, and of the chip those lines alone",
    ),
];

pub(crate) fn firmware() -> Option<String> {
    let file = std::env::var("BLETWIN_FIRMWARE").ok();
    if file.is_none() {
        tools::say("BLETWIN_FIRMWARE names no firmware (.ci/cross.sh builds it)");
    }
    file
}

/// The lines of the peripheral's log, without their times.
fn log(run: &Finished) -> Vec<String> {
    let own = run.records.iter().filter(|record| record.node == run.peripheral);
    let lines = own.filter_map(|record| match &record.kind {
        RecordKind::Note(note @ (Note::Log(_) | Note::Said(..) | Note::Printed(_))) => line(note),
        _ => None,
    });
    // The serial line says the same again, and the board has lines of its own.
    lines.filter(|line| !line.starts_with("UARTE0: ") && !line.contains("> nrf52840: ")).collect()
}

/// What came of it: outcome, level, error, PHYs, the reason for the end if that is `told`; of two
/// centrals also what came of each.
fn verdict(run: &Finished, told: bool) -> String {
    let s = &run.summary;
    let reason = s.disconnect_reason.filter(|_| told);
    let parties = run.parties.iter().map(|party| {
        format!(" {} {:?} in {} connections", party.central, party.outcome, party.connections)
    });
    format!(
        "{:?} level {:?} err {:?} reason {reason:?} {:?}{}",
        s.outcome,
        s.security_level,
        s.security_err,
        s.phy,
        parties.collect::<String>()
    )
}

fn play(peripheral: &str, scenario: &str, central: &str, set: &[&str]) -> Finished {
    let mut setup = Setup::open(peripheral, central, 1).expect("it can be flashed");
    set.iter().for_each(|set| setup.set(set).expect("its page has it"));
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

/// What is not the same; `None`: nothing. With an exception the order of the lines and the reason
/// for the end may be others.
fn difference(
    firmware: &str,
    scenario: &str,
    central: &str,
    set: &[&str],
    excepted: bool,
) -> Option<String> {
    let chosen = ["address=C0:1D:B0:0B:1E:55", "preset=zephyr-2024"];
    let chip = play(firmware, scenario, central, &[&chosen, set].concat());
    let native = play("zephyr-2024", scenario, central, set);
    let told = |run: &Finished| {
        let mut lines = log(run);
        if excepted && scenario == "unpaired" {
            let left = lines.iter().position(|line| line.contains("Disconnected"));
            lines.truncate(left.unwrap_or(lines.len()));
        } else if excepted {
            lines.sort();
            lines.dedup();
        }
        (verdict(run, !excepted), lines)
    };
    let [of_chip, of_node] = [&chip, &native].map(told);
    (of_chip != of_node).then(|| {
        let shown =
            |(verdict, log): (String, Vec<String>)| format!("{verdict}\n{}", log.join("\n"));
        format!(
            "{scenario} with {central} {set:?}\nchip: {}\n\nnode: {}\n",
            shown(of_chip),
            shown(of_node)
        )
    })
}

/// The founding case in its four runs, with one file.
#[test]
fn the_founding_case_is_the_same_on_the_chip() {
    let Some(file) = firmware() else { return };
    let firmware = format!("elf={file}");
    for (central, set) in [
        ("phone", &[][..]),
        ("windows-intel", &[]),
        ("windows-intel", &["phy-update=never"]),
        ("windows-intel", &["phy-update=after-bonding"]),
    ] {
        assert_eq!(difference(&firmware, "pairing", central, set, false), None);
    }
}

/// By default a few of them.
#[test]
fn every_scenario_is_the_same_on_the_chip() {
    let Some(file) = firmware() else { return };
    let firmware = format!("elf={file}");
    let all = SCENARIOS.iter().flat_map(|scenario| CENTRALS.map(|central| (*scenario, central)));
    let mut differ = Vec::new();
    for (scenario, central) in all.step_by(one_in(13)) {
        println!("compared: {scenario} with {central}");
        let excepted = EXCEPTIONS.iter().find(|one| one.0 == scenario && one.1.contains(&central));
        if let Some((.., cause)) = excepted {
            println!("excepted: {scenario} with {central}: {cause}");
        }
        differ.extend(difference(&firmware, scenario, central, &[], excepted.is_some()));
    }
    assert!(differ.is_empty(), "{} differ:\n\n{}", differ.len(), differ.join("\n\n"));
}
