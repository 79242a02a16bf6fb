//! One connection: what is known of it, and its connection events (Vol 6, Part B, 4.5).

use std::collections::VecDeque;

use ble::address::Address;
use ble::crypto::ccm::Cipher;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, AclBoundary, Event, Handle};
use ble::link::LinkId;
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::{Coding, Phy, T_IFS_US, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::schedule::Waited;
use ble::time::{Duration, Instant};

use super::channel::Hopping;
use super::control::Control;
use super::flow::{DataOut, Flow, InFlight, Kind};
use super::procedure::channels::Minimum;
use super::procedure::length::Lengths;
use super::procedure::ping::PayloadTimer;
use super::procedure::schedule::Scheduled;
use super::quirk::QuirkState;
use super::scan::Connecting;
use super::shared::Shared;
use super::smp::{SmpWatch, Way};

/// How long before an anchor point the event is handed to the radio.
pub(super) const LEAD: Duration = Duration::from_us(300);

/// Interval, latency and supervision timeout in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameters {
    /// Units of 1.25 ms.
    pub(super) interval: u16,
    /// Events.
    pub(super) latency: u16,
    /// Units of 10 ms.
    pub(super) timeout: u16,
}

impl Parameters {
    pub(super) fn interval(self) -> Duration {
        units(self.interval)
    }

    pub(super) fn timeout(self) -> Duration {
        Duration::from_ms(10).times(u64::from(self.timeout))
    }
}

/// `n` units of 1.25 ms.
pub(super) const fn units(n: u16) -> Duration {
    Duration::from_us(1_250).times(n as u64)
}

/// The ciphers in force, per direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ciphers {
    pub(super) tx: Option<Cipher>,
    pub(super) rx: Option<Cipher>,
}

/// The event that is under way, or was last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct EventState {
    channel: u8,
    crc_errors: u8,
    sent_md: bool,
    /// The last PDU that came may change the ciphers: a new one of ours would be sealed too early.
    undecided: bool,
}

/// A packet as it is to leave.
struct Packet {
    phy: TxPhy,
    pdu: AirPdu,
    tag: Tag,
    then: AfterTransmit,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) handle: Handle,
    /// As on air.
    pub(super) peer: Address,
    /// What the peer's features are remembered by.
    pub(super) identity: Address,
    pub(super) access_address: u32,
    crc_init: u32,
    hopping: Hopping,
    pub(super) channel_map: u64,
    /// What the peripheral has asked for.
    pub(super) minimum: Minimum,
    /// connEventCount of the event that is under way or comes next.
    pub(super) counter: u16,
    /// Events since the connection was made; does not wrap.
    pub(super) events: u32,
    /// Anchor point of that event.
    pub(super) anchor: Instant,
    pub(super) parameters: Parameters,
    established: bool,
    /// Last packet with a right CRC, or creation.
    pub(super) heard: Instant,
    pub(super) tx: Phy,
    pub(super) rx: Phy,
    /// Of new PDUs on LE Coded.
    pub(super) coding: Coding,
    pub(super) flow: Flow,
    pub(super) lengths: Lengths,
    pub(super) control: Control,
    pub(super) scheduled: Scheduled,
    pub(super) quirks: QuirkState,
    pub(super) smp: SmpWatch,
    pub(super) features: Option<FeatureSet>,
    pub(super) features_cached: bool,
    pub(super) first_connection: bool,
    pub(super) ciphers: Ciphers,
    /// Its PDUs may have a MIC, from the first encryption on.
    pub(super) had_ciphers: bool,
    pub(super) payload_timer: PayloadTimer,
    event: EventState,
    /// Events in a row that did not take place, because the radio was not free.
    pub(super) waited: Waited,
    /// The peer has terminated for this reason.
    pub(super) terminated: Option<ErrorCode>,
    /// The packet on its way acknowledges the peer's LL_TERMINATE_IND.
    leaving: bool,
    /// The connection is over for this reason.
    pub(super) gone: Option<ErrorCode>,
}

