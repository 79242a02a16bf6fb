//! The findings of the oracle, and how they are collected.

use std::collections::{BTreeMap, BTreeSet};

use ble::time::Instant;
use bletwin_rules::channels::LL_CHAN_1;
use bletwin_rules::connection::{LL_ANCHOR_1, LL_TIFS_1, LL_WIN_1};
use bletwin_rules::control::LL_RSP_1;
use bletwin_rules::phy::LL_PHY_1;
use bletwin_rules::{Force, Rule};
use bletwin_sniffer::{NodeId, RecordId};

use crate::link::Packet;
use crate::needs::Needs;

/// Most findings of one rule against one device in one connection: a device that breaks a rule with
/// every packet is reported a few times only.
pub(crate) const FINDINGS_MAX: usize = 8;

/// A violation of a rule, or a recommendation that was not followed: the rule's [`Force`] decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, as in [`bletwin_rules`].
    pub rule: &'static str,
    /// The device that broke it, or did not follow it.
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
    /// Violations of rules.
    pub findings: Vec<Finding>,
    /// Recommendations that were not followed. They excuse nothing and fail nothing.
    pub observations: Vec<Finding>,
    /// Rules that this evidence decides of no connection: what they [need](Needs) is missing.
    pub undecided: Vec<&'static str>,
    /// From where on a connection is not judged: its CONNECT_IND, if its advertiser was not heard;
    /// an end that was switched on again; its first packet that is encrypted with an unknown key.
    pub unjudged: Vec<RecordId>,
    /// How far each connection of a capture was judged whose beginning was seen.
    pub links: Vec<Judged>,
}

/// Why a connection of a capture is not judged from one of its packets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Packets before it are missing: what comes after them may be explained by what they said.
    Gap,
    /// Packets are missing in the connection, and a transmit window begins there, in which only an
    /// answer shows the senders.
    Window,
    /// Nothing after it shows whether its peer has taken it: it is one of the last ones.
    Unacknowledged,
    /// It is encrypted, and the key is not known.
    Sealed,
}

impl Stop {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Gap => "packets are missing there",
            Self::Window => "packets are missing in it, and a transmit window begins there",
            Self::Unacknowledged => "nothing shows whether it was received",
            Self::Sealed => "it is encrypted, and its key is not known",
        }
    }
}

/// One connection of a capture, and how far it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The request with which it began.
    pub connection: RecordId,
    /// Packets of it that were judged.
    pub packets: usize,
    /// The first that was not and the reason; `None`: all were.
    pub stop: Option<(RecordId, Stop)>,
    /// When that one was on air.
    pub until: Option<Instant>,
    /// Packets that were not.
    pub rest: usize,
    /// Rules that were decided as far as that, among those of connections.
    pub decided: Vec<&'static str>,
}

/// Collects what there is to say about one connection.
pub(crate) struct Findings {
    /// The evidence in the view.
    there: Needs,
    pub(crate) examined: Examined,
    counts: BTreeMap<(&'static str, NodeId), usize>,
    /// Records of violations in the content or time of a PDU, including those beyond the maximum
    /// reported.
    said: BTreeSet<RecordId>,
    /// Those that answer nothing.
    stray: BTreeSet<RecordId>,
    /// Packets that were sent where their receiver did not have to listen.
    misplaced: BTreeSet<RecordId>,
}

/// Rules of when, where and how a packet is sent.
const PLACES: [&str; 5] = [LL_WIN_1.id, LL_ANCHOR_1.id, LL_CHAN_1.id, LL_PHY_1.id, LL_TIFS_1.id];

impl Findings {
    pub(crate) fn with(there: Needs) -> Self {
        Self {
            there,
            examined: Examined::default(),
            counts: BTreeMap::new(),
            said: BTreeSet::new(),
            stray: BTreeSet::new(),
            misplaced: BTreeSet::new(),
        }
    }

    /// Whether a PDU broke a rule by its content or time: the reaction of its receiver is left
    /// open, unless a rule demands one (Vol 1, Part E, 2.7).
    pub(crate) fn is_wrong(&self, packet: &Packet<'_>) -> bool {
        self.said.contains(&packet.first)
    }

    /// Whether a PDU answers nothing: it may be heeded or ignored.
    pub(crate) fn is_stray(&self, packet: &Packet<'_>) -> bool {
        self.stray.contains(&packet.first)
    }

    /// Whether a packet was not where its receiver had to listen.
    pub(crate) fn is_misplaced(&self, packet: &Packet<'_>) -> bool {
        self.misplaced.contains(&packet.item.record)
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.rule, finding.culprit)).or_default();
        *count += 1;
        let recommended = Rule::find(finding.rule).is_some_and(|rule| rule.force == Force::Should);
        let list = if recommended {
            &mut self.examined.observations
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
            &mut self.examined.findings
        };
        // An undecided violation excuses a reaction all the same.
        if *count <= FINDINGS_MAX && Needs::decide(finding.rule, self.there) {
            list.push(finding);
        }
    }
}
