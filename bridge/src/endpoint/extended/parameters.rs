//! Parameters of the commands of extended advertising, as octets and as values.

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, ConnectionParameters, FilterPolicy};
use ble::pdu::cursor::Reader;
use ble::pdu::extended::AdvMode;
use ble::phy::{Coding, Phy, TxPhy};
use bletwin_models::controller::scan::extended::{
    ExtendedConnect, ExtendedScan, InitiatingPhy, PrimaryScan,
};

use crate::endpoint::commands::{Call, Parsed};
use crate::endpoint::privacy::OwnAddress;

const INVALID: ErrorCode = ErrorCode::INVALID_PARAMETERS;
const UNSUPPORTED: ErrorCode = ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER;
/// Highest Advertising_Handle that a host may choose (Vol 4, Part E, 7.8.53).
const HANDLE_MAX: u8 = 0xEF;
const INTERVAL_MIN: u32 = 0x20;
/// The longest interval of legacy PDUs.
const LEGACY_INTERVAL_MAX: u32 = 0x4000;

// Advertising_Event_Properties.
const CONNECTABLE: u16 = 1;
const SCANNABLE: u16 = 1 << 1;
const DIRECTED: u16 = 1 << 2;
const HIGH_DUTY: u16 = 1 << 3;
const LEGACY: u16 = 1 << 4;
const ANONYMOUS: u16 = 1 << 5;
const TELLS_POWER: u16 = 1 << 6;

/// LE Set Extended Advertising Parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::endpoint) struct Parameters {
    pub(super) handle: u8,
    properties: u16,
    pub(super) interval_min: u32,
    pub(super) interval_max: u32,
    pub(super) channel_map: u8,
    pub(super) own: OwnAddress,
    pub(super) peer: Address,
    pub(super) filter: FilterPolicy,
    pub(super) primary: TxPhy,
    pub(super) secondary: TxPhy,
    pub(super) sid: u8,
    pub(super) notify: bool,
}

impl Parameters {
    const fn has(&self, property: u16) -> bool {
        self.properties & property != 0
    }

    pub(super) const fn is_legacy(&self) -> bool {
        self.has(LEGACY)
    }

    pub(super) const fn is_connectable(&self) -> bool {
        self.has(CONNECTABLE)
    }

    pub(super) const fn is_scannable(&self) -> bool {
        self.has(SCANNABLE)
    }

    pub(super) const fn is_directed(&self) -> bool {
        self.has(DIRECTED)
    }

    pub(super) const fn is_high_duty(&self) -> bool {
        self.has(HIGH_DUTY)
    }

    pub(super) const fn is_anonymous(&self) -> bool {
        self.has(ANONYMOUS)
    }

    pub(super) const fn reports_power(&self) -> bool {
        self.has(TELLS_POWER)
    }

    /// Whether it has advertising data: scannable sets have a scan response only.
    pub(super) const fn has_data(&self) -> bool {
        if self.is_legacy() { !self.is_directed() } else { !self.is_scannable() }
    }

    pub(super) const fn mode(&self) -> AdvMode {
        match (self.is_connectable(), self.is_scannable()) {
            (true, _) => AdvMode::Connectable,
            (_, true) => AdvMode::Scannable,
            _ => AdvMode::None,
        }
    }

    /// The same for the command of legacy advertising.
    pub(super) fn legacy(&self) -> AdvertisingParameters {
        let kind = match (self.is_connectable(), self.is_directed(), self.is_high_duty()) {
            (true, true, true) => AdvertisingType::DirectedHighDuty,
            (true, true, false) => AdvertisingType::DirectedLowDuty,
            (true, ..) => AdvertisingType::ConnectableUndirected,
            _ if self.is_scannable() => AdvertisingType::ScannableUndirected,
            _ => AdvertisingType::NonConnectable,
        };
        let interval = |value: u32| value.min(LEGACY_INTERVAL_MAX) as u16;
        AdvertisingParameters {
            interval_min: interval(self.interval_min),
            interval_max: interval(self.interval_max),
            kind,
            own_address_random: self.own.random,
            peer: self.peer,
            channel_map: self.channel_map,
            filter: self.filter,
        }
    }

    /// Reads and checks the parameters; the error is Invalid HCI Command Parameters.
    pub(in crate::endpoint) fn parse(call: &Call<'_>) -> Parsed<Self> {
        let mut r = Reader::new(call.parameters);
        let parsed = Self::fields(&mut r, call.privacy)?;
        r.end().ok_or(INVALID)?;
        parsed.check()?;
        Ok(parsed)
    }

