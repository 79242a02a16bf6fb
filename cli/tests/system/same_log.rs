//! The firmware on the emulated chip beside the same core as a node of the world: the same
//! centrals, the same people, the same verdicts, and the same lines in the log. `BLETWIN_FIRMWARE`
//! names the firmware (`.ci/cross.sh` builds it).

use ble::time::Duration;
use bletwin_scenarios::catalogue::{self, Story};
use bletwin_scenarios::prompt::{Act, Milestone, Prompt, Target};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::log::line;

use crate::{one_in, same_events, tools};

/// Whose lines are compared.
const CENTRALS: [&str; 5] = ["phone", "windows-intel", "macos", "bluez", "honest"];

/// All scenarios but those that [`not_compared`] says something of.
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

/// Why a chip cannot play this; `None`: it can.
fn not_compared(story: Story) -> Option<&'static str> {
    match story {
        Story::Collision(_) | Story::Links(_) => Some(
            "both hosts start a procedure at a chosen event, by HCI; the firmware has its host \
             inside, and takes no HCI commands",
        ),
        Story::Updated => Some(
            "the story gives the node another application; for a chip that is another file, and a \
             setup has one",
        ),
        _ => None,
    }
}

/// What happens beside the story, at a moment that the run itself defines, in a scenario: all that
/// a chip can be told. Its application obeys nobody, and of the moments only a stored bond is in
/// its log; the others, and the number of the connection, are the host's.
fn prompted() -> Vec<(&'static str, &'static str, Vec<Prompt>)> {
    let after =
        |target, act, ms| Prompt::new(target, act, Milestone::Secured, Duration::from_ms(ms));
    let press = |button: &str, ms| {
        // A press counts once the pin has been the same for 16 ms.
        [(Act::press(button), ms), (Act::release(button), ms + 300)]
            .map(|(act, ms)| after(Target::Peripheral, act, ms))
            .to_vec()
    };
    vec![
        (
            "the central leaves once bonded",
            "pairing",
            vec![after(Target::Central, Act::Ask("disconnect".into()), 300)],
        ),
        ("pairing mode while connected", "stay", press("pairing", 1_000)),
        (UNSEEN.0, "stay", press("delete-bonds", 1_000)),
    ]
}

/// What leads to another verdict, and why. Lines and events are the same.
const UNSEEN: (&str, &str) = (
    "bonds are deleted while connected",
    "whether a chip still has a bond is not visible to the judge, who takes it to have one",
);

/// What may be different.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Excepted {
    /// The order and number of the same lines, and the reason for the end.
    Order,
    /// What came of it.
    Verdict,
}

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

fn play(
    peripheral: &str,
    scenario: &str,
    central: &str,
    set: &[&str],
    prompts: &[Prompt],
) -> Finished {
    let mut setup = Setup::open(peripheral, central, 1).expect("it can be flashed");
    set.iter().for_each(|set| setup.set(set).expect("its page has it"));
    let stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    let mut stage = stage.prompted(prompts);
    stage.run(|| false);
    stage.finish()
}

/// What is not the same, but for the exception; `None`: nothing.
fn difference(
    firmware: &str,
    scenario: &str,
    central: &str,
    set: &[&str],
    prompts: &[Prompt],
    excepted: Option<Excepted>,
) -> Option<String> {
    let chosen = ["address=C0:1D:B0:0B:1E:55", "preset=zephyr-2024"];
    let chip = play(firmware, scenario, central, &[&chosen, set].concat(), prompts);
    let native = play("zephyr-2024", scenario, central, set, prompts);
    // Where the order of lines is another, PDUs are as well.
    let unordered = excepted == Some(Excepted::Order);
    let events = match unordered && scenario != "unpaired" {
        true => Vec::new(),
        false => same_events::differences(scenario, central, &chip, &native),
    };
    if !events.is_empty() {
        return Some(format!("{scenario} with {central} {set:?}\n{}", events.join("\n")));
    }
    let told = |run: &Finished| {
        let mut lines = log(run);
        if unordered && scenario == "unpaired" {
            let left = lines.iter().position(|line| line.contains("Disconnected"));
            lines.truncate(left.unwrap_or(lines.len()));
        } else if unordered {
            lines.sort();
            lines.dedup();
        }
        let verdict = match excepted {
            Some(Excepted::Verdict) => String::new(),
            _ => verdict(run, !unordered),
        };
        (verdict, lines)
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
        assert_eq!(difference(&firmware, "pairing", central, set, &[], None), None);
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
        differ.extend(difference(
            &firmware,
            scenario,
            central,
            &[],
            &[],
            excepted.map(|_| Excepted::Order),
        ));
    }
    assert!(differ.is_empty(), "{} differ:\n\n{}", differ.len(), differ.join("\n\n"));
}

/// By default one of them.
#[test]
fn what_is_done_beside_the_story_is_the_same_on_the_chip() {
    let Some(file) = firmware() else { return };
    let firmware = format!("elf={file}");
    let prompted = prompted();
    let all = prompted.iter().flat_map(|one| CENTRALS.map(|central| (one, central)));
    let mut differ = Vec::new();
    for ((what, scenario, prompts), central) in all.step_by(one_in(6)) {
        println!("compared: {scenario} with {central}, where {what}");
        let excepted = (*what == UNSEEN.0).then_some(Excepted::Verdict);
        if excepted.is_some() {
            println!("excepted: verdict of {scenario} with {central}: {}", UNSEEN.1);
        }
        differ.extend(difference(&firmware, scenario, central, &[], prompts, excepted));
    }
    assert!(differ.is_empty(), "{} differ:\n\n{}", differ.len(), differ.join("\n\n"));
}

#[test]
fn every_scenario_is_compared_or_has_a_reason_not_to_be() {
    for scenario in catalogue::all() {
        let reason = not_compared(scenario.story);
        assert_ne!(SCENARIOS.contains(&scenario.name), reason.is_some(), "{}", scenario.name);
        if let Some(reason) = reason {
            println!("not compared: {}: {reason}", scenario.name);
        }
    }
}
