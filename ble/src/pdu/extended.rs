//! Extended advertising physical channel PDUs (Vol 6, Part B, 2.3.4): ADV_EXT_IND, AUX_ADV_IND,
//! AUX_SCAN_RSP, AUX_CHAIN_IND and AUX_CONNECT_RSP share one format.
//!
//! AUX_SCAN_REQ and AUX_CONNECT_REQ are SCAN_REQ and CONNECT_IND on a secondary channel: see
//! [`super::advertising`].

#[cfg(test)]
mod tests;

use super::cursor::{Reader, Writer};
use crate::address::{Address, AddressKind};
use crate::phy::Phy;
use crate::radio::AirPdu;
use crate::time::Duration;

/// Most octets of AdvData in one PDU: all but the length of the extended header.
pub const DATA_MAX: usize = 254;
/// Most octets of an extended header, its length octet not counted.
pub const HEADER_MAX: usize = 63;
/// Highest index of a secondary advertising channel.
const SECONDARY_MAX: u8 = 36;
/// T_MAFS: from the end of a packet to the start of the one that its AuxPtr names, at least.
pub const T_MAFS: Duration = Duration::from_us(300);

/// AdvData of one PDU.
pub type ExtendedData = heapless::Vec<u8, DATA_MAX>;

/// AdvMode: what an advertiser can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AdvMode {
    /// Nothing. Also of AUX_SCAN_RSP, AUX_CHAIN_IND and AUX_CONNECT_RSP.
    #[default]
    None = 0,
    /// To connect, with AUX_CONNECT_REQ.
    Connectable = 1,
    /// For its scan response.
    Scannable = 2,
}

/// AdvDataInfo: which set, and which of its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Adi {
    /// Advertising Data ID, 12 bits.
    pub did: u16,
    /// Advertising Set ID, 4 bits.
    pub sid: u8,
}

impl Adi {
    const fn octets(self) -> [u8; 2] {
        ((self.did & 0x0FFF) | ((self.sid & 0x0F) as u16) << 12).to_le_bytes()
    }

    fn of(value: u16) -> Self {
        let [_, high] = value.to_le_bytes();
        Self { did: value & 0x0FFF, sid: high >> 4 }
    }
}

/// AuxPtr: channel and time of the packet that continues this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuxPtr {
    /// Secondary advertising channel, 0–36.
    pub channel: u8,
    /// CA: the advertiser's clock is within 50 ppm (else 500).
    pub accurate: bool,
    /// AUX Offset in its unit, 13 bits.
    pub offset: u16,
    /// Offset Units: 300 µs instead of 30.
    pub long: bool,
    /// PHY of that packet.
    pub phy: Phy,
}

/// The first AUX Offset that is expressed in units of 300 µs; shorter ones use units of 30 µs.
const SHORT_OFFSET_END_US: u64 = 245_700;
const OFFSET_MAX: u16 = 0x1FFF;

impl AuxPtr {
    /// To a packet that begins `distance` after the beginning of the one with this pointer.
    /// `None` beyond 2.45 s.
    #[must_use]
    pub fn to(channel: u8, accurate: bool, phy: Phy, distance: Duration) -> Option<Self> {
        let long = distance.as_us() >= SHORT_OFFSET_END_US;
        let units = distance.as_us().checked_div(if long { 300 } else { 30 })?;
        let offset = u16::try_from(units).ok().filter(|offset| *offset <= OFFSET_MAX)?;
        Some(Self { channel, accurate, offset, long, phy })
    }

    /// Within which time after [`Self::earliest`] the packet begins.
    #[must_use]
    pub const fn unit(&self) -> Duration {
        Duration::from_us(if self.long { 300 } else { 30 })
    }

    /// From the beginning of the packet with this pointer to the earliest beginning of the one
    /// that it names.
    #[must_use]
    pub const fn earliest(&self) -> Duration {
        self.unit().times(self.offset as u64)
    }

    /// How far the advertiser's clock may be off, in ppm.
    #[must_use]
    pub const fn ppm(&self) -> u32 {
        if self.accurate { 50 } else { 500 }
    }

    fn octets(self) -> [u8; 3] {
        let phy = match self.phy {
            Phy::Le1M => 0,
            Phy::Le2M => 1,
            Phy::LeCoded => 2,
        };
        let [low, high] = ((self.offset & OFFSET_MAX) | phy << 13).to_le_bytes();
        let flags = u8::from(self.accurate) << 6 | u8::from(self.long) << 7;
        [(self.channel & 0x3F) | flags, low, high]
    }

    /// `None`: a channel or PHY that does not exist.
    fn of([first, low, high]: [u8; 3]) -> Option<Self> {
        let phy = match high >> 5 {
            0 => Phy::Le1M,
            1 => Phy::Le2M,
            2 => Phy::LeCoded,
            _ => return None,
        };
        let channel = first & 0x3F;
        (channel <= SECONDARY_MAX).then_some(Self {
            channel,
            accurate: first & 0x40 != 0,
            offset: u16::from_le_bytes([low, high]) & OFFSET_MAX,
            long: first & 0x80 != 0,
            phy,
        })
    }
}

/// A PDU with the Common Extended Advertising Payload Format. Which fields are allowed depends on
/// the PDU type; see Tables 2.9 to 2.13 there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ExtendedPdu {
    /// AUX_CONNECT_RSP has a separate PDU type.
    pub connect_rsp: bool,
    /// AdvMode: whether the advertiser can be connected to, or scanned.
    pub mode: AdvMode,
    /// AdvA, if present, public or random as TxAdd says.
    pub advertiser: Option<Address>,
    /// TargetA, if present, public or random as RxAdd says.
    pub target: Option<Address>,
    /// AdvDataInfo, if present: which advertising set and contents.
    pub adi: Option<Adi>,
    /// AuxPtr, if present: where and when the next packet comes.
    pub aux: Option<AuxPtr>,
    /// TxPower, if present, in dBm.
    pub tx_power: Option<i8>,
    /// Additional Controller Advertising Data.
    pub acad: heapless::Vec<u8, HEADER_MAX>,
    /// AdvData, 0–254 octets; in a chain, the fragment that this PDU carries.
    pub data: ExtendedData,
}

