//! `bletwin chip configure`: the configuration page of a chip's firmware, in a file or on a chip.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::ending::{Exit, warn};
use crate::output::{Output, Outputs};
use crate::program;
use bletwin_setup::Firmware;
use bletwin_setup::chip::file::{self, ADDRESS, Content};
use bletwin_setup::chip::{describe, set};
use bletwin_setup::error::BadInput;
use settings::{Found, KEYS, Settings};

/// Chooses what the firmware reads at its start: one build serves all.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct Configure {
    /// The firmware: an ELF file as the compiler writes it, or Intel HEX. Without one, the page
    /// alone is meant, which a programmer writes beside a firmware that is there already.
    #[arg(value_name = "FILE")]
    firmware: Option<PathBuf>,
    /// Take preset and keys from this description of firmware, as `--peripheral` has it. A key that
    /// the page cannot hold is an error. The address stays as it is.
    #[arg(long, value_name = "DESCRIPTION.toml")]
    from: Option<String>,
    /// Choose this, on top of what the file and --from have chosen; `--set help` lists everything.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Write the firmware with its page there, in the format of FILE; without FILE the page alone,
    /// as Intel HEX.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Print what is chosen.
    #[arg(long)]
    show: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    /// Write the page alone onto the chip that is connected, with probe-rs, and start it anew.
    /// Bonds and program stay.
    #[arg(long)]
    probe: bool,
    /// With --probe: print the commands instead.
    #[arg(long, requires = "probe")]
    dry_run: bool,
}

const AFTER: &str = "Examples:\n  \
    bletwin chip configure fw.elf --set passkey=123456 -o mine.elf   then flash mine.elf, or\n  \
    bletwin run pairing --peripheral elf=mine.elf                    try it first\n  \
    bletwin chip configure fw.hex --set preset=zephyr-2024 -o case.hex\n  \
    bletwin chip configure fw.elf --from my-lamp.toml -o mine.elf\n  \
    bletwin chip configure mine.elf --show\n  \
    bletwin chip configure --set passkey=none -o page.hex            for nrfutil or J-Link\n  \
    bletwin chip configure --set passkey=none --probe --dry-run\n\n\
    The page lies at 0x0003B000, has two copies with a CRC, and is never written by the firmware.\n\
    A blank or damaged one leaves the firmware its defaults; its log says which it was. Flashing\n\
    a file without a page leaves the one on the chip as it is.";

pub(super) fn configure(options: &Configure) -> anyhow::Result<Exit> {
    if options.set.iter().any(|one| one == "help") {
        return print_keys();
    }
    let given = options.firmware.as_deref().map(read).transpose()?;
    let content = given.as_deref().map(file::read).transpose()?;
    let mut settings = chosen(content.as_ref());
    if let Some(name) = &options.from {
        let firmware = Firmware::find(name)?;
        warn(&firmware.warnings());
        settings = describe(&firmware, &settings)?;
    }
    for assignment in &options.set {
        let (name, value) = assignment.split_once('=').ok_or_else(|| BadInput {
            what: format!("`{assignment}` is not KEY=VALUE"),
            help: "for example `--set passkey=123456`; `--set help` lists the keys".into(),
        })?;
        set(&mut settings, name.trim(), value.trim())?;
    }
    if !options.show && !options.json && !options.probe && options.output.is_none() {
        return Err(BadInput {
            what: "nothing is to be done with it".into(),
            help: "-o OUT writes a file, --probe onto a chip, --show prints what is chosen".into(),
        }
        .into());
    }
    let firmware = options.firmware.iter().filter_map(|file| Some(("FILE", file.to_str()?)));
    let described = options.from.iter().map(|file| ("--from", file.as_str()));
    let mut outputs = Outputs::reading(firmware.chain(described));
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let output = outputs.maybe("--output", options.output.as_deref())?;
    if let Some(output) = output {
        let octets = match &given {
            Some(given) => file::write(given, &settings)?,
            None => file::page(&settings).into_bytes(),
        };
        write(output, &octets)?;
    }
    // What was asked for is told of the file as it was, unless it is changed.
    let changed = !options.set.is_empty() || options.from.is_some() || options.output.is_some();
    let found = content.filter(|_| !changed).map_or(Found::Both(settings), |content| content.found);
    let mut out = outputs.console();
    if options.json {
        serde_json::to_writer(&mut out, &told(found, settings, content.as_ref()))?;
        writeln!(out)?;
    } else if options.show {
        writeln!(out, "configuration page: {found}")?;
        for key in KEYS {
            let value = settings.value(key.name).map(|value| value.to_string());
            writeln!(out, "  {:<12}{}", key.name, value.unwrap_or_default())?;
        }
    }
    if options.probe {
        probe(&settings, options.dry_run, &mut out)?;
    }
    Ok(Exit::Expected)
}

