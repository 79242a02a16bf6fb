//! Legacy advertising physical channel PDUs (Vol 6, Part B, 2.3).

use super::access_address;
use super::cursor::{Reader, Writer};
use crate::address::{Address, AddressKind};
use crate::radio::AirPdu;

/// Access address of all primary advertising channel packets.
// LL-AIR-2: advertising access address.
pub const ADVERTISING_ACCESS_ADDRESS: u32 = 0x8E89_BED6;
/// CRC preset on the primary advertising channels.
pub const ADVERTISING_CRC_INIT: u32 = 0x55_5555;
/// Most octets of AdvData or ScanRspData in a legacy PDU.
pub const ADVERTISING_DATA_MAX: usize = 31;

/// AdvData or ScanRspData.
pub type AdvertisingData = heapless::Vec<u8, ADVERTISING_DATA_MAX>;

/// A legacy advertising channel PDU.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AdvertisingPdu {
    /// ADV_IND: connectable, scannable, undirected.
    AdvInd {
        /// AdvA, public or random as TxAdd says.
        advertiser: Address,
        /// AdvData, 0–31 octets (format: Vol 3, Part C, 11).
        data: AdvertisingData,
        /// Whether the advertiser supports Channel Selection Algorithm #2.
        ch_sel: bool,
    },
    /// ADV_DIRECT_IND: connectable, directed.
    AdvDirectInd {
        /// AdvA, public or random as TxAdd says.
        advertiser: Address,
        /// TargetA, public or random as RxAdd says: the only device that may answer.
        target: Address,
        /// Whether the advertiser supports Channel Selection Algorithm #2.
        ch_sel: bool,
    },
    /// ADV_NONCONN_IND: neither connectable nor scannable, undirected.
    AdvNonconnInd {
        /// AdvA, public or random as TxAdd says.
        advertiser: Address,
        /// AdvData, 0–31 octets (format: Vol 3, Part C, 11).
        data: AdvertisingData,
    },
    /// ADV_SCAN_IND: scannable, not connectable, undirected.
    AdvScanInd {
        /// AdvA, public or random as TxAdd says.
        advertiser: Address,
        /// AdvData, 0–31 octets (format: Vol 3, Part C, 11).
        data: AdvertisingData,
    },
    /// SCAN_REQ: asks an advertiser for its scan response.
    ScanReq {
        /// ScanA, public or random as TxAdd says.
        scanner: Address,
        /// AdvA, public or random as RxAdd says: whose scan response is wanted.
        advertiser: Address,
    },
    /// SCAN_RSP: the answer to SCAN_REQ.
    ScanRsp {
        /// AdvA, public or random as TxAdd says.
        advertiser: Address,
        /// ScanRspData, 0–31 octets (format: Vol 3, Part C, 11).
        data: AdvertisingData,
    },
    /// CONNECT_IND: asks an advertiser for a connection and sets its parameters.
    ConnectInd(ConnectInd),
}

/// CONNECT_IND with its LLData. Values are as on air and may be out of range; see
/// [`ConnectInd::is_valid`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectInd {
    /// InitA, public or random as TxAdd says: the central of the connection.
    pub initiator: Address,
    /// AdvA, public or random as RxAdd says: the peripheral of the connection.
    pub advertiser: Address,
    /// Access address of the connection.
    pub access_address: u32,
    /// CRCInit, 24 bits.
    pub crc_init: u32,
    /// transmitWindowSize, units of 1.25 ms.
    pub win_size: u8,
    /// transmitWindowOffset, units of 1.25 ms.
    pub win_offset: u16,
    /// connInterval, units of 1.25 ms.
    pub interval: u16,
    /// connPeripheralLatency: connection events that the peripheral may skip in a row, 0–499.
    pub latency: u16,
    /// connSupervisionTimeout, units of 10 ms.
    pub timeout: u16,
    /// Channel map, bit n = data channel n, 37 bits.
    pub channel_map: u64,
    /// hopIncrement of Channel Selection Algorithm #1, 5–16.
    pub hop: u8,
    /// Sleep clock accuracy of the central, 0 (251–500 ppm) to 7 (0–20 ppm).
    pub sca: u8,
    /// Whether the initiator supports Channel Selection Algorithm #2.
    pub ch_sel: bool,
}

const CHSEL: u8 = 0x20;
const TXADD: u8 = 0x40;
const RXADD: u8 = 0x80;

