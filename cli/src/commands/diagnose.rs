//! `bletwin diagnose`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::ending::{Exit, warn};
use super::{style, typed};
use crate::interrupt;
use crate::output::Outputs;
use bletwin_diagnose::{Bench, Diagnosis, Question, Watcher, diagnose, report, side_by_side};
use bletwin_explain::html;
use bletwin_scenarios::catalogue::{self, Scenario};
use bletwin_setup::error::{BadInput, nearest};
use bletwin_setup::{PRESETS, Setup};

/// Options of `bletwin diagnose`.
///
/// Nothing is told about the central but its packets. Many runs find the smallest change of the
/// firmware that cures, and what the failure turns on, with the proof: a PDU of the peripheral, or
/// else a key of the firmware, the surroundings, or what a person does.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        bletwin diagnose pairing --central windows-intel\n  \
        bletwin diagnose my-firmware.toml --central windows-intel-restart\n  \
        bletwin diagnose pairing --central phone --set loss=30 --json\n\n\
        Exit status: 0 the pair is healthy, 1 it fails, 2 bad input, 130 interrupted.")]
pub struct Diagnose {
    /// A scenario, or a firmware (preset or FILE.toml) that is to pair; see `bletwin list`.
    #[arg(value_name = "SCENARIO|FIRMWARE")]
    pub subject: String,
    /// Firmware preset or TOML file, where a scenario is named first [default: zephyr-2024].
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub peripheral: Option<String>,
    /// Central by name; see `bletwin list`. In a scenario with two (`two-hosts`, `dual-boot`) a
    /// second one may be named.
    #[arg(long, value_name = "NAME", required = true)]
    pub central: Vec<String>,
    /// Change one key of the firmware, the air or the central; `bletwin run --set help` lists them.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// First seed, 0 or more.
    #[arg(long, default_value_t = 1, value_parser = typed::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// How many seeds to begin with: more find what fails more seldom.
    #[arg(
        long, default_value_t = 5, allow_negative_numbers = true,
        value_parser = typed::within::<u64, 1, 1000>,
    )]
    pub seeds: u64,
    /// Write one self-contained page for a browser: the failing and the cured run side by side.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(options: &Diagnose) -> anyhow::Result<Exit> {
    let (scenario, peripheral) = subject(options)?;
    let (central, other) = super::run::one_or_two(&options.central, "phone")?;
    let mut setup = Setup::new(&peripheral, central, options.seed)?;
    if let Some(other) = other {
        setup = setup.beside(other)?;
    }
    for assignment in &options.set {
        setup.set(assignment)?;
    }
    setup.check()?;
    scenario.fits(&setup)?;
    warn(&setup.warnings());
    if let Some(nobody) = setup.nobody_pairs().filter(|_| scenario.story.pairs()) {
        return Err(nobody.into());
    }
    let centrals = options.central.iter().map(|file| ("--central", file.as_str()));
    let mut outputs = Outputs::reading(centrals.chain([("--peripheral", peripheral.as_str())]));
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let page = outputs.maybe("--html", options.html.as_deref())?;
    let question = Question {
        names: [peripheral, options.central.join(" and ")],
        config: setup.peripheral.clone(),
        seed: options.seed,
        seeds: options.seeds,
    };
    // Hidden unless standard error is a terminal.
    let progress = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {pos} runs, {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    progress.enable_steady_tick(Duration::from_millis(100));
    let tick = || progress.inc(1);
    let watcher = Watcher { stop: &interrupt::requested, tick: &tick };
    let diagnosis = diagnose(Bench::of(scenario, &setup, watcher)?, &question);
    progress.finish_and_clear();
    let Some(diagnosis) = diagnosis else { return Ok(Exit::Interrupted) };
    if let Some(output) = page {
        let path = output.path().to_owned();
        let title = format!("{} with {}", diagnosis.peripheral, diagnosis.central);
        output
            .commit(|w| html::page(&title, &side_by_side::exhibits(&diagnosis), w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    print(options, &diagnosis, &mut outputs.console())?;
    Ok(if diagnosis.is_healthy() { Exit::Expected } else { Exit::Unexpected })
}

/// The word after `diagnose` is a scenario, or a firmware that is to pair.
fn subject(options: &Diagnose) -> Result<(&'static Scenario, String), BadInput> {
    let word = options.subject.as_str();
    if PRESETS.contains(&word) || word.ends_with(".toml") {
        if options.peripheral.is_some() {
            return Err(BadInput {
                what: format!("`{word}` is a firmware, and --peripheral names another"),
                help: "give one of them, or a scenario and --peripheral".into(),
            });
        }
        return Ok((catalogue::by_name("pairing")?, word.to_owned()));
    }
    let peripheral = options.peripheral.clone().unwrap_or_else(|| PRESETS[0].to_owned());
    if catalogue::by_name(word).is_ok() {
        return Ok((catalogue::pairing_by_name(word)?, peripheral));
    }
    let scenarios = catalogue::all().iter().map(|s| s.name);
    let known: Vec<&str> = scenarios.chain(PRESETS).collect();
    let near = nearest(word, &known).map(|near| format!("did you mean `{near}`? "));
    Err(BadInput {
        what: format!("`{word}` is neither a scenario nor a firmware"),
        help: format!(
            "{}name a scenario, a firmware preset or a .toml file; `bletwin list` shows all",
            near.unwrap_or_default()
        ),
    })
}

fn print(options: &Diagnose, diagnosis: &Diagnosis, out: &mut dyn Write) -> anyhow::Result<()> {
    if options.json {
        serde_json::to_writer(&mut *out, diagnosis)?;
        writeln!(out)?;
        return Ok(());
    }
    for (heading, lines) in report::sections(diagnosis) {
        writeln!(out, "{}", style::heading(heading))?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    if let Some(cure) = diagnosis.cures.first() {
        let own: Vec<String> =
            options.set.iter().chain(&cure.set).map(|s| format!(" --set {s}")).collect();
        writeln!(
            out,
            "{}",
            style::faint(&format!(
                "Try it: bletwin run {} --peripheral {} --central {}{}",
                diagnosis.scenario,
                diagnosis.peripheral,
                options.central.join(" --central "),
                own.concat()
            ))
        )?;
    }
    let effort = format!("{} runs, {} configurations", diagnosis.runs, diagnosis.configurations);
    writeln!(out, "{}", style::faint(&effort))?;
    Ok(())
}
