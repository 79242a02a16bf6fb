//! Events for the application, and the effects that it requests.

use super::gap::privacy::{SLOT, STORED};
use super::security::COMMANDS_SPARE;
use super::{Host, HostConnection, Note};
use crate::application::{Application, Effect, Effects, Event, KEYS};
use ble::effect::{self, Completion, EffectId, Record};
use ble::error::ErrorCode;
use ble::hci::{Command, Handle};
use ble::log::{Line, Log, Severity};
use ble::time::{Duration, Instant};
use ble::work::Work;
use core::cmp::Ordering;

/// First slot of the application's records: after those of the bonds.
const FIRST_SLOT: u8 = 16;

/// Numbers of the application's effects, which the Security Manager never reaches.
const FIRST_EFFECT: u32 = 1 << 31;

/// Notes that the application may have waiting, with those of the host.
const APPLICATION_NOTES: usize = 20;

/// The sleep clock's next tick.
const TICK: Duration = Duration::from_us(31);

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// Passes an event to the application, and carries out its effects.
    pub(super) fn deliver(&mut self, now: Instant, event: Event<'_, A::Button>) {
        let mut effects = Effects::new();
        let work = self.application.handle(now, event, &mut effects);
        self.carry_out(now, work, effects);
    }

    pub(super) fn carry_out(&mut self, now: Instant, work: Work, effects: Effects<A::Output>) {
        self.work = self.work.and(work);
        if effects.dropped() {
            self.misuse("more effects than one call has room for");
        }
        for effect in effects {
            self.effect_of_application(now, effect);
        }
    }

    fn effect_of_application(&mut self, now: Instant, effect: Effect<A::Output>) {
        match effect {
            Effect::Answer(request, answer) => {
                if let Some(connection) = self.connection(request.connection)
                    && let Some(waiting) = &mut connection.waiting
                {
                    waiting.answered(request, answer);
                }
            }
            Effect::Notify(whom, of) => {
                self.mark(whom, of, |connection, bit| connection.notify |= bit);
            }
            Effect::Indicate(whom, of) => {
                self.mark(whom, of, |connection, bit| connection.indicate |= bit);
            }
            Effect::Store(key, stored) => self.store(key, stored.as_deref()),
            Effect::Disconnect(handle, reason) => {
                self.command_for(handle, Command::Disconnect { handle, reason });
            }
            Effect::RequestSecurity(handle) => {
                if self.connection(handle).is_some() {
                    self.smp.request_security(now, handle);
                }
            }
            Effect::RequestParameters(handle, parameters) => {
                self.command_for(handle, Command::LeConnectionUpdate { handle, parameters });
            }
            Effect::OpenPairing => self.open_pairing(),
            Effect::DeleteBonds => self.delete_bonds(now),
            Effect::Show(output) => self.note_of_application(Note::Show(output)),
            Effect::Log(severity, text) => self.note_of_application(Note::Said(severity, text)),
        }
    }

    fn command_for(&mut self, handle: Handle, command: Command) {
        if self.connection(handle).is_some() {
            self.command_from_outside(command);
        }
    }

    /// A command that the host does not need itself. Room for the host's own commands is kept;
    /// beyond that it is dropped, and the log says so.
    pub(super) fn command_from_outside(&mut self, command: Command) {
        if self.commands.have_room_for(COMMANDS_SPARE) {
            self.command(command);
        } else {
            self.misuse("more commands than can wait");
        }
    }

    /// Marks a value as one to be sent.
    fn mark(&mut self, whom: Option<Handle>, of: u16, mark: impl Fn(&mut HostConnection, u8)) {
        let Some(configuration) = A::GATT.configuration(of) else {
            return self.misuse("a value without a configuration was to be sent");
        };
        let bit = configuration.bit();
        let meant =
            |connection: &&mut HostConnection| whom.is_none_or(|whom| whom == connection.handle);
        self.connections.iter_mut().flatten().filter(meant).for_each(|c| mark(c, bit));
    }

    fn store(&mut self, key: u8, octets: Option<&[u8]>) {
        if key >= KEYS {
            return self.misuse("no such key to store under");
        }
        self.stores = self.stores.wrapping_add(1);
        // The number says which key it was.
        let number = self.stores.wrapping_mul(KEYS.into()).wrapping_add(key.into());
        let id = EffectId(FIRST_EFFECT | number);
        let slot = FIRST_SLOT.saturating_add(key);
        if self.effects.is_full() {
            return self.misuse("more to store than can wait");
        }
        self.effect(effect::Effect::Persist { id, slot, record: octets.and_then(Record::new) });
    }

    /// Slow work is done, or a record was found at boot: whose?
    pub(super) fn completed(&mut self, now: Instant, completion: Completion) {
        match completion {
            Completion::Loaded { slot, record } if slot >= FIRST_SLOT => {
                let key = slot.saturating_sub(FIRST_SLOT);
                if key < KEYS {
                    self.deliver(now, Event::Loaded { key, octets: record.expose() });
                }
            }
            Completion::Persisted { id, ok } if id.0 >= FIRST_EFFECT => {
                let key = id.0.to_le_bytes()[0] % KEYS;
                self.deliver(now, Event::Stored { key, ok });
            }
            Completion::Loaded { slot: SLOT, record } => self.privacy.loaded(&record),
            Completion::Persisted { id: STORED, ok } => self.has_stored_identity(ok),
            completion => self.smp.completed(now, completion),
        }
    }

    /// When the application's timer is due. A deadline in the past costs one call per tick, not an
    /// endless loop.
    pub(super) fn application_deadline(&self) -> Option<Instant> {
        let deadline = self.application.deadline()?;
        Some(if self.timed == Instant::ZERO { deadline } else { deadline.max(self.timed + TICK) })
    }

    /// The application has misused an effect; the log says so to its author.
    fn misuse(&mut self, what: &'static str) {
        self.note_of_application(misuse(what));
    }

    /// An output of the application. During one input it may use only the room that the host itself
    /// does not need: the rest is dropped, and logged once.
    fn note_of_application(&mut self, note: Note<A::Output>) {
        match self.notes.len().cmp(&APPLICATION_NOTES) {
            Ordering::Less => self.note(note),
            Ordering::Equal => self.note(misuse("more to show and to log than can wait")),
            Ordering::Greater => {}
        }
    }
}

const fn misuse<O>(what: &'static str) -> Note<O> {
    let line = Line::ProcedureFailed { what, error: ErrorCode::MEMORY_CAPACITY_EXCEEDED };
    Note::Log(Log { severity: Severity::Error, module: "app", line })
}