    fn fields(r: &mut Reader<'_>, privacy: bool) -> Parsed<Self> {
        let handle = handle(u8(r)?)?;
        let properties = r.u16().ok_or(INVALID)?;
        let (interval_min, interval_max) = (r.u24().ok_or(INVALID)?, r.u24().ok_or(INVALID)?);
        let channel_map = u8(r)?;
        let own = own(u8(r)?, privacy)?;
        let peer = address(r)?;
        let filter = match u8(r)? {
            0 => FilterPolicy::Any,
            1 => FilterPolicy::ScanFromList,
            2 => FilterPolicy::ConnectFromList,
            3 => FilterPolicy::BothFromList,
            _ => return Err(INVALID),
        };
        // Transmit power is for the air to say.
        u8(r)?;
        let primary = match u8(r)? {
            1 => Phy::Le1M,
            3 => Phy::LeCoded,
            _ => return Err(INVALID),
        };
        // Secondary_Advertising_Max_Skip: none is skipped.
        u8(r)?;
        let secondary = match u8(r)? {
            1 => Phy::Le1M,
            2 => Phy::Le2M,
            3 => Phy::LeCoded,
            // Not looked at where legacy PDUs are used.
            _ if properties & LEGACY != 0 => Phy::Le1M,
            _ => return Err(INVALID),
        };
        let (sid, notify) = (u8(r)?, boolean(r)?);
        let coded = |phy: Phy| phy.sent_with(Coding::S8);
        let (primary, secondary) = (coded(primary), coded(secondary));
        Ok(Self {
            handle,
            properties,
            interval_min,
            interval_max,
            channel_map,
            own,
            peer,
            filter,
            primary,
            secondary,
            sid,
            notify,
        })
    }

    fn check(&self) -> Parsed<()> {
        let kinds = CONNECTABLE | SCANNABLE | DIRECTED | HIGH_DUTY;
        let known = if self.is_legacy() {
            let kind = self.properties & kinds;
            matches!(kind, 0b0011 | 0b0101 | 0b1101 | 0b0010 | 0)
                && self.properties & !kinds == LEGACY
                && self.primary == TxPhy::Le1M
        } else {
            let asked = self.is_connectable() || self.is_scannable();
            let allowed = match (self.is_connectable(), self.is_scannable()) {
                (true, true) => 0,
                _ if asked => CONNECTABLE | SCANNABLE | DIRECTED | TELLS_POWER,
                _ => DIRECTED | ANONYMOUS | TELLS_POWER,
            };
            self.properties & !allowed == 0
        };
        let intervals = self.is_high_duty()
            || (INTERVAL_MIN <= self.interval_min && self.interval_min <= self.interval_max);
        let channels = matches!(self.channel_map, 1..=7);
        if known && intervals && channels && self.sid <= 0x0F { Ok(()) } else { Err(INVALID) }
    }
}

/// One set of LE Set Extended Advertising Enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::endpoint) struct Enabled {
    pub(super) handle: u8,
    /// Units of 10 ms; zero: for ever.
    pub(super) duration: u16,
    /// Zero: without end.
    pub(super) events: u8,
}

/// LE Set Extended Advertising Enable.
pub(in crate::endpoint) fn enable(call: &Call<'_>) -> Parsed<(bool, Vec<Enabled>)> {
    let mut r = Reader::new(call.parameters);
    let (on, count) = (boolean(&mut r)?, u8(&mut r)?);
    let mut sets: Vec<Enabled> = Vec::new();
    for _ in 0..count {
        let set = Enabled {
            handle: handle(u8(&mut r)?)?,
            duration: r.u16().ok_or(INVALID)?,
            events: u8(&mut r)?,
        };
        if sets.iter().any(|other| other.handle == set.handle) {
            return Err(INVALID);
        }
        sets.push(set);
    }
    r.end().ok_or(INVALID)?;
    if on && sets.is_empty() { Err(INVALID) } else { Ok((on, sets)) }
}

/// Of LE Set Extended Advertising Data, or Scan Response Data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::endpoint) struct Fragment {
    pub(super) handle: u8,
    pub(super) operation: u8,
    pub(super) octets: Vec<u8>,
}

/// LE Set Extended Advertising Data, or Scan Response Data.
pub(in crate::endpoint) fn data(call: &Call<'_>) -> Parsed<Fragment> {
    let mut r = Reader::new(call.parameters);
    let (handle, operation, _preference, length) =
        (handle(u8(&mut r)?)?, u8(&mut r)?, boolean(&mut r)?, u8(&mut r)?);
    let right = operation <= 4 && length <= 251 && r.rest().len() == usize::from(length);
    let octets = r.rest().to_vec();
    if right { Ok(Fragment { handle, operation, octets }) } else { Err(INVALID) }
}

/// Advertising_Handle, and an address that follows it.
pub(in crate::endpoint) fn random_address(call: &Call<'_>) -> Parsed<(u8, [u8; 6])> {
    let mut r = Reader::new(call.parameters);
    let parsed = (handle(u8(&mut r)?)?, r.array().ok_or(INVALID)?);
    r.end().ok_or(INVALID).map(|()| parsed)
}

/// Advertising_Handle as the only parameter: LE Remove Advertising Set.
pub(in crate::endpoint) const fn one_handle(call: &Call<'_>) -> Parsed<u8> {
    match call.parameters {
        [octet] => handle(*octet),
        _ => Err(INVALID),
    }
}

