//! `bletwin match`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use bletwin_explain::report::wrap;
use bletwin_explain::why::Why;
use bletwin_models::controller::ControllerQuirks;
use bletwin_models::profile::{Entry, Profile, catalogue as profiles};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::{PRESETS, Setup};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use super::capture::GivenKeys;
use super::ending::Exit;
use super::style;
use crate::interrupt;
use crate::output::Outputs;

mod asked;

use asked::{Asked, Pairing};

/// How wide a line is at most, in characters.
const WIDTH: usize = 88;
/// Maximum number of printed candidates.
const PRINTED: usize = 8;

/// Options of `bletwin match`.
///
/// Plays every central and every quirk of the catalogue against the firmware, and ranks them by how
/// well what comes of it fits what a log or a capture says.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin match --log 'Disconnected (reason 8)' --log 'level 1 err 9' --after 15\n  \
    bletwin match --log 'disconnect; reason=531'          as NimBLE prints it\n  \
    bletwin match --log uart.log                          its times are read, too\n  \
    bletwin match case.pcapng                             a capture of it\n  \
    bletwin match --log 'reason 0x3d' --peripheral my-firmware.toml\n\n\
    Reads lines of Zephyr, NimBLE, ESP-IDF and SoftDevice: the reason of a disconnection, and the\n\
    error of pairing. A log does not say why: `bletwin explain` of a capture does.\n\n\
    Exit status: 0 something fits, 1 nothing does, 2 bad input, 130 interrupted.")]
pub struct Match {
    /// Captures and HCI logs of one session, instead of lines of a log.
    #[arg(value_name = "FILE", conflicts_with = "log", required_unless_present = "log")]
    pub files: Vec<PathBuf>,
    /// A line of the firmware's log, or a file of them. May be repeated.
    #[arg(long, value_name = "LINE|FILE")]
    pub log: Vec<String>,
    /// Seconds from connecting to the end.
    #[arg(long, value_name = "SECONDS")]
    pub after: Option<f64>,
    /// Firmware preset or TOML file; both presets if there is none.
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub peripheral: Option<String>,
    /// Scenario that was tried; if nothing is said, what a capture is an example of, else pairing.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Keys of links and of private addresses.
    #[command(flatten)]
    pub keys: GivenKeys,
    /// As JSON, see docs/JSON.md.
    #[arg(long)]
    pub json: bool,
}

/// The result of a central with a firmware.
#[derive(Clone, Debug, Serialize)]
struct Candidate {
    central: String,
    peripheral: String,
    reason: Option<u8>,
    err: Option<u8>,
    pairing: Option<Pairing>,
    after: Option<f64>,
    /// What the outcome depends on there.
    decisive: Vec<String>,
    agrees: Vec<&'static str>,
    differs: Vec<&'static str>,
    #[serde(skip)]
    distance: u64,
}

pub(super) fn fits(options: &Match) -> anyhow::Result<Exit> {
    let read = options.files.iter().filter_map(|file| Some(("FILE", file.to_str()?)));
    let mut outputs = Outputs::reading(read);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let Some(asked) = Asked::of(options)? else { return Ok(Exit::Interrupted) };
    let scenario = match (&options.scenario, asked.scenario) {
        (Some(name), _) => catalogue::pairing_by_name(name)?,
        (None, seen) => catalogue::by_name(seen.unwrap_or("pairing"))?,
    };
    let firmware: Vec<&str> = match &options.peripheral {
        Some(one) => vec![one.as_str()],
        None => PRESETS.to_vec(),
    };
    let entries: Vec<Entry> = profiles::centrals().into_iter().chain(profiles::quirks()).collect();
    let mut cases = Vec::new();
    for peripheral in &firmware {
        let base = Setup::new(peripheral, "honest", 1)?;
        cases.extend(entries.iter().map(|entry| (base.clone(), &entry.profile)));
    }
    let played =
        cases.into_par_iter().map(|(setup, central)| candidate(scenario, setup, central, &asked));
    let mut all: Vec<Candidate> = played.collect();
    if interrupt::requested() {
        return Ok(Exit::Interrupted);
    }
    all.retain(|one| !one.agrees.is_empty());
    all.sort_by_key(|one| (one.differs.len(), one.distance, one.central.clone()));
    let best = all.first().map_or(usize::MAX, |one| one.differs.len());
    let fitting = all.iter().any(|one| one.differs.is_empty());
    all.retain(|one| one.differs.len() == best);
    let mut out = outputs.console();
    if options.json {
        let json = serde_json::json!({ "said": asked, "candidates": all });
        serde_json::to_writer(&mut out, &json)?;
        writeln!(out)?;
    } else {
        words(&asked, &all, fitting, &mut out)?;
    }
    Ok(if fitting { Exit::Expected } else { Exit::Unexpected })
}