impl Link {
    /// A connection made by a CONNECT_IND that ended at `now`.
    pub(super) fn new(
        sh: &Shared,
        now: Instant,
        id: LinkId,
        handle: Handle,
        connecting: &Connecting,
    ) -> Self {
        // LL-WIN-1: transmit window.
        let Connecting { request, identity, csa2, phy } = connecting;
        let (delay, phy) = (connecting.window_delay(), phy.unwrap_or_default());
        // Well inside the transmit window, whichever way the clocks err.
        let window = units(u16::from(request.win_size)).divided_by(2);
        Self {
            id,
            handle,
            peer: request.advertiser,
            identity: *identity,
            access_address: request.access_address,
            crc_init: request.crc_init,
            // LL-CONN-2: `csa2` is ChSel of both.
            hopping: if *csa2 {
                Hopping::two(request.access_address)
            } else {
                Hopping::one(request.hop)
            },
            channel_map: request.channel_map,
            minimum: Minimum::default(),
            counter: 0,
            events: 0,
            anchor: now + delay + units(request.win_offset) + window,
            parameters: Parameters {
                interval: request.interval,
                latency: request.latency,
                timeout: request.timeout,
            },
            established: false,
            heard: now,
            tx: phy,
            rx: phy,
            coding: Coding::S8,
            // LL-SN-2: first numbers.
            flow: Flow::default(),
            lengths: Lengths::new(sh),
            control: Control::default(),
            scheduled: Scheduled::default(),
            quirks: QuirkState::default(),
            smp: SmpWatch::default(),
            features: None,
            features_cached: sh.known_features(*identity).is_some(),
            first_connection: !sh.connected_before,
            ciphers: Ciphers::default(),
            had_ciphers: false,
            payload_timer: PayloadTimer::default(),
            event: EventState::default(),
            waited: Waited::NONE,
            terminated: None,
            leaving: false,
            gone: None,
        }
    }

    /// When the radio must be given the next event.
    pub(super) fn preparation(&self) -> Instant {
        self.anchor.before(LEAD)
    }

    /// When the connection is lost unless something is heard.
    fn supervision(&self) -> Instant {
        // LL-SUP-2: six intervals.
        let patience = if self.established {
            self.parameters.timeout()
        } else {
            self.parameters.interval().times(6)
        };
        self.heard + patience
    }

    /// When [`Self::expire`] is due, events aside.
    pub(super) fn deadline(&self) -> Instant {
        [self.control_deadline(), self.payload_deadline()]
            .into_iter()
            .flatten()
            .fold(self.supervision(), Instant::min)
    }

    /// Acts upon all timers that have run out.
    pub(super) fn expire(&mut self, sh: &mut Shared, now: Instant) {
        if now >= self.supervision() {
            let reason = if self.control.terminating() {
                ErrorCode::LOCAL_HOST_TERMINATED
            } else if self.established {
                ErrorCode::CONNECTION_TIMEOUT
            } else {
                ErrorCode::FAILED_TO_ESTABLISH
            };
            self.gone.get_or_insert(reason);
            return;
        }
        self.expire_procedures(sh, now);
        self.expire_payload_timer(sh, now);
    }

    fn tuning(&self) -> Tuning {
        Tuning {
            channel: self.event.channel,
            access_address: self.access_address,
            crc_init: self.crc_init,
        }
    }

    /// Begins the next event: what the radio shall do, if the link layer does anything at all.
    pub(super) fn begin_event(&mut self, sh: &mut Shared) -> Option<RadioCommand> {
        self.apply_instants(sh);
        // LL-CHAN-1: channel sequence.
        let channel = self.hopping.next(self.counter, self.channel_map);
        self.event = EventState { channel, ..EventState::default() };
        // LL-LIVE-3: only a quirk keeps a central from it.
        if self.quirks.silent() {
            return None;
        }
        let Packet { phy, pdu, tag, then } = self.packet(sh);
        let (at, tuning) = (self.anchor, self.tuning());
        Some(RadioCommand::Transmit { at, tuning, phy, pdu, tag, then })
    }

    /// The event is over, or could not take place.
    pub(super) fn end_event(&mut self, sh: &mut Shared, now: Instant) {
        self.counter = self.counter.wrapping_add(1);
        self.events = self.events.saturating_add(1);
        // LL-ANCHOR-1: anchor points. LL-EVENT-2: event counter.
        self.anchor += self.parameters.interval();
        for (request, answer) in self.quirks.event_ended() {
            self.give(sh, now, request, answer);
        }
        self.control_event_ended(sh, now);
    }

    /// Queues what the controller starts by itself in the coming event.
    pub(super) fn queue_automatic(&mut self, sh: &mut Shared, now: Instant) {
        if let Ok(event) = u16::try_from(self.events) {
            self.queue_own_procedures(sh, event);
            self.press_due(sh, now, event);
        }
        self.run(sh, now);
    }

    /// A packet of the running event has left.
    pub(super) fn transmitted(&mut self) {
        if self.leaving {
            self.gone = self.gone.or(self.terminated);
        }
    }

