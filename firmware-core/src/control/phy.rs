//! PHY update (Vol 6, Part B, 5.1.10), started by either side; the central decides.

use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::phy::{Coding, Phy, PhySet, TxPhy};
use ble::trace::Procedure;

use super::arbiter::has_instant;
use super::connection::{Connection, Context};
use super::procedure::{Own, PeerStage, Stage, is_past};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Phys {
    pub(super) tx: Phy,
    pub(super) rx: Phy,
    /// What applies from the instant on.
    next: Option<(Phy, Phy)>,
    /// PHYs that the host likes best, for answers.
    pub(super) preferred_tx: PhySet,
    /// As `preferred_tx`.
    pub(super) preferred_rx: PhySet,
    /// How the host wants LE Coded to be sent.
    pub(super) coding: Coding,
    /// Own PHYs that the peer's open procedure may end on.
    offered: PhySet,
}

impl Phys {
    pub(super) const fn new(preferred_tx: PhySet, preferred_rx: PhySet) -> Self {
        Self {
            tx: Phy::Le1M,
            rx: Phy::Le1M,
            next: None,
            preferred_tx,
            preferred_rx,
            coding: Coding::S8,
            offered: PhySet::NONE,
        }
    }

    /// The connection began on another PHY than LE 1M.
    pub(super) const fn begin_on(&mut self, phy: Phy) {
        (self.tx, self.rx) = (phy, phy);
    }

    pub(super) fn take_effect(&mut self) -> bool {
        let before = (self.tx, self.rx);
        (self.tx, self.rx) = self.next.take().unwrap_or(before);
        before != (self.tx, self.rx)
    }
}

/// PHYs that a controller with these features can use.
pub(super) const fn supported(features: FeatureSet) -> PhySet {
    let two = if features.has(FeatureSet::LE_2M) { PhySet::LE_2M } else { PhySet::NONE };
    let coded = if features.has(FeatureSet::LE_CODED) { PhySet::CODED } else { PhySet::NONE };
    PhySet::LE_1M.union(two).union(coded)
}

/// Octets of payload, MIC not counted, that fit into `time` µs on a PHY.
fn octets_in(phy: TxPhy, time: u16) -> u16 {
    let fits = |octets: &u16| phy.air_time_us(octets.saturating_add(4)) <= u32::from(time);
    (27..=251).rev().find(fits).unwrap_or(27)
}

impl Connection {
    /// Most octets of a data PDU that may be queued now: the effective length, on the present
    /// PHY and on each that an open procedure may lead to (Table 5.1 of Vol 6, Part B, 5.1.10).
    pub(super) fn fragment_octets(&self) -> usize {
        // LL-PHY-7.
        let mut possible = PhySet::only(self.phy.tx);
        if let Some((tx, _)) = self.phy.next {
            possible = possible.union(PhySet::only(tx));
        }
        let own = self.procedures.own.filter(|own| !matches!(own.stage, Stage::Instant(_)));
        if let Some(Own { request: super::procedure::Request::Phy { tx, .. }, .. }) = own {
            possible = possible.union(tx);
        }
        if self.procedures.peer_stage(Procedure::PhyUpdate) == Some(PeerStage::Indication) {
            possible = possible.union(self.phy.offered);
        }
        let interval = self.shortest_interval();
        let octets = [Phy::Le1M, Phy::Le2M, Phy::LeCoded]
            .into_iter()
            .filter(|phy| possible.contains(*phy))
            .map(|phy| {
                let time = self.data_length.tx_time(phy, interval);
                octets_in(phy.sent_with(self.phy.coding), time)
            })
            .fold(self.data_length.tx().octets, u16::min);
        usize::from(octets)
    }

    /// The host prefers this coding; what is queued from here on is sent with it.
    pub(super) fn prefer_coding(&mut self, cx: &mut Context<'_>, coding: Coding) {
        if core::mem::replace(&mut self.phy.coding, coding) != coding {
            cx.out.order(LinkOrder::Coding { link: self.link, coding });
        }
    }

    pub(super) fn start_phy(&mut self, cx: &mut Context<'_>, tx: PhySet, rx: PhySet) {
        let features = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);
        if self.features.peer.is_some_and(|peer| peer.and(features) == FeatureSet(0)) {
            self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        } else {
            self.send(cx, ControlPdu::PhyReq { tx, rx });
        }
    }

    pub(super) fn on_phy_req(&mut self, cx: &mut Context<'_>, peer_rx: PhySet) {
        if !self.admit(cx, Procedure::PhyUpdate) {
            return;
        }
        let (tx, rx) = (self.phy.preferred_tx, self.phy.preferred_rx);
        self.phy.offered = tx.intersection(peer_rx);
        // LL-PHY-2.
        self.send(cx, ControlPdu::PhyRsp { tx, rx });
        self.open_peers(cx, Procedure::PhyUpdate, PeerStage::Indication);
    }

    pub(super) fn on_phy_update(
        &mut self,
        cx: &mut Context<'_>,
        c_to_p: PhySet,
        p_to_c: PhySet,
        instant: u16,
    ) {
        let ours = match self.procedures.peer_stage(Procedure::PhyUpdate) {
            Some(PeerStage::Indication) => false,
            Some(_) => return self.misbehaved(cx, PeerMisbehaved::ProcedureBeforeInstant),
            None if self.awaits(Procedure::PhyUpdate) => {
                // We yielded to the peer's other procedure: to grant ours as well before that is
                // over makes two instants at once.
                let two = self.procedures.peers.is_some_and(|peers| has_instant(peers.procedure));
                if two && !self.admit(cx, Procedure::PhyUpdate) {
                    return;
                }
                true
            }
            None => return self.unexpected(cx),
        };
        if c_to_p == PhySet::NONE && p_to_c == PhySet::NONE {
            // LL-PHY-5.
            // The instant is reserved then: nothing changes and nothing is waited for.
            return if ours {
                self.end_own(cx, ErrorCode::SUCCESS);
            } else {
                self.end_peers(cx, ErrorCode::SUCCESS);
            };
        }
        if is_past(self.event, instant) {
            return self.instant_passed(cx);
        }
        // LL-PHY-6.
        let usable =
            |set: PhySet| set.single().filter(|phy| supported(cx.features()).contains(*phy));
        let tx = usable(p_to_c).unwrap_or(self.phy.tx);
        let rx = usable(c_to_p).unwrap_or(self.phy.rx);
        self.phy.next = Some((tx, rx));
        if (tx, rx) != (self.phy.tx, self.phy.rx) {
            // LL-PHY-1.
            let tx = tx.sent_with(self.phy.coding);
            cx.out.order(LinkOrder::Phy { link: self.link, instant, tx, rx });
        }
        if ours {
            self.own_answered(instant);
        } else {
            self.peers_at(cx, PeerStage::Instant(instant));
        }
    }
}
