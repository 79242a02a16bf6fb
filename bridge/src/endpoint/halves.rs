//! The two link layers of a device behind one interface.

use std::collections::VecDeque;

use ble::address::Address;
use ble::armed::Tell;
use ble::error::ErrorCode;
use ble::hci::{Acl, Command, Event, FilterPolicy, Handle, Return};
use ble::invariant::{Broken, Invariant};
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::FeatureSet;
use ble::pdu::extended::AdvMode;
use ble::phy::{Phy, PhySet, TxPhy};
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::{Entropy, Purpose};
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use bletwin_models::controller as models;
use bletwin_models::controller::scan::extended::{ExtendedConnect, ExtendedReport, ExtendedScan};
use bletwin_models::controller::{CentralController, ControllerConfig};
use bletwin_sim::node::Untracked;
use firmware_core::control::ControlConfig;
use firmware_core::controller::{self as core, Controller};
use firmware_core::link::LinkConfig;
use firmware_core::link::extended::parameters::SetParameters;
use firmware_core::link::extended::{AdvertisingSet, Neighbours as _, SetReport};

use super::arbiter::Side;
use super::extended::DATA_MAX;
use super::handles;

/// Connections as peripheral.
const LINKS: usize = 4;
/// Distinguishes the names of the central's PDUs from those of the peripheral's.
const CENTRAL_TAG: u32 = 1 << 31;

/// An output of a half, in the device's handles and names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Radio(RadioCommand),
    Event(Event),
    Acl(Acl),
    Trace(Trace),
    /// Of extended scanning.
    Report(Box<ExtendedReport>),
    /// Of the advertising set.
    Set(SetReport),
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Halves {
    peripheral: Controller<LINKS>,
    central: CentralController,
    set: Box<AdvertisingSet<DATA_MAX>>,
    phys: PhySet,
    /// Faults in what they have to do with each other.
    broken: Broken,
    /// What they said while they were asked something, answers apart. It is fetched within the
    /// call that causes it and is no state.
    said: Untracked<VecDeque<(Side, Output)>>,
}

impl Halves {
    pub(super) fn new(config: &ControllerConfig, entropy: &Entropy) -> Self {
        let link = LinkConfig {
            sleep_clock_ppm: config.sleep_clock_ppm,
            csa2: config.features.has(FeatureSet::CSA2),
        };
        let control = ControlConfig {
            public_address: config.public_address,
            features: config.features,
            version: config.version,
            max_tx_octets: config.max_octets,
            max_tx_time: config.max_time,
            min_used_channels: None,
            length_from_default: config.length_from_default,
            lapses: Default::default(),
        };
        Self {
            peripheral: Controller::new(link, control, entropy),
            central: CentralController::new(config.clone(), entropy),
            set: Box::new(AdvertisingSet::new(
                entropy.stream(Purpose::ExtendedAdvertising),
                nothing(),
            )),
            phys: phys(config.features),
            broken: Broken::NONE,
            said: Untracked::default(),
        }
    }

    /// Lets a half carry out a command and returns the answer. Its other events wait for
    /// [`Self::said`].
    pub(super) fn ask(
        &mut self,
        now: Instant,
        side: Side,
        command: Command,
    ) -> Result<Return, ErrorCode> {
        let asked = command.opcode();
        self.command(now, side, command);
        let mut verdict = Err(ErrorCode::UNSPECIFIED);
        while let Some(output) = self.poll(now, side) {
            let (status, returned) = match output {
                Output::Event(Event::CommandComplete { opcode, status, returned })
                    if opcode == asked =>
                {
                    (status, returned)
                }
                Output::Event(Event::CommandStatus { opcode, status }) if opcode == asked => {
                    (status, Return::None)
                }
                other => {
                    self.said.0.push_back((side, other));
                    continue;
                }
            };
            verdict = if status == ErrorCode::SUCCESS { Ok(returned) } else { Err(status) };
        }
        verdict
    }

    /// Lets both halves carry out a command and gives the answer that is worse.
    pub(super) fn both(&mut self, now: Instant, command: Command) -> Result<Return, ErrorCode> {
        let first = self.ask(now, Side::Peripheral, command.clone());
        let second = self.ask(now, Side::Central, command);
        first.and(second)
    }

    /// The next thing that a half said while it was asked something.
    pub(super) fn said(&mut self) -> Option<(Side, Output)> {
        self.said.0.pop_front()
    }

    pub(super) const fn set_public_address(&mut self, address: [u8; 6]) {
        self.peripheral.set_public_address(address);
        self.central.set_public_address(address);
    }

