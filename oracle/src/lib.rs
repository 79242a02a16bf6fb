//! An independent judge of both link layers: it watches the air and the HCI events in a [`View`],
//! and names rule, culprit and evidence of every breach. Written from the rules, not from the link
//! layers that it judges; it shares with them no more than the formats of PDUs.
//!
//! ```
//! use ble::time::Instant;
//! use bletwin_sniffer::View;
//!
//! let silence = View {
//!     frames: Vec::new(),
//!     hci: None,
//!     nodes: None,
//!     exact_times: true,
//!     complete: true,
//!     end: Instant::from_us(1_000_000),
//! };
//! assert!(bletwin_oracle::judge(&silence).is_empty(), "nobody is accused for silence");
//! ```

use bletwin_rules::channels::LL_CHAN_1;
use bletwin_rules::connection::{LL_ANCHOR_1, LL_TIFS_1, LL_WIN_1};
use bletwin_rules::control::LL_RSP_1;
use bletwin_rules::phy::LL_PHY_1;
use std::collections::{BTreeMap, BTreeSet};

use ble::time::Instant;

use bletwin_sniffer::{NodeId, RecordId, View};

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
mod gap;
mod hosts;
mod kept;
mod l2cap;
mod length;
mod link;
mod needs;
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
pub use needs::Needs;

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
    /// What broke it: a packet or an HCI event.
    pub record: RecordId,
    /// What makes it one.
    pub evidence: Vec<RecordId>,
    /// What happened, in a sentence.
    pub text: String,
}

/// All that the oracle has to say about a view, each in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Breaches of rules.
    pub findings: Vec<Finding>,
    /// Recommendations that were not followed. They excuse nothing and fail nothing.
    pub observations: Vec<Finding>,
    /// Rules that this evidence does not decide: something is missing that they [need](Needs).
    pub undecided: Vec<&'static str>,
    /// From where on a connection is not judged: its CONNECT_IND, if its advertiser was not heard,
    /// or its first packet that is encrypted with an unknown key.
    pub unjudged: Vec<RecordId>,
}

/// The breaches of rules in a view, in its order: [`examine`] without observations.
#[must_use]
pub fn judge(view: &View) -> Vec<Finding> {
    examine(view).findings
}

/// Judges everything that is in a view. Time and memory are linear in its length.
#[must_use]
pub fn examine(view: &View) -> Examined {
    let there = Needs::present(view);
    let items = bletwin_sniffer::sniff(view);
    let facts = Facts::of(view);
    let mut findings = Findings::with(there);
    advertising::check(view, &mut findings);
    extended::check(&items, &mut findings);
    gap::check(view, &mut findings);
    let mut all = findings.told;
    let mut links = link::links(view, &items, &mut all.unjudged);
    if view.hci.is_none() {
        all.unjudged.extend(links.iter_mut().filter_map(link::Link::end_where_opaque));
    }
    let shared = busy::Shared::of(&links);
    for (number, link) in links.into_iter().enumerate() {
        let mut told = one_link(link, &facts, &shared.of_peripheral(number), there).told;
        all.findings.append(&mut told.findings);
        all.observations.append(&mut told.observations);
    }
    for list in [&mut all.findings, &mut all.observations] {
        list.sort_by_key(|finding| (finding.record, finding.rule));
    }
    let judged = bletwin_rules::judged().map(|rule| rule.id);
    all.undecided = judged.filter(|rule| !Needs::decide(rule, there)).collect();
    all
}

/// What a view says beside the packets of connections.
struct Facts {
    own: bits::Own,
    closed: window::Closed,
    unfinished: Vec<told::Unfinished>,
    timeouts: Vec<payload::Set>,
}

impl Facts {
    fn of(view: &View) -> Self {
        Self {
            own: bits::own(view.hci()),
            closed: window::closed(view.closed()),
            unfinished: told::unfinished(view),
            timeouts: payload::set(view.hci()),
        }
    }
}

/// Everything about one connection; `busy`: what its peripheral did meanwhile in others.
fn one_link(
    mut link: link::Link<'_>,
    facts: &Facts,
    busy: &busy::Busy<'_>,
    there: Needs,
) -> Findings {
    let mut findings = Findings::with(there);
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
struct Findings {
    /// What the view has.
    there: Needs,
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
const PLACES: [&str; 5] = [LL_WIN_1.id, LL_ANCHOR_1.id, LL_CHAN_1.id, LL_PHY_1.id, LL_TIFS_1.id];

impl Findings {
    fn with(there: Needs) -> Self {
        Self {
            there,
            told: Examined::default(),
            counts: BTreeMap::new(),
            said: BTreeSet::new(),
            stray: BTreeSet::new(),
            misplaced: BTreeSet::new(),
        }
    }

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
            if finding.rule == LL_RSP_1.id {
                self.stray.insert(finding.record);
            }
            if PLACES.contains(&finding.rule) {
                self.misplaced.insert(finding.record);
            }
            &mut self.told.findings
        };
        // What is not decided excuses all the same.
        if *count <= FINDINGS_MAX && Needs::decide(finding.rule, self.there) {
            list.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
