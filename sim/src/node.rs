//! What the world asks of anything that lives in it.

use std::hash::{Hash, Hasher};

use ble::armed::Tell;
use ble::hci::Command;
use ble::radio::{RadioCommand, RadioEvent};
use ble::time::{Duration, Instant};
use ble::ui::Ui;

use crate::antenna::{Order, Signal};
use crate::leap::Idle;
use crate::record::{Note, RecordId};
use crate::remembered::Remembered;

/// Number of a node in its world, from 0 in the order of creation.
pub use bletwin_sniffer::NodeId;

/// What a person does to a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Presses or releases a button of the peripheral.
    Button {
        /// Its name, as the peripheral's application has it.
        button: String,
        /// Pressed (or released).
        pressed: bool,
    },
    /// Types a passkey.
    TypePasskey(u32),
    /// Answers a numeric comparison.
    Confirm(bool),
    /// Dismisses whatever dialog is open.
    Cancel,
    /// Tells a device to do something by name. A central's host knows which names it takes
    /// (connect, pair, write …); a peripheral's application asks for the procedure of that name
    /// (`Request::name` of the firmware's host).
    Ask(String),
    /// An application has its host give the controller a command.
    Command(Command),
    /// A peripheral's application wants so many channels used at least, 2–37.
    MinUsedChannels(u8),
    /// Switches the device off and on again; what is not persisted is lost.
    PowerCycle,
    /// Its supply becomes so many mV, until the next act of this kind. Only a device whose supply
    /// is modelled takes notice: an emulated chip.
    Supply {
        /// The voltage that is there, in mV.
        millivolts: u16,
    },
}

impl Act {
    /// Presses the button of that name.
    #[must_use]
    pub fn press(button: &str) -> Self {
        Self::Button { button: button.into(), pressed: true }
    }

    /// Releases the button of that name.
    #[must_use]
    pub fn release(button: &str) -> Self {
        Self::Button { button: button.into(), pressed: false }
    }
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeInput {
    /// Power on, with the only entropy the node ever gets.
    Start {
        /// From the world's seed, a stream of its own per node.
        entropy: [u8; 32],
    },
    /// Its radio reports.
    Radio(RadioEvent),
    /// Its deadline has come.
    Timer,
    /// A person does something to it.
    Act(Act),
    /// Octets from a program outside of the world that is attached to it.
    Octets(Vec<u8>),
    /// What the air brings to a node that is its own radio.
    Antenna(Signal),
    /// It goes on with the input in the middle of which it halted ([`Node::halted`]).
    Resume,
    /// It sees what another node shows (only for nodes that watch).
    Saw {
        /// Which node shows it.
        node: NodeId,
        /// What it shows: a dialog of pairing, or an output of the application.
        ui: Ui,
    },
}

/// What a node wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeOutput {
    /// Its radio shall do this.
    Radio(RadioCommand),
    /// What a node wants of the air that is its own radio.
    Antenna(Order),
    /// It shows this to whoever watches; recorded as well.
    Show(Ui),
    /// It acts upon another node after some (local) time: persons do.
    Act {
        /// The node that is acted upon.
        node: NodeId,
        /// Time from now until the act, on the acting node's clock.
        after: Duration,
        /// What is done to that node.
        act: Act,
    },
    /// To be recorded. In a box: notes carry ACL data and are made for records alone, and outputs
    /// are moved about.
    Note(Box<Note>),
}

/// Collects what a node wants done during one call, each with its causes.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    cause: Option<RecordId>,
    extra: Vec<RecordId>,
    recording: bool,
    items: Vec<(NodeOutput, Vec<RecordId>)>,
    keys: Remembered,
}

impl Outbox {
    /// For one call, whose input was recorded as `cause`. Without `recording`, notes are dropped.
    #[must_use]
    pub fn new(cause: Option<RecordId>, recording: bool) -> Self {
        Self { cause, recording, ..Self::default() }
    }

    /// The same for the next call: an outbox that is empty is used again with the room it has.
    pub(crate) fn anew(&mut self, cause: Option<RecordId>, recording: bool) {
        (self.cause, self.recording) = (cause, recording);
        self.extra.clear();
        self.items.clear();
    }

    /// The record of the input that is being handled.
    #[must_use]
    pub const fn cause(&self) -> Option<RecordId> {
        self.cause
    }

