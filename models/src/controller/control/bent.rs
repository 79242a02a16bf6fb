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
                let (tx, rx) = (sh.default_tx, sh.default_rx);
                self.answer_then(sh, now, pdu, Request::Phy { tx, rx, host: false });
            }
            Answer::UpdateThenParamReq => {
                let wanted = self.current_parameters();
                let request = Request::Parameters { wanted, host: false, ask: true };
                self.answer_then(sh, now, pdu, request);
            }
            Answer::UpdateNoSwitch => {
                self.quirks.no_switch = true;
                self.answer(sh, pdu);
            }
        }
    }

    /// Answers, and starts a procedure against the rules once the answer is given.
    fn answer_then(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu, request: Request) {
        self.answer(sh, pdu);
        if self.waits_for_host(pdu) {
            self.quirks.afterwards = Some(request);
        } else {
            self.hurry(sh, now, request);
        }
    }

    /// Whether the answer to this request is still the host's to give.
    const fn waits_for_host(&self, pdu: ControlPdu) -> bool {
        matches!(pdu, ControlPdu::ConnectionParamReq(_)) && self.control.asked_parameters.is_some()
    }

    /// The host's answer has been sent: what was to follow it does.
    pub(in crate::controller) fn parameters_answered(&mut self) {
        self.quirks.at_once = false;
        if let Some(request) = self.quirks.afterwards.take()
            && self.quirks.pressing.len() < HELD
        {
            self.quirks.pressing.push_back(request);
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
