//! What people and programs read of a search.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::findings::{SavedFinding, culprit, title};
use crate::commands::style;
use crate::program;
use bletwin_explain::report::wrap;
use bletwin_explore::campaign::{Lacking, PairCounts, Report, SearchKind};

/// Maximum number of printed lines of a ladder; the file has all.
const LINES: usize = 30;
/// Maximum number of missing parts that are named.
const PARTS: usize = 8;

pub(super) fn json(report: &Report, shrunk: &[SavedFinding]) -> anyhow::Result<()> {
    let mut value = serde_json::to_value(report)?;
    value["shrunk"] = serde_json::to_value(shrunk)?;
    let mut out = anstream::stdout().lock();
    serde_json::to_writer(&mut out, &value)?;
    writeln!(out)?;
    Ok(())
}

pub(super) fn text(report: &Report, shrunk: &[SavedFinding], folder: &Path) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    for one in shrunk {
        finding(&mut out, one, folder)?;
    }
    if report.options.kind != SearchKind::Random {
        table(&mut out, &report.pairs)?;
    }
    let [done, all] = report.units;
    let complete = if report.complete {
        format!("complete: {all} of {all} units")
    } else {
        format!("INCOMPLETE: {done} of {all} units")
    };
    writeln!(
        out,
        "\n{complete}; {} runs, {} traces on air, {} states, {:.1} s, {:.0} runs/s",
        report.runs,
        report.traces,
        report.states,
        report.seconds,
        report.runs as f64 / report.seconds.max(1e-9),
    )?;
    let Lacking { missing, more, cut } = &report.lacking;
    for (parts, more, what) in [(missing, *more, "missing"), (cut, 0, "cut off")] {
        let (shown, rest) = parts.split_at(parts.len().min(PARTS));
        let mut named: Vec<String> = shown.iter().map(|part| format!("part {part}")).collect();
        let more = more.saturating_add(rest.len());
        named.extend((more > 0).then(|| format!("and {more} more")));
        if !named.is_empty() {
            writeln!(out, "{what}: {}", named.join(", "))?;
        }
    }
    if report.unreached > 0 {
        writeln!(out, "{} start states are not reached by these two", report.unreached)?;
    }
    let line = match report.findings.len() {
        0 => style::good("nothing found"),
        _ if shrunk.iter().all(|one| one.known.is_some()) => style::good("only what is known"),
        _ => style::bad(&format!("findings in {} runs", report.violations)),
    };
    writeln!(out, "{line}")?;
    Ok(())
}

pub(super) fn finding(
    out: &mut impl Write,
    one: &SavedFinding,
    folder: &Path,
) -> anyhow::Result<()> {
    let found = &one.finding;
    let heading = format!("{} by the {}: {}", found.rule, culprit(found), title(&found.rule));
    writeln!(out, "{}", style::bad(&heading))?;
    writeln!(out, "{}", wrap(&found.text, 88))?;
    if let Some(source) = &one.known {
        writeln!(out, "{}", style::faint(&format!("known: {source}")))?;
    }
    for line in one.ladder.lines().take(LINES) {
        writeln!(out, "  {line}")?;
    }
    if let Some(more) = one.ladder.lines().count().checked_sub(LINES).filter(|more| *more > 0) {
        writeln!(out, "{:>28} ⋮     ({more} more)", "")?;
    }
    let path = folder.join(&one.file);
    writeln!(out, "{}\n", style::faint(&format!("{} replay {}", program::name(), path.display())))?;
    Ok(())
}

/// Findings that could not be saved, as their files would be: to be copied by hand.
pub(super) fn files(shrunk: &[SavedFinding]) -> anyhow::Result<()> {
    let mut out = anstream::stderr().lock();
    for one in shrunk {
        writeln!(out, "{}\n{}", style::faint(&format!("# not saved: {}", one.file)), one.text())?;
    }
    Ok(())
}

/// Runs and traces by what the peripheral's host asks for.
fn table(out: &mut impl Write, pairs: &[PairCounts]) -> anyhow::Result<()> {
    let mut rows: BTreeMap<&str, PairCounts> = BTreeMap::new();
    for counts in pairs {
        let local = counts.pair.split(" × ").next().unwrap_or(&counts.pair);
        let row = rows.entry(local).or_default();
        row.units += counts.units;
        row.runs += counts.runs;
        row.traces += counts.traces;
        row.states += counts.states;
        row.violations += counts.violations;
    }
    let heading = format!(
        "{:<24}{:>8}{:>12}{:>12}{:>12}{:>10}",
        "peripheral asks for", "units", "runs", "traces", "states", "findings"
    );
    writeln!(out, "{}", style::heading(&heading))?;
    for (local, row) in rows {
        writeln!(
            out,
            "{:<24}{:>8}{:>12}{:>12}{:>12}{:>10}",
            local.trim_start_matches("P "),
            row.units,
            row.runs,
            row.traces,
            row.states,
            row.violations
        )?;
    }
    Ok(())
}