impl ConnectInd {
    /// Whether all fields are in the ranges of Vol 6, Part B, 2.3.3.1 and 4.5: interval 7.5 ms to
    /// 4 s, latency at most 499 and short of the supervision timeout, timeout 100 ms to 32 s,
    /// window size and offset, at least two used channels, hop 5–16, and an access address
    /// that is allowed. `coded`: the initiator is known to have LE Coded.
    #[must_use]
    pub const fn is_valid(&self, coded: bool) -> bool {
        let interval = self.interval as u32;
        let window_max = if interval > 8 { 8 } else { interval.saturating_sub(1) };
        // timeout (10 ms) > (1 + latency) · interval (1.25 ms) · 2, in units of 1.25 ms.
        let needed =
            (self.latency as u32).saturating_add(1).saturating_mul(interval).saturating_mul(2);
        let timeout = (self.timeout as u32).saturating_mul(8);
        interval >= 6
            && interval <= 3200
            && self.latency <= 499
            && self.timeout >= 10
            && self.timeout <= 3200
            && timeout > needed
            && self.win_size >= 1
            && self.win_size as u32 <= window_max
            && self.win_offset <= self.interval
            && (self.channel_map & CHANNEL_MAP_ALL).count_ones() >= 2
            && self.hop >= 5
            && self.hop <= 16
            && access_address::is_allowed(self.access_address, coded)
    }
}

/// All 37 data channels.
pub const CHANNEL_MAP_ALL: u64 = 0x1F_FFFF_FFFF;

fn kind(bit: bool) -> AddressKind {
    if bit { AddressKind::Random } else { AddressKind::Public }
}

fn address(reader: &mut Reader<'_>, random: bool) -> Option<Address> {
    Some(Address::new(kind(random), reader.array()?))
}

fn data(reader: &Reader<'_>) -> Option<AdvertisingData> {
    AdvertisingData::from_slice(reader.rest()).ok()
}

impl AdvertisingPdu {
    /// Parses a received PDU. `None`: not a legacy advertising PDU, or a wrong length.
    #[must_use]
    pub fn parse(pdu: &AirPdu) -> Option<Self> {
        let header = pdu.header();
        let (tx_random, rx_random) = (header & TXADD != 0, header & RXADD != 0);
        let ch_sel = header & CHSEL != 0;
        let &[_, length, ..] = pdu.octets() else {
            return None;
        };
        if usize::from(length) != pdu.payload().len() {
            return None;
        }
        let mut r = Reader::new(pdu.payload());
        let parsed = match header & 0x0F {
            0 => Self::AdvInd { advertiser: address(&mut r, tx_random)?, data: data(&r)?, ch_sel },
            1 => {
                let advertiser = address(&mut r, tx_random)?;
                let target = address(&mut r, rx_random)?;
                r.end()?;
                Self::AdvDirectInd { advertiser, target, ch_sel }
            }
            2 => Self::AdvNonconnInd { advertiser: address(&mut r, tx_random)?, data: data(&r)? },
            3 => {
                let scanner = address(&mut r, tx_random)?;
                let advertiser = address(&mut r, rx_random)?;
                r.end()?;
                Self::ScanReq { scanner, advertiser }
            }
            4 => Self::ScanRsp { advertiser: address(&mut r, tx_random)?, data: data(&r)? },
            5 => {
                let initiator = address(&mut r, tx_random)?;
                let advertiser = address(&mut r, rx_random)?;
                Self::ConnectInd(Self::parse_ll_data(&mut r, initiator, advertiser, ch_sel)?)
            }
            6 => Self::AdvScanInd { advertiser: address(&mut r, tx_random)?, data: data(&r)? },
            _ => return None,
        };
        Some(parsed)
    }

    fn parse_ll_data(
        r: &mut Reader<'_>,
        initiator: Address,
        advertiser: Address,
        ch_sel: bool,
    ) -> Option<ConnectInd> {
        let access_address = r.u32()?;
        let crc_init = r.u24()?;
        let win_size = r.u8()?;
        let (win_offset, interval, latency, timeout) = (r.u16()?, r.u16()?, r.u16()?, r.u16()?);
        let [m0, m1, m2, m3, m4] = r.array()?;
        let channel_map = u64::from_le_bytes([m0, m1, m2, m3, m4, 0, 0, 0]);
        let hop_sca = r.u8()?;
        r.end()?;
        Some(ConnectInd {
            initiator,
            advertiser,
            access_address,
            crc_init,
            win_size,
            win_offset,
            interval,
            latency,
            timeout,
            channel_map,
            hop: hop_sca & 0x1F,
            sca: hop_sca >> 5,
            ch_sel,
        })
    }

