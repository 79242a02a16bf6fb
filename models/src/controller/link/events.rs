//! Connection events (Vol 6, Part B, 4.5): sending, and received packets.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{AclBoundary, Event};
use ble::pdu::data::{DataHeader, Llid, Payload};
use ble::phy::{T_IFS_US, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::time::{Duration, Instant};

use super::Link;
use crate::controller::flow::{InFlight, PduKind};
use crate::controller::procedure::{instants, terminate};
use crate::controller::shared::Shared;

/// The event that is under way, or was last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct EventState {
    channel: u8,
    crc_errors: u8,
    sent_md: bool,
    sent_control: bool,
    /// The last received PDU may change the ciphers: a new local one would be encrypted too early.
    undecided: bool,
}

/// What procedures and quirks let through.
#[derive(Clone, Copy, Debug)]
pub(in crate::controller) struct Gates {
    /// Control PDUs may leave.
    pub(in crate::controller) control: bool,
    /// ACL data may leave.
    pub(in crate::controller) data: bool,
    /// The peer's next PDU can be the one with which the ciphers change.
    pub(in crate::controller) ciphers_may_change: bool,
}

/// The meaning of a received packet for the event.
#[derive(Clone, Copy, Debug)]
pub(in crate::controller) struct EventPacket {
    /// It has a PDU that is no repetition.
    pub(in crate::controller) new: bool,
    /// The event continues, if there is time.
    pub(in crate::controller) goes_on: bool,
}

/// A packet to send.
struct Packet {
    phy: TxPhy,
    pdu: AirPdu,
    tag: Tag,
    then: AfterTransmit,
}

impl Link {
    fn tuning(&self) -> Tuning {
        Tuning {
            channel: self.event.channel,
            access_address: self.access_address,
            crc_init: self.crc_init,
        }
    }

    /// Begins the next event, whether it takes place or not.
    pub(in crate::controller) fn begin_event(&mut self) {
        // LL-CHAN-1: channel sequence.
        let channel = self.hopping.next(self.counter, self.channel_map);
        self.event = EventState { channel, ..EventState::default() };
    }

    /// The first packet of the event.
    pub(in crate::controller) fn first(&mut self, sh: &mut Shared, gates: Gates) -> RadioCommand {
        let Packet { phy, pdu, tag, then } = self.packet(sh, gates);
        let (at, tuning) = (self.anchor, self.tuning());
        RadioCommand::Transmit { at, tuning, phy, pdu, tag, then }
    }

    /// The event is over, or could not take place.
    pub(in crate::controller) fn end_event(&mut self) {
        self.counter = self.counter.wrapping_add(1);
        self.events = self.events.saturating_add(1);
        // LL-ANCHOR-1: anchor points. LL-EVENT-2: event counter.
        self.anchor += self.parameters.interval();
    }

    /// A packet of the running event has left.
    pub(in crate::controller) fn transmitted(&mut self) {
        if self.leaving {
            self.terminated.into_iter().for_each(|reason| self.disconnect(reason));
        }
    }

