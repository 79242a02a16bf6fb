//! Packets of a raw central's connection events: transmissions and answers.

use ble::pdu::data::{DataHeader, Llid};
use ble::phy::{Coding, T_IFS_US};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::time::{Duration, Instant};
use bletwin_sim::node::{NodeOutput, Outbox};

use super::link::{RawLink, Todo, moved};
use super::script::{ScriptPacket, Stamp};

/// Bits of the header that change from one transmission to the next.
const SEQUENCE: u8 = DataHeader::NESN | DataHeader::SN | DataHeader::MD;

/// The event under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RunningEvent {
    /// End of the last packet.
    pub(super) end: Instant,
    pub(super) tuning: Tuning,
    /// The packet sent last has said that more follows.
    pub(super) more: bool,
}

/// A PDU that was sent at least once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outgoing {
    /// As sent, MIC included.
    payload: Vec<u8>,
    packet: ScriptPacket,
    /// Number of its step, from 1; 0: of none.
    tag: Tag,
    sent: bool,
}

impl RawLink {
    /// Sends the next packet: at this instant, or as an answer. `false`: there is none.
    pub(super) fn send(&mut self, todo: Todo, at: Option<Instant>, out: &mut Outbox) -> bool {
        let (outgoing, sn) = match todo {
            Todo::Nothing => return false,
            Todo::Repeat => match self.last.clone() {
                Some((mut last, sn)) => {
                    last.sent = true;
                    (last, sn)
                }
                None => (self.flying_or_empty(), self.sn),
            },
            Todo::Empty => (self.flying_or_empty(), self.sn),
            Todo::Send(packet, step) => {
                let tag = Tag::try_from(step).unwrap_or(0);
                (self.fresh(packet, tag), self.sn)
            }
        };
        let Some(pdu) = self.pdu(&outgoing, sn) else { return false };
        let Some(event) = &mut self.running else { return false };
        event.more = outgoing.packet.more && !outgoing.sent;
        let (phy, tag) = (self.tx.sent_with(Coding::S8), outgoing.tag);
        let then = AfterTransmit::Receive(Receiver::any(self.rx));
        let late = (outgoing.packet.ifs_us != 0 && !outgoing.sent).then(|| {
            let due = event.end + Duration::from_us(T_IFS_US.into());
            moved(due, outgoing.packet.ifs_us)
        });
        let command = match at.or(late) {
            Some(at) => RadioCommand::Transmit { at, tuning: event.tuning, phy, pdu, tag, then },
            None => RadioCommand::Reply { phy, pdu, tag, then },
        };
        out.push(NodeOutput::Radio(command));
        let sent = Outgoing { sent: true, ..outgoing };
        if sn == self.sn {
            self.flying = (!sent.packet.once).then(|| sent.clone());
        }
        self.last = Some((sent, sn));
        true
    }

    fn flying_or_empty(&self) -> Outgoing {
        let empty = || Outgoing {
            payload: Vec::new(),
            packet: ScriptPacket::new(Llid::Continuation as u8, Vec::new()),
            tag: 0,
            sent: false,
        };
        self.flying.clone().unwrap_or_else(empty)
    }

    /// A new PDU, with its instant filled in and encrypted if demanded.
    fn fresh(&mut self, packet: ScriptPacket, tag: Tag) -> Outgoing {
        let mut plain = packet.payload.clone();
        if let Some(Stamp { at, ahead, then }) = packet.stamp {
            let instant = i32::from(self.counter).wrapping_add(ahead) as u16;
            if let Some(field) = plain.get_mut(at..at + 2) {
                field.copy_from_slice(&instant.to_le_bytes());
            }
            self.instant = instant;
            self.changes.extend(then.map(|change| (instant, change)));
        }
        self.seals.learn(&plain);
        let payload = self.seals.close(packet.seal, packet.llid, &plain);
        Outgoing { payload, packet, tag, sent: false }
    }

    fn pdu(&self, outgoing: &Outgoing, sn: bool) -> Option<AirPdu> {
        let packet = &outgoing.packet;
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let header = packet.llid & 0x03
            | bit(self.nesn, DataHeader::NESN)
            | bit(sn, DataHeader::SN)
            | bit(packet.more && !outgoing.sent, DataHeader::MD);
        let flip = if outgoing.sent { packet.flip & !SEQUENCE } else { packet.flip };
        let length = u8::try_from(outgoing.payload.len()).ok()?;
        let mut octets = vec![header ^ flip, packet.length.unwrap_or(length)];
        octets.extend(&outgoing.payload);
        AirPdu::from_octets(&octets)
    }

    /// Takes an answer with a right CRC. Whether the peripheral has more to send.
    pub(super) fn receive(&mut self, pdu: &AirPdu) -> bool {
        let header = DataHeader::from_octet(pdu.header());
        if header.nesn != self.sn {
            self.sn = !self.sn;
            self.flying = None;
        }
        if header.sn == self.nesn && self.refuse == 0 {
            self.nesn = !self.nesn;
            let payload = self.seals.open(header.llid as u8, pdu.payload());
            if let (Llid::Control, Some(payload)) = (header.llid, payload) {
                self.seals.learn(&payload);
                self.heard.extend(payload.first());
            }
        }
        header.md
    }
}
