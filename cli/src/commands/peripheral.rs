//! `bletwin peripheral`: descriptions of firmware.

use crate::program;
use std::io::Write;
use std::path::Path;

use super::args::Peripheral;
use super::ending::{Exit, warn};
use super::{central, style};
use bletwin_setup::error::BadInput;
use bletwin_setup::{self as setup, Firmware};

pub(super) fn peripheral(command: &Peripheral) -> anyhow::Result<Exit> {
    match command {
        Peripheral::Show { name, json } => show(name, *json),
        Peripheral::Check { file } => check(file),
        Peripheral::New { name, preset } => new(name, preset),
    }
}

fn show(name: &str, json: bool) -> anyhow::Result<Exit> {
    let firmware = Firmware::find(name)?;
    warn(&firmware.warnings());
    match json {
        true => central::print_json(&firmware.json())?,
        false => write!(anstream::stdout().lock(), "{}", firmware.flat())?,
    }
    Ok(Exit::Expected)
}

fn check(file: &Path) -> anyhow::Result<Exit> {
    let reference = file.to_string_lossy();
    if !reference.ends_with(".toml") {
        let what = format!("{reference} does not end in .toml");
        let help = "give a file such as mine.toml; `bletwin peripheral new` begins one".into();
        return Err(BadInput { what, help }.into());
    }
    let firmware = Firmware::find(&reference)?;
    warn(&firmware.warnings());
    let changed = firmware.departures().join(", ");
    let mut out = anstream::stdout().lock();
    writeln!(out, "{} {reference}", style::good("ok"))?;
    match changed.as_str() {
        "" => writeln!(out, "as {}", firmware.preset)?,
        keys => writeln!(out, "{} but for {keys}", firmware.preset)?,
    }
    writeln!(
        out,
        "{}",
        style::faint(&format!("{} run pairing --peripheral {reference}", program::name()))
    )?;
    Ok(Exit::Expected)
}

fn new(name: &str, preset: &str) -> anyhow::Result<Exit> {
    central::begin("peripheral", name, &setup::PRESETS, &setup::template(preset)?)
}
