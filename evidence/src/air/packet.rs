//! A packet with all that a sniffer may say of it.

use ble::crypto::ccm::Direction;
use ble::phy::TxPhy;

/// What a device counted beside the time of the host that wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// µs at its first bit, 32 bits of it.
    StartUs(u32),
    /// µs from the end of the packet that was reported before to the first bit.
    SinceUs(u32),
    /// Units of 100 ns, 32 bits of it.
    Tenths(u32),
}

/// A packet as its sniffer wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SniffedPacket {
    /// Number of its record in the file, from 1.
    pub record: u64,
    /// Number of the interface in the file, from 0.
    pub interface: u32,
    /// Time of the file in ns since 1970.
    pub ns: i64,
    /// Time of the sniffer itself.
    pub counted: Option<Counted>,
    /// Access address in the record.
    pub access_address: u32,
    /// Header and payload as in the record.
    pub octets: Box<[u8]>,
    /// Channel index 0–39.
    pub channel: Option<u8>,
    /// PHY and coding.
    pub phy: Option<TxPhy>,
    /// The three octets of the CRC.
    pub crc: Option<[u8; 3]>,
    /// What the sniffer says of the CRC.
    pub crc_ok: Option<bool>,
    /// What the sniffer says of who sent it.
    pub direction: Option<Direction>,
    /// Strength in dBm.
    pub rssi_dbm: Option<i8>,
    /// The sniffer says that it was encrypted and that the MIC was right.
    pub mic_ok: bool,
    /// The sniffer's number of the connection event.
    pub event: Option<u16>,
}

impl SniffedPacket {
    /// Octets after the header.
    #[must_use]
    pub(crate) fn payload(&self) -> &[u8] {
        self.octets.get(2..).unwrap_or(&[])
    }
}

/// Frequencies in the order of RF channels to channel indices (Vol 6, Part B, 1.4.1).
pub(super) const fn index_of_rf_channel(channel: u8) -> Option<u8> {
    Some(match channel {
        0 => 37,
        1..=11 => channel - 1,
        12 => 38,
        13..=38 => channel - 2,
        39 => 39,
        _ => return None,
    })
}
