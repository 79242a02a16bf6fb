//! LL Control PDUs (Vol 6, Part B, 2.4.2), opcodes 0x00 to 0x19; all others are
//! [`ControlPdu::Unknown`].

mod features;
mod fields;

pub use features::FeatureSet;
pub use fields::{ConnectionParam, ConnectionUpdate, DataLength, EncReq, EncRsp, VersionInd};

use super::cursor::{Reader, Writer};
use crate::error::ErrorCode;
use crate::phy::PhySet;
use fields::{length, param, phys};

/// Longest Control PDU payload that is parsed here, opcode included (LL_CIS_REQ has 36; longer ones
/// are unknown PDUs here).
pub const CONTROL_MAX: usize = 36;

/// Octets of an encoded Control PDU, opcode first.
pub type ControlOctets = heapless::Vec<u8, CONTROL_MAX>;

/// Opcode of an LL Control PDU.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u8);

macro_rules! opcodes {
    ($($name:ident = $code:literal, $len:literal, $text:literal;)*) => {
        impl Opcode {
            $(#[doc = concat!("`", $text, "`.")] pub const $name: Self = Self($code);)*

            /// Name as the specification writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 { $($code => $text,)* _ => "LL_(undefined)" }
            }

            /// Octets of CtrData that a PDU with this opcode has, if the opcode is known.
            #[must_use]
            pub const fn ctr_data_len(self) -> Option<usize> {
                match self.0 { $($code => Some($len),)* _ => None }
            }
        }
    };
}

opcodes! {
    CONNECTION_UPDATE_IND = 0x00, 11, "LL_CONNECTION_UPDATE_IND";
    CHANNEL_MAP_IND = 0x01, 7, "LL_CHANNEL_MAP_IND";
    TERMINATE_IND = 0x02, 1, "LL_TERMINATE_IND";
    ENC_REQ = 0x03, 22, "LL_ENC_REQ";
    ENC_RSP = 0x04, 12, "LL_ENC_RSP";
    START_ENC_REQ = 0x05, 0, "LL_START_ENC_REQ";
    START_ENC_RSP = 0x06, 0, "LL_START_ENC_RSP";
    UNKNOWN_RSP = 0x07, 1, "LL_UNKNOWN_RSP";
    FEATURE_REQ = 0x08, 8, "LL_FEATURE_REQ";
    FEATURE_RSP = 0x09, 8, "LL_FEATURE_RSP";
    PAUSE_ENC_REQ = 0x0A, 0, "LL_PAUSE_ENC_REQ";
    PAUSE_ENC_RSP = 0x0B, 0, "LL_PAUSE_ENC_RSP";
    VERSION_IND = 0x0C, 5, "LL_VERSION_IND";
    REJECT_IND = 0x0D, 1, "LL_REJECT_IND";
    PERIPHERAL_FEATURE_REQ = 0x0E, 8, "LL_PERIPHERAL_FEATURE_REQ";
    CONNECTION_PARAM_REQ = 0x0F, 23, "LL_CONNECTION_PARAM_REQ";
    CONNECTION_PARAM_RSP = 0x10, 23, "LL_CONNECTION_PARAM_RSP";
    REJECT_EXT_IND = 0x11, 2, "LL_REJECT_EXT_IND";
    PING_REQ = 0x12, 0, "LL_PING_REQ";
    PING_RSP = 0x13, 0, "LL_PING_RSP";
    LENGTH_REQ = 0x14, 8, "LL_LENGTH_REQ";
    LENGTH_RSP = 0x15, 8, "LL_LENGTH_RSP";
    PHY_REQ = 0x16, 2, "LL_PHY_REQ";
    PHY_RSP = 0x17, 2, "LL_PHY_RSP";
    PHY_UPDATE_IND = 0x18, 4, "LL_PHY_UPDATE_IND";
    MIN_USED_CHANNELS_IND = 0x19, 2, "LL_MIN_USED_CHANNELS_IND";
    CTE_REQ = 0x1A, 1, "LL_CTE_REQ";
    CTE_RSP = 0x1B, 0, "LL_CTE_RSP";
    PERIODIC_SYNC_IND = 0x1C, 34, "LL_PERIODIC_SYNC_IND";
    CLOCK_ACCURACY_REQ = 0x1D, 1, "LL_CLOCK_ACCURACY_REQ";
    CLOCK_ACCURACY_RSP = 0x1E, 1, "LL_CLOCK_ACCURACY_RSP";
    CIS_REQ = 0x1F, 35, "LL_CIS_REQ";
    CIS_RSP = 0x20, 8, "LL_CIS_RSP";
    CIS_IND = 0x21, 15, "LL_CIS_IND";
    CIS_TERMINATE_IND = 0x22, 3, "LL_CIS_TERMINATE_IND";
    POWER_CONTROL_REQ = 0x23, 3, "LL_POWER_CONTROL_REQ";
    POWER_CONTROL_RSP = 0x24, 4, "LL_POWER_CONTROL_RSP";
    POWER_CHANGE_IND = 0x25, 4, "LL_POWER_CHANGE_IND";
    SUBRATE_REQ = 0x26, 10, "LL_SUBRATE_REQ";
    SUBRATE_IND = 0x27, 10, "LL_SUBRATE_IND";
    CHANNEL_REPORTING_IND = 0x28, 3, "LL_CHANNEL_REPORTING_IND";
    CHANNEL_STATUS_IND = 0x29, 10, "LL_CHANNEL_STATUS_IND";
}

