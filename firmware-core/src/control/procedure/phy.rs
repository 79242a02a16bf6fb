//! PHY update (Vol 6, Part B, 5.1.10), started by either side; the central decides.

use super::{Announced, ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::{Coding, Phy, PhySet, TxPhy};

const PHYS: FeatureSet = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PHY_REQ),
    needs: PHYS,
    hears: &[(Opcode::PHY_REQ, PHYS), (Opcode::PHY_UPDATE_IND, PHYS)],
    answers: &[Opcode::PHY_RSP],
    peripherals: &[Opcode::PHY_RSP],
    has_instant: true,
    started_by: |command| matches!(command, Command::LeSetPhy { .. }),
    report: Some(report),
    ..ProcedureRow::NONE
};

/// PHYs to send on and to receive on.
pub(super) type Pair = (Phy, Phy);

/// The procedure that this device has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Local {
    /// LL_PHY_UPDATE_IND is awaited, in answer to an LL_PHY_REQ with these.
    Asked {
        /// To send on.
        tx: PhySet,
        /// To receive on.
        rx: PhySet,
    },
    /// The indication is received.
    Instant(Announced<Pair>),
}

/// The procedure that the peer has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Remote {
    /// LL_PHY_RSP has been sent, LL_PHY_UPDATE_IND is awaited.
    Indication {
        /// The local transmit PHYs that it may lead to.
        offered: PhySet,
    },
    /// The indication is received.
    Instant(Announced<Pair>),
}

/// Fields of an LL_PHY_UPDATE_IND; an empty set keeps the PHY of that direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indication {
    pub(super) c_to_p: PhySet,
    pub(super) p_to_c: PhySet,
    pub(super) instant: u16,
}

impl Local {
    /// PHYs to send on that it may lead to.
    pub(super) fn may_send_on(self) -> PhySet {
        match self {
            Self::Asked { tx, .. } => tx,
            Self::Instant(Announced { value: (tx, _), .. }) => PhySet::only(tx),
        }
    }
}

impl Remote {
    /// Handles a received LL_PHY_UPDATE_IND.
    pub(super) fn indication(
        self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        pdu: Indication,
    ) -> Step<Self> {
        match self {
            Self::Indication { .. } => indication(c, cx, pdu).map(Self::Instant),
            Self::Instant(_) => {
                c.misbehaved(cx, PeerMisbehaved::ProcedureBeforeInstant);
                Step::Next(self)
            }
        }
    }

    /// PHYs to send on that it may lead to.
    pub(super) fn may_send_on(self) -> PhySet {
        match self {
            Self::Indication { offered } => offered,
            Self::Instant(Announced { value: (tx, _), .. }) => PhySet::only(tx),
        }
    }
}

/// A connection's PHYs, and what its host thinks of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct Phys {
    pub(in crate::control) tx: Phy,
    pub(in crate::control) rx: Phy,
    /// PHYs that the host prefers to send on, for answers.
    preferred_tx: PhySet,
    /// PHYs that the host prefers to receive on, for answers.
    preferred_rx: PhySet,
    /// How the host wants LE Coded to be sent.
    coding: Coding,
}

impl Phys {
    pub(in crate::control) const fn new(preferred_tx: PhySet, preferred_rx: PhySet) -> Self {
        let (tx, rx) = (Phy::Le1M, Phy::Le1M);
        Self { tx, rx, preferred_tx, preferred_rx, coding: Coding::S8 }
    }

    /// From now on these are used; whether that changes anything.
    pub(in crate::control) fn take_effect(&mut self, pair: Pair) -> bool {
        let before = (self.tx, self.rx);
        (self.tx, self.rx) = pair;
        before != pair
    }
}

/// PHYs that a controller with these features can use.
pub(in crate::control) const fn supported(features: FeatureSet) -> PhySet {
    let two = if features.has(FeatureSet::LE_2M) { PhySet::LE_2M } else { PhySet::NONE };
    let coded = if features.has(FeatureSet::LE_CODED) { PhySet::CODED } else { PhySet::NONE };
    PhySet::LE_1M.union(two).union(coded)
}

/// Octets of payload, MIC not counted, that fit into `time` µs on a PHY.
fn octets_in(phy: TxPhy, time: u16) -> u16 {
    let fits = |octets: &u16| phy.air_time_us(octets.saturating_add(4)) <= u32::from(time);
    (27..=251).rev().find(fits).unwrap_or(27)
}