/// ADV_EXT_IND and all AUX PDUs that are not requests, but AUX_CONNECT_RSP.
const EXTENDED: u8 = 7;
const CONNECT_RSP: u8 = 8;
const TXADD: u8 = 0x40;
const RXADD: u8 = 0x80;

const ADV_A: u8 = 1;
const TARGET_A: u8 = 1 << 1;
const CTE_INFO: u8 = 1 << 2;
const ADI: u8 = 1 << 3;
const AUX_PTR: u8 = 1 << 4;
const SYNC_INFO: u8 = 1 << 5;
const TX_POWER: u8 = 1 << 6;

const fn kind(random: bool) -> AddressKind {
    if random { AddressKind::Random } else { AddressKind::Public }
}

fn is_random(address: Option<Address>, bit: u8) -> u8 {
    match address {
        Some(Address { kind: AddressKind::Random, .. }) => bit,
        _ => 0,
    }
}

impl ExtendedPdu {
    /// Parses a received PDU. CTEInfo and SyncInfo are passed over. `None`: another type of PDU, a
    /// wrong length, or a reserved value that leaves the meaning open.
    #[must_use]
    pub fn parse(pdu: &AirPdu) -> Option<Self> {
        let header = pdu.header();
        let connect_rsp = match header & 0x0F {
            EXTENDED => false,
            CONNECT_RSP => true,
            _ => return None,
        };
        let &[_, length, ..] = pdu.octets() else {
            return None;
        };
        if usize::from(length) != pdu.payload().len() {
            return None;
        }
        let mut r = Reader::new(pdu.payload());
        let first = r.u8()?;
        let mode = match first >> 6 {
            0 => AdvMode::None,
            1 => AdvMode::Connectable,
            2 => AdvMode::Scannable,
            _ => return None,
        };
        let (extended, data) = r.rest().split_at_checked(usize::from(first & 0x3F))?;
        let parsed = Self { connect_rsp, mode, ..Self::default() };
        let data = ExtendedData::from_slice(data).ok()?;
        Some(Self { data, ..parsed.with_header(extended, header)? })
    }

    /// Adds what the extended header says.
    fn with_header(mut self, extended: &[u8], header: u8) -> Option<Self> {
        let mut r = Reader::new(extended);
        let flags = if extended.is_empty() { 0 } else { r.u8()? };
        let has = |bit: u8| flags & bit != 0;
        if has(ADV_A) {
            self.advertiser = Some(Address::new(kind(header & TXADD != 0), r.array()?));
        }
        if has(TARGET_A) {
            self.target = Some(Address::new(kind(header & RXADD != 0), r.array()?));
        }
        if has(CTE_INFO) {
            r.u8()?;
        }
        if has(ADI) {
            self.adi = Some(Adi::of(r.u16()?));
        }
        if has(AUX_PTR) {
            self.aux = Some(AuxPtr::of(r.array()?)?);
        }
        if has(SYNC_INFO) {
            r.array::<18>()?;
        }
        if has(TX_POWER) {
            self.tx_power = Some(r.u8()?.cast_signed());
        }
        self.acad = heapless::Vec::from_slice(r.rest()).ok()?;
        Some(self)
    }

    /// Octets that precede AdvData in the payload.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.header().map_or(HEADER_MAX, |header| header.len()).saturating_add(1)
    }

    /// The extended header. `None`: too long.
    fn header(&self) -> Option<heapless::Vec<u8, HEADER_MAX>> {
        let mut w: Writer<HEADER_MAX> = Writer::new();
        let mut flags = 0;
        let mut flag = |there: bool, bit: u8| flags |= if there { bit } else { 0 };
        flag(self.advertiser.is_some(), ADV_A);
        flag(self.target.is_some(), TARGET_A);
        flag(self.adi.is_some(), ADI);
        flag(self.aux.is_some(), AUX_PTR);
        flag(self.tx_power.is_some(), TX_POWER);
        if flags == 0 && self.acad.is_empty() {
            return Some(heapless::Vec::new());
        }
        w.u8(flags);
        for address in [self.advertiser, self.target].into_iter().flatten() {
            w.bytes(&address.octets);
        }
        if let Some(adi) = self.adi {
            w.bytes(&adi.octets());
        }
        if let Some(aux) = self.aux {
            w.bytes(&aux.octets());
        }
        if let Some(power) = self.tx_power {
            w.u8(power.cast_unsigned());
        }
        w.bytes(&self.acad);
        w.finish()
    }

    /// The PDU as on air. `None`: it does not fit 255 octets, or ACAD does not fit the extended
    /// header.
    #[must_use]
    pub fn encode(&self) -> Option<AirPdu> {
        let extended = self.header()?;
        let mut w: Writer<255> = Writer::new();
        let length = u8::try_from(extended.len()).ok()?;
        w.u8(length | (self.mode as u8) << 6).bytes(&extended).bytes(&self.data);
        let addresses = is_random(self.advertiser, TXADD) | is_random(self.target, RXADD);
        let kind = if self.connect_rsp { CONNECT_RSP } else { EXTENDED };
        AirPdu::new(kind | addresses, &w.finish()?)
    }
}