    /// Names the target of directed advertising: see [`Controller::show_target`].
    pub(super) const fn show_target(&mut self, address: Option<Address>) {
        self.peripheral.show_target(address);
    }

    /// Advertises under a private address: see [`Controller::show_own`].
    pub(super) const fn show_own(&mut self, address: Option<[u8; 6]>) {
        self.peripheral.show_own(address);
    }

    /// Scans from a private address: see [`CentralController::scan_as`].
    pub(super) const fn scan_as(&mut self, address: Option<[u8; 6]>) {
        self.central.scan_as(address);
    }

    /// Connects from a private address for each peer: see [`CentralController::connect_as`].
    pub(super) fn connect_as(&mut self, addresses: Vec<(Address, [u8; 6])>) {
        self.central.connect_as(addresses);
    }

    pub(super) const fn is_advertising(&self) -> bool {
        self.peripheral.is_advertising()
    }

    /// Whether the advertising set is on.
    pub(super) fn set_is_enabled(&self) -> bool {
        self.set.is_enabled()
    }

    /// Advertising events of the set since it was enabled.
    pub(super) fn completed(&self) -> u8 {
        self.set.completed()
    }

    /// Replaces the parameters of the set: see [`AdvertisingSet::set_parameters`].
    pub(super) fn set_parameters(&mut self, now: Instant, parameters: SetParameters) {
        self.set.set_parameters(now, parameters);
    }

    /// Gives the advertising set its data, unless they are too long for it or for an event.
    pub(super) fn set_data(&mut self, now: Instant, octets: &[u8]) -> Result<(), ErrorCode> {
        if !self.set.set_data(now, octets) {
            return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
        }
        if self.set.fits() { Ok(()) } else { Err(ErrorCode::PACKET_TOO_LONG) }
    }

    /// How long an event of the set lasts at most: see [`AdvertisingSet::event_time`].
    pub(super) fn event_time(&self) -> Duration {
        self.set.event_time()
    }

    /// Turns the set on: see [`AdvertisingSet::enable`].
    pub(super) fn enable_set(&mut self, now: Instant, duration: Option<Duration>, events: u8) {
        self.set.enable(now, duration, events);
    }

    /// Turns the set off: see [`AdvertisingSet::disable`].
    pub(super) fn disable_set(&mut self, now: Instant) {
        self.set.disable(now);
    }

    /// PHYs of the device.
    pub(super) const fn phys(&self) -> PhySet {
        self.phys
    }

    /// Gives the peripheral's half a connection that the advertising set has accepted.
    pub(super) fn adopt(
        &mut self,
        request: ConnectInd,
        identity: Option<Address>,
        phy: Phy,
        at: Instant,
    ) {
        // There was room within T_IFS, and no other input since.
        let adopted = self.peripheral.adopt(request, identity, phy, at);
        self.broken.check(Invariant::PlaceIsFree, adopted);
    }

    /// The identity behind a private address.
    pub(super) fn identity(&self, address: Address) -> Option<Address> {
        self.peripheral.who(address).identity
    }

    pub(super) fn extended_scan(
        &mut self,
        now: Instant,
        scan: Option<ExtendedScan>,
    ) -> Result<(), ErrorCode> {
        self.central.extended_scan(now, scan)
    }

    pub(super) fn extended_connect(
        &mut self,
        now: Instant,
        asked: ExtendedConnect,
    ) -> Result<(), ErrorCode> {
        self.central.extended_connect(now, asked)
    }

    pub(super) const fn is_scanning(&self) -> bool {
        self.central.is_scanning()
    }

    pub(super) const fn is_initiating(&self) -> bool {
        self.central.is_initiating()
    }

    /// The connection whose event is under way in a half.
    pub(super) fn serves(&self, side: Side) -> Option<Handle> {
        let handle = match side {
            Side::Peripheral => self.peripheral.serves(),
            Side::Central => self.central.serves(),
            Side::Extended => None,
        };
        handle.map(|handle| handles::outward(side, handle))
    }

    pub(super) fn command(&mut self, now: Instant, side: Side, mut command: Command) {
        if let Some(handle) = handles::of_command(&mut command) {
            *handle = handles::inward(*handle).1;
        }
        match side {
            // Work costs no time here.
            Side::Peripheral => _ = self.peripheral.command(now, command),
            Side::Central => self.central.command(now, command),
            Side::Extended => {}
        }
    }

    pub(super) fn acl(&mut self, now: Instant, mut acl: Acl) {
        let (side, handle) = handles::inward(acl.handle);
        acl.handle = handle;
        match side {
            Side::Peripheral => _ = self.peripheral.acl(now, acl),
            Side::Central => self.central.acl(now, acl),
            Side::Extended => {}
        }
    }

