//! `bletwin learn`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use bletwin_explain::captured::Explained;
use bletwin_learn::{Change, Learned, Seen, learn as learned, not_seen};
use bletwin_models::profile::Profile;
use bletwin_setup::error::BadInput;
use bletwin_sniffer::NodeId;
use clap::Args;
use serde::Serialize;

use super::capture::Capture;
use super::ending::Exit;
use crate::output::Outputs;

/// Options of `bletwin learn`.
///
/// The built-in central that comes nearest is the base; only what contradicts it is written, each
/// key with the packets that show it, and what was not seen is said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin learn case.pcapng -o my-laptop.toml\n  \
    bletwin learn monday.pcapng tuesday.pcapng -o my-laptop.toml   two captures of one device\n  \
    bletwin learn cafe.pcapng --device B                           where several were captured\n  \
    bletwin run pairing --central my-laptop.toml\n\n\
    Exit status: 0 a central was learned, 2 bad input, 130 interrupted.")]
pub struct Learn {
    /// Captures, each of a session of its own; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The profile to write; standard output if there is none.
    #[arg(short, long, value_name = "FILE.toml")]
    pub output: Option<PathBuf>,
    /// Which central, by its letter in `bletwin explain`, where a file has several.
    #[arg(long, value_name = "LETTER")]
    pub device: Option<String>,
    /// Long term key of a bond, 32 hexadecimal digits. May be repeated.
    #[arg(long, value_name = "HEX")]
    pub ltk: Vec<String>,
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
    let Some((learned, _)) = from(&options.files, &options.ltk, options.device.as_deref())? else {
        return Ok(Exit::Interrupted);
    };
    let text = learned.toml("learned from captures");
    let base = learned.base.name.clone();
    let keys: usize = learned.changes.iter().map(|change| change.values.len()).sum();
    let mut out = outputs.console();
    if let Some(output) = output {
        let path = output.path().display().to_string();
        output
            .commit(|w| w.write_all(text.as_bytes()))
            .with_context(|| format!("writing {path}"))?;
        if !options.json {
            writeln!(out, "{path}: as {base}, but for {keys} keys; the file says what shows each")?;
        }
    } else if !options.json {
        write!(out, "{text}")?;
    }
    if options.json {
        serde_json::to_writer(&mut out, &Json::of(&learned))?;
        writeln!(out)?;
    }
    Ok(Exit::Expected)
}

/// The central learned from captures, and the explanation of the last one; `None`: interrupted.
pub(super) fn from(
    files: &[PathBuf],
    ltk: &[String],
    device: Option<&str>,
) -> anyhow::Result<Option<(Learned, Explained)>> {
    let mut seen = Seen::default();
    let mut last = None;
    for file in files {
        let Some(capture) = Capture::read(std::slice::from_ref(file), ltk)? else {
            return Ok(None);
        };
        let explained = capture.explained;
        let central = which(&explained, device, &file.display().to_string())?;
        seen.add(&explained, central);
        last = Some(explained);
    }
    let Some(last) = last.filter(|_| seen.connections > 0) else {
        return Err(BadInput {
            what: "there is no central in it: no connection was captured".into(),
            help: "`bletwin explain` says what was; a sniffer has to be told whom to follow".into(),
        }
        .into());
    };
    Ok(Some((learned(&seen), last)))
}

/// The central that is meant; `None`: there is only one.
fn which(
    explained: &Explained,
    device: Option<&str>,
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
        None if centrals.len() > 1 => Err(BadInput {
            what: format!("{file} has several centrals: {}", all.join(", ")),
            help: "name one with --device; `bletwin explain` tells what each did".into(),
        }),
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
        }
    }
}
