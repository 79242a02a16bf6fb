//! How a run ended, as far as a cure is concerned.

use ble::error::ErrorCode;
use ble::hci::Event;
use bletwin_sim::record::{Note, RecordKind};
use serde::Serialize;

use super::cost::Cost;
use bletwin_explain::report;
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether it ended as the scenario expects and nothing was under way at the end, as `run`
    /// judges it, except for rules.
    pub good: bool,
    /// How it ended.
    pub verdict: Verdict,
    /// Security level at the end.
    pub level: Option<u8>,
    /// Last `Security failed`.
    pub err: Option<u8>,
    /// Reason of the unwanted disconnection, or else of the first.
    pub reason: Option<u8>,
    /// What was still under way when time was up, and should not have been.
    pub busy: Vec<String>,
    /// What came of it, in the words of `bletwin run`.
    #[serde(skip)]
    pub words: String,
    /// The cost of the configuration.
    #[serde(skip)]
    pub cost: Cost,
}

impl Outcome {
    /// Reads it out of a run.
    #[must_use]
    pub fn of(run: &Finished) -> Self {
        let lost = lost(run);
        let summary = &run.summary;
        Self {
            good: run.expected && run.is_at_rest(),
            verdict: summary.outcome,
            level: summary.security_level,
            err: summary.security_err,
            reason: lost.map(|reason| reason.0).or(summary.disconnect_reason),
            busy: run.busy.iter().filter(|busy| !busy.declared).map(ToString::to_string).collect(),
            words: report::outcome(run),
            cost: Cost::of(run),
        }
    }

    /// The properties that distinguish kinds of failures.
    #[must_use]
    pub const fn kind(&self) -> (bool, Verdict, Option<u8>, Option<u8>) {
        (self.good, self.verdict, self.err, self.reason)
    }

    /// In a few words, as `bletwin run` has them.
    #[must_use]
    pub fn text(&self) -> String {
        match self.busy.as_slice() {
            [] => self.words.clone(),
            busy => format!("{}, and still under way: {}", self.words, busy.join("; ")),
        }
    }
}

/// The reason of a disconnection that neither user nor application can have wanted.
fn lost(run: &Finished) -> Option<ErrorCode> {
    run.records.iter().filter(|record| record.node == run.peripheral).find_map(|r| match r.kind {
        RecordKind::Note(Note::HciEvent(Event::DisconnectionComplete { reason, .. })) => {
            (!wanted(reason)).then_some(reason)
        }
        _ => None,
    })
}

const fn wanted(reason: ErrorCode) -> bool {
    matches!(
        reason,
        ErrorCode::REMOTE_USER_TERMINATED
            | ErrorCode::REMOTE_LOW_RESOURCES
            | ErrorCode::REMOTE_POWER_OFF
            | ErrorCode::LOCAL_HOST_TERMINATED
            // A central tries again.
            | ErrorCode::FAILED_TO_ESTABLISH
    )
}

/// A number of runs out of a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Share {
    /// Runs that are counted.
    pub count: usize,
    /// Runs that were played.
    pub of: usize,
}

impl Share {
    /// How many of them are good.
    #[must_use]
    pub fn good(outcomes: &[Outcome]) -> Self {
        Self { count: outcomes.iter().filter(|o| o.good).count(), of: outcomes.len() }
    }

    /// How many of them are bad.
    #[must_use]
    pub fn bad(outcomes: &[Outcome]) -> Self {
        Self { count: outcomes.iter().filter(|o| !o.good).count(), of: outcomes.len() }
    }

    /// Whether it is every one of at least one.
    #[must_use]
    pub const fn is_all(self) -> bool {
        self.count == self.of && self.of > 0
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.count, self.of)
    }
}
