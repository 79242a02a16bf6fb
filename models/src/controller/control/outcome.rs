//! What may be served, what is refused, and how procedures fail and end.

use super::*;

impl Link {
    /// The own encryption start is over: what was held is answered now.
    pub(in crate::controller) fn answer_held(&mut self, sh: &mut Shared) {
        for pdu in std::mem::take(&mut self.control.held) {
            self.answer(sh, pdu);
        }
        if self.encrypted() {
            for pdu in std::mem::take(&mut self.quirks.after_encryption) {
                self.answer(sh, pdu);
            }
        }
    }

    /// Whether the peer's request may be served, as to incompatible procedures. If not, it has
    /// been rejected, or the connection is over.
    pub(in crate::controller) fn may_serve(
        &mut self,
        sh: &mut Shared,
        opcode: Opcode,
        peer: Procedure,
    ) -> bool {
        if self.quirks.overlap {
            return true;
        }
        // LL-PROC-2: answers meanwhile.
        let own = self.control.own.as_ref().map(|own| (own.request.procedure(), own.answered));
        let remote = self.control.remote.as_ref().map(Remote::procedure);
        let row = arbiter::decide(arbiter::peripheral_starts(peer, own, remote));
        // A request that crosses an unanswered own one is no sin.
        if remote.is_some() || row.verdict == Verdict::Disconnect {
            sh.misbehaved(Some(self.id), PeerMisbehaved::ProcedureBeforeInstant);
        }
        match row.verdict {
            Verdict::Proceed => return true,
            // LL-COLL-2: the central rejects.
            Verdict::Wait | Verdict::Reject => self.reject(sh, opcode, row.error),
            // LL-COLL-4: a forbidden procedure is not served.
            Verdict::Disconnect => self.gone = Some(row.error),
        }
        false
    }

    /// Rejects a request in the form that both ends know.
    pub(in crate::controller) fn reject(
        &mut self,
        sh: &mut Shared,
        opcode: Opcode,
        error: ErrorCode,
    ) {
        // LL-REJ-1: form of a reject.
        let pdu = if self.agreed(sh, FeatureSet::EXTENDED_REJECT) {
            ControlPdu::RejectExtInd { opcode, error }
        } else {
            ControlPdu::RejectInd(error)
        };
        self.send(sh, pdu);
    }

    /// LL_UNKNOWN_RSP, LL_REJECT_IND or LL_REJECT_EXT_IND.
    pub(super) fn refused(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        opcode: Option<Opcode>,
        error: ErrorCode,
        unknown: bool,
    ) {
        let awaited = match &self.control.own {
            Some(Own { step: Step::Response(sent), .. }) => Some(*sent),
            Some(Own { step: Step::Encryption(starting), .. }) => Some(starting.last_sent()),
            _ => None,
        };
        if awaited.is_none() || opcode.is_some() && opcode != awaited {
            // LL-RSP-2: answers to nothing.
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
        let request = self.control.own.as_ref().map(|own| own.request.clone());
        if unknown
            && request != Some(Request::Ping)
            && let Some(how) = sh.config.quirks.on_unknown
        {
            self.quirks.stall(how);
        }
        match request {
            Some(Request::Ping) if unknown => self.receive_ping_rsp(sh),
            Some(Request::Encryption { .. }) => self.encryption_refused(sh, now, error),
            // LL-PAR-7: a request that is not understood.
            Some(Request::Parameters { wanted, host, ask: true })
                if error == ErrorCode::UNSUPPORTED_REMOTE_FEATURE =>
            {
                self.features =
                    self.features.map(|f| f.without(FeatureSet::CONNECTION_PARAMETERS_REQUEST));
                self.end_own(sh, error);
                self.start_parameters(sh, now, wanted, host, false);
            }
            _ => self.fail_own(sh, error),
        }
    }

    /// The own procedure has failed: the host is told, where it asked.
    pub(super) fn fail_own(&mut self, sh: &mut Shared, error: ErrorCode) {
        // LL-LIVE-4: hosts are told.
        match self.end_own(sh, error) {
            Some(Request::Features { host: true }) => self.tell_features(sh, error),
            Some(Request::Version { host: true }) => self.tell_version(sh, error),
            // LL-PHY-8: failure changes nothing.
            Some(Request::Phy { host: true, .. }) => self.tell_phy(sh, error),
            Some(Request::Parameters { host: true, .. }) => self.tell_parameters(sh, error),
            _ => {}
        }
    }

    // Time.

    pub(in crate::controller) fn control_deadline(&self) -> Option<Instant> {
        let own = self.control.own.as_ref().and_then(|own| own.deadline);
        [own, self.control.terminating].into_iter().flatten().min()
    }

    pub(in crate::controller) fn expire_procedures(&mut self, sh: &mut Shared, now: Instant) {
        if self.control.terminating.is_some_and(|at| now >= at) {
            self.gone.get_or_insert(ErrorCode::LOCAL_HOST_TERMINATED);
        } else if self.control_deadline().is_some_and(|at| now >= at) {
            sh.misbehaved(Some(self.id), PeerMisbehaved::NoResponse);
            self.gone.get_or_insert(ErrorCode::LL_RESPONSE_TIMEOUT);
        }
    }

    pub(in crate::controller) fn control_event_ended(&mut self, sh: &mut Shared, now: Instant) {
        if let Some(own) = &mut self.control.own {
            own.events = own.events.saturating_add(1);
        }
        self.lose_patience(sh, now);
    }
}
