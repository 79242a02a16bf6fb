//! Feature exchange (Vol 6, Part B, 5.1.4).

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::trace::Procedure;

use super::ProcedureRow;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    // LL-FEAT-7: each role has its request.
    starts_with: Some(Opcode::FEATURE_REQ),
    requests: &[(Opcode::PERIPHERAL_FEATURE_REQ, FeatureSet::PERIPHERAL_FEATURE_EXCHANGE)],
    answers: &[(Opcode::FEATURE_RSP, FeatureSet(0))],
    centrals: &[Opcode::FEATURE_REQ],
    report: Some(report),
    ..ProcedureRow::NONE
};

pub(super) const fn request(sh: &Shared) -> ControlPdu {
    // LL-FEAT-4: features of the device.
    ControlPdu::FeatureReq(sh.config.features)
}

/// LL_PERIPHERAL_FEATURE_REQ: octet 0 of the answer is common to both, the others are local.
pub(super) fn serve(link: &mut Link, sh: &mut Shared, asked: FeatureSet) {
    learn(link, sh, asked);
    // LL-FEAT-1: octet 0 of the feature response.
    let common = asked.0 | !0xFF;
    link.send(sh, ControlPdu::FeatureRsp(FeatureSet(sh.config.features.0 & common)));
    link.served(sh, Procedure::FeatureExchange);
}

pub(super) fn learn(link: &mut Link, sh: &mut Shared, features: FeatureSet) {
    link.features = Some(features);
    sh.remember_features(link.identity, features);
}

/// The peripheral has turned out not to have a feature that it shows.
pub(super) fn unlearn(link: &mut Link, feature: FeatureSet) {
    link.features = link.features.map(|features| features.without(feature));
}

pub(in crate::controller) fn report(link: &Link, sh: &mut Shared, status: ErrorCode) {
    let features = link.features.unwrap_or_default();
    sh.event(Event::LeRemoteFeatures { handle: link.handle, status, features });
}