    /// The PDU as on air.
    #[must_use]
    pub fn encode(&self) -> AirPdu {
        let mut w: Writer<37> = Writer::new();
        let tx = |a: &Address| {
            if a.kind == AddressKind::Random { TXADD } else { 0 }
        };
        let rx = |a: &Address| {
            if a.kind == AddressKind::Random { RXADD } else { 0 }
        };
        let sel = |on: bool| if on { CHSEL } else { 0 };
        let header = match self {
            Self::AdvInd { advertiser, data, ch_sel } => {
                w.bytes(&advertiser.octets).bytes(data);
                tx(advertiser) | sel(*ch_sel)
            }
            Self::AdvDirectInd { advertiser, target, ch_sel } => {
                w.bytes(&advertiser.octets).bytes(&target.octets);
                1 | tx(advertiser) | rx(target) | sel(*ch_sel)
            }
            Self::AdvNonconnInd { advertiser, data } => {
                w.bytes(&advertiser.octets).bytes(data);
                2 | tx(advertiser)
            }
            Self::ScanReq { scanner, advertiser } => {
                w.bytes(&scanner.octets).bytes(&advertiser.octets);
                3 | tx(scanner) | rx(advertiser)
            }
            Self::ScanRsp { advertiser, data } => {
                w.bytes(&advertiser.octets).bytes(data);
                4 | tx(advertiser)
            }
            Self::ConnectInd(c) => {
                let [m0, m1, m2, m3, m4, ..] = c.channel_map.to_le_bytes();
                w.bytes(&c.initiator.octets).bytes(&c.advertiser.octets);
                w.u32(c.access_address).u24(c.crc_init).u8(c.win_size);
                w.u16(c.win_offset).u16(c.interval).u16(c.latency).u16(c.timeout);
                w.bytes(&[m0, m1, m2, m3, m4]).u8((c.hop & 0x1F) | (c.sca << 5));
                5 | tx(&c.initiator) | rx(&c.advertiser) | sel(c.ch_sel)
            }
            Self::AdvScanInd { advertiser, data } => {
                w.bytes(&advertiser.octets).bytes(data);
                6 | tx(advertiser)
            }
        };
        // 37 octets hold every variant, so neither step can fail.
        w.finish().and_then(|payload| AirPdu::new(header, &payload)).unwrap_or_default()
    }

    /// Name as the specification writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AdvInd { .. } => "ADV_IND",
            Self::AdvDirectInd { .. } => "ADV_DIRECT_IND",
            Self::AdvNonconnInd { .. } => "ADV_NONCONN_IND",
            Self::AdvScanInd { .. } => "ADV_SCAN_IND",
            Self::ScanReq { .. } => "SCAN_REQ",
            Self::ScanRsp { .. } => "SCAN_RSP",
            Self::ConnectInd(_) => "CONNECT_IND",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The CONNECT_IND of a public capture (BlueZ's CRC test, packet 7).
    const CAPTURED: [u8; 36] = [
        0x05, 0x22, 0x46, 0x1c, 0xda, 0x72, 0x02, 0x00, 0x7e, 0x01, 0x00, 0xd0, 0x22, 0x00, 0x96,
        0x83, 0x9a, 0xaf, 0xbe, 0x1d, 0x16, 0x03, 0x05, 0x00, 0x36, 0x00, 0x00, 0x00, 0x2a, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x1f, 0xa5,
    ];

    /// LL-AIR-2: advertising access address.
    #[test]
    fn reads_and_writes_a_captured_connect_ind() {
        let air = AirPdu::from_octets(&CAPTURED).unwrap();
        let parsed = AdvertisingPdu::parse(&air).unwrap();
        let AdvertisingPdu::ConnectInd(c) = &parsed else { panic!("{parsed:?}") };
        assert_eq!(c.access_address, 0xAF9A_8396);
        assert_eq!(c.crc_init, 0x16_1DBE);
        assert_eq!((c.win_size, c.win_offset, c.interval), (3, 5, 0x36));
        assert_eq!((c.latency, c.timeout, c.hop, c.sca), (0, 42, 5, 5));
        assert!(c.is_valid(false));
        assert_eq!(parsed.encode(), air);
    }

    proptest::proptest! {
        #[test]
        fn any_octets_parse_or_not_but_never_panic(
            octets in proptest::collection::vec(0u8.., 2..60),
        ) {
            let air = AirPdu::from_octets(&octets).unwrap();
            if let Some(pdu) = AdvertisingPdu::parse(&air) {
                proptest::prop_assert_eq!(AdvertisingPdu::parse(&pdu.encode()), Some(pdu));
            }
        }
    }
}
