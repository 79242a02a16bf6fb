//! One self-contained page that shows runs: the ladder of PDUs drawn to time between the lanes of
//! both devices, procedures as bars, log lines and the explanation in place.
//!
//! [`model`] is what the page is told, as data; `marks` and `bars` read it from a record, `words`
//! explains the rules and codes in it; the scripts beside this file draw it. Nothing is loaded from
//! anywhere: the page works in a mail.

mod bars;
mod captured;
mod marks;
pub mod model;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, Write};

use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordId};

use crate::report;
use bletwin_scenarios::stage::Finished;
pub use captured::Capture;
use model::{Lane, Page, Run};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// Where everything stands, and how it is drawn.
const SCRIPTS: [&str; 2] = [include_str!("layout.js"), include_str!("page.js")];

/// One run to be shown.
#[derive(Clone, Debug)]
pub struct Exhibit<'a> {
    /// What it is, in a few words: `zephyr-2024 with windows-intel`.
    pub heading: String,
    /// What came of it, in a line.
    pub verdict: String,
    /// Whether that is good news.
    pub good: bool,
    /// The explanation, a paragraph each.
    pub why: Vec<String>,
    /// Everything that happened.
    pub records: &'a [Record],
    /// The central's node.
    pub central: NodeId,
    /// Other centrals, and what they are called: they share the lanes of the first.
    pub others: Vec<(NodeId, String)>,
    /// The peripheral's node.
    pub peripheral: NodeId,
    /// Packets that the explanation speaks of.
    pub decisive: BTreeSet<RecordId>,
}

impl<'a> Exhibit<'a> {
    /// A finished run of a scenario.
    #[must_use]
    pub fn of(run: &'a Finished) -> Self {
        let why = if run.expected { None } else { report::why(run) };
        Self {
            heading: format!("{} with {}", run.summary.peripheral, run.summary.central),
            verdict: report::verdict_line(run),
            good: run.passed(),
            why: why.into_iter().collect(),
            records: &run.records,
            central: run.central,
            others: run
                .parties
                .iter()
                .filter(|party| party.node != run.central)
                .map(|party| (party.node, party.central.clone()))
                .collect(),
            peripheral: run.peripheral,
            decisive: if run.expected { BTreeSet::new() } else { report::decisive(run) },
        }
    }

    fn ends(&self) -> Ends<'_> {
        let (central, peripheral) = (Some(self.central), Some(self.peripheral));
        Ends { central, others: &self.others, peripheral, decisive: &self.decisive }
    }

    fn data(&self) -> Run {
        let (marks, shown) = marks::marks(self);
        Run {
            heading: self.heading.clone(),
            verdict: self.verdict.clone(),
            good: self.good,
            why: self.why.clone(),
            facts: Vec::new(),
            codes: words::codes(&self.verdict),
            bars: bars::bars(&self.decisive, &shown),
            end_ns: self.records.last().map_or(0, |record| record.at.ticks() / 64),
            marks,
        }
    }
}

/// Whose lanes these are, and which packets the explanation speaks of.
struct Ends<'a> {
    central: Option<NodeId>,
    others: &'a [(NodeId, String)],
    peripheral: Option<NodeId>,
    decisive: &'a BTreeSet<RecordId>,
}

impl Ends<'_> {
    /// The lanes of a device's host and link layer.
    fn lanes(&self, node: NodeId) -> Option<(Lane, Lane)> {
        if Some(node) == self.central || self.other(node).is_some() {
            Some((Lane::CentralHost, Lane::CentralLink))
        } else if Some(node) == self.peripheral {
            Some((Lane::PeripheralHost, Lane::PeripheralLink))
        } else {
            None
        }
    }

    /// The name of another central, if this is one.
    fn other(&self, node: NodeId) -> Option<&str> {
        self.others.iter().find(|(other, _)| *other == node).map(|(_, name)| name.as_str())
    }

    /// What a mark says, with the name of another central whose it is.
    fn named(&self, node: NodeId, text: String) -> String {
        match self.other(node) {
            Some(name) => format!("{name}: {text}"),
            None => text,
        }
    }
}

/// Writes a page that shows one run, or several side by side.
///
/// # Errors
/// Whatever writing ran into.
pub fn page(title: &str, exhibits: &[Exhibit<'_>], out: &mut impl Write) -> io::Result<()> {
    write(title, exhibits.iter().map(Exhibit::data).collect(), out)
}

fn write(title: &str, runs: Vec<Run>, out: &mut impl Write) -> io::Result<()> {
    let rules = words::rules(&runs);
    let page = Page { title: title.to_owned(), version: env!("CARGO_PKG_VERSION"), runs, rules };
    // Within a script element only `<` could end it early or open a comment.
    let data = serde_json::to_string(&page)?.replace('<', "\\u003c");
    let mut rest = PAGE;
    for (place, text) in [
        ("{{title}}", escaped(title).as_str()),
        ("{{style}}", STYLE),
        ("{{data}}", &data),
        ("{{script}}", &SCRIPTS.concat()),
    ] {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
