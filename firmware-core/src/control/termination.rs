//! Termination (Vol 6, Part B, 5.1.6), and leaving without a word.

use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Instant;
use ble::trace::{Initiator, Procedure, Trace};

use super::connection::{Connection, Context};

/// A termination under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Termination {
    /// LL_TERMINATE_IND is on its way.
    Local {
        /// What the own host is told.
        reason: ErrorCode,
        /// When to give up waiting for the acknowledgement.
        deadline: Instant,
    },
    /// The peer's LL_TERMINATE_IND has come. The acknowledgement leaves within this event.
    Remote {
        /// What the own host is told.
        reason: ErrorCode,
    },
}

impl Termination {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Local { deadline, .. } => Some(*deadline),
            Self::Remote { .. } => None,
        }
    }
}

impl Connection {
    /// Starts termination with `error` on air and `reason` for the own host, once.
    pub(super) fn terminate(&mut self, cx: &mut Context<'_>, error: ErrorCode, reason: ErrorCode) {
        if self.termination.is_some() {
            return;
        }
        cx.out.trace(Trace::ProcedureStarted {
            link: self.link,
            procedure: Procedure::Termination,
            initiator: Initiator::Local,
        });
        let timeout = self.parameters.supervision_timeout();
        self.termination = Some(Termination::Local { reason, deadline: cx.now + timeout });
        // Nothing else is to be said, and LL_TERMINATE_IND may have to wait itself.
        self.sender.discard();
        self.send(cx, ControlPdu::TerminateInd(error));
    }

    pub(super) fn on_terminate(&mut self, cx: &mut Context<'_>, reason: ErrorCode) {
        cx.out.trace(Trace::ProcedureStarted {
            link: self.link,
            procedure: Procedure::Termination,
            initiator: Initiator::Remote,
        });
        // LL-TERM-2: the acknowledgement leaves in this event.
        self.termination = Some(Termination::Remote { reason });
    }

    /// The own LL_TERMINATE_IND is acknowledged, or will not be.
    pub(super) fn terminated(&mut self, cx: &mut Context<'_>, opcode: Opcode) {
        if opcode == Opcode::TERMINATE_IND
            && let Some(Termination::Local { reason, .. }) = self.termination
        {
            self.trace_end(cx, Procedure::Termination, Initiator::Local, ErrorCode::SUCCESS);
            // LL-TERM-1.
            self.leave(cx, reason);
        }
    }

    /// An event is over: nothing holds a connection any more that the peer has terminated.
    pub(super) fn event_ended(&mut self, cx: &mut Context<'_>) {
        if let Some(Termination::Remote { reason }) = self.termination {
            self.trace_end(cx, Procedure::Termination, Initiator::Remote, ErrorCode::SUCCESS);
            self.leave(cx, reason);
        }
    }

    /// Leaves the connection at once and tells the host.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, reason: ErrorCode) {
        if !self.gone {
            // LL-END-1.
            cx.out.order(LinkOrder::Drop(self.link));
            self.gone(cx, reason);
        }
    }

    /// The connection is gone already: tells the host.
    pub(super) fn gone(&mut self, cx: &mut Context<'_>, reason: ErrorCode) {
        self.gone = true;
        if let Some(own) = self.procedures.own.take() {
            self.trace_end(cx, own.request.procedure(), Initiator::Local, reason);
        }
        self.end_peers(cx, reason);
        cx.out.event(Event::DisconnectionComplete { handle: self.handle, reason });
    }

    pub(super) fn instant_passed(&mut self, cx: &mut Context<'_>) {
        self.misbehaved(cx, PeerMisbehaved::InstantPassed);
        self.leave(cx, ErrorCode::INSTANT_PASSED);
    }
}
