//! `bletwin learn`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use bletwin_explain::captured::Explained;
use bletwin_learn::{Change, FirmwareKey, Learned, Seen, SeenFirmware, learn as learned, not_seen};
use bletwin_models::profile::Profile;
use bletwin_setup::error::BadInput;
use bletwin_sniffer::NodeId;
use clap::Args;
use serde::Serialize;

use super::capture::{self, Capture, GivenKeys};
use super::ending::Exit;
use crate::output::{Output, Outputs};

/// Options of `bletwin learn`.
///
/// The built-in central that comes nearest is the base; only what contradicts it is written, each
/// key with the packets that show it, and what was not seen is said. The peripheral's side of the
/// same packets becomes keys of a firmware.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin learn case.pcapng -o my-laptop.toml\n  \
    bletwin learn monday.pcapng tuesday.pcapng -o my-laptop.toml   two captures of one device\n  \
    bletwin learn cafe.pcapng --device B                           where several were captured\n  \
    bletwin learn case.pcapng -o my-laptop.toml --firmware theirs.toml   the peripheral, too\n  \
    bletwin run pairing --central my-laptop.toml --peripheral theirs.toml\n\n\
    Exit status: 0 a central was learned, 2 bad input, 130 interrupted.")]
pub struct Learn {
    /// Captures, each of a session of its own, and hosts' logs, whose keys are used for all of
    /// them; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The profile to write; standard output if there is none.
    #[arg(short, long, value_name = "FILE.toml")]
    pub output: Option<PathBuf>,
    /// Write what the peripheral was seen to do into this file, as keys of a firmware for
    /// `--peripheral`, each with the packets that show it.
    #[arg(long, value_name = "FILE.toml")]
    pub firmware: Option<PathBuf>,
    /// Which central, by its letter in `bletwin explain`, where a file has several.
    #[arg(long, value_name = "LETTER")]
    pub device: Option<String>,
    /// Keys of links and of private addresses.
    #[command(flatten)]
    pub keys: GivenKeys,
    /// As JSON, see docs/JSON.md.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn learn(options: &Learn) -> anyhow::Result<Exit> {
    let read = options.files.iter().filter_map(|file| Some(("FILE", file.to_str()?)));
    let mut outputs = Outputs::reading(read);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let output = outputs.maybe("--output", options.output.as_deref())?;
    let firmware = outputs.maybe("--firmware", options.firmware.as_deref())?;
    let Some((learned, _)) = from(&options.files, &options.keys, options.device.as_deref())? else {
        return Ok(Exit::Interrupted);
    };
    let text = learned.toml("learned from captures");
    let base = learned.base.name.clone();
    let keys: usize = learned.changes.iter().map(|change| change.values.len()).sum();
    let seen = &learned.seen.firmware;
    let lines = seen.lines();
    let mut out = outputs.console();
    let told = !options.json;
    match output {
        Some(output) => {
            let path = write_to(output, &text)?;
            if told {
                let why = "the file says what shows each";
                writeln!(out, "{path}: as {base}, but for {keys} keys; {why}")?;
            }
        }
        None if told => write!(out, "{text}")?,
        None => {}
    }
    match firmware {
        Some(firmware) => {
            let path = write_to(firmware, &seen.toml())?;
            if told {
                let (number, base) = (lines.len(), seen.nearest());
                writeln!(out, "{path}: {number} keys of the peripheral, the rest as {base}")?;
            }
        }
        None if told && options.output.is_none() => {
            writeln!(out, "\n# The peripheral, as --firmware FILE.toml writes it:")?;
            writeln!(out, "# preset = {:?}", seen.nearest())?;
            lines.iter().try_for_each(|line| writeln!(out, "# {line}"))?;
        }
        None if told => {
            let number = lines.len();
            writeln!(out, "The peripheral: {number} keys seen; --firmware FILE.toml writes them")?;
        }
        None => {}
    }
    if options.json {
        serde_json::to_writer(&mut out, &Json::of(&learned))?;
        writeln!(out)?;
    }
    Ok(Exit::Expected)
}

/// Writes a file, and gives its path.
fn write_to(output: Output, text: &str) -> anyhow::Result<String> {
    let path = output.path().display().to_string();
    output.commit(|w| w.write_all(text.as_bytes())).with_context(|| format!("writing {path}"))?;
    Ok(path)
}