/// What counts so far: what the file has, else its defaults.
fn chosen(content: Option<&Content>) -> Settings {
    let Some(Content { found, defaults, .. }) = content else { return Settings::default() };
    found.settings().or(*defaults).unwrap_or_default()
}

fn read(path: &Path) -> Result<Vec<u8>, BadInput> {
    let unreadable = |why: String| BadInput {
        what: format!("cannot read {}: {why}", path.display()),
        help: "`bletwin chip build` builds a firmware and says where its file is".into(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if metadata.len() > file::SIZE_MAX {
        return Err(unreadable(format!("it has {} octets", metadata.len())));
    }
    std::fs::read(path).map_err(|error| unreadable(error.to_string()))
}

fn write(output: Output, octets: &[u8]) -> anyhow::Result<()> {
    let path = output.path().to_owned();
    output.commit(|w| w.write_all(octets)).with_context(|| format!("writing {}", path.display()))
}

fn told(found: Found, settings: Settings, content: Option<&Content>) -> Value {
    let values = |settings: Settings| -> Value {
        let one = |name| settings.value(name).map(|value| value.to_string());
        KEYS.iter().map(|key| (key.name.to_owned(), json!(one(key.name)))).collect()
    };
    let page = match found {
        Found::Blank => "blank",
        Found::Both(_) => "two copies",
        Found::One(_) => "one copy",
        Found::Newer(_) => "newer",
        Found::Damaged => "damaged",
    };
    json!({
        "address": content.map_or(ADDRESS, |content| content.address),
        "page": page,
        "settings": values(settings),
        "defaults": content.and_then(|content| content.defaults).map(values),
    })
}

fn print_keys() -> anyhow::Result<Exit> {
    let mut out = anstream::stdout().lock();
    for key in KEYS {
        writeln!(out, "{:<12}{}\n            {}", key.name, key.takes, key.about)?;
    }
    Ok(Exit::Expected)
}

/// probe-rs's name of the chip.
const CHIP: &str = "nRF52840_xxAA";

/// Writes the page onto the chip that is connected.
fn probe(settings: &Settings, dry_run: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let mut page = tempfile::Builder::new().prefix("page").suffix(".hex").tempfile()?;
    page.write_all(file::page(settings).as_bytes())?;
    let path = page.path().to_owned();
    let path = path.to_str().context("the folder for temporary files has a strange name")?;
    let download = ["download", "--chip", CHIP, "--binary-format", "hex", path];
    let commands = [&download[..], &["reset", "--chip", CHIP]];
    if dry_run {
        writeln!(out, "# {path}: {} octets at 0x{ADDRESS:08x}", settings::PAGE)?;
        for words in commands {
            writeln!(out, "probe-rs {}", words.join(" "))?;
        }
        let (_, _) = page.keep()?;
        return Ok(());
    }
    for words in commands {
        let mut command = Command::new("probe-rs");
        command.args(words).stdin(Stdio::null());
        let status = command.status().map_err(|error| BadInput {
            what: format!("`probe-rs` cannot be run: {error}"),
            help: format!(
                "https://probe.rs says how to get it; or write the page with another programmer: \
                 `{} chip configure … -o page.hex`",
                program::name()
            ),
        })?;
        if !status.success() {
            anyhow::bail!("probe-rs {} ended with {status}; what it says is above", words[0]);
        }
    }
    Ok(())
}
