//! Carries out the outputs of the Security Manager.

use super::gatt::Awareness;
use super::gatt::table::handle::SERVICE_CHANGED;
use super::l2cap::CID_SMP;
use super::smp::SmpOutput;
use super::{Host, HostConnection, Note};
use crate::application::{Application, Event};
use crate::config::ServiceChanged;
use ble::hci::Handle;
use ble::invariant::Invariant;
use ble::log::{Line, Severity};
use ble::time::Instant;

/// Room that must be left before another of the Security Manager's outputs is taken: some of
/// them lead to several notes or commands.
const NOTES_SPARE: usize = 4;
pub(super) const COMMANDS_SPARE: usize = 8;

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// Whether another of the Security Manager's outputs can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.notes.len().saturating_add(NOTES_SPARE) <= super::NOTES
            && !self.effects.is_full()
            && self.commands.have_room_for(COMMANDS_SPARE)
            && self.connections.iter().flatten().all(|c| c.frames.has_room())
    }

    pub(super) fn drain_security(&mut self, now: Instant) {
        while self.has_room() {
            let Some(output) = self.smp.poll() else {
                self.unsettled = false;
                return;
            };
            self.security(now, output, true);
        }
        self.unsettled = true;
    }

    /// Takes all outputs, even without room: at a disconnection the failure of security must be
    /// reported first. PDUs for another connection, which has not acknowledged anything for a long
    /// time, may get lost.
    pub(super) fn drain_security_of_lost(&mut self, now: Instant) {
        while let Some(output) = self.smp.poll() {
            self.security(now, output, false);
        }
        self.unsettled = false;
    }

    /// Carries an output out; there is `room` for what follows from it, or it is taken without.
    fn security(&mut self, now: Instant, output: SmpOutput, room: bool) {
        match output {
            SmpOutput::Send { handle, pdu } => {
                if let Some(connection) = self.connection(handle) {
                    let sent = connection.send(CID_SMP, &pdu).is_some();
                    // Only PDUs taken without room may get lost.
                    self.broken.check(Invariant::FramesFit, sent || !room);
                }
            }
            SmpOutput::Command(command) => self.command(command),
            SmpOutput::Effect(effect) => self.effect(effect),
            SmpOutput::Dialog(dialog) => self.note(Note::Dialog(dialog)),
            SmpOutput::Log(log) => self.note(Note::Log(log)),
            SmpOutput::Trace(trace) => self.note(Note::Trace(trace)),
            SmpOutput::SecurityChanged { handle, level } => {
                if let Some(connection) = self.connection(handle) {
                    connection.level = level;
                    let peer = connection.peer;
                    self.info(Line::SecurityChanged { peer, level });
                    self.deliver(now, Event::Secured { connection: handle, level });
                }
            }
            SmpOutput::SecurityFailed { handle, error } => {
                if let Some(&mut HostConnection { peer, level, .. }) = self.connection(handle) {
                    let line = Line::SecurityFailed { peer, level, error };
                    self.log(Severity::Info, "BLE_Main", line);
                }
            }
            SmpOutput::PairingEnded { handle, bonded } => {
                self.pairing_ended(now, handle, bonded);
            }
            SmpOutput::BondsChanged => self.bonds_changed(),
            SmpOutput::Bonded(peer) => self.deliver(now, Event::Bonded { peer }),
            SmpOutput::BondsDeleted => {
                self.info(Line::BondDeleted);
                self.deliver(now, Event::BondsDeleted);
            }
        }
    }

    fn pairing_ended(&mut self, now: Instant, handle: Handle, bonded: bool) {
        let Some(connection) = self.connection(handle) else { return };
        if !bonded {
            return;
        }
        // A bond is made with the present table.
        connection.awareness = Awareness::Aware;
        self.keep_client(handle);
        self.end_pairing_mode();
        self.bonded(now, handle);
    }

    /// The peer has the key of its bond. Its configurations on this connection are stored from now
    /// on; if there are none, the stored ones apply.
    pub(super) fn recognised(&mut self, now: Instant, handle: Handle) {
        let kept = self.smp.bond_of(handle).map(|bond| self.values.kept(bond, &A::GATT));
        let Some(connection) = self.connection(handle) else { return };
        let mut before = connection.client;
        if let Some(kept) = kept.filter(|_| !connection.configured) {
            before = core::mem::replace(&mut connection.client, kept);
        }
        self.subscribed(now, handle, before);
        self.keep_client(handle);
        self.indicate_change(handle);
    }

    /// Indicates to a bonded client that the table has changed since its bond.
    // GATT-SYNC-1: bonded clients are told of changes.
    fn indicate_change(&mut self, handle: Handle) {
        let configuration = A::GATT.configuration(SERVICE_CHANGED);
        let (Some(connection), Some(of)) = (self.connection(handle), configuration) else {
            return;
        };
        if !connection.awareness.is_aware() && connection.client.wants_indications(of) {
            connection.indicate |= of.bit();
        }
    }

    /// Stores a client's configurations with its bond, and whether it knows the table.
    pub(super) fn keep_client(&mut self, handle: Handle) {
        let indicates = self.config.lapses.made().service_changed == ServiceChanged::Told;
        if let Some(connection) = self.connection(handle) {
            let knows = indicates && connection.awareness.is_aware();
            let bits = connection.client.to_bits();
            self.smp.set_cccd(handle, bits, knows);
        }
    }

    /// Sends the requests deferred until there is a bond. Link layer requests overtake data: for a
    /// central that distributes no keys, pairing is not over before it has received those of this
    /// device.
    pub(super) fn bonded(&mut self, now: Instant, handle: Handle) {
        if let Some(connection) = self.connection(handle) {
            connection.bonding = true;
            self.ask_if_quiet(now, handle);
        }
    }

    pub(super) fn ask_if_quiet(&mut self, now: Instant, handle: Handle) {
        let find = |connection: &&mut HostConnection| connection.handle == handle;
        let Some(connection) = self.connections.iter_mut().flatten().find(find) else { return };
        if connection.bonding && connection.is_quiet() {
            connection.bonding = false;
            let requests = connection.procedures.secured(&self.config);
            self.request_all(handle, requests);
            self.ask_for_resolution(now, handle);
        }
    }
}
