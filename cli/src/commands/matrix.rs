//! `bletwin matrix`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::serve::Time;
use bletwin_models::profile::{Entry, catalogue};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::ending::{Exit, warn};
use super::{junit, style, typed};
use crate::interrupt;
use crate::junit::{Case, Ending};
use crate::matrix::guests::{Guests, Host};
use crate::matrix::{Cell, Matrix, Plan, apart, page};
use crate::output::Outputs;
use bletwin_setup::PRESETS;
use bletwin_setup::error::BadInput;

/// Options of `bletwin matrix`.
///
/// Every firmware meets every central with many seeds. The table is the same whatever the number
/// of threads.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        bletwin matrix                                       presets and all built-in centrals\n  \
        bletwin matrix --peripheral my-firmware.toml --central my-laptop.toml --central phone\n  \
        bletwin matrix --quirks --html matrix.html           with every quirk by itself\n  \
        bletwin matrix --scenario reconnect --set loss=5\n  \
        bletwin matrix --scenario two-hosts --central phone+macos --central bluez+windows-11\n  \
        bletwin matrix --host './my-host' --time max --html my-host.html\n  \
        bletwin matrix --host old='./a' --host new='./b' --html two.html    a column for each\n  \
        bletwin matrix --host a=./a --host slow=./b --time max --time slow=real\n\n\
        A cell says what came of all runs, or `flaky`, and how many passed. What is expected is\n\
        in the central's file ([expect]); with --scenario or --set, that all pass.\n\n\
        Exit status: 0 every cell is as expected, 1 otherwise, 2 bad input, 130 interrupted.")]
pub struct Options {
    /// Firmware presets or TOML files; several times; all presets if not given.
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub peripheral: Vec<String>,
    /// Centrals by name or TOML file; several times; all built-in ones if not given. In a scenario
    /// with two (`two-hosts`, `dual-boot`) a row may be ONE+OTHER.
    #[arg(long, value_name = "NAME|FILE.toml[+…]")]
    pub central: Vec<String>,
    /// Add every quirk of the catalogue, each in the scenario that shows it.
    #[arg(long)]
    pub quirks: bool,
    /// Scenario of all cells; see `bletwin list`.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Change one key in all runs; `bletwin run --set help` lists the keys.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Your own host in the firmware's place: this program is started for each run, finds its
    /// controller at BLETWIN_ENDPOINT (BLETWIN_HOST, BLETWIN_PORT), and is the peripheral. Several
    /// times, each with a name: a column for each.
    #[arg(long, value_name = "[NAME=]COMMAND", conflicts_with = "peripheral")]
    pub host: Vec<String>,
    /// What your host is called if --host does not say it.
    #[arg(long, value_name = "TEXT", default_value = "host", requires = "host")]
    pub name: String,
    /// How time passes for your hosts, or for the one with this NAME: `real` (if nothing is said),
    /// a number (so many times as fast), `max` (as fast as it answers), or `controlled` (as it
    /// says itself, at BLETWIN_CONTROL; see docs/HCI.md). Once for all, and once for each by name.
    #[arg(
        long,
        value_name = "[NAME=]real|N|max|controlled",
        requires = "host",
        allow_negative_numbers = true
    )]
    pub time: Vec<String>,
    /// The security level that a bond of your host must have to count.
    #[arg(
        long, value_name = "1-4", default_value_t = 2, requires = "host",
        allow_negative_numbers = true, value_parser = typed::within::<u8, 1, 4>,
    )]
    pub level: u8,
    /// The passkey that your host shows.
    #[arg(
        long, value_name = "NUMBER", requires = "host", allow_negative_numbers = true,
        value_parser = typed::within::<u32, 0, 999_999>,
    )]
    pub passkey: Option<u32>,
    /// Runs of each cell [default: 20; with --host: 1].
    #[arg(
        long, allow_negative_numbers = true, value_parser = typed::within::<u64, 1, 100_000>,
        alias = "repeat",
    )]
    pub seeds: Option<u64>,
    /// First seed, 0 or more.
    #[arg(long, default_value_t = 1, value_parser = typed::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Threads; as many as there are processors if not given.
    #[arg(long, allow_negative_numbers = true, value_parser = typed::within::<u16, 1, 1024>)]
    pub jobs: Option<u16>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// Write the table as one self-contained page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the table as JUnit XML, for CI systems: a case for each cell.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<Exit> {
    let read = options.peripheral.iter().map(|file| ("--peripheral", file.as_str()));
    let centrals = options.central.iter().map(|row| apart(row));
    let centrals = centrals.flat_map(|(one, other)| [Some(one), other].into_iter().flatten());
    let read = read.chain(centrals.map(|file| ("--central", file)));
    let mut outputs = Outputs::reading(read);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    junit::reported(options.junit.as_deref(), "bletwin matrix", &mut outputs, |outputs| {
        fill(options, outputs)
    })
}