fn candidate(
    scenario: &'static catalogue::Scenario,
    mut setup: Setup,
    central: &Profile,
    asked: &Asked,
) -> Candidate {
    setup.made_up =
        central.breaks.is_empty() && central.controller.quirks != ControllerQuirks::default();
    setup.central = central.clone();
    let mut stage = Stage::new(scenario, &setup).unhashed();
    stage.run(|| false);
    let run = stage.finish();
    let ended = run.facts.connected.zip(run.ending);
    let after = ended.map(|(from, (to, _))| to.since(from).as_us() as f64 / 1e6);
    let (reason, err) = (run.summary.disconnect_reason, run.summary.security_err);
    let (mut agrees, mut differs) = (Vec::new(), Vec::new());
    let why = Why::of(&run);
    let places = why.hypotheses.first().filter(|_| !run.expected);
    let places = places.map(|one| one.places.as_slice()).unwrap_or_default();
    let named = places.iter().filter_map(|at| why.account.pdu(*at)).map(|pdu| pdu.name());
    let decisive: Vec<String> = named.collect();
    let pairing = Pairing::of(err, &why.account);
    let mut hold = |name, wanted: bool, is: bool| match (wanted, is) {
        (false, _) => {}
        (true, true) => agrees.push(name),
        (true, false) => differs.push(name),
    };
    hold("reason", asked.reason.is_some(), asked.reason == reason);
    hold("err", asked.err.is_some(), asked.err == err);
    hold("pairing", asked.pairing.is_some(), asked.pairing == pairing);
    hold("decisive PDUs", !asked.decisive.is_empty(), asked.decisive == decisive);
    let mut distance = 0;
    if let Some(wanted) = asked.after {
        let off = after.map_or(f64::MAX, |after| (after - wanted).abs());
        // What people read off a log is a second or two off, or a fifth.
        let near = off <= (wanted / 5.0).max(2.0);
        if near {
            agrees.push("time");
        } else {
            differs.push("time");
        }
        distance = (off.min(1e9) * 1e3) as u64;
    }
    Candidate {
        central: central.name.clone(),
        peripheral: setup.peripheral_name,
        reason,
        err,
        pairing,
        after,
        decisive,
        agrees,
        differs,
        distance,
    }
}

fn words(
    asked: &Asked,
    all: &[Candidate],
    fitting: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let number = |name, code: Option<u8>| code.map(|code| format!("{name} {code}"));
    writeln!(out, "{}: {}", style::heading("Asked for"), asked.words())?;
    let heading = match fitting {
        true => "Fits, the best first",
        false => "Nothing fits; what comes nearest",
    };
    writeln!(out, "\n{}", style::heading(heading))?;
    let mut turns: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in all.iter().take(PRINTED) {
        let turns_on = match one.decisive.as_slice() {
            [] => String::new(),
            pdus => format!("; turns on {}", pdus.join(" and ")),
        };
        let after = one.after.map_or_else(String::new, |after| format!(" after {after:.1} s"));
        // Another stack has no `err`, and says it in words.
        let pairing = one.pairing.filter(|_| asked.pairing.is_some()).map(Pairing::words);
        let err = one.err.filter(|_| pairing.is_none());
        let shown = [number("reason", one.reason), number("err", err), pairing];
        let shown: Vec<String> = shown.into_iter().flatten().collect();
        let against = match one.differs.as_slice() {
            [] => String::new(),
            differs => format!("; against it: {}", differs.join(", ")),
        };
        let line = format!(
            "{} with {}: {}{after}{turns_on}{against}",
            one.central,
            one.peripheral,
            shown.join(", ")
        );
        writeln!(out, "{}", wrap(&line, WIDTH))?;
        turns.entry(one.decisive.join(" and ")).or_default().push(&one.central);
    }
    if all.len() > PRINTED {
        writeln!(out, "and {} more", all.len() - PRINTED)?;
    }
    if turns.len() > 1 {
        let apart: Vec<String> = turns
            .iter()
            .map(|(pdus, who)| {
                let pdus = if pdus.is_empty() { "no PDU" } else { pdus };
                format!("{pdus}: {}", who.join(", "))
            })
            .collect();
        let text = format!(
            "A capture would tell them apart, by what comes last before the trouble: {}.",
            apart.join("; ")
        );
        writeln!(out, "\n{}", wrap(&text, WIDTH))?;
    }
    Ok(())
}
