//! What a controller is and can do.

use super::procedure::MinUsedChannels;
use crate::config::Lapses;
use ble::pdu::control::{FeatureSet, VersionInd};

/// What a controller is and can do; constant while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControlConfig {
    /// Public device address, least significant octet first.
    pub public_address: [u8; 6],
    /// Features to offer. Behaviour follows the bits; bits outside [`ControlConfig::SUPPORTED`] are
    /// not offered.
    pub features: FeatureSet,
    /// What LL_VERSION_IND says.
    pub version: VersionInd,
    /// Largest data PDU that can be sent and received, 27–251 octets.
    pub max_tx_octets: u16,
    /// Longest packet that can be sent and received, 328–17,040 µs.
    pub max_tx_time: u16,
    /// How many channels each central is asked to use at least, once it is known to have the
    /// procedure; `None`: it is not asked.
    pub min_used_channels: Option<MinUsedChannels>,
    /// Starts a Data Length Update on each connection whose initial lengths are not 27 octets and
    /// 328 µs.
    pub length_from_default: bool,
    /// Mistakes of older firmware.
    pub lapses: Lapses,
}

impl ControlConfig {
    /// All features that this link layer has. CSA #2 is implemented in `Link`; its bit is offered
    /// here.
    pub const SUPPORTED: FeatureSet = FeatureSet::ENCRYPTION
        .with(FeatureSet::CONNECTION_PARAMETERS_REQUEST)
        .with(FeatureSet::EXTENDED_REJECT)
        .with(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE)
        .with(FeatureSet::PING)
        .with(FeatureSet::DATA_LENGTH_EXTENSION)
        .with(FeatureSet::PRIVACY)
        .with(FeatureSet::LE_2M)
        .with(FeatureSet::LE_CODED)
        .with(FeatureSet::CSA2)
        .with(FeatureSet::MIN_USED_CHANNELS);

    pub(super) const fn own_features(&self) -> FeatureSet {
        self.features.and(Self::SUPPORTED)
    }
}
