//! Leaving out connection events in which nothing can happen.
//!
//! In an event of an idle connection both ends send an Empty PDU. What is different afterwards is
//! counters, the channel, and times that move on by an interval of the central's clock. So a number
//! of them can be left out at once, if nothing comes between that would draw a random number or do
//! anything else. The events after that are played: what an event leaves behind beyond counters
//! (where an anchor point was seen, how long the processor was busy) they leave behind as if all
//! had been played. Numbers of events are even, so that SN and NESN stand as before.

use ble::hci::Role;
use ble::phy::Phy;
use ble::time::{Duration, Instant};

use super::World;
use super::engine::{Engine, EngineEvent};
use super::station::Station;
use crate::leap::Idle;
use crate::node::{Node, NodeId};
use crate::radio::State;

/// Events that are played before whatever comes next.
const PLAYED: u64 = 4;
/// Most events at a time; connEventCount has 16 bits.
const MOST: u64 = 0xFFF0;

impl<N: Node> World<N> {
    /// Leaves out the next events of the only connection, if nothing can happen in them, and moves
    /// on as far as they take: to a few events before `latest`, before whatever else is to come,
    /// and at most `most` events. Returns how many were left out; 0 where this moment does not
    /// allow it.
    ///
    /// What goes on from there is as if they had been played, but that they are in no records, that
    /// [`Self::told`] does not count them, and that no node counts what they would have cost it.
    /// It is not possible between the packets of an event, with peripheral latency, with loss,
    /// noise, interference, jitter, faults or the hash of the air, beside a node that advertises or
    /// scans, or for nodes that know nothing of it ([`Node::idle`]).
    pub fn leap(&mut self, latest: Instant, most: u64) -> u64 {
        if self.is_halted() || !self.engine.allows_leaps() {
            return 0;
        }
        let Some((ends, horizon)) = self.idle_ends(latest) else { return 0 };
        let [(central, idle), (peripheral, _)] = ends;
        let events = self.engine.events_before(horizon, idle.interval).min(most).min(MOST) & !1;
        let Ok(counted) = u16::try_from(events) else { return 0 };
        let span = idle.interval.times(events);
        let Some(moved) = self.engine.moved(central, idle.anchor, span) else { return 0 };
        let left = horizon.since(self.engine.now);
        if events == 0 || moved + idle.interval.times(2) > left {
            return 0;
        }
        let local = self.engine.local(peripheral);
        self.engine.now += moved;
        let by = self.engine.local(peripheral).since(local);
        for (node, by) in [(central, span), (peripheral, by)] {
            let Some(value) = self.nodes.get_mut(usize::from(node.0)) else { continue };
            value.leap(counted, by);
            let deadline = value.deadline();
            self.engine.set_deadline(node, deadline);
        }
        events
    }

    /// Does all events up to and including `t` as [`Self::run_until`], and leaps where it can.
    /// Returns the number of connection events that were left out.
    pub fn leap_until(&mut self, t: Instant) -> u64 {
        let mut left_out = 0;
        while self.next_event().is_some_and(|next| next <= t) {
            let leapt = self.leap(t, u64::MAX);
            left_out += leapt;
            if leapt == 0 {
                self.step();
                if self.is_halted() {
                    return left_out;
                }
            }
        }
        self.run_until(t);
        left_out
    }

    /// Central and peripheral of the connection, if there is one, nothing happens in it, and nobody
    /// else does anything; and when somebody does.
    fn idle_ends(&self, latest: Instant) -> Option<([(NodeId, Idle); 2], Instant)> {
        let mut ends: [Option<(NodeId, Idle)>; 2] = [None; 2];
        let mut horizon = latest;
        for (id, node) in self.nodes() {
            let local = match node.idle() {
                Some(idle) => {
                    let place = &mut ends[usize::from(idle.role == Role::Peripheral)];
                    if place.replace((id, idle)).is_some() {
                        return None;
                    }
                    idle.until
                }
                None => node.deadline(),
            };
            horizon = local.map_or(horizon, |at| horizon.min(self.world_time(id, at)));
        }
        let [Some(central), Some(peripheral)] = ends else { return None };
        let (a, b) = (central.1, peripheral.1);
        let one = a.access_address == b.access_address && a.interval == b.interval;
        let ends = [central, peripheral];
        let own = ends.map(|(id, _)| id);
        let [first, second] = own;
        let clear = self.engine.is_clear(first, second) && self.engine.is_clear(second, first);
        (one && clear).then(|| (ends, self.engine.next_but_for(own, horizon)))
    }
}

impl Engine {
    /// Whether all radios are off, nothing is on air, and nothing is drawn at random.
    fn allows_leaps(&self) -> bool {
        let off = |station: &Station| {
            let exact = station.clocks.sleep_jitter_us == 0 && station.clocks.active_jitter_us == 0;
            exact && !station.radio.bare && matches!(station.radio.state(), State::Off)
        };
        self.stations.iter().all(off)
            && self.faults.is_empty()
            && self.recorder.forgoes_air_hash()
            && self.medium.on_air(self.now).next().is_none()
    }

    /// Whether all packets of one node arrive right at another.
    fn is_clear(&self, from: NodeId, to: NodeId) -> bool {
        let phys = [Phy::Le1M, Phy::Le2M, Phy::LeCoded];
        phys.into_iter().all(|phy| {
            self.medium.loss_ppm(to, phy) == 0 && self.medium.is_errorless(from, to, phy)
        })
    }

    /// When the next event is due that is no timer of these nodes, `latest` at the latest.
    fn next_but_for(&self, own: [NodeId; 2], latest: Instant) -> Instant {
        let others = self
            .queue
            .iter()
            .find(|(_, event)| !matches!(event, EngineEvent::Timer(node) if own.contains(node)));
        others.map_or(latest, |(at, _)| latest.min(at))
    }

    /// Connection events that can be left out before a moment.
    fn events_before(&self, horizon: Instant, interval: Duration) -> u64 {
        let time = horizon.since(self.now).ticks();
        // Of a clock that is slow, events take longer; nothing is slower than half.
        let whole = time.checked_div(interval.ticks()).unwrap_or(0);
        whole.saturating_sub(PLAYED + whole / 1_000)
    }

    /// World time that passes while a node's clock goes from an instant on for a span; `None`: its
    /// clock does not reach that far.
    fn moved(&self, node: NodeId, from: Instant, span: Duration) -> Option<Duration> {
        let clock = &self.station(node)?.sleep;
        Some(clock.world(from + span).since(clock.world(from)))
    }
}