impl core::fmt::Debug for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}(0x{:02X})", self.name(), self.0)
    }
}

/// An LL Control PDU. C→P: only the central sends it; P→C: only the peripheral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlPdu {
    /// 0x00, C→P: connection parameters from the instant on (5.1.1).
    ConnectionUpdateInd(ConnectionUpdate),
    /// 0x01, C→P: channel map from the instant on (5.1.2).
    ChannelMapInd {
        /// Bit n = data channel n.
        channel_map: u64,
        /// Event counter from which it applies.
        instant: u16,
    },
    /// 0x02: ends the connection, with the reason (5.1.6).
    TerminateInd(ErrorCode),
    /// 0x03, C→P: starts encryption; has the central's halves of SKD and IV (5.1.3.1).
    EncReq(EncReq),
    /// 0x04, P→C: answers LL_ENC_REQ; has the peripheral's halves of SKD and IV (5.1.3.1).
    EncRsp(EncRsp),
    /// 0x05, P→C: the peripheral has the key; sent unencrypted (5.1.3.1).
    StartEncReq,
    /// 0x06: from the central the first encrypted PDU, from the peripheral its answer (5.1.3.1).
    StartEncRsp,
    /// 0x07, with the opcode that was not understood.
    UnknownRsp(Opcode),
    /// 0x08, C→P: features of the central (5.1.4).
    FeatureReq(FeatureSet),
    /// 0x09: features of the sender, in octet 0 only those that both ends have (5.1.4).
    FeatureRsp(FeatureSet),
    /// 0x0A, C→P: pauses encryption, to restart it with a new session key (5.1.3.2).
    PauseEncReq,
    /// 0x0B: answers LL_PAUSE_ENC_REQ; the central echoes it unencrypted (5.1.3.2).
    PauseEncRsp,
    /// 0x0C: version of the sender, at most once a connection (5.1.5).
    VersionInd(VersionInd),
    /// 0x0D: rejects a request without naming it, with the reason.
    RejectInd(ErrorCode),
    /// 0x0E, P→C: features of the peripheral (5.1.4).
    PeripheralFeatureReq(FeatureSet),
    /// 0x0F: connection parameters that the sender asks for (5.1.7).
    ConnectionParamReq(ConnectionParam),
    /// 0x10, P→C: connection parameters that suit the peripheral (5.1.7).
    ConnectionParamRsp(ConnectionParam),
    /// 0x11: rejects a PDU that it names, with the reason.
    RejectExtInd {
        /// What is rejected.
        opcode: Opcode,
        /// Why the sender rejects it (Vol 1, Part F).
        error: ErrorCode,
    },
    /// 0x12: asks for LL_PING_RSP, which has a MIC once encryption is on (5.1.8).
    PingReq,
    /// 0x13: answers LL_PING_REQ (5.1.8).
    PingRsp,
    /// 0x14: data lengths of the sender (5.1.9).
    LengthReq(DataLength),
    /// 0x15: answers LL_LENGTH_REQ with the data lengths of its sender (5.1.9).
    LengthRsp(DataLength),
    /// 0x16: PHYs that the sender prefers (5.1.10).
    PhyReq {
        /// PHYs the sender prefers to transmit on.
        tx: PhySet,
        /// PHYs the sender prefers to receive on.
        rx: PhySet,
    },
    /// 0x17, P→C: answers LL_PHY_REQ with the peripheral's preferences (5.1.10).
    PhyRsp {
        /// PHYs the sender prefers to transmit on.
        tx: PhySet,
        /// PHYs the sender prefers to receive on.
        rx: PhySet,
    },
    /// 0x18, C→P: PHYs from the instant on, or no change (5.1.10).
    PhyUpdateInd {
        /// Central to peripheral; empty: unchanged.
        c_to_p: PhySet,
        /// Peripheral to central; empty: unchanged.
        p_to_c: PhySet,
        /// Event counter from which they apply.
        instant: u16,
    },
    /// 0x19, P→C: how many channels the peripheral wants in use (5.1.11).
    MinUsedChannelsInd {
        /// PHYs for which the minimum holds.
        phys: PhySet,
        /// At least this many channels, 2–37.
        min_used_channels: u8,
    },
    /// Any other opcode.
    Unknown(Opcode),
}

