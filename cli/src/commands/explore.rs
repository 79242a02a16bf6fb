//! `bletwin explore`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::args::Explore;
use super::ending::{Exit, warn};
use super::junit;
use crate::interrupt;
use crate::junit::Case;
use crate::output::Outputs;
use bar::Bar;
use bletwin_explore::campaign::{Options, Progress, Report, SearchKind, Shard, conduct};
use bletwin_explore::known;
use bletwin_explore::pairs::Common;
use bletwin_explore::random::ANY;
use bletwin_setup::error::BadInput;

mod bar;
mod cases;
mod findings;
mod print;

pub(super) fn explore(asked: &Explore) -> anyhow::Result<Exit> {
    let mut outputs = Outputs::reading(merged(&asked.merge));
    outputs.take_standard_output(if asked.json { "--json" } else { "the report" })?;
    junit::reported(asked.junit.as_deref(), "bletwin explore", &mut outputs, |_| conclude(asked))
}

fn merged(files: &[PathBuf]) -> impl Iterator<Item = (&'static str, &str)> {
    files.iter().filter_map(|file| Some(("--merge", file.to_str()?)))
}

fn conclude(asked: &Explore) -> anyhow::Result<(Exit, Vec<Case>)> {
    let known = known::known();
    findings::check(&asked.out)?;
    let (report, ended) = match asked.merge.as_slice() {
        [] => search(asked)?,
        files => (merge(files)?, Ok(())),
    };
    let shrunk = findings::shrink(&report.findings, &known, interrupt::requested);
    // Findings are printed even if they cannot be saved.
    let saved = findings::save(&asked.out, &shrunk);
    if asked.json {
        print::json(&report, &shrunk)?;
    } else {
        print::text(&report, &shrunk, &asked.out)?;
    }
    if saved.is_err() {
        print::files(&shrunk)?;
    }
    ended.and(saved)?;
    let new = report.findings.iter().any(|finding| known::source(&known, finding).is_none());
    let exit = match (interrupt::requested(), new) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Unexpected,
        (false, false) => Exit::Expected,
    };
    Ok((exit, cases::cases(&report, &shrunk)))
}

/// The report of a search, and the error that ended it early: a progress file that cannot be
/// written.
fn search(asked: &Explore) -> anyhow::Result<(Report, anyhow::Result<()>)> {
    let options = options(asked)?;
    let budget = asked.budget.as_deref().map(time).transpose()?;
    warn(&options.check()?);
    let (mut progress, before) = match &asked.resume {
        Some(path) => {
            let (progress, before) = Progress::open(path, &options)?;
            (Some(progress), before)
        }
        None => (None, Vec::new()),
    };
    let mut units = options.ordered();
    let all = units.len();
    units.retain(|(number, _)| before.iter().all(|done| done.number != *number));
    let begun = Instant::now();
    let enough = AtomicBool::new(false);
    let stop = || {
        interrupt::requested()
            || enough.load(Ordering::Relaxed)
            || budget.is_some_and(|most| begun.elapsed() >= most)
    };
    let mut bar = Bar::new(all, &before, budget);
    let mut done = before;
    let ended = conduct(&units, jobs(asked), &stop, |unit| {
        let kept = progress.as_mut().map_or(Ok(()), |progress| progress.keep(&unit));
        bar.advance(&unit);
        enough.fetch_or(asked.first && unit.violations > 0, Ordering::Relaxed);
        done.push(unit);
        kept
    });
    bar.clear();
    Ok((Report::new(&options, done, begun.elapsed().as_secs_f64()), ended))
}

fn jobs(asked: &Explore) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.jobs.unwrap_or_else(processors).max(1)
}

fn options(asked: &Explore) -> Result<Options, BadInput> {
    let shard = match asked.shard.as_deref() {
        None => Shard::default(),
        Some("auto") => Shard::from_environment(|name| std::env::var(name).ok())?,
        Some(text) => text.parse()?,
    };
    let (kind, peripheral, central, range) = match (asked.random, asked.triples) {
        (true, _) if asked.budget.is_some() => (SearchKind::Random, ANY, ANY, SEEDS_WITHIN_BUDGET),
        (true, _) => (SearchKind::Random, ANY, ANY, SEEDS),
        (_, true) => (SearchKind::Triples, "recommended", "honest", ONE_SEED),
        _ => (SearchKind::Pairs, "recommended", "honest", ONE_SEED),
    };
    let name = |asked: &Option<String>, plain: &str| asked.clone().unwrap_or_else(|| plain.into());
    Ok(Options {
        kind,
        common: Common {
            peripheral: name(&asked.peripheral, peripheral),
            central: name(&asked.central, central),
            set: asked.set.clone(),
        },
        seeds: asked.seeds.as_deref().map_or(Ok(range), seeds)?,
        window: asked.window,
        shard,
    })
}

/// Seeds that are searched if nothing is said: whole spaces with one, runs of the random search,
/// and those if a budget ends it: far more than come about in an hour.
const ONE_SEED: Range<u64> = 1..2;
const SEEDS: Range<u64> = 0..10_000;
const SEEDS_WITHIN_BUDGET: Range<u64> = 0..1_000_000;
/// Maximum number of seeds: results are kept in memory.
const SEEDS_MAX: u64 = 10_000_000;

fn seeds(text: &str) -> Result<Range<u64>, BadInput> {
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.trim().parse().ok()?..to.trim().parse().ok()?));
    let fits = |range: &Range<u64>| range.start < range.end && range.end - range.start <= SEEDS_MAX;
    range.filter(fits).ok_or_else(|| BadInput {
        what: format!("`{text}` is not a range of seeds"),
        help: "for example `--seeds 1..5` for 1, 2, 3 and 4; at most ten million".into(),
    })
}

/// `90s`, `10m`, `2h`, or a number of seconds.
fn time(text: &str) -> Result<Duration, BadInput> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let time =
        number.trim().parse().ok().zip(seconds).and_then(|(n, s): (u64, u64)| n.checked_mul(s));
    time.map(Duration::from_secs).ok_or_else(|| BadInput {
        what: format!("`{text}` is not a time"),
        help: "for example `--budget 90s`, `10m` or `2h`".into(),
    })
}

fn merge(files: &[impl AsRef<Path>]) -> anyhow::Result<Report> {
    let read = |path: &Path| {
        let bad = |why: String| BadInput {
            what: format!("cannot use {}: {why}", path.display()),
            help: "merge the JSON that `bletwin explore --shard K/N --json` printed".into(),
        };
        let file = std::fs::File::open(path).map_err(|error| bad(error.to_string()))?;
        let report = serde_json::from_reader::<_, Report>(std::io::BufReader::new(file));
        report.map_err(|error| bad(error.to_string()))
    };
    let parts = files.iter().map(|path| read(path.as_ref())).collect::<Result<_, _>>()?;
    Ok(Report::merge(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_seeds_are_read_and_nonsense_refused() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(time("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(time("5"), Ok(Duration::from_secs(5)));
        for text in ["", "s", "5d", "-1s", "1.5h", "99999999999999999999h"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(seeds("3..7"), Ok(3..7));
        for text in ["", "3", "7..3", "3..3", "a..b", "0..18446744073709551615"] {
            assert!(seeds(text).is_err(), "{text}");
        }
    }
}
