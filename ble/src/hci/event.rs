//! HCI events as owned values (Vol 4, Part E, 7.7).

use super::{Handle, HciOpcode};
use crate::address::Address;
use crate::error::ErrorCode;
use crate::invariant::Invariant;
use crate::pdu::advertising::AdvertisingData;
use crate::pdu::control::FeatureSet;
use crate::phy::Phy;

/// Role in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The device that sent CONNECT_IND or AUX_CONNECT_REQ; 0x00 on the wire.
    Central = 0,
    /// The device that advertised; 0x01 on the wire.
    Peripheral = 1,
}

/// LE Connection Complete / LE Enhanced Connection Complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionComplete {
    /// `SUCCESS`, or why no connection came about.
    pub status: ErrorCode,
    /// Connection_Handle of the new connection; void unless the status is Success.
    pub handle: Handle,
    /// Role of the local device.
    pub role: Role,
    /// Peer's address as it was on air.
    pub peer: Address,
    /// Identity that the on-air address was resolved to, if it was.
    pub peer_identity: Option<Address>,
    /// Local address as it was on air.
    pub local: Address,
    /// connInterval, units of 1.25 ms.
    pub interval: u16,
    /// connPeripheralLatency: connection events that the peripheral may skip in a row, 0–499.
    pub latency: u16,
    /// connSupervisionTimeout, units of 10 ms.
    pub timeout: u16,
    /// Central's sleep clock accuracy, 0–7.
    pub sca: u8,
}

/// One report of LE Advertising Report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdvertisingReport {
    /// 0 ADV_IND, 1 ADV_DIRECT_IND, 2 ADV_SCAN_IND, 3 ADV_NONCONN_IND, 4 SCAN_RSP.
    pub event_type: u8,
    /// Advertiser, or its identity if it was resolved.
    pub address: Address,
    /// Whether the address is the identity behind a private address.
    pub resolved: bool,
    /// AdvData or ScanRspData.
    pub data: AdvertisingData,
    /// Signal strength in dBm; 127 if it is not available.
    pub rssi: i8,
}

/// Octets of a vendor-specific event that are carried.
pub const VENDOR_MAX: usize = 16;

/// Parameters of an event that only its vendor explains (Vol 4, Part E, 5.4.4), subevent first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VendorEvent(heapless::Vec<u8, VENDOR_MAX>);

impl VendorEvent {
    /// Subevent: the controller has noticed a broken invariant. The invariant's number and the
    /// count of [`crate::trace::Trace::Invariant`] follow, the latter in two octets, least
    /// significant first.
    pub const FAULT: u8 = 0x01;

    /// From octets, subevent first; `None` if empty or longer than [`VENDOR_MAX`].
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let some = (!octets.is_empty()).then_some(octets)?;
        heapless::Vec::from_slice(some).ok().map(Self)
    }

    /// A controller has noticed a broken invariant.
    #[must_use]
    pub fn fault(invariant: Invariant, count: u16) -> Self {
        let [low, high] = count.to_le_bytes();
        let octets = [Self::FAULT, invariant as u8, low, high];
        Self(octets.into_iter().collect())
    }

    /// Subevent and what follows it.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Return parameters of Command Complete, beyond the status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "fields are named as the specification names them")]
pub enum Return {
    /// Nothing but the status.
    None,
    /// Status and the handle that the command named.
    Handle(Handle),
    /// Read BD_ADDR, least significant octet first.
    BdAddr([u8; 6]),
    /// LE Read Buffer Size.
    BufferSize { length: u16, count: u8 },
    /// LE Read Local Supported Features.
    Features(FeatureSet),
    /// LE Rand: eight random octets.
    Random([u8; 8]),
    /// LE Encrypt: the ciphertext, most significant octet first.
    Encrypted([u8; 16]),
    /// LE Read Filter Accept List Size and the like.
    Size(u8),
    /// LE Read Channel Map.
    ChannelMap { handle: Handle, channel_map: u64 },
    /// LE Read Maximum Data Length.
    MaximumDataLength { tx_octets: u16, tx_time: u16, rx_octets: u16, rx_time: u16 },
    /// LE Read PHY.
    Phy { handle: Handle, tx: Phy, rx: Phy },
    /// Read Authenticated Payload Timeout.
    AuthenticatedPayloadTimeout { handle: Handle, timeout: u16 },
}

