//! A whole LE controller for a host outside of the simulation, spoken to in octets of H4.
//!
//! It has two independent link layers: firmware-core's for advertising and connections as
//! peripheral, the central model's, with all its quirks, for scanning, initiating and connections
//! as central. They share one radio (`arbiter`), one space of connection handles (`handles`), and
//! what a host sets for the device as a whole (`settings`). Sans-IO like everything below: octets,
//! radio events and the time go in, [`Output`]s come out.

mod accept_list;
mod acl;
mod advertising;
mod arbiter;
mod commands;
mod connections;
mod device;
mod direct_test;
mod events;
mod extended;
mod flow;
mod h4;
mod halves;
mod handles;
mod initiating;
mod key_pair;
mod masks;
mod privacy;
mod scanning;
mod table;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use ble::armed::Tell;
use ble::error::ErrorCode;
use ble::hci::{Event, VendorEvent};
use ble::pdu::control::FeatureSet;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::{Entropy, Purpose, Stream};
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use bletwin_models::controller::ControllerConfig;
use bletwin_sim::record::Note;
use firmware_core::control::ControlConfig;

use advertising::Advertising;
use arbiter::{Arbiter, Side, Step};
use commands::Families;
use connections::Connections;
use device::Settings;
use direct_test::DirectTest;
use extended::{ExtendedScanning, Sets};
use flow::HostFlow;
use h4::{Frame, Framer};
use halves::Halves;
use initiating::Initiating;
use key_pair::KeyPair;
use masks::Masks;
use privacy::Privacy;
use scanning::Scanning;

/// Maximum number of radio operations that may fail at one instant.
const ROUNDS: usize = 64;

/// What an endpoint wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// By its radio.
    Radio(RadioCommand),
    /// Octets for the host.
    Octets(Vec<u8>),
    /// For the record.
    Note(Note),
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    config: ControllerConfig,
    /// What HCI promises: of the profile's features those that are really there.
    features: FeatureSet,
    halves: Halves,
    arbiter: Arbiter,
    framer: Framer,
    // The kinds of commands used by the host, until it resets.
    families: Families,
    masks: Masks,
    settings: Settings,
    key_pair: KeyPair,
    privacy: Privacy,
    advertising: Advertising,
    scanning: Scanning,
    initiating: Initiating,
    sets: Sets,
    extended_scanning: ExtendedScanning,
    connections: Connections,
    flow: HostFlow,
    test: DirectTest,
    /// LE Rand, P-256.
    random: Stream,
    out: Outputs,
}

/// Outputs are fetched within the call that causes them; they are no state.
type Outputs = bletwin_sim::node::Untracked<VecDeque<Output>>;

impl Endpoint {
    /// Features that both halves have, in deed: the peripheral's link layer has fewest.
    pub const OFFERED: FeatureSet = ControlConfig::SUPPORTED.with(FeatureSet::EXTENDED_ADVERTISING);

    /// The controller with all features, not taken from a profile. It uses them: new connection
    /// parameters are asked for by LL_CONNECTION_PARAM_REQ (Vol 6, Part B, 5.1.1).
    #[must_use]
    pub fn full() -> ControllerConfig {
        let honest = ControllerConfig::default();
        let features = honest.features.with(Self::OFFERED);
        ControllerConfig { features, request_parameters: true, ..honest }
    }

    /// As after power-on. The profile's features go on air as they are; HCI offers those among
    /// them that are in [`Self::OFFERED`].
    #[must_use]
    pub fn new(config: ControllerConfig, entropy: &Entropy) -> Self {
        let features = config.features.and(Self::OFFERED);
        // Connections of extended advertising hop by algorithm #2 only.
        let features = if features.has(FeatureSet::CSA2) {
            features
        } else {
            features.without(FeatureSet::EXTENDED_ADVERTISING)
        };
        let mut endpoint = Self {
            features,
            halves: Halves::new(&config, entropy),
            arbiter: Arbiter::default(),
            framer: Framer::default(),
            families: Families::default(),
            masks: Masks::default(),
            settings: Settings::default(),
            key_pair: KeyPair::default(),
            privacy: Privacy::default(),
            advertising: Advertising::default(),
            scanning: Scanning::default(),
            initiating: Initiating::default(),
            sets: Sets::default(),
            extended_scanning: ExtendedScanning::default(),
            connections: Connections::default(),
            flow: HostFlow::default(),
            test: DirectTest::default(),
            random: entropy.stream(Purpose::Identity),
            out: Outputs::default(),
            config,
        };
        // Commands that no half refuses.
        let _ = endpoint.mask_halves(Instant::ZERO);
        endpoint.pass_on(Instant::ZERO);
        endpoint
    }

    /// Drops all state that the host has set.
    fn forget_host(&mut self) {
        self.families = Families::default();
        self.masks = Masks::default();
        self.settings = Settings::default();
        self.key_pair = KeyPair::default();
        self.privacy = Privacy::default();
        self.advertising = Advertising::default();
        self.scanning = Scanning::default();
        self.initiating = Initiating::default();
        self.sets = Sets::default();
        self.extended_scanning = ExtendedScanning::default();
        self.connections = Connections::default();
        self.flow = HostFlow::default();
        self.test = DirectTest::default();
    }

    /// Whether anything runs that uses the device's address.
    fn is_active(&self) -> bool {
        let advertises = self.halves.is_advertising() || self.set_is_enabled();
        advertises || self.halves.is_scanning() || self.halves.is_initiating()
    }

