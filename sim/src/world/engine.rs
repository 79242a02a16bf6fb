//! Everything in the world but the nodes: events, radios, the air, the record.

use ble::phy::T_IFS_US;
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};

use super::recorder::Recorder;
use super::signal::{symbols_time, sync_time};
use super::station::{Placement, Station};
use super::stations::Stations;
use crate::medium::fault::{Candidate, Faults};
use crate::medium::{Content, Medium, Transmission, TxId, frame};
use crate::node::{Act, NodeId, NodeInput};
use crate::queue::EventQueue;
use crate::radio::{Caused, Outgoing, RAMP_UP_US, State, T_IFS_TOLERANCE_US};
use crate::record::{AirTx, RadioError, RecordId, RecordKind};

/// Something that will happen.
#[derive(Clone, Debug)]
pub(super) enum EngineEvent {
    PowerOn(NodeId),
    Timer(NodeId),
    /// The next step of a radio.
    Radio(NodeId),
    /// The access address of a packet has passed.
    Sync(TxId),
    /// Boxed: an input may be a packet of 300 octets, and the queue moves its events about.
    Input(Box<Delivery>),
}

impl EngineEvent {
    pub(super) fn told(node: NodeId, input: NodeInput, cause: Option<RecordId>) -> Self {
        Self::Input(Box::new(Delivery { node, input, cause }))
    }
}

/// Something that a node must be told.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) node: NodeId,
    pub(super) input: NodeInput,
    pub(super) cause: Option<RecordId>,
}

#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) seed: u64,
    pub(super) now: Instant,
    pub(super) queue: EventQueue<EngineEvent>,
    pub(super) medium: Medium,
    pub(super) stations: Stations,
    pub(super) faults: Faults,
    pub(super) recorder: Recorder,
    /// Whether every packet is received by its symbols, its header first: what the short way of a
    /// packet that nothing disturbs has to equal. No world needs it, but for comparison.
    pub(super) long_way: bool,
}

impl Engine {
    pub(super) fn add(&mut self, name: &str, place: Placement) -> NodeId {
        // More nodes than numbers would take more memory than there is.
        let id = u16::try_from(self.stations.len()).unwrap_or(u16::MAX);
        let start = self.now + place.start_after;
        self.medium.add(place.position_m, place.tx_power_dbm);
        self.stations.push(Station::new(name, self.seed, id, start, place.clocks));
        self.queue.push(start, self.now, EngineEvent::PowerOn(NodeId(id)));
        NodeId(id)
    }

    /// Tells a node something at that time.
    pub(super) fn tell(
        &mut self,
        at: Instant,
        node: NodeId,
        input: NodeInput,
        cause: Option<RecordId>,
    ) {
        self.queue.push(at, self.now, EngineEvent::told(node, input, cause));
    }

    pub(super) fn station(&self, node: NodeId) -> Option<&Station> {
        self.stations.get(node)
    }

    pub(super) fn station_mut(&mut self, node: NodeId) -> Option<&mut Station> {
        self.stations.get_mut(node)
    }

    pub(super) fn local(&self, node: NodeId) -> Instant {
        self.station(node).map_or(self.now, |station| station.sleep.local(self.now))
    }

    pub(super) fn record(
        &mut self,
        node: NodeId,
        causes: &[RecordId],
        kind: RecordKind,
    ) -> Option<RecordId> {
        self.recorder.add(self.now, node, causes, || kind)
    }

