//! `bletwin central`: descriptions of centrals.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bletwin_models::profile::{Entry, Profile, catalogue};

use super::args::Central;
use super::ending::{Exit, warn};
use super::list::{self, Listed};
use super::style;
use crate::output::Output;
use crate::program;
use bletwin_setup::centrals;
use bletwin_setup::error::{BadInput, unknown_name_or_file};

pub(super) fn central(command: &Central) -> anyhow::Result<Exit> {
    match command {
        Central::List { json } => list::print(&listed(), SECTIONS, *json),
        Central::Show { name, all: true, json } => show_all(name, *json),
        Central::Show { name, all: false, .. } => show(name),
        Central::Check { file } => check(file),
        Central::New { name, extends } => new(name, extends),
    }
}

const SECTIONS: list::Sections = &[
    ("central", "Centrals (--central NAME)"),
    (
        "quirk",
        "Quirks: centrals that do one thing in their own way, and `quirks = [NAME]` in files",
    ),
];

fn listed() -> Vec<Listed> {
    let of = |kind, entries: Vec<Entry>| {
        let listed = move |entry: Entry| {
            let Profile { name, about, .. } = entry.profile;
            Listed { kind, name, text: entry.quirk.map_or(about, |quirk| quirk.title) }
        };
        entries.into_iter().map(listed)
    };
    of("central", catalogue::centrals()).chain(of("quirk", catalogue::quirks())).collect()
}

fn show_all(reference: &str, json: bool) -> anyhow::Result<Exit> {
    let entry = centrals::find(reference)?;
    warn(&centrals::warnings(&entry));
    match json {
        true => print_json(&centrals::json(&entry))?,
        false => write!(anstream::stdout().lock(), "{}", centrals::flat(&entry))?,
    }
    Ok(Exit::Expected)
}

/// One object on standard output.
pub(super) fn print_json(object: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    serde_json::to_writer_pretty(&mut out, object)?;
    writeln!(out)?;
    Ok(())
}

fn show(name: &str) -> anyhow::Result<Exit> {
    if bletwin_models::profile::is_file(name) {
        let what = format!("{name} is a file of yours");
        let help = format!("`bletwin central show {name} --all` shows every value that it gives");
        return Err(BadInput { what, help }.into());
    }
    let text = catalogue::text(name).ok_or_else(|| {
        let names: Vec<&str> = catalogue::names().collect();
        unknown_name_or_file("central", name, &names, "`bletwin central list` shows all")
    })?;
    write!(anstream::stdout().lock(), "{text}")?;
    Ok(Exit::Expected)
}

fn check(file: &Path) -> anyhow::Result<Exit> {
    let reference = file.to_string_lossy();
    if !bletwin_models::profile::is_file(&reference) {
        let what = format!("{reference} does not end in .toml");
        let help = "give a file such as my-laptop.toml; `bletwin central new` begins one".into();
        return Err(BadInput { what, help }.into());
    }
    let entry = centrals::find(&reference)?;
    warn(&centrals::warnings(&entry));
    let profile = entry.profile;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{} {}", style::good("ok"), profile.name)?;
    if !profile.about.is_empty() {
        writeln!(out, "{}", profile.about)?;
    }
    writeln!(
        out,
        "{}",
        style::faint(&format!("{} run pairing --central {reference}", program::name()))
    )?;
    Ok(Exit::Expected)
}

fn new(name: &str, extends: &str) -> anyhow::Result<Exit> {
    let base = centrals::find(extends)?.profile;
    let taken: Vec<&str> = catalogue::names().collect();
    begin("central", name, &taken, &centrals::template(extends, &base))
}

/// Writes NAME.toml for `bletwin KIND new NAME`. A taken name means the built-in one, even beside
/// such a file.
pub(super) fn begin(kind: &str, name: &str, taken: &[&str], text: &str) -> anyhow::Result<Exit> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let whole = !name.is_empty() && !name.starts_with('-') && name.len() <= 64;
    if !whole || !name.chars().all(plain) {
        let what = format!("`{name}` is no name for a {kind}");
        let help = "use letters, digits and hyphens: my-laptop".into();
        return Err(BadInput { what, help }.into());
    }
    if taken.contains(&name) {
        let what = format!("`{name}` is built in: `--{kind} {name}` would not mean the file");
        let help = format!("choose another name, such as `my-{name}`");
        return Err(BadInput { what, help }.into());
    }
    let path = PathBuf::from(format!("{name}.toml"));
    if path.exists() {
        let what = format!("{} exists", path.display());
        return Err(BadInput { what, help: "choose another name, or move it away".into() }.into());
    }
    Output::prepare(&path)?
        .commit(|w| w.write_all(text.as_bytes()))
        .with_context(|| format!("writing {}", path.display()))?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{} written; take the `# ` off what you know better", path.display())?;
    writeln!(
        out,
        "{}",
        style::faint(&format!("{} {kind} check {}", program::name(), path.display()))
    )?;
    Ok(Exit::Expected)
}
