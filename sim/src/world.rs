//! The world: nodes, events, one step at a time.

use std::hash::Hasher as _;

use ble::time::{Duration, Instant};
use ble::trace::Trace;

use crate::hash::RelativeHasher;
use crate::medium::fault::Faults;
use crate::medium::{Medium, MediumConfig, MoreLoss};
use crate::node::{Act, Node, NodeId, NodeInput, NodeOutput, Outbox};
use crate::queue::EventQueue;
use crate::record::{Note, Record, RecordId, RecordKind};
use crate::remembered::Remembered;

mod antenna;
mod canonical;
mod engine;
mod leap;
mod reception;
mod recorder;
mod signal;
mod station;
mod stations;

use engine::{Delivery, Engine};
use recorder::Recorder;
pub use station::Placement;
use stations::Stations;

/// What a world is made of beside its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WorldConfig {
    /// All randomness comes from here.
    pub seed: u64,
    /// Whether records are kept. What happens does not depend on it.
    pub recording: bool,
    /// Whether what is on air is hashed, for [`World::trace_sha256`].
    pub air_hash: bool,
    /// Noise, path loss and random packet loss of the air.
    pub medium: MediumConfig,
}

/// Nodes, the air between them, and all that is going to happen.
#[derive(Clone, Debug)]
pub struct World<N> {
    engine: Engine,
    nodes: Vec<N>,
    /// Empty between calls; kept for the room it has.
    outbox: Outbox,
    /// The node that halted in the middle of an input, and that input's record.
    halted: Option<(NodeId, Option<RecordId>)>,
    told: u64,
}

impl<N: Node> World<N> {
    /// An empty world at time zero.
    #[must_use]
    pub fn new(config: WorldConfig) -> Self {
        let engine = Engine {
            seed: config.seed,
            now: Instant::ZERO,
            queue: EventQueue::default(),
            medium: Medium::new(config.medium),
            stations: Stations::default(),
            faults: Faults::default(),
            recorder: Recorder::new(config.recording, config.air_hash),
            long_way: false,
        };
        Self { engine, nodes: Vec::new(), outbox: Outbox::default(), halted: None, told: 0 }
    }

    /// Puts a node into the world. A world has room for 65,535 of them.
    pub fn add(&mut self, name: &str, node: N, place: Placement) -> NodeId {
        self.nodes.push(node);
        self.engine.add(name, place)
    }

