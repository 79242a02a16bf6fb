//! Records of the air, each as its sniffer wrote it down: nothing is believed here yet.

use ble::phy::TxPhy;

use crate::container::{LinkType, Raw};

mod nordic;
mod packet;
mod phdr;
mod ppi;
mod psd;
mod role;

use packet::Placing;
pub(crate) use packet::{Counted, Octets, SniffedPacket};

/// A record of the air; `None`: too short, or not a packet.
pub(crate) fn parse(raw: &Raw<'_>, record: u64) -> Option<SniffedPacket> {
    let mut packet = SniffedPacket {
        record: u32::try_from(record).unwrap_or(u32::MAX),
        at: raw.ns,
        counted: None,
        access_address: 0,
        octets: Octets::new(),
        channel: None,
        phy: None,
        crc: None,
        crc_ok: None,
        direction: None,
        opened: false,
        event: None,
        found: Placing::NONE,
    };
    let octets = match raw.link {
        LinkType::LeLl => raw.octets,
        LinkType::LeLlWithPhdr => phdr::header(&mut packet, raw.octets)?,
        LinkType::NordicBle => nordic::header(&mut packet, raw.octets)?,
        LinkType::Ppi => ppi::header(&mut packet, raw.octets)?,
        LinkType::SmartRf => psd::header(&mut packet, raw.octets)?,
        _ => return None,
    };
    body(&mut packet, octets, raw.whole)?;
    Some(packet)
}

/// Access address, coding indicator of LE Coded, PDU and CRC.
fn body(packet: &mut SniffedPacket, octets: &[u8], whole: bool) -> Option<()> {
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
