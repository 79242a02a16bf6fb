//! The central's host above HCI: GAP central, L2CAP, GATT client and Security Manager initiator.
//!
//! [`CentralHost`] works above any controller: all it knows of the air came through HCI. Its
//! particularities are data in [`HostConfig`].

mod armed;
mod att;
mod cache;
mod config;
mod connection;
mod due;
mod gap;
mod gatt;
mod l2cap;
#[cfg(test)]
pub(crate) mod peer;
mod privacy;
#[cfg(test)]
mod rig;
mod security;
mod smp;
mod status;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{Acl, Command, ConnectionParameters, Event, HciOpcode};
use ble::random::{Entropy, Purpose, Stream};
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_sim::node::Act;
use bletwin_sim::remembered::Remembered;

use crate::attacker::Guesser;
pub use config::{
    Attack, BondedStart, Caching, DebugKey, Grant, HostConfig, HostProcedure, KeyMissing,
    LeavingReasons, OwnAddress, PairOn, PairingConfig, ParameterRules, Step, Target, Uuid,
};
use connection::HostConnection;
pub use gatt::{Characteristic, Database};
pub use l2cap::acceptable;
pub use security::Bond;
use smp::Draws;
pub use smp::PairingError;
pub use status::Status;

/// A controller that does not answer a command within this is not waited for any longer.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// An output of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostOutput {
    /// To the controller.
    Command(Command),
    /// To the controller.
    Acl(Acl),
    /// To the user.
    Show(Ui),
    /// A line of the host's log.
    Note(String),
}

/// The wish by which the other system on the same machine is booted.
pub const OTHER_SYSTEM: &str = "other-system";

/// Where the host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Off,
    Starting,
    Idle,
    Scanning,
    Connecting(Instant),
    Connected,
    Waiting(Instant),
}

/// A host. Call [`Self::poll`] until it gives nothing after each call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CentralHost {
    config: HostConfig,
    draws: Draws,
    identity_stream: Stream,
    identity: Address,
    irk: Secret<16>,
    own_random: bool,
    /// When the private address in use has to be another one.
    address_due: due::Due,
    phase: Phase,
    commands: VecDeque<Command>,
    outstanding: Option<(HciOpcode, Instant)>,
    buffers: (u16, u8),
    bonds: Vec<Bond>,
    /// Those of the other system on the same machine.
    other_bonds: Vec<Bond>,
    /// Whether the user has removed devices.
    forgot: bool,
    connection: Option<HostConnection>,
    /// Connections in a row that were never established.
    unestablished: u8,
    /// Bonded reconnections so far that began with encryption.
    encrypted: u32,
    /// The parameters of the last change on a connection.
    remembered: Option<ConnectionParameters>,
    guesser: Option<Guesser>,
    status: Status,
    out: VecDeque<HostOutput>,
}

impl CentralHost {
    /// Switched off until [`Self::start`].
    #[must_use]
    pub fn new(config: HostConfig, entropy: &Entropy) -> Self {
        Self {
            draws: Draws::new(entropy.stream(Purpose::Pairing)),
            identity_stream: entropy.stream(Purpose::Identity),
            identity: Address::new(AddressKind::Public, [0; 6]),
            irk: Secret::new([0; 16]),
            own_random: false,
            address_due: due::Due::NEVER,
            phase: Phase::Off,
            commands: VecDeque::new(),
            outstanding: None,
            buffers: (27, 1),
            bonds: config.bonds.clone(),
            other_bonds: Vec::new(),
            forgot: false,
            connection: None,
            unestablished: 0,
            encrypted: 0,
            remembered: None,
            guesser: config.attack.map(|_| Guesser::default()),
            status: Status::default(),
            out: VecDeque::new(),
            config,
        }
    }

    /// Behaves by this configuration from now on; procedures under way continue.
    pub fn behave_as(&mut self, config: &HostConfig) {
        self.config = config.clone();
    }

    /// Power on: resets and sets up the controller.
    pub fn start(&mut self, now: Instant) {
        self.bring_up();
        self.pump_commands(now);
    }

    /// The results so far.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// The bond with the device behind `peer`, if there is one.
    #[must_use]
    pub fn bond(&self, peer: Address) -> Option<&Bond> {
        self.bonds.iter().find(|bond| bond.is_with(peer))
    }

    /// All bonds, oldest first.
    #[must_use]
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// Bonds of the other system on the same machine.
    #[must_use]
    pub fn other_bonds(&self) -> &[Bond] {
        &self.other_bonds
    }

