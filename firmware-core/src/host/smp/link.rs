//! One connection as SMP sees it, and the context of a pairing step.

use super::back_off::BackOff;
use super::command::Command;
use super::draws::Draws;
use super::key_pair::KeyPair;
use super::state::{Key, State};
use super::storing::Storing;
use super::{SmpConfig, SmpOutput};
use crate::host::bonds::Bonds;
use ble::address::Address;
use ble::effect::{Effect, EffectId};
use ble::error::ErrorCode;
use ble::hci::{self, Handle};
use ble::invariant::{Broken, Invariant};
use ble::link::LinkId;
use ble::log::{Line, Log, Severity};
use ble::queue::Queue;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use ble::ui::Dialog;

/// SMP transaction timeout (Vol 3, Part H, 3.4).
// SMP-TIME-1: 30 seconds.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// More outputs than any one call makes: every bond deleted, and a few.
pub(super) const OUTPUTS: usize = 22;

/// With more outputs waiting than this, nothing is received: no command of a peer makes more
/// than the same number again, and a third is left for the controller and the user.
pub(super) const ROOM_TO_RECEIVE: usize = OUTPUTS / 3;

/// A connection, apart from where its pairing stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    pub(super) handle: Handle,
    /// Local address on air.
    pub(super) local: Address,
    /// Peer's address on air.
    pub(super) on_air: Address,
    /// The peer's identity, if known.
    pub(super) identity: Option<Address>,
    /// Security level of the connection, 1–4.
    pub(super) level: u8,
    /// Octets of the key in use; 0 without encryption.
    pub(super) key_size: u8,
    /// Encrypted with the key of the bond with `identity`.
    pub(super) proven: bool,
    /// The key that this connection's pairing made.
    pub(super) key: Option<Key>,
    /// The key given to the controller, until encryption is on.
    pub(super) offered: Option<Offer>,
    /// Something is on the display.
    pub(super) shown: bool,
    /// End of the transaction timeout.
    pub(super) deadline: Option<Instant>,
}

/// A key on its way into the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Offer {
    pub(super) level: u8,
    pub(super) key_size: u8,
    /// Made by the pairing that waits for encryption.
    pub(super) fresh: bool,
    /// That of the bond.
    pub(super) bonded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SmpLink {
    pub(super) peer: Peer,
    pub(super) state: State,
}

impl SmpLink {
    /// Whether a loss of the connection now would be a failure of security.
    pub(super) const fn is_pending(&self) -> bool {
        self.state.is_pairing()
            || matches!(self.state, State::Requested)
            || self.peer.offered.is_some()
    }
}

/// What all connections share, beside the bonds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shared {
    pub(super) config: SmpConfig,
    pub(super) draws: Draws,
    pub(super) own: KeyPair,
    pub(super) back_off: BackOff,
    pub(super) outputs: Queue<SmpOutput, OUTPUTS>,
    next_effect: u32,
    pub(super) broken: Broken,
}

impl Shared {
    pub(super) const fn new(config: SmpConfig, draws: Draws) -> Self {
        Self {
            config,
            draws,
            own: KeyPair::Absent,
            back_off: BackOff::new(),
            outputs: Queue::new(),
            next_effect: 0,
            broken: Broken::NONE,
        }
    }

    pub(super) fn emit(&mut self, output: SmpOutput) {
        // The queue is emptied after each call and longer than what one call makes.
        let kept = self.outputs.push(output);
        self.broken.check(Invariant::SecurityOutputsFit, kept.is_ok());
    }

    pub(super) fn log(&mut self, severity: Severity, module: &'static str, line: Line) {
        self.emit(SmpOutput::Log(Log { severity, module, line }));
    }

    pub(super) const fn effect_id(&mut self) -> EffectId {
        let id = EffectId(self.next_effect);
        self.next_effect = self.next_effect.wrapping_add(1);
        id
    }

    /// Asks for the next key pair unless there is one.
    pub(super) fn renew_key_pair(&mut self) {
        if self.own != KeyPair::Absent {
            return;
        }
        let id = self.effect_id();
        let debug = self.config.debug_key;
        if let Some(private_key) = self.own.renew(&mut self.draws, id, debug) {
            self.emit(SmpOutput::Effect(Effect::P256PublicKey { id, private_key }));
        }
    }
}

/// What a step may access beside the state that it consumes.
pub(super) struct Context<'a, const B: usize> {
    pub(super) now: Instant,
    pub(super) peer: &'a mut Peer,
    pub(super) shared: &'a mut Shared,
    pub(super) bonds: &'a mut Bonds<B>,
    pub(super) storing: &'a mut Storing<B>,
    /// A pairing with another peer is under way; there is one display and one key pair.
    pub(super) busy: bool,
    /// Slots of the bonds that other links are encrypted with, a bit each.
    pub(super) in_use: u16,
}

impl<const B: usize> Context<'_, B> {
    /// Sends a command, which restarts the transaction timeout.
    pub(super) fn send(&mut self, command: &Command) {
        self.peer.deadline = Some(self.now + TIMEOUT);
        self.shared.emit(SmpOutput::Send { handle: self.peer.handle, pdu: command.encode() });
    }

    /// Shows something to the user, to be cleared at the end.
    pub(super) fn show(&mut self, dialog: Dialog) {
        self.peer.shown = true;
        self.shared.emit(SmpOutput::Dialog(dialog));
    }

    /// Clears what was shown; `true` if there was anything.
    pub(super) fn clear(&mut self) -> bool {
        let shown = core::mem::replace(&mut self.peer.shown, false);
        if shown {
            self.shared.emit(SmpOutput::Dialog(Dialog::Clear));
        }
        shown
    }

    /// Takes back what encryption with a new key has given, and ends the link: the key, or whose
    /// it is, is not acceptable.
    pub(super) fn expel(&mut self) {
        (self.peer.level, self.peer.key_size) = (1, 0);
        (self.peer.key, self.peer.proven) = (None, false);
        let (handle, reason) = (self.peer.handle, ErrorCode::AUTHENTICATION_FAILURE);
        self.shared.emit(SmpOutput::Command(hci::Command::Disconnect { handle, reason }));
    }

    /// A line of the application's log.
    pub(super) fn log(&mut self, severity: Severity, line: Line) {
        self.shared.log(severity, "BLE_Main", line);
    }

    /// The peer's address for logs and tables: its identity if known.
    pub(super) const fn name(&self) -> Address {
        match self.peer.identity {
            Some(identity) => identity,
            None => self.peer.on_air,
        }
    }

    /// Whether the peer failed to authenticate too recently.
    pub(super) fn has_to_wait(&self) -> bool {
        self.shared.config.back_off && self.shared.back_off.refuses(self.now, self.name())
    }

    pub(super) fn misbehaved(&mut self, violation: ble::error::PeerMisbehaved) {
        // Handles are indices of links here; a foreign controller's larger handle names none.
        let link = Some(LinkId::of(self.peer.handle));
        self.shared.emit(SmpOutput::Trace(Trace::Misbehaved { link, violation }));
    }
}
