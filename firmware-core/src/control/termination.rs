//! Termination (Vol 6, Part B, 5.1.6).

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::time::Instant;
use ble::trace::{Initiator, Procedure};

use super::connection::{Connection, Context};
use super::procedure::ProcedureRow;

/// Its state is [`Termination`]: it may be under way beside others.
pub(super) const ROW: ProcedureRow =
    ProcedureRow { hears: &[(Opcode::TERMINATE_IND, FeatureSet(0))], ..ProcedureRow::NONE };

/// A termination under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Termination {
    /// LL_TERMINATE_IND is on its way.
    Local {
        /// Reason in the event to the local host.
        reason: ErrorCode,
        /// When to give up waiting for the acknowledgement.
        deadline: Instant,
    },
    /// The peer's LL_TERMINATE_IND is received, and acknowledged within this event.
    Remote {
        /// Reason in the event to the local host.
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
    /// Starts termination with `error` on air and `reason` for the local host, once.
    pub(super) fn terminate(&mut self, cx: &mut Context<'_>, error: ErrorCode, reason: ErrorCode) {
        if self.termination.is_some() {
            return;
        }
        self.trace_start(cx, Procedure::Termination, Initiator::Local);
        let timeout = self.timing.supervision_timeout();
        self.begin_termination(Termination::Local { reason, deadline: cx.now + timeout });
        // Nothing else is to be said, and LL_TERMINATE_IND may have to wait itself.
        self.sender.discard();
        self.send(cx, ControlPdu::TerminateInd(error));
    }

    pub(super) fn on_terminate(&mut self, cx: &mut Context<'_>, reason: ErrorCode) {
        self.trace_start(cx, Procedure::Termination, Initiator::Remote);
        // LL-TERM-2: the acknowledgement leaves in this event, or in the next that has time for it.
        self.begin_termination(Termination::Remote { reason });
    }

    /// The local LL_TERMINATE_IND is acknowledged, or will not be.
    pub(super) fn terminated(&mut self, cx: &mut Context<'_>, opcode: Opcode) {
        if opcode == Opcode::TERMINATE_IND
            && let Some(Termination::Local { reason, .. }) = self.termination
        {
            self.trace_end(cx, Procedure::Termination, Initiator::Local, ErrorCode::SUCCESS);
            // LL-TERM-1: own termination.
            self.disconnect(cx, reason);
        }
    }

    /// An event is over and all is acknowledged: nothing holds a connection any more that the peer
    /// has terminated.
    pub(super) fn event_ended(&mut self, cx: &mut Context<'_>) {
        if let Some(Termination::Remote { reason }) = self.termination {
            self.trace_end(cx, Procedure::Termination, Initiator::Remote, ErrorCode::SUCCESS);
            self.disconnect(cx, reason);
        }
    }
}
