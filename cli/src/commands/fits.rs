//! `bletwin match`.

use std::collections::BTreeMap;
use std::io::Write;

use bletwin_explain::codes::{Layer, spoken_of};
use bletwin_explain::report::wrap;
use bletwin_explain::why::Why;
use bletwin_models::controller::ControllerQuirks;
use bletwin_models::profile::{Entry, Profile, catalogue as profiles};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::error::BadInput;
use bletwin_setup::{PRESETS, Setup};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use super::ending::Exit;
use super::style;
use crate::output::Outputs;

/// How wide a line is at most, in characters.
const WIDTH: usize = 88;
/// Most candidates that are told.
const TOLD: usize = 8;

/// Options of `bletwin match`.
///
/// Plays every central and every quirk of the catalogue against the firmware, and ranks them by how
/// well what comes of it fits what a log says.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin match --log 'Disconnected (reason 8)' --log 'level 1 err 9' --after 15\n  \
    bletwin match --log 'disconnect; reason=531'          as NimBLE prints it\n  \
    bletwin match --log 'reason 0x3d' --peripheral my-firmware.toml\n\n\
    Reads lines of Zephyr, NimBLE, ESP-IDF and SoftDevice: the reason of a disconnection, and the\n\
    error of pairing. A log does not say why: `bletwin explain` of a capture does.\n\n\
    Exit status: 0 something fits, 1 nothing does, 2 bad input.")]
pub struct Match {
    /// A line of the firmware's log. May be repeated.
    #[arg(long, value_name = "LINE", required = true)]
    pub log: Vec<String>,
    /// Seconds from connecting to the end.
    #[arg(long, value_name = "SECONDS")]
    pub after: Option<f64>,
    /// Firmware preset or TOML file; both presets if there is none.
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub peripheral: Option<String>,
    /// Scenario that was tried.
    #[arg(long, value_name = "NAME", default_value = "pairing")]
    pub scenario: String,
    /// As JSON, see docs/JSON.md.
    #[arg(long)]
    pub json: bool,
}

/// What the lines say.
#[derive(Clone, Copy, Debug, Serialize)]
struct Said {
    reason: Option<u8>,
    err: Option<u8>,
    after: Option<f64>,
}

/// What a central and a firmware come to.
#[derive(Clone, Debug, Serialize)]
struct Candidate {
    central: String,
    peripheral: String,
    reason: Option<u8>,
    err: Option<u8>,
    after: Option<f64>,
    /// What it turns on there.
    decisive: Vec<String>,
    agrees: Vec<&'static str>,
    differs: Vec<&'static str>,
    #[serde(skip)]
    distance: u64,
}

pub(super) fn fits(options: &Match) -> anyhow::Result<Exit> {
    let mut outputs = Outputs::reading([]);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let said = said(options)?;
    let scenario = catalogue::pairing_by_name(&options.scenario)?;
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
        cases.into_par_iter().map(|(setup, central)| candidate(scenario, setup, central, said));
    let mut all: Vec<Candidate> = played.collect();
    all.retain(|one| !one.agrees.is_empty());
    all.sort_by_key(|one| (one.differs.len(), one.distance, one.central.clone()));
    let best = all.first().map_or(usize::MAX, |one| one.differs.len());
    let fitting = all.iter().any(|one| one.differs.is_empty());
    all.retain(|one| one.differs.len() == best);
    let mut out = outputs.console();
    if options.json {
        let json = serde_json::json!({ "said": said, "candidates": all });
        serde_json::to_writer(&mut out, &json)?;
        writeln!(out)?;
    } else {
        words(said, &all, fitting, &mut out)?;
    }
    Ok(if fitting { Exit::Expected } else { Exit::Unexpected })
}

/// Reads lines of logs: whose number stands where.
fn said(options: &Match) -> Result<Said, BadInput> {
    let mut said = Said { reason: None, err: None, after: options.after };
    for code in options.log.iter().flat_map(|line| spoken_of(&plain(line))) {
        match code.layer {
            Layer::Hci => said.reason = said.reason.or(Some(code.code)),
            Layer::Zephyr => said.err = said.err.or(Some(code.code)),
            _ => {}
        }
    }
    if said.reason.is_none() && said.err.is_none() {
        return Err(BadInput {
            what: "no line names a reason or an err".into(),
            help: "give the line with the number, as 'Disconnected (reason 8)' or 'err 9'".into(),
        });
    }
    Ok(said)
}

/// A line as [`spoken_of`] reads it: `reason=531;` is `reason 531`.
fn plain(line: &str) -> String {
    let strange = |c: char| matches!(c, '=' | ':' | ';' | '(' | ')' | ',' | '[' | ']');
    line.replace(strange, " ")
}

fn candidate(
    scenario: &'static catalogue::Scenario,
    mut setup: Setup,
    central: &Profile,
    said: Said,
) -> Candidate {
    setup.made_up =
        central.breaks.is_empty() && central.controller.quirks != ControllerQuirks::default();
    setup.central = central.clone();
    let mut stage = Stage::new(scenario, &setup);
    stage.run(|| false);
    let run = stage.finish();
    let ended = run.facts.connected.zip(run.ending);
    let after = ended.map(|(from, (to, _))| to.since(from).as_us() as f64 / 1e6);
    let (reason, err) = (run.summary.disconnect_reason, run.summary.security_err);
    let (mut agrees, mut differs) = (Vec::new(), Vec::new());
    let mut hold = |name, wanted: Option<u8>, is: Option<u8>| {
        if wanted.is_some() {
            if wanted == is { agrees.push(name) } else { differs.push(name) }
        }
    };
    hold("reason", said.reason, reason);
    hold("err", said.err, err);
    let mut distance = 0;
    if let Some(wanted) = said.after {
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
    let why = Why::of(&run);
    let places = why.hypotheses.first().filter(|_| !run.expected);
    let places = places.map(|one| one.places.as_slice()).unwrap_or_default();
    let named = places.iter().filter_map(|at| why.account.pdu(*at)).map(|pdu| pdu.name());
    Candidate {
        central: central.name.clone(),
        peripheral: setup.peripheral_name,
        reason,
        err,
        after,
        decisive: named.collect(),
        agrees,
        differs,
        distance,
    }
}

fn words(said: Said, all: &[Candidate], fitting: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let number = |name, code: Option<u8>| code.map(|code| format!("{name} {code}"));
    let time = said.after.map(|after| format!("after {after} s"));
    let asked = [number("reason", said.reason), number("err", said.err), time];
    let asked: Vec<String> = asked.into_iter().flatten().collect();
    writeln!(out, "{}: {}", style::heading("Asked for"), asked.join(", "))?;
    let heading = match fitting {
        true => "Fits, the best first",
        false => "Nothing fits; what comes nearest",
    };
    writeln!(out, "\n{}", style::heading(heading))?;
    let mut turns: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in all.iter().take(TOLD) {
        let turns_on = match one.decisive.as_slice() {
            [] => String::new(),
            pdus => format!("; turns on {}", pdus.join(" and ")),
        };
        let after = one.after.map_or_else(String::new, |after| format!(" after {after:.1} s"));
        let shown = [number("reason", one.reason), number("err", one.err)];
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
    if all.len() > TOLD {
        writeln!(out, "and {} more", all.len() - TOLD)?;
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
