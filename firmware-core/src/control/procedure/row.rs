//! The constant properties of a procedure.

use crate::control::connection::{Connection, Context};
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::{FeatureSet, Opcode};

/// One procedure, as a peripheral has it.
#[derive(Clone, Copy, Debug)]
pub(in crate::control) struct ProcedureRow {
    /// The PDU with which this device starts it; `None`: it never does.
    pub(in crate::control) starts_with: Option<Opcode>,
    /// Features of which the peer must have one before this device starts it; empty: none needed.
    pub(in crate::control) needs: FeatureSet,
    /// PDUs of it that the peer may send, each with features of which this device must have one to
    /// understand it; empty: none needed.
    pub(in crate::control) hears: &'static [(Opcode, FeatureSet)],
    /// Opcodes by which a refusal of the peer may name this device's answer.
    pub(in crate::control) answers: &'static [Opcode],
    /// PDUs of it that only a peripheral may send.
    pub(in crate::control) peripherals: &'static [Opcode],
    /// Whether the peer answers this device's first PDU. If not, the procedure is over with its
    /// acknowledgement.
    pub(in crate::control) has_answer: bool,
    /// Whether LL_UNKNOWN_RSP is as good an answer as any.
    pub(in crate::control) any_answer: bool,
    /// Whether its result takes effect at an instant.
    pub(in crate::control) has_instant: bool,
    /// Whether a command of the host starts it.
    pub(in crate::control) started_by: fn(&Command) -> bool,
    /// Reports the end of the local procedure to the host, if the host requested it.
    pub(in crate::control) report: Option<fn(&Connection, &mut Context<'_>, ErrorCode)>,
}

impl ProcedureRow {
    /// A row for a procedure that this device does not have.
    pub(in crate::control) const NONE: Self = Self {
        starts_with: None,
        needs: FeatureSet(0),
        hears: &[],
        answers: &[],
        peripherals: &[],
        has_answer: true,
        any_answer: false,
        has_instant: false,
        started_by: |_| false,
        report: None,
    };
}
