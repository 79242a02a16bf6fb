//! Commands of advertising sets, and what becomes of a set.

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::advertising::{AdvertisingData, CHANNEL_MAP_ALL};
use ble::radio::RadioCommand;
use ble::time::{Duration, Instant};
use firmware_core::link::extended::SetReport;
use firmware_core::link::extended::parameters::SetParameters;

use super::DATA_MAX;
use super::legacy::{Legacy, Sent};
use super::parameters::{Enabled, Fragment, Parameters};
use super::set::Set;
use super::sets::End;
use crate::endpoint::Endpoint;
use crate::endpoint::arbiter::Side;
use crate::endpoint::commands::{GRANTED, Reply, Verdict};
use crate::endpoint::device::TX_POWER;

/// Advertising sets at a time.
const SETS: u8 = 1;

impl Endpoint {
    pub(in crate::endpoint) fn read_maximum_advertising_data(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets((DATA_MAX as u16).to_le_bytes().to_vec()))
    }

    pub(in crate::endpoint) fn read_number_of_sets(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(vec![SETS]))
    }

    /// Whether the set is on.
    pub(in crate::endpoint) fn set_is_enabled(&self) -> bool {
        self.sets.is_legacy() || self.halves.set_is_enabled()
    }

    /// Whether the set is on and looks at the accept list.
    pub(in crate::endpoint) fn set_filters(&self) -> bool {
        self.set_is_enabled() && self.sets.set().is_some_and(Set::filters)
    }

    pub(in crate::endpoint) fn set_random_address_of_set(
        &mut self,
        _: Instant,
        (handle, address): (u8, [u8; 6]),
    ) -> Verdict {
        let enabled = self.set_is_enabled();
        let set = self.sets.of(handle)?;
        if enabled {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        set.set_random(address);
        GRANTED
    }

    pub(in crate::endpoint) fn set_parameters(&mut self, _: Instant, what: Parameters) -> Verdict {
        let phys = self.halves.phys();
        if !phys.contains(what.primary.phy()) || !phys.contains(what.secondary.phy()) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        if self.set_is_enabled() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.sets.make(what)?;
        Ok(Reply::Octets(vec![TX_POWER.cast_unsigned()]))
    }

    pub(in crate::endpoint) fn set_data(&mut self, now: Instant, fragment: Fragment) -> Verdict {
        self.take_data(now, fragment, false)
    }

    pub(in crate::endpoint) fn set_scan_response(
        &mut self,
        now: Instant,
        fragment: Fragment,
    ) -> Verdict {
        self.take_data(now, fragment, true)
    }

    fn take_data(&mut self, now: Instant, fragment: Fragment, response: bool) -> Verdict {
        let enabled = self.set_is_enabled();
        let set = self.sets.of(fragment.handle)?;
        set.take(fragment, response, enabled)?;
        if enabled {
            self.renew_data(now)?;
        }
        GRANTED
    }

    /// The data of a set that is on have changed, or it is about to be on with its own PDUs.
    fn renew_data(&mut self, now: Instant) -> Result<(), ErrorCode> {
        let Some(set) = self.sets.set() else { return Ok(()) };
        if self.sets.is_legacy() {
            let [data, response] = set.legacy_data();
            self.legacy_data(now, data, response)
        } else {
            self.halves.set_data(now, set.carried())
        }
    }

    pub(in crate::endpoint) fn enable_sets(
        &mut self,
        now: Instant,
        (on, sets): (bool, Vec<Enabled>),
    ) -> Verdict {
        for set in &sets {
            self.sets.of(set.handle)?;
        }
        if !on {
            self.disable_set(now);
            return GRANTED;
        }
        for set in sets {
            self.enable_set(now, set)?;
        }
        GRANTED
    }

    /// Switches the set off without an event; returns the number of events with legacy PDUs.
    fn disable_set(&mut self, now: Instant) -> Option<u8> {
        self.halves.disable_set(now);
        let events = self.sets.end_legacy();
        if events.is_some() {
            let off = Command::LeSetAdvertisingEnable { enable: false };
            // Nothing to refuse.
            let _ = self.halves.ask(now, Side::Peripheral, off);
        }
        events
    }

    fn enable_set(&mut self, now: Instant, enabled: Enabled) -> Result<(), ErrorCode> {
        let set = self.sets.of(enabled.handle)?.clone();
        set.is_ready(enabled)?;
        let what = set.what();
        if self.privacy.lacks_own(what.own, set.random(), Some(what.peer)) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.disable_set(now);
        if what.is_legacy() {
            self.enable_legacy(now, &set, enabled)
        } else {
            self.enable_extended(now, &set, enabled)
        }
    }

    fn legacy_data(
        &mut self,
        now: Instant,
        data: AdvertisingData,
        response: AdvertisingData,
    ) -> Result<(), ErrorCode> {
        self.halves.ask(now, Side::Peripheral, Command::LeSetAdvertisingData { data })?;
        let response = Command::LeSetScanResponseData { data: response };
        self.halves.ask(now, Side::Peripheral, response).map(drop)
    }

    fn enable_legacy(
        &mut self,
        now: Instant,
        set: &Set,
        enabled: Enabled,
    ) -> Result<(), ErrorCode> {
        let what = set.what();
        let parameters = what.legacy();
        self.advertising.asked(parameters.clone(), what.own.private);
        let command = Command::LeSetAdvertisingParameters { parameters };
        self.halves.ask(now, Side::Peripheral, command)?;
        let [data, response] = set.legacy_data();
        self.legacy_data(now, data, response)?;
        let private = self.prepare_advertising(now);
        if let Some(address) = set.random().filter(|_| !private) {
            let command = Command::LeSetRandomAddress { address };
            self.halves.ask(now, Side::Peripheral, command)?;
        }
        let on = Command::LeSetAdvertisingEnable { enable: true };
        self.halves.ask(now, Side::Peripheral, on)?;
        // The link layer's own timeout ends high duty cycle.
        let timed = enabled.duration > 0 && !what.is_high_duty();
        let until = timed.then(|| now + duration(enabled.duration));
        self.sets.begin_legacy(Legacy::new(until, enabled.events, what.channel_map));
        Ok(())
    }

    fn enable_extended(
        &mut self,
        now: Instant,
        set: &Set,
        enabled: Enabled,
    ) -> Result<(), ErrorCode> {
        let what = self.on_air(now, set);
        self.halves.set_parameters(now, what);
        self.renew_data(now)?;
        let longest = Duration::from_us(625).times(u64::from(set.what().interval_max));
        if self.halves.event_time() > longest {
            return Err(ErrorCode::PACKET_TOO_LONG);
        }
        let time = (enabled.duration > 0).then(|| duration(enabled.duration));
        self.halves.enable_set(now, time, enabled.events);
        Ok(())
    }

    /// The parameters of the set on air, with a new private address if it has one.
    fn on_air(&mut self, now: Instant, set: &Set) -> SetParameters {
        let asked = set.what();
        let hides = asked.own.private;
        let private = if hides { self.privacy.own_for(&mut self.random, asked.peer) } else { None };
        let random =
            private.or_else(|| set.random()).filter(|_| private.is_some() || asked.own.random);
        if private.is_some() {
            self.privacy.advertises(now, true);
        }
        let target_shown = if hides && asked.is_directed() {
            self.privacy.target(&mut self.random, asked.peer)
        } else {
            None
        };
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
            tx_power: asked.reports_power().then_some(TX_POWER),
            filter: asked.filter,
            accurate: self.config.sleep_clock_ppm <= 50,
        }
    }

    /// A set that is on continues under a new private address.
    pub(in crate::endpoint) fn rotate_set(&mut self, now: Instant) {
        if self.halves.set_is_enabled()
            && let Some(set) = self.sets.set().cloned()
        {
            let what = self.on_air(now, &set);
            self.halves.set_parameters(now, what);
        }
    }

    pub(in crate::endpoint) fn remove_set(&mut self, now: Instant, handle: u8) -> Verdict {
        self.sets.of(handle)?;
        self.clear_sets(now)
    }

    pub(in crate::endpoint) fn clear_sets(&mut self, _: Instant) -> Verdict {
        if self.set_is_enabled() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.sets.clear();
        GRANTED
    }

    /// Handles a report of the set with extended PDUs.
    pub(in crate::endpoint) fn set_report(&mut self, report: SetReport) {
        let events = self.halves.completed();
        let Some(what) = self.sets.set().map(Set::what) else { return };
        let (set, notify) = (what.handle, what.notify);
        match report {
            SetReport::Connected { request, identity, phy, at } => {
                self.sets.connected(events);
                self.halves.adopt(request, identity, phy, at);
            }
            SetReport::ScanRequested { scanner, identity } if notify => {
                self.report_scan_request(set, scanner, identity);
            }
            SetReport::ScanRequested { .. } => {}
            SetReport::Ended(status) => {
                self.report_terminated(End { status, set, connection: None, events });
            }
        }
    }

    /// After the event of a connection, or of directed advertising without one: reports the end of
    /// the set, if a set led to it.
    pub(in crate::endpoint) fn report_end_of_set(&mut self) {
        if let Some(end) = self.sets.end() {
            self.report_terminated(end);
        }
    }

    /// The time of a set of legacy PDUs is over.
    pub(in crate::endpoint) fn set_timer(&mut self, now: Instant) {
        if self.sets.deadline().is_some_and(|until| until <= now) {
            self.end_legacy(now, ErrorCode::ADVERTISING_TIMEOUT);
        }
    }

    fn end_legacy(&mut self, now: Instant, status: ErrorCode) {
        let Some(set) = self.sets.set().map(|set| set.what().handle) else { return };
        let events = self.disable_set(now).unwrap_or(0);
        self.pass_on(now);
        self.report_terminated(End { status, set, connection: None, events });
    }

    /// Watches the radio commands of the peripheral's half. `true`: the event exceeds the maximum
    /// of the set, which ends.
    pub(in crate::endpoint) fn ends_set(&mut self, now: Instant, command: &RadioCommand) -> bool {
        let Some((set, notify)) = self.sets.set().map(|set| (set.what().handle, set.what().notify))
        else {
            return false;
        };
        match self.sets.watch(now, command) {
            Sent::TooMany => {
                self.end_legacy(now, ErrorCode::LIMIT_REACHED);
                return true;
            }
            Sent::ScanResponse(scanner) if notify => {
                self.report_scan_request(set, scanner, self.halves.identity(scanner));
            }
            Sent::ScanResponse(_) | Sent::Other => {}
        }
        false
    }
}

fn duration(units: u16) -> Duration {
    Duration::from_ms(10).times(u64::from(units))
}
