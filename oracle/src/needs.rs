//! What each rule needs to be decided. A capture of a sniffer has packets and seldom more; where
//! something is missing, a rule is *not decided by this evidence*, which is no finding and no
//! acquittal.

use bletwin_sniffer::{Frame, Hearing, View};

/// A set of things that a [`View`] may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Needs(u16);

impl Needs {
    /// A connection's packets, as many as there are: what one PDU says is decided by that PDU.
    pub const PACKETS: Self = Self(0);
    /// No packet is missing that could explain another.
    pub const ADJACENCY: Self = Self(1);
    /// Times of the air, to the microsecond.
    pub const CLOCKS: Self = Self(1 << 1);
    /// How long each packet is on air.
    pub const LENGTH: Self = Self(1 << 2);
    /// Who heard a packet and who did not.
    pub const RECEPTION: Self = Self(1 << 3);
    /// The channel of each packet.
    pub const CHANNEL: Self = Self(1 << 4);
    /// The PHY of each packet.
    pub const PHY: Self = Self(1 << 5);
    /// The CRC preset of each packet.
    pub const CRC: Self = Self(1 << 6);
    /// What crossed HCI at each end; the keys are there, too.
    pub const HCI: Self = Self(1 << 7);
    /// When receivers closed.
    pub const NODE: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::ADJACENCY, "adjacency"),
        (Self::CLOCKS, "clocks"),
        (Self::LENGTH, "length on air"),
        (Self::RECEPTION, "reception"),
        (Self::CHANNEL, "channel"),
        (Self::PHY, "PHY"),
        (Self::CRC, "CRC"),
        (Self::HCI, "HCI"),
        (Self::NODE, "node facts"),
    ];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing of these is missing.
    #[must_use]
    pub const fn are_met_by(self, there: Self) -> bool {
        self.0 & !there.0 == 0
    }

    /// In words: `packets, adjacency, clocks`.
    #[must_use]
    pub fn text(self) -> String {
        let named = Self::NAMES.into_iter().filter(|(need, _)| need.are_met_by(self));
        let words: Vec<_> = ["packets"].into_iter().chain(named.map(|(_, name)| name)).collect();
        words.join(", ")
    }

    /// What a view has.
    #[must_use]
    pub fn present(view: &View) -> Self {
        let all = |has: fn(&Frame) -> bool| view.frames.iter().all(has);
        let there = [
            (view.complete, Self::ADJACENCY),
            (view.exact_times, Self::CLOCKS),
            (all(|frame| frame.end.is_some()), Self::LENGTH),
            (all(|frame| frame.hearing != Hearing::Unknown), Self::RECEPTION),
            (all(|frame| frame.channel.is_some()), Self::CHANNEL),
            (all(|frame| frame.phy.is_some()), Self::PHY),
            (all(|frame| frame.crc_init.is_some()), Self::CRC),
            (view.hci.is_some(), Self::HCI),
            (view.nodes.is_some(), Self::NODE),
        ];
        there
            .into_iter()
            .filter(|(is_there, _)| *is_there)
            .fold(Self::PACKETS, |all, (_, need)| all.and(need))
    }

    /// Whether what is there decides about a rule.
    pub(super) fn decide(rule: &str, there: Self) -> bool {
        Self::of(rule).is_some_and(|needs| needs.are_met_by(there))
    }

    /// What a rule needs; `None`: the oracle does not judge it.
    #[must_use]
    pub fn of(rule: &str) -> Option<Self> {
        NEEDS.iter().find(|(_, rules)| rules.contains(&rule)).map(|(needs, _)| *needs)
    }
}

const SEQUENCE: Needs = Needs::ADJACENCY;
const HEARD: Needs = SEQUENCE.and(Needs::RECEPTION);
const TIMED: Needs = HEARD.and(Needs::CLOCKS).and(Needs::LENGTH).and(Needs::PHY);
const PLACED: Needs = Needs::CHANNEL;
const HOSTS: Needs = HEARD.and(Needs::HCI);

