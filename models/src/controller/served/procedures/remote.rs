//! Procedures of the peripheral: served or refused.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::trace::{Initiator, Procedure};

use super::Served;
use crate::controller::arbiter::{self, Verdict};
use crate::controller::procedure::{Remote, parameters, serve};
use crate::controller::shared::Shared;

impl Served {
    /// Answers a request now.
    pub(in crate::controller::served) fn answer(&mut self, sh: &mut Shared, pdu: ControlPdu) {
        // LL-RSP-1: responses are sent from here on, upon a request.
        let Some(procedure) = Remote::opened_by(&pdu) else {
            if let Some(local) = serve(&pdu, &mut self.link, sh) {
                self.procedures.want_once(local);
            }
            return;
        };
        let opcode = pdu.opcode();
        if let Err(error) = Remote::check(&pdu, &self.link, sh) {
            return self.link.reject(sh, opcode, error);
        }
        if !self.admit(sh, opcode, procedure) {
            return;
        }
        if let Err(error) = Remote::accept(&pdu, &self.link, sh) {
            return self.link.reject(sh, opcode, error);
        }
        self.link.started(sh, procedure, Initiator::Remote);
        self.procedures.remote = Remote::open(&pdu, &mut self.link, sh);
        self.answer_when_known(sh);
    }

    /// Asks the arbiter whether to serve a procedure that the peripheral starts. If not, carries
    /// out the verdict.
    fn admit(&mut self, sh: &mut Shared, opcode: Opcode, procedure: Procedure) -> bool {
        if self.quirks.overlap {
            return true;
        }
        // LL-PROC-2: answers meanwhile.
        let local = self.procedures.local.as_ref();
        let local = local.map(|open| (open.local.procedure(), open.answered));
        let remote = self.procedures.remote.as_ref().map(Remote::procedure);
        let row = arbiter::decide(arbiter::peripheral_starts(procedure, local, remote));
        // A request that crosses an unanswered local one is no violation.
        if remote.is_some() || row.verdict == Verdict::Disconnect {
            self.link.misbehaved(sh, PeerMisbehaved::ProcedureBeforeInstant);
        }
        match row.verdict {
            Verdict::Proceed => return true,
            // LL-COLL-2: the central rejects.
            Verdict::Wait | Verdict::Reject => self.link.reject(sh, opcode, row.error),
            // LL-COLL-4: a forbidden procedure is not served.
            Verdict::Disconnect => self.link.disconnect(row.error),
        }
        false
    }

    /// The host's answer to a request. False: it was not asked.
    pub(in crate::controller) fn host_answers(
        &mut self,
        sh: &mut Shared,
        answer: parameters::Answer,
    ) -> bool {
        let remote = self.procedures.remote.as_mut();
        let asked = remote.is_some_and(|remote| remote.host_answers(answer));
        if asked {
            self.answer_when_known(sh);
        }
        asked
    }

    /// Sends the answer that is known by now, once encryption does not forbid it.
    pub(super) fn answer_when_known(&mut self, sh: &mut Shared) {
        if self.procedures.starting().is_some() && !self.quirks.at_once {
            return;
        }
        let Some(remote) = &self.procedures.remote else { return };
        let (opcode, answer) = (remote.request(), remote.answer(&mut self.link, sh));
        match answer {
            None => return,
            Some(Ok((remote, pdu))) => {
                self.procedures.remote = Some(remote);
                self.link.send(sh, pdu);
            }
            Some(Err(error)) => {
                self.end_remote(sh, error);
                self.link.reject(sh, opcode, error);
            }
        }
        self.request_answered();
    }

    pub(super) fn end_remote(&mut self, sh: &mut Shared, outcome: ErrorCode) {
        if let Some(remote) = self.procedures.remote.take() {
            self.link.ended(sh, remote.procedure(), Initiator::Remote, outcome);
        }
    }
}
