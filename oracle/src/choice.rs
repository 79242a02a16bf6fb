//! The PHYs that the central chooses, by what both ends have said they prefer.

use ble::hci::Role;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::{Phy, PhySet};
use bletwin_rules::phy::{LL_PHY_3, LL_PHY_4};

use super::Findings;
use super::link::{Link, Packet};
use super::phy::BelievedPhys;
use bletwin_sniffer::RecordId;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut phys = BelievedPhys::of(link);
    let mut said = PhyRequests::default();
    for packet in &link.packets {
        phys.reach(packet.event);
        let wrong = findings.is_wrong(packet);
        let now = phys.ends[Role::Central as usize];
        if !wrong
            && phys.is_known()
            && let Some((rule, record, text)) = said.denies(packet, now)
        {
            link.report(findings, rule, packet, &[record], text);
        }
        phys.learn(packet, findings.is_stray(packet));
        said.learn(packet);
    }
}

/// TX_PHYS and RX_PHYS.
type Wish = (PhySet, PhySet);

/// The requests that an LL_PHY_UPDATE_IND may answer.
#[derive(Default)]
struct PhyRequests {
    /// The central's request, and the peripheral's response to it.
    central: Option<Wish>,
    response: Option<(Wish, RecordId)>,
    /// The peripheral's own request.
    peripheral: Option<(Wish, RecordId)>,
}

impl PhyRequests {
    fn denies(
        &self,
        packet: &Packet<'_>,
        now: [Phy; 2],
    ) -> Option<(&'static str, RecordId, String)> {
        let Some(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, .. }) = packet.control() else {
            return None;
        };
        if packet.by != Role::Central || !packet.new {
            return None;
        }
        // The own procedure comes first.
        let own = self.central.zip(self.response);
        let own = own.map(|((tx, rx), ((ptx, prx), record))| {
            ([tx.intersection(prx), rx.intersection(ptx)], (ptx, prx), record)
        });
        let theirs = self.peripheral.map(|((ptx, prx), record)| ([prx, ptx], (ptx, prx), record));
        let (may, wish, record) = own.or(theirs)?;
        let name = packet.name();
        let set = [c_to_p, p_to_c];
        // A PHY that is in force already changes nothing.
        let chosen = [0, 1].map(|way: usize| set[way].single().filter(|phy| *phy != now[way]));
        let refused = |way: usize| {
            chosen[way].is_some_and(|phy| PhySet::only(phy).intersection(may[way]).0 == 0)
        };
        if refused(0) || refused(1) {
            let text = format!("{name} names a PHY that its sender or receiver does not prefer");
            return Some((LL_PHY_3.id, record, text));
        }
        let alike = wish.0.0 & 7 == wish.1.0 & 7 && wish.0.single().is_some();
        let one = alike && chosen != [None, None] && {
            let after = [0, 1].map(|way: usize| chosen[way].unwrap_or(now[way]));
            after[0] != after[1]
        };
        one.then(|| {
            let text =
                format!("{name} changes one direction where the same PHY both ways is asked for");
            (LL_PHY_4.id, record, text)
        })
    }

    fn learn(&mut self, packet: &Packet<'_>) {
        match (packet.control(), packet.by) {
            (Some(ControlPdu::PhyReq { tx, rx }), Role::Central) if packet.new => {
                (self.central, self.response) = (Some((*tx, *rx)), None);
            }
            (Some(ControlPdu::PhyReq { tx, rx }), Role::Peripheral) if packet.taken => {
                self.peripheral = Some(((*tx, *rx), packet.first));
            }
            (Some(ControlPdu::PhyRsp { tx, rx }), Role::Peripheral) if packet.taken => {
                self.response = Some(((*tx, *rx), packet.first));
            }
            (Some(ControlPdu::PhyUpdateInd { .. }), Role::Central) if packet.new => {
                if self.response.is_some() {
                    (self.central, self.response) = (None, None);
                } else {
                    self.peripheral = None;
                }
            }
            (
                Some(
                    ControlPdu::RejectInd(_)
                    | ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, .. }
                    | ControlPdu::UnknownRsp(Opcode::PHY_REQ),
                ),
                Role::Central,
            ) if packet.new => self.peripheral = None,
            _ => {}
        }
    }
}
