//! The findings of a run, sorted by whether the central's profile declares them.

use ble::time::Instant;
use bletwin_explore::INVARIANT;
use bletwin_oracle::{Examined, Finding, examine};
use bletwin_rules::Rule;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::Record;
use bletwin_sim::view;
use serde::Serialize;

/// Which violations of the central are permitted. None are of the peripheral, and no broken
/// invariant is of any device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    /// These rules, by id, as its profile declares.
    Declared(Vec<String>),
    /// Whatever follows from quirks that were set by hand and that no profile declares.
    MadeUp,
}

/// The oracle's findings in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Undeclared violations: a run with one has failed.
    pub unexpected: Vec<Finding>,
    /// Violations of the central that its profile declares, or that its made-up quirks bring about.
    pub admitted: Vec<Finding>,
    /// Recommendations that either end did not follow. They fail no run.
    pub observed: Vec<Finding>,
}

/// An observation as in `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Id of the rule.
    pub rule: &'static str,
    /// `central` or `peripheral`.
    pub by: &'static str,
    /// When, in simulated microseconds.
    pub at_us: u64,
    /// The observed behaviour, in a few words.
    pub text: String,
}

/// A finding as in `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedFinding {
    /// Id of the rule.
    pub rule: &'static str,
    /// `central` or `peripheral`.
    pub culprit: &'static str,
    /// When, in simulated microseconds.
    pub at_us: u64,
    /// What broke the rule, in a few words.
    pub text: String,
    /// Whether the central's profile declares it, or the user made the quirk up.
    pub admitted: bool,
}

impl Judgement {
    /// Judges a record.
    #[must_use]
    pub fn of(records: &[Record], centrals: &[(NodeId, Permit)]) -> Self {
        let admitted = |finding: &Finding| {
            let theirs = |(node, _): &&(NodeId, Permit)| *node == finding.culprit;
            centrals.iter().filter(theirs).any(|(_, permit)| match permit {
                Permit::Declared(rules) => rules.iter().any(|rule| rule == finding.rule),
                Permit::MadeUp => true,
            })
        };
        let Examined { findings, observations: observed, .. } = examine(&view(records));
        let (admitted, mut unexpected): (_, Vec<_>) = findings.into_iter().partition(admitted);
        unexpected.extend(invariants(records));
        Self { unexpected, admitted, observed }
    }

    /// Only what devices have noticed about themselves: the oracle is not asked.
    #[must_use]
    pub fn unjudged(records: &[Record]) -> Self {
        Self { unexpected: invariants(records).collect(), ..Self::default() }
    }

    /// All findings, undeclared ones first.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.unexpected.iter().chain(&self.admitted)
    }

    /// All findings as in `--json`.
    #[must_use]
    pub fn reported(&self, peripheral: NodeId) -> Vec<ReportedFinding> {
        let one = |finding: &Finding, admitted| ReportedFinding {
            rule: finding.rule,
            culprit: side(finding.culprit != peripheral),
            at_us: finding.at.as_us(),
            text: finding.text.clone(),
            admitted,
        };
        let unexpected = self.unexpected.iter().map(|finding| one(finding, false));
        unexpected.chain(self.admitted.iter().map(|finding| one(finding, true))).collect()
    }

    /// Every undeclared violation, for people: rule, culprit, time, event, and section of the
    /// specification.
    #[must_use]
    pub fn violations(&self, peripheral: NodeId) -> Option<String> {
        lines(&self.unexpected, peripheral)
    }

    /// Every recommendation that was not followed, in the same form.
    #[must_use]
    pub fn recommendations(&self, peripheral: NodeId) -> Option<String> {
        lines(&self.observed, peripheral)
    }

    /// All observations as in `--json`.
    #[must_use]
    pub fn observations(&self, peripheral: NodeId) -> Vec<Observed> {
        let one = |finding: &Finding| Observed {
            rule: finding.rule,
            by: side(finding.culprit != peripheral),
            at_us: finding.at.as_us(),
            text: finding.text.clone(),
        };
        self.observed.iter().map(one).collect()
    }
}

