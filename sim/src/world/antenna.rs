//! Nodes that are their own radio: see [`crate::antenna`].

use std::sync::Arc;

use ble::phy::{Coding, Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, Receiver, Tuning};
use ble::time::Instant;

use super::engine::{Delivery, Engine};
use super::signal::symbols_time;
use crate::antenna::{Emission, Order, Signal};
use crate::medium::{fec, frame, whitening};
use crate::node::{NodeId, NodeInput};
use crate::radio::{Judged, Lock, Outgoing, State};
use crate::record::{Reception, RecordId, RecordKind};

impl Engine {
    /// Takes an order from a node that is its own radio.
    pub(super) fn order(&mut self, node: NodeId, order: Order, causes: Vec<RecordId>) {
        let Some(station) = self.station_mut(node) else { return };
        station.radio.bare = true;
        match order {
            Order::Send(emission) => self.emit(node, emission, causes),
            Order::Listen { since, channel, phy, access_address } => {
                self.leave(node);
                let Some(station) = self.station_mut(node) else { return };
                station.radio.causes = causes;
                let since = station.sleep.world(since);
                let tuning = Tuning { channel, access_address, crc_init: 0 };
                let receiver = Receiver::any(phy);
                self.stations.begin(node, State::Listening { tuning, receiver, since });
            }
            Order::Expect { octets } => {
                let State::Receiving { lock, .. } = station.radio.state() else { return };
                let symbols = frame::sync_symbols(lock.phy) + 8 * (2 + usize::from(octets));
                let end = lock.start + symbols_time(lock.phy, symbols);
                let state = station.radio.state().clone();
                self.schedule(node, end, state);
            }
            Order::Received { crc_ok } => self.judge(node, crc_ok),
            Order::Off => {
                let listened = matches!(station.radio.state(), State::Listening { .. });
                self.leave(node);
                if listened {
                    let causes = self.causes(node);
                    self.record(node, &causes, RecordKind::AirMiss);
                }
            }
        }
    }

    fn leave(&mut self, node: NodeId) {
        let Some(station) = self.stations.begin(node, State::Off) else { return };
        if let Some(ticket) = station.step.take() {
            self.queue.cancel(ticket);
        }
    }

    fn emit(&mut self, node: NodeId, emission: Emission, causes: Vec<RecordId>) {
        let Emission { at, channel, phy, access_address, crc_init, body } = emission;
        self.leave(node);
        let now = self.now;
        let Some(station) = self.station_mut(node) else { return };
        let at = station.sleep.world(at);
        debug_assert!(at >= now, "a packet begins in the past");
        // What it was made because of is known to the node alone; what it follows, to the radio.
        station.radio.causes.extend(causes);
        let tuning = Tuning { channel, access_address, crc_init };
        let mut plain = body.clone();
        whitening::whiten(channel, &mut plain);
        let pdu = plain.get(..plain.len().saturating_sub(3)).and_then(AirPdu::from_octets);
        let outgoing = Outgoing {
            tuning,
            phy,
            pdu: pdu.unwrap_or_default(),
            tag: 0,
            then: AfterTransmit::Stop,
            body: Some(Arc::from(body)),
        };
        self.schedule(node, at, State::ToSend(outgoing));
    }

    fn judge(&mut self, node: NodeId, crc_ok: bool) {
        let Some(station) = self.station_mut(node) else { return };
        let Some(Judged { tx, rssi_dbm }) = station.radio.judged.take() else { return };
        let reception = if crc_ok { Reception::Ok } else { Reception::CrcError };
        let kind = RecordKind::AirRx { tx: tx.unwrap_or(RecordId(0)), reception, rssi_dbm };
        let record = self.record(node, tx.as_slice(), kind);
        if let Some(station) = self.station_mut(node) {
            station.radio.causes = record.into_iter().collect();
        }
    }

    /// The next part of a packet has arrived there: the header, or the rest.
    pub(super) fn receive_bare(
        &mut self,
        node: NodeId,
        tuning: Tuning,
        mut lock: Lock,
    ) -> Option<Delivery> {
        if lock.phy.phy() == Phy::LeCoded {
            return self.receive_coded(node, tuning, lock);
        }
        let header = frame::sync_symbols(lock.phy);
        let body = header + 16;
        let passed = symbols_of(self.now, &lock);
        let range = if lock.length.is_none() { header..body } else { body..passed };
        self.arrive(node, &mut lock, range.clone());
        let octets = lock.symbols.as_ref()?.octets().get(range.start / 8..range.end / 8);
        let signal = Signal::Octets(octets.unwrap_or_default().to_vec());
        let cause = lock.record;
        let judged = Judged { tx: lock.record, rssi_dbm: lock.rssi_dbm };
        let first = lock.length.is_none();
        lock.length = Some(0);
        if first {
            self.stations.begin(node, State::Receiving { tuning, lock });
        } else {
            self.station_mut(node)?.radio.judged = Some(judged);
        }
        Some(Delivery { node, input: NodeInput::Antenna(signal), cause })
    }
}

impl Engine {
    /// The coding indicator has arrived there, or the rest of the packet.
    fn receive_coded(&mut self, node: NodeId, tuning: Tuning, mut lock: Lock) -> Option<Delivery> {
        let first = frame::sync_symbols(lock.phy);
        let second = first + fec::INDICATOR;
        let cause = lock.record;
        if lock.length.is_none() {
            self.arrive(node, &mut lock, first..second);
            let signal = Signal::Coding(coding_of(&lock));
            lock.length = Some(0);
            let end = self.medium.get(lock.packet)?.end;
            self.schedule(node, end, State::Receiving { tuning, lock });
            return Some(Delivery { node, input: NodeInput::Antenna(signal), cause });
        }
        let all = self.medium.get(lock.packet)?.sent;
        self.arrive(node, &mut lock, second..all);
        let phy = Phy::LeCoded.sent_with(coding_of(&lock));
        let mut octets = fec::body(phy, lock.symbols.as_ref()?).unwrap_or_default();
        // Error correction may have mended what a fault has done.
        if let Some(last) = octets.last_mut().filter(|_| self.corruption(node, &lock).is_some()) {
            *last ^= 1;
        }
        let judged = Judged { tx: lock.record, rssi_dbm: lock.rssi_dbm };
        self.station_mut(node)?.radio.judged = Some(judged);
        Some(Delivery { node, input: NodeInput::Antenna(Signal::Octets(octets)), cause })
    }
}

/// As the coding indicator says; a reserved one is taken for S=8.
fn coding_of(lock: &Lock) -> Coding {
    match lock.symbols.as_ref().and_then(fec::decode_block_1) {
        Some((_, TxPhy::CodedS2)) => Coding::S2,
        _ => Coding::S8,
    }
}

/// Symbols of a packet that have passed.
fn symbols_of(now: Instant, lock: &Lock) -> usize {
    (now.since(lock.start).ticks() / frame::symbol_ticks(lock.phy)) as usize
}
