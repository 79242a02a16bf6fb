//! Records of the air, each as its sniffer wrote it down: nothing is believed here yet.

use ble::phy::TxPhy;

use crate::container::{LinkType, Raw};

mod nordic;
mod packet;
mod phdr;
mod ppi;
mod psd;

pub(crate) use packet::{Counted, SniffedPacket};

/// A record of the air; `None`: too short, or not a packet.
pub(crate) fn parse(raw: &Raw<'_>, record: u64) -> Option<SniffedPacket> {
    let mut packet = SniffedPacket {
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
