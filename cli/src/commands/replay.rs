//! `bletwin replay`.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use bletwin_oracle::{Finding, examine};
use bletwin_rules::Rule;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::report::capture::{Style, pcapng};
use bletwin_sim::report::ladder::{ladder, substantial};
use bletwin_sim::report::log::log;
use bletwin_sim::sniffer::sniff;
use serde::Serialize;

use super::args::Replay;
use super::ending::Exit;
use super::style;
use crate::output::Outputs;
use bletwin_explain::html::{self, Exhibit};
use bletwin_explain::report::wrap;
use bletwin_explore::case::Side;
use bletwin_explore::caught::{against, side};
use bletwin_explore::saved::Saved;
use bletwin_explore::{CENTRAL, Found, Outcome, PANIC, PERIPHERAL, run};
use bletwin_setup::error::BadInput;

/// Most octets of a file that could be a finding.
const FILE_MAX: u64 = 1 << 20;

/// What came of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// The same rule, the same culprit, and the same on air to the last bit.
    Reproduced,
    /// The same rule and culprit, but something else was on air.
    RuleOnly,
    /// Nothing of the kind.
    NotReproduced,
}

impl Verdict {
    const fn text(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced, the same on air to the last bit",
            Self::RuleOnly => {
                "NOT reproduced: the rule is broken again, but what was on air is not the same; \
                 the firmware or bletwin has changed"
            }
            Self::NotReproduced => "NOT reproduced: the rule is kept now",
        }
    }
}

#[derive(Serialize)]
struct Replayed<'a> {
    verdict: Verdict,
    rule: &'a str,
    culprit: Option<&'static str>,
    text: &'a str,
    trace: String,
    control_pdus: u32,
    /// All rules that were broken.
    findings: Vec<&'a str>,
    /// All recommendations that were not followed.
    observations: Vec<&'a str>,
}