/// Why octets are not a Control PDU that can be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlError {
    /// No opcode at all.
    Empty,
    /// A known opcode with the wrong number of octets.
    WrongLength(Opcode),
}

impl Opcode {
    /// What LL_UNKNOWN_RSP names in answer to a control PDU of length zero, which has no opcode.
    pub const NONE: Self = Self(0xFF);
}

impl ControlPdu {
    /// Parses a Control PDU's payload (opcode first, MIC removed).
    ///
    /// # Errors
    /// [`ControlError`] names the opcode, so that LL_UNKNOWN_RSP can be sent.
    pub fn parse(payload: &[u8]) -> Result<Self, ControlError> {
        // LL-CTRL-1: length of a control PDU.
        let Some((&opcode, ctr_data)) = payload.split_first() else {
            return Err(ControlError::Empty);
        };
        let opcode = Opcode(opcode);
        match opcode.ctr_data_len() {
            Some(expected) if expected != ctr_data.len() => Err(ControlError::WrongLength(opcode)),
            _ => Self::fields(opcode, &mut Reader::new(ctr_data))
                .ok_or(ControlError::WrongLength(opcode)),
        }
    }

    fn fields(opcode: Opcode, r: &mut Reader<'_>) -> Option<Self> {
        Some(match opcode {
            Opcode::CONNECTION_UPDATE_IND => Self::ConnectionUpdateInd(ConnectionUpdate {
                win_size: r.u8()?,
                win_offset: r.u16()?,
                interval: r.u16()?,
                latency: r.u16()?,
                timeout: r.u16()?,
                instant: r.u16()?,
            }),
            Opcode::CHANNEL_MAP_IND => {
                let [a, b, c, d, e] = r.array()?;
                let channel_map = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
                Self::ChannelMapInd { channel_map, instant: r.u16()? }
            }
            Opcode::TERMINATE_IND => Self::TerminateInd(ErrorCode(r.u8()?)),
            Opcode::ENC_REQ => Self::EncReq(EncReq {
                rand: r.u64()?,
                ediv: r.u16()?,
                skd_c: r.array()?,
                iv_c: r.array()?,
            }),
            Opcode::ENC_RSP => Self::EncRsp(EncRsp { skd_p: r.array()?, iv_p: r.array()? }),
            Opcode::START_ENC_REQ => Self::StartEncReq,
            Opcode::START_ENC_RSP => Self::StartEncRsp,
            Opcode::UNKNOWN_RSP => Self::UnknownRsp(Opcode(r.u8()?)),
            Opcode::FEATURE_REQ => Self::FeatureReq(FeatureSet(r.u64()?)),
            Opcode::FEATURE_RSP => Self::FeatureRsp(FeatureSet(r.u64()?)),
            Opcode::PAUSE_ENC_REQ => Self::PauseEncReq,
            Opcode::PAUSE_ENC_RSP => Self::PauseEncRsp,
            Opcode::VERSION_IND => Self::VersionInd(VersionInd {
                version: r.u8()?,
                company: r.u16()?,
                subversion: r.u16()?,
            }),
            Opcode::REJECT_IND => Self::RejectInd(ErrorCode(r.u8()?)),
            Opcode::PERIPHERAL_FEATURE_REQ => Self::PeripheralFeatureReq(FeatureSet(r.u64()?)),
            Opcode::CONNECTION_PARAM_REQ => Self::ConnectionParamReq(param(r)?),
            Opcode::CONNECTION_PARAM_RSP => Self::ConnectionParamRsp(param(r)?),
            Opcode::REJECT_EXT_IND => {
                Self::RejectExtInd { opcode: Opcode(r.u8()?), error: ErrorCode(r.u8()?) }
            }
            Opcode::PING_REQ => Self::PingReq,
            Opcode::PING_RSP => Self::PingRsp,
            Opcode::LENGTH_REQ => Self::LengthReq(length(r)?),
            Opcode::LENGTH_RSP => Self::LengthRsp(length(r)?),
            Opcode::PHY_REQ => {
                let (tx, rx) = phys(r)?;
                Self::PhyReq { tx, rx }
            }
            Opcode::PHY_RSP => {
                let (tx, rx) = phys(r)?;
                Self::PhyRsp { tx, rx }
            }
            Opcode::PHY_UPDATE_IND => {
                let (c_to_p, p_to_c) = phys(r)?;
                Self::PhyUpdateInd { c_to_p, p_to_c, instant: r.u16()? }
            }
            Opcode::MIN_USED_CHANNELS_IND => {
                Self::MinUsedChannelsInd { phys: PhySet(r.u8()?), min_used_channels: r.u8()? }
            }
            other => Self::Unknown(other),
        })
    }