    /// The attributes discovered on the present connection.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.connection.as_ref().map(|c| c.client.database())
    }

    /// ATT MTU of the present connection.
    #[must_use]
    pub fn mtu(&self) -> Option<u16> {
        self.connection.as_ref().map(|c| c.client.mtu())
    }

    /// An event of the controller.
    pub fn event(&mut self, now: Instant, event: Event) {
        match &event {
            Event::CommandComplete { opcode, .. } | Event::CommandStatus { opcode, .. } => {
                self.answered(*opcode);
                self.returned(now, &event);
                if let Event::CommandStatus { opcode, status } = &event {
                    self.command_refused(now, *opcode, *status);
                }
            }
            Event::LeAdvertisingReport(report) => self.advertising_report(now, report),
            Event::LeConnectionComplete(complete) => self.connection_complete(now, complete),
            Event::DisconnectionComplete { handle, reason } if self.is_ours(*handle) => {
                self.disconnected(now, *reason);
            }
            Event::EncryptionChange { handle, status, enabled } if self.is_ours(*handle) => {
                self.encryption_changed(now, *status, *enabled);
            }
            // Re-encryption of an encrypted link ends in another event.
            Event::EncryptionKeyRefreshComplete { handle, status } if self.is_ours(*handle) => {
                self.encryption_changed(now, *status, true);
            }
            Event::NumberOfCompletedPackets { handle, count } if self.is_ours(*handle) => {
                if let Some(connection) = &mut self.connection {
                    connection.completed(*count);
                }
                self.change_parameters_if_answered();
            }
            Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout }
                if self.is_ours(*handle) && *status == ErrorCode::SUCCESS =>
            {
                let (latency, timeout) = (*latency, *timeout);
                let [interval_min, interval_max] = [*interval; 2];
                self.remembered =
                    Some(ConnectionParameters { interval_min, interval_max, latency, timeout });
            }
            Event::LeRemoteConnectionParameterRequest {
                handle,
                interval_min,
                interval_max,
                latency,
                timeout,
            } if self.is_ours(*handle) => {
                self.parameter_request(ConnectionParameters {
                    interval_min: *interval_min,
                    interval_max: *interval_max,
                    latency: *latency,
                    timeout: *timeout,
                });
            }
            _ => {}
        }
        self.pump_commands(now);
    }

    fn is_ours(&self, handle: ble::hci::Handle) -> bool {
        self.connection.as_ref().is_some_and(|c| c.handle == handle)
    }

    /// Command Status with an error: the procedure will not run.
    fn command_refused(&mut self, now: Instant, opcode: HciOpcode, status: ErrorCode) {
        const LE_CREATE_CONNECTION: HciOpcode = HciOpcode(0x200D);
        const LE_ENABLE_ENCRYPTION: HciOpcode = HciOpcode(0x2019);
        if status == ErrorCode::SUCCESS {
            return;
        }
        self.note(&format!("Command 0x{:04x} refused: {status:?}", opcode.0));
        match opcode {
            LE_CREATE_CONNECTION if self.connection.is_none() => {
                self.phase = Phase::Idle;
                self.status.disconnected = Some(status);
            }
            LE_ENABLE_ENCRYPTION => self.encryption_changed(now, status, false),
            _ => {}
        }
    }

    /// The link layer passes on a peripheral's LL_CONNECTION_PARAM_REQ.
    fn parameter_request(&mut self, asked: ConnectionParameters) {
        let Some(connection) = &self.connection else { return };
        let handle = connection.handle;
        self.command(if acceptable(&asked, self.config.parameter_rules) {
            let parameters = l2cap::granted(asked, &self.config.grants);
            Command::LeRemoteConnectionParameterRequestReply { handle, parameters }
        } else {
            Command::LeRemoteConnectionParameterRequestNegativeReply {
                handle,
                reason: ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS,
            }
        });
    }

    /// Data from the peer.
    pub fn acl(&mut self, now: Instant, packet: &Acl) {
        let Some(connection) = self.connection.as_mut().filter(|c| c.handle == packet.handle)
        else {
            return;
        };
        match connection.recombination.push(packet) {
            Some((l2cap::CID_ATT, frame)) => self.att_frame(now, &frame),
            Some((l2cap::CID_SMP, frame)) => self.smp_frame(now, &frame),
            Some((l2cap::CID_SIGNALLING, frame)) => self.signalling_frame(&frame),
            _ => {}
        }
        self.pump_commands(now);
    }

    fn signalling_frame(&mut self, frame: &[u8]) {
        let signalled = l2cap::signalling(frame, self.config.parameter_rules);
        if let Some(answer) = signalled.answer {
            self.send(l2cap::CID_SIGNALLING, &answer);
        }
        let Some(asked) = signalled.update else { return };
        let parameters = l2cap::granted(asked, &self.config.grants);
        let Some(connection) = &mut self.connection else { return };
        let handle = connection.handle;
        if self.config.grants.contains(&Grant::ResponseFirst) {
            connection.granted = Some(parameters);
        } else {
            self.command(Command::LeConnectionUpdate { handle, parameters });
        }
    }

    /// The answer to an L2CAP request has been acknowledged: the granted change begins.
    fn change_parameters_if_answered(&mut self) {
        let arrived = |c: &&mut HostConnection| !c.has_queued() && c.has_all_credits();
        let Some(connection) = self.connection.as_mut().filter(arrived) else { return };
        let handle = connection.handle;
        if let Some(parameters) = connection.granted.take() {
            self.command(Command::LeConnectionUpdate { handle, parameters });
        }
    }

    /// A person does something.
    pub fn act(&mut self, now: Instant, act: &Act) {
        if let Some(smp) = self.connection.as_mut().and_then(|c| c.smp.as_mut()) {
            match act {
                Act::TypePasskey(passkey) => smp.passkey_typed(now, *passkey),
                Act::Confirm(equal) => smp.comparison_answered(now, *equal),
                Act::Cancel => smp.cancelled(),
                _ => {}
            }
            if let Some(connection) = &mut self.connection {
                connection.progress = now;
            }
            self.pump_smp(now);
        }
        if let Act::Ask(wish) = act {
            self.ask(now, wish);
        }
        self.pump_commands(now);
    }

    /// A wish of the user: `connect`, `pair`, `disconnect`, `forget`, `other-system`.
    fn ask(&mut self, now: Instant, wish: &str) {
        match wish {
            "connect" => self.connect(now),
            "pair" => self.secure(now),
            "disconnect" => self.leave(),
            "forget" => self.forget(now),
            // Same controller and address, another store of keys.
            OTHER_SYSTEM => {
                std::mem::swap(&mut self.bonds, &mut self.other_bonds);
                self.note("The other system is booted");
            }
            _ => {
                let known = "connect, pair, disconnect, forget, other-system";
                self.note(&format!("{wish}: not understood; {known}"));
            }
        }
    }

    /// [`Self::deadline`] is reached. Keys that are due are computed, unless they are remembered.
    pub fn timer(&mut self, now: Instant, keys: &mut Remembered) {
        if self.outstanding.is_some_and(|(_, at)| at <= now) {
            self.outstanding = None;
            self.note("The controller does not answer a command");
        }
        self.gap_timer(now);
        self.change_address_while_scanning(now);
        self.run_jobs(now, keys);
        if let Some(smp) = self.connection.as_mut().and_then(|c| c.smp.as_mut()) {
            smp.timer(now);
        }
        self.pump_smp(now);
        if let Some(connection) = &mut self.connection
            && connection.pair_again.take_if(|at| *at <= now).is_some()
        {
            self.pair(now);
        }
        if let Some(connection) = &mut self.connection
            && connection.encrypt_at.take_if(|at| *at <= now).is_some()
        {
            self.secure(now);
        }
        if let Some(result) = self.connection.as_mut().and_then(|c| c.client.timer(now)) {
            self.client_ended(now, result);
        }
        self.step_timer(now);
        self.give_up_if_due(now);
        self.pump_commands(now);
    }

    /// When [`Self::timer`] is due next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let connection = self.connection.as_ref();
        [
            self.outstanding.map(|(_, at)| at),
            self.gap_deadline().filter(|at| *at != Instant::MAX),
            self.address_deadline(),
            connection.and_then(|c| c.jobs.front()).map(|(at, _)| *at),
            connection.and_then(|c| c.smp.as_ref()).and_then(smp::Initiator::deadline),
            connection.and_then(|c| c.pair_again),
            connection.and_then(|c| c.encrypt_at),
            connection.and_then(|c| c.client.deadline()),
            self.step_deadline(),
            self.give_up_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Takes the next output.
    pub fn poll(&mut self) -> Option<HostOutput> {
        let packet = |connection: &mut HostConnection| connection.poll().map(HostOutput::Acl);
        self.out.pop_front().or_else(|| self.connection.as_mut().and_then(packet))
    }

    fn note(&mut self, text: &str) {
        self.out.push_back(HostOutput::Note(text.into()));
    }

    fn send(&mut self, cid: u16, payload: &[u8]) {
        if let Some(connection) = &mut self.connection {
            connection.send(cid, payload);
        }
    }

    /// The user has done what they wanted.
    fn leave(&mut self) {
        self.status.left |= self.connection.is_some();
        self.disconnect(self.config.reasons.done);
    }

    fn disconnect(&mut self, reason: ErrorCode) {
        if let Some(connection) = &mut self.connection
            && !connection.closing
        {
            connection.closing = true;
            let handle = connection.handle;
            self.command(Command::Disconnect { handle, reason });
        }
    }

    /// Queues a command: the controller takes one at a time.
    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn answered(&mut self, opcode: HciOpcode) {
        if self.outstanding.is_some_and(|(outstanding, _)| outstanding == opcode) {
            self.outstanding = None;
        }
    }

    fn pump_commands(&mut self, now: Instant) {
        if self.outstanding.is_none()
            && let Some(command) = self.commands.pop_front()
        {
            self.outstanding = Some((command.opcode(), now + COMMAND_TIMEOUT));
            self.out.push_back(HostOutput::Command(command));
        }
    }
}
