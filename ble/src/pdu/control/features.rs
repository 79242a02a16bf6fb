//! Link layer features (Vol 6, Part B, 4.6).

/// A FeatureSet: bit n of page 0 as Vol 6, Part B, 4.6 numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct FeatureSet(pub u64);

impl FeatureSet {
    /// Bit 0, LE Encryption.
    pub const ENCRYPTION: Self = Self(1);
    /// Bit 1, Connection Parameters Request procedure.
    pub const CONNECTION_PARAMETERS_REQUEST: Self = Self(1 << 1);
    /// Bit 2, Extended Reject Indication.
    pub const EXTENDED_REJECT: Self = Self(1 << 2);
    /// Bit 3, Peripheral-initiated Features Exchange.
    pub const PERIPHERAL_FEATURE_EXCHANGE: Self = Self(1 << 3);
    /// Bit 4, LE Ping.
    pub const PING: Self = Self(1 << 4);
    /// Bit 5, LE Data Packet Length Extension.
    pub const DATA_LENGTH_EXTENSION: Self = Self(1 << 5);
    /// Bit 6, LL Privacy.
    pub const PRIVACY: Self = Self(1 << 6);
    /// Bit 7, Extended Scanning Filter Policies.
    pub const EXTENDED_SCANNING_FILTER: Self = Self(1 << 7);
    /// Bit 8, LE 2M PHY.
    pub const LE_2M: Self = Self(1 << 8);
    /// Bit 11, LE Coded PHY.
    pub const LE_CODED: Self = Self(1 << 11);
    /// Bit 12, LE Extended Advertising.
    pub const EXTENDED_ADVERTISING: Self = Self(1 << 12);
    /// Bit 14, Channel Selection Algorithm #2.
    pub const CSA2: Self = Self(1 << 14);
    /// Bit 16, Minimum Number of Used Channels procedure.
    pub const MIN_USED_CHANNELS: Self = Self(1 << 16);

    /// Whether all of `other` is in the set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Features in either set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// `self` less `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Features in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
