//! LINKTYPE 256: a pseudo-header of ten octets.

use ble::crypto::ccm::Direction;
use ble::phy::TxPhy;

use super::packet::{SniffedPacket, index_of_rf_channel};

const DECRYPTED: u16 = 1 << 3;
const CRC_CHECKED: u16 = 1 << 10;
const CRC_VALID: u16 = 1 << 11;
const MIC_CHECKED: u16 = 1 << 12;
const MIC_VALID: u16 = 1 << 13;

/// Reads the header, and gives what follows.
pub(super) fn header<'a>(packet: &mut SniffedPacket, octets: &'a [u8]) -> Option<&'a [u8]> {
    let (&[channel, _, _, _, _, _, _, _, low, high], rest) = octets.split_first_chunk()?;
    let flags = u16::from_le_bytes([low, high]);
    let has = |bits: u16| flags & bits == bits;
    packet.channel = index_of_rf_channel(channel);
    packet.crc_ok = has(CRC_CHECKED).then_some(has(CRC_VALID));
    packet.direction = match flags >> 7 & 0b111 {
        2 => Some(Direction::CentralToPeripheral),
        3 => Some(Direction::PeripheralToCentral),
        _ => None,
    };
    // Where there is no direction it is advertising, and these flags mean something else.
    packet.opened = packet.direction.is_some() && has(DECRYPTED) && has(MIC_CHECKED | MIC_VALID);
    packet.phy = match flags >> 14 {
        0 => Some(TxPhy::Le1M),
        1 => Some(TxPhy::Le2M),
        2 => Some(TxPhy::CodedS8),
        _ => None,
    };
    Some(rest)
}