/// Most octets of a data PDU that may be queued now: the effective length, on the present PHY and
/// on each that an open procedure may lead to (Table 5.1 of Vol 6, Part B, 5.1.10).
pub(in crate::control) fn fragment_octets(c: &Connection, open: PhySet, interval: u16) -> usize {
    // LL-PHY-7: length while a PHY may change.
    let possible = PhySet::only(c.phy.tx).union(open);
    let octets = [Phy::Le1M, Phy::Le2M, Phy::LeCoded]
        .into_iter()
        .filter(|phy| possible.contains(*phy))
        .map(|phy| {
            let time = c.data_length.tx_time(phy, interval);
            octets_in(phy.sent_with(c.phy.coding), time)
        })
        .fold(c.data_length.tx().octets, u16::min);
    usize::from(octets)
}

/// The host's preferred PHYs: an empty set means all supported ones.
pub(super) fn preferences(features: FeatureSet, tx: PhySet, rx: PhySet) -> (PhySet, PhySet) {
    let named = |set| if set == PhySet::NONE { supported(features) } else { set };
    (named(tx), named(rx))
}

/// Stores the host's preferred PHYs and its coding for packets queued from here on, and returns the
/// procedure that requests them.
pub(super) fn prefer(
    c: &mut Connection,
    cx: &mut Context<'_>,
    (tx, rx): (PhySet, PhySet),
    coding: Coding,
) -> Local {
    if core::mem::replace(&mut c.phy.coding, coding) != coding {
        cx.out.order(LinkOrder::Coding { link: c.link, coding });
    }
    (c.phy.preferred_tx, c.phy.preferred_rx) = (tx, rx);
    Local::Asked { tx, rx }
}

pub(super) fn start(local: Local, c: &mut Connection, cx: &mut Context<'_>) -> Step<Local> {
    if let Local::Asked { tx, rx } = local {
        c.send(cx, ControlPdu::PhyReq { tx, rx });
    }
    Step::Next(local)
}

/// LL_PHY_REQ of a peer that would receive on `peer_rx`.
pub(super) fn request(c: &mut Connection, cx: &mut Context<'_>, peer_rx: PhySet) -> Remote {
    let (tx, rx) = (c.phy.preferred_tx, c.phy.preferred_rx);
    // LL-PHY-2: order of PDUs.
    c.send(cx, ControlPdu::PhyRsp { tx, rx });
    Remote::Indication { offered: tx.intersection(peer_rx) }
}

/// LL_PHY_UPDATE_IND, whosever procedure it belongs to.
pub(super) fn indication(
    c: &mut Connection,
    cx: &mut Context<'_>,
    Indication { c_to_p, p_to_c, instant }: Indication,
) -> Step<Announced<Pair>> {
    if c_to_p == PhySet::NONE && p_to_c == PhySet::NONE {
        // LL-PHY-5: no change.
        // The instant is reserved then: nothing changes and nothing is waited for.
        return Step::End(ErrorCode::SUCCESS);
    }
    if c.is_past(cx, instant) {
        return Step::Disconnect(ErrorCode::INSTANT_PASSED);
    }
    // LL-PHY-6: fields that name no PHY.
    let usable = |set: PhySet| set.single().filter(|phy| supported(cx.features()).contains(*phy));
    let tx = usable(p_to_c).unwrap_or(c.phy.tx);
    let rx = usable(c_to_p).unwrap_or(c.phy.rx);
    if (tx, rx) != (c.phy.tx, c.phy.rx) {
        // LL-PHY-1: PHY in force.
        let tx = tx.sent_with(c.phy.coding);
        cx.out.order(LinkOrder::Phy { link: c.link, instant, tx, rx });
    }
    Step::Next(Announced { instant, value: (tx, rx) })
}

/// The instant of the peer's procedure is reached.
pub(super) fn take_effect(c: &mut Connection, cx: &mut Context<'_>, pair: Pair) {
    if c.phy.take_effect(pair) {
        report(c, cx, ErrorCode::SUCCESS);
    }
}

fn report(c: &Connection, cx: &mut Context<'_>, status: ErrorCode) {
    // LL-PHY-8: as they are, whatever the outcome.
    let (handle, tx, rx) = (c.handle, c.phy.tx, c.phy.rx);
    cx.out.event(Event::LePhyUpdateComplete { handle, status, tx, rx });
}