    /// Handles a packet received in the event under way.
    pub(in crate::controller) fn hear(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: &AirPdu,
        crc_ok: bool,
        gates: Gates,
    ) -> EventPacket {
        if !crc_ok {
            self.event.crc_errors = self.event.crc_errors.saturating_add(1);
            // LL-EVENT-1: end of a connection event.
            let goes_on = self.event.sent_md && self.event.crc_errors < 2;
            return EventPacket { new: false, goes_on };
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
        self.event.undecided = heard.new && pdu.payload_len() > 0 && gates.ciphers_may_change;
        EventPacket { new: heard.new, goes_on: header.md || self.event.sent_md }
    }

    fn acknowledged(&mut self, sh: &mut Shared, sent: InFlight) {
        match sent.kind {
            PduKind::Data { last: true } => {
                sh.event(Event::NumberOfCompletedPackets { handle: self.handle, count: 1 });
            }
            PduKind::Control(opcode) => terminate::acknowledged(self, opcode),
            PduKind::Data { last: false } | PduKind::Empty => {}
        }
    }

    /// The next packet of the event, if there is room: it must leave no later than `limit`, and so
    /// must the peer's answer to it.
    pub(in crate::controller) fn reply(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        limit: Instant,
        gates: Gates,
    ) -> Option<RadioCommand> {
        let t_ifs = Duration::from_us(u64::from(T_IFS_US));
        // LL-EVENT-4: room before the next anchor.
        let longest = self.longest_exchange();
        if now + t_ifs.times(3) + longest > limit.min(self.anchor + self.parameters.interval()) {
            return None;
        }
        let Packet { phy, pdu, tag, then } = self.packet(sh, gates);
        Some(RadioCommand::Reply { phy, pdu, tag, then })
    }

    /// The packet to send now: the PDU in flight, else the next in the queues, else an Empty PDU.
    // LL-RETX-1: only NESN, SN and MD are new.
    fn packet(&mut self, sh: &mut Shared, gates: Gates) -> Packet {
        let next = match self.flow.in_flight.take() {
            Some(in_flight) => in_flight,
            None => self.pick(sh, gates),
        };
        let md = self.has_more(sh, gates);
        self.event.sent_md = md;
        let mut pdu = next.pdu.clone();
        pdu.set_header(self.flow.header(next.llid, md).octet());
        let (tag, phy) = (next.tag, self.phys.tx().sent_with(next.coding));
        self.flow.in_flight = Some(next);
        self.leaving = self.terminated.is_some();
        // LL-LEN-9: what a receiver takes.
        let next = Receiver { phy: self.phys.rx(), longest: self.longest_heard() };
        let then = if self.leaving { AfterTransmit::Stop } else { AfterTransmit::Receive(next) };
        Packet { phy, pdu, tag, then }
    }

    fn has_more(&self, sh: &Shared, gates: Gates) -> bool {
        self.may_send_control(sh, gates) && !self.flow.control.is_empty()
            || gates.data && !self.flow.data.is_empty()
    }

    /// Whether another LL Control PDU may leave in this event.
    const fn may_send_control(&self, sh: &Shared, gates: Gates) -> bool {
        gates.control && !(sh.config.one_control_pdu && self.event.sent_control)
    }

    /// Takes the next PDU from the queues, encrypted if encryption is on.
    fn pick(&mut self, sh: &mut Shared, gates: Gates) -> InFlight {
        // LL-ENC-2: what has just come may be what changes them.
        if self.has_more(sh, gates) && !self.event.undecided {
            // LL-LIVE-2: control PDUs go first.
            if self.may_send_control(sh, gates)
                && let Some(next) = self.flow.control.pop_front()
            {
                self.event.sent_control = true;
                let pdu = instants::announce(self, sh, next.pdu, next.ahead);
                let kind = PduKind::Control(pdu.opcode());
                return self.seal(Llid::Control, &pdu.encode(), next.tag, kind);
            }
            if let Some(fragment) = self.next_fragment(sh) {
                return fragment;
            }
        }
        self.seal(Llid::Continuation, &[], 0, PduKind::Empty)
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
        Some(self.seal(llid, &octets, tag, PduKind::Data { last }))
    }

    /// Encrypts a new PDU, if it has a payload and encryption is on.
    fn seal(&mut self, llid: Llid, octets: &[u8], tag: Tag, kind: PduKind) -> InFlight {
        let mut payload = Payload::from_slice(octets).unwrap_or_default();
        // LL-ENC-2: no plain text afterwards. LL-MIC-1: integrity and packet counter.
        if !payload.is_empty() && self.ciphers.encrypt(llid, &mut payload).is_err() {
            // Only after 2³⁹ PDUs: the key must not be used any more.
            self.disconnect(ErrorCode::MIC_FAILURE);
        }
        let pdu = AirPdu::new(llid as u8, &payload).unwrap_or_default();
        InFlight { llid, pdu, tag, kind, coding: self.phys.coding() }
    }

    /// The decrypted payload of a new PDU of the peer. `None`: to be ignored.
    pub(in crate::controller) fn open(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: &AirPdu,
    ) -> Option<(Llid, Payload)> {
        // LL-FRAME-3: LLID.
        let llid = DataHeader::from_octet(pdu.header()).llid;
        let announced = pdu.octets().get(1).copied().map_or(0, usize::from);
        let mut payload = Payload::from_slice(pdu.payload()).ok()?;
        if announced != payload.len() {
            self.misbehaved(sh, PeerMisbehaved::WrongLength);
            return None;
        }
        if payload.is_empty() {
            return match llid {
                Llid::Continuation => None,
                Llid::Control => Some((llid, payload)),
                Llid::Start | Llid::Reserved => {
                    self.misbehaved(sh, PeerMisbehaved::WrongLength);
                    None
                }
            };
        }
        match self.ciphers.decrypt(llid, &mut payload) {
            Ok(true) => self.payload_timer.restart(now),
            Ok(false) => {}
            Err(_) => {
                // LL-MIC-2: wrong MIC.
                self.misbehaved(sh, PeerMisbehaved::BadMic);
                self.disconnect(ErrorCode::MIC_FAILURE);
                return None;
            }
        }
        Some((llid, payload))
    }
}
