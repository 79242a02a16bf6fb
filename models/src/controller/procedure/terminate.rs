//! Termination (Vol 6, Part B, 5.1.6).

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Instant;
use ble::trace::{Initiator, Procedure};

use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// Ends the connection: LL_TERMINATE_IND is sent before all queued PDUs, and nothing after it.
pub(in crate::controller) fn start(
    link: &mut Link,
    sh: &mut Shared,
    now: Instant,
    reason: ErrorCode,
) {
    link.started(sh, Procedure::Termination, Initiator::Local);
    link.terminating = Some(now + link.parameters.timeout());
    // LL-TERM-3: at any time.
    link.forget_queues();
    link.send(sh, ControlPdu::TerminateInd(reason));
}

/// LL_TERMINATE_IND of the peripheral.
pub(in crate::controller) fn received(link: &mut Link, reason: ErrorCode) {
    // LL-TERM-2: the next packet acknowledges it.
    link.terminated = Some(reason);
    link.forget_queues();
}

/// A control PDU was acknowledged.
pub(in crate::controller) fn acknowledged(link: &mut Link, opcode: Opcode) {
    if opcode == Opcode::TERMINATE_IND {
        // LL-TERM-1: own termination.
        // LL-END-1: permitted reasons.
        link.disconnect(ErrorCode::LOCAL_HOST_TERMINATED);
    }
}