    /// Whether notes are kept: a node may skip the work of making them otherwise.
    #[must_use]
    pub const fn recording(&self) -> bool {
        self.recording
    }

    /// Keys that nodes of this world have computed. Whoever needs one asks here.
    pub const fn keys(&mut self) -> &mut Remembered {
        &mut self.keys
    }

    pub(crate) const fn remembered(&self) -> &Remembered {
        &self.keys
    }

    /// From now on, outputs have these causes as well (work that was queued in an earlier call).
    pub fn also_because(&mut self, causes: &[RecordId]) {
        self.extra.clear();
        self.extra.extend_from_slice(causes);
    }

    /// Adds a note, if notes are kept.
    pub fn note(&mut self, note: Note) {
        if self.recording {
            self.push(NodeOutput::Note(Box::new(note)));
        }
    }

    /// Adds an output.
    pub fn push(&mut self, output: NodeOutput) {
        if !self.recording && matches!(output, NodeOutput::Note(_)) {
            return;
        }
        let causes = if self.recording {
            let mut causes = self.extra.clone();
            causes.extend(self.cause.filter(|c| !self.extra.contains(c)));
            causes
        } else {
            Vec::new()
        };
        self.items.push((output, causes));
    }

    /// Takes all outputs in order, with their causes.
    pub fn drain(&mut self) -> impl Iterator<Item = (NodeOutput, Vec<RecordId>)> + '_ {
        self.items.drain(..)
    }
}

/// A device or a person in the world. Time is the node's own sleep clock.
pub trait Node: Clone + Eq + Hash {
    /// Takes an input and puts what it wants done into `out`.
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox);

    /// When [`NodeInput::Timer`] is due next. Asked after each call.
    fn deadline(&self) -> Option<Instant>;

    /// Tells what it has under way that ends by itself; see [`ble::armed`].
    fn armed(&self, _: Tell<'_>) {}

    /// Its connection, if that is all that it has to do and nothing happens in it; for
    /// [`World::leap`](crate::world::World::leap).
    fn idle(&self) -> Option<Idle> {
        None
    }

    /// The next `events` connection events, an even number, are left out: Empty PDUs, all of which
    /// arrived. By the node's clock they have taken `by`. To be called where [`Self::idle`] has
    /// given something.
    fn leap(&mut self, _events: u16, _by: Duration) {}

    /// Whether it sees what other nodes show.
    fn watches(&self) -> bool {
        false
    }

    /// Whether it halted in the middle of its last input, as a debugger makes it. Time stands still
    /// until it has taken [`NodeInput::Resume`] and is through. Asked after each call.
    fn halted(&self) -> bool {
        false
    }
}

/// A node of a world with one kind of peripheral and one kind of central.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum End<P, C> {
    /// A peripheral of kind `P`.
    Peripheral(Box<P>),
    /// A central of kind `C`.
    Central(Box<C>),
}

impl<P: Node, C: Node> Node for End<P, C> {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Peripheral(node) => node.handle(now, input, out),
            Self::Central(node) => node.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral(node) => node.deadline(),
            Self::Central(node) => node.deadline(),
        }
    }

    fn armed(&self, tell: Tell<'_>) {
        match self {
            Self::Peripheral(node) => node.armed(tell),
            Self::Central(node) => node.armed(tell),
        }
    }

    fn idle(&self) -> Option<Idle> {
        match self {
            Self::Peripheral(node) => node.idle(),
            Self::Central(node) => node.idle(),
        }
    }

    fn leap(&mut self, events: u16, by: Duration) {
        match self {
            Self::Peripheral(node) => node.leap(events, by),
            Self::Central(node) => node.leap(events, by),
        }
    }

    fn watches(&self) -> bool {
        match self {
            Self::Peripheral(node) => node.watches(),
            Self::Central(node) => node.watches(),
        }
    }

    fn halted(&self) -> bool {
        match self {
            Self::Peripheral(node) => node.halted(),
            Self::Central(node) => node.halted(),
        }
    }
}

/// Something that belongs to a node but not to its state: records, statistics, causes. It takes
/// no part in equality and hashes, so that two states that differ in nothing else are the same.
#[derive(Clone, Debug, Default)]
pub struct Untracked<T>(pub T);

impl<T> PartialEq for Untracked<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Untracked<T> {}

impl<T> Hash for Untracked<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
