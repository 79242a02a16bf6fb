//! The two link layers of a device behind one interface.

use bletwin_models::controller as models;
use bletwin_models::controller::{CentralController, ControllerConfig};
use firmware_core::control::ControlConfig;
use firmware_core::controller::{self as core, Controller};
use firmware_core::hci::{Acl, Command, Event, Handle};
use firmware_core::link::LinkConfig;
use firmware_core::pdu::control::FeatureSet;
use firmware_core::radio::{RadioCommand, RadioEvent};
use firmware_core::random::Entropy;
use firmware_core::time::Instant;
use firmware_core::trace::Trace;

use super::arbiter::Side;
use super::handles;

/// Connections as peripheral.
const LINKS: usize = 4;
/// Distinguishes the names of the central's PDUs from those of the peripheral's.
const CENTRAL_TAG: u32 = 1 << 31;

/// What a half wants done, in the device's handles and names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Radio(RadioCommand),
    Event(Event),
    Acl(Acl),
    Trace(Trace),
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Halves {
    peripheral: Controller<LINKS>,
    central: CentralController,
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
            lapses: Default::default(),
        };
        Self {
            peripheral: Controller::new(link, control, entropy),
            central: CentralController::new(config.clone(), entropy),
        }
    }

    pub(super) const fn set_public_address(&mut self, address: [u8; 6]) {
        self.peripheral.set_public_address(address);
        self.central.set_public_address(address);
    }

    pub(super) const fn is_advertising(&self) -> bool {
        self.peripheral.is_advertising()
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
        }
    }

    pub(super) fn acl(&mut self, now: Instant, mut acl: Acl) {
        let (side, handle) = handles::inward(acl.handle);
        acl.handle = handle;
        match side {
            Side::Peripheral => _ = self.peripheral.acl(now, acl),
            Side::Central => self.central.acl(now, acl),
        }
    }

    pub(super) fn radio(&mut self, now: Instant, side: Side, event: RadioEvent) {
        match side {
            Side::Peripheral => _ = self.peripheral.radio(now, event),
            Side::Central => self.central.radio(now, event),
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
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.peripheral.deadline(), self.central.deadline()].into_iter().flatten().min()
    }

    /// What a half wants next.
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
            Side::Central => of_models(self.central.poll()?)?,
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
            Output::Radio(_) | Output::Trace(_) => {}
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

fn of_models(output: models::ControllerOutput) -> Option<Output> {
    Some(match output {
        models::ControllerOutput::Radio(command) => Output::Radio(command),
        models::ControllerOutput::Event(event) => Output::Event(event),
        models::ControllerOutput::Acl(acl) => Output::Acl(acl),
        models::ControllerOutput::Trace(trace) => Output::Trace(trace),
        // Nobody can ask for it.
        models::ControllerOutput::Extended(_) => return None,
    })
}
