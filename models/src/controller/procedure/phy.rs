//! PHY update (Vol 6, Part B, 5.1.10). The central decides which PHYs are used.

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::{Coding, Phy, PhySet};

use super::{Announcement, ProcedureRow, Step};
use crate::controller::link::Link;
use crate::controller::shared::Shared;

const PHYS: FeatureSet = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PHY_REQ),
    needs: PHYS,
    requests: &[(Opcode::PHY_REQ, PHYS)],
    answers: &[(Opcode::PHY_RSP, PHYS)],
    centrals: &[Opcode::PHY_UPDATE_IND],
    has_instant: true,
    report: Some(report),
    ..ProcedureRow::NONE
};

/// PHYs of one end: those it likes to transmit on, and to receive on.
type Wish = (PhySet, PhySet);

/// The procedure that this central has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Local {
    /// LL_PHY_RSP is awaited, in answer to an LL_PHY_REQ with these; none: no preference.
    Asked {
        /// To send on.
        tx: PhySet,
        /// To receive on.
        rx: PhySet,
    },
    /// LL_PHY_UPDATE_IND is queued or sent.
    Instant,
}

impl Local {
    pub(super) fn start(self, sh: &mut Shared) -> Result<(Self, ControlPdu), ErrorCode> {
        let Self::Asked { tx, rx } = self else { return Err(sh.started_twice()) };
        let any = |set: PhySet| {
            let known = set.intersection(sh.phys());
            if known == PhySet::NONE { sh.phys() } else { known }
        };
        let (tx, rx) = (any(tx), any(rx));
        Ok((Self::Asked { tx, rx }, ControlPdu::PhyReq { tx, rx }))
    }

    pub(super) const fn first_pdu(self) -> Option<ControlPdu> {
        match self {
            Self::Asked { tx, rx } => Some(ControlPdu::PhyReq { tx, rx }),
            Self::Instant => None,
        }
    }

    /// LL_PHY_RSP: LL_PHY_UPDATE_IND follows in any case.
    pub(super) fn response(self, link: &mut Link, sh: &mut Shared, peer: Wish) -> Step<Self> {
        if let Self::Asked { tx, rx } = self {
            let update = link.phys.update((tx, rx), peer);
            link.send(sh, update);
        }
        Step::Next(Self::Instant)
    }
}

/// LL_PHY_REQ of the peripheral.
pub(super) fn answer(link: &mut Link, sh: &mut Shared, peer: Wish) {
    // LL-PHY-2: order of PDUs.
    let update = link.phys.update((sh.default_tx, sh.default_rx), peer);
    link.send(sh, update);
}

/// The PHY to change to, if any: the fastest one that is allowed, then the more robust ones.
fn choose(allowed: PhySet, current: Phy) -> Option<Phy> {
    [Phy::Le2M, Phy::Le1M, Phy::LeCoded]
        .into_iter()
        .find(|phy| allowed.contains(*phy))
        .filter(|phy| *phy != current)
}

fn symmetric((tx, rx): Wish) -> bool {
    tx == rx && tx.single().is_some()
}

/// A connection's PHYs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Phys {
    tx: Phy,
    rx: Phy,
    /// Of new PDUs on LE Coded.
    coding: Coding,
}

impl Phys {
    /// Both directions begin on one.
    pub(in crate::controller) const fn new(phy: Phy) -> Self {
        Self { tx: phy, rx: phy, coding: Coding::S8 }
    }

    pub(in crate::controller) const fn tx(&self) -> Phy {
        self.tx
    }

    pub(in crate::controller) const fn rx(&self) -> Phy {
        self.rx
    }

    /// How new PDUs are sent on LE Coded.
    pub(in crate::controller) const fn coding(&self) -> Coding {
        self.coding
    }

    /// The host wants LE Coded to be sent like this.
    pub(in crate::controller) const fn prefer(&mut self, coding: Coding) {
        self.coding = coding;
    }

    /// The result of both preferences. An end that prefers the same PHY in both directions gets it
    /// in both or in none.
    fn update(&self, own: Wish, peer: Wish) -> ControlPdu {
        // LL-PHY-3: the central decides.
        // LL-PHY-4: the same PHY both ways.
        let mut c_to_p = choose(own.0.intersection(peer.1), self.tx);
        let mut p_to_c = choose(peer.0.intersection(own.1), self.rx);
        let applied = (c_to_p.unwrap_or(self.tx), p_to_c.unwrap_or(self.rx));
        if (symmetric(own) || symmetric(peer)) && applied.0 != applied.1 {
            (c_to_p, p_to_c) = (None, None);
        }
        let set = |phy: Option<Phy>| phy.map_or(PhySet::NONE, PhySet::only);
        ControlPdu::PhyUpdateInd { c_to_p: set(c_to_p), p_to_c: set(p_to_c), instant: 0 }
    }

    /// These are in use from here on; `None`: as before. Whether that changes anything.
    pub(super) fn take_effect(&mut self, c_to_p: Option<Phy>, p_to_c: Option<Phy>) -> bool {
        // LL-PHY-1: PHY in force.
        let before = (self.tx, self.rx);
        (self.tx, self.rx) = (c_to_p.unwrap_or(self.tx), p_to_c.unwrap_or(self.rx));
        before != (self.tx, self.rx)
    }
}

impl Link {
    /// What will be transmitted on after the next PHY instant.
    pub(super) fn next_tx(&self) -> Option<Phy> {
        self.schedule.ahead().find_map(|announcement| match announcement {
            Announcement::Phy(c_to_p, _) => c_to_p.single(),
            _ => None,
        })
    }
}

fn report(link: &Link, sh: &mut Shared, status: ErrorCode) {
    // LL-PHY-8: failure changes nothing.
    let (handle, tx, rx) = (link.handle, link.phys.tx, link.phys.rx);
    sh.event(Event::LePhyUpdateComplete { handle, status, tx, rx });
}