    /// World time, from zero when the world was made.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.engine.now
    }

    /// A node.
    ///
    /// # Panics
    /// If `id` is from another world.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &N {
        &self.nodes[usize::from(id.0)]
    }

    /// A node, to change it from outside. What it wants done in consequence is noticed at its
    /// next input.
    ///
    /// # Panics
    /// If `id` is from another world.
    pub fn node_mut(&mut self, id: NodeId) -> &mut N {
        &mut self.nodes[usize::from(id.0)]
    }

    /// All nodes with their numbers.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &N)> {
        (0..).map(NodeId).zip(&self.nodes)
    }

    /// The name that a node was added with; empty for one from another world.
    #[must_use]
    pub fn name(&self, id: NodeId) -> &str {
        self.engine.station(id).map_or("", |station| &station.name)
    }

    /// A node's own (sleep clock) time.
    #[must_use]
    pub fn local_now(&self, id: NodeId) -> Instant {
        self.engine.local(id)
    }

    /// An instant of the world on a node's own (sleep) clock.
    #[must_use]
    pub fn local_at(&self, id: NodeId, at: Instant) -> Instant {
        self.engine.station(id).map_or(at, |station| station.sleep.local(at))
    }

    /// World time of an instant on a node's sleep clock.
    #[must_use]
    pub fn world_time(&self, id: NodeId, local: Instant) -> Instant {
        self.engine.station(id).map_or(local, |station| station.sleep.world(local))
    }

    /// Moves a node.
    pub fn set_position(&mut self, id: NodeId, position_m: (i32, i32)) {
        self.engine.divide(None);
        self.engine.medium.set_position(id, position_m);
    }

    /// Fixes the path loss between two nodes (in dB, both ways), whatever their distance.
    pub fn set_path_loss(&mut self, a: NodeId, b: NodeId, db: i32) {
        self.engine.divide(None);
        self.engine.medium.set_path_loss(a, b, db);
    }

    /// Rules for what shall go wrong.
    pub const fn faults(&mut self) -> &mut Faults {
        &mut self.engine.faults
    }

    /// From now on these get lost besides.
    pub fn lose_more(&mut self, more: MoreLoss) {
        self.engine.medium.lose_more(more);
    }

    /// From now on so many packets get lost at random, parts per million.
    pub const fn set_loss_ppm(&mut self, loss_ppm: u32) {
        self.engine.medium.set_loss_ppm(loss_ppm);
    }

    /// A person does something to a node, at a world time (at once if that has passed). Nothing
    /// happens to a node that is off.
    pub fn act(&mut self, node: NodeId, at: Instant, act: Act) {
        let at = at.max(self.engine.now);
        self.engine.tell(at, node, NodeInput::Act(act), None);
    }

    /// Octets of a program outside of the world reach a node now. A node that is off loses them.
    pub fn octets(&mut self, node: NodeId, octets: Vec<u8>) {
        self.engine.tell(self.engine.now, node, NodeInput::Octets(octets), None);
    }

    /// When the next event is due: now, while a node is [halted](Node::halted).
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        if self.halted.is_some() { Some(self.now()) } else { self.engine.queue.next_at() }
    }

    /// Whether time stands still because a node is [halted](Node::halted). [`Self::step`] then asks
    /// it to go on, and does nothing else.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// What people are going to do to nodes and which nodes are going to be switched on, in order
    /// of time.
    pub fn intended(&self) -> impl Iterator<Item = (Instant, NodeId)> {
        self.engine.intended()
    }

    /// What is on air from now on is not hashed, and [`Self::trace_sha256`] must not be asked.
    pub fn forgo_air_hash(&mut self) {
        self.engine.recorder.forgo_air_hash();
    }

    /// The keys that its nodes have computed.
    #[must_use]
    pub const fn remembered(&self) -> &Remembered {
        self.outbox.remembered()
    }

    /// Gives it keys that were computed elsewhere. What happens does not depend on it.
    pub fn remember(&mut self, keys: Remembered) {
        *self.outbox.keys() = keys;
    }

    /// How often a node was told something so far.
    #[must_use]
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// Does the next event. `false` when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        if let Some((node, cause)) = self.halted.take() {
            self.deliver(Delivery { node, input: NodeInput::Resume, cause });
            return true;
        }
        let Some((at, event)) = self.engine.queue.pop() else {
            return false;
        };
        self.engine.now = at;
        if let Some(delivery) = self.engine.handle(event) {
            self.deliver(delivery);
        }
        true
    }

    /// Does all events up to and including `t`, and moves on to `t`, unless a node
    /// [halts](Node::halted).
    pub fn run_until(&mut self, t: Instant) {
        while self.next_event().is_some_and(|next| next <= t) {
            self.step();
            if self.is_halted() {
                return;
            }
        }
        self.engine.now = self.engine.now.max(t);
    }

    /// Does events as long as `goes_on` holds before each and something is left to happen by
    /// `latest`. Returns whether `goes_on` was the reason to stop, or a node that
    /// [halted](Node::halted).
    pub fn run_while(&mut self, latest: Instant, mut goes_on: impl FnMut(&Self) -> bool) -> bool {
        loop {
            if !goes_on(self) {
                return true;
            }
            if self.next_event().is_none_or(|next| next > latest) {
                self.engine.now = self.engine.now.max(latest);
                return false;
            }
            self.step();
            if self.is_halted() {
                return true;
            }
        }
    }

    fn deliver(&mut self, Delivery { node, input, cause }: Delivery) {
        let Some(value) = self.nodes.get_mut(usize::from(node.0)) else {
            return;
        };
        self.told += 1;
        let recording = self.engine.recorder.is_on();
        // Faults find encrypted PDUs by what their senders note.
        let notes = recording || !self.engine.faults.is_empty();
        self.outbox.anew(cause, notes);
        value.handle(self.engine.local(node), input, &mut self.outbox);
        let (deadline, halted) = (value.deadline(), value.halted());
        for (output, causes) in self.outbox.drain() {
            Self::output(&mut self.engine, &self.nodes, (node, output), causes);
        }
        if halted {
            // As if this call had not returned: what it arms, it arms when it is through.
            self.halted = Some((node, cause));
            return;
        }
        self.engine.set_deadline(node, deadline);
    }

    fn output(
        engine: &mut Engine,
        nodes: &[N],
        (node, output): (NodeId, NodeOutput),
        causes: Vec<RecordId>,
    ) {
        let now = engine.now;
        match output {
            NodeOutput::Radio(command) => engine.command(node, command, causes),
            NodeOutput::Antenna(order) => engine.order(node, order, causes),
            NodeOutput::Note(note) => {
                let mut queued = 0;
                if let Note::Trace(trace) = note.as_ref() {
                    engine.faults.learn(node, trace);
                    if let Trace::Queued { tag, .. } = trace {
                        queued = *tag;
                    }
                }
                let kind = || RecordKind::Note(*note);
                let record = engine.recorder.add(now, node, &causes, kind);
                engine.recorder.name(node, queued, record);
            }
            NodeOutput::Show(ui) => {
                let shown = || RecordKind::Shown(ui.clone());
                let cause = engine.recorder.add(now, node, &causes, shown);
                for (watcher, value) in (0..).map(NodeId).zip(nodes) {
                    if watcher != node && value.watches() {
                        let saw = NodeInput::Saw { node, ui: ui.clone() };
                        engine.tell(now, watcher, saw, cause);
                    }
                }
            }
            NodeOutput::Act { node: upon, after, act } => {
                let span = engine.station(node).map_or(after, |s| s.sleep.span(after));
                let cause = causes.last().copied();
                engine.tell(now + span, upon, NodeInput::Act(act), cause);
            }
        }
    }

    /// What has been recorded, oldest first; nothing without [`WorldConfig::recording`].
    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.engine.recorder.records()
    }

    /// Moves what has been recorded to the end of `to`, so that copies of this world are made
    /// without its past. What is recorded from here on points at it by number as before.
    pub fn drain_records(&mut self, to: &mut Vec<Record>) {
        self.engine.recorder.drain(to);
    }

    /// Who puts a packet on air with the next [`step`](Self::step), if anybody does.
    #[must_use]
    pub fn next_sender(&self) -> Option<NodeId> {
        self.engine.next_sender()
    }

    /// Hash of the whole state relative to now: equal for worlds that differ only in the date, in
    /// records or causes, and go the same way from here.
    #[must_use]
    pub fn canonical_hash(&self) -> u64 {
        let mut hasher = RelativeHasher::new(self.engine.now);
        self.engine.hash_canonically(&mut hasher);
        for (id, node) in self.nodes() {
            hasher.set_now(self.engine.local(id));
            node.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// SHA-256 over every packet that was put on air: time, channel, PHY and symbols as sent;
    /// no names. It is kept with and without recording.
    ///
    /// # Panics
    /// If it was not asked for when the world was made: [`WorldConfig::air_hash`].
    #[must_use]
    pub fn trace_sha256(&self) -> [u8; 32] {
        self.engine.recorder.air_sha256().expect("asked for by WorldConfig::air_hash")
    }

    /// Time that has passed since an earlier moment of this world.
    #[must_use]
    pub const fn elapsed(&self, since: Instant) -> Duration {
        self.engine.now.since(since)
    }
}

#[cfg(test)]
mod tests;
