//! An independent judge of both link layers: it watches the air and the HCI events in a record,
//! and names rule, culprit and evidence of every breach. Written from the rules, not from the
//! link layers that it judges; it shares with them no more than the formats of PDUs.

use std::collections::{BTreeMap, BTreeSet};

use ble::time::Instant;

use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordId};

mod advertising;
mod agreement;
mod asked;
mod awake;
mod beyond;
mod bits;
mod busy;
mod channel;
mod choice;
mod duty;
mod encryption;
mod ending;
mod extended;
mod features;
mod flow;
mod framing;
mod hosts;
mod kept;
mod l2cap;
mod length;
mod link;
mod payload;
mod phy;
mod possible;
mod privacy;
mod procedure;
mod shown;
mod table;
mod timing;
mod told;
mod values;
mod window;

pub use bletwin_rules::{Force, Rule};

/// Most findings of one rule against one device in one connection: who breaks a rule with every
/// packet is told once and a few times more.
const FINDINGS_MAX: usize = 8;

/// A breach of a rule, or a recommendation that was not followed: the rule's [`Force`] decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, as in [`bletwin_rules`].
    pub rule: &'static str,
    /// Who broke it, or did not follow it.
    pub culprit: NodeId,
    /// When, world time.
    pub at: Instant,
    /// What broke it: a packet
    /// ([`RecordKind::AirTx`](bletwin_sim::record::RecordKind::AirTx)) or an HCI event.
    pub record: RecordId,
    /// What makes it one.
    pub evidence: Vec<RecordId>,
    /// What happened, in a sentence.
    pub text: String,
}

/// All that the oracle has to say about a record, each in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Breaches of rules.
    pub findings: Vec<Finding>,
    /// Recommendations that were not followed. They excuse nothing and fail nothing.
    pub observations: Vec<Finding>,
}

/// The breaches of rules in a record, in its order: [`examine`] without observations.
#[must_use]
pub fn judge(records: &[Record]) -> Vec<Finding> {
    examine(records).findings
}

/// Judges everything that is in a record. Time and memory are linear in the number of records.
#[must_use]
pub fn examine(records: &[Record]) -> Examined {
    let items = bletwin_sim::sniffer::sniff(records);
    let facts = Facts::of(records);
    let mut findings = Findings::default();
    advertising::check(records, &mut findings);
    extended::check(records, &items, &mut findings);
    let mut all = findings.told;
    let links = link::links(records, &items);
    let shared = busy::Shared::of(&links);
    for (number, link) in links.into_iter().enumerate() {
        let mut told = one_link(link, &facts, &shared.of_peripheral(number)).told;
        all.findings.append(&mut told.findings);
        all.observations.append(&mut told.observations);
    }
    for list in [&mut all.findings, &mut all.observations] {
        list.sort_by_key(|finding| (finding.record, finding.rule));
    }
    all
}

/// What a record says beside the packets of connections.
struct Facts {
    own: bits::Own,
    closed: window::Closed,
    unfinished: Vec<told::Unfinished>,
    timeouts: Vec<payload::Set>,
}

impl Facts {
    fn of(records: &[Record]) -> Self {
        Self {
            own: bits::own(records),
            closed: window::closed(records),
            unfinished: told::unfinished(records),
            timeouts: payload::set(records),
        }
    }
}

/// Everything about one connection; `busy`: what its peripheral did meanwhile in others.
fn one_link(mut link: link::Link<'_>, facts: &Facts, busy: &busy::Busy<'_>) -> Findings {
    let mut findings = Findings::default();
    if let Some(index) = beyond::beyond(&link) {
        link.truncate(index);
    }
    if let Some((index, update)) = kept::kept(&link) {
        kept::report(&link, index, update, &mut findings);
        link.truncate(index);
    }
    framing::check(&link, &facts.own, &mut findings);
    values::check(&link, &mut findings);
    flow::check(&link, &mut findings);
    timing::check(&link, busy, &mut findings);
    channel::check(&link, &mut findings);
    length::values(&link, &mut findings);
    let refusals = encryption::check(&link, &mut findings);
    let procedures = procedure::check(&link, &mut findings);
    // From here on what is said has been judged by itself: what follows asks what came of it.
    phy::check(&link, &mut findings);
    choice::check(&link, &mut findings);
    length::check(&link, &mut findings);
    timing::room(&link, &mut findings);
    features::check(&link, &mut findings);
    ending::check(&link, &procedures, &refusals, &mut findings);
    agreement::check(&link, &mut findings);
    bits::check(&link, &facts.own, &mut findings);
    window::check(&link, &facts.closed, busy, &mut findings);
    told::check(&link, &facts.unfinished, &mut findings);
    awake::check(&link, &facts.closed, busy, &mut findings);
    possible::check(&link, &mut findings);
    payload::check(&link, &facts.own, &facts.timeouts, &mut findings);
    shown::check(&link, &mut findings);
    duty::check(&link, &procedures, &mut findings);
    l2cap::check(&link, &mut findings);
    findings
}

/// Collects what there is to say about one connection.
#[derive(Default)]
struct Findings {
    told: Examined,
    counts: BTreeMap<(&'static str, NodeId), usize>,
    /// Records of breaches, also of those that are too many to be told, that are in what a PDU says
    /// or when it is said.
    said: BTreeSet<RecordId>,
    /// Those that answer nothing.
    stray: BTreeSet<RecordId>,
    /// Those that were not where their receiver had to listen.
    misplaced: BTreeSet<RecordId>,
}

/// Rules of when, where and how a packet is sent.
const PLACES: [&str; 5] = ["LL-WIN-1", "LL-ANCHOR-1", "LL-CHAN-1", "LL-PHY-1", "LL-TIFS-1"];

impl Findings {
    /// Whether a PDU broke a rule in what it says or when: what its receiver does about it the
    /// text leaves open, unless a rule says so (Vol 1, Part E, 2.7).
    fn is_wrong(&self, packet: &link::Packet<'_>) -> bool {
        self.said.contains(&packet.first)
    }

    /// Whether a PDU answers nothing: what it says may be heeded or not.
    fn is_stray(&self, packet: &link::Packet<'_>) -> bool {
        self.stray.contains(&packet.first)
    }

    /// Whether a packet was not where its receiver had to listen.
    fn is_misplaced(&self, packet: &link::Packet<'_>) -> bool {
        self.misplaced.contains(&packet.item.record)
    }

    fn add(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.rule, finding.culprit)).or_default();
        *count += 1;
        let recommended = Rule::find(finding.rule).is_some_and(|rule| rule.force == Force::Should);
        let list = if recommended {
            &mut self.told.observations
        } else {
            if Rule::is_of_control(finding.rule) {
                self.said.insert(finding.record);
            }
            if finding.rule == "LL-RSP-1" {
                self.stray.insert(finding.record);
            }
            if PLACES.contains(&finding.rule) {
                self.misplaced.insert(finding.record);
            }
            &mut self.told.findings
        };
        if *count <= FINDINGS_MAX {
            list.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