/// LE Set Extended Scan Parameters. Duplicates are for LE Set Extended Scan Enable to decide.
pub(in crate::endpoint) fn scan(call: &Call<'_>) -> Parsed<(OwnAddress, ExtendedScan)> {
    let mut r = Reader::new(call.parameters);
    let own = own(u8(&mut r)?, call.privacy)?;
    let filter = boolean(&mut r)?;
    let set = u8(&mut r)?;
    if set & 0b101 == 0 {
        return Err(INVALID);
    }
    if set & !0b101 != 0 {
        return Err(UNSUPPORTED);
    }
    let mut phys = [None; 2];
    for (phy, bit) in phys.iter_mut().zip([0b001, 0b100]) {
        if set & bit != 0 {
            let active = boolean(&mut r)?;
            let (interval, window) = times(&mut r)?;
            *phy = Some(PrimaryScan { active, interval, window });
        }
    }
    r.end().ok_or(INVALID)?;
    let scan =
        ExtendedScan { own_address_random: own.random, filter, filter_duplicates: false, phys };
    Ok((own, scan))
}

/// Of LE Set Extended Scan Enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::endpoint) struct Periods {
    pub(super) on: bool,
    /// Duplicates are filtered, and forgotten with each period.
    pub(super) filters: bool,
    /// Units of 10 ms.
    pub(super) duration: u16,
    /// Units of 1.28 s.
    pub(super) period: u16,
}

/// LE Set Extended Scan Enable.
pub(in crate::endpoint) fn scan_enable(call: &Call<'_>) -> Parsed<Periods> {
    let mut r = Reader::new(call.parameters);
    let (on, filter) = (boolean(&mut r)?, u8(&mut r)?);
    let (duration, period) = (r.u16().ok_or(INVALID)?, r.u16().ok_or(INVALID)?);
    r.end().ok_or(INVALID)?;
    let longer = u32::from(duration) >= u32::from(period) * 128;
    let bad = filter > 2
        || (on && period > 0 && (duration == 0 || longer))
        || (on && filter == 2 && period == 0);
    if bad { Err(INVALID) } else { Ok(Periods { on, filters: filter > 0, duration, period }) }
}

/// LE Extended Create Connection.
pub(in crate::endpoint) fn connect(call: &Call<'_>) -> Parsed<(OwnAddress, ExtendedConnect)> {
    let mut r = Reader::new(call.parameters);
    let from_list = boolean(&mut r)?;
    let own = own(u8(&mut r)?, call.privacy)?;
    let peer = address(&mut r)?;
    let set = u8(&mut r)?;
    if set & 0b101 == 0 {
        return Err(INVALID);
    }
    if set & !0b111 != 0 {
        return Err(UNSUPPORTED);
    }
    let mut phys = [None; 3];
    for (number, phy) in phys.iter_mut().enumerate() {
        if set >> number & 1 == 1 {
            // LE 2M has no scanning.
            let (scan_interval, scan_window) =
                if number == 1 { (pair(&mut r)?.0, 0) } else { times(&mut r)? };
            let ((interval_min, interval_max), (latency, timeout)) = (pair(&mut r)?, pair(&mut r)?);
            // Minimum and maximum CE length.
            pair(&mut r)?;
            let parameters = ConnectionParameters { interval_min, interval_max, latency, timeout };
            *phy = Some(InitiatingPhy { scan_interval, scan_window, parameters });
        }
    }
    r.end().ok_or(INVALID)?;
    let peer = (!from_list).then_some(peer);
    Ok((own, ExtendedConnect { peer, own_address_random: own.random, phys }))
}

fn u8(r: &mut Reader<'_>) -> Parsed<u8> {
    r.u8().ok_or(INVALID)
}

fn pair(r: &mut Reader<'_>) -> Parsed<(u16, u16)> {
    Ok((r.u16().ok_or(INVALID)?, r.u16().ok_or(INVALID)?))
}

fn boolean(r: &mut Reader<'_>) -> Parsed<bool> {
    match u8(r)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(INVALID),
    }
}

/// Scan_Interval and Scan_Window.
fn times(r: &mut Reader<'_>) -> Parsed<(u16, u16)> {
    let (interval, window) = pair(r)?;
    if window >= 4 && window <= interval { Ok((interval, window)) } else { Err(INVALID) }
}

const fn handle(octet: u8) -> Parsed<u8> {
    if octet <= HANDLE_MAX { Ok(octet) } else { Err(INVALID) }
}

fn own(octet: u8, privacy: bool) -> Parsed<OwnAddress> {
    let private = octet & 2 != 0;
    if octet > 3 || (private && !privacy) {
        return Err(INVALID);
    }
    Ok(OwnAddress { random: octet & 1 != 0, private })
}

/// Type and address. Identities are addresses like others.
fn address(r: &mut Reader<'_>) -> Parsed<Address> {
    let kind = match u8(r)? {
        0 | 2 => AddressKind::Public,
        1 | 3 => AddressKind::Random,
        _ => return Err(INVALID),
    };
    Ok(Address::new(kind, r.array().ok_or(INVALID)?))
}
