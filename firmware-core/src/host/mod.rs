//! The host: L2CAP, ATT/GATT, SMP, bonds and the application, above any controller.
//!
//! [`Host`] is one value with one owner. Its inputs are HCI events, ACL packets, completions of
//! slow work and what people do to the device; its outputs are HCI commands, ACL packets, slow
//! work to do, log lines and what people see. Nothing in here knows what is below HCI.
//!
//! | file | knows |
//! |---|---|
//! | [`l2cap`] | frames, fragments, LE signalling |
//! | [`att`] | requests and responses, permissions |
//! | [`gatt`] | the table of attributes and their values |
//! | [`smp`], [`bonds`] | pairing, keys, who is known |
//! | [`procedures`] | what the host starts by itself, and when |
//! | [`app`] | the LED Button Service application |

pub mod app;
pub mod att;
pub mod bonds;
mod channels;
mod commands;
mod connection;
mod events;
pub mod gatt;
mod held;
pub mod l2cap;
pub mod message;
pub mod procedures;
mod security;
pub mod smp;

#[cfg(test)]
mod tests;

use crate::config::Config;
use app::App;
use ble::armed::{Armed, Tell, What};
use ble::effect::Effect;
use ble::error::PeerMisbehaved;
use ble::hci::{Command, Handle};
use ble::log::{Line, Log, Severity};
use ble::queue::Queue;
use ble::random::Entropy;
use ble::time::Instant;
use ble::trace::Trace;
use ble::ui::Ui;
use ble::work::{Level, Work};
use bonds::Bond;
use commands::Commands;
use connection::Connection;
use gatt::services::TABLE;
use gatt::values::Values;
use message::{HostInput, HostOutput};
use smp::{SecurityManager, SmpConfig};

/// Bonds that the device can keep (`CONFIG_BT_MAX_PAIRED` of the course application).
pub const BONDS: usize = 5;

/// Notes that can wait. More than any one input gives rise to.
const NOTES: usize = 32;

/// Slow work among them: a record for each bond, and a key pair or a shared secret.
const EFFECTS: usize = BONDS + 3;

/// An output that waits. Commands, ACL packets and effects, which are large, have queues of their
/// own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Note {
    /// The oldest of [`Host::effects`].
    Effect,
    Log(Log),
    Ui(Ui),
    Trace(Trace),
}

/// What the controller has told of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Controller {
    /// Longest ACL packet.
    acl_length: u16,
    /// ACL packets that it has room for now.
    credits: u16,
    /// supportedMaxTxOctets.
    tx_octets: u16,
    /// supportedMaxTxTime, microseconds.
    tx_time: u16,
}

impl Controller {
    /// Before it has been asked: no packets yet, and the least that LE allows.
    const UNKNOWN: Self = Self { acl_length: 27, credits: 0, tx_octets: 27, tx_time: 328 };
}

/// How far the host has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Off,
    SettingUp,
    Ready,
}

/// The host of a peripheral with room for `LINKS` connections.
///
/// After each call, [`Host::poll`] until it gives `None`: that is what makes room again. What
/// finds no room waits inside, and [`Host::deadline`] is then in the past: call [`Host::timer`]
/// once there is room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host<const LINKS: usize> {
    config: Config,
    stage: Stage,
    smp: SecurityManager<LINKS, BONDS>,
    connections: [Option<Connection>; LINKS],
    /// Where the search for the next ACL packet begins, so that every connection has its turn.
    turn: usize,
    values: Values,
    commands: Commands,
    controller: Controller,
    notes: Queue<Note, NOTES>,
    effects: Queue<Effect, EFFECTS>,
    app: App,
    /// Security Manager outputs were left where they are for lack of room.
    unsettled: bool,
}

impl<const LINKS: usize> Host<LINKS> {
    /// A host that has done nothing yet. Records found in storage are given as
    /// [`Loaded`](ble::effect::Completion::Loaded) before [`Host::start`].
    #[must_use]
    // Built where it stays: as a function of its own it would be built on the stack and moved.
    #[inline(always)]
    pub fn new(config: &Config, entropy: &Entropy) -> Self {
        let smp = SmpConfig {
            io: config.io,
            passkey: config.passkey,
            min_level: config.required_level,
            back_off: config.pairing_back_off,
            bondable: false,
            outside: config.outside_mode(),
            overwrite: config.bond_overwrite,
            table_full: config.bond_table_full,
            identity: config.address,
            debug_key: config.debug_key,
        };
        Self {
            config: config.clone(),
            stage: Stage::Off,
            smp: SecurityManager::new(smp, entropy),
            connections: [const { None }; LINKS],
            turn: 0,
            values: Values {
                button: false,
                led: false,
                preferred: config.preferred,
                demanded_level: config.required_level,
                hash: gatt::hash::database_hash(&TABLE),
            },
            commands: Commands::default(),
            controller: Controller::UNKNOWN,
            notes: Queue::new(),
            effects: Queue::new(),
            app: App::default(),
            unsettled: false,
        }
    }