pub(super) fn replay(options: &Replay) -> anyhow::Result<Exit> {
    let saved = read(&options.file)?;
    let file = options.file.to_string_lossy();
    let mut outputs = Outputs::reading([("FILE", &*file)]);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    let capture = outputs.maybe("--pcapng", options.pcapng.as_deref())?;
    let page = outputs.maybe("--html", options.html.as_deref())?;
    let outcome = run(&saved.case)?;
    let findings = against(&saved.case, &outcome);
    let observed = observations(&outcome);
    let found = findings.iter().find(|f| f.rule == saved.rule && side(f.culprit) == saved.culprit);
    let verdict = match found {
        None => Verdict::NotReproduced,
        Some(_) if outcome.digest() == saved.trace => Verdict::Reproduced,
        Some(_) => Verdict::RuleOnly,
    };
    if let Some(output) = capture {
        let path = output.path().to_owned();
        let noise = i8::try_from(MediumConfig::default().noise_floor_dbm).unwrap_or(i8::MIN);
        let style = if options.decrypted { Style::Decrypted } else { Style::OnAir };
        // By the numbers of the nodes.
        let names = ["peripheral", "central"].map(str::to_owned);
        output
            .commit(|w| w.write_all(&pcapng(&outcome.records, &names, "air", noise, style)))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(output) = page {
        let path = output.path().to_owned();
        let exhibit = exhibit(&saved, &outcome, found, verdict);
        let title = format!("{}: {}", saved.rule, path.display());
        output
            .commit(|w| html::page(&title, &[exhibit], w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if options.json {
        let replayed = Replayed {
            verdict,
            rule: &saved.rule,
            culprit: saved.culprit.map(Side::name),
            text: found.map_or(&saved.text, |found| &found.text),
            trace: outcome.digest(),
            control_pdus: outcome.control_pdus(),
            findings: findings.iter().map(|found| found.rule.as_str()).collect(),
            observations: observed.iter().map(|seen| seen.rule).collect(),
        };
        let mut out = anstream::stdout().lock();
        serde_json::to_writer(&mut out, &replayed)?;
        writeln!(out)?;
    } else {
        let show = Show { saved: &saved, outcome: &outcome, found, observed: &observed, verdict };
        print(options, &show, &mut outputs.console())?;
    }
    Ok(if verdict == Verdict::Reproduced { Exit::Expected } else { Exit::Unexpected })
}

/// One for each recommendation that an end did not follow.
fn observations(outcome: &Outcome) -> Vec<Finding> {
    // A panic of the judge has been reported as the finding.
    if outcome.findings.iter().any(|found| found.rule == PANIC) {
        return Vec::new();
    }
    let mut observed = examine(&bletwin_sim::view(&outcome.records)).observations;
    let mut known = BTreeSet::new();
    observed.retain(|seen| known.insert((seen.rule, seen.culprit)));
    observed
}

/// The run on a page: the violation is marked, with its rule.
fn exhibit<'a>(
    saved: &Saved,
    outcome: &'a Outcome,
    found: Option<&Found>,
    verdict: Verdict,
) -> Exhibit<'a> {
    let rule = Rule::find(&saved.rule);
    let rule = rule.map(|rule| format!("The rule ({}): {}", rule.sections(), rule.text));
    let text = found.map_or(&saved.text, |found| &found.text).clone();
    Exhibit {
        heading: against_whom(saved),
        verdict: verdict.text().to_owned(),
        good: verdict == Verdict::NotReproduced,
        why: [Some(text), rule].into_iter().flatten().collect(),
        records: &outcome.records,
        central: CENTRAL,
        others: Vec::new(),
        peripheral: PERIPHERAL,
        decisive: found.and_then(|found| found.record).into_iter().collect(),
    }
}

fn against_whom(saved: &Saved) -> String {
    format!("{} against the {}", saved.rule, saved.culprit.map_or("both ends", Side::name))
}

fn read(path: &Path) -> Result<Saved, BadInput> {
    let help = "give a file that `bletwin explore` has written";
    let unreadable = |why: String| BadInput {
        what: format!("cannot read {}: {why}", path.display()),
        help: help.into(),
    };
    let mut octets = Vec::new();
    // Some that are called files have no end.
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut octets))
        .map_err(|error| unreadable(error.to_string()))?;
    if octets.len() as u64 > FILE_MAX {
        return Err(unreadable(format!("more than {FILE_MAX} octets are no finding")));
    }
    Saved::from_file(&String::from_utf8_lossy(&octets))
        .map_err(|bad| BadInput { what: format!("{}: {}", path.display(), bad.what), ..bad })
}

/// The output for people.
struct Show<'a> {
    saved: &'a Saved,
    outcome: &'a Outcome,
    found: Option<&'a Found>,
    observed: &'a [Finding],
    verdict: Verdict,
}

fn print(options: &Replay, show: &Show<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let Show { saved, outcome, found, observed, verdict } = *show;
    if options.log {
        writeln!(out, "{}", style::heading("Log of the peripheral"))?;
        writeln!(out, "{}", log(&outcome.records, PERIPHERAL))?;
    }
    let part = outcome.records.get(outcome.start).map(|record| record.id);
    let items = sniff(&outcome.records);
    let from = items.partition_point(|item| Some(item.record) < part);
    writeln!(out, "{}", style::heading("On air"))?;
    writeln!(out, "{}", ladder(&items[from..], substantial))?;
    writeln!(out, "\n{}", style::heading(&against_whom(saved)))?;
    writeln!(out, "{}", wrap(found.map_or(&saved.text, |found| &found.text), 88))?;
    if let Some(rule) = Rule::find(&saved.rule) {
        writeln!(out, "{}", wrap(&format!("The rule ({}): {}", rule.sections(), rule.text), 88))?;
    }
    if !observed.is_empty() {
        writeln!(out, "\n{}", style::heading("Recommendations not followed"))?;
    }
    for seen in observed {
        let by = side(Some(seen.culprit)).map_or("?", Side::name);
        writeln!(out, "{}", wrap(&format!("{} by the {by}: {}", seen.rule, seen.text), 88))?;
    }
    writeln!(out, "\n{}", verdict.text())?;
    Ok(())
}
