//! The constant properties of a procedure.

use ble::error::ErrorCode;
use ble::pdu::control::{FeatureSet, Opcode};

use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// A PDU, with features of which this device must have one to understand it; empty: none needed.
pub(in crate::controller) type PduOfFeature = (Opcode, FeatureSet);

/// One procedure, as a central has it.
#[derive(Clone, Copy, Debug)]
pub(in crate::controller) struct ProcedureRow {
    /// The PDU with which this device starts it; `None`: it never does.
    pub(in crate::controller) starts_with: Option<Opcode>,
    /// Features of which both ends must have one, as far as known, before this device starts it;
    /// empty: none needed.
    pub(in crate::controller) needs: FeatureSet,
    /// PDUs with which the peripheral starts it.
    pub(in crate::controller) requests: &'static [PduOfFeature],
    /// PDUs with which the peripheral answers.
    pub(in crate::controller) answers: &'static [PduOfFeature],
    /// PDUs of it that only a central may send.
    pub(in crate::controller) centrals: &'static [Opcode],
    /// Whether LL_UNKNOWN_RSP is as good an answer as any.
    pub(in crate::controller) any_answer: bool,
    /// Whether this device answers the peripheral's first PDU.
    pub(in crate::controller) has_answer: bool,
    /// Whether its result takes effect at an instant.
    pub(in crate::controller) has_instant: bool,
    /// Reports to the host the end of a requested procedure, or a change.
    pub(in crate::controller) report: Option<fn(&Link, &mut Shared, ErrorCode)>,
}

impl ProcedureRow {
    /// A row for a procedure that this device does not have.
    pub(in crate::controller) const NONE: Self = Self {
        starts_with: None,
        needs: FeatureSet(0),
        requests: &[],
        answers: &[],
        centrals: &[],
        any_answer: false,
        has_answer: true,
        has_instant: false,
        report: None,
    };
}

/// The role of a peripheral's PDU for a central.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controller) enum Part {
    /// It starts a procedure.
    Request {
        /// Which is to be answered.
        answered: bool,
    },
    /// It answers a procedure that a central starts.
    Answer,
    /// A peripheral may not send it.
    Centrals,
    /// It is not known, or not without a feature that this device lacks.
    Unknown,
}

/// The role of a PDU with this opcode for a central with these features.
pub(in crate::controller) fn part(features: FeatureSet, opcode: Opcode) -> Part {
    // LL-FEAT-2: feature bits are true.
    let among = |pdus: &[PduOfFeature]| {
        let heard = |&(pdu, one_of): &PduOfFeature| pdu == opcode && has_one_of(features, one_of);
        pdus.iter().any(heard)
    };
    for row in ble::trace::Procedure::ALL.map(super::row) {
        if among(row.requests) {
            return Part::Request { answered: row.has_answer };
        } else if among(row.answers) {
            return Part::Answer;
        } else if row.centrals.contains(&opcode) {
            return Part::Centrals;
        }
    }
    Part::Unknown
}

/// Whether one of these is in the set, or none is needed.
pub(in crate::controller) fn has_one_of(features: FeatureSet, one_of: FeatureSet) -> bool {
    one_of == FeatureSet(0) || features.and(one_of) != FeatureSet(0)
}