    /// A packet has come in the running event. Gives the reply if the event goes on; it must
    /// leave no later than `limit`, and so must the peer's answer to it.
    pub(super) fn received(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: &AirPdu,
        crc_ok: bool,
        limit: Instant,
    ) -> Option<RadioCommand> {
        if !crc_ok {
            self.event.crc_errors = self.event.crc_errors.saturating_add(1);
            // LL-EVENT-1: end of a connection event.
            let goes_on = self.event.sent_md && self.event.crc_errors < 2;
            return if goes_on { self.reply(sh, now, limit) } else { None };
        }
        self.event.crc_errors = 0;
        self.established = true;
        // LL-SUP-1: supervision.
        self.heard = now;
        let header = DataHeader::from_octet(pdu.header());
        let heard = self.flow.hear(header);
        if let Some(sent) = heard.acknowledged {
            self.acknowledged(sh, sent);
        }
        self.event.undecided = heard.new && pdu.payload_len() > 0 && self.ciphers_may_change();
        let goes_on = header.md || self.event.sent_md;
        let reply = if goes_on && self.gone.is_none() { self.reply(sh, now, limit) } else { None };
        if heard.new && self.gone.is_none() {
            self.deliver(sh, now, header.llid, pdu);
        }
        reply.filter(|_| self.gone.is_none())
    }

    fn reply(&mut self, sh: &mut Shared, now: Instant, limit: Instant) -> Option<RadioCommand> {
        let t_ifs = Duration::from_us(u64::from(T_IFS_US));
        // LL-EVENT-4: room before the next anchor.
        let longest = self.longest_exchange();
        if now + t_ifs.times(3) + longest > limit.min(self.anchor + self.parameters.interval()) {
            return None;
        }
        let Packet { phy, pdu, tag, then } = self.packet(sh);
        Some(RadioCommand::Reply { phy, pdu, tag, then })
    }

    /// The packet to send now: what is in flight, else the next in the queues, else an empty PDU.
    // LL-RETX-1: only NESN, SN and MD are new.
    fn packet(&mut self, sh: &mut Shared) -> Packet {
        let next = match self.flow.in_flight.take() {
            Some(in_flight) => in_flight,
            None => self.pick(sh),
        };
        let md = self.has_more();
        self.event.sent_md = md;
        let mut pdu = next.pdu.clone();
        pdu.set_header(self.flow.header(next.llid, md).octet());
        let (tag, phy) = (next.tag, self.tx.sent_with(next.coding));
        self.flow.in_flight = Some(next);
        self.leaving = self.terminated.is_some();
        // LL-LEN-9: what a receiver takes.
        let next = Receiver { phy: self.rx, longest: self.longest_heard() };
        let then = if self.leaving { AfterTransmit::Stop } else { AfterTransmit::Receive(next) };
        Packet { phy, pdu, tag, then }
    }

    fn has_more(&self) -> bool {
        !self.quirks.blocked
            && (!self.flow.control.is_empty() || self.data_flows() && !self.flow.data.is_empty())
    }

    /// Takes the next PDU from the queues, encrypted if encryption is on.
    fn pick(&mut self, sh: &mut Shared) -> InFlight {
        // LL-ENC-2: what has just come may be what changes them.
        if self.has_more() && !self.event.undecided {
            // LL-LIVE-2: control PDUs go first.
            if let Some(next) = self.flow.control.pop_front() {
                let pdu = self.set_instant(sh, next.pdu);
                let kind = Kind::Control(pdu.opcode());
                return self.seal(Llid::Control, &pdu.encode(), next.tag, kind);
            }
            if let Some(fragment) = self.next_fragment(sh) {
                return fragment;
            }
        }
        self.seal(Llid::Continuation, &[], 0, Kind::Empty)
    }

    fn next_fragment(&mut self, sh: &mut Shared) -> Option<InFlight> {
        let longest = self.longest_fragment();
        let packet = self.flow.data.front_mut()?;
        let llid = match packet.boundary {
            AclBoundary::First => Llid::Start,
            AclBoundary::Continuing => Llid::Continuation,
        };
        let octets: Vec<u8> = packet.rest.drain(..longest.min(packet.rest.len())).collect();
        let (tag, last) = (packet.tag, packet.rest.is_empty());
        if last {
            self.flow.data.pop_front();
        } else {
            packet.boundary = AclBoundary::Continuing;
            packet.tag = sh.tag();
            let rest = packet.tag;
            sh.queued(self.id, rest, None);
        }
        Some(self.seal(llid, &octets, tag, Kind::Data { last }))
    }

