//! The host: L2CAP, ATT/GATT, SMP, bonds, and an application above them, above any controller.
//!
//! [`Host`] is one value with one owner. Its inputs are HCI events, ACL packets, completions of
//! slow work and user actions; its outputs are HCI commands, ACL packets, slow work to do, log
//! lines and what the device shows. Nothing in here depends on what is below HCI.
//!
//! | file | knows |
//! |---|---|
//! | [`l2cap`] | frames, fragments, LE signalling |
//! | [`att`] | requests and responses, permissions |
//! | [`gatt`] | the table of attributes and their values |
//! | [`smp`], [`bonds`] | pairing, keys, who is known |
//! | [`procedures`] | what the host starts by itself, and when |
//! | [`gap`] | setting up, advertising, who may connect and bond |
//! | [`application`](crate::application) | what only this peripheral does |

mod application;
pub mod att;
mod attributes;
pub mod bonds;
mod calling;
mod channels;
mod commands;
mod connection;
mod events;
pub mod gap;
pub mod gatt;
mod held;
pub mod l2cap;
pub mod message;
pub mod procedures;
mod security;
pub mod smp;
mod waiting;

#[cfg(test)]
mod tests;

use crate::application::{Application, Event};
use crate::config::Config;
use ble::armed::{Armed, Tell, What};
use ble::effect::Effect;
use ble::error::PeerMisbehaved;
use ble::hci::{Command, Handle};
use ble::invariant::{Broken, Invariant};
use ble::log::{Line, Log, Severity};
use ble::queue::Queue;
use ble::random::Entropy;
use ble::secret::Secret;
use ble::text::Text;
use ble::time::Instant;
use ble::trace::Trace;
use ble::ui::Dialog;
use ble::work::{Level, Work};
use bonds::Bond;
use commands::Commands;
use connection::HostConnection;
use gap::Gap;
use gap::privacy::Privacy;
use gatt::Values;
use message::{HostInput, HostOutput};
use smp::{SecurityManager, SmpConfig};

/// Bonds that the device can keep (`CONFIG_BT_MAX_PAIRED` of the course application).
pub const BONDS: usize = 5;

/// Notes that can wait. More than any one input gives rise to.
const NOTES: usize = 32;

/// Slow work among them: a record for each bond, and a key pair or a shared secret.
const EFFECTS: usize = BONDS + 3;

/// A waiting output. Commands, ACL packets and effects, which are large, have separate queues.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Note<O> {
    /// The oldest of [`Host::effects`].
    Effect,
    Log(Log),
    /// A line of the application's.
    Said(Severity, Text),
    Dialog(Dialog),
    Show(O),
    Trace(Trace),
}

/// What the controller has reported of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Controller {
    /// Longest ACL packet.
    acl_length: u16,
    /// ACL packets that it has room for now.
    credits: u16,
    /// supportedMaxTxOctets: longest payload of a data PDU that it can send, 27–251.
    tx_octets: u16,
    /// supportedMaxTxTime: longest packet that it can send, microseconds, 328–17,040.
    tx_time: u16,
}

impl Controller {
    /// Before it has been asked: no packets yet, and the least that LE allows.
    const UNKNOWN: Self = Self { acl_length: 27, credits: 0, tx_octets: 27, tx_time: 328 };
}