    /// Refuses what would change the device's address or its list while it is in use.
    fn only_while_idle(&self) -> Result<(), ErrorCode> {
        if self.is_active() { Err(ErrorCode::COMMAND_DISALLOWED) } else { Ok(()) }
    }

    /// Opcodes of all commands that an endpoint can have, in order.
    pub fn opcodes() -> impl Iterator<Item = u16> {
        table::COMMANDS.iter().map(|row| row.opcode)
    }

    /// The result of LE Read Local Supported Features.
    #[must_use]
    pub const fn features(&self) -> FeatureSet {
        self.features
    }

    /// Octets from the host.
    pub fn octets(&mut self, now: Instant, octets: &[u8]) {
        self.framer.push(octets);
        while let Some(frame) = self.framer.next() {
            self.frame(now, frame);
            self.work(now);
        }
    }

    fn frame(&mut self, now: Instant, frame: Frame) {
        let (indicator, packet) = match &frame {
            Frame::Command(packet) => (Some(1), packet),
            Frame::Acl(packet) => (Some(2), packet),
            Frame::Other(packet) => (Some(3), packet),
            Frame::Lost { octets, .. } => (None, octets),
        };
        let octets = indicator.into_iter().chain(packet.iter().copied()).collect();
        self.note(Note::H4 { to_host: false, octets });
        match &frame {
            Frame::Command(packet) => self.command(now, packet),
            Frame::Acl(packet) => self.acl(now, packet),
            Frame::Other(_) => {}
            Frame::Lost { at, octets } => self.lost(*at, octets),
        }
    }

    /// A report of the radio.
    pub fn radio(&mut self, now: Instant, event: RadioEvent) {
        if self.test.runs() {
            let next = self.test.radio(now, &event);
            return self.out.0.extend(next.map(Output::Radio));
        }
        if let Some(side) = self.arbiter.event(&event) {
            self.measure(side, &event);
            if side == Side::Peripheral {
                self.sets.overhear(&event);
            }
            self.halves.radio(now, side, event);
            self.drain(now);
            self.arbiter.settle();
        }
        self.work(now);
    }

    fn measure(&mut self, side: Side, event: &RadioEvent) {
        if let RadioEvent::Received { rssi_dbm, .. } = event
            && let Some(handle) = self.halves.serves(side)
        {
            self.connections.heard(handle, *rssi_dbm);
        }
    }

    /// [`Self::deadline`] is reached.
    pub fn timer(&mut self, now: Instant) {
        self.halves.timer(now);
        self.rotate_address(now);
        self.pass_on(now);
        self.set_timer(now);
        self.scan_timer(now);
        self.work(now);
    }

    /// When [`Self::timer`] is due.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let radio = [self.halves.deadline(), self.arbiter.deadline(now)];
        let timed =
            [self.privacy.deadline(), self.sets.deadline(), self.extended_scanning.deadline()];
        radio.into_iter().chain(timed).flatten().min()
    }

    /// Reports what its link layers have under way; see [`ble::armed`]. The host's plans are
    /// unknown.
    pub fn armed(&self, report: Tell<'_>) {
        self.halves.armed(report);
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        self.halves.supervision_timeout()
    }

    /// The next thing that it wants done.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.0.pop_front()
    }

    /// Gives the device another public address.
    pub const fn set_public_address(&mut self, address: [u8; 6]) {
        self.config.public_address = address;
        self.halves.set_public_address(address);
    }

    fn note(&mut self, note: Note) {
        self.out.0.push_back(Output::Note(note));
    }

    /// Passes everything on that the halves want, and lends the radio.
    fn work(&mut self, now: Instant) {
        self.drain(now);
        self.relieve(now);
        for _ in 0..ROUNDS {
            match self.arbiter.step(now) {
                None => return,
                Some(Step::Radio(command)) => self.out.0.push_back(Output::Radio(command)),
                Some(Step::Missed(side)) => {
                    self.halves.radio(now, side, RadioEvent::Missed { at: now });
                    self.drain(now);
                }
            }
        }
    }

    /// Passes on what halves have said while they were asked something.
    fn pass_on(&mut self, now: Instant) {
        while let Some((side, output)) = self.halves.said() {
            self.output(now, side, output);
        }
    }

    fn drain(&mut self, now: Instant) {
        // Once more after all that one side may cause in another.
        while let Some((side, output)) =
            Side::ALL.into_iter().find_map(|side| Some((side, self.halves.poll(now, side)?)))
        {
            let ends = matches!(&output, halves::Output::Radio(command)
                if side == Side::Peripheral && self.ends_set(now, command));
            if !ends {
                self.output(now, side, output);
            }
        }
        self.report_end_of_set();
    }

    fn output(&mut self, now: Instant, side: Side, output: halves::Output) {
        match output {
            halves::Output::Radio(command) => {
                if let Some(command) = self.arbiter.command(now, side, command) {
                    self.out.0.push_back(Output::Radio(command));
                }
            }
            halves::Output::Event(event) => self.event(event),
            halves::Output::Acl(acl) => self.acl_to_host(acl),
            halves::Output::Trace(trace) => {
                if let Trace::Invariant { invariant, count } = trace {
                    self.event(Event::Vendor(VendorEvent::fault(invariant, count)));
                }
                self.note(Note::Trace(trace));
            }
            halves::Output::Report(report) => self.report_advertisement(&report),
            halves::Output::Set(report) => self.set_report(report),
        }
    }
}
