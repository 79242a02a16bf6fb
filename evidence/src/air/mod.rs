//! Records of the air, each as its sniffer wrote it down: nothing is believed here yet.

use ble::crypto::ccm::Direction;
use ble::phy::TxPhy;

use crate::container::{LinkType, Raw};

mod nordic;
mod phdr;
mod ppi;

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
pub(crate) struct Packet {
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

impl Packet {
    /// Octets after the header.
    #[must_use]
    pub(crate) fn payload(&self) -> &[u8] {
        self.octets.get(2..).unwrap_or(&[])
    }
}

/// A record of the air; `None`: too short, or not a packet.
pub(crate) fn parse(raw: &Raw<'_>, record: u64) -> Option<Packet> {
    let mut packet = Packet {
        record,
        interface: raw.interface,
        ns: raw.ns,
        counted: None,
        access_address: 0,
        octets: Box::default(),
        channel: None,
        phy: None,
        crc: None,
        crc_ok: None,
        direction: None,
        rssi_dbm: None,
        mic_ok: false,
        event: None,
    };
    let octets = match raw.link {
        LinkType::LeLl => raw.octets,
        LinkType::LeLlWithPhdr => phdr::header(&mut packet, raw.octets)?,
        LinkType::NordicBle => nordic::header(&mut packet, raw.octets)?,
        LinkType::Ppi => ppi::header(&mut packet, raw.octets)?,
        _ => return None,
    };
    body(&mut packet, octets, raw.whole)?;
    Some(packet)
}

/// Access address, coding indicator of LE Coded, PDU and CRC.
fn body(packet: &mut Packet, octets: &[u8], whole: bool) -> Option<()> {
    let (address, mut rest) = octets.split_first_chunk()?;
    packet.access_address = u32::from_le_bytes(*address);
    if let Some(TxPhy::CodedS2 | TxPhy::CodedS8) = packet.phy {
        let (indicator, after) = rest.split_first()?;
        packet.phy = Some(if *indicator == 1 { TxPhy::CodedS2 } else { TxPhy::CodedS8 });
        rest = after;
    }
    let length = usize::from(*rest.get(1)?);
    let (pdu, crc) = rest.split_at_checked(length + 2)?;
    packet.octets = pdu.into();
    packet.crc = crc.first_chunk().copied().filter(|_| whole);
    Some(())
}

/// Frequencies in the order of RF channels to channel indices (Vol 6, Part B, 1.4.1).
const fn index_of_rf_channel(channel: u8) -> Option<u8> {
    Some(match channel {
        0 => 37,
        1..=11 => channel - 1,
        12 => 38,
        13..=38 => channel - 2,
        39 => 39,
        _ => return None,
    })
}
