//! What is done with findings: shrunk, told apart, saved.

use std::collections::BTreeMap;
use std::path::Path;

use bletwin_sim::oracle::RULES;
use bletwin_sim::report::ladder::{ladder, substantial};
use bletwin_sim::sniffer::sniff;
use serde::Serialize;

use crate::error::BadInput;
use crate::explore::campaign::Finding;
use crate::explore::case::Case;
use crate::explore::known::{self, Known};
use crate::explore::{Outcome, Runner};
use crate::output::Output;

/// Findings of one rule against one side that are shrunk and saved; all are counted.
const SAME_MAX: usize = 3;

/// A finding as it is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) finding: Finding,
    /// Where it is known from, if it is.
    pub(super) known: Option<String>,
    /// Name of its file.
    pub(super) file: String,
    #[serde(skip)]
    pub(super) ladder: String,
}

/// Shrinks the first few of each kind.
pub(super) fn shrink(findings: &[Finding], known: &[Known], stop: fn() -> bool) -> Vec<Told> {
    let mut counts: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    let mut runner = Runner::default();
    let mut told: Vec<Told> = Vec::new();
    for finding in findings {
        let culprit = finding.culprit.map(crate::explore::case::Side::name);
        let count = counts.entry((&finding.rule, culprit)).or_default();
        *count += 1;
        if *count > SAME_MAX {
            continue;
        }
        let source = known::source(known, finding);
        let one = tell(&mut runner, finding, source, stop);
        if told.iter().all(|other| other.finding.case != one.finding.case) {
            told.push(one);
        }
    }
    told
}

fn tell(
    runner: &mut Runner,
    finding: &Finding,
    known: Option<String>,
    _stop: fn() -> bool,
) -> Told {
    let outcome = runner.run(&finding.case).ok();
    let ladder = outcome.as_ref().map(from_start).unwrap_or_default();
    let file = file_name(&finding.rule, &finding.case);
    Told { finding: finding.clone(), known, file, ladder }
}

/// The ladder of the run proper.
fn from_start(outcome: &Outcome) -> String {
    let from = outcome.records.get(outcome.start).map_or(u64::MAX, |record| record.id.0);
    let mut items = sniff(&outcome.records);
    items.retain(|item| item.record.0 >= from);
    ladder(&items, substantial)
}

fn file_name(rule: &str, case: &Case) -> String {
    let names: Vec<&str> = case.procedures.iter().map(|p| p.what.name()).collect();
    format!("{}-{}-{}.toml", rule.to_lowercase(), names.join("-"), case.start.name())
}

/// Saves each as a file of its own.
pub(super) fn save(folder: &Path, told: &[Told]) -> anyhow::Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|error| BadInput {
        what: format!("cannot make the folder {}: {error}", folder.display()),
        help: "name another one with --out FOLDER".into(),
    })?;
    for one in told {
        let output = Output::prepare(&folder.join(&one.file))?;
        let title = title(&one.finding.rule);
        let text = &one.finding.text;
        output.commit(|to| {
            use std::io::Write;
            writeln!(to, "# {}: {title}\n# {text}", one.finding.rule)?;
            to.write_all(one.finding.case.to_toml().as_bytes())
        })?;
    }
    Ok(())
}

/// What a rule demands, in a line.
pub(super) fn title(rule: &str) -> &'static str {
    let own = match rule {
        "HOST-LIVE" => "what a host asks for ends",
        "HOST-AGREE" => "both hosts are told the same",
        _ => "",
    };
    RULES.iter().find(|known| known.id == rule).map_or(own, |known| known.text)
}

/// Who broke it, for people.
pub(super) fn culprit(finding: &Finding) -> &'static str {
    finding.culprit.map_or("both ends", crate::explore::case::Side::name)
}
