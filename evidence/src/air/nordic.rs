//! LINKTYPE 272: what the firmware of nRF Sniffer says, versions 1 to 3 of it.

use ble::crypto::ccm::Direction;
use ble::phy::TxPhy;

use super::packet::{Counted, SniffedPacket};

const CRC_OK: u8 = 1;
const FROM_CENTRAL: u8 = 1 << 1;
const ENCRYPTED: u8 = 1 << 2;
const MIC_OK: u8 = 1 << 3;
/// A packet of a connection, in version 3.
const DATA: u8 = 6;
const ADVERTISING: u8 = 2;

/// Reads the header, and gives what follows.
pub(super) fn header<'a>(packet: &mut SniffedPacket, octets: &'a [u8]) -> Option<&'a [u8]> {
    let (&[_board, _, _, version, _, _, id], rest) = octets.split_first_chunk()?;
    let (&[length, flags, channel, _rssi, e0, e1, t0, t1, t2, t3], rest) =
        rest.split_first_chunk()?;
    if !(1..=3).contains(&version) || length != 10 {
        return None;
    }
    let data = match (version, id) {
        (3, DATA) => true,
        (3, ADVERTISING) => false,
        (3, _) => return None,
        // An event of another kind has no packet; what has one says so by its access address.
        _ => rest.first_chunk() != Some(&[0xD6, 0xBE, 0x89, 0x8E]),
    };
    let time = u32::from_le_bytes([t0, t1, t2, t3]);
    packet.counted =
        Some(if version == 3 { Counted::StartUs(time) } else { Counted::SinceUs(time) });
    packet.channel = (channel < 40).then_some(channel);
    packet.crc_ok = Some(flags & CRC_OK != 0);
    packet.phy = match flags >> 4 & 0b111 {
        0 => Some(TxPhy::Le1M),
        1 => Some(TxPhy::Le2M),
        2 => Some(TxPhy::CodedS8),
        _ => None,
    };
    if data {
        packet.direction = Some(if flags & FROM_CENTRAL != 0 {
            Direction::CentralToPeripheral
        } else {
            Direction::PeripheralToCentral
        });
        packet.opened = flags & (ENCRYPTED | MIC_OK) == ENCRYPTED | MIC_OK;
        packet.event = Some(u16::from_le_bytes([e0, e1]));
    }
    Some(rest)
}