    /// Acts and starts that are to come.
    pub(super) fn intended(&self) -> impl Iterator<Item = (Instant, NodeId)> {
        self.queue.iter().filter_map(|(at, event)| match event {
            EngineEvent::PowerOn(node) => Some((at, *node)),
            EngineEvent::Input(delivery) => match delivery.input {
                NodeInput::Act(_) | NodeInput::Saw { .. } => Some((at, delivery.node)),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whose radio begins to send with the next event.
    pub(super) fn next_sender(&self) -> Option<NodeId> {
        match self.queue.iter().next() {
            Some((_, EngineEvent::Radio(node))) => {
                let state = self.station(*node)?.radio.state();
                matches!(state, State::ToSend(_)).then_some(*node)
            }
            _ => None,
        }
    }

    /// Does one event; what comes of it for a node is for the caller to deliver.
    pub(super) fn handle(&mut self, event: EngineEvent) -> Option<Delivery> {
        match event {
            EngineEvent::PowerOn(node) => {
                let station = self.station_mut(node)?;
                station.on = true;
                let entropy = station.entropy.octets();
                let cause = self.record(node, &[], RecordKind::Started);
                Some(Delivery { node, input: NodeInput::Start { entropy }, cause })
            }
            EngineEvent::Timer(node) => {
                let station = self.station_mut(node)?;
                station.reported = station.timer.take().map(|(local, _)| local);
                Some(Delivery { node, input: NodeInput::Timer, cause: None })
            }
            EngineEvent::Radio(node) => self.radio_step(node),
            EngineEvent::Sync(packet) => {
                self.sync(packet);
                None
            }
            EngineEvent::Input(delivery) => self.input(*delivery),
        }
    }

    fn input(&mut self, Delivery { node, input, cause }: Delivery) -> Option<Delivery> {
        let station = self.station_mut(node)?;
        if !station.on {
            return None;
        }
        let NodeInput::Act(act) = &input else {
            return Some(Delivery { node, input, cause });
        };
        if *act == Act::PowerCycle {
            let station = self.stations.begin(node, State::Off)?;
            station.radio = Default::default();
            let (step, timer) = (station.step.take(), station.timer.take());
            step.and_then(|ticket| self.queue.cancel(ticket));
            timer.and_then(|(_, ticket)| self.queue.cancel(ticket));
            self.queue.push(self.now, self.now, EngineEvent::PowerOn(node));
        }
        let causes: Vec<RecordId> = cause.into_iter().collect();
        let acted = RecordKind::Acted(act.clone());
        let cause = self.record(node, &causes, acted);
        Some(Delivery { node, input, cause })
    }

    /// Schedules the node's deadline, if it has changed. A deadline that was reported and still
    /// stands is reported again, but a microsecond later: time must go on.
    pub(super) fn set_deadline(&mut self, node: NodeId, deadline: Option<Instant>) {
        let now = self.now;
        let Some(station) = self.stations.get_mut(node) else {
            return;
        };
        if station.timer.map(|(local, _)| local) == deadline {
            return;
        }
        if let Some((_, ticket)) = station.timer.take() {
            self.queue.cancel(ticket);
        }
        let Some(local) = deadline.filter(|local| *local != Instant::MAX) else {
            return;
        };
        let mut at = station.sleep.world(local).max(now);
        if station.reported == Some(local) {
            at = at.max(now + Duration::from_us(1));
        }
        station.timer = Some((local, self.queue.push(at, now, EngineEvent::Timer(node))));
    }

    // ---- Radio commands ----

    /// Takes a command from a node.
    pub(super) fn command(&mut self, node: NodeId, command: RadioCommand, causes: Vec<RecordId>) {
        let Some(station) = self.station_mut(node) else {
            return;
        };
        if station.radio.is_sending() {
            station.radio.pending = Some((command, causes));
            return;
        }
        station.radio.pending = None;
        if let Some(ticket) = station.step.take() {
            self.queue.cancel(ticket);
        }
        self.begin(node, (command, causes));
    }

    pub(super) fn begin(&mut self, node: NodeId, (command, causes): Caused) {
        let now = self.now;
        let Some(station) = self.station_mut(node) else {
            return;
        };
        station.radio.causes = causes;
        let received = station.radio.received.take();
        match command {
            RadioCommand::Stop => drop(self.stations.begin(node, State::Off)),
            RadioCommand::Receive { from, until, tuning, receiver } => {
                let from = station.sleep_start(from);
                let close = station.sleep.world(until) + sync_time(receiver.phy);
                self.listen(node, from, close, (tuning, receiver));
            }
            RadioCommand::Transmit { at, tuning, phy, pdu, tag, then } => {
                let at = station.sleep_start(at);
                if at < now {
                    self.cannot(node, RadioError::TransmitTooLate);
                } else {
                    self.schedule(
                        node,
                        at,
                        State::ToSend(Outgoing { tuning, phy, pdu, tag, then, body: None }),
                    );
                }
            }
            RadioCommand::Reply { phy, pdu, tag, then } => {
                let Some((tuning, end)) = received else {
                    self.cannot(node, RadioError::NothingToReplyTo);
                    return;
                };
                // LL-TIFS-1, LL-ADV-7: by the active clock of whoever answers.
                let at = end + station.active_span(Duration::from_us(u64::from(T_IFS_US)));
                if now + Duration::from_us(RAMP_UP_US) > at {
                    self.cannot(node, RadioError::ReplyTooLate);
                } else {
                    self.schedule(
                        node,
                        at,
                        State::ToSend(Outgoing { tuning, phy, pdu, tag, then, body: None }),
                    );
                }
            }
        }
    }

    pub(super) fn schedule(&mut self, node: NodeId, at: Instant, state: State) {
        let ticket = self.queue.push(at.max(self.now), self.now, EngineEvent::Radio(node));
        if let Some(station) = self.stations.begin(node, state) {
            station.step = Some(ticket);
        }
    }

    /// Listens from a moment on, which needs no event of its own, until it is switched off.
    fn listen(
        &mut self,
        node: NodeId,
        from: Instant,
        close: Instant,
        (tuning, receiver): (Tuning, Receiver),
    ) {
        let since = from.max(self.now);
        if close <= since {
            return self.schedule(node, self.now, State::ToReportMiss);
        }
        let ticket = self.queue.push(close, since, EngineEvent::Radio(node));
        let listening = State::Listening { tuning, receiver, since };
        if let Some(station) = self.stations.begin(node, listening) {
            station.step = Some(ticket);
        }
    }

    fn cannot(&mut self, node: NodeId, error: RadioError) {
        let causes = self.causes(node);
        let record = self.record(node, &causes, RecordKind::RadioError(error));
        if let (Some(station), Some(record)) = (self.station_mut(node), record) {
            station.radio.causes = vec![record];
        }
        self.schedule(node, self.now, State::ToReportMiss);
    }

    pub(super) fn causes(&self, node: NodeId) -> Vec<RecordId> {
        self.station(node).map_or_else(Vec::new, |station| station.radio.causes.clone())
    }

    // ---- Radio steps ----

    fn radio_step(&mut self, node: NodeId) -> Option<Delivery> {
        let station = self.station_mut(node)?;
        station.step = None;
        let bare = station.radio.bare;
        match self.stations.end(node) {
            State::Off => None,
            State::ToSend(outgoing) => {
                self.send(node, outgoing);
                None
            }
            State::ToReportMiss | State::Listening { .. } => {
                let causes = self.causes(node);
                let cause = self.record(node, &causes, RecordKind::AirMiss);
                let at = self.local(node);
                let input = NodeInput::Radio(RadioEvent::Missed { at });
                Some(Delivery { node, input, cause })
            }
            State::Receiving { tuning, lock } if bare => self.receive_bare(node, tuning, lock),
            State::Receiving { tuning, lock } => self.receive(node, tuning, lock),
            State::Sending { tuning, start, end, then, record } => {
                self.after_sending(node, tuning, then);
                let station = self.station(node)?;
                let (start, end) = (station.sleep.local(start), station.sleep.local(end));
                let input = NodeInput::Radio(RadioEvent::Transmitted { start, end });
                Some(Delivery { node, input, cause: record })
            }
        }
    }

    fn send(&mut self, node: NodeId, outgoing: Outgoing) {
        let Outgoing { tuning, phy, pdu, tag, then, body } = outgoing;
        let start = self.now;
        self.divide(Some(tuning.channel));
        let access_address = tuning.access_address;
        let candidate = Candidate {
            from: node,
            access_address,
            channel: tuning.channel,
            at: start,
            pdu: &pdu,
            tag,
        };
        let Some(station) = self.stations.get_mut(node) else { return };
        let chance = &mut station.fault;
        let struck = self.faults.strike(&candidate, chance);
        let bare = body.as_ref().map(|body| frame::bare(&tuning, phy, body));
        let crc = bare.as_ref().map(|(_, crc)| *crc);
        let is_bare = bare.is_some();
        let packet = Transmission {
            id: TxId::default(),
            from: node,
            tuning,
            phy,
            start,
            end: start,
            content: bare.map_or_else(
                || Content::Pdu(pdu.clone()),
                |(symbols, _)| Content::Symbols(symbols),
            ),
            sent: 0,
            strike: struck.as_ref().map(|(strike, _)| *strike),
            record: None,
        };
        self.recorder.on_air(start, tuning.channel, phy, || packet.symbols());
        let stations = &self.stations;
        let needed = |id| stations.receivers().any(|(_, station)| station.radio.needs(id));
        let id = self.medium.transmit(packet, needed);
        let Some(end) = self.medium.get(id).map(|packet| packet.end) else {
            return;
        };
        let mut causes = self.causes(node);
        causes.extend(self.recorder.queued(node, tag));
        let crc_init = tuning.crc_init;
        let channel = tuning.channel;
        let record = self.recorder.add(start, node, &causes, || {
            let crc = crc.unwrap_or_else(|| frame::crc(&tuning, &pdu));
            RecordKind::AirTx(AirTx { channel, phy, access_address, crc_init, pdu, crc, end, tag })
        });
        if let Some((_, text)) = struck {
            let cause: Vec<RecordId> = record.into_iter().collect();
            self.record(node, &cause, RecordKind::Fault(text));
        }
        if let Some(packet) = self.medium.get_mut(id) {
            packet.record = record;
        }
        let sync = start + symbols_time(phy, frame::sync_symbols(phy));
        self.queue.push(sync, start, EngineEvent::Sync(id));
        if !is_bare {
            self.schedule(node, end, State::Sending { tuning, start, end, then, record });
        }
    }

    fn after_sending(&mut self, node: NodeId, tuning: Tuning, then: AfterTransmit) {
        let now = self.now;
        let Some(station) = self.station_mut(node) else {
            return;
        };
        if let Some(pending) = station.radio.pending.take() {
            self.begin(node, pending);
        } else if let AfterTransmit::Receive(receiver) = then {
            let nominal = Duration::from_us(u64::from(T_IFS_US));
            // The peer's active clock may be 50 ppm off, and so may this one.
            let slack = Duration::from_us(T_IFS_TOLERANCE_US) + nominal.ppm(100);
            let at = now + station.active_span(nominal);
            let close = at + slack + sync_time(receiver.phy);
            self.listen(node, at.before(slack), close, (tuning, receiver));
        }
    }
}