    /// Encrypts a new PDU, if it has a payload and encryption is on.
    fn seal(&mut self, llid: Llid, octets: &[u8], tag: Tag, kind: Kind) -> InFlight {
        let mut payload = Payload::from_slice(octets).unwrap_or_default();
        // LL-ENC-2: no plain text afterwards. LL-MIC-1: integrity and packet counter.
        if !payload.is_empty()
            && let Some(cipher) = &mut self.ciphers.tx
            && cipher.encrypt(llid, &mut payload).is_err()
        {
            // Only after 2³⁹ PDUs: the key must not be used any more.
            self.gone = Some(ErrorCode::MIC_FAILURE);
        }
        let pdu = AirPdu::new(llid as u8, &payload).unwrap_or_default();
        InFlight { llid, pdu, tag, kind, coding: self.coding }
    }

    fn acknowledged(&mut self, sh: &mut Shared, sent: InFlight) {
        match sent.kind {
            Kind::Data { last: true } => {
                sh.event(Event::NumberOfCompletedPackets { handle: self.handle, count: 1 });
            }
            Kind::Control(opcode) => self.control_acknowledged(opcode),
            Kind::Data { last: false } | Kind::Empty => {}
        }
    }

    /// A new PDU from the peer.
    fn deliver(&mut self, sh: &mut Shared, now: Instant, llid: Llid, pdu: &AirPdu) {
        // LL-FRAME-3: LLID.
        let announced = pdu.octets().get(1).copied().map_or(0, usize::from);
        let Ok(mut payload) = Payload::from_slice(pdu.payload()) else {
            return;
        };
        if announced != payload.len() {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::WrongLength);
        }
        if payload.is_empty() {
            return match llid {
                Llid::Continuation => {}
                Llid::Control => self.receive_control(sh, now, &payload),
                Llid::Start | Llid::Reserved => {
                    sh.misbehaved(Some(self.id), PeerMisbehaved::WrongLength);
                }
            };
        }
        if let Some(cipher) = &mut self.ciphers.rx {
            if cipher.decrypt(llid, &mut payload).is_err() {
                // LL-MIC-2: wrong MIC.
                sh.misbehaved(Some(self.id), PeerMisbehaved::BadMic);
                self.gone = Some(ErrorCode::MIC_FAILURE);
                return;
            }
            self.payload_timer.restart(now);
        }
        match llid {
            Llid::Control => self.receive_control(sh, now, &payload),
            Llid::Start => self.receive_data(sh, AclBoundary::First, &payload),
            Llid::Continuation => self.receive_data(sh, AclBoundary::Continuing, &payload),
            Llid::Reserved => sh.misbehaved(Some(self.id), PeerMisbehaved::ReservedLlid),
        }
    }

    fn receive_data(&mut self, sh: &mut Shared, boundary: AclBoundary, octets: &[u8]) {
        if self.must_be_quiet() {
            return self.broke_encryption_start(sh);
        }
        match heapless::Vec::from_slice(octets) {
            Ok(data) => {
                self.smp.pass(Way::In, boundary, &data);
                sh.acl(Acl { handle: self.handle, boundary, data });
            }
            Err(_) => sh.misbehaved(Some(self.id), PeerMisbehaved::WrongLength),
        }
    }

    /// ACL data from the host. Empty packets are refused by HCI, so there is always something
    /// to send.
    pub(super) fn send_data(&mut self, sh: &mut Shared, acl: &Acl) {
        let tag = sh.tag();
        sh.queued(self.id, tag, None);
        self.smp.pass(Way::Out, acl.boundary, &acl.data);
        let rest = acl.data.to_vec();
        self.flow.data.push_back(DataOut { tag, boundary: acl.boundary, rest });
    }

    /// Packets of the host that are not acknowledged.
    pub(super) fn outstanding(&self) -> usize {
        let in_flight =
            matches!(self.flow.in_flight, Some(InFlight { kind: Kind::Data { last: true }, .. }));
        self.flow.data.len() + usize::from(in_flight)
    }

    /// Queues a control PDU.
    pub(super) fn send(&mut self, sh: &mut Shared, pdu: ControlPdu) {
        let tag = sh.tag();
        sh.queued(self.id, tag, Some(pdu.opcode()));
        self.flow.control.push_back(super::flow::ControlOut { tag, pdu });
    }

    /// Drops all that waits to be sent.
    pub(super) fn forget_queues(&mut self) {
        self.flow.control = VecDeque::new();
        self.flow.data = VecDeque::new();
    }
}
