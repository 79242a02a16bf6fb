//! The PHY of each direction, and its change at an instant.

use ble::hci::Role;
use ble::pdu::control::ControlPdu;
use ble::phy::{Phy, PhySet};
use bletwin_rules::phy::LL_PHY_1;

use super::Findings;
use super::link::{Link, Packet};
use bletwin_sniffer::RecordId;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut phys = BelievedPhys::of(link);
    for packet in &link.packets {
        phys.reach(packet.event);
        let sent = packet.item.phy.phy();
        let wanted = phys.ends[packet.by as usize][packet.by as usize];
        // The answer to an LL_PHY_UPDATE_IND first heard in the event of its instant is sent T_IFS
        // later, on the old PHY or on the new one.
        let open = packet.by == Role::Peripheral && phys.heard_at_instant == Some(packet.event);
        if sent != wanted && phys.is_known() && !open {
            let text = format!("{} on {sent:?} instead of {wanted:?}", packet.name());
            let evidence: Vec<_> = phys.changed.into_iter().collect();
            link.report(findings, LL_PHY_1.id, packet, &evidence, text);
        }
        phys.learn(packet, findings.is_stray(packet));
    }
}

/// What each end believes: the central knows a change when it sends it, the peripheral when it
/// has taken it.
#[derive(Clone, Copy, Default)]
pub(super) struct BelievedPhys {
    /// By end, then by sender: the PHY in force.
    pub(super) ends: [[Phy; 2]; 2],
    next: [Option<(u64, [PhySet; 2])>; 2],
    pub(super) changed: Option<RecordId>,
    /// An LL_PHY_UPDATE_IND came that answers nothing: whether it is heeded is left open.
    doubtful: bool,
    /// The event in which the peripheral heard of a change whose instant it was.
    heard_at_instant: Option<u64>,
}

impl BelievedPhys {
    /// Those with which the connection began.
    pub(super) fn of(link: &Link<'_>) -> Self {
        Self { ends: [[link.first_phy(); 2]; 2], ..Self::default() }
    }

    pub(super) fn reach(&mut self, event: u64) {
        for (end, next) in self.ends.iter_mut().zip(&mut self.next) {
            if let Some((_, sets)) = next.take_if(|(instant, _)| event >= *instant) {
                for (phy, set) in end.iter_mut().zip(sets) {
                    *phy = set.single().unwrap_or(*phy);
                }
            }
        }
    }

    /// Whether the text decides which PHYs apply.
    pub(super) const fn is_known(&self) -> bool {
        !self.doubtful
    }

    /// `stray`: the packet answers nothing.
    pub(super) fn learn(&mut self, packet: &Packet<'_>, stray: bool) {
        let Some(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant }) = packet.control() else {
            return;
        };
        if packet.by != Role::Central || (c_to_p.0 == 0 && p_to_c.0 == 0) {
            return;
        }
        if stray {
            self.doubtful = true;
            return;
        }
        let ahead = instant.wrapping_sub(packet.event as u16);
        if ahead >= 0x7FFF {
            return;
        }
        let change = Some((packet.event + u64::from(ahead), [*c_to_p, *p_to_c]));
        if packet.new {
            self.next[Role::Central as usize] = change;
            self.changed = Some(packet.item.record);
        }
        if packet.taken {
            self.heard_at_instant = (ahead == 0).then_some(packet.event);
            self.next[Role::Peripheral as usize] = change;
        }
    }
}
