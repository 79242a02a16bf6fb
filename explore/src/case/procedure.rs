//! The procedures of the two hosts, and their times.

use serde::{Deserialize, Serialize};

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The peripheral: the firmware under test.
    Peripheral,
    /// The central: the model of a link layer.
    Central,
}

impl Side {
    /// Its name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peripheral => "peripheral",
            Self::Central => "central",
        }
    }
}

/// A host asks for a procedure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Procedure {
    /// The end whose host asks.
    pub who: Side,
    /// The procedure that it asks for, with its parameters.
    pub what: What,
    /// The first connection event in which its first PDU can leave, 0 = the first of the run
    /// proper. Events are counted by the interval with which it begins.
    pub event: u16,
    /// When the host asks, in thousandths of an interval after the anchor point of the event
    /// before, 0–999.
    #[serde(default = "middle")]
    pub position: u16,
    /// The central's controller starts it by itself, even against the rules, with its own values.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forced: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Halfway between two anchor points.
const fn middle() -> u16 {
    500
}

impl Procedure {
    /// Whether no device can start it in this way.
    pub(super) fn is_out_of_place(&self) -> bool {
        let peripherals = matches!(self.what, What::MinUsedChannels { .. });
        match self.who {
            Side::Peripheral => self.forced,
            Side::Central if self.forced => self.what.forced_name().is_none(),
            Side::Central => peripherals,
        }
    }

    /// Asked for halfway between two events.
    #[must_use]
    pub const fn new(who: Side, what: What, event: u16) -> Self {
        Self { who, what, event, position: middle(), forced: false }
    }
}

/// A procedure that a host can start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum What {
    /// LE Read Remote Features.
    Features,
    /// Read Remote Version Information.
    Version,
    /// LE Set Data Length.
    DataLength {
        /// TX_Octets: longest payload that it may send, 27–251.
        octets: u16,
        /// TX_Time: longest time on air that it may take, 328–17,040 µs.
        time: u16,
    },
    /// LE Set PHY. Bit 0 = 1M, bit 1 = 2M, bit 2 = Coded; 0: no preference.
    Phy {
        /// To send with.
        tx: u8,
        /// To receive with.
        rx: u8,
    },
    /// LE Connection Update: LL_CONNECTION_PARAM_REQ by the peripheral, LL_CONNECTION_UPDATE_IND
    /// by the central.
    ConnectionUpdate {
        /// Units of 1.25 ms, 6–3200.
        interval: u16,
        /// Connection events that the peripheral may skip, 0–499.
        latency: u16,
        /// Units of 10 ms, 10–3200.
        timeout: u16,
    },
    /// LE Connection Update by a central that sends LL_CONNECTION_PARAM_REQ first.
    ParameterRequest {
        /// Units of 1.25 ms, 6–3200.
        interval: u16,
        /// Connection events that the peripheral may skip, 0–499.
        latency: u16,
        /// Units of 10 ms, 10–3200.
        timeout: u16,
    },
    /// An authenticated payload timeout so short that LL_PING_REQ is due; soon set back.
    Ping,
    /// LE Set Host Channel Classification (central only), bit n = channel n.
    ChannelMap {
        /// At least two channels.
        map: u64,
    },
    /// A minimum of used channels that the peripheral's application wants, after LE Read Remote
    /// Features, which is required before. The central can only force it.
    MinUsedChannels {
        /// MinUsedChannels of LL_MIN_USED_CHANNELS_IND, 2–37.
        channels: u8,
    },
    /// LE Enable Encryption (central only): encryption start, or a refresh of the key.
    Encryption,
    /// Disconnect: the link ends with LL_TERMINATE_IND.
    Terminate,
    /// Data: a read request by the central, a notification by the peripheral.
    Data,
}

impl What {
    /// Its name in a controller that can start it against the rules.
    #[must_use]
    pub const fn forced_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Features => "features",
            Self::Version => "version",
            Self::DataLength { .. } => "length",
            Self::Phy { .. } => "phy",
            Self::ParameterRequest { .. } => "parameters",
            Self::Ping => "ping",
            Self::ChannelMap { .. } => "channel-map",
            Self::MinUsedChannels { .. } => "min-used-channels",
            Self::ConnectionUpdate { .. } | Self::Encryption | Self::Terminate | Self::Data => {
                return None;
            }
        })
    }

    /// As in tables and file names.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Version => "version",
            Self::DataLength { .. } => "data-length",
            Self::Phy { .. } => "phy",
            Self::ConnectionUpdate { .. } => "connection-update",
            Self::ParameterRequest { .. } => "parameter-request",
            Self::Ping => "ping",
            Self::ChannelMap { .. } => "channel-map",
            Self::MinUsedChannels { .. } => "min-used-channels",
            Self::Encryption => "encryption",
            Self::Terminate => "terminate",
            Self::Data => "data",
        }
    }
}
