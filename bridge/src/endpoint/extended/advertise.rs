//! Advertising sets.

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{Command, FilterPolicy};
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_DATA_MAX, AdvertisingData, AdvertisingPdu,
    CHANNEL_MAP_ALL,
};
use ble::radio::{RadioCommand, RadioEvent};
use ble::time::{Duration, Instant};
use firmware_core::link::extended::SetReport;
use firmware_core::link::extended::parameters::SetParameters;

use super::parameters::{self, Enabled, Parameters};
use super::{DATA_MAX, DONE, Family, Outcome};
use crate::endpoint::Endpoint;
use crate::endpoint::arbiter::Side;
use crate::endpoint::device::TX_POWER;

// Operation of LE Set Extended Advertising Data.
const INTERMEDIATE: u8 = 0;
const FIRST: u8 = 1;
const LAST: u8 = 2;
const COMPLETE: u8 = 3;
const UNCHANGED: u8 = 4;

/// The longest that directed advertising with high duty cycle lasts, in units of 10 ms.
const HIGH_DUTY_MAX: u16 = 128;

/// Data of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Data {
    octets: Vec<u8>,
    /// More fragments are to come.
    partial: bool,
}

/// Advertising with legacy PDUs, while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Legacy {
    until: Option<Instant>,
    /// Events after which it ends; zero: without end.
    events: u8,
    /// Events that have begun, or are prepared.
    begun: u8,
    /// When the last of them begins.
    last: Option<Instant>,
    /// The last SCAN_REQ.
    scanner: Option<Address>,
}

/// An advertising set as the host has made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Set {
    what: Parameters,
    random: Option<[u8; 6]>,
    /// Advertising data and scan response.
    data: [Data; 2],
    legacy: Option<Legacy>,
    /// A connection that the set has accepted is on its way to the host; events until then.
    connected: Option<u8>,
}

impl Set {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.legacy.as_ref()?.until
    }
}

fn octets_of(data: &Data) -> AdvertisingData {
    // As many as fit were let in.
    AdvertisingData::from_slice(&data.octets).unwrap_or_default()
}

impl Endpoint {
    /// Whether the set is on.
    pub(in crate::endpoint) fn set_is_enabled(&self) -> bool {
        let legacy = self.extended.set.as_ref().is_some_and(|set| set.legacy.is_some());
        legacy || self.halves.set.is_enabled()
    }

    /// Whether the set is on and looks at the accept list.
    pub(in crate::endpoint) fn set_filters(&self) -> bool {
        let filters = |set: &Set| set.what.filter != FilterPolicy::Any;
        self.set_is_enabled() && self.extended.set.as_ref().is_some_and(filters)
    }

    fn set_of(&mut self, handle: u8) -> Result<&mut Set, ErrorCode> {
        let set = self.extended.set.as_mut().filter(|set| set.what.handle == handle);
        set.ok_or(ErrorCode::UNKNOWN_ADVERTISING_IDENTIFIER)
    }