/// The stages of the host.
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
pub struct Host<A: Application, const LINKS: usize> {
    config: Config,
    stage: Stage,
    smp: SecurityManager<LINKS, BONDS>,
    connections: [Option<HostConnection>; LINKS],
    /// Where the search for the next ACL packet begins, so that every connection has its turn.
    turn: usize,
    values: Values,
    commands: Commands,
    controller: Controller,
    notes: Queue<Note<A::Output>, NOTES>,
    effects: Queue<Effect, EFFECTS>,
    gap: Gap,
    privacy: Privacy,
    application: A,
    /// The application's cost in the present call.
    work: Work,
    /// When the application was last given the time.
    timed: Instant,
    /// Records that the application has had written.
    stores: u32,
    /// Security Manager outputs were left where they are for lack of room.
    unsettled: bool,
    /// Faults of this level.
    broken: Broken,
}

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// A host that has done nothing yet. Records found in storage are given as
    /// [`Loaded`](ble::effect::Completion::Loaded) before [`Host::start`].
    #[must_use]
    // Built in place: as a separate function it would be built on the stack and moved.
    #[inline(always)]
    pub fn new(config: &Config, application: A, entropy: &Entropy) -> Self {
        let values = Values {
            preferred: config.preferred,
            demanded_level: config.required_level,
            hash: gatt::hash::database_hash(A::GATT.attributes),
        };
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
            bonding: config.bonding,
            database: values.database(),
            irk: Secret::new([0; 16]),
            lapses: config.lapses,
        };
        Self {
            config: config.clone(),
            stage: Stage::Off,
            smp: SecurityManager::new(smp, entropy),
            connections: [const { None }; LINKS],
            turn: 0,
            values,
            commands: Commands::default(),
            controller: Controller::UNKNOWN,
            notes: Queue::new(),
            effects: Queue::new(),
            gap: Gap::default(),
            privacy: Privacy::new(entropy),
            application,
            work: Work::none(Level::Host),
            timed: Instant::ZERO,
            stores: 0,
            unsettled: false,
            broken: Broken::NONE,
        }
    }

    /// Sets the controller up; advertising follows when it has answered.
    pub fn start(&mut self, now: Instant) -> Work {
        self.stage = Stage::SettingUp;
        let mut kept = true;
        for command in gap::set_up(&self.config) {
            kept &= self.commands.push(command);
        }
        self.broken.check(Invariant::CommandsFit, kept);
        self.prepare_privacy();
        self.smp.start(now);
        self.settle(now)
    }

    /// Takes an input.
    pub fn input(&mut self, now: Instant, input: HostInput<A::Button>) -> Work {
        match input {
            HostInput::Event(event) => self.event(now, event),
            HostInput::Acl(acl) => self.acl(now, &acl),
            HostInput::Completed(completion) => self.completed(now, completion),
            HostInput::Button { button, pressed } => {
                self.deliver(now, Event::Button { button, pressed });
            }
            HostInput::PasskeyEntered(passkey) => self.smp.passkey_entered(now, passkey),
            HostInput::NumericConfirmed(same) => self.smp.numeric_confirmed(now, same),
            HostInput::Ask(request) => self.asked(request),
            HostInput::Command(command) => self.command_from_outside(command),
        }
        self.settle(now)
    }

    /// To be called when [`Host::deadline`] is reached.
    pub fn timer(&mut self, now: Instant) -> Work {
        if self.smp.deadline().is_some_and(|deadline| deadline <= now) {
            self.smp.timer(now);
        }
        self.att_due(now);
        if self.application_deadline().is_some_and(|deadline| deadline <= now) {
            self.timed = now;
            self.deliver(now, Event::Timer);
        }
        self.settle(now)
    }

    /// When [`Host::timer`] is to be called; in the past if something waits for room that there
    /// is now.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.unsettled && self.has_room() {
            return Some(Instant::ZERO);
        }
        let mut first = Instant::earlier(self.smp.deadline(), self.application_deadline());
        first = Instant::earlier(first, self.privacy_deadline());
        first = Instant::earlier(first, self.call_deadline());
        for connection in self.connections.iter().flatten() {
            first = Instant::earlier(first, connection.procedures.deadline());
            first = Instant::earlier(first, connection.att_deadline());
            first = Instant::earlier(first, connection.idle_at);
        }
        first
    }

    /// Reports what is under way; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        self.smp.armed(report);
        self.application.armed(report);
        self.connections.iter().flatten().for_each(|connection| connection.armed(report));
        if !self.commands.are_done() {
            report(Armed::open(What::Commands));
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<HostOutput<A::Output>> {
        if let Some(note) = self.notes.pop() {
            return match note {
                Note::Effect => self.effects.pop().map(HostOutput::Effect),
                Note::Log(log) => Some(HostOutput::Log(log)),
                Note::Said(severity, text) => Some(HostOutput::Said(severity, text)),
                Note::Dialog(dialog) => Some(HostOutput::Dialog(dialog)),
                Note::Show(output) => Some(HostOutput::Show(output)),
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

    /// The application in its present state.
    #[must_use]
    pub const fn application(&self) -> &A {
        &self.application
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been.
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.smp.broken().or_else(|| self.broken.take())
    }

    /// Does what is due now, after any input. Returns the cost of the call.
    fn settle(&mut self, now: Instant) -> Work {
        self.drain_security(now);
        self.serve_waiting(now);
        self.serve_held(now);
        self.procedures_due(now);
        self.send_values(now);
        self.end_call_if_due(now);
        self.change_address_if_due(now);
        self.advertise_if_due(now);
        Work::one(Level::Host).and(core::mem::replace(&mut self.work, Work::none(Level::Host)))
    }

    fn connection(&mut self, handle: Handle) -> Option<&mut HostConnection> {
        self.connections.iter_mut().flatten().find(|connection| connection.handle == handle)
    }

    fn note(&mut self, note: Note<A::Output>) {
        let kept = self.notes.push(note);
        self.broken.check(Invariant::NotesFit, kept.is_ok());
    }

    fn effect(&mut self, effect: Effect) {
        let kept = !self.notes.is_full() && self.effects.push(effect).is_ok();
        self.broken.check(Invariant::EffectsFit, kept);
        if kept {
            self.note(Note::Effect);
        }
    }

    fn log(&mut self, severity: Severity, module: &'static str, line: Line) {
        self.note(Note::Log(Log { severity, module, line }));
    }

    fn info(&mut self, line: Line) {
        self.log(Severity::Info, "BLE_Main", line);
    }

    fn misbehaved(&mut self, handle: Handle, violation: PeerMisbehaved) {
        let link = Some(ble::link::LinkId::of(handle));
        self.note(Note::Trace(Trace::Misbehaved { link, violation }));
    }

    fn command(&mut self, command: Command) {
        let kept = self.commands.push(command);
        self.broken.check(Invariant::CommandsFit, kept);
    }
}