    /// Sets the controller up; advertising follows when it has answered.
    pub fn start(&mut self, now: Instant) -> Work {
        self.stage = Stage::SettingUp;
        for command in app::set_up(&self.config) {
            self.commands.push(command);
        }
        self.smp.start(now);
        self.settle(now);
        Work::one(Level::Host)
    }

    /// Takes an input.
    pub fn input(&mut self, now: Instant, input: HostInput) -> Work {
        match input {
            HostInput::Event(event) => self.event(now, event),
            HostInput::Acl(acl) => self.acl(now, &acl),
            HostInput::Completed(completion) => self.smp.completed(now, completion),
            HostInput::Button { button, pressed } => self.button(now, button, pressed),
            HostInput::PasskeyEntered(passkey) => self.smp.passkey_entered(now, passkey),
            HostInput::NumericConfirmed(same) => self.smp.numeric_confirmed(now, same),
            HostInput::Ask(request) => self.asked(request),
            HostInput::Command(command) => self.command(command),
        }
        self.settle(now);
        Work::one(Level::Host)
    }

    /// To be called when [`Host::deadline`] has come.
    pub fn timer(&mut self, now: Instant) -> Work {
        if self.smp.deadline().is_some_and(|deadline| deadline <= now) {
            self.smp.timer(now);
        }
        self.settle(now);
        Work::one(Level::Host)
    }

    /// When [`Host::timer`] is to be called; in the past if something waits for room that there
    /// is now.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.unsettled && self.has_room() {
            return Some(Instant::ZERO);
        }
        let procedures = self.connections.iter().flatten();
        procedures.filter_map(|c| c.procedures.deadline()).chain(self.smp.deadline()).min()
    }

    /// Tells what is under way; see [`ble::armed`].
    pub fn armed(&self, tell: Tell<'_>) {
        self.smp.armed(tell);
        self.connections.iter().flatten().for_each(|connection| connection.armed(tell));
        if !self.commands.are_done() {
            tell(Armed::open(What::Commands));
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<HostOutput> {
        if let Some(note) = self.notes.pop() {
            return match note {
                Note::Effect => self.effects.pop().map(HostOutput::Effect),
                Note::Log(log) => Some(HostOutput::Log(log)),
                Note::Ui(ui) => Some(HostOutput::Ui(ui)),
                Note::Trace(trace) => Some(HostOutput::Trace(trace)),
            };
        }
        if let Some(command) = self.commands.next() {
            return Some(HostOutput::Command(command));
        }
        self.next_acl().map(HostOutput::Acl)
    }

    /// The bonds, by slot.
    pub fn bonds(&self) -> impl Iterator<Item = &Bond> {
        self.smp.bonds()
    }

    /// Security level of a connection, 1–4.
    #[must_use]
    pub fn level(&self, handle: Handle) -> u8 {
        self.smp.level(handle)
    }

    /// Handles of the connections there are.
    pub fn handles(&self) -> impl Iterator<Item = Handle> {
        self.connections.iter().flatten().map(|connection| connection.handle)
    }

    /// Whether the LED characteristic is on.
    #[must_use]
    pub const fn led(&self) -> bool {
        self.values.led
    }

    /// Does what is due now, after whatever came in.
    fn settle(&mut self, now: Instant) {
        self.drain_security(now);
        self.serve_held(now);
        self.procedures_due(now);
        self.tell_button();
        self.advertise_if_due();
    }

    fn connection(&mut self, handle: Handle) -> Option<&mut Connection> {
        self.connections.iter_mut().flatten().find(|connection| connection.handle == handle)
    }

    fn note(&mut self, note: Note) {
        // There is room for what one input causes, and callers poll after each.
        let _ = self.notes.push(note);
    }

    fn effect(&mut self, effect: Effect) {
        if !self.notes.is_full() && self.effects.push(effect).is_ok() {
            self.note(Note::Effect);
        }
    }

    fn log(&mut self, severity: Severity, module: &'static str, line: Line) {
        self.note(Note::Log(Log { severity, module, line }));
    }

    fn info(&mut self, line: Line) {
        self.log(Severity::Info, "BLE_Main", line);
    }

    fn misbehaved(&mut self, handle: Handle, sin: PeerMisbehaved) {
        let link = Some(ble::link::LinkId::of(handle));
        self.note(Note::Trace(Trace::Misbehaved { link, sin }));
    }

    fn command(&mut self, command: Command) {
        self.commands.push(command);
    }
}