/// An event from a controller to its host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "fields are named as the specification names them")]
pub enum Event {
    /// Command Complete: a command is done, or has failed with `status`.
    CommandComplete { opcode: HciOpcode, status: ErrorCode, returned: Return },
    /// Command Status: a command is pending, or was refused with `status`.
    CommandStatus { opcode: HciOpcode, status: ErrorCode },
    /// Disconnection Complete with status Success: the connection is over for `reason`.
    DisconnectionComplete { handle: Handle, reason: ErrorCode },
    /// Encryption Change: encryption is on or off now, or `status` says why it did not start.
    EncryptionChange { handle: Handle, status: ErrorCode, enabled: bool },
    /// Encryption Key Refresh Complete.
    EncryptionKeyRefreshComplete { handle: Handle, status: ErrorCode },
    /// Read Remote Version Information Complete.
    RemoteVersion { handle: Handle, status: ErrorCode, version: u8, company: u16, subversion: u16 },
    /// Number Of Completed Packets.
    NumberOfCompletedPackets { handle: Handle, count: u16 },
    /// Authenticated Payload Timeout Expired.
    AuthenticatedPayloadTimeoutExpired { handle: Handle },
    /// Hardware Error. What `code` means is up to the controller.
    HardwareError { code: u8 },
    /// LE Connection Complete (enhanced or not).
    LeConnectionComplete(ConnectionComplete),
    /// LE Advertising Report.
    LeAdvertisingReport(AdvertisingReport),
    /// LE Connection Update Complete.
    LeConnectionUpdateComplete {
        handle: Handle,
        status: ErrorCode,
        interval: u16,
        latency: u16,
        timeout: u16,
    },
    /// LE Read Remote Features Complete.
    LeRemoteFeatures { handle: Handle, status: ErrorCode, features: FeatureSet },
    /// LE Long Term Key Request.
    LeLongTermKeyRequest { handle: Handle, rand: u64, ediv: u16 },
    /// LE Remote Connection Parameter Request.
    LeRemoteConnectionParameterRequest {
        handle: Handle,
        interval_min: u16,
        interval_max: u16,
        latency: u16,
        timeout: u16,
    },
    /// LE Data Length Change.
    LeDataLengthChange {
        handle: Handle,
        tx_octets: u16,
        tx_time: u16,
        rx_octets: u16,
        rx_time: u16,
    },
    /// LE PHY Update Complete.
    LePhyUpdateComplete { handle: Handle, status: ErrorCode, tx: Phy, rx: Phy },
    /// LE Channel Selection Algorithm: #2, or #1.
    LeChannelSelectionAlgorithm { handle: Handle, second: bool },
    /// Event 0xFF, whose parameters the vendor defines (5.4.4).
    Vendor(VendorEvent),
}

impl Event {
    /// Name for logs and ladders.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CommandComplete { .. } => "Command Complete",
            Self::CommandStatus { .. } => "Command Status",
            Self::DisconnectionComplete { .. } => "Disconnection Complete",
            Self::EncryptionChange { .. } => "Encryption Change",
            Self::EncryptionKeyRefreshComplete { .. } => "Encryption Key Refresh Complete",
            Self::RemoteVersion { .. } => "Read Remote Version Information Complete",
            Self::NumberOfCompletedPackets { .. } => "Number Of Completed Packets",
            Self::AuthenticatedPayloadTimeoutExpired { .. } => {
                "Authenticated Payload Timeout Expired"
            }
            Self::HardwareError { .. } => "Hardware Error",
            Self::LeConnectionComplete(_) => "LE Connection Complete",
            Self::LeAdvertisingReport(_) => "LE Advertising Report",
            Self::LeConnectionUpdateComplete { .. } => "LE Connection Update Complete",
            Self::LeRemoteFeatures { .. } => "LE Read Remote Features Complete",
            Self::LeLongTermKeyRequest { .. } => "LE Long Term Key Request",
            Self::LeRemoteConnectionParameterRequest { .. } => {
                "LE Remote Connection Parameter Request"
            }
            Self::LeDataLengthChange { .. } => "LE Data Length Change",
            Self::LePhyUpdateComplete { .. } => "LE PHY Update Complete",
            Self::LeChannelSelectionAlgorithm { .. } => "LE Channel Selection Algorithm",
            Self::Vendor(_) => "Vendor Specific",
        }
    }
}
