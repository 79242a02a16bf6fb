//! What packets are before anything of them is believed: their lengths, and requests among them.

use std::collections::BTreeMap;

use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu, ConnectInd,
};
use ble::phy::TxPhy;
use ble::radio::AirPdu;

use crate::air::SniffedPacket;

/// Octets after the header as they were on air: a MIC that was removed counts.
pub(super) fn on_air(packet: &SniffedPacket, mic_removed: bool) -> u16 {
    let mic = if mic_removed { ble::crypto::ccm::MIC } else { 0 };
    u16::try_from(packet.payload().len().saturating_add(mic)).unwrap_or(u16::MAX)
}

/// Time of a packet on air in 1/64 ns; on LE 1M where its PHY is not known.
pub(super) fn air_time(packet: &SniffedPacket, mic_removed: bool) -> i64 {
    let phy = packet.phy.unwrap_or(TxPhy::Le1M);
    let ticks = phy.air_time(on_air(packet, mic_removed)).ticks();
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

/// Presets of the CRC by access address, as CONNECT_INDs give them: the last one counts.
pub(super) fn presets(packets: &[SniffedPacket]) -> BTreeMap<u32, u32> {
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
