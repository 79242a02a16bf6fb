//! `bletwin list`.

use std::io::Write;

use bletwin_models::profile::Profile;
use serde::Serialize;

use super::ending::Exit;
use super::style;
use bletwin_scenarios::catalogue;
use bletwin_setup::PRESETS;

/// A line of a list.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) text: String,
}

/// Kinds and their headings.
pub(super) type Sections = &'static [(&'static str, &'static str)];

const SECTIONS: Sections = &[
    ("scenario", "Scenarios (bletwin run NAME)"),
    ("peripheral", "Firmware presets (--peripheral NAME)"),
    ("central", "Centrals (--central NAME; `bletwin central list` adds the quirks)"),
];

pub(super) fn list(json: bool) -> anyhow::Result<Exit> {
    print(&entries(), SECTIONS, json)
}

pub(super) fn print(entries: &[Listed], sections: Sections, json: bool) -> anyhow::Result<Exit> {
    let mut out = anstream::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, entries)?;
        writeln!(out)?;
        return Ok(Exit::Expected);
    }
    for (kind, title) in sections {
        writeln!(out, "{}", style::heading(title))?;
        for entry in entries.iter().filter(|e| e.kind == *kind) {
            writeln!(out, "  {:<24} {}", entry.name, entry.text)?;
        }
        writeln!(out)?;
    }
    Ok(Exit::Expected)
}

fn entries() -> Vec<Listed> {
    let scenarios = catalogue::all().iter().map(|s| Listed {
        kind: "scenario",
        name: s.name.into(),
        text: s.text.into(),
    });
    let presets = PRESETS.iter().map(|name| Listed {
        kind: "peripheral",
        name: (*name).into(),
        text: match *name {
            "zephyr-2024" => "what the peripheral of the founding case did",
            _ => "nothing by itself while pairing; 2M and long PDUs after bonding",
        }
        .into(),
    });
    let centrals =
        Profile::all().into_iter().map(|p| Listed { kind: "central", name: p.name, text: p.about });
    scenarios.chain(presets).chain(centrals).collect()
}
