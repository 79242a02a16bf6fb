//! `bletwin explore --random`.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::super::args::Explore;
use super::super::{Exit, interrupt, style};
use super::findings::{self, SHRINK_RUNS, Told};
use crate::explore::campaign::Finding;
use crate::explore::hunt::{Hunted, Plan, hunt};
use crate::explore::known;
use crate::explore::random::Space;
use crate::explore::run;

/// Seeds that are run if neither seeds nor a budget are given.
const SEEDS: u64 = 10_000;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report<'a> {
    /// Whether all seeds were run.
    complete: bool,
    runs: u64,
    /// Runs whose start state does not exist for their two devices.
    skipped: u64,
    traces: usize,
    states: usize,
    /// Runs in which something was found.
    breaches: u64,
    seconds: f64,
    findings: &'a [Told],
}

pub(super) fn random(asked: &Explore) -> anyhow::Result<Exit> {
    let budget = asked.budget.as_deref().map(super::time).transpose()?;
    let seeds = match &asked.seeds {
        Some(text) => super::seeds(text)?,
        None => 0..if budget.is_some() { u64::MAX } else { SEEDS },
    };
    let space = Space {
        peripheral: asked.peripheral.clone(),
        central: asked.central.clone(),
        set: asked.set.clone(),
        suppress: Vec::new(),
    };
    let jobs = super::jobs(asked);
    let plan = Plan { space, seeds, jobs, first: asked.first, shrink_runs: SHRINK_RUNS };
    let begun = Instant::now();
    let stop = || interrupt::requested() || budget.is_some_and(|most| begun.elapsed() >= most);
    let bar = bar();
    let hunted = hunt(&plan, stop, |hunted| tell(&bar, hunted, begun.elapsed()))?;
    bar.finish_and_clear();
    let list = known::known();
    let told: Vec<Told> = hunted
        .findings
        .iter()
        .map(|caught| {
            let saved = caught.saved.clone();
            let ladder = run(&saved.case).map(|outcome| findings::from_start(&outcome));
            let (rule, culprit, case) = (saved.rule.clone(), saved.culprit, saved.case.clone());
            let finding = Finding { rule, culprit, text: saved.text.clone(), case };
            Told::new(saved, known::source(&list, &finding), ladder.unwrap_or_default())
        })
        .collect();
    findings::save(&asked.out, &told)?;
    let seconds = begun.elapsed().as_secs_f64();
    if asked.json {
        json(&hunted, &told, seconds)?;
    } else {
        text(asked, &hunted, &told, seconds)?;
    }
    let new = told.iter().any(|one| one.known.is_none());
    Ok(match (interrupt::requested(), new) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Unexpected,
        (false, false) => Exit::Expected,
    })
}

/// On standard error, if that is a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed}, {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn tell(bar: &ProgressBar, hunted: &Hunted, elapsed: Duration) {
    let rate = hunted.runs as f64 / elapsed.as_secs_f64().max(1e-9);
    let (runs, findings) = (hunted.runs, hunted.findings.len());
    bar.set_message(format!("{runs} runs, {rate:.0}/s, {findings} findings"));
}

fn json(hunted: &Hunted, told: &[Told], seconds: f64) -> anyhow::Result<()> {
    let report = Report {
        complete: hunted.complete,
        runs: hunted.runs,
        skipped: hunted.skipped,
        traces: hunted.traces.len(),
        states: hunted.states.len(),
        breaches: hunted.breaches,
        seconds,
        findings: told,
    };
    let mut out = anstream::stdout().lock();
    serde_json::to_writer(&mut out, &report)?;
    writeln!(out)?;
    Ok(())
}

fn text(asked: &Explore, hunted: &Hunted, told: &[Told], seconds: f64) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    for one in told {
        super::tell::finding(&mut out, one, &asked.out)?;
    }
    let complete = if hunted.complete { "complete" } else { "incomplete" };
    writeln!(
        out,
        "{complete}: {} runs, {} traces on air, {} states, {seconds:.1} s, {:.0} runs/s",
        hunted.runs,
        hunted.traces.len(),
        hunted.states.len(),
        hunted.runs as f64 / seconds.max(1e-9),
    )?;
    let line = match told.len() {
        0 => style::good("nothing found"),
        _ => style::bad(&format!("findings in {} runs", hunted.breaches)),
    };
    writeln!(out, "{line}")?;
    Ok(())
}
