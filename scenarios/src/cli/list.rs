//! `bletwin list`.

use std::io::Write;

use bletwin_models::profile::Profile;
use serde::Serialize;

use super::{Exit, style};
use crate::catalogue;
use crate::setup::PRESETS;

#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    name: String,
    text: String,
}

pub(super) fn list(json: bool) -> anyhow::Result<Exit> {
    let entries = entries();
    let mut out = anstream::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &entries)?;
        writeln!(out)?;
        return Ok(Exit::Expected);
    }
    for (kind, title) in [
        ("scenario", "Scenarios (bletwin run NAME)"),
        ("peripheral", "Firmware presets (--peripheral NAME)"),
        ("central", "Centrals (--central NAME)"),
    ] {
        writeln!(out, "{}", style::heading(title))?;
        for entry in entries.iter().filter(|e| e.kind == kind) {
            writeln!(out, "  {:<24} {}", entry.name, entry.text)?;
        }
        writeln!(out)?;
    }
    Ok(Exit::Expected)
}

fn entries() -> Vec<Entry> {
    let scenarios = catalogue::all().iter().map(|s| Entry {
        kind: "scenario",
        name: s.name.into(),
        text: s.text.into(),
    });
    let presets = PRESETS.iter().map(|name| Entry {
        kind: "peripheral",
        name: (*name).into(),
        text: match *name {
            "zephyr-2024" => "what the peripheral of the founding case did",
            _ => "nothing by itself while pairing; 2M and long PDUs after bonding",
        }
        .into(),
    });
    let centrals =
        Profile::all().into_iter().map(|p| Entry { kind: "central", name: p.name, text: p.about });
    scenarios.chain(presets).chain(centrals).collect()
}