/// Faults that devices have noticed in themselves.
fn invariants(records: &[Record]) -> impl Iterator<Item = Finding> + '_ {
    records.iter().filter_map(|record| {
        Some(Finding {
            rule: INVARIANT,
            culprit: record.node,
            at: record.at,
            record: record.id,
            evidence: Vec::new(),
            text: record.broken_invariant()?,
        })
    })
}

/// Lines for people, in the order found; `None` where nothing was.
fn lines(findings: &[Finding], peripheral: NodeId) -> Option<String> {
    let one = |finding: &Finding| {
        let source = Rule::find(finding.rule)
            .map_or(String::new(), |rule| format!(" [{}]", rule.sections()));
        format!(
            "{} by the {} at {}: {}{source}",
            title(finding.rule),
            side(finding.culprit != peripheral),
            seconds(finding.at),
            finding.text
        )
    };
    let lines: Vec<String> = findings.iter().map(one).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A rule's id with its title.
#[must_use]
pub fn title(id: &str) -> String {
    match Rule::find(id) {
        Some(rule) => format!("{id} ({})", rule.title),
        None if id == INVARIANT => format!("{id} (a fault of the device itself)"),
        None => id.to_owned(),
    }
}

/// What people call an end of the link.
#[must_use]
pub const fn side(central: bool) -> &'static str {
    if central { "central" } else { "peripheral" }
}

/// World time as people read it: `12.345 s`.
#[must_use]
pub fn seconds(at: Instant) -> String {
    let ms = at.as_us() / 1000;
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use ble::invariant::Invariant;
    use ble::time::Duration;
    use ble::trace::Trace;
    use bletwin_sim::record::{Note, RecordId, RecordKind};

    use super::*;

    /// A device that reports a broken invariant fails the run, regardless of its profile and of the
    /// oracle.
    #[test]
    fn a_broken_invariant_is_a_finding_against_its_device() {
        let invariant = Trace::Invariant { invariant: Invariant::ReportsFit, count: 2 };
        for node in [NodeId(0), NodeId(1)] {
            let record = Record {
                id: RecordId(7),
                causes: Vec::new(),
                at: Instant::ZERO + Duration::from_us(238_020),
                node,
                kind: RecordKind::Note(Note::Trace(invariant.clone())),
            };
            let records = [record];
            let permits = [Permit::MadeUp, Permit::Declared(vec![INVARIANT.to_owned()])];
            let judged = permits.map(|permit| Judgement::of(&records, &[(NodeId(1), permit)]));
            for judgement in judged.into_iter().chain([Judgement::unjudged(&records)]) {
                assert!(judgement.admitted.is_empty());
                assert_eq!(
                    judgement.violations(NodeId(0)),
                    Some(format!(
                        "INVARIANT (a fault of the device itself) by the {} at 0.238 s: it does \
                         not hold that reports of the link layer fit into their queue (time 2)",
                        side(node == NodeId(1))
                    ))
                );
            }
        }
    }

    #[test]
    fn a_line_says_rule_culprit_time_and_source() {
        let finding = Finding {
            rule: "LL-COLL-4",
            culprit: NodeId(0),
            at: Instant::ZERO + Duration::from_us(238_020),
            record: RecordId(1),
            evidence: Vec::new(),
            text: "LL_PHY_RSP where leaving the connection is recommended".into(),
        };
        let judgement = Judgement { observed: vec![finding], ..Judgement::default() };
        assert_eq!(
            judgement.recommendations(NodeId(0)).as_deref(),
            Some(
                "LL-COLL-4 (a forbidden procedure is not served) by the peripheral at 0.238 s: \
                 LL_PHY_RSP where leaving the connection is recommended [5.3]"
            )
        );
        assert_eq!(judgement.violations(NodeId(0)), None);
    }
}
