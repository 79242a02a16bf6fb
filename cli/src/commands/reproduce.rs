//! `bletwin reproduce`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bletwin_diagnose::{Bench, Question, Watcher, diagnose};
use bletwin_explain::captured::CapturedLink;
use bletwin_explain::report::wrap;
use bletwin_learn::twin::{self, Comparison, Course};
use bletwin_learn::{Learned, excerpt, test_file};
use bletwin_models::controller::ControllerQuirks;
use bletwin_scenarios::catalogue;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
use clap::Args;
use serde::Serialize;

use super::capture::GivenKeys;
use super::ending::Exit;
use super::style;
use crate::interrupt;
use crate::output::{Output, Outputs};

/// How wide a line is at most, in characters.
const WIDTH: usize = 88;
/// Seeds that a cure is looked for with.
const SEEDS: u64 = 3;

/// Options of `bletwin reproduce`.
///
/// Learns the central of the captures, plays it against a firmware, and says how far that comes to
/// the same end. The firmware is what was seen of the peripheral, or the one that is named.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin reproduce case.pcapng\n  \
    bletwin reproduce case.pcapng --peripheral my-firmware.toml\n  \
    bletwin reproduce case.pcapng --test tests     what to commit: profile, excerpt, test\n\n\
    Exit status: 0 the twin came to the same end, 1 to another, 2 bad input, 130 interrupted.")]
pub struct Reproduce {
    /// Captures of one central, each of a session of its own. The last one is reproduced.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Firmware preset or TOML file; if there is none, what the captures show of the peripheral.
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub peripheral: Option<String>,
    /// Change one key of the firmware or the air; `bletwin run --set help` lists them.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Write the profile, an excerpt of the capture without addresses, names, values and keys, and
    /// a test that fails now and passes with a cure, into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub test: Option<PathBuf>,
    /// The names of the files of `--test`.
    #[arg(long, value_name = "NAME", default_value = "captured-central", requires = "test")]
    pub name: String,
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

/// What came of it.
#[derive(Serialize)]
struct Reproduced {
    scenario: &'static str,
    peripheral: String,
    /// What the captures show to be otherwise than in that preset.
    peripheral_set: Vec<String>,
    base: String,
    same: bool,
    #[serde(flatten)]
    comparison: Comparison,
    cure: Option<Vec<String>>,
    written: Vec<String>,
}

pub(super) fn reproduce(options: &Reproduce) -> anyhow::Result<Exit> {
    let read = options.files.iter().filter_map(|file| Some(("FILE", file.to_str()?)));
    let mut outputs = Outputs::reading(read);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let named =
        options.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !named || !options.name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(BadInput {
            what: format!("--name {:?} is no name of a test", options.name),
            help: "lower-case letters, digits and hyphens, a letter first".into(),
        }
        .into());
    }
    let learns = options.peripheral.is_none();
    let files = options.test.as_deref();
    let files = files.map(|folder| Files::prepare(folder, &options.name, learns));
    let files = files.transpose()?;
    let from = super::learn::from(&options.files, &options.keys, options.device.as_deref())?;
    let Some((learned, explained)) = from else { return Ok(Exit::Interrupted) };
    let captured = &explained.links;
    let Some(link) =
        captured.iter().rfind(|link| link.concern.is_some()).or_else(|| captured.last())
    else {
        return Err(BadInput {
            what: "no connection was captured".into(),
            help: "`bletwin explain` says what was".into(),
        }
        .into());
    };
    let scenario = twin::scenario(link);
    let (setup, set) = setup(options, &learned)?;
    let Some(course) = twin::play(scenario, &setup)? else {
        return Err(BadInput {
            what: "the learned central does not connect to this firmware".into(),
            help: "`bletwin learn` shows what was learned".into(),
        }
        .into());
    };
    let comparison = Comparison::of(Course::of(link), course);
    if interrupt::requested() {
        return Ok(Exit::Interrupted);
    }
    let wanted = comparison.twin.concern.is_some();
    let cure = if wanted { cure(scenario, &setup)? } else { None };
    let mut reproduced = Reproduced {
        scenario,
        peripheral: setup.peripheral_name,
        peripheral_set: set,
        base: learned.base.name.clone(),
        same: comparison.is_same(),
        comparison,
        cure,
        written: Vec::new(),
    };
    if let Some(files) = files {
        reproduced.written = files.write(options, &learned, link, &reproduced)?;
    }
    let mut out = outputs.console();
    match options.json {
        true => {
            serde_json::to_writer(&mut out, &reproduced)?;
            writeln!(out)?;
        }
        false => words(&reproduced, &mut out)?,
    }
    Ok(if reproduced.same { Exit::Expected } else { Exit::Unexpected })
}

/// The setup of the twin, and what was learned of its firmware.
fn setup(options: &Reproduce, learned: &Learned) -> Result<(Setup, Vec<String>), BadInput> {
    let seen = &learned.seen.firmware;
    let (peripheral, set) = match &options.peripheral {
        Some(named) => (named.as_str(), Vec::new()),
        None => (seen.nearest(), seen.departures()),
    };
    let mut setup = Setup::new(peripheral, &learned.base.name, 1)?;
    let central = learned.profile(&options.name).map_err(|what| BadInput {
        what: format!("what was captured makes no central: {what}"),
        help: "`bletwin learn` shows what was learned".into(),
    })?;
    setup.made_up =
        central.breaks.is_empty() && central.controller.quirks != ControllerQuirks::default();
    setup.central = central;
    for assignment in set.iter().chain(&options.set) {
        setup.set(assignment)?;
    }
    setup.check()?;
    Ok((setup, set))
}

