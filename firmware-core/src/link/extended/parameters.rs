//! What an advertising set advertises, and how.

use ble::address::Address;
use ble::hci::FilterPolicy;
use ble::pdu::extended::AdvMode;
use ble::phy::TxPhy;

/// Parameters of an advertising set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetParameters {
    /// What the set can be asked.
    pub mode: AdvMode,
    /// AdvA: the address that the set advertises under.
    pub own: Address,
    /// Leaves AdvA out. Only where nothing can be asked.
    pub anonymous: bool,
    /// TargetA: the only one who may ask.
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
    /// Told in the PDUs, if at all; dBm.
    pub tx_power: Option<i8>,
    /// Who may ask.
    pub filter: FilterPolicy,
    /// The own sleep clock is within 50 ppm.
    pub accurate: bool,
}