/// Each rule that is judged, once.
const NEEDS: &[(Needs, &[&str])] = &[
    // What one PDU says.
    (
        Needs::PACKETS,
        &[
            "LL-CONN-1",
            "LL-CTRL-1",
            "LL-CTRL-4",
            "LL-FRAME-1",
            "LL-FRAME-2",
            "LL-FRAME-3",
            "LL-INST-1",
            "LL-INST-4",
            "LL-LEN-3",
            "LL-ROLE-1",
            "LL-VERS-1",
        ],
    ),
    (Needs::CRC, &["LL-CRC-1"]),
    (PLACED, &["LL-EXT-1", "LL-EXT-5"]),
    // What a PDU before it, or none, makes of it.
    (
        HEARD,
        &[
            "LL-COLL-1",
            "LL-COLL-2",
            "LL-COLL-3",
            "LL-COLL-4",
            "LL-FEAT-1",
            "LL-FEAT-2",
            "LL-FEAT-3",
            "LL-LEN-1",
            "LL-NESN-1",
            "LL-PAR-3",
            "LL-PHY-3",
            "LL-PHY-4",
            "LL-PROC-1",
            "LL-REJ-1",
            "LL-RETX-1",
            "LL-RSP-1",
            "LL-SN-1",
        ],
    ),
    (HEARD.and(Needs::CHANNEL).and(Needs::LENGTH), &["LL-CHAN-1"]),
    (HEARD.and(Needs::PHY), &["LL-LEN-2", "LL-PHY-1", "LL-PHY-7"]),
    // What hosts say to each other: a fragment may be missing, too.
    (
        HEARD,
        &[
            "ATT-LIST-1",
            "ATT-MTU-1",
            "ATT-MTU-2",
            "ATT-PDU-1",
            "ATT-RSP-1",
            "ATT-RSP-2",
            "ATT-SEQ-1",
            "ATT-SEQ-2",
            "SMP-DIST-1",
            "SMP-DIST-2",
            "SMP-DIST-3",
            "SMP-DIST-4",
            "SMP-FAIL-1",
            "SMP-FEAT-1",
            "SMP-FEAT-2",
            "SMP-FEAT-4",
            "SMP-PDU-1",
            "SMP-ROLE-1",
            "SMP-SEC-1",
            "SMP-SEQ-1",
        ],
    ),
    // When it is sent.
    (
        TIMED,
        &[
            "LL-ANCHOR-1",
            "LL-EVENT-1",
            "LL-EVENT-4",
            "LL-TIFS-1",
            "LL-TIFS-2",
            "LL-TIFS-3",
            "LL-UPD-1",
            "LL-WIN-1",
        ],
    ),
    (TIMED.and(PLACED), &["LL-ADV-1", "LL-ADV-7", "LL-EXT-2", "LL-EXT-3"]),
    (TIMED.and(PLACED).and(Needs::HCI), &["LL-ADV-2", "LL-ADV-8"]),
    // What hosts have asked for and were told, and what is encrypted with the keys that they gave.
    (
        HOSTS,
        &[
            "LL-ADV-6",
            "LL-AGREE-1",
            "LL-AGREE-2",
            "LL-CTRL-2",
            "LL-ENC-1",
            "LL-ENC-11",
            "LL-ENC-2",
            "LL-ENC-3",
            "LL-ENC-5",
            "LL-ENC-6",
            "LL-ENC-9",
            "LL-END-1",
            "LL-FEAT-4",
            "LL-INST-2",
            "LL-LIVE-1",
            "LL-LIVE-2",
            "LL-LIVE-3",
            "LL-LIVE-4",
            "LL-MIC-1",
            "LL-MIC-2",
            "LL-PING-2",
            "LL-PRIV-1",
            "LL-PRIV-2",
            "LL-PRIV-3",
            "LL-PRIV-4",
            "LL-TERM-2",
        ],
    ),
    (HOSTS.and(TIMED), &["LL-TIME-1"]),
    // Whether a receiver was open.
    (HOSTS.and(TIMED).and(Needs::NODE), &["LL-LAT-1", "LL-LAT-2", "LL-LAT-3", "LL-WIDE-1"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_that_is_judged_says_once_what_it_needs() {
        let all: Vec<_> = NEEDS.iter().flat_map(|(_, rules)| *rules).copied().collect();
        let named: BTreeSet<_> = all.iter().copied().collect();
        let judged: BTreeSet<_> = bletwin_rules::judged().map(|rule| rule.id).collect();
        assert_eq!((all.len(), &named), (judged.len(), &judged));
    }

    const ABOUT: &str = "# What evidence decides which rule

The oracle reads a view: packets, and whatever else is known. A simulated world knows everything; a
capture of a sniffer has packets and seldom more, and a log of one host has no packets at all. A
rule that needs what is not there is *not decided by this evidence*: no finding, and no acquittal. A
connection whose advertiser was not heard is not judged, nor is one from its first packet on that is
encrypted with an unknown key; both are told apart from what was found.

- *packets*: what one PDU says is decided by that PDU, whatever else was lost.
- *adjacency*: no packet is missing that could explain another.
- *reception*: who heard a packet and who did not.
- *clocks*: times of the air, to the microsecond. *Length on air*: when each packet ended.
- *channel*, *PHY*, *CRC* (its preset) of each packet.
- *HCI*: what hosts and controllers of all devices said to each other; the keys are there, too.
- *node facts*: when receivers closed without having seen a packet.

Written by `UPDATE_DOCS=1 cargo test -p bletwin-oracle needs`.

";

    fn document() -> String {
        let row = |(needs, rules): &(Needs, &[&str])| {
            let mut rules = rules.to_vec();
            rules.sort_unstable();
            format!("| {} | {} |\n", needs.text(), rules.join(", "))
        };
        let rows: String = NEEDS.iter().map(row).collect();
        format!("{ABOUT}| needs | rules |\n|---|---|\n{rows}")
    }

    #[test]
    fn the_document_says_what_rules_need() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/EVIDENCE.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, document()).expect("written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == document(), "docs/EVIDENCE.md: write it anew with UPDATE_DOCS=1");
    }

    #[test]
    fn needs_are_said_in_words() {
        assert_eq!(Needs::PACKETS.text(), "packets");
        assert_eq!(HOSTS.text(), "packets, adjacency, reception, HCI");
    }
}