    pub(super) fn set_random_address(&mut self, octets: &[u8]) -> Outcome {
        let (handle, address) = parameters::random_address(octets)?;
        self.belongs(Family::Extended)?;
        let enabled = self.set_is_enabled();
        let set = self.set_of(handle)?;
        if enabled {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        set.random = Some(address);
        DONE
    }

    pub(super) fn set_parameters(&mut self, octets: &[u8]) -> Outcome {
        let what = Parameters::parse(octets, self.has_privacy())?;
        self.belongs(Family::Extended)?;
        let phys = self.halves.phys();
        if !phys.contains(what.primary.phy()) || !phys.contains(what.secondary.phy()) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        if self.set_is_enabled() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let set = match self.extended.set.take() {
            Some(set) if set.what.handle != what.handle => {
                self.extended.set = Some(set);
                return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
            }
            Some(set) => Set { what, ..set },
            None => {
                Set { what, random: None, data: Default::default(), legacy: None, connected: None }
            }
        };
        let long = set.data.iter().any(|data| data.octets.len() > ADVERTISING_DATA_MAX);
        let fits = !(set.what.is_legacy() && long);
        self.extended.set = Some(set);
        // What was there before is kept; with these data it cannot be advertised.
        if fits { Ok(vec![TX_POWER.cast_unsigned()]) } else { Err(ErrorCode::INVALID_PARAMETERS) }
    }

    pub(super) fn set_data(&mut self, now: Instant, octets: &[u8], response: bool) -> Outcome {
        const INVALID: ErrorCode = ErrorCode::INVALID_PARAMETERS;
        let (handle, operation, octets) = parameters::data(octets)?;
        self.belongs(Family::Extended)?;
        let enabled = self.set_is_enabled();
        let set = self.set_of(handle)?;
        let legacy = set.what.is_legacy();
        let has = if response { set.what.is_scannable() } else { set.what.has_data() };
        let whole = matches!(operation, COMPLETE | UNCHANGED);
        let too_long = legacy && (octets.len() > ADVERTISING_DATA_MAX || operation != COMPLETE);
        let empty = octets.is_empty() && !whole;
        if (!has && !octets.is_empty()) || too_long || empty {
            return Err(INVALID);
        }
        if enabled && !whole {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let data = &mut set.data[usize::from(response)];
        let unchanged = enabled && !response && !data.octets.is_empty() && octets.is_empty();
        match operation {
            UNCHANGED if !unchanged => return Err(INVALID),
            UNCHANGED => {}
            COMPLETE => *data = Data { octets: octets.to_vec(), partial: false },
            FIRST => *data = Data { octets: octets.to_vec(), partial: true },
            INTERMEDIATE | LAST if !data.partial => return Err(ErrorCode::COMMAND_DISALLOWED),
            _ if data.octets.len() + octets.len() > DATA_MAX => {
                *data = Data::default();
                return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
            }
            _ => {
                data.octets.extend_from_slice(octets);
                data.partial = operation != LAST;
            }
        }
        if enabled { self.renew_data(now) } else { DONE }
    }

    /// The data of a set that is on have changed.
    fn renew_data(&mut self, now: Instant) -> Outcome {
        let Some(set) = &self.extended.set else { return DONE };
        let [advertising, response] = &set.data;
        if set.legacy.is_some() {
            let (data, response) = (octets_of(advertising), octets_of(response));
            self.ask(now, Side::Peripheral, Command::LeSetAdvertisingData { data })?;
            let response = Command::LeSetScanResponseData { data: response };
            self.ask(now, Side::Peripheral, response)?;
            return DONE;
        }
        let data = if set.what.is_scannable() { response } else { advertising };
        if !self.halves.set.set_data(now, &data.octets) {
            return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
        }
        if self.halves.set.fits() { DONE } else { Err(ErrorCode::PACKET_TOO_LONG) }
    }

    pub(super) fn enable_sets(&mut self, now: Instant, octets: &[u8]) -> Outcome {
        let (on, sets) = parameters::enable(octets)?;
        self.belongs(Family::Extended)?;
        for set in &sets {
            self.set_of(set.handle)?;
        }
        if !on {
            self.disable_set(now);
            return DONE;
        }
        sets.iter().try_for_each(|enabled| self.enable_set(now, *enabled)).and(DONE)
    }

    /// The set is off, and the host is not told.
    fn disable_set(&mut self, now: Instant) {
        self.halves.set.disable(now);
        let legacy = self.extended.set.as_mut().and_then(|set| set.legacy.take());
        if legacy.is_some() {
            let off = Command::LeSetAdvertisingEnable { enable: false };
            // Nothing to refuse.
            let _ = self.ask(now, Side::Peripheral, off);
        }
    }

    fn enable_set(&mut self, now: Instant, enabled: Enabled) -> Result<(), ErrorCode> {
        let set = self.set_of(enabled.handle)?.clone();
        let what = &set.what;
        let long = !matches!(enabled.duration, 1..=HIGH_DUTY_MAX);
        if what.is_high_duty() && long {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        let [_, response] = &set.data;
        let silent = !what.is_legacy() && what.is_scannable() && response.octets.is_empty();
        if silent || set.data.iter().any(|data| data.partial) {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        if self.lacks_own(what.own, set.random, Some(what.peer)) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.disable_set(now);
        if what.is_legacy() {
            self.enable_legacy(now, &set, enabled)
        } else {
            self.enable_extended(now, &set, enabled)
        }
    }

    fn enable_legacy(
        &mut self,
        now: Instant,
        set: &Set,
        enabled: Enabled,
    ) -> Result<(), ErrorCode> {
        let parameters = set.what.legacy();
        self.settings.advertising = parameters.filter;
        self.advertise_as_asked(parameters.clone(), set.what.own.private);
        self.ask(now, Side::Peripheral, Command::LeSetAdvertisingParameters { parameters })?;
        let [advertising, response] = &set.data;
        let (data, response) = (octets_of(advertising), octets_of(response));
        self.ask(now, Side::Peripheral, Command::LeSetAdvertisingData { data })?;
        self.ask(now, Side::Peripheral, Command::LeSetScanResponseData { data: response })?;
        let private = self.prepare_advertising(now);
        if let Some(address) = set.random.filter(|_| !private) {
            self.ask(now, Side::Peripheral, Command::LeSetRandomAddress { address })?;
        }
        let on = Command::LeSetAdvertisingEnable { enable: true };
        self.ask(now, Side::Peripheral, on)?;
        // What ends high duty cycle is the link layer's own time.
        let timed = enabled.duration > 0 && !set.what.is_high_duty();
        let legacy = Legacy {
            until: timed.then(|| now + duration(enabled.duration)),
            events: enabled.events,
            begun: 0,
            last: None,
            scanner: None,
        };
        self.set_of(enabled.handle)?.legacy = Some(legacy);
        Ok(())
    }

    fn enable_extended(
        &mut self,
        now: Instant,
        set: &Set,
        enabled: Enabled,
    ) -> Result<(), ErrorCode> {
        let what = self.on_air(now, set);
        self.halves.set.set_parameters(now, what);
        self.renew_data(now)?;
        let longest = Duration::from_us(625).times(u64::from(set.what.interval_max));
        if self.halves.set.event_time() > longest {
            return Err(ErrorCode::PACKET_TOO_LONG);
        }
        let time = (enabled.duration > 0).then(|| duration(enabled.duration));
        self.halves.set.enable(now, time, enabled.events);
        Ok(())
    }

    /// What the set is on air, with a new private address if it has one.
    fn on_air(&mut self, now: Instant, set: &Set) -> SetParameters {
        let asked = &set.what;
        let private = asked.own.private.then(|| self.private_address(asked.peer)).flatten();
        let random = private.or(set.random).filter(|_| private.is_some() || asked.own.random);
        if private.is_some() {
            self.rotate_from(now);
        }
        let hides = asked.own.private && asked.is_directed();
        let target_shown = hides.then(|| self.target_address(asked.peer)).flatten();
        let own = random.map_or_else(
            || Address::new(AddressKind::Public, self.config.public_address),
            |octets| Address::new(AddressKind::Random, octets),
        );
        SetParameters {
            mode: asked.mode(),
            own,
            anonymous: asked.is_anonymous(),
            target: asked.is_directed().then_some(asked.peer),
            target_shown,
            interval: asked.interval_min,
            channel_map: asked.channel_map,
            secondary_map: CHANNEL_MAP_ALL,
            primary: asked.primary,
            secondary: asked.secondary,
            sid: asked.sid,
            tx_power: asked.tells_power().then_some(TX_POWER),
            filter: asked.filter,
            accurate: self.config.sleep_clock_ppm <= 50,
        }
    }

    /// A set that is on goes on under a new private address.
    pub(in crate::endpoint) fn rotate_set(&mut self, now: Instant) {
        if self.halves.set.is_enabled()
            && let Some(set) = self.extended.set.clone()
        {
            let what = self.on_air(now, &set);
            self.halves.set.set_parameters(now, what);
        }
    }

    pub(super) fn remove_set(&mut self, octets: &[u8]) -> Outcome {
        let handle = parameters::one_handle(octets)?;
        self.belongs(Family::Extended)?;
        self.set_of(handle)?;
        self.clear_sets()
    }

    pub(super) fn clear_sets(&mut self) -> Outcome {
        if self.set_is_enabled() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.extended.set = None;
        DONE
    }

    /// What the set of extended PDUs tells.
    pub(in crate::endpoint) fn set_report(&mut self, report: SetReport) {
        let completed = self.halves.set.completed();
        let Some(set) = &mut self.extended.set else { return };
        let handle = set.what.handle;
        match report {
            SetReport::Connected { request, identity, phy, at } => {
                set.connected = Some(completed);
                self.halves.adopt(request, identity, phy, at);
            }
            SetReport::ScanRequested { scanner, identity } if set.what.notify => {
                self.tell_scan_request(handle, scanner, identity);
            }
            SetReport::ScanRequested { .. } => {}
            SetReport::Ended(reason) => self.tell_terminated(reason, handle, None, completed),
        }
    }

    /// The host has been told of a connection, or that directed advertising found none: the end of
    /// a set, if one has led to it.
    pub(in crate::endpoint) fn tell_end_of_set(&mut self) {
        let Some(complete) = self.extended.begun.take() else { return };
        let Some(set) = &mut self.extended.set else { return };
        let legacy = set.legacy.take().map(|legacy| legacy.begun);
        let Some(events) = set.connected.take().or(legacy) else { return };
        let handle = set.what.handle;
        let made = complete.status == ErrorCode::SUCCESS;
        let connection = made.then_some(complete.handle.0);
        self.tell_terminated(complete.status, handle, connection, events);
    }

    pub(super) fn set_timer(&mut self, now: Instant) {
        let Some(set) = &self.extended.set else { return };
        let Some(legacy) = &set.legacy else { return };
        if legacy.until.is_some_and(|until| until <= now) {
            self.end_legacy(now, ErrorCode::ADVERTISING_TIMEOUT);
        }
    }

    fn end_legacy(&mut self, now: Instant, reason: ErrorCode) {
        let Some(set) = &self.extended.set else { return };
        let (handle, begun) = (set.what.handle, set.legacy.as_ref().map_or(0, |run| run.begun));
        self.disable_set(now);
        self.tell_terminated(reason, handle, None, begun);
    }

    /// Sees what the peripheral's half sends. `true`: it is one event too many, and not sent.
    pub(in crate::endpoint) fn watch_legacy(
        &mut self,
        now: Instant,
        command: &RadioCommand,
    ) -> bool {
        let Some(set) = &mut self.extended.set else { return false };
        let first = 37 + set.what.channel_map.trailing_zeros() as u8;
        let Some(legacy) = &mut set.legacy else { return false };
        match command {
            RadioCommand::Transmit { at, tuning, .. }
                if tuning.access_address == ADVERTISING_ACCESS_ADDRESS
                    && tuning.channel == first =>
            {
                // One that is prepared anew has been counted.
                if legacy.last.replace(*at).is_some_and(|last| last > now) {
                    return false;
                }
                let last = legacy.events > 0 && legacy.begun >= legacy.events;
                legacy.begun = legacy.begun.saturating_add(u8::from(!last));
                last
            }
            RadioCommand::Reply { pdu, .. } if set.what.notify => {
                let answers =
                    matches!(AdvertisingPdu::parse(pdu), Some(AdvertisingPdu::ScanRsp { .. }));
                let (handle, scanner) = (set.what.handle, legacy.scanner.filter(|_| answers));
                if let Some(scanner) = scanner {
                    self.tell_scan_request(handle, scanner, self.halves.identity(scanner));
                }
                false
            }
            _ => false,
        }
    }

    /// Sees what the peripheral's half hears.
    pub(in crate::endpoint) fn overhear_legacy(&mut self, event: &RadioEvent) {
        let legacy = self.extended.set.as_mut().and_then(|set| set.legacy.as_mut());
        if let (Some(legacy), RadioEvent::Received { pdu, crc_ok: true, .. }) = (legacy, event)
            && let Some(AdvertisingPdu::ScanReq { scanner, .. }) = AdvertisingPdu::parse(pdu)
        {
            legacy.scanner = Some(scanner);
        }
    }

    /// The last of a limited number of events is over.
    pub(in crate::endpoint) fn limit_legacy(&mut self, now: Instant) {
        self.end_legacy(now, ErrorCode::LIMIT_REACHED);
    }
}

fn duration(units: u16) -> Duration {
    Duration::from_ms(10).times(u64::from(units))
}
