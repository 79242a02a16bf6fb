//! Slow work: what the core asks for and never does itself, and when it is done. Keys are computed
//! by a worker beside the host, records go to storage.

use ble::effect::{Completion, Effect};
use ble::time::{Duration, Instant};
use bletwin_sim::effects;
use bletwin_sim::node::{Outbox, Untracked};
use bletwin_sim::record::{Note, RecordId};
use firmware_core::host::message::HostInput;
use firmware_core::peripheral::Input;

use crate::storage::{Stored, Wanted};
use crate::{CYCLE, PeripheralNode, keep};

/// A key that is being computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Slow {
    done: Instant,
    effect: Effect,
    causes: Untracked<Vec<RecordId>>,
}

/// Computes keys, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Worker(Vec<Slow>);

impl Worker {
    fn begin(&mut self, now: Instant, takes: Duration, effect: Effect, causes: Vec<RecordId>) {
        let done = self.all_done().map_or(now, |done| done.max(now)) + takes;
        self.0.push(Slow { done, effect, causes: Untracked(causes) });
    }

    fn done_by(&mut self, now: Instant) -> Option<Slow> {
        let is_done = self.0.first().is_some_and(|slow| slow.done <= now);
        is_done.then(|| self.0.remove(0))
    }

    /// When the key that is being computed will be done.
    pub(crate) fn next_done(&self) -> Option<Instant> {
        self.0.first().map(|slow| slow.done)
    }

    /// When all will be.
    pub(crate) fn all_done(&self) -> Option<Instant> {
        self.0.last().map(|slow| slow.done)
    }
}

impl PeripheralNode {
    /// Begins what the core asks for.
    pub(crate) fn begin(&mut self, now: Instant, effect: Effect, out: &Outbox) -> Note {
        let what = effects::name(&effect);
        let mut causes = self.causes.0.host.clone();
        keep(&mut causes, out.cause().as_slice());
        let (id, takes) = match &effect {
            Effect::P256PublicKey { id, .. } => {
                (*id, CYCLE.times(u64::from(self.cpu.costs.key_pair)))
            }
            Effect::P256SharedSecret { id, .. } => {
                (*id, CYCLE.times(u64::from(self.cpu.costs.shared_secret)))
            }
            Effect::Persist { id, slot, record } => {
                let (id, slot, record) = (*id, *slot, record.clone());
                let causes = Untracked(causes);
                self.storage.want(now, Wanted { id, slot, record, causes });
                return Note::EffectStarted { id, what };
            }
        };
        self.meter.0.computes(takes);
        self.worker.begin(now, takes, effect, causes);
        Note::EffectStarted { id, what }
    }

    /// Passes on what is done by now.
    pub(crate) fn finish_slow(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(slow) = self.worker.done_by(now) {
            let Some((id, completion)) = out.keys().compute(slow.effect) else { continue };
            out.also_because(&slow.causes.0);
            out.note(Note::EffectEnded { id });
            keep(&mut self.causes.0.host, &slow.causes.0);
            self.input(now, Input::Host(HostInput::Completed(completion)), out);
        }
        if self.storage.due().is_some_and(|due| due <= now) {
            self.stored(now, out);
        }
    }

    /// What storage does next, and whether it waits for the radio.
    pub(crate) fn plan_storage(&mut self, now: Instant) {
        let Some(device) = &mut self.device else { return };
        self.storage.plan(now, || device.link_deadline());
        let waits = self.storage.waits_for_gap();
        if core::mem::replace(&mut self.waits_for_gap, waits) != waits {
            device.wait_for_gap(now, waits);
        }
        self.flash_changed();
    }

    /// Passes on what storage has answered.
    fn stored(&mut self, now: Instant, out: &mut Outbox) {
        self.plan_storage(now);
        self.start_with_records(now, out);
        while let Some(Stored { id, ok, causes }) = self.storage.answer() {
            out.also_because(&causes.0);
            out.note(Note::EffectEnded { id });
            keep(&mut self.causes.0.host, &causes.0);
            let completion = Completion::Persisted { id, ok };
            self.input(now, Input::Host(HostInput::Completed(completion)), out);
        }
        self.plan_storage(now);
    }
}
