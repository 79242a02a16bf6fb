//! The search of one unit: depth first over the packets that may be lost, from copies of the
//! world made just before each, and no way twice.

use std::collections::{BTreeMap, BTreeSet};

use ble::time::{Duration, Instant};
use bletwin_sim::explore::digest::{Digest, Tracer};
use bletwin_sim::node::NodeId;

use super::{LAST, Unit};
use crate::Base;
use crate::Found;
use crate::beginning::Beginning;
use crate::case::{Case, How, Loss, Procedure};
use crate::live::{Live, Tape, node};

/// Connection intervals between two moments at which states are compared.
const GRID: u64 = 4;

/// The result of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Cases that were played, whole or up to where they were known.
    pub runs: u64,
    /// Those that came to a known state, and were known from there.
    pub joined: u64,
    /// Different traces on air.
    pub traces: u64,
    /// Different states of the world, at the moments of comparison and at the end.
    pub states: u64,
    /// Runs in which something was found.
    pub violations: u64,
    /// The first case for each rule and culprit.
    pub findings: Vec<(Case, Found)>,
}

/// Searches a unit from its base. `None`: `stop` said so.
#[must_use]
pub fn search(unit: &Unit, base: &Base, stop: &dyn Fn() -> bool) -> Option<Searched> {
    let mut search = Search {
        unit,
        base,
        prune: true,
        procedures: Vec::new(),
        tape: base.tape.to_vec(),
        seen: base.seen.clone(),
        known: BTreeMap::new(),
        traces: BTreeSet::new(),
        states: BTreeSet::new(),
        rules: BTreeSet::new(),
        searched: Searched::default(),
    };
    for procedures in unit.meetings() {
        search.meeting(procedures, stop)?;
    }
    Some(search.done())
}

/// Moment since the base, and the state then.
type Key = (Duration, u64);

struct Search<'a> {
    unit: &'a Unit,
    base: &'a Base,
    prune: bool,
    procedures: Vec<Procedure>,
    tape: Tape,
    /// Of the tape, what came before the base.
    seen: Beginning,
    /// States from which no violation followed without further losses, with the trace on air from
    /// there.
    known: BTreeMap<Key, Digest>,
    traces: BTreeSet<[u64; 2]>,
    states: BTreeSet<u64>,
    rules: BTreeSet<(String, Option<NodeId>)>,
    searched: Searched,
}

impl Search<'_> {
    fn done(mut self) -> Searched {
        self.searched.traces = self.traces.len() as u64;
        self.searched.states = self.states.len() as u64;
        self.searched
    }

    /// All losses with the procedures at one offset.
    fn meeting(&mut self, procedures: Vec<Procedure>, stop: &dyn Fn() -> bool) -> Option<()> {
        let first = procedures.iter().map(|procedure| self.base.moment(procedure)).min();
        let mark = self.tape.len();
        let mut live = self.base.begin(&procedures);
        self.procedures = procedures;
        live.run_until(first.unwrap_or_else(|| live.world.now()), &mut self.tape);
        self.finish(live.clone(), &[]);
        let before = packets(&live);
        while !self.base.is_over(&live) && packets(&live) - before < LAST {
            if stop() {
                return None;
            }
            self.lose(&live, &[], before);
            live.step(&mut self.tape);
        }
        self.tape.truncate(mark);
        Some(())
    }

    /// If a packet is about to be sent: what happens when it is lost.
    fn lose(&mut self, live: &Live, lost: &[Loss], before: u32) {
        let Some(of) = live.next_sender() else { return };
        let packet = live.sent[usize::from(node(of).0)] + 1;
        let losses = [lost, &[Loss { of, packet, how: How::Lost }]].concat();
        let mark = self.tape.len();
        let mut live = live.clone();
        live.step_losing(How::Lost, &mut self.tape);
        if losses.len() < self.unit.kind.losses() {
            self.finish(live.clone(), &losses);
            while packets(&live) - before < self.unit.window && !self.base.is_over(&live) {
                self.lose(&live, &losses, before);
                live.step(&mut self.tape);
            }
        } else {
            self.finish(live, &losses);
        }
        self.tape.truncate(mark);
    }

    /// Plays on to the end without further losses, or to where the rest is known, and judges.
    fn finish(&mut self, mut live: Live, losses: &[Loss]) {
        let mark = self.tape.len();
        let mut way = Way::default();
        let mut next = self.after(live.world.now());
        let mut joins = self.prune;
        while !self.base.is_over(&live) {
            if joins && live.next_event().is_some_and(|at| at > next) {
                live.run_until(next, &mut self.tape);
                let key = self.compare(&mut live, &mut way, next);
                if let Some(rest) = self.known.get(&key).copied() {
                    if self.base.judge(&mut self.seen, &self.tape, &live, false).is_empty() {
                        self.searched.joined += 1;
                        self.count(&way.whole().then(&rest));
                        self.tape.truncate(mark);
                        return;
                    }
                    // Whatever it is, it is judged as a whole.
                    joins = false;
                }
                next = self.after(next);
            } else {
                live.step(&mut self.tape);
            }
        }
        self.base.end(&mut live, &mut self.tape);
        way.cut(live.trace.until(live.world.now()));
        self.count(&way.whole());
        self.states.insert(live.world.canonical_hash());
        let findings = self.base.judge(&mut self.seen, &self.tape, &live, true);
        if findings.is_empty() {
            for (key, rest) in way.rests() {
                self.known.entry(key).or_insert(rest);
            }
        } else {
            self.found(findings, losses);
        }
        self.tape.truncate(mark);
    }

    /// The next moment of comparison.
    fn after(&self, now: Instant) -> Instant {
        let step = self.base.interval.times(GRID);
        let since = now.since(self.base.live.world.now());
        self.base.live.world.now() + step.times(since.ticks() / step.ticks() + 1)
    }

    fn compare(&mut self, live: &mut Live, way: &mut Way, now: Instant) -> Key {
        let (state, known) = live.keys();
        self.states.insert(state);
        let key = (now.since(self.base.live.world.now()), known);
        way.cut(live.trace.until(now));
        way.keys.push(key);
        live.trace = Tracer::new(now);
        key
    }

    fn count(&mut self, trace: &Digest) {
        self.searched.runs += 1;
        self.traces.insert(trace.value());
    }

    fn found(&mut self, findings: Vec<Found>, losses: &[Loss]) {
        self.searched.violations += 1;
        for found in findings {
            if self.rules.insert((found.rule.clone(), found.culprit)) {
                let case = Case {
                    procedures: self.procedures.clone(),
                    losses: losses.to_vec(),
                    ..self.unit.case.clone()
                };
                self.searched.findings.push((case, found));
            }
        }
    }
}

fn packets(live: &Live) -> u32 {
    live.sent.iter().sum()
}

/// The trace on air of one path, cut at each moment of comparison.
#[derive(Default)]
struct Way {
    parts: Vec<Digest>,
    keys: Vec<Key>,
}

impl Way {
    fn cut(&mut self, part: Digest) {
        self.parts.push(part);
    }

    fn whole(&self) -> Digest {
        self.parts.iter().fold(Digest::default(), |sum, part| sum.then(part))
    }

    /// Every moment of comparison, with the trace on air from it to the end.
    fn rests(&self) -> Vec<(Key, Digest)> {
        let mut rest = Digest::default();
        let mut all = Vec::new();
        let parts = self.parts.iter().skip(1).rev();
        // The last part follows the last moment.
        for (part, key) in parts.zip(self.keys.iter().rev()) {
            rest = part.then(&rest);
            all.push((*key, rest));
        }
        all
    }
}

#[cfg(test)]
mod tests;