    /// Opcode as on air; for [`Self::Unknown`] the one that was received.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::ConnectionUpdateInd(_) => Opcode::CONNECTION_UPDATE_IND,
            Self::ChannelMapInd { .. } => Opcode::CHANNEL_MAP_IND,
            Self::TerminateInd(_) => Opcode::TERMINATE_IND,
            Self::EncReq(_) => Opcode::ENC_REQ,
            Self::EncRsp(_) => Opcode::ENC_RSP,
            Self::StartEncReq => Opcode::START_ENC_REQ,
            Self::StartEncRsp => Opcode::START_ENC_RSP,
            Self::UnknownRsp(_) => Opcode::UNKNOWN_RSP,
            Self::FeatureReq(_) => Opcode::FEATURE_REQ,
            Self::FeatureRsp(_) => Opcode::FEATURE_RSP,
            Self::PauseEncReq => Opcode::PAUSE_ENC_REQ,
            Self::PauseEncRsp => Opcode::PAUSE_ENC_RSP,
            Self::VersionInd(_) => Opcode::VERSION_IND,
            Self::RejectInd(_) => Opcode::REJECT_IND,
            Self::PeripheralFeatureReq(_) => Opcode::PERIPHERAL_FEATURE_REQ,
            Self::ConnectionParamReq(_) => Opcode::CONNECTION_PARAM_REQ,
            Self::ConnectionParamRsp(_) => Opcode::CONNECTION_PARAM_RSP,
            Self::RejectExtInd { .. } => Opcode::REJECT_EXT_IND,
            Self::PingReq => Opcode::PING_REQ,
            Self::PingRsp => Opcode::PING_RSP,
            Self::LengthReq(_) => Opcode::LENGTH_REQ,
            Self::LengthRsp(_) => Opcode::LENGTH_RSP,
            Self::PhyReq { .. } => Opcode::PHY_REQ,
            Self::PhyRsp { .. } => Opcode::PHY_RSP,
            Self::PhyUpdateInd { .. } => Opcode::PHY_UPDATE_IND,
            Self::MinUsedChannelsInd { .. } => Opcode::MIN_USED_CHANNELS_IND,
            Self::Unknown(opcode) => *opcode,
        }
    }

    /// Opcode and CtrData as on air. An unknown PDU is written without CtrData.
    #[must_use]
    pub fn encode(&self) -> ControlOctets {
        let mut w: Writer<CONTROL_MAX> = Writer::new();
        w.u8(self.opcode().0);
        match self {
            Self::ConnectionUpdateInd(c) => {
                w.u8(c.win_size).u16(c.win_offset).u16(c.interval);
                w.u16(c.latency).u16(c.timeout).u16(c.instant);
            }
            Self::ChannelMapInd { channel_map, instant } => {
                let [a, b, c, d, e, ..] = channel_map.to_le_bytes();
                w.bytes(&[a, b, c, d, e]).u16(*instant);
            }
            Self::TerminateInd(error) | Self::RejectInd(error) => {
                w.u8(error.0);
            }
            Self::EncReq(e) => {
                w.u64(e.rand).u16(e.ediv).bytes(&e.skd_c).bytes(&e.iv_c);
            }
            Self::EncRsp(e) => {
                w.bytes(&e.skd_p).bytes(&e.iv_p);
            }
            Self::UnknownRsp(opcode) => {
                w.u8(opcode.0);
            }
            Self::FeatureReq(f) | Self::FeatureRsp(f) | Self::PeripheralFeatureReq(f) => {
                w.u64(f.0);
            }
            Self::VersionInd(v) => {
                w.u8(v.version).u16(v.company).u16(v.subversion);
            }
            Self::ConnectionParamReq(p) | Self::ConnectionParamRsp(p) => {
                w.u16(p.interval_min).u16(p.interval_max).u16(p.latency).u16(p.timeout);
                w.u8(p.preferred_periodicity).u16(p.reference_conn_event_count);
                for offset in p.offsets {
                    w.u16(offset);
                }
            }
            Self::RejectExtInd { opcode, error } => {
                w.u8(opcode.0).u8(error.0);
            }
            Self::LengthReq(l) | Self::LengthRsp(l) => {
                w.u16(l.max_rx_octets).u16(l.max_rx_time).u16(l.max_tx_octets).u16(l.max_tx_time);
            }
            Self::PhyReq { tx, rx } | Self::PhyRsp { tx, rx } => {
                w.u8(tx.0).u8(rx.0);
            }
            Self::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                w.u8(c_to_p.0).u8(p_to_c.0).u16(*instant);
            }
            Self::MinUsedChannelsInd { phys, min_used_channels } => {
                w.u8(phys.0).u8(*min_used_channels);
            }
            Self::StartEncReq
            | Self::StartEncRsp
            | Self::PauseEncReq
            | Self::PauseEncRsp
            | Self::PingReq
            | Self::PingRsp
            | Self::Unknown(_) => {}
        }
        // The longest variant has 24 octets.
        w.finish().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
