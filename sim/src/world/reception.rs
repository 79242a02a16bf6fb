//! How packets arrive: who catches the access address, which symbols come in wrong, what a
//! receiver makes of them.

use std::collections::BTreeSet;
use std::ops::Range;

use ble::phy::Phy;
use ble::radio::{AirPdu, RadioEvent, Tuning};
use ble::time::Duration;

use super::engine::{Delivery, Engine, EngineEvent};
use super::signal::{flip, is_address, symbols_time};
use super::station::Station;
use crate::antenna::Signal;
use crate::medium::fault::FaultEffect;
use crate::medium::{TxId, fec, frame};
use crate::node::{NodeId, NodeInput};
use crate::radio::{Lock, SYNC_LEAD_US, State};
use crate::record::{Reception, RecordId, RecordKind};

impl Engine {
    /// The access address of a packet has passed: who has caught it?
    pub(super) fn sync(&mut self, id: TxId) {
        let Some(packet) = self.medium.get(id) else {
            return;
        };
        let address = packet.start
            + symbols_time(packet.phy, frame::preamble_symbols(packet.phy))
                .saturating_sub(Duration::from_us(SYNC_LEAD_US));
        let heard = |station: &Station| match station.radio.state() {
            &State::Listening { tuning, receiver, since } => {
                let there = tuning.channel == packet.tuning.channel && since <= address;
                (there && receiver.phy == packet.phy.phy()).then_some((tuning, receiver))
            }
            _ => None,
        };
        let mut listeners = self.stations.receivers().filter(|(_, s)| heard(s).is_some());
        let Some((first, _)) = listeners.next() else {
            return;
        };
        // Receivers of one packet take turns: they are all treated alike.
        let alone = listeners.next().is_none();
        drop(listeners);
        // None of them switches its receiver off here.
        for place in 0.. {
            let Some(node) = self.stations.listed(place) else { return };
            let Some(station) = self.stations.get_mut(node).filter(|_| node >= first) else {
                continue;
            };
            let Some((tuning, receiver)) = heard(station) else {
                continue;
            };
            let dropped = packet.strike.filter(|strike| strike.at.is_none_or(|at| at == node));
            if dropped.is_some_and(|strike| strike.effect == FaultEffect::Drop)
                || station.loss.chance_ppm(self.medium.loss_ppm(node, packet.phy.phy()))
            {
                continue;
            }
            let sync = frame::preamble_symbols(packet.phy)..frame::sync_symbols(packet.phy);
            let errors = self.medium.errors(packet, node, sync, &mut station.noise);
            let by_symbols = station.radio.bare || self.long_way;
            let mut symbols = by_symbols.then(|| packet.symbols());
            flip(&mut symbols, packet, &errors);
            if !is_address(packet, symbols.as_ref(), tuning.access_address) {
                continue;
            }
            let mut lock = Lock {
                packet: id,
                phy: packet.phy,
                start: packet.start,
                record: packet.record,
                rssi_dbm: self.medium.rssi_dbm(packet.from, node),
                symbols,
                longest: receiver.longest,
                length: None,
                undivided: None,
            };
            let next = match packet.phy.phy() {
                Phy::LeCoded if station.radio.bare => {
                    self.now + symbols_time(packet.phy, fec::INDICATOR)
                }
                Phy::LeCoded => packet.end,
                Phy::Le1M | Phy::Le2M => self.now + symbols_time(packet.phy, 16),
            };
            if let Some(ticket) = station.step.take() {
                self.queue.cancel(ticket);
            }
            let whole = packet.pdu(tuning.crc_init).filter(|_| {
                alone
                    && lock.symbols.is_none()
                    && packet.phy.phy() != Phy::LeCoded
                    && self.medium.is_undisturbed(packet, node, self.now)
            });
            let event = EngineEvent::Radio(node);
            station.step = Some(match whole {
                Some(pdu) => {
                    lock.take_whole(pdu, self.queue.reserve(next, self.now));
                    self.queue.push(packet.end, next, event)
                }
                None => self.queue.push(next, self.now, event),
            });
            if station.radio.bare {
                let signal = Signal::Address { rssi_dbm: lock.rssi_dbm };
                let event = EngineEvent::told(node, NodeInput::Antenna(signal), lock.record);
                self.queue.push(self.now, self.now, event);
            }
            self.stations.begin(node, State::Receiving { tuning, lock });
        }
    }

    /// Somebody begins to send on this channel, or all may be different on all of them: headers
    /// that have not passed are received for themselves.
    pub(super) fn divide(&mut self, channel: Option<u8>) {
        if channel.is_some_and(|channel| !self.medium.is_busy(channel, self.now, None)) {
            return;
        }
        for place in 0.. {
            let Some(node) = self.stations.listed(place) else { return };
            let Some(station) = self.stations.get_mut(node) else { return };
            let Some((tuning, lock)) = station.radio.lock_mut() else { continue };
            let meant = channel.is_none_or(|channel| channel == tuning.channel);
            if meant && let Some(header) = lock.divide(self.now) {
                if let Some(end) = station.step.replace(header) {
                    self.queue.cancel(end);
                }
                self.queue.redeem(header, EngineEvent::Radio(node));
            }
        }
    }