/// The change of the firmware that cures, if there is one.
fn cure(scenario: &str, setup: &Setup) -> Result<Option<Vec<String>>, BadInput> {
    let Ok(scenario) = catalogue::pairing_by_name(scenario) else { return Ok(None) };
    let question = Question {
        names: [setup.peripheral_name.clone(), setup.central.name.clone()],
        config: setup.peripheral.clone(),
        seed: 1,
        seeds: SEEDS,
    };
    let watcher = Watcher { stop: &interrupt::requested, tick: &|| {} };
    let diagnosis = diagnose(Bench::of(scenario, setup, watcher)?, &question);
    Ok(diagnosis.and_then(|found| found.cures.into_iter().next()).map(|cure| cure.set))
}

/// The files to commit.
struct Files {
    profile: Output,
    firmware: Option<Output>,
    excerpt: Output,
    test: Output,
    /// The folder, from that of its package on.
    inside: String,
}

impl Files {
    /// `firmware`: whether there is a file of what was learned of the peripheral.
    fn prepare(folder: &Path, name: &str, firmware: bool) -> Result<Self, BadInput> {
        fs::create_dir_all(folder).map_err(|error| BadInput {
            what: format!("--test {}: {error}", folder.display()),
            help: "name a folder that can be written, as `tests` of a package".into(),
        })?;
        let at = |ending: &str| folder.join(format!("{name}.{ending}"));
        let file = name.replace('-', "_");
        let learned = folder.join(format!("{name}-firmware.toml"));
        let firmware = firmware.then(|| Output::prepare(&learned)).transpose()?;
        Ok(Self {
            profile: Output::prepare(&at("toml"))?,
            firmware,
            excerpt: Output::prepare(&at("txt"))?,
            test: Output::prepare(&folder.join(format!("{file}.rs")))?,
            inside: inside(folder),
        })
    }

    fn write(
        self,
        options: &Reproduce,
        learned: &Learned,
        link: &CapturedLink,
        what: &Reproduced,
    ) -> anyhow::Result<Vec<String>> {
        let cure = what.cure.as_deref();
        let test = test_file(
            &options.name,
            &self.inside,
            what.scenario,
            options.peripheral.as_deref(),
            &options.set,
            cure,
        );
        let mut written = Vec::new();
        for (output, text) in [
            (Some(self.profile), learned.toml("learned from a capture")),
            (self.firmware, learned.seen.firmware.toml()),
            (Some(self.excerpt), excerpt(link)),
            (Some(self.test), test),
        ] {
            let Some(output) = output else { continue };
            let path = output.path().display().to_string();
            let all = |w: &mut dyn Write| w.write_all(text.as_bytes());
            output.commit(|w| all(w)).with_context(|| format!("writing {path}"))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// A folder relative to its package, with a slash at the end; `tests/` if there is none.
fn inside(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let package = whole.ancestors().find(|above| above.join("Cargo.toml").is_file());
    let inside = package.and_then(|package| whole.strip_prefix(package).ok());
    let parts = inside.map(|path| path.iter().map(|part| part.to_string_lossy().into_owned()));
    let parts: Vec<String> = parts.map_or_else(|| vec!["tests".into()], Iterator::collect);
    parts.into_iter().map(|part| format!("{part}/")).collect()
}

fn words(what: &Reproduced, out: &mut dyn Write) -> anyhow::Result<()> {
    let Comparison { captured, twin, outcome, reason, decisive, events, parting } =
        &what.comparison;
    let course = |course: &Course| {
        let concern = course.concern.as_deref().unwrap_or("nothing went wrong");
        let reason = course.reason.map_or_else(String::new, |reason| format!(", reason {reason}"));
        let cause = match course.decisive.as_slice() {
            [] => String::new(),
            pdus => format!("; it turns on {}", pdus.join(" and ")),
        };
        format!("{concern}{reason}{cause}")
    };
    let yes = |is: bool| if is { "the same" } else { "not the same" };
    writeln!(out, "{}", style::heading("Captured"))?;
    writeln!(out, "{}", wrap(&format!("{}.", course(captured)), WIDTH))?;
    writeln!(out, "\n{}", style::heading("Twin"))?;
    let how = format!(
        "A central as {} against {}{}, {}: {}.",
        what.base,
        what.peripheral,
        match what.peripheral_set.as_slice() {
            [] => String::new(),
            set => format!(" with {}", set.join(" and ")),
        },
        what.scenario,
        course(twin)
    );
    writeln!(out, "{}", wrap(&how, WIDTH))?;
    let apart = events.map_or_else(String::new, |n| format!(" Their ends are {n} events apart."));
    let verdict = format!(
        "Outcome {}, reason {}, decisive exchange {}.{apart}",
        yes(*outcome),
        yes(*reason),
        yes(*decisive)
    );
    writeln!(out, "\n{}\n{}", style::heading("Compared"), wrap(&verdict, WIDTH))?;
    if let Some(parting) = parting {
        let text = |what: &Option<String>| what.clone().unwrap_or_else(|| "nothing more".into());
        let text = format!(
            "They part behind {} PDUs: then the capture has {}, and the twin {}.",
            parting.same,
            text(&parting.captured),
            text(&parting.twin)
        );
        writeln!(out, "{}", wrap(&text, WIDTH))?;
    }
    if twin.concern.is_some() {
        let text = match &what.cure {
            Some(cure) => format!("What cures: {}.", cure.join(" and ")),
            None => "No change of the firmware that cures was found.".to_owned(),
        };
        writeln!(out, "\n{}\n{}", style::heading("Cure"), wrap(&text, WIDTH))?;
    }
    if !what.written.is_empty() {
        writeln!(out, "\n{}", style::heading("Written"))?;
        for path in &what.written {
            writeln!(out, "{path}")?;
        }
    }
    Ok(())
}
