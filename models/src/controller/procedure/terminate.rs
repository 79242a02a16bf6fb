//! Termination (Vol 6, Part B, 5.1.6).

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Instant;
use ble::trace::{Initiator, Procedure};

use crate::controller::link::Link;
use crate::controller::shared::Shared;

impl Link {
    /// Ends the connection: LL_TERMINATE_IND goes before all that waits, and nothing after it.
    /// A controller whose control queue is blocked cannot send it and just stops.
    pub(in crate::controller) fn terminate(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        reason: ErrorCode,
    ) {
        if self.control.terminating() {
            return;
        }
        if self.quirks.blocked {
            self.gone.get_or_insert(ErrorCode::LOCAL_HOST_TERMINATED);
            return;
        }
        self.started(sh, Procedure::Termination, Initiator::Local);
        self.control.terminating = Some(now + self.parameters.timeout());
        // LL-TERM-3: at any time.
        self.forget_queues();
        self.send(sh, ControlPdu::TerminateInd(reason));
    }

    /// A control PDU was acknowledged.
    pub(in crate::controller) fn control_acknowledged(&mut self, opcode: Opcode) {
        if opcode == Opcode::TERMINATE_IND {
            // LL-TERM-1: own termination.
            // LL-END-1: permitted reasons.
            self.gone.get_or_insert(ErrorCode::LOCAL_HOST_TERMINATED);
        }
    }
}
