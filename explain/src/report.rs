//! What people read of a finished run; each is a function of its record.

mod charge;
mod failure;

use std::collections::BTreeSet;
use std::io::{self, Write};

use ble::log::Line;
use ble::ui::Ui;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, RecordId, RecordKind};
use bletwin_sim::report;
use bletwin_sim::report::capture::{Style, pcapng};
use bletwin_sim::report::degrade::{self, Faults};
use bletwin_sim::report::ladder::{ladder_between, line, substantial};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};

use crate::why::Why;
use crate::why::watched::parties;
use bletwin_scenarios::catalogue::Story;
use bletwin_scenarios::judgement::seconds;
use bletwin_scenarios::stage::{Finished, Party};
use bletwin_scenarios::summary::Verdict;
pub use charge::charge;
pub use failure::{Json, busy, failure, json, objections};
pub(crate) use failure::{Suspected, suspected};

/// The capture as pcapng, as on air or decrypted.
///
/// # Errors
/// Whatever writing ran into.
pub fn capture(run: &Finished, decrypted: bool, out: &mut impl Write) -> io::Result<()> {
    let style = if decrypted { Style::Decrypted } else { Style::OnAir };
    out.write_all(&pcapng(&run.records, &run.node_names, "air", noise(), style))
}

/// The capture as a sniffer with faults writes it; what it misses depends on the run's seed.
///
/// # Errors
/// Whatever writing ran into.
pub fn sniffed(run: &Finished, faults: &Faults, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&degrade::pcapng(&run.records, "air", noise(), faults, run.summary.seed))
}

/// What each host and its controller said to each other, as Android and BlueZ log it: name of the
/// device and file. Where two have one name, a number tells them apart.
#[must_use]
pub fn hci_logs(run: &Finished) -> Vec<(String, Vec<u8>)> {
    let mut names = BTreeSet::new();
    let all = (0..).map(NodeId).zip(&run.node_names);
    // People have no controller.
    let speaks = |node| {
        let crossed = |kind: &RecordKind| {
            matches!(kind, RecordKind::Note(Note::HciCommand(_) | Note::HciEvent(_)))
        };
        run.records.iter().any(|record| record.node == node && crossed(&record.kind))
    };
    all.filter(|(node, _)| speaks(*node))
        .map(|(node, name)| {
            let mut own = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
            if !names.insert(own.clone()) {
                own = format!("{own}-{}", node.0);
            }
            (own, report::btsnoop::btsnoop(&run.records, node))
        })
        .collect()
}

/// What a sniffer hears when nobody sends, in dBm.
fn noise() -> i8 {
    i8::try_from(MediumConfig::default().noise_floor_dbm).unwrap_or(i8::MIN)
}

/// The peripheral's log as Zephyr prints it.
#[must_use]
pub fn log(run: &Finished) -> String {
    report::log::log(&run.records, run.peripheral)
}

/// Every PDU on air except empty ones.
#[must_use]
pub fn ladder(run: &Finished) -> String {
    let items = sniff(&run.records);
    let whose = parties(run, &items);
    let names = whose.iter().map(|(number, party)| (*number, party.central.as_str())).collect();
    ladder_between(&items, substantial, &names)
}

/// Only the PDUs that the explanation speaks of, and how many lie between them.
#[must_use]
pub fn decisive_ladder(run: &Finished) -> String {
    let items = sniff(&run.records);
    let wanted = Why::read(run, &items).wanted();
    decisive_lines(items.iter().filter(|i| i.connection.is_some()), &wanted)
}

/// The same of some packets in their order.
pub(crate) fn decisive_lines<'a>(
    items: impl Iterator<Item = &'a AirItem>,
    wanted: &BTreeSet<RecordId>,
) -> String {
    let mut lines = Vec::new();
    let (mut empty, mut full) = (0_u32, 0_u32);
    for item in items {
        if wanted.contains(&item.record) {
            lines.extend(gap(empty, full));
            (empty, full) = (0, 0);
            lines.push(line(item));
        } else if item.decoded == Decoded::Empty {
            empty += 1;
        } else {
            full += 1;
        }
    }
    lines.extend(gap(empty, full));
    lines.join("\n")
}

/// What is left out between two lines of the decisive ladder.
fn gap(empty: u32, full: u32) -> Option<String> {
    let what = match (empty, full) {
        (0, 0) => return None,
        (empty, 0) => format!("{empty} empty"),
        (0, full) => format!("{full} more"),
        (empty, full) => format!("{full} more, {empty} empty"),
    };
    Some(format!("{:>26} ⋮     ({what})", ""))
}

