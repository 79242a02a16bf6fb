//! What the page is told. Times are nanoseconds of world time.

use serde::Serialize;

/// All that the page shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// Of this program.
    pub version: &'static str,
    /// Shown side by side; the first is the one that the page is about.
    pub runs: Vec<Run>,
    /// The rules that the runs speak of.
    pub rules: Vec<RuleText>,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleText {
    /// As it is cited.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What is demanded.
    pub text: String,
    /// Where it comes from.
    pub source: String,
}

/// A run, as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Who with whom.
    pub heading: String,
    /// What came of it.
    pub verdict: String,
    /// Whether that is good news.
    pub good: bool,
    /// Explanation, a paragraph each.
    pub why: Vec<String>,
    /// What was captured, how far it was judged, and what of it is inferred, a line each.
    pub facts: Vec<String>,
    /// Reasons and errors that the verdict speaks of, by name, and what usually causes them.
    pub codes: Vec<(String, &'static str)>,
    /// What happened, in order.
    pub marks: Vec<Mark>,
    /// What was under way, and for how long.
    pub bars: Vec<Bar>,
    /// The last moment.
    pub end_ns: u64,
}

/// Where something happens, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// The central's host, and its user.
    CentralHost,
    /// The central's link layer.
    CentralLink,
    /// On air, heard by nobody in particular.
    Air,
    /// The peripheral's link layer.
    PeripheralLink,
    /// The peripheral's host and application.
    PeripheralHost,
}

/// What kind of thing a mark is: what the page filters by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// LL Control PDU.
    Control,
    /// L2CAP: SMP, on the fixed channel 0x0006.
    Security,
    /// L2CAP: ATT and the rest.
    Data,
    /// A data PDU without payload.
    Empty,
    /// On the advertising channels.
    Advertising,
    /// A command, event or ACL packet between host and link layer.
    Hci,
    /// As `Hci`, before there is a connection.
    Setup,
    /// A log line, or what people see and do.
    Log,
    /// A violation of a rule that the oracle found.
    Finding,
    /// A recommendation that was not followed.
    Observation,
    /// Packets that may have been on air and were not captured.
    Gap,
}

/// A moment: an arrow between two lanes, or a note in one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Number of its record.
    pub id: u64,
    /// When it began, in ns.
    pub at_ns: u64,
    /// When it was over, in ns; the same for what takes no time.
    pub end_ns: u64,
    /// The lane where it begins, or in which the note stands.
    pub from: Lane,
    /// The lane where it ends; the same for a note.
    pub to: Lane,
    /// The kind by which the page filters it.
    pub kind: MarkKind,
    /// What it is, in a line.
    pub text: String,
    /// connEventCount, in a connection.
    pub event: Option<u16>,
    /// It did not arrive.
    pub lost: bool,
    /// The same PDU was sent before.
    pub repeated: bool,
    /// The explanation speaks of it.
    pub decisive: bool,
    /// Name and value, one by one.
    pub fields: Vec<(&'static str, String)>,
    /// As sent, hexadecimal.
    pub raw: String,
    /// Numbers of the records that it happened because of, as far as they are shown.
    pub causes: Vec<u64>,
}

/// How a procedure came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcedureOutcome {
    /// It was answered and has taken effect.
    Done,
    /// It was refused.
    Refused,
    /// No answer ever came.
    Unanswered,
    /// It was answered, and is not over at the end of the connection.
    Unfinished,
}

/// A procedure from its first PDU to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Beside which lane: that of the device that started it.
    pub lane: Lane,
    /// Name of the procedure, for people.
    pub name: String,
    /// When it began, in ns.
    pub from_ns: u64,
    /// When it ended, in ns.
    pub to_ns: u64,
    /// How it came out.
    pub outcome: ProcedureOutcome,
    /// Number of the record that began it.
    pub id: u64,
    /// The explanation speaks of it.
    pub decisive: bool,
}
