//! What other firmware gets wrong, to reproduce what came of it.
//!
//! A [`Lapses`] is a part of the core's configuration. The core asks it by [`Lapses::made`], which
//! without the feature `reproduced` gives [`Lapses::NONE`] whatever was configured: a constant, so
//! that the compiler drops what the mistakes need. The simulator has the feature, a chip has not.
//!
//! ```
//! use lapses::{Lapses, Refusals};
//!
//! let told = Lapses { refusals: Refusals::ExtendedOnly, ..Lapses::NONE };
//! let simulator = cfg!(feature = "reproduced");
//! assert_eq!(told.made(), if simulator { told } else { Lapses::NONE });
//! ```

#![cfg_attr(not(test), no_std)]

use ble::pdu::control::{FeatureSet, Opcode};

/// Which refusals end a local procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Refusals {
    /// LL_UNKNOWN_RSP, LL_REJECT_IND and LL_REJECT_EXT_IND, as the rules want it.
    #[default]
    All,
    /// LL_REJECT_EXT_IND alone: what refuses in another form is ignored (Zephyr before 28550 and
    /// 49182).
    ExtendedOnly,
}

/// Requests of a central that get no answer, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Unanswered(pub u8);

impl Unanswered {
    /// LL_FEATURE_REQ, for the features of both.
    pub const FEATURES: Self = Self(1);
    /// LL_VERSION_IND that answers none of this device.
    pub const VERSION: Self = Self(1 << 1);
    /// LL_LENGTH_REQ, for longer data PDUs.
    pub const LENGTH: Self = Self(1 << 2);
    /// LL_PHY_REQ, for other PHYs (tinygo-org/bluetooth 391).
    pub const PHY: Self = Self(1 << 3);
    /// LL_CONNECTION_PARAM_REQ, for other connection parameters.
    pub const PARAMETERS: Self = Self(1 << 4);
    /// LL_PING_REQ, for a packet with a MIC.
    pub const PING: Self = Self(1 << 5);
    /// LL_ENC_REQ, for encryption.
    pub const ENCRYPTION: Self = Self(1 << 6);
    /// All that comes on the Security Manager's channel.
    pub const PAIRING: Self = Self(1 << 7);

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the request that begins with this PDU gets no answer.
    #[must_use]
    pub const fn request(self, opcode: Opcode) -> bool {
        let of = match opcode {
            Opcode::FEATURE_REQ => Self::FEATURES,
            Opcode::VERSION_IND => Self::VERSION,
            Opcode::LENGTH_REQ => Self::LENGTH,
            Opcode::PHY_REQ => Self::PHY,
            Opcode::CONNECTION_PARAM_REQ => Self::PARAMETERS,
            Opcode::PING_REQ => Self::PING,
            Opcode::ENC_REQ => Self::ENCRYPTION,
            _ => return false,
        };
        self.has(of)
    }
}

/// What comes of a second LL Control PDU that is not known, before LL_UNKNOWN_RSP to the first has
/// arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SecondUnknown {
    /// Another LL_UNKNOWN_RSP, as the rules want it.
    #[default]
    Answered,
    /// The connection is left, Different Transaction Collision (0x2A), as by a SoftDevice that met
    /// an iPhone 11.
    Leave,
}

/// What comes of a request of the central that the rules forbid before an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BeforeInstant {
    /// The connection is left, as the rules want it.
    #[default]
    Leave,
    /// It is served as any other (Zephyr before 71221).
    Serve,
}

/// Which address of the central goes into the DHKey checks, where it is a private one that has been
/// resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CheckAddress {
    /// That on air, as the rules want it.
    #[default]
    OnAir,
    /// The identity that it stands for (espressif/esp-nimble 102).
    Identity,
}

/// The key of a bond, as it is read from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StoredKey {
    /// As pairing has made it.
    #[default]
    Kept,
    /// Its octets in the other order: the two sides have different keys.
    Reversed,
    /// That of the newest bond alone: whoever else is bonded is refused (rmk-rs/rmk 901).
    Newest,
}

/// What bonded clients are told of another table of attributes, after an update of the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ServiceChanged {
    /// Service Changed, or Database Out Of Sync, as the rules want it.
    #[default]
    Told,
    /// Nothing: they go on with the handles of the table before (apache/mynewt-nimble 1456).
    Untold,
}

/// All of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Lapses {
    /// Features that are offered, but whose PDUs get LL_UNKNOWN_RSP (Zephyr 14658).
    pub hollow: FeatureSet,
    /// Which refusals are understood.
    pub refusals: Refusals,
    /// Requests that get no answer at all.
    pub unanswered: Unanswered,
    /// What comes of a second unknown PDU in a row.
    pub second_unknown: SecondUnknown,
    /// What comes of requests before an instant.
    pub before_instant: BeforeInstant,
    /// The central's address in the DHKey checks.
    pub check_address: CheckAddress,
    /// The keys of bonds.
    pub stored_key: StoredKey,
    /// What bonded clients are told of another table.
    pub service_changed: ServiceChanged,
}

impl Lapses {
    /// No mistakes of these kinds.
    pub const NONE: Self = Self {
        hollow: FeatureSet(0),
        refusals: Refusals::All,
        unanswered: Unanswered(0),
        second_unknown: SecondUnknown::Answered,
        before_instant: BeforeInstant::Leave,
        check_address: CheckAddress::OnAir,
        stored_key: StoredKey::Kept,
        service_changed: ServiceChanged::Told,
    };

    /// Those that this build makes: all that are configured, or none.
    #[must_use]
    pub const fn made(&self) -> Self {
        if cfg!(feature = "reproduced") { *self } else { Self::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_the_feature_makes_none() {
        let told = Lapses { refusals: Refusals::ExtendedOnly, ..Lapses::NONE };
        let made = if cfg!(feature = "reproduced") { told } else { Lapses::NONE };
        assert_eq!((told.made(), Lapses::default()), (made, Lapses::NONE));
    }

    #[test]
    fn requests_are_distinguished() {
        let silent = Unanswered::VERSION.with(Unanswered::PHY);
        assert!(silent.request(Opcode::VERSION_IND) && silent.request(Opcode::PHY_REQ));
        assert!(!silent.request(Opcode::PING_REQ) && !silent.request(Opcode::TERMINATE_IND));
    }
}