/// Records of the packets that the explanation speaks of.
pub(crate) fn decisive(run: &Finished) -> BTreeSet<RecordId> {
    Why::of(run).wanted()
}

/// Why the link ended as it did, or why there is no bond; `None` where all went as the scenario
/// expects.
#[must_use]
pub fn why(run: &Finished) -> Option<String> {
    if run.expected {
        return None;
    }
    let paragraph = match run.summary.outcome {
        // Where procedures meet and the link lives on, there is no end to explain.
        Verdict::Unresolved => String::new(),
        _ => Why::of(run).paragraph(),
    };
    let paragraph = Some(paragraph).filter(|p| !p.is_empty());
    let sentences: Vec<String> =
        run.difference.clone().into_iter().chain(paragraph).chain(admitted(run)).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// Which rules the central broke as its profile, or who set its quirks, had announced.
fn admitted(run: &Finished) -> Option<String> {
    let rules: BTreeSet<&str> = run.judgement.admitted.iter().map(|f| f.rule).collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    let (last, others) = rules.split_last()?;
    let list = match others {
        [] => (*last).to_owned(),
        _ => format!("{} and {last}", others.join(", ")),
    };
    let why = if run.made_up { "as its quirks make it" } else { "as its profile says" };
    Some(format!("The central broke {list}, {why}."))
}

/// Every violation of the rules that nobody had announced, a line or two each: the rule, who broke
/// it and when, what happened, and where the rule stands.
#[must_use]
pub fn violations(run: &Finished) -> Option<String> {
    run.judgement.violations(run.peripheral)
}

/// Every recommendation that was not followed, in the same form.
#[must_use]
pub fn observations(run: &Finished) -> Option<String> {
    run.judgement.recommendations(run.peripheral)
}

/// The run in a few lines: what a person in front of the devices would have seen.
#[must_use]
pub fn story(run: &Finished) -> String {
    run.records
        .iter()
        .filter_map(|record| {
            let told = moment(&record.kind, record.node == run.central)?;
            Some(format!("{:>10}  {told}", seconds(record.at)))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn moment(kind: &RecordKind, central: bool) -> Option<String> {
    Some(match kind {
        RecordKind::Shown(Ui::ShowPasskey(passkey)) if !central => {
            format!("the device shows the passkey {passkey:06}")
        }
        RecordKind::Shown(Ui::AskPasskey) if central => "the central asks for the passkey".into(),
        RecordKind::Acted(Act::TypePasskey(passkey)) if central => {
            format!("the user types {passkey:06} on the central")
        }
        RecordKind::Acted(Act::Confirm(yes)) => {
            let answer = if *yes { "the same" } else { "different" };
            format!("the user says that the numbers are {answer}")
        }
        RecordKind::Note(Note::Log(log)) if !central && tells_the_outcome(&log.line) => {
            format!("the device: {}", log.line)
        }
        RecordKind::Note(Note::Host(text)) if central => format!("the central: {text}"),
        _ => return None,
    })
}

const fn tells_the_outcome(line: &Line) -> bool {
    matches!(
        line,
        Line::SecurityChanged { .. }
            | Line::SecurityFailed { .. }
            | Line::PairingComplete { .. }
            | Line::PhyUpdated { .. }
            | Line::Disconnected(_)
    )
}

/// What came of a run, in a few words.
#[must_use]
pub fn outcome(run: &Finished) -> String {
    let s = &run.summary;
    let what = match s.outcome {
        Verdict::Bonded => format!("bonded, level {}", s.security_level.unwrap_or(1)),
        Verdict::BondedThenLost => "bonded, but the link died".into(),
        Verdict::Unserved => "bonded, but requests by handle are refused".into(),
        // A later connection was to be encrypted, and was not.
        Verdict::Disconnected if run.facts.bonded.is_some() => {
            "bonded, but the link died before it was secure again".into()
        }
        Verdict::Disconnected => "no bond, the link died".into(),
        Verdict::PairingFailed => "no bond, pairing failed".into(),
        Verdict::Paired => {
            let who = if run.facts.bonded.is_some() { "central" } else { "peripheral" };
            format!("paired, level {}, and the {who} keeps no bond", s.security_level.unwrap_or(1))
        }
        Verdict::Timeout => {
            let what = match (run.story, run.facts.bonded) {
                (Story::Unpaired, _) => "not served",
                (Story::Stay, Some(_)) => "bonded, but it did not stay",
                (story, Some(_)) if story.comes_back() => "bonded, but it was not secure again",
                _ => "no bond",
            };
            // A run ends when nothing is under way any more, long before its time is up.
            let until = if run.is_at_rest() { ", and nothing more to come" } else { " in time" };
            [what, until].concat()
        }
        Verdict::Served => "served, and nobody paired".into(),
        Verdict::Resolved => "resolved as the rules say".into(),
        Verdict::Unresolved => "not resolved as the rules say".into(),
    };
    let reason = s.disconnect_reason.map_or_else(String::new, |r| format!(", reason {r}"));
    let error = s.security_err.map_or_else(String::new, |e| format!(", err {e}"));
    let attempts = match (run.story, run.pairing_attempts) {
        (Story::StaticPasskey, 1) => ", 1 attempt".into(),
        (Story::StaticPasskey, n) => format!(", {n} attempts"),
        _ => String::new(),
    };
    [what, attempts, error, reason].concat()
}

/// One line: scenario, who with whom, what came of it.
#[must_use]
pub fn verdict_line(run: &Finished) -> String {
    let s = &run.summary;
    let passed = match (run.expected, run.judgement.unexpected.is_empty(), run.is_at_rest()) {
        (false, ..) => "NOT as expected",
        (true, false, _) => "as expected, but rules were broken",
        (true, true, false) => "as expected, but it is not over",
        (true, true, true) => "as expected",
    };
    format!(
        "{}: {} with {}, seed {}: {} after {:.3} s simulated ({passed})",
        s.scenario,
        s.peripheral,
        s.central,
        s.seed,
        outcome(run),
        s.sim_seconds
    )
}

/// What came of each of several centrals, a line each, and why where it was not as wanted; empty
/// where there is one.
#[must_use]
pub fn centrals(run: &Finished) -> Vec<(String, Option<String>)> {
    if run.parties.is_empty() {
        return Vec::new();
    }
    let items = sniff(&run.records);
    let told = |party: &Party| {
        let why = (party.outcome != run.expects)
            .then(|| Why::party(run, &items, party).paragraph())
            .filter(|why| !why.is_empty());
        (party_line(party), why)
    };
    run.parties.iter().map(told).collect()
}

/// One of several centrals, and what came of it.
fn party_line(party: &Party) -> String {
    let what = match party.outcome {
        Verdict::Bonded if party.connections == 1 => "bonded".to_owned(),
        Verdict::Bonded => "bonded, and came back".to_owned(),
        Verdict::BondedThenLost => "bonded, came back, and the link died".to_owned(),
        Verdict::Disconnected => "the link died before it was secure".to_owned(),
        Verdict::PairingFailed => "pairing failed".to_owned(),
        Verdict::Paired => "paired, and not bonded".to_owned(),
        _ if party.connections == 0 => "never connected".to_owned(),
        _ => "not secure in time".to_owned(),
    };
    let level = party.security_level.map_or_else(String::new, |level| format!(", level {level}"));
    let error = party.security_err.map_or_else(String::new, |err| format!(", err {err}"));
    let reason = party.disconnect_reason.map_or_else(String::new, |r| format!(", reason {r}"));
    let of = match party.connections {
        1 => "1 connection".to_owned(),
        n => format!("{n} connections"),
    };
    format!("{}: {what}{level}{error}{reason} ({of})", party.central)
}

/// What a chip's program made of its processor, a line each; `None` without a chip.
#[must_use]
pub fn processor(run: &Finished) -> Option<String> {
    let cpu = run.summary.cpu.as_ref()?;
    let mut lines = vec![format!("awake {:.2} % of the time", cpu.awake_percent)];
    if let (Some(name), Some(us)) = (&cpu.longest_interrupt, cpu.longest_interrupt_us) {
        lines.push(format!("longest interrupt {us:.2} µs: {name}"));
    }
    if let Some(octets) = cpu.stack_octets {
        lines.push(format!("stack {octets} octets at most"));
    }
    lines.push(format!("missed connection events {}", cpu.missed_events));
    Some(lines.join("\n"))
}

/// Breaks text into lines of at most `width` characters, at spaces.
#[must_use]
pub fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let fits = lines.last().is_some_and(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width
        });
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_no_longer_than_asked() {
        assert_eq!(wrap("a bb ccc dddd", 6), "a bb\nccc\ndddd");
        assert_eq!(wrap("unbreakable", 3), "unbreakable");
    }
}
