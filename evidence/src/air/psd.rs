//! SmartRF Packet Sniffer: a length before the packet, strength and status after it.

use super::packet::SniffedPacket;

const CRC_OK: u8 = 0x80;

/// Reads what is around the packet, and gives it.
pub(super) fn header<'a>(packet: &mut SniffedPacket, octets: &'a [u8]) -> Option<&'a [u8]> {
    let (_length, rest) = octets.split_first()?;
    let (body, &[_rssi, status]) = rest.split_last_chunk()?;
    packet.channel = Some(status & !CRC_OK).filter(|channel| *channel < 40);
    packet.crc_ok = Some(status & CRC_OK != 0);
    Some(body)
}
