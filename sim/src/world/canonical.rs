//! The hash of everything but the nodes: without numbers that only count history (tickets, names
//! of transmissions, records), and with world times and local times each relative to now.

use std::hash::Hash;

use ble::time::Instant;

use super::engine::{Engine, EngineEvent};
use super::station::Station;
use crate::hash::RelativeHasher;
use crate::medium::TxId;
use crate::radio::State;

impl Engine {
    pub(super) fn hash_canonically(&self, hasher: &mut RelativeHasher) {
        (self.seed, &self.faults).hash(hasher);
        let on_air = |wanted: TxId| self.medium.on_air(self.now).position(|p| p.id == wanted);
        self.medium.hash_plan(hasher);
        for packet in self.medium.on_air(self.now) {
            packet.hash(hasher);
        }
        for (at, event) in self.queue.iter() {
            at.hash(hasher);
            match event {
                EngineEvent::PowerOn(node) => (0, node).hash(hasher),
                EngineEvent::Timer(node) => (1, node).hash(hasher),
                EngineEvent::Radio(node) => (2, node).hash(hasher),
                EngineEvent::Sync(packet) => (3, on_air(*packet)).hash(hasher),
                EngineEvent::Input(told) => (4, told.node, &told.input).hash(hasher),
            }
        }
        for station in self.stations.iter() {
            hash_station(station, self.now, on_air, hasher);
        }
    }
}

fn hash_station(
    station: &Station,
    now: Instant,
    on_air: impl Fn(TxId) -> Option<usize>,
    hasher: &mut RelativeHasher,
) {
    let local = station.sleep.local(now);
    (station.clocks, station.on).hash(hasher);
    (&station.entropy, &station.noise, &station.jitter).hash(hasher);
    (&station.loss, &station.fault).hash(hasher);
    let received = station.radio.received.filter(|(_, end)| {
        // Later than T_IFS it makes no difference.
        now.since(*end).as_us() <= u64::from(ble::phy::T_IFS_US)
    });
    received.hash(hasher);
    match station.radio.state() {
        State::Off => 0.hash(hasher),
        State::ToSend(outgoing) => (1, outgoing).hash(hasher),
        State::Listening { tuning, receiver, since } if *since > now => {
            (2, tuning, receiver, since).hash(hasher);
        }
        State::ToReportMiss => 3.hash(hasher),
        State::Listening { tuning, receiver, .. } => (4, tuning, receiver).hash(hasher),
        State::Receiving { tuning, lock } => {
            (5, tuning, on_air(lock.packet), lock.phy, lock.start).hash(hasher);
            (&lock.symbols, lock.length, lock.longest).hash(hasher);
        }
        State::Sending { tuning, start, end, then, .. } => {
            (6, tuning, start, end, then).hash(hasher);
        }
    }
    hasher.set_now(local);
    station.timer.map(|(at, _)| at).hash(hasher);
    station.reported.filter(|at| *at >= local).hash(hasher);
    station.radio.pending.as_ref().map(|(command, _)| command).hash(hasher);
    hasher.set_now(now);
}
