//! What packets are before anything of them is believed: their lengths, and requests among them.

use std::collections::BTreeMap;

use ble::crypto::ccm::MIC;
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu, ConnectInd,
};
use ble::phy::TxPhy;
use ble::radio::AirPdu;

use crate::air::SniffedPacket;

/// Time of a packet on air in 1/64 ns; on LE 1M where its PHY is not known; `removed`: who says
/// that it has decrypted a payload has left out the MIC, which counts.
pub(super) fn air_time(packet: &SniffedPacket, removed: bool) -> i64 {
    let mic = if removed && packet.opened { MIC } else { 0 };
    let octets = u16::try_from(packet.payload().len().saturating_add(mic)).unwrap_or(u16::MAX);
    let phy = packet.phy.unwrap_or(TxPhy::Le1M);
    i64::try_from(phy.air_time(octets).ticks()).unwrap_or(i64::MAX)
}

/// Presets of the CRC by access address, as CONNECT_INDs give them: the last one counts.
pub(crate) fn presets(packets: &[SniffedPacket]) -> BTreeMap<u32, u32> {
    let requests = packets.iter().filter_map(request);
    let mut presets: BTreeMap<_, _> =
        requests.map(|request| (request.access_address, request.crc_init)).collect();
    presets.insert(ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT);
    presets
}

/// What asks for a connection, if a packet does.
pub(crate) fn request(packet: &SniffedPacket) -> Option<ConnectInd> {
    let advertising = packet.access_address == ADVERTISING_ACCESS_ADDRESS;
    // Type and length before the rest: most packets are something else.
    if !advertising || packet.octets.first()? & 0x0F != 5 {
        return None;
    }
    match AdvertisingPdu::parse(&AirPdu::from_octets(&packet.octets)?)? {
        AdvertisingPdu::ConnectInd(request) => Some(request),
        _ => None,
    }
}
