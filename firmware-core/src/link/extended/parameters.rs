//! What an advertising set advertises, and how.

use ble::address::Address;
use ble::hci::FilterPolicy;
use ble::pdu::extended::AdvMode;
use ble::phy::TxPhy;

/// Parameters of an advertising set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetParameters {
    /// Whether the set is connectable, scannable or neither.
    pub mode: AdvMode,
    /// AdvA: the address that the set advertises under.
    pub own: Address,
    /// Omits AdvA. Only for sets that are neither connectable nor scannable.
    pub anonymous: bool,
    /// TargetA: the only peer that may send requests.
    pub target: Option<Address>,
    /// TargetA, where it is not `target`: a private address of it.
    pub target_shown: Option<Address>,
    /// advInterval, units of 0.625 ms.
    pub interval: u32,
    /// Primary channels: bit 0 = channel 37 … bit 2 = channel 39.
    pub channel_map: u8,
    /// Secondary channels, bit n = channel n.
    pub secondary_map: u64,
    /// PHY of the primary channels: LE 1M or LE Coded.
    pub primary: TxPhy,
    /// PHY of the secondary channels.
    pub secondary: TxPhy,
    /// Advertising SID, 4 bits.
    pub sid: u8,
    /// TX power in the PDUs, dBm; `None`: omitted.
    pub tx_power: Option<i8>,
    /// The peers that may send requests.
    pub filter: FilterPolicy,
    /// The local sleep clock is within 50 ppm.
    pub accurate: bool,
}
