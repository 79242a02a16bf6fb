//! Procedures that a controller presses: started in their event, whatever the rules say.

use super::*;
use crate::controller::config::AutomaticProcedure;
use ble::pdu::control::Opcode;
use ble::phy::PhySet;

impl Served {
    /// Starts what the quirks press in this event.
    pub(super) fn press_due(&mut self, sh: &mut Shared, now: Instant, event: u16) {
        let pressed = sh.config.quirks.pressed.iter().filter(|own| own.at_event == event);
        let due: Vec<_> = pressed.map(|own| own.procedure).collect();
        for procedure in due {
            self.press(sh, now, procedure);
        }
    }

    /// As an own procedure if none is under way. Else, and for a version that was told before,
    /// the first PDU alone is sent, and what comes of it is nobody's.
    pub(in crate::controller) fn press(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        procedure: AutomaticProcedure,
    ) {
        if self.link.terminating.is_some() || self.link.terminated.is_some() {
            return;
        }
        let Some(local) = Local::automatic(procedure, sh) else {
            let phys = PhySet::LE_1M.union(PhySet::LE_2M);
            let pdu = match procedure {
                AutomaticProcedure::Raw(opcode) => ControlPdu::Unknown(Opcode(opcode)),
                _ => ControlPdu::MinUsedChannelsInd { phys, min_used_channels: 20 },
            };
            return self.link.send(sh, pdu);
        };
        let told = local == Local::Version && self.link.versions.is_settled();
        if self.procedures.is_free() && !told {
            self.start(sh, now, Wanted::by_itself(local));
        } else if let Some(pdu) = local.first_pdu(&mut self.link, sh) {
            self.link.send(sh, pdu);
        }
    }
}
