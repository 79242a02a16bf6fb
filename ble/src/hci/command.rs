//! HCI commands as owned values (Vol 4, Part E, 7.1, 7.3, 7.4, 7.8).

use super::Handle;
use crate::address::Address;
use crate::error::ErrorCode;
use crate::pdu::advertising::AdvertisingData;
use crate::phy::PhySet;
use crate::secret::Secret;

/// OGF and OCF as one number, as in Command Complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HciOpcode(pub u16);

/// Advertising_Type of LE Set Advertising Parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdvertisingType {
    /// ADV_IND: connectable, scannable, undirected.
    ConnectableUndirected,
    /// ADV_DIRECT_IND, high duty cycle (≤ 3.75 ms apart, ends after 1.28 s).
    DirectedHighDuty,
    /// ADV_SCAN_IND: scannable, not connectable, undirected.
    ScannableUndirected,
    /// ADV_NONCONN_IND: neither connectable nor scannable, undirected.
    NonConnectable,
    /// ADV_DIRECT_IND, low duty cycle.
    DirectedLowDuty,
}

/// Advertising_Filter_Policy: whose requests an advertiser accepts (7.8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FilterPolicy {
    /// Scan and connection requests from anyone.
    #[default]
    Any,
    /// Scan requests only from the accept list.
    ScanFromList,
    /// Connection requests only from the accept list.
    ConnectFromList,
    /// Both only from the accept list.
    BothFromList,
}

/// LE Set Advertising Parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdvertisingParameters {
    /// Units of 0.625 ms, 0x0020–0x4000.
    pub interval_min: u16,
    /// Units of 0.625 ms.
    pub interval_max: u16,
    /// Advertising_Type: with which PDU to advertise.
    pub kind: AdvertisingType,
    /// Use the random address set by LE Set Random Address instead of the public one.
    pub own_address_random: bool,
    /// Target of directed advertising.
    pub peer: Address,
    /// Bit 0 = channel 37, bit 1 = 38, bit 2 = 39.
    pub channel_map: u8,
    /// Whose requests are accepted; without effect on directed advertising.
    pub filter: FilterPolicy,
}

/// LE Set Scan Parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScanParameters {
    /// Whether SCAN_REQ is sent.
    pub active: bool,
    /// Units of 0.625 ms.
    pub interval: u16,
    /// Units of 0.625 ms.
    pub window: u16,
    /// Use the random address.
    pub own_address_random: bool,
    /// Only devices of the accept list.
    pub filter: bool,
}

/// Parameters of a connection as a host asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionParameters {
    /// Units of 1.25 ms.
    pub interval_min: u16,
    /// Units of 1.25 ms.
    pub interval_max: u16,
    /// Max_Latency: connection events that the peripheral may skip in a row, 0–499.
    pub latency: u16,
    /// Units of 10 ms.
    pub timeout: u16,
}

/// LE Create Connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateConnection {
    /// Units of 0.625 ms.
    pub scan_interval: u16,
    /// Units of 0.625 ms.
    pub scan_window: u16,
    /// Peer, or `None` for any device of the accept list.
    pub peer: Option<Address>,
    /// Use the random address.
    pub own_address_random: bool,
    /// Parameters of the connection.
    pub parameters: ConnectionParameters,
}

