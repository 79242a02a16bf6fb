//! Answers that depart from the rules.

use super::*;
use crate::controller::procedure::{parameters, phy};
use crate::controller::quirk::Stall;

impl Served {
    /// Answers a request of the peripheral as a rule of behaviour says.
    pub(super) fn give(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu, answer: Answer) {
        let opcode = pdu.opcode();
        match answer {
            Answer::Honest => self.honest(sh, now, pdu),
            Answer::Now => {
                self.quirks.at_once = true;
                self.answer(sh, pdu);
                self.quirks.at_once = self.waits_for_host(pdu);
            }
            Answer::Overlap => {
                self.quirks.overlap = true;
                self.honest(sh, now, pdu);
                self.quirks.overlap = false;
            }
            Answer::AfterEncryption if self.encrypted() => self.honest(sh, now, pdu),
            Answer::AfterEncryption => self.quirks.hold_until_encrypted(pdu),
            Answer::Never => {}
            Answer::BlockControl => self.quirks.stall(Stall::Block),
            Answer::SilentAfterEvents(n) => self.quirks.stall(Stall::SilentAfterEvents(n)),
            Answer::Unknown => self.unknown(sh, opcode),
            Answer::RejectInd(error) => self.link.send(sh, ControlPdu::RejectInd(error)),
            Answer::RejectExt(error) => {
                self.link.send(sh, ControlPdu::RejectExtInd { opcode, error });
            }
            // An honest answer waits until encryption has started, and nothing comes after it then.
            Answer::UpdateThenOwnPhyReq | Answer::UpdateThenParamReq | Answer::UpdateNoSwitch
                if self.procedures.starting().is_some() =>
            {
                self.honest(sh, now, pdu);
            }
            Answer::UpdateThenOwnPhyReq => {
                let (tx, rx) = (sh.default_tx, sh.default_rx);
                self.answer_then(sh, now, pdu, Local::Phy(phy::Local::Asked { tx, rx }));
            }
            Answer::UpdateThenParamReq => {
                let wanted = parameters::Local::Asked(self.link.parameters.as_wanted());
                self.answer_then(sh, now, pdu, Local::Parameters(wanted));
            }
            Answer::UpdateNoSwitch => {
                self.quirks.no_switch = true;
                self.answer(sh, pdu);
            }
        }
    }

    /// Answers, and starts a procedure against the rules once the answer is given.
    fn answer_then(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu, local: Local) {
        self.answer(sh, pdu);
        if self.waits_for_host(pdu) {
            self.quirks.afterwards = Some(local);
        } else if self.procedures.is_free() {
            self.start(sh, now, Wanted::by_itself(local));
        } else {
            self.quirks.press_later(local);
        }
    }

    /// Whether the answer to this request is still the host's to give.
    fn waits_for_host(&self, pdu: ControlPdu) -> bool {
        matches!(pdu, ControlPdu::ConnectionParamReq(_)) && self.procedures.awaits_answer()
    }

    /// The host's answer has been sent: procedures that were to follow it start.
    pub(super) fn request_answered(&mut self) {
        self.quirks.at_once = false;
        if let Some(local) = self.quirks.afterwards.take() {
            self.quirks.press_later(local);
        }
    }
}
