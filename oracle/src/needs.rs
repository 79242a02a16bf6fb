//! What each rule needs to be decided. A capture of a sniffer has packets and seldom more; where
//! something is missing, a rule is *not decided by this evidence*, which is no finding and no
//! acquittal.

use bletwin_rules::acknowledgement::{LL_NESN_1, LL_RETX_1, LL_SN_1};
use bletwin_rules::advertising::{LL_ADV_1, LL_ADV_2, LL_ADV_6, LL_ADV_7, LL_ADV_8};
use bletwin_rules::att::{
    ATT_ERR_1, ATT_ERR_2, ATT_LIST_1, ATT_LIST_2, ATT_MTU_1, ATT_MTU_2, ATT_MTU_3, ATT_MTU_4,
    ATT_PDU_1, ATT_PDU_4, ATT_PREP_2, ATT_RSP_1, ATT_RSP_2, ATT_RSP_3, ATT_SEC_1, ATT_SEQ_1,
    ATT_SEQ_2, ATT_TIME_1, ATT_VAL_1,
};
use bletwin_rules::channels::LL_CHAN_1;
use bletwin_rules::collisions::{LL_COLL_1, LL_COLL_2, LL_COLL_3, LL_COLL_4};
use bletwin_rules::connection::{
    LL_ANCHOR_1, LL_CONN_1, LL_EVENT_1, LL_EVENT_4, LL_LAT_1, LL_LAT_2, LL_LAT_3, LL_TIFS_1,
    LL_TIFS_2, LL_TIFS_3, LL_WIDE_1, LL_WIN_1,
};
use bletwin_rules::connection_update::{LL_PAR_3, LL_UPD_1};
use bletwin_rules::control::{
    LL_CTRL_1, LL_CTRL_2, LL_CTRL_4, LL_LIVE_4, LL_PROC_1, LL_REJ_1, LL_ROLE_1, LL_RSP_1,
};
use bletwin_rules::data_length::{LL_LEN_1, LL_LEN_2, LL_LEN_3};
use bletwin_rules::encryption::{
    LL_ENC_1, LL_ENC_2, LL_ENC_3, LL_ENC_5, LL_ENC_6, LL_ENC_9, LL_ENC_11, LL_MIC_1, LL_MIC_2,
};
use bletwin_rules::extended::{LL_EXT_1, LL_EXT_2, LL_EXT_3, LL_EXT_5};
use bletwin_rules::features::{LL_FEAT_1, LL_FEAT_2, LL_FEAT_3, LL_FEAT_4};
use bletwin_rules::framing::{LL_CRC_1, LL_FRAME_1, LL_FRAME_2, LL_FRAME_3};
use bletwin_rules::gatt::{
    GAP_AD_1, GAP_AD_2, GAP_BOND_1, GAP_DISC_1, GAP_DISC_2, GAP_NAME_1, GAP_PAR_1, GAP_PAR_2,
    GATT_CCCD_1, GATT_CCCD_3, GATT_DECL_1, GATT_DECL_2, GATT_DECL_3, GATT_DISC_2, GATT_FEAT_1,
    GATT_HASH_2, GATT_IND_1, GATT_OWN_1, GATT_PROP_1, GATT_SVC_1, GATT_SYNC_3,
};
use bletwin_rules::instants::{LL_INST_1, LL_INST_2, LL_INST_4};
use bletwin_rules::phy::{LL_PHY_1, LL_PHY_3, LL_PHY_4, LL_PHY_7};
use bletwin_rules::ping::LL_PING_2;
use bletwin_rules::privacy::{LL_PRIV_1, LL_PRIV_2, LL_PRIV_3, LL_PRIV_4};
use bletwin_rules::smp::{
    SMP_CONF_1, SMP_CONF_2, SMP_DIST_1, SMP_DIST_2, SMP_DIST_3, SMP_DIST_4, SMP_FAIL_1, SMP_FEAT_1,
    SMP_FEAT_2, SMP_FEAT_3, SMP_FEAT_4, SMP_KEY_1, SMP_KEY_2, SMP_PASS_1, SMP_PDU_1, SMP_ROLE_1,
    SMP_SEC_1, SMP_SEQ_1, SMP_TIME_2,
};
use bletwin_rules::termination::{LL_AGREE_1, LL_AGREE_2, LL_END_1, LL_TERM_2};
use bletwin_rules::timeout::{LL_LIVE_1, LL_LIVE_2, LL_LIVE_3, LL_TIME_1};
use bletwin_rules::version::LL_VERS_1;
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
    /// Which packets were taken by their peers, as later ones acknowledge.
    pub const ACKNOWLEDGED: Self = Self(1 << 9);
    /// Which nodes heard a packet, even where no acknowledgement shows it.
    pub const RECEPTION: Self = Self(1 << 3).and(Self::ACKNOWLEDGED);
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

    /// The most that a connection of a capture can have.
    pub const CAPTURE: Self = Self::ADJACENCY
        .and(Self::CLOCKS)
        .and(Self::LENGTH)
        .and(Self::ACKNOWLEDGED)
        .and(Self::CHANNEL)
        .and(Self::PHY)
        .and(Self::CRC);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::ADJACENCY, "adjacency"),
        (Self::CLOCKS, "clocks"),
        (Self::LENGTH, "length on air"),
        (Self::ACKNOWLEDGED, "acknowledgements"),
        (Self::RECEPTION, "reception"),
        (Self::CHANNEL, "channel"),
        (Self::PHY, "PHY"),
        (Self::CRC, "CRC"),
        (Self::HCI, "HCI"),
        (Self::NODE, "node facts"),
    ];

    /// All that one or the other has.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    #[must_use]
    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing of these is missing.
    #[must_use]
    pub const fn are_met_by(self, there: Self) -> bool {
        self.0 & !there.0 == 0
    }

    /// In words: `packets, adjacency, clocks`.
    #[must_use]
    pub fn text(self) -> String {
        let more = Self::RECEPTION.are_met_by(self);
        let named = Self::NAMES
            .into_iter()
            .filter(|(need, _)| need.are_met_by(self) && !(more && *need == Self::ACKNOWLEDGED));
        let words: Vec<_> = ["packets"].into_iter().chain(named.map(|(_, name)| name)).collect();
        words.join(", ")
    }

    /// The evidence in a view.
    #[must_use]
    pub fn present(view: &View) -> Self {
        let all = |has: fn(&Frame) -> bool| view.frames.iter().all(has);
        // Reception worked out from acknowledgements does not count as reported by receivers.
        let reported =
            |frame: &Frame| frame.hearing != Hearing::Unknown && frame.followed.is_none();
        let there = [
            (view.complete, Self::ADJACENCY),
            (view.exact_times, Self::CLOCKS),
            (all(|frame| frame.end.is_some()), Self::LENGTH),
            (all(reported), Self::RECEPTION),
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

    /// Whether the available evidence decides about a rule.
    pub(super) fn decide(rule: &str, there: Self) -> bool {
        Self::of(rule).is_some_and(|needs| needs.are_met_by(there))
    }

    /// The evidence that a rule needs; `None`: the oracle does not judge it.
    #[must_use]
    pub fn of(rule: &str) -> Option<Self> {
        NEEDS.iter().find(|(_, rules)| rules.contains(&rule)).map(|(needs, _)| *needs)
    }
}

const SEQUENCE: Needs = Needs::ADJACENCY;
const HEARD: Needs = SEQUENCE.and(Needs::ACKNOWLEDGED);
const RECEIVED: Needs = SEQUENCE.and(Needs::RECEPTION);
const TIMED: Needs = HEARD.and(Needs::CLOCKS).and(Needs::LENGTH).and(Needs::PHY);
const PLACED: Needs = Needs::CHANNEL;
const HOSTS: Needs = RECEIVED.and(Needs::HCI);

/// Each rule that is judged, once.
const NEEDS: &[(Needs, &[&str])] = &[
    // What one PDU says.
    (
        Needs::PACKETS,
        &[
            GAP_AD_1.id,
            GAP_AD_2.id,
            GAP_DISC_1.id,
            LL_CONN_1.id,
            LL_CTRL_1.id,
            LL_CTRL_4.id,
            LL_FRAME_1.id,
            LL_FRAME_2.id,
            LL_FRAME_3.id,
            LL_INST_1.id,
            LL_INST_4.id,
            LL_LEN_3.id,
            LL_ROLE_1.id,
            LL_VERS_1.id,
        ],
    ),
    (Needs::CRC, &[LL_CRC_1.id]),
    (PLACED, &[LL_EXT_1.id, LL_EXT_5.id]),
    (Needs::HCI, &[GAP_DISC_2.id]),
    // Rules that depend on earlier PDUs, or on their absence.
    (
        HEARD,
        &[
            LL_COLL_1.id,
            LL_COLL_2.id,
            LL_COLL_3.id,
            LL_COLL_4.id,
            LL_ENC_1.id,
            LL_ENC_11.id,
            LL_ENC_3.id,
            LL_ENC_9.id,
            LL_FEAT_1.id,
            LL_FEAT_2.id,
            LL_FEAT_3.id,
            LL_LEN_1.id,
            LL_PAR_3.id,
            LL_PHY_3.id,
            LL_PHY_4.id,
            LL_PROC_1.id,
            LL_REJ_1.id,
            LL_RETX_1.id,
            LL_RSP_1.id,
            LL_SN_1.id,
        ],
    ),
    // What acknowledgements do not show, or say wrongly.
    (RECEIVED, &[LL_NESN_1.id]),
    (HEARD.and(Needs::CHANNEL).and(Needs::LENGTH), &[LL_CHAN_1.id]),
    (HEARD.and(Needs::PHY), &[LL_LEN_2.id, LL_PHY_1.id, LL_PHY_7.id]),
    // What hosts say to each other: a fragment may be missing, too.
    (
        HEARD,
        &[
            ATT_ERR_1.id,
            ATT_ERR_2.id,
            ATT_LIST_1.id,
            ATT_LIST_2.id,
            ATT_MTU_1.id,
            ATT_MTU_2.id,
            ATT_MTU_3.id,
            ATT_MTU_4.id,
            ATT_PDU_1.id,
            ATT_PDU_4.id,
            ATT_PREP_2.id,
            ATT_RSP_1.id,
            ATT_RSP_2.id,
            ATT_SEC_1.id,
            ATT_SEQ_1.id,
            ATT_SEQ_2.id,
            ATT_VAL_1.id,
            GAP_BOND_1.id,
            GAP_NAME_1.id,
            GAP_PAR_2.id,
            GATT_CCCD_1.id,
            GATT_CCCD_3.id,
            GATT_DECL_1.id,
            GATT_DECL_2.id,
            GATT_DECL_3.id,
            GATT_DISC_2.id,
            GATT_FEAT_1.id,
            GATT_HASH_2.id,
            GATT_OWN_1.id,
            GATT_PROP_1.id,
            GATT_SVC_1.id,
            GATT_SYNC_3.id,
            SMP_CONF_1.id,
            SMP_CONF_2.id,
            SMP_DIST_1.id,
            SMP_DIST_2.id,
            SMP_DIST_3.id,
            SMP_DIST_4.id,
            SMP_FAIL_1.id,
            SMP_FEAT_1.id,
            SMP_FEAT_2.id,
            SMP_FEAT_4.id,
            SMP_KEY_1.id,
            SMP_KEY_2.id,
            SMP_PASS_1.id,
            SMP_PDU_1.id,
            SMP_ROLE_1.id,
            SMP_SEC_1.id,
            SMP_SEQ_1.id,
        ],
    ),
    // What comes after 30 s, or does not.
    (
        HEARD.and(Needs::CLOCKS),
        &[ATT_RSP_3.id, ATT_TIME_1.id, GAP_PAR_1.id, GATT_IND_1.id, SMP_TIME_2.id],
    ),
    // When it is sent.
    (TIMED, &[LL_ANCHOR_1.id, LL_EVENT_4.id, LL_TIFS_1.id, LL_UPD_1.id, LL_WIN_1.id]),
    (TIMED.and(Needs::RECEPTION), &[LL_EVENT_1.id, LL_TIFS_2.id, LL_TIFS_3.id]),
    (TIMED.and(RECEIVED).and(PLACED), &[LL_ADV_7.id, LL_EXT_2.id, LL_EXT_3.id]),
    (TIMED.and(HOSTS).and(PLACED), &[LL_ADV_1.id, LL_ADV_2.id, LL_ADV_8.id]),
    // Rules about commands and events of hosts, and about packets encrypted with their keys.
    (
        HOSTS,
        &[
            LL_ADV_6.id,
            LL_AGREE_1.id,
            LL_AGREE_2.id,
            LL_CTRL_2.id,
            LL_ENC_2.id,
            LL_ENC_5.id,
            LL_ENC_6.id,
            LL_END_1.id,
            LL_FEAT_4.id,
            LL_INST_2.id,
            LL_LIVE_1.id,
            LL_LIVE_2.id,
            LL_LIVE_3.id,
            LL_LIVE_4.id,
            LL_MIC_1.id,
            LL_MIC_2.id,
            LL_PING_2.id,
            LL_PRIV_1.id,
            LL_PRIV_2.id,
            LL_PRIV_3.id,
            LL_PRIV_4.id,
            LL_TERM_2.id,
            SMP_FEAT_3.id,
        ],
    ),
    (HOSTS.and(TIMED), &[LL_TIME_1.id]),
    // Whether a receiver was open.
    (HOSTS.and(TIMED).and(Needs::NODE), &[LL_LAT_1.id, LL_LAT_2.id, LL_LAT_3.id, LL_WIDE_1.id]),
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

    /// Where the part of the document begins that is written from here.
    const TITLE: &str = "## What evidence decides which rule\n";

    const ABOUT: &str = "
The oracle reads a view: packets, and whatever else is known. A simulated world knows everything; a
capture of a sniffer has packets and seldom more, and a log of one host has no packets at all. A
rule that needs what is not there is *not decided by this evidence*: no finding, and no acquittal.

Of a capture each connection is judged by itself, from its request to the first packet before
which others are missing, that no key opens, or of which nothing shows whether it was taken (its
last ones). As far as that, adjacency and acknowledgements are there, whatever was lost later or
elsewhere. A connection whose advertiser was not heard is not judged, nor is one that was joined in
its middle. Where it ends and why is told. What a host's log adds to a capture is not judged: its
times are not those of the air.

- *packets*: what one PDU says is decided by that PDU, whatever else was lost.
- *adjacency*: no packet is missing that could explain another.
- *acknowledgements*: which packets were taken, as later ones acknowledge. *Reception*: who heard a
  packet and who did not, also where no acknowledgement shows it.
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
        format!("{TITLE}{ABOUT}| needs | rules |\n|---|---|\n{rows}")
    }

    #[test]
    fn the_document_says_what_rules_need() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/EVIDENCE.md");
        let found = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
        let (before, _) = found.split_once(TITLE).expect("the part about rules");
        let wanted = format!("{before}{}", document());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &wanted).expect("written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
        assert!(found == wanted, "docs/EVIDENCE.md: write it anew with UPDATE_DOCS=1");
    }

    #[test]
    fn needs_are_said_in_words() {
        assert_eq!(Needs::PACKETS.text(), "packets");
        assert_eq!(HEARD.text(), "packets, adjacency, acknowledgements");
        assert_eq!(HOSTS.text(), "packets, adjacency, reception, HCI");
    }
}
