//! Answers that depart from the rules.

use super::*;
use crate::controller::quirk::Stall;

impl Link {
    /// Answers a request of the peripheral as a rule of behaviour says.
    pub(in crate::controller) fn give(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: ControlPdu,
        answer: Answer,
    ) {
        let opcode = pdu.opcode();
        match answer {
            Answer::Honest => self.honest(sh, now, pdu),
            Answer::Now => self.answer(sh, pdu),
            Answer::Overlap => {
                self.quirks.overlap = true;
                self.honest(sh, now, pdu);
                self.quirks.overlap = false;
            }
            Answer::AfterEncryption if self.encrypted() => self.honest(sh, now, pdu),
            Answer::AfterEncryption => {
                if self.quirks.after_encryption.len() < HELD {
                    self.quirks.after_encryption.push_back(pdu);
                }
            }
            Answer::Never => {}
            Answer::BlockControl => self.quirks.stall(Stall::Block),
            Answer::SilentAfterEvents(n) => self.quirks.stall(Stall::SilentAfterEvents(n)),
            Answer::Unknown => self.send(sh, ControlPdu::UnknownRsp(opcode)),
            Answer::RejectInd(error) => self.send(sh, ControlPdu::RejectInd(error)),
            Answer::RejectExt(error) => self.send(sh, ControlPdu::RejectExtInd { opcode, error }),
            // An honest answer waits until encryption has started, and nothing comes after it then.
            Answer::UpdateThenOwnPhyReq | Answer::UpdateThenParamReq | Answer::UpdateNoSwitch
                if self.control.starting().is_some() =>
            {
                self.honest(sh, now, pdu);
            }
            Answer::UpdateThenOwnPhyReq => {
                self.answer(sh, pdu);
                let (tx, rx) = (sh.default_tx, sh.default_rx);
                self.hurry(sh, now, Request::Phy { tx, rx, host: false });
            }
            Answer::UpdateThenParamReq => {
                self.answer(sh, pdu);
                let wanted = self.current_parameters();
                self.hurry(sh, now, Request::Parameters { wanted, host: false, ask: true });
            }
            Answer::UpdateNoSwitch => {
                self.quirks.no_switch = true;
                self.answer(sh, pdu);
            }
        }
    }

    /// Starts a procedure against the rules: now, or as soon as the own one under way is over.
    fn hurry(&mut self, sh: &mut Shared, now: Instant, request: Request) {
        if self.control.own.is_none() {
            self.start(sh, now, request);
        } else if self.quirks.pressing.len() < HELD {
            self.quirks.pressing.push_back(request);
        }
    }
}
