//! LINKTYPE 272: what the firmware of nRF Sniffer writes, version 3 of it.

use ble::phy::TxPhy;

use crate::record::AirTx;
use crate::sniffer::{AirItem, Direction};

pub(super) const LINKTYPE: u16 = 272;

const VERSION: u8 = 3;
const ADVERTISING: u8 = 2;
const DATA: u8 = 6;
/// Octets of the header from its own length on.
const LENGTH: u8 = 10;
const CRC_OK: u8 = 1;
const FROM_CENTRAL: u8 = 1 << 1;
const ENCRYPTED: u8 = 1 << 2;
const MIC_OK: u8 = 1 << 3;
/// Strength that is stated where it is not known, in −dBm.
const RSSI: u8 = 60;

/// The header of a packet, `octets` long with access address and CRC; `number`: of packets before;
/// `plain`: it was decrypted. Without a direction it says that the peripheral has sent it.
pub(super) fn header(
    item: &AirItem,
    tx: &AirTx,
    number: u16,
    octets: usize,
    plain: bool,
) -> [u8; 17] {
    let data = item.connection.is_some() && item.event.is_some();
    let mut flags = CRC_OK;
    if item.direction == Some(Direction::CentralToPeripheral) {
        flags |= FROM_CENTRAL;
    }
    if item.decrypted.is_some() {
        flags |= if plain { ENCRYPTED | MIC_OK } else { ENCRYPTED };
    }
    flags |= match tx.phy {
        TxPhy::Le1M => 0,
        TxPhy::Le2M => 1 << 4,
        TxPhy::CodedS8 | TxPhy::CodedS2 => 2 << 4,
    };
    let rssi = item.rssi_dbm.map_or(RSSI, |dbm| dbm.unsigned_abs());
    let payload = u16::try_from(octets.saturating_add(LENGTH.into())).unwrap_or(u16::MAX);
    let [p0, p1] = payload.to_le_bytes();
    let [n0, n1] = number.to_le_bytes();
    let [e0, e1] = item.event.unwrap_or(0).to_le_bytes();
    // Its counter has 32 bits of µs.
    let [t0, t1, t2, t3] = (item.at.as_us() as u32).to_le_bytes();
    let id = if data { DATA } else { ADVERTISING };
    let channel = tx.channel;
    [0, p0, p1, VERSION, n0, n1, id, LENGTH, flags, channel, rssi, e0, e1, t0, t1, t2, t3]
}
