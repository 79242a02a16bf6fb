//! An explored link at one moment: the world, its hosts' knowledge, and the trace on air. A value
//! that can be copied; its records are kept outside, on a tape.

use std::hash::{Hash, Hasher};

use ble::time::Instant;
use bletwin_sim::explore::digest::Tracer;
use bletwin_sim::hash::RelativeHasher;
use bletwin_sim::medium::fault::{FaultEffect, FaultRule, Pattern, Which};
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::world::World;

use super::case::{How, Side};
use super::guard::guarded;
use super::node::Actor;
use super::watch::{CENTRAL, PERIPHERAL, Watch};

/// Everything that happened so far, in its order.
pub(super) type Tape = Vec<Record>;

/// An explored link at one moment.
#[derive(Clone, Debug)]
pub struct Live {
    /// Both devices and the air between them.
    pub world: World<Actor>,
    /// The trace on air since the start of the run proper, or since the last cut.
    pub trace: Tracer,
    /// Packets of peripheral and central since the start of the run proper.
    pub sent: [u32; 2],
    /// The last time at which a host is made to ask for something.
    pub(super) asked_until: Instant,
    pub(super) watch: Watch,
    /// The message of a device's panic. The run stops there.
    pub(super) panicked: Option<String>,
}

impl Live {
    pub(super) fn new(world: World<Actor>) -> Self {
        let trace = Tracer::new(world.now());
        let asked_until = world.now();
        let watch = Watch::default();
        Self { world, trace, sent: [0; 2], asked_until, watch, panicked: None }
    }

    /// The sender of the packet in the next step.
    #[must_use]
    pub fn next_sender(&self) -> Option<Side> {
        self.world.next_sender().map(side)
    }

    /// When the next event of the world is due.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.world.next_event().filter(|_| self.panicked.is_none())
    }

    /// Does the next event of the world.
    pub fn step(&mut self, tape: &mut Tape) {
        self.step_world();
        self.read(tape);
    }

    fn step_world(&mut self) {
        if self.panicked.is_none() {
            self.panicked = guarded(|| self.world.step()).err();
        }
    }

    /// Does the next event of the world, which puts a packet on air, and lets it not arrive.
    pub fn step_losing(&mut self, how: How, tape: &mut Tape) {
        let effect = match how {
            How::Lost => FaultEffect::Drop,
            How::Corrupted => FaultEffect::Corrupt { bits: 3 },
        };
        let rule = FaultRule { when: Pattern::default(), which: Which::All, effect, at: None };
        self.world.faults().add(rule);
        self.step_world();
        // It has struck, and a rule that is spent is no part of the state.
        self.world.faults().clear();
        self.read(tape);
    }

    /// Lets all happen up to a moment, and time come to it.
    pub fn run_until(&mut self, until: Instant, tape: &mut Tape) {
        while self.next_event().is_some_and(|next| next <= until) {
            self.step(tape);
        }
        if self.panicked.is_none() {
            self.world.run_until(until);
        }
    }

    fn read(&mut self, tape: &mut Tape) {
        let before = tape.len();
        self.world.drain_records(tape);
        for record in &tape[before..] {
            self.watch.note(record);
            if let RecordKind::AirTx(tx) = &record.kind {
                self.trace.packet(record.at, tx);
                if let Some(sent) = self.sent.get_mut(usize::from(record.node.0)) {
                    *sent += 1;
                }
            }
        }
    }

    /// When the run is over if nothing more happens.
    #[must_use]
    pub fn quiet_at(&self) -> Instant {
        (self.watch.active + self.watch.patience()).max(self.asked_until)
    }

    /// Whether nothing has happened for so long that nothing is to come.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.next_event().is_none_or(|next| next > self.quiet_at())
    }

    /// A hash of the world's state, and one that includes the hosts' knowledge: two links that
    /// agree in the latter at the same time continue in the same way and are judged in the same
    /// way.
    #[must_use]
    pub fn keys(&self) -> (u64, u64) {
        let state = self.world.canonical_hash();
        let mut hasher = RelativeHasher::new(self.world.now());
        (state, &self.watch).hash(&mut hasher);
        (state, hasher.finish())
    }
}

/// The side of a node.
pub(super) const fn side(node: NodeId) -> Side {
    if node.0 == CENTRAL.0 { Side::Central } else { Side::Peripheral }
}

/// The node at a side.
#[must_use]
pub(super) const fn node(side: Side) -> NodeId {
    match side {
        Side::Peripheral => PERIPHERAL,
        Side::Central => CENTRAL,
    }
}