fn fill(options: &Options, outputs: &mut Outputs) -> anyhow::Result<(Exit, Vec<Case>)> {
    let plan = plan(options);
    warn(&plan.warnings()?);
    let output = outputs.maybe("--html", options.html.as_deref())?;
    let columns = plan.firmwares.len() * options.host.len().max(1);
    let runs = columns as u64 * plan.centrals.len() as u64 * plan.seeds.1;
    // Hidden unless standard error is a terminal.
    let progress = ProgressBar::new(runs).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    progress.enable_steady_tick(Duration::from_millis(100));
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.map_or(0, usize::from))
        .build()
        .context("starting threads")?;
    let tick = || progress.inc(1);
    let matrix: anyhow::Result<_> = threads.install(|| match guests(options)? {
        Some(guests) => plan.run_guests(&guests, &tick),
        None => Ok(plan.run(&tick, &interrupt::requested)?),
    });
    progress.finish_and_clear();
    let Some(matrix) = matrix? else { return Ok((Exit::Interrupted, Vec::new())) };
    if let Some(output) = output {
        let path = output.path().to_owned();
        output
            .commit(|w| page::write(&matrix, w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    print(options.json, &matrix, &mut outputs.console())?;
    let exit = if matrix.is_as_expected() { Exit::Expected } else { Exit::Unexpected };
    Ok((exit, matrix.cells.iter().map(case).collect()))
}

/// A cell as a report for CI systems.
fn case(cell: &Cell) -> Case {
    let Cell { central, firmware, scenario, expected, command, .. } = cell;
    let ending = match (cell.as_expected, cell.is_good()) {
        (true, _) if cell.disturbed > 0 => {
            Ending::Error("disturbed", cell.text(), cell.reasons().join("\n"))
        }
        (true, true) => Ending::Passed,
        (true, false) => Ending::Known(format!("{}, as expected", cell.text())),
        (false, _) => {
            let line = format!("{}, expected {expected}", cell.text());
            let text: Vec<String> = cell.reasons().into_iter().chain([command.clone()]).collect();
            Ending::Failed("unexpected-outcome", line, text.join("\n"))
        }
    };
    Case {
        name: format!("{firmware} with {central}"),
        class: format!("bletwin.matrix.{scenario}"),
        time: junit::seconds(cell.sim_seconds),
        ending,
    }
}

fn plan(options: &Options) -> Plan {
    let or_all = |given: &[String], all: Vec<String>| match given {
        [] => all,
        some => some.to_vec(),
    };
    let names = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.profile.name);
    let mut centrals = or_all(&options.central, names(catalogue::centrals()).collect());
    if options.quirks {
        centrals.extend(names(catalogue::quirks()));
    }
    let few = if options.host.is_empty() { 20 } else { 1 };
    Plan {
        scenario: options.scenario.clone(),
        // What stands for firmware that a host from outside takes the place of.
        firmwares: match options.host.as_slice() {
            [] => or_all(&options.peripheral, PRESETS.map(str::to_owned).to_vec()),
            _ => vec!["recommended".to_owned()],
        },
        centrals,
        set: options.set.clone(),
        seeds: (options.seed, options.seeds.unwrap_or(few)),
    }
}

fn guests(options: &Options) -> anyhow::Result<Option<Guests>> {
    if options.host.is_empty() {
        return Ok(None);
    }
    let mut hosts: Vec<Host> =
        options.host.iter().map(|text| Host::named(text, &options.name)).collect();
    let mut names = BTreeSet::new();
    if let Some(twice) = hosts.iter().find(|host| !names.insert(&host.name)) {
        return Err(BadInput {
            what: format!("two hosts are called `{}`", twice.name),
            help: "name each, as in --host old='./a' --host new='./b'".into(),
        }
        .into());
    }
    times(&options.time, &mut hosts)?;
    let (level, passkey) = (options.level, options.passkey);
    Ok(Some(Guests { hosts, controller: Endpoint::full(), level, passkey }))
}

/// Gives each host the time that is said of it by name, or else of all.
fn times(said: &[String], hosts: &mut [Host]) -> anyhow::Result<()> {
    let twice = |whose: &str| BadInput {
        what: format!("--time is given twice for {whose}"),
        help: "once for all hosts, and once for each by name: --time max --time slow=real".into(),
    };
    let of_all: Vec<&String> = said.iter().filter(|text| !text.contains('=')).collect();
    match of_all.as_slice() {
        [] => {}
        [text] => {
            let time = passing(text)?;
            hosts.iter_mut().for_each(|host| host.set_time(time.clone()));
        }
        _ => return Err(twice("all hosts").into()),
    }
    let mut known = BTreeSet::new();
    for (name, text) in said.iter().filter_map(|text| text.split_once('=')) {
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        let help = format!("there are: {}", names.join(", "));
        let Some(host) = hosts.iter_mut().find(|host| host.name == name) else {
            return Err(
                BadInput { what: format!("--time: no host is called `{name}`"), help }.into()
            );
        };
        if !known.insert(name) {
            return Err(twice(name).into());
        }
        host.set_time(passing(text)?);
    }
    Ok(())
}

fn passing(text: &str) -> anyhow::Result<Time> {
    Ok(match text {
        "controlled" => Time::Controlled("tcp:0".parse().map_err(anyhow::Error::msg)?),
        text => typed::passing(text)?,
    })
}

fn print(json: bool, matrix: &Matrix, out: &mut dyn Write) -> anyhow::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, matrix)?;
        writeln!(out)?;
        return Ok(());
    }
    let name = matrix.rows().map(|(central, _)| central.len()).max().unwrap_or(0).max(7);
    let widths = widths(matrix);
    write!(out, "{}", style::heading(&format!("{:<name$}", "central")))?;
    for (firmware, width) in matrix.firmwares().iter().zip(&widths) {
        write!(out, "  {}", style::heading(&format!("{firmware:<width$}")))?;
    }
    writeln!(out)?;
    for (central, cells) in matrix.rows() {
        write!(out, "{central:<name$}")?;
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "  {}", coloured(cell, *width))?;
        }
        writeln!(out)?;
    }
    if let Some(time) = matrix.time() {
        writeln!(out, "{}", style::faint(&format!("time: {time}; {}", crate::meeting::WHOSE)))?;
    }
    let (open, surprises): (Vec<&Cell>, Vec<&Cell>) = (matrix.cells.iter())
        .filter(|cell| !cell.is_as_expected())
        .partition(|cell| cell.as_expected);
    print_reasons("Not as expected", &surprises, out)?;
    print_reasons("Not decided", &open, out)
}

