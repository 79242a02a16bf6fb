//! PHY update (Vol 6, Part B, 5.1.10). The central decides which PHYs are used.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::{Phy, PhySet};
use ble::time::Instant;
use ble::trace::Procedure;

use crate::controller::control::{Remote, Request, Step};
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// The PHY to change to, if any: the fastest one that is allowed, then the more robust ones.
fn choose(allowed: PhySet, current: Phy) -> Option<Phy> {
    [Phy::Le2M, Phy::Le1M, Phy::LeCoded]
        .into_iter()
        .find(|phy| allowed.contains(*phy))
        .filter(|phy| *phy != current)
}

/// PHYs of one end: those it likes to transmit on, and to receive on.
type Wish = (PhySet, PhySet);

fn symmetric((tx, rx): Wish) -> bool {
    tx == rx && tx.single().is_some()
}

impl Link {
    /// `None`: no preference.
    pub(in crate::controller) fn start_phy(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        tx: PhySet,
        rx: PhySet,
        host: bool,
    ) {
        let (two, coded) = (FeatureSet::LE_2M, FeatureSet::LE_CODED);
        if self.lacks(two) && self.lacks(coded) || !(sh.has(two) || sh.has(coded)) {
            if host {
                self.tell_phy(sh, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
            }
            return;
        }
        let any = |set: PhySet| {
            let known = set.intersection(sh.phys());
            if known == PhySet::NONE { sh.phys() } else { known }
        };
        let (tx, rx) = (any(tx), any(rx));
        self.begin(sh, now, Request::Phy { tx, rx, host }, ControlPdu::PhyReq { tx, rx });
    }

    /// LL_PHY_RSP: LL_PHY_UPDATE_IND follows in any case.
    pub(in crate::controller) fn receive_phy_rsp(
        &mut self,
        sh: &mut Shared,
        tx: PhySet,
        rx: PhySet,
    ) {
        let own = match &self.control.own {
            Some(own) if own.step == Step::Response(Opcode::PHY_REQ) => own.request.clone(),
            _ => return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse),
        };
        let Request::Phy { tx: own_tx, rx: own_rx, .. } = own else {
            return;
        };
        let update = self.phy_update((own_tx, own_rx), (tx, rx));
        if let Some(own) = &mut self.control.own {
            own.answered = true;
        }
        self.await_instant();
        self.send(sh, update);
    }

    pub(in crate::controller) fn answer_phy_req(
        &mut self,
        sh: &mut Shared,
        tx: PhySet,
        rx: PhySet,
    ) {
        // LL-FEAT-2: feature bits are true.
        if !sh.has(FeatureSet::LE_2M) && !sh.has(FeatureSet::LE_CODED) {
            return self.send(sh, ControlPdu::UnknownRsp(Opcode::PHY_REQ));
        }
        if !self.may_serve(sh, Opcode::PHY_REQ, Procedure::PhyUpdate) {
            return;
        }
        // LL-PHY-2: order of PDUs.
        self.remote_started(sh, Procedure::PhyUpdate);
        self.control.remote = Some(Remote::Phy);
        let update = self.phy_update((sh.default_tx, sh.default_rx), (tx, rx));
        self.send(sh, update);
    }

    /// What both wishes come to. An end that wishes one and the same PHY in both directions gets
    /// it in both or in none.
    fn phy_update(&self, own: Wish, peer: Wish) -> ControlPdu {
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

    /// The PHYs that an LL_PHY_UPDATE_IND announced are in use from here on, or nothing was to
    /// change.
    pub(in crate::controller) fn change_phy(
        &mut self,
        sh: &mut Shared,
        c_to_p: Option<Phy>,
        p_to_c: Option<Phy>,
    ) {
        let before = (self.tx, self.rx);
        if self.quirks.no_switch {
            self.quirks.no_switch = false;
        } else {
            self.tx = c_to_p.unwrap_or(self.tx);
            self.rx = p_to_c.unwrap_or(self.rx);
        }
        let mut asked = false;
        let own = self.control.own.as_ref();
        if own.is_some_and(|o| o.step == Step::Instant && matches!(o.request, Request::Phy { .. }))
        {
            let request = self.end_own(sh, ErrorCode::SUCCESS);
            asked = matches!(request, Some(Request::Phy { host: true, .. }));
        } else if self.control.remote == Some(Remote::Phy) {
            self.end_remote(sh, ErrorCode::SUCCESS);
        }
        if asked || before != (self.tx, self.rx) {
            self.tell_phy(sh, ErrorCode::SUCCESS);
        }
        self.keep_minimum(sh);
    }

    pub(in crate::controller) fn tell_phy(&self, sh: &mut Shared, status: ErrorCode) {
        let (tx, rx) = (self.tx, self.rx);
        sh.event(Event::LePhyUpdateComplete { handle: self.handle, status, tx, rx });
    }
}
