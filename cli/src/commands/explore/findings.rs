//! Findings are shrunk, deduplicated and saved.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use bletwin_rules::Rule;
use bletwin_sim::report::ladder::{ladder, substantial};
use bletwin_sim::sniffer::sniff;
use serde::Serialize;

use crate::output::Output;
use bletwin_explore::campaign::Finding;
use bletwin_explore::known::{self, Known};
use bletwin_explore::saved::Saved;
use bletwin_explore::{Outcome, caught};
use bletwin_setup::error::BadInput;

/// Findings of one rule against one side that are shrunk and saved; all are counted.
const SAME_MAX: usize = 3;
/// Most runs that one finding is shrunk with.
pub(super) const SHRINK_RUNS: usize = 1500;

/// A finding as it is reported.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SavedFinding {
    #[serde(flatten)]
    pub(super) finding: Finding,
    /// Where it is known from, if it is.
    pub(super) known: Option<String>,
    /// Name of its file.
    pub(super) file: String,
    /// Control PDUs of the run proper, repetitions not counted.
    pub(super) control_pdus: u32,
    #[serde(skip)]
    pub(super) ladder: String,
    #[serde(skip)]
    saved: Saved,
}

impl SavedFinding {
    pub(super) fn new(saved: Saved, known: Option<String>, ladder: String) -> Self {
        let finding = Finding {
            rule: saved.rule.clone(),
            culprit: saved.culprit,
            text: saved.text.clone(),
            case: saved.case.clone(),
        };
        let file = saved.file_name();
        Self { finding, known, file, control_pdus: saved.control_pdus, ladder, saved }
    }

    /// What its file holds.
    pub(super) fn text(&self) -> String {
        self.saved.to_file(title(&self.finding.rule))
    }
}

/// Shrinks the first few of each kind.
pub(super) fn shrink(
    findings: &[Finding],
    known: &[Known],
    stop: fn() -> bool,
) -> Vec<SavedFinding> {
    let mut counts: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    let mut shrunk: Vec<SavedFinding> = Vec::new();
    for finding in findings {
        let culprit = finding.culprit.map(bletwin_explore::case::Side::name);
        let count = counts.entry((&finding.rule, culprit)).or_default();
        *count += 1;
        if *count > SAME_MAX {
            continue;
        }
        let source = known::source(known, finding);
        let one = prepare(finding, source, stop);
        let shape = |saved: &SavedFinding| {
            (saved.finding.rule.clone(), saved.finding.culprit, saved.finding.case.shape())
        };
        if shrunk.iter().all(|other| shape(other) != shape(&one)) {
            shrunk.push(one);
        }
    }
    shrunk
}

fn prepare(finding: &Finding, known: Option<String>, stop: fn() -> bool) -> SavedFinding {
    let (saved, outcome) =
        caught::shrunk(&finding.case, &finding.rule, finding.culprit, SHRINK_RUNS, &stop);
    let ladder = outcome.as_ref().map(from_start).unwrap_or_default();
    SavedFinding::new(saved, known, ladder)
}

/// The ladder of the run proper.
pub(super) fn from_start(outcome: &Outcome) -> String {
    let from = outcome.records.get(outcome.start).map_or(u64::MAX, |record| record.id.0);
    let mut items = sniff(&outcome.records);
    items.retain(|item| item.record.0 >= from);
    ladder(&items, substantial)
}

fn no_folder(folder: &Path, error: &io::Error) -> BadInput {
    BadInput {
        what: format!("cannot write into the folder {}: {error}", folder.display()),
        help: "name another one with --out FOLDER".into(),
    }
}

/// Checks before the search whether findings can be saved, without leaving files.
pub(super) fn check(folder: &Path) -> Result<(), BadInput> {
    let there = |path: &&Path| path.symlink_metadata().is_ok();
    let nearest = match folder.ancestors().find(there) {
        Some(path) => path,
        None => Path::new("."),
    };
    let made = tempfile::tempdir_in(nearest);
    made.map(drop).map_err(|error| no_folder(folder, &error))
}

/// Saves each in a separate file.
pub(super) fn save(folder: &Path, shrunk: &[SavedFinding]) -> anyhow::Result<()> {
    if shrunk.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|error| no_folder(folder, &error))?;
    for one in shrunk {
        let output = Output::prepare(&folder.join(&one.file))?;
        output.commit(|to| to.write_all(one.text().as_bytes()))?;
    }
    Ok(())
}

/// The title of a rule, in a line.
pub(super) fn title(rule: &str) -> &'static str {
    let own = match rule {
        "HOST-LIVE" => "what a host asks for ends",
        "HOST-DATA" => "what a host sends arrives complete, in order and once at the other",
        "HOST-AGREE" => "both hosts are told the same",
        "PANIC" => "nothing that comes makes a device panic",
        "INVARIANT" => "what a device takes for granted about itself holds",
        _ => "",
    };
    Rule::judged(rule).map_or(own, |known| known.text)
}

/// The culprit, for people.
pub(super) fn culprit(finding: &Finding) -> &'static str {
    finding.culprit.map_or("both ends", bletwin_explore::case::Side::name)
}
