//! A packet with all that a sniffer may say of it, and all that is found out about it.

use ble::crypto::ccm::{Direction, MIC};
use ble::pdu::data::DataHeader;
use ble::phy::TxPhy;
use bletwin_sniffer::{NodeId, Sealing};
use smallvec::SmallVec;

use super::role::sender;
use crate::reason::Reason;

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

/// Header and payload: most are short, and then they are where the packet is.
pub(crate) type Octets = SmallVec<[u8; 16]>;

/// A packet: first as its sniffer wrote it down, then as far as that is believed
/// ([`crate::trust`]), then in its place. There are millions of them: it is small, and there once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SniffedPacket {
    /// Number of its record in the file, from 1.
    pub record: u32,
    /// Time of the file in ns since 1970. Once times have been tested: its first bit, in 1/64 ns
    /// since the first packet of the file, or before.
    pub at: i64,
    /// Time of the sniffer itself.
    pub counted: Option<Counted>,
    /// Access address in the record.
    pub access_address: u32,
    /// Header and payload as in the record; in its place: decrypted, if that could be.
    pub octets: Octets,
    /// Channel index 0–39.
    pub channel: Option<u8>,
    /// PHY and coding.
    pub phy: Option<TxPhy>,
    /// The three octets of the CRC.
    pub crc: Option<[u8; 3]>,
    /// What the sniffer says of the CRC; then whether it arrived unharmed.
    pub crc_ok: Option<bool>,
    /// What the sniffer says of who sent it; then who did.
    pub direction: Option<Direction>,
    /// The sniffer says that it was encrypted and that the MIC was right; then whether it has
    /// decrypted its payload.
    pub opened: bool,
    /// The sniffer's number of the connection event; then that of the connection.
    pub event: Option<u16>,
    /// What was found out about it.
    pub found: Placing,
}

/// What was found out about a packet beside what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placing {
    /// Its number in the order of all that was seen, from 1; 0: it is damaged, or nothing.
    pub id: u32,
    /// Packets of its connection that are missing before it.
    pub missing: u32,
    /// Who sent it.
    pub from: NodeId,
    /// What became of its encryption.
    pub sealing: Sealing,
    /// Why nothing is judged from here on.
    pub not_judged: Option<Reason>,
    /// Whether its CRC is right with the preset of its access address.
    pub crc_right: bool,
    /// Whether it is used.
    pub used: bool,
    /// Of a request for a connection: whether the one whom it asked has answered.
    pub answered: bool,
}

impl Placing {
    /// Of a packet of which nothing has been found out.
    pub(super) const NONE: Self = Self {
        id: 0,
        missing: 0,
        from: NodeId(0),
        sealing: Sealing::AsOnAir,
        not_judged: None,
        crc_right: false,
        used: false,
        answered: false,
    };
}

impl SniffedPacket {
    /// Octets after the header.
    #[must_use]
    pub(crate) fn payload(&self) -> &[u8] {
        self.octets.get(2..).unwrap_or(&[])
    }

    /// The header of a data PDU.
    #[must_use]
    pub(crate) fn header(&self) -> Option<DataHeader> {
        self.octets.first().map(|octet| DataHeader::from_octet(*octet))
    }

    /// Who sent it, if one role alone may.
    #[must_use]
    pub(crate) fn role(&self) -> Option<Direction> {
        sender(self.header()?, self.payload())
    }

    /// Octets that were on air after its header: a MIC that was removed counts.
    #[must_use]
    pub(crate) fn on_air(&self) -> u16 {
        let mic = if self.opened || self.found.sealing == Sealing::Opened { MIC } else { 0 };
        u16::try_from(self.payload().len().saturating_add(mic)).unwrap_or(u16::MAX)
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
