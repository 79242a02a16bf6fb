//! The air for a node that is its own radio down to the bits: the emulator of a chip.
//!
//! Such a node does without [`RadioCommand`](ble::radio::RadioCommand)s. It gives the
//! medium whitened octets with their CRC and gets whitened octets with their bit errors; times,
//! lengths and checks are its own affair. All instants are on its sleep clock.
//!
//! On LE Coded the medium codes and decodes, and what it decodes comes at the end of the packet.

use ble::phy::{Coding, Phy, TxPhy};
use ble::time::Instant;

/// A packet to be put on air.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Emission {
    /// The first bit of the preamble, not before now.
    pub at: Instant,
    /// Channel index, 0–39.
    pub channel: u8,
    /// PHY and coding.
    pub phy: TxPhy,
    /// Access address that the packet is sent with.
    pub access_address: u32,
    /// What the CRC began with: for the record only.
    pub crc_init: u32,
    /// What follows the access address, whitened, least significant bit first, with the CRC; at
    /// most 260 octets.
    pub body: Vec<u8>,
}

/// What such a node wants of the air.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Sends a packet. It goes out whole, whatever is ordered later.
    Send(Emission),
    /// Listens for an access address.
    Listen {
        /// Since when the receiver is on; may lie in the past by less than an access address takes.
        since: Instant,
        /// Channel index, 0–39.
        channel: u8,
        /// PHY that it listens on.
        phy: Phy,
        /// Access address that it listens for.
        access_address: u32,
    },
    /// The answer to the first two [`Signal::Octets`] of a packet that is not coded: so many more
    /// belong to it, the CRC included.
    Expect {
        /// Octets that follow the first two: payload and CRC.
        octets: u16,
    },
    /// What the node thinks of the packet received last: for the record only.
    Received {
        /// Whether its CRC was right.
        crc_ok: bool,
    },
    /// Listens no longer; what is being received is given up.
    Off,
}

/// What such a node gets from the air.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The access address that was listened for ends at this moment.
    Address {
        /// Strength in dBm.
        rssi_dbm: i8,
    },
    /// On LE Coded: the coding indicator and TERM1 end at this moment.
    Coding(Coding),
    /// The next octets, the last of which ends at this moment: the first two, then the others. On
    /// LE Coded all at once, when TERM2 has ended.
    Octets(Vec<u8>),
}