    pub(super) fn radio(&mut self, now: Instant, side: Side, event: RadioEvent) {
        match side {
            Side::Peripheral => _ = self.peripheral.radio(now, event),
            Side::Central => self.central.radio(now, event),
            Side::Extended => self.set.radio(now, event, &self.peripheral),
        }
    }

    /// Wakes whichever half has its time.
    pub(super) fn timer(&mut self, now: Instant) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now);
        if due(self.peripheral.deadline()) {
            let _ = self.peripheral.timer(now);
        }
        if due(self.central.deadline()) {
            self.central.timer(now);
        }
        if due(self.set.deadline()) {
            self.set.timer(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let all = [self.peripheral.deadline(), self.central.deadline(), self.set.deadline()];
        all.into_iter().flatten().min()
    }

    /// Reports what both have under way; see [`ble::armed`].
    pub(super) fn armed(&self, report: Tell<'_>) {
        self.peripheral.armed(report);
        self.central.armed(report);
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    pub(super) fn supervision_timeout(&self) -> Option<Duration> {
        self.peripheral.supervision_timeout().max(self.central.supervision_timeout())
    }

    /// The next output of a half.
    pub(super) fn poll(&mut self, now: Instant, side: Side) -> Option<Output> {
        let mut output = match side {
            Side::Peripheral => loop {
                if let Some(output) = self.peripheral.poll() {
                    break of_core(output);
                }
                if !self.peripheral.control_pending() {
                    return None;
                }
                let _ = self.peripheral.run_control(now);
            },
            Side::Central => of_models(self.central.poll()?),
            Side::Extended => match self.set.command() {
                Some(command) => Output::Radio(command),
                None => match self.set.broken().or_else(|| self.broken.take()) {
                    Some((invariant, count)) => {
                        Output::Trace(Trace::Invariant { invariant, count })
                    }
                    None => Output::Set(self.set.report()?),
                },
            },
        };
        match &mut output {
            Output::Event(event) => {
                if let Some(handle) = handles::of_event(event) {
                    *handle = handles::outward(side, *handle);
                }
            }
            Output::Acl(acl) => acl.handle = handles::outward(side, acl.handle),
            Output::Radio(command) if side == Side::Central => name(command),
            Output::Trace(Trace::Queued { tag, .. }) if side == Side::Central => {
                *tag |= CENTRAL_TAG;
            }
            Output::Radio(_) | Output::Trace(_) | Output::Report(_) | Output::Set(_) => {}
        }
        Some(output)
    }
}

/// Zero stays: it names nothing.
fn name(command: &mut RadioCommand) {
    if let RadioCommand::Transmit { tag, .. } | RadioCommand::Reply { tag, .. } = command
        && *tag != 0
    {
        *tag |= CENTRAL_TAG;
    }
}

fn of_core(output: core::ControllerOutput) -> Output {
    match output {
        core::ControllerOutput::Radio(command) => Output::Radio(command),
        core::ControllerOutput::Event(event) => Output::Event(event),
        core::ControllerOutput::Acl(acl) => Output::Acl(acl),
        core::ControllerOutput::Trace(trace) => Output::Trace(trace),
    }
}

fn of_models(output: models::ControllerOutput) -> Output {
    match output {
        models::ControllerOutput::Radio(command) => Output::Radio(command),
        models::ControllerOutput::Event(event) => Output::Event(event),
        models::ControllerOutput::Acl(acl) => Output::Acl(acl),
        models::ControllerOutput::Trace(trace) => Output::Trace(trace),
        models::ControllerOutput::Extended(report) => Output::Report(report),
    }
}

const fn phys(features: FeatureSet) -> PhySet {
    let two = if features.has(FeatureSet::LE_2M) { PhySet::LE_2M } else { PhySet::NONE };
    let coded = if features.has(FeatureSet::LE_CODED) { PhySet::CODED } else { PhySet::NONE };
    PhySet::LE_1M.union(two).union(coded)
}

/// The parameters of a set before the first command.
const fn nothing() -> SetParameters {
    SetParameters {
        mode: AdvMode::None,
        own: Address::public([0; 6]),
        anonymous: false,
        target: None,
        target_shown: None,
        interval: 0,
        channel_map: 0,
        secondary_map: CHANNEL_MAP_ALL,
        primary: TxPhy::Le1M,
        secondary: TxPhy::Le1M,
        sid: 0,
        tx_power: None,
        filter: FilterPolicy::Any,
        accurate: false,
    }
}
