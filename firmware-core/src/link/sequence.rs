//! Acknowledgement and flow control: SN, NESN, and what is sent next (Vol 6, Part B, 4.5.9).

use super::message::TX_QUEUE;
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::Coding;
use ble::queue::Queue;
use ble::radio::{AirPdu, Tag};

/// A PDU that waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Outgoing {
    llid: Llid,
    payload: Payload,
    tag: Tag,
    /// On LE Coded. Its length was chosen for this one.
    coding: Coding,
    /// Whether it has been on air.
    sent: bool,
}

impl Outgoing {
    fn len(&self) -> u16 {
        u16::try_from(self.payload.len()).unwrap_or(u16::MAX)
    }
}

/// The latest transmission, which may have to be repeated. An Empty PDU must be repeated as such:
/// the peer may have it already and would take a new PDU with the same SN for a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum InFlight {
    Nothing,
    Empty,
    /// The front of the queue.
    Queued,
}

/// The meaning of the header of a received packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Tag of the queued PDU that was acknowledged.
    pub(super) acknowledged: Option<Tag>,
    /// Whether the packet is new and was accepted (not a repetition, not refused).
    pub(super) new: bool,
}

/// One end of the acknowledgement scheme.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sequence {
    /// transmitSeqNum: SN of the packet that is sent next, new or repeated.
    sn: bool,
    /// nextExpectedSeqNum: SN that the peer's next new packet has to have.
    nesn: bool,
    /// The latest accepted packet has not been acknowledged: nothing was sent since.
    owes: bool,
    in_flight: InFlight,
    queue: Queue<Outgoing, TX_QUEUE>,
}

impl Sequence {
    pub(super) const fn new() -> Self {
        // LL-SN-2: first numbers.
        Self {
            sn: false,
            nesn: false,
            owes: false,
            in_flight: InFlight::Nothing,
            queue: Queue::new(),
        }
    }

    /// Queues a PDU; `false`: [`TX_QUEUE`] of them are unacknowledged already.
    #[must_use]
    pub(super) fn push(&mut self, llid: Llid, payload: Payload, tag: Tag, coding: Coding) -> bool {
        self.queue.push(Outgoing { llid, payload, tag, coding, sent: false }).is_ok()
    }

    /// Whether nothing is queued or unacknowledged (Empty PDUs do not count).
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes the header of a packet with a right CRC. A new packet is only accepted if there is
    /// `room` for it; otherwise NESN stays, and the peer will repeat it.
    pub(super) fn receive(&mut self, header: DataHeader, room: bool) -> Meaning {
        let mut acknowledged = None;
        if header.nesn != self.sn {
            // LL-SN-1: sequence number.
            self.sn = !self.sn;
            if self.in_flight == InFlight::Queued {
                acknowledged = self.queue.pop().map(|pdu| pdu.tag);
            }
            self.in_flight = InFlight::Nothing;
        }
        // LL-NESN-1: acknowledgement.
        // LL-NESN-2: flow control.
        let new = header.sn == self.nesn && room;
        if new {
            self.nesn = !self.nesn;
            self.owes = true;
        }
        Meaning { acknowledged, new }
    }

    /// Whether the peer does not know yet that its last packet was accepted.
    pub(super) const fn owes(&self) -> bool {
        self.owes
    }

    /// Payload octets of the packet that [`Self::transmit`] will give.
    /// If it is a queued one, its coding too.
    pub(super) fn next_len(&self) -> (u16, Option<Coding>) {
        let next = match self.in_flight {
            InFlight::Empty => None,
            InFlight::Nothing | InFlight::Queued => self.queue.front(),
        };
        next.map_or((0, None), |pdu| (pdu.len(), Some(pdu.coding)))
    }

    /// Whether that packet has been on air and must be repeated unchanged.
    pub(super) fn repeats(&self) -> bool {
        self.in_flight != InFlight::Nothing
    }

    /// Sends an Empty PDU before the queued ones.
    pub(super) const fn put_off(&mut self) {
        self.in_flight = InFlight::Empty;
    }

    /// Payload octets and coding of the packet after that, if there is one.
    pub(super) fn more_len(&self) -> Option<(u16, Coding)> {
        let before = usize::from(self.in_flight != InFlight::Empty);
        self.queue.iter().nth(before).map(|pdu| (pdu.len(), pdu.coding))
    }

    /// The packet to send now, with its tag: the last one again if it was not acknowledged, else
    /// the next.
    pub(super) fn transmit(&mut self, md: bool, packet: &mut AirPdu) -> Tag {
        if self.in_flight == InFlight::Nothing {
            let queued = !self.queue.is_empty();
            self.in_flight = if queued { InFlight::Queued } else { InFlight::Empty };
        }
        // LL-RETX-1: repetition.
        let queued = self.queue.front().filter(|_| self.in_flight == InFlight::Queued);
        let (llid, payload, tag) = match queued {
            Some(pdu) => (pdu.llid, pdu.payload.as_slice(), pdu.tag),
            None => (Llid::Continuation, [].as_slice(), 0),
        };
        let header = DataHeader { llid, nesn: self.nesn, sn: self.sn, md };
        // A Payload has at most 255 octets.
        let _ = packet.fill(header.octet(), payload);
        tag
    }

    /// The packet of [`Self::transmit`] has left. Gives its tag if it was queued and this was the
    /// first time.
    pub(super) fn transmitted(&mut self) -> Option<Tag> {
        self.owes = false;
        if self.in_flight != InFlight::Queued {
            return None;
        }
        let pdu = self.queue.front_mut().filter(|pdu| !pdu.sent)?;
        pdu.sent = true;
        Some(pdu.tag)
    }
}

#[cfg(test)]
#[path = "sequence_tests.rs"]
mod tests;
