//! Procedures that a controller presses: started in their event, even against the rules.

use super::*;
use crate::controller::config::AutomaticProcedure;
use ble::pdu::control::Opcode;
use ble::phy::PhySet;

impl Served {
    /// Starts the procedures that quirks press in this event.
    pub(super) fn press_due(&mut self, sh: &mut Shared, now: Instant, here: Mark) {
        let [_, turns] = &mut self.turns;
        let due = turns.due(&sh.config.quirks.pressed, &self.link.happened, here);
        for at in due {
            let Some(own) = sh.config.quirks.pressed.get(at).copied() else { continue };
            let asked = own.procedure.procedure().is_some_and(|p| self.link.happened.is_asked(p));
            if !(own.unless_asked && asked) {
                let place = ListPlace { pressed: true, at };
                if self.press_as(sh, now, own.procedure, Some(place), own.ahead) {
                    continue;
                }
            }
            self.turn_ended(ListPlace { pressed: true, at });
        }
    }

    /// Starts it as the local procedure if none is under way. Otherwise, and for a version that was
    /// sent before, only the first PDU is sent, and its result belongs to no procedure.
    pub(in crate::controller) fn press(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        procedure: AutomaticProcedure,
    ) {
        self.press_as(sh, now, procedure, None, None);
    }

    /// The same for a listed one, with its own instant. Returns whether it is still under way.
    fn press_as(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        procedure: AutomaticProcedure,
        place: Option<ListPlace>,
        ahead: Option<i16>,
    ) -> bool {
        if self.link.terminating.is_some() || self.link.terminated.is_some() {
            return false;
        }
        let Some(local) = Local::automatic(procedure, sh) else {
            let phys = PhySet::LE_1M.union(PhySet::LE_2M);
            let pdu = match procedure {
                AutomaticProcedure::Raw(opcode) => ControlPdu::Unknown(Opcode(opcode)),
                _ => ControlPdu::MinUsedChannelsInd { phys, min_used_channels: 20 },
            };
            self.link.send(sh, pdu);
            return false;
        };
        let reported = local == Local::Version && self.link.versions.is_settled();
        if self.procedures.is_free() && !reported {
            self.start(sh, now, Wanted::of_list(local, place, ahead));
            return true;
        }
        if let Some(pdu) = local.first_pdu(&mut self.link, sh) {
            let before = std::mem::replace(&mut self.link.ahead, ahead);
            self.link.send(sh, pdu);
            self.link.ahead = before;
        }
        false
    }
}
