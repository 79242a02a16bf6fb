//! `bletwin run`.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::args::Run;
use super::ending::{Exit, warn};
use super::{junit, style};
use crate::junit::{Case, Ending};
use crate::output::{Output, Outputs};
use crate::{debugger, interrupt};
use bletwin_explain::html::{self, Exhibit};
use bletwin_explain::report;
use bletwin_scenarios::catalogue::{self, Scenario, Story};
use bletwin_scenarios::collision::links::{self, Links};
use bletwin_scenarios::collision::{self, Collision, Company};
use bletwin_scenarios::stage::{Finished, Party, Stage};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
use bletwin_setup::keys;

pub(super) fn run(options: &Run) -> anyhow::Result<Exit> {
    if options.set.iter().any(|s| s == "help") {
        return print_keys();
    }
    let mut outputs = outputs(options)?;
    junit::reported(options.junit.as_deref(), "bletwin run", &mut outputs, |outputs| {
        play(options, outputs)
    })
}

fn play(options: &Run, outputs: &mut Outputs) -> anyhow::Result<(Exit, Vec<Case>)> {
    let scenario = find(options.scenario.as_deref())?;
    let stage = prepare(scenario, options)?;
    let capture = outputs.maybe("--pcapng", options.pcapng.as_deref())?;
    let page = outputs.maybe("--html", options.html.as_deref())?;
    let logs = options.btsnoop.as_deref().map(folder).transpose()?;
    let Some(finished) = stage.play(options.gdb)? else {
        return Ok((Exit::Interrupted, Vec::new()));
    };
    if let Some(output) = capture {
        let path = output.path().to_owned();
        output
            .commit(|w| match &options.sniffer {
                Some(faults) => report::sniffed(&finished, faults, w),
                None => report::capture(&finished, options.decrypted, w),
            })
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(folder) = logs {
        for (name, log) in report::hci_logs(&finished) {
            let path = folder.join(format!("{name}.btsnoop"));
            let wrote = |w: &mut dyn Write| w.write_all(&log);
            Output::prepare(&path)?
                .commit(|w| wrote(w))
                .with_context(|| format!("writing {}", path.display()))?;
        }
    }
    if let Some(output) = page {
        let path = output.path().to_owned();
        let exhibit = Exhibit::of(&finished);
        let title = format!("{}: {}", finished.summary.scenario, exhibit.heading);
        output
            .commit(|w| html::page(&title, &[exhibit], w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let Run { log, ladder, cpu, json, .. } = *options;
    let printed = Printed { log, ladder, cpu, json };
    print(printed, &finished, &mut outputs.console())?;
    let exit = if finished.passed() { Exit::Expected } else { Exit::Unexpected };
    // What came of it in words is worked out where somebody has it.
    let wanted = options.junit.is_some();
    Ok((exit, if wanted { cases(options, &finished) } else { Vec::new() }))
}

/// A run as a report for CI systems: as a whole, then each of several centrals.
fn cases(options: &Run, finished: &Finished) -> Vec<Case> {
    let of_each = report::centrals(finished);
    let parties = finished.parties.iter().zip(&of_each);
    let parties = parties.map(|(party, summary)| case_of(options, finished, party, summary));
    [vec![junit::of_run("run", &options.set, finished)], parties.collect()].concat()
}

/// One of several centrals, as a report for CI systems.
fn case_of(
    options: &Run,
    finished: &Finished,
    party: &Party,
    (line, why): &(String, Option<String>),
) -> Case {
    let whole = junit::of_run("run", &options.set, finished);
    let ending = match party.outcome == finished.expects {
        true => Ending::Passed,
        false => {
            let why = why.clone().unwrap_or_default();
            Ending::Failed(party.outcome.name(), line.clone(), why)
        }
    };
    Case { name: format!("{}: {}", whole.name, party.central), ending, ..whole }
}

/// The folder for logs, which is there afterwards.
fn folder(folder: &Path) -> Result<&Path, BadInput> {
    fs::create_dir_all(folder).map(|()| folder).map_err(|error| BadInput {
        what: format!("--btsnoop {}: {error}", folder.display()),
        help: "name a folder that can be written".into(),
    })
}

/// Standard output is a program's with `--json`; what describes the devices is not overwritten.
fn outputs(options: &Run) -> Result<Outputs, BadInput> {
    let peripheral = options.peripheral.iter().map(|file| ("--peripheral", file.as_str()));
    let centrals = options.central.iter().map(|file| ("--central", file.as_str()));
    let mut outputs = Outputs::reading(peripheral.chain(centrals));
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    Ok(outputs)
}

/// The run to play.
enum Play<'a> {
    Stage(Box<Stage>),
    Collision(&'a Scenario, &'static Collision, Company<'a>),
    Links(&'a Scenario, &'static Links, u64),
}

impl Play<'_> {
    /// Plays it to its end, under a debugger on that port if there is one; `None` if Ctrl-C came
    /// first.
    fn play(self, gdb: Option<u16>) -> Result<Option<Finished>, BadInput> {
        match self {
            Self::Stage(mut stage) => {
                let over = match gdb {
                    Some(port) => debugger::run(&mut stage, port)?,
                    None => stage.run(interrupt::requested),
                };
                Ok(over.then(|| stage.finish()))
            }
            Self::Collision(scenario, collision, company) => {
                collision::play(scenario, collision, &company).map(Some)
            }
            Self::Links(scenario, links, seed) => Ok(Some(links::play(scenario, links, seed))),
        }
    }
}

/// Checks all that was typed before anything is written.
fn prepare<'a>(scenario: &'a Scenario, options: &'a Run) -> Result<Play<'a>, BadInput> {
    if options.cpu && matches!(scenario.story, Story::Links(_) | Story::Collision(_)) {
        return Err(BadInput {
            what: format!("--cpu tells nothing of `{}`, in which procedures meet", scenario.name),
            help: "leave it out, or run another scenario: `bletwin list` shows all".into(),
        });
    }
    if let Story::Links(links) = scenario.story {
        let own = options.peripheral.is_none() && options.central.is_empty();
        return match own && options.set.is_empty() {
            true => Ok(Play::Links(scenario, links, options.seed)),
            false => Err(BadInput {
                what: format!("`{}` brings its own devices along", scenario.name),
                help: "leave out --peripheral, --central and --set".into(),
            }),
        };
    }
    let (peripheral, central) = match scenario.story {
        Story::Collision(_) => ("recommended", "honest"),
        _ => ("zephyr-2024", "phone"),
    };
    let peripheral = options.peripheral.as_deref().unwrap_or(peripheral);
    let (central, other) = one_or_two(&options.central, central)?;
    let mut setup = Setup::open(peripheral, central, options.seed)?;
    if let Some(other) = other {
        setup = setup.beside(other)?;
    }
    for assignment in &options.set {
        setup.set(assignment)?;
    }
    if options.gdb.is_some() && setup.chip.is_none() {
        return Err(BadInput {
            what: format!("--gdb halts a chip, and `{peripheral}` runs on none"),
            help: "give --peripheral elf=FILE; `bletwin chip build` builds one".into(),
        });
    }
    setup.check()?;
    scenario.fits(&setup)?;
    warn(&setup.warnings());
    if scenario.story.pairs() {
        warn(setup.nobody_pairs().as_slice());
    }
    Ok(match scenario.story {
        Story::Collision(_) if setup.chip.is_some() => {
            return Err(bletwin_setup::chip::not_here(peripheral));
        }
        Story::Collision(collision) => {
            let (set, seed) = (options.set.as_slice(), options.seed);
            Play::Collision(scenario, collision, Company { peripheral, central, set, seed })
        }
        _ => {
            let stage = Stage::new(scenario, &setup);
            // The hash is told to programs alone.
            Play::Stage(Box::new(if options.json { stage } else { stage.unhashed() }))
        }
    })
}

/// The central, and the second one of a scenario with two.
pub(super) fn one_or_two<'a>(
    named: &'a [String],
    default: &'a str,
) -> Result<(&'a str, Option<&'a str>), BadInput> {
    match named {
        [] => Ok((default, None)),
        [one] => Ok((one, None)),
        [one, other] => Ok((one, Some(other))),
        more => Err(BadInput {
            what: format!("no scenario has {} centrals", more.len()),
            help: "name one by --central, or two where two meet; `bletwin matrix` compares any \
                   number of them"
                .into(),
        }),
    }
}

fn find(name: Option<&str>) -> Result<&'static Scenario, BadInput> {
    let name = name.ok_or_else(|| BadInput {
        what: "which scenario?".into(),
        help: "for example `bletwin run pairing`; `bletwin list` shows all".into(),
    })?;
    catalogue::by_name(name)
}

/// The printed part of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Printed {
    pub(super) log: bool,
    pub(super) ladder: bool,
    pub(super) cpu: bool,
    pub(super) json: bool,
}

