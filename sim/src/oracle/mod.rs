//! An independent judge of both link layers: it watches the air and the HCI events in a record,
//! and names rule, culprit and evidence of every breach. Written from the rules, not from the
//! link layers that it judges; it shares with them no more than the formats of PDUs.

use std::collections::{BTreeMap, BTreeSet};

use firmware_core::time::Instant;

use crate::node::NodeId;
use crate::record::{Record, RecordId};

mod agreement;
mod bits;
mod channel;
mod encryption;
mod ending;
mod features;
mod flow;
mod framing;
mod length;
mod link;
mod overlap;
mod phy;
mod procedure;
mod rules;
mod table;
mod timing;
mod told;
mod window;

pub use rules::{RULES, Rule};

/// Most findings of one rule against one device in one connection: who breaks a rule with every
/// packet is told once and a few times more.
const FINDINGS_MAX: usize = 8;

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, as in [`RULES`].
    pub rule: &'static str,
    /// Who broke it.
    pub culprit: NodeId,
    /// When, world time.
    pub at: Instant,
    /// What broke it: a packet ([`RecordKind::AirTx`](crate::record::RecordKind::AirTx)) or an
    /// HCI event.
    pub record: RecordId,
    /// What makes it a breach.
    pub evidence: Vec<RecordId>,
    /// What happened, in a sentence.
    pub text: String,
}

/// Judges everything that is in a record, in its order. Time and memory are linear in the number
/// of records.
#[must_use]
pub fn judge(records: &[Record]) -> Vec<Finding> {
    let items = crate::sniffer::sniff(records);
    let (own, closed) = (bits::own(records), window::closed(records));
    let unfinished = told::unfinished(records);
    let mut all = Vec::new();
    for link in link::links(records, &items) {
        let mut findings = Findings::default();
        framing::check(&link, &mut findings);
        flow::check(&link, &mut findings);
        timing::check(&link, &mut findings);
        channel::check(&link, &mut findings);
        phy::check(&link, &mut findings);
        length::check(&link, &mut findings);
        encryption::check(&link, &mut findings);
        features::check(&link, &mut findings);
        let procedures = procedure::check(&link, &mut findings);
        ending::check(&link, &procedures, &mut findings);
        agreement::check(&link, &mut findings);
        overlap::check(&link, &mut findings);
        bits::check(&link, &own, &mut findings);
        window::check(&link, &closed, &mut findings);
        told::check(&link, &unfinished, &mut findings);
        all.append(&mut findings.list);
    }
    all.sort_by_key(|finding| (finding.record, finding.rule));
    all
}

/// Collects the findings of one connection.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<(&'static str, NodeId), usize>,
    /// Records of all findings, also of those that are too many to be told.
    struck: BTreeSet<RecordId>,
}

impl Findings {
    fn add(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.rule, finding.culprit)).or_default();
        *count += 1;
        self.struck.insert(finding.record);
        if *count <= FINDINGS_MAX {
            self.list.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
