//! A search as a report for CI systems.

use std::time::Duration;

use super::findings::{SavedFinding, culprit, title};
use crate::commands::junit;
use crate::junit::{Case, Ending};
use bletwin_explore::campaign::Report;

/// A case for the search, which says how much of it was done, and one for each finding.
pub(super) fn cases(report: &Report, shrunk: &[SavedFinding]) -> Vec<Case> {
    let [done, all] = report.units;
    let share = match report.complete {
        true => format!("{all} units"),
        false => format!("{done} of {all} units"),
    };
    let options = &report.options.common;
    let search = Case {
        name: format!("{} with {}, {share}", options.peripheral, options.central),
        class: "bletwin.explore".into(),
        // The only time that a search has is that of the clock on the wall.
        time: junit::seconds(report.seconds),
        ending: Ending::Passed,
    };
    std::iter::once(search).chain(shrunk.iter().map(finding)).collect()
}

fn finding(saved: &SavedFinding) -> Case {
    let found = &saved.finding;
    let line = format!("{} by the {}: {}", found.rule, culprit(found), title(&found.rule));
    Case {
        name: saved.file.clone(),
        class: format!("bletwin.explore.{}", found.rule),
        time: Duration::ZERO,
        ending: match &saved.known {
            Some(source) => Ending::Known(format!("{line} (known: {source})")),
            None => Ending::Failed("finding", line, format!("{}\n\n{}", found.text, saved.ladder)),
        },
    }
}
