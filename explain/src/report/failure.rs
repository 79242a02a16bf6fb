//! Why a run did not pass, in words and as data.

use serde::Serialize;

use super::{centrals, outcome, violations, why};
use crate::why::{Cause, Confidence, Hypothesis, Why};
use bletwin_scenarios::judgement::side;
use bletwin_scenarios::stage::{Busy, Finished, Party};
use bletwin_scenarios::summary::{Summary, Verdict};

/// The result of a run as `--json` prints it; see docs/JSON.md.
#[derive(Debug, Serialize)]
pub struct Json<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    expected: Verdict,
    passed: bool,
    why: Option<String>,
    hypotheses: Vec<Suspected>,
    busy: &'a [Busy],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    centrals: Vec<OneOf<'a>>,
}

/// One of several centrals, as `--json` tells it.
#[derive(Debug, Serialize)]
struct OneOf<'a> {
    #[serde(flatten)]
    party: &'a Party,
    why: Option<String>,
}

/// What may have been the cause, as `--json` tells it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Suspected {
    cause: Cause,
    confidence: Confidence,
    seen: Option<Confidence>,
    missing: Option<u32>,
    text: String,
    doubt: Option<String>,
    would_decide: Option<String>,
    pdus: Vec<Place>,
}

/// A PDU that a cause turns on.
#[derive(Clone, Debug, Serialize)]
struct Place {
    name: String,
    by: &'static str,
    event: Option<u16>,
    at_us: u64,
    record: u64,
}

fn told(run: &Finished) -> Vec<Suspected> {
    if run.expected { Vec::new() } else { suspected(&Why::of(run)) }
}

/// All that may have been the cause, as data.
pub(crate) fn suspected(why: &Why) -> Vec<Suspected> {
    let Why { account, hypotheses } = why;
    let place = |&index: &usize| {
        let pdu = account.pdu(index)?;
        Some(Place {
            name: pdu.name(),
            by: side(pdu.from_central),
            event: pdu.event,
            at_us: pdu.at.as_us(),
            record: pdu.id.0,
        })
    };
    let one = |hypothesis: &Hypothesis| Suspected {
        cause: hypothesis.cause,
        confidence: hypothesis.confidence,
        seen: hypothesis.seen.map(|seen| seen.confidence()),
        missing: hypothesis.seen.map(|seen| seen.hidden),
        pdus: hypothesis.places.iter().filter_map(place).collect(),
        text: hypothesis.text.clone(),
        doubt: hypothesis.doubt.clone(),
        would_decide: hypothesis.would_decide.clone(),
    };
    hypotheses.iter().map(one).collect()
}

/// The result of a run as data.
#[must_use]
pub fn json(run: &Finished) -> Json<'_> {
    Json {
        summary: &run.summary,
        expected: run.expects,
        passed: run.passed(),
        why: failure(run),
        hypotheses: told(run),
        busy: &run.busy,
        centrals: run
            .parties
            .iter()
            .zip(centrals(run))
            .map(|(party, (_, why))| OneOf { party, why })
            .collect(),
    }
}

/// Why a run did not pass, a paragraph for each reason; `None`: it passed.
#[must_use]
pub fn failure(run: &Finished) -> Option<String> {
    let mut paragraphs = Vec::new();
    if !run.expected {
        let expected = run.expects.name();
        let [found, told] = [run.summary.outcome.name().to_owned(), outcome(run)];
        paragraphs.push(format!("Expected {expected}, found {found}: {told}."));
        paragraphs.extend(why(run));
    }
    if let Some(violations) = violations(run) {
        paragraphs.push(format!("Rules broken that nobody has declared:\n{violations}"));
    }
    if !run.is_at_rest() {
        paragraphs.push(busy(run));
    }
    (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"))
}

/// What was still under way when time was up, in a sentence.
#[must_use]
pub fn busy(run: &Finished) -> String {
    let list: Vec<String> = run.busy.iter().map(ToString::to_string).collect();
    format!("Still under way when time was up: {}.", list.join("; "))
}

/// What a run that ended with the right outcome did not pass for, a line each: equal lines of
/// several runs can be counted.
#[must_use]
pub fn objections(run: &Finished) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for finding in &run.judgement.unexpected {
        let who = side(finding.culprit != run.peripheral);
        let title = bletwin_scenarios::judgement::title(finding.rule);
        let line = match who {
            "central" => format!("the central broke {title}, which its profile does not declare"),
            who => format!("the {who} broke {title}"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for busy in run.busy.iter().filter(|busy| !busy.declared) {
        let line = format!("still under way in the end: {}, {}", busy.who, busy.what);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
