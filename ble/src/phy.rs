//! Physical layers and how long packets last on them (Vol 6, Part B, 2.1 and 2.2).

use crate::time::Duration;

/// A physical layer, as a receiver is set to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Phy {
    /// LE 1M: 1 Msymbol/s, uncoded.
    #[default]
    Le1M = 1,
    /// LE 2M: 2 Msymbol/s, uncoded.
    Le2M = 2,
    /// LE Coded; whether S=2 or S=8 is in each packet.
    LeCoded = 3,
}

impl Phy {
    /// As a packet is sent on it; the coding matters on LE Coded only.
    #[must_use]
    pub const fn sent_with(self, coding: Coding) -> TxPhy {
        match (self, coding) {
            (Self::Le1M, _) => TxPhy::Le1M,
            (Self::Le2M, _) => TxPhy::Le2M,
            (Self::LeCoded, Coding::S2) => TxPhy::CodedS2,
            (Self::LeCoded, Coding::S8) => TxPhy::CodedS8,
        }
    }
}

/// How bits are coded on LE Coded. Every receiver takes both; each packet says which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Coding {
    /// Two symbols a bit: 500 kb/s.
    S2,
    /// Eight symbols a bit: 125 kb/s, and the longest range.
    #[default]
    S8,
}

impl Coding {
    /// What PHY_Options of LE Set PHY ask for; without a preference, the longest range.
    #[must_use]
    pub const fn preferred(options: u16) -> Self {
        if options & 0b11 == 1 { Self::S2 } else { Self::S8 }
    }

    /// What asks for it there.
    #[must_use]
    pub const fn option(self) -> u16 {
        match self {
            Self::S2 => 1,
            Self::S8 => 2,
        }
    }
}

/// A physical layer with its coding, as each packet is sent on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TxPhy {
    /// LE 1M, uncoded (1 Mb/s).
    #[default]
    Le1M,
    /// LE 2M, uncoded (2 Mb/s).
    Le2M,
    /// LE Coded, S=2 (500 kb/s).
    CodedS2,
    /// LE Coded, S=8 (125 kb/s).
    CodedS8,
}

impl TxPhy {
    /// The PHY that a receiver must be set to.
    #[must_use]
    pub const fn phy(self) -> Phy {
        match self {
            Self::Le1M => Phy::Le1M,
            Self::Le2M => Phy::Le2M,
            Self::CodedS2 | Self::CodedS8 => Phy::LeCoded,
        }
    }

    /// Air time of a whole packet with `payload` octets after the two header octets (a MIC
    /// counts as payload), in microseconds.
    #[must_use]
    // LL-AIR-1: as the header, the PHY and the coding have it.
    pub const fn air_time_us(self, payload: u16) -> u32 {
        let n = payload as u32;
        match self {
            Self::Le1M => 80_u32.saturating_add(n.saturating_mul(8)),
            Self::Le2M => 44_u32.saturating_add(n.saturating_mul(4)),
            // Preamble 80, access address 256, CI 16, TERM1 24; then header, payload and CRC
            // at 2 or 8 µs a bit, and TERM2 (3 bits).
            Self::CodedS2 => 462_u32.saturating_add(n.saturating_mul(16)),
            Self::CodedS8 => 720_u32.saturating_add(n.saturating_mul(64)),
        }
    }

    /// [`Self::air_time_us`] as a [`Duration`].
    #[must_use]
    pub const fn air_time(self, payload: u16) -> Duration {
        Duration::from_us(self.air_time_us(payload) as u64)
    }

    /// From the start of the packet to the end of its access address, in microseconds.
    #[must_use]
    pub const fn sync_time_us(self) -> u32 {
        match self {
            Self::Le1M => 40,
            Self::Le2M => 24,
            Self::CodedS2 | Self::CodedS8 => 336,
        }
    }
}

/// A set of PHYs as in TX_PHYS/RX_PHYS: bit 0 = 1M, bit 1 = 2M, bit 2 = Coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct PhySet(pub u8);

impl PhySet {
    /// No PHY (in LL_PHY_UPDATE_IND: the direction stays as it is).
    pub const NONE: Self = Self(0);
    /// Bit 0, LE 1M.
    pub const LE_1M: Self = Self(1);
    /// Bit 1, LE 2M.
    pub const LE_2M: Self = Self(2);
    /// Bit 2, LE Coded with either coding.
    pub const CODED: Self = Self(4);

    /// The set with just `phy`.
    #[must_use]
    pub const fn only(phy: Phy) -> Self {
        match phy {
            Phy::Le1M => Self::LE_1M,
            Phy::Le2M => Self::LE_2M,
            Phy::LeCoded => Self::CODED,
        }
    }

    /// Whether `phy` is in the set.
    #[must_use]
    pub const fn contains(self, phy: Phy) -> bool {
        self.0 & Self::only(phy).0 != 0
    }

    /// PHYs in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0 & 0x07)
    }

    /// PHYs in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The PHY, if the set names exactly one that is defined.
    #[must_use]
    pub const fn single(self) -> Option<Phy> {
        match self.0 {
            1 => Some(Phy::Le1M),
            2 => Some(Phy::Le2M),
            4 => Some(Phy::LeCoded),
            _ => None,
        }
    }
}

/// T_IFS: from the end of one packet to the start of the answer, in microseconds.
pub const T_IFS_US: u32 = 150;

#[cfg(test)]
mod tests {
    use super::*;

    /// LL-AIR-1: air time.
    #[test]
    fn air_times_of_the_specification() {
        assert_eq!(TxPhy::Le1M.air_time_us(0), 80);
        assert_eq!(TxPhy::Le2M.air_time_us(0), 44);
        assert_eq!(TxPhy::Le1M.air_time_us(27 + 4), 328);
        assert_eq!(TxPhy::Le1M.air_time_us(255), 2120);
        assert_eq!(TxPhy::Le2M.air_time_us(255), 1064);
        assert_eq!(TxPhy::CodedS8.air_time_us(255), 17_040);
        assert_eq!(TxPhy::CodedS2.air_time_us(255), 4_542);
    }

    #[test]
    fn single_refuses_ambiguous_sets() {
        assert_eq!(PhySet(2).single(), Some(Phy::Le2M));
        assert_eq!(PhySet(3).single(), None);
        assert_eq!(PhySet(8).single(), None);
        assert_eq!(PhySet(0).single(), None);
    }
}