    /// The next part of a packet has arrived: the header, or (coded: at once) the rest.
    pub(super) fn receive(
        &mut self,
        node: NodeId,
        tuning: Tuning,
        mut lock: Lock,
    ) -> Option<Delivery> {
        let header = frame::sync_symbols(lock.phy);
        let body = header + 16;
        let coded = lock.phy.phy() == Phy::LeCoded;
        if !coded && lock.length.is_none() {
            self.arrive(node, &mut lock, header..body);
            let packet = self.medium.get(lock.packet)?;
            let length = match (&lock.symbols, packet.pdu(packet.tuning.crc_init)) {
                (None, Some(pdu)) => pdu.octets().get(1).copied().unwrap_or(0),
                _ => frame::length_of(tuning.channel, lock.phy, lock.symbols_mut(packet)),
            };
            lock.length = Some(length);
            let total = frame::packet_symbols(lock.phy, usize::from(length));
            let end = lock.start + symbols_time(lock.phy, total);
            self.schedule(node, end, State::Receiving { tuning, lock });
            return None;
        }
        let received = if coded {
            let all = self.medium.get(lock.packet)?.sent;
            self.arrive(node, &mut lock, header..all);
            // Error correction may have mended what a fault has done.
            let right = self.corruption(node, &lock).is_none();
            self.as_sent(&tuning, &mut lock).or_else(|| {
                let symbols = lock.symbols.as_ref()?;
                let (_, phy) = fec::decode_block_1(symbols)?;
                let (pdu, crc_ok) = fec::decode(&tuning, phy, symbols)?;
                Some((pdu, crc_ok && right))
            })
        } else {
            let length = lock.length.unwrap_or(0);
            let total = frame::packet_symbols(lock.phy, usize::from(length));
            self.arrive(node, &mut lock, body..total);
            self.as_sent(&tuning, &mut lock)
                .or_else(|| frame::decode(&tuning, lock.phy, lock.symbols.as_ref()?, length))
        };
        self.received(node, tuning, &lock, received)
    }

    /// What has been received, if no symbol is wrong and it can be told without them. Else they are
    /// there afterwards.
    fn as_sent(&self, tuning: &Tuning, lock: &mut Lock) -> Option<(AirPdu, bool)> {
        let packet = self.medium.get(lock.packet)?;
        match packet.pdu(tuning.crc_init).filter(|_| lock.symbols.is_none()) {
            Some(pdu) => Some((pdu.clone(), true)),
            None => {
                lock.symbols_mut(packet);
                None
            }
        }
    }

    /// How many bits of this packet a fault lets arrive wrong here.
    pub(super) fn corruption(&self, node: NodeId, lock: &Lock) -> Option<u8> {
        let strike = self.medium.get(lock.packet)?.strike?;
        match strike.effect {
            FaultEffect::Corrupt { bits } if strike.at.is_none_or(|at| at == node) => Some(bits),
            _ => None,
        }
    }

    /// Lets the symbols in `range` arrive with errors; after the end of the packet, with nothing
    /// but noise.
    pub(super) fn arrive(&mut self, node: NodeId, lock: &mut Lock, range: Range<usize>) {
        let corruption = self.corruption(node, lock);
        let Some(packet) = self.medium.get(lock.packet) else {
            return;
        };
        let Some(station) = self.stations.get_mut(node) else {
            return;
        };
        let sent = packet.sent;
        let (start, end) = (range.start.min(sent), range.end.min(sent));
        let errors = self.medium.errors(packet, node, start..end, &mut station.noise);
        flip(&mut lock.symbols, packet, &errors);
        if end == sent
            && let Some(bits) = corruption
        {
            let span = u32::try_from(end - start).unwrap_or(0);
            let wrong: BTreeSet<usize> =
                (0..bits.max(1)).map(|_| start + station.fault.below(span) as usize).collect();
            flip(&mut lock.symbols, packet, &wrong.into_iter().collect::<Vec<_>>());
        }
        for _ in sent..range.end {
            let noise = station.noise.u32() & 1 == 1;
            lock.symbols_mut(packet).push(noise);
        }
    }

    fn received(
        &mut self,
        node: NodeId,
        tuning: Tuning,
        lock: &Lock,
        received: Option<(AirPdu, bool)>,
    ) -> Option<Delivery> {
        let (pdu, crc_ok) = received.unwrap_or_default();
        // As a radio with a limit has it: heard to its end, kept up to the limit, never right.
        let kept = 2 + usize::from(lock.longest);
        let (pdu, crc_ok) = match pdu.octets().get(..kept) {
            Some(octets) if octets.len() < pdu.octets().len() => {
                (AirPdu::from_octets(octets).unwrap_or_default(), false)
            }
            _ => (pdu, crc_ok),
        };
        let now = self.now;
        let rssi_dbm = lock.rssi_dbm;
        let tx = lock.record.unwrap_or(RecordId(0));
        let reception = if crc_ok { Reception::Ok } else { Reception::CrcError };
        let causes: Vec<RecordId> = lock.record.into_iter().collect();
        let cause = self.record(node, &causes, RecordKind::AirRx { tx, reception, rssi_dbm });
        let station = self.station_mut(node)?;
        let (start, end) = (station.sleep.local(lock.start), station.sleep.local(now));
        station.radio.received = Some((tuning, now));
        let event = RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm };
        Some(Delivery { node, input: NodeInput::Radio(event), cause })
    }
}
