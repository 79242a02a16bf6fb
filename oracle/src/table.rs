//! Control PDUs as data: who may send them, what they start, what they answer.

use ble::hci::Role;
use ble::pdu::control::{FeatureSet, Opcode};

/// A procedure. The connection update and the connection parameters request count as one: a
/// collision between them is one of the same procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcedureKind {
    Features,
    Version,
    Encryption,
    Parameters,
    ChannelMap,
    Ping,
    DataLength,
    Phy,
}

impl ProcedureKind {
    /// Whether it ends at an instant: two such procedures are incompatible.
    pub(super) const fn has_instant(self) -> bool {
        matches!(self, Self::Parameters | Self::ChannelMap | Self::Phy)
    }
}

/// The procedure that a PDU belongs to. `None` for LL_REJECT_IND, LL_UNKNOWN_RSP and similar PDUs.
pub(super) const fn kind(opcode: Opcode) -> Option<ProcedureKind> {
    Some(match opcode {
        Opcode::FEATURE_REQ | Opcode::PERIPHERAL_FEATURE_REQ | Opcode::FEATURE_RSP => {
            ProcedureKind::Features
        }
        Opcode::VERSION_IND => ProcedureKind::Version,
        Opcode::ENC_REQ
        | Opcode::ENC_RSP
        | Opcode::START_ENC_REQ
        | Opcode::START_ENC_RSP
        | Opcode::PAUSE_ENC_REQ
        | Opcode::PAUSE_ENC_RSP => ProcedureKind::Encryption,
        Opcode::CONNECTION_UPDATE_IND
        | Opcode::CONNECTION_PARAM_REQ
        | Opcode::CONNECTION_PARAM_RSP => ProcedureKind::Parameters,
        Opcode::CHANNEL_MAP_IND => ProcedureKind::ChannelMap,
        Opcode::PING_REQ | Opcode::PING_RSP => ProcedureKind::Ping,
        Opcode::LENGTH_REQ | Opcode::LENGTH_RSP => ProcedureKind::DataLength,
        Opcode::PHY_REQ | Opcode::PHY_RSP | Opcode::PHY_UPDATE_IND => ProcedureKind::Phy,
        _ => return None,
    })
}

/// The only role that may send a PDU.
pub(super) const fn only(opcode: Opcode) -> Option<Role> {
    match opcode {
        Opcode::CONNECTION_UPDATE_IND
        | Opcode::CHANNEL_MAP_IND
        | Opcode::ENC_REQ
        | Opcode::FEATURE_REQ
        | Opcode::PAUSE_ENC_REQ
        | Opcode::PHY_UPDATE_IND => Some(Role::Central),
        Opcode::ENC_RSP
        | Opcode::START_ENC_REQ
        | Opcode::PERIPHERAL_FEATURE_REQ
        | Opcode::MIN_USED_CHANNELS_IND
        | Opcode::CONNECTION_PARAM_RSP
        | Opcode::PHY_RSP => Some(Role::Peripheral),
        _ => None,
    }
}

/// The PDUs that a PDU answers: its sender must owe an answer to one of these. Empty: it is no
/// answer.
pub(super) const fn answers(opcode: Opcode, by: Role) -> &'static [Opcode] {
    match (opcode, by) {
        (Opcode::FEATURE_RSP, _) => &[Opcode::FEATURE_REQ, Opcode::PERIPHERAL_FEATURE_REQ],
        (Opcode::LENGTH_RSP, _) => &[Opcode::LENGTH_REQ],
        (Opcode::PING_RSP, _) => &[Opcode::PING_REQ],
        (Opcode::PHY_RSP, _) => &[Opcode::PHY_REQ],
        (Opcode::PHY_UPDATE_IND, _) => &[Opcode::PHY_RSP, Opcode::PHY_REQ],
        (Opcode::CONNECTION_PARAM_RSP, _) => &[Opcode::CONNECTION_PARAM_REQ],
        (Opcode::ENC_RSP, _) => &[Opcode::ENC_REQ],
        // The peripheral owes it from its own LL_ENC_RSP on.
        (Opcode::START_ENC_REQ, _) => &[Opcode::ENC_RSP],
        (Opcode::START_ENC_RSP, Role::Central) => &[Opcode::START_ENC_REQ],
        (Opcode::START_ENC_RSP, Role::Peripheral) => &[Opcode::START_ENC_RSP],
        (Opcode::PAUSE_ENC_RSP, Role::Peripheral) => &[Opcode::PAUSE_ENC_REQ],
        (Opcode::PAUSE_ENC_RSP, Role::Central) => &[Opcode::PAUSE_ENC_RSP],
        _ => &[],
    }
}

/// Whether a device that has taken this PDU owes an answer to it.
pub(super) const fn is_owed(opcode: Opcode, by: Role) -> bool {
    match opcode {
        Opcode::FEATURE_REQ
        | Opcode::PERIPHERAL_FEATURE_REQ
        | Opcode::LENGTH_REQ
        | Opcode::PING_REQ
        | Opcode::PHY_REQ
        | Opcode::PHY_RSP
        | Opcode::CONNECTION_PARAM_REQ
        | Opcode::CONNECTION_PARAM_RSP
        | Opcode::ENC_REQ
        | Opcode::START_ENC_REQ
        | Opcode::PAUSE_ENC_REQ => true,
        Opcode::START_ENC_RSP => matches!(by, Role::Central),
        Opcode::PAUSE_ENC_RSP => matches!(by, Role::Peripheral),
        _ => false,
    }
}

/// The features of which one is needed to answer a request.
pub(super) const fn needs(opcode: Opcode) -> Option<FeatureSet> {
    Some(match opcode {
        Opcode::ENC_REQ => FeatureSet::ENCRYPTION,
        Opcode::CONNECTION_PARAM_REQ => FeatureSet::CONNECTION_PARAMETERS_REQUEST,
        Opcode::PERIPHERAL_FEATURE_REQ => FeatureSet::PERIPHERAL_FEATURE_EXCHANGE,
        Opcode::PING_REQ => FeatureSet::PING,
        Opcode::LENGTH_REQ => FeatureSet::DATA_LENGTH_EXTENSION,
        Opcode::MIN_USED_CHANNELS_IND => FeatureSet::MIN_USED_CHANNELS,
        Opcode::PHY_REQ => FeatureSet::LE_2M.with(FeatureSet::LE_CODED),
        _ => return None,
    })
}