pub(super) fn print(
    printed: Printed,
    finished: &Finished,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if printed.json {
        serde_json::to_writer(&mut *out, &report::json(finished))?;
        writeln!(out)?;
        return Ok(());
    }
    if printed.log {
        writeln!(out, "{}", style::heading("Log of the peripheral"))?;
        writeln!(out, "{}", report::log(finished))?;
    }
    if printed.ladder {
        writeln!(out, "{}", style::heading("On air"))?;
        writeln!(out, "{}", report::ladder(finished))?;
    }
    let why = (!finished.expected).then(|| report::why(finished)).flatten();
    writeln!(out, "{}", report::verdict_line(finished))?;
    let centrals = report::centrals(finished);
    for (line, _) in &centrals {
        writeln!(out, "  {line}")?;
    }
    let several = !centrals.is_empty();
    if let Some(why) = why.filter(|_| !several || centrals.iter().all(|(_, why)| why.is_none())) {
        writeln!(out, "\n{}\n{}", style::heading("Why"), report::wrap(&why, 88))?;
    }
    for (party, (_, why)) in finished.parties.iter().zip(&centrals) {
        let Some(why) = why else { continue };
        let heading = format!("Why, of {}", party.central);
        writeln!(out, "\n{}\n{}", style::heading(&heading), report::wrap(why, 88))?;
    }
    let lists = [
        ("Rules broken", report::violations(finished)),
        ("Recommendations not followed", report::observations(finished)),
    ];
    for (heading, lines) in lists {
        let Some(lines) = lines else { continue };
        writeln!(out, "\n{}", style::heading(heading))?;
        for line in lines.lines() {
            writeln!(out, "{}", report::wrap(line, 88))?;
        }
    }
    if let Some(cpu) = report::processor(finished).filter(|_| printed.cpu) {
        writeln!(out, "\n{}\n{cpu}", style::heading("Processor"))?;
    }
    if let Some(charge) = report::charge(finished).filter(|_| printed.cpu) {
        writeln!(out, "\n{}\n{charge}", style::heading("Charge"))?;
    }
    if !finished.busy.is_empty() {
        let busy = report::wrap(&report::busy(finished), 88);
        writeln!(out, "\n{}\n{busy}", style::heading("Not over"))?;
    }
    Ok(())
}

fn print_keys() -> anyhow::Result<Exit> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", keys::help())?;
    Ok(Exit::Expected)
}