fn print_reasons(heading: &str, cells: &[&Cell], out: &mut dyn Write) -> anyhow::Result<()> {
    if !cells.is_empty() {
        writeln!(out, "\n{}", style::heading(heading))?;
    }
    for cell in cells {
        let Cell { central, firmware, expected, command, .. } = cell;
        writeln!(out, "  {central} with {firmware}: {}, expected {expected}", cell.text())?;
        for reason in cell.reasons() {
            writeln!(out, "    {reason}")?;
        }
        writeln!(out, "    {}", style::faint(command))?;
    }
    Ok(())
}

/// Widths of the columns of firmwares.
fn widths(matrix: &Matrix) -> Vec<usize> {
    let firmwares = matrix.firmwares();
    let mut widths: Vec<usize> = firmwares.iter().map(|name| name.len()).collect();
    for (_, cells) in matrix.rows() {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.text().len());
        }
    }
    widths
}

fn coloured(cell: &Cell, width: usize) -> String {
    let text = format!("{:<width$}", cell.text());
    match (cell.as_expected, cell.is_good()) {
        (true, _) if cell.disturbed > 0 => style::faint(&text),
        (true, true) => style::good(&text),
        // A failure that the catalogue knows.
        (true, false) => text,
        (false, _) => style::bad(&text),
    }
}
