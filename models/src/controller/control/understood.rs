//! Which PDUs of a peripheral a central knows, and which it expects.

use ble::pdu::control::{ControlPdu, FeatureSet};

/// Whether a central with these features knows a PDU that its peripheral may send.
pub(super) const fn understands(features: FeatureSet, pdu: &ControlPdu) -> bool {
    match pdu {
        ControlPdu::EncRsp(_)
        | ControlPdu::StartEncReq
        | ControlPdu::StartEncRsp
        | ControlPdu::PauseEncRsp => features.has(FeatureSet::ENCRYPTION),
        ControlPdu::PeripheralFeatureReq(_) => {
            features.has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE)
        }
        ControlPdu::ConnectionParamReq(_) | ControlPdu::ConnectionParamRsp(_) => {
            features.has(FeatureSet::CONNECTION_PARAMETERS_REQUEST)
        }
        ControlPdu::RejectExtInd { .. } => features.has(FeatureSet::EXTENDED_REJECT),
        ControlPdu::PingReq | ControlPdu::PingRsp => features.has(FeatureSet::PING),
        ControlPdu::LengthReq(_) | ControlPdu::LengthRsp(_) => {
            features.has(FeatureSet::DATA_LENGTH_EXTENSION)
        }
        ControlPdu::PhyReq { .. } | ControlPdu::PhyRsp { .. } => {
            features.has(FeatureSet::LE_2M) || features.has(FeatureSet::LE_CODED)
        }
        ControlPdu::MinUsedChannelsInd { .. } => features.has(FeatureSet::MIN_USED_CHANNELS),
        _ => true,
    }
}

/// What a peripheral may send between LL_ENC_RSP and the end of the encryption start.
pub(super) const fn allowed_while_encrypting(pdu: &ControlPdu) -> bool {
    matches!(
        pdu,
        ControlPdu::StartEncReq
            | ControlPdu::StartEncRsp
            | ControlPdu::TerminateInd(_)
            | ControlPdu::RejectInd(_)
            | ControlPdu::RejectExtInd { .. }
    )
}