macro_rules! commands {
    ($(
        $(#[$doc:meta])* $name:ident
        $({ $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })? = $code:literal;
    )*) => {
        /// A command from a host to its controller.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "fields are named as the specification names them")]
        pub enum Command {
            $($(#[$doc])* $name $({ $($(#[$fdoc])* $field: $ty),* })?,)*
            /// A command this waist does not carry; answered with Unknown HCI Command.
            Unknown(HciOpcode),
        }

        impl Command {
            /// Opcode for Command Complete and Command Status.
            #[must_use]
            pub const fn opcode(&self) -> HciOpcode {
                match self {
                    $(Self::$name { .. } => HciOpcode($code),)*
                    Self::Unknown(opcode) => *opcode,
                }
            }

            /// Name for logs and ladders.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)*
                    Self::Unknown(_) => "Unknown",
                }
            }
        }
    };
}

commands! {
    /// Disconnect. `reason` is the ErrorCode of LL_TERMINATE_IND.
    Disconnect { handle: Handle, reason: ErrorCode } = 0x0406;
    /// Read Remote Version Information.
    ReadRemoteVersion { handle: Handle } = 0x041D;
    /// Set Event Mask.
    SetEventMask { mask: u64 } = 0x0C01;
    /// Reset. Connections end without LL_TERMINATE_IND; settings return to their defaults.
    Reset = 0x0C03;
    /// Read Authenticated Payload Timeout.
    ReadAuthenticatedPayloadTimeout { handle: Handle } = 0x0C7B;
    /// Write Authenticated Payload Timeout, units of 10 ms.
    WriteAuthenticatedPayloadTimeout { handle: Handle, timeout: u16 } = 0x0C7C;
    /// Read BD_ADDR. Returns the public device address.
    ReadBdAddr = 0x1009;
    /// LE Set Event Mask.
    LeSetEventMask { mask: u64 } = 0x2001;
    /// LE Read Buffer Size.
    LeReadBufferSize = 0x2002;
    /// LE Read Local Supported Features.
    LeReadLocalFeatures = 0x2003;
    /// LE Set Random Address.
    LeSetRandomAddress { address: [u8; 6] } = 0x2005;
    /// LE Set Advertising Parameters.
    LeSetAdvertisingParameters { parameters: AdvertisingParameters } = 0x2006;
    /// LE Set Advertising Data.
    LeSetAdvertisingData { data: AdvertisingData } = 0x2008;
    /// LE Set Scan Response Data.
    LeSetScanResponseData { data: AdvertisingData } = 0x2009;
    /// LE Set Advertising Enable.
    LeSetAdvertisingEnable { enable: bool } = 0x200A;
    /// LE Set Scan Parameters.
    LeSetScanParameters { parameters: ScanParameters } = 0x200B;
    /// LE Set Scan Enable.
    LeSetScanEnable { enable: bool, filter_duplicates: bool } = 0x200C;
    /// LE Create Connection.
    LeCreateConnection { request: CreateConnection } = 0x200D;
    /// LE Create Connection Cancel.
    LeCreateConnectionCancel = 0x200E;
    /// LE Read Filter Accept List Size.
    LeReadFilterAcceptListSize = 0x200F;
    /// LE Clear Filter Accept List.
    LeClearFilterAcceptList = 0x2010;
    /// LE Add Device To Filter Accept List.
    LeAddToFilterAcceptList { address: Address } = 0x2011;
    /// LE Remove Device From Filter Accept List.
    LeRemoveFromFilterAcceptList { address: Address } = 0x2012;
    /// LE Connection Update.
    LeConnectionUpdate { handle: Handle, parameters: ConnectionParameters } = 0x2013;
    /// LE Set Host Channel Classification, bit n = data channel n.
    LeSetHostChannelClassification { channel_map: u64 } = 0x2014;
    /// LE Read Channel Map.
    LeReadChannelMap { handle: Handle } = 0x2015;
    /// LE Read Remote Features.
    LeReadRemoteFeatures { handle: Handle } = 0x2016;
    /// LE Encrypt. Key and plaintext most significant octet first.
    LeEncrypt { key: Secret<16>, plaintext: Secret<16> } = 0x2017;
    /// LE Rand. Returns eight random octets.
    LeRand = 0x2018;
    /// LE Enable Encryption (central only). LTK least significant octet first.
    LeEnableEncryption { handle: Handle, rand: u64, ediv: u16, ltk: Secret<16> } = 0x2019;
    /// LE Long Term Key Request Reply. LTK least significant octet first.
    LeLongTermKeyRequestReply { handle: Handle, ltk: Secret<16> } = 0x201A;
    /// LE Long Term Key Request Negative Reply.
    LeLongTermKeyRequestNegativeReply { handle: Handle } = 0x201B;
    /// LE Remote Connection Parameter Request Reply.
    LeRemoteConnectionParameterRequestReply {
        handle: Handle,
        parameters: ConnectionParameters,
    } = 0x2020;
    /// LE Remote Connection Parameter Request Negative Reply.
    LeRemoteConnectionParameterRequestNegativeReply { handle: Handle, reason: ErrorCode } = 0x2021;
    /// LE Set Data Length.
    LeSetDataLength { handle: Handle, tx_octets: u16, tx_time: u16 } = 0x2022;
    /// LE Write Suggested Default Data Length.
    LeWriteSuggestedDefaultDataLength { tx_octets: u16, tx_time: u16 } = 0x2024;
    /// LE Add Device To Resolving List. Keys least significant octet first.
    LeAddToResolvingList {
        identity: Address,
        peer_irk: Secret<16>,
        local_irk: Secret<16>,
    } = 0x2027;
    /// LE Remove Device From Resolving List.
    LeRemoveFromResolvingList { identity: Address } = 0x2028;
    /// LE Clear Resolving List.
    LeClearResolvingList = 0x2029;
    /// LE Set Address Resolution Enable.
    LeSetAddressResolutionEnable { enable: bool } = 0x202D;
    /// LE Read Maximum Data Length.
    LeReadMaximumDataLength = 0x202F;
    /// LE Read PHY.
    LeReadPhy { handle: Handle } = 0x2030;
    /// LE Set Default PHY.
    LeSetDefaultPhy { tx: PhySet, rx: PhySet } = 0x2031;
    /// LE Set PHY. An empty set means no preference for that direction.
    LeSetPhy { handle: Handle, tx: PhySet, rx: PhySet, coded_options: u16 } = 0x2032;
    /// LE Set Privacy Mode: device privacy, or network privacy.
    LeSetPrivacyMode { identity: Address, device_privacy: bool } = 0x204E;
}
