//! Refusals in both directions: LL_UNKNOWN_RSP, LL_REJECT_IND and LL_REJECT_EXT_IND.

use crate::config::Refusals;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::trace::Procedure;

use super::connection::{Connection, Context};
use super::procedure::{PeerStage, Request};

/// The PDU that starts a procedure of ours.
const fn opcode(request: Request) -> Opcode {
    match request {
        Request::Version => Opcode::VERSION_IND,
        Request::Features => Opcode::PERIPHERAL_FEATURE_REQ,
        Request::DataLength => Opcode::LENGTH_REQ,
        Request::Phy { .. } => Opcode::PHY_REQ,
        Request::Parameters(_) => Opcode::CONNECTION_PARAM_REQ,
        Request::Ping => Opcode::PING_REQ,
        Request::MinUsedChannels(_) => Opcode::MIN_USED_CHANNELS_IND,
    }
}

impl Connection {
    /// Rejects, in the extended form if both sides are known to have it.
    pub(super) fn reject(&mut self, cx: &mut Context<'_>, opcode: Opcode, error: ErrorCode) {
        // LL-REJ-1.
        let pdu = if self.features.common(cx.features(), FeatureSet::EXTENDED_REJECT) {
            ControlPdu::RejectExtInd { opcode, error }
        } else {
            ControlPdu::RejectInd(error)
        };
        self.send(cx, pdu);
    }

    /// Whether this is the own procedure and an answer may come. What comes before the request
    /// can have arrived is no answer to it.
    pub(super) fn awaits(&self, procedure: Procedure) -> bool {
        // LL-RSP-2.
        let asked = self.procedures.asked(procedure);
        asked.is_some_and(|request| !self.sender.holds(opcode(request)))
    }

    /// Whether an own procedure with this first PDU (any, for `None`) awaits an answer.
    fn awaits_answer(&self, of: Option<Opcode>) -> bool {
        self.procedures.own.is_some_and(|own| {
            self.awaits(own.request.procedure()) && of.is_none_or(|of| of == opcode(own.request))
        })
    }

    /// Whether the peer's open procedure has had this answer of ours (any, for `None`) and could
    /// be ended by a refusal of it.
    fn has_answered(&self, of: Option<Opcode>) -> bool {
        let at = |procedure| self.procedures.peer_stage(procedure) == Some(PeerStage::Indication);
        if at(Procedure::ConnectionParametersRequest) {
            of.is_none_or(|of| {
                of == Opcode::CONNECTION_PARAM_RSP || of == Opcode::CONNECTION_PARAM_REQ
            })
        } else {
            at(Procedure::PhyUpdate) && of.is_none_or(|of| of == Opcode::PHY_RSP)
        }
    }

    pub(super) fn on_unknown_rsp(&mut self, cx: &mut Context<'_>, of: Opcode) {
        if cx.config.lapses.refusals == Refusals::ExtendedOnly {
            return self.unexpected(cx);
        }
        if !self.awaits_answer(Some(of)) {
            if self.has_answered(Some(of)) {
                return self.end_peers(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
            }
            return self.unexpected(cx);
        }
        // LL-CTRL-3.
        // For a ping any answer will do.
        let outcome = if of == Opcode::PING_REQ {
            ErrorCode::SUCCESS
        } else {
            ErrorCode::UNSUPPORTED_REMOTE_FEATURE
        };
        self.end_own(cx, outcome);
    }

    /// Both forms are accepted, whatever has been said about features: old centrals send the
    /// short one to requests that are younger than it.
    pub(super) fn on_reject(&mut self, cx: &mut Context<'_>, of: Option<Opcode>, error: ErrorCode) {
        // LL-REJ-2.
        // A refusal that calls itself a success would be told to the host as one.
        let error = if error == ErrorCode::SUCCESS { ErrorCode::UNSPECIFIED } else { error };
        if of.is_none() && cx.config.lapses.refusals == Refusals::ExtendedOnly {
            self.unexpected(cx);
        } else if self.awaits_answer(of) {
            self.end_own(cx, error);
        } else if self.has_answered(of) {
            // LL-PAR-5.
            self.end_peers(cx, error);
        } else if !self.update_was_the_centrals(cx, of, error) && !self.encryption.is_busy() {
            self.unexpected(cx);
        }
    }

    pub(super) fn on_unknown(&mut self, cx: &mut Context<'_>, opcode: Opcode) {
        // LL-CTRL-2.
        self.send(cx, ControlPdu::UnknownRsp(opcode));
    }

    /// An answer to nothing: recorded, and ignored.
    pub(super) fn unexpected(&self, cx: &mut Context<'_>) {
        // LL-RSP-2.
        self.misbehaved(cx, PeerMisbehaved::UnexpectedResponse);
    }

    pub(super) fn misbehaved(&self, cx: &mut Context<'_>, sin: PeerMisbehaved) {
        cx.out.misbehaved(self.link, sin);
    }
}