/// The central learned from captures, and the explanation of the last one; `None`: interrupted.
pub(super) fn from(
    files: &[PathBuf],
    keys: &GivenKeys,
    device: Option<&str>,
) -> anyhow::Result<Option<(Learned, Explained)>> {
    let mut seen = Seen::default();
    let mut last = None;
    let (mut air, mut logs) = (Vec::new(), Vec::new());
    for file in files {
        match capture::is_log(file, keys)? {
            Some(true) => logs.push(file.clone()),
            Some(false) => air.push(file.clone()),
            None => return Ok(None),
        }
    }
    for file in air {
        // A host's log has the keys of what was captured.
        let session = [std::slice::from_ref(&file), &logs].concat();
        let Some(capture) = Capture::read(&session, keys)? else { return Ok(None) };
        let explained = capture.explained;
        let central =
            which(&explained, device, &capture.report.known, &file.display().to_string())?;
        seen.add(&explained, central);
        last = Some(explained);
    }
    let Some(last) = last.filter(|_| seen.connections > 0) else {
        let help = match logs.is_empty() {
            true => "`bletwin explain` says what was; a sniffer has to be told whom to follow",
            false => {
                "a host's log has no packets of the air: name a sniffer's capture of the session \
                 beside it; `bletwin explain` tells what the log says"
            }
        };
        return Err(BadInput {
            what: "there is no central in it: no connection was captured".into(),
            help: help.into(),
        }
        .into());
    };
    Ok(Some((learned(&seen), last)))
}

/// The central that is meant; `None`: there is only one.
fn which(
    explained: &Explained,
    device: Option<&str>,
    known: &[NodeId],
    file: &str,
) -> Result<Option<NodeId>, BadInput> {
    let names = explained.names(false);
    let centrals: BTreeMap<String, NodeId> = explained
        .links
        .iter()
        .filter(|link| link.set_aside.is_none())
        .filter_map(|link| link.central)
        .map(|central| (names.device(central), central))
        .collect();
    let all: Vec<&str> = centrals.keys().map(String::as_str).collect();
    match device {
        Some(letter) => centrals.get(letter).copied().map(Some).ok_or_else(|| BadInput {
            what: format!("{file}: there is no central {letter}"),
            help: format!("its centrals are {}", all.join(", ")),
        }),
        // Of whom the user has a key, that is meant.
        None if centrals.len() > 1 => {
            let mut keyed = centrals.values().filter(|central| known.contains(central));
            match (keyed.next(), keyed.next()) {
                (Some(central), None) => Ok(Some(*central)),
                _ => Err(BadInput {
                    what: format!("{file} has several centrals: {}", all.join(", ")),
                    help: "name one with --device, or give the key of its private addresses with \
                           --irk; `bletwin explain` tells what each did"
                        .into(),
                }),
            }
        }
        None => Ok(None),
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Json {
    base: String,
    connections: usize,
    changes: Vec<Changed>,
    not_seen: Vec<String>,
    toml: String,
    firmware: Peripheral,
}

/// What the peripheral was seen to do.
#[derive(Serialize)]
struct Peripheral {
    preset: &'static str,
    keys: Vec<SeenKey>,
    not_seen: Vec<&'static str>,
    without_key: BTreeMap<&'static str, Vec<String>>,
    toml: String,
}

#[derive(Serialize)]
struct SeenKey {
    key: &'static str,
    value: String,
    shown_by: Vec<String>,
    seen: Option<String>,
}

impl Peripheral {
    fn of(seen: &SeenFirmware) -> Self {
        let preset = seen.nearest();
        let key = |found: FirmwareKey| SeenKey {
            key: found.key,
            value: found.value,
            shown_by: found.places,
            seen: found.range,
        };
        let others = seen.others();
        Self {
            preset,
            keys: seen.keys(preset).into_iter().map(key).collect(),
            not_seen: seen.not_seen(),
            without_key: others
                .map(|(what, all)| (what, all.values().cloned().collect()))
                .collect(),
            toml: seen.toml(),
        }
    }
}

#[derive(Serialize)]
struct Changed {
    keys: BTreeMap<&'static str, String>,
    shown_by: Vec<String>,
    seen: Option<String>,
}

impl Json {
    fn of(learned: &Learned) -> Self {
        let Profile { name, .. } = &learned.base;
        let changed = |change: &Change| Changed {
            keys: change.values.iter().map(|(key, value)| (*key, value.to_string())).collect(),
            shown_by: change.places.clone(),
            seen: change.range.clone(),
        };
        Self {
            base: name.clone(),
            connections: learned.seen.connections,
            changes: learned.changes.iter().map(changed).collect(),
            not_seen: not_seen(&learned.seen),
            toml: learned.toml("learned from captures"),
            firmware: Peripheral::of(&learned.seen.firmware),
        }
    }
}
