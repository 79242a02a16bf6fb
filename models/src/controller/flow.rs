//! Acknowledgement and the next PDU to send (Vol 6, Part B, 4.5.9): one PDU in flight, behind it a
//! queue of control PDUs and a queue of ACL data.

use std::collections::VecDeque;

use ble::hci::AclBoundary;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::Coding;
use ble::radio::{AirPdu, Tag};

/// The kind of the PDU in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PduKind {
    Empty,
    Control(Opcode),
    /// A fragment of an ACL packet.
    Data {
        /// The last one of its packet.
        last: bool,
    },
}

/// Sent, perhaps often, and not acknowledged yet. An empty PDU counts too: it has a sequence
/// number like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct InFlight {
    pub(super) llid: Llid,
    pub(super) pdu: AirPdu,
    pub(super) tag: Tag,
    pub(super) kind: PduKind,
    /// On LE Coded. Its length was chosen for this one.
    pub(super) coding: Coding,
}

/// A control PDU that waits. Instants are filled in when it is first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ControlOut {
    pub(super) tag: Tag,
    pub(super) pdu: ControlPdu,
    /// Events to its instant, if it has one and they are not those of all others.
    pub(super) ahead: Option<i16>,
}

/// An ACL packet that waits, or its rest. Fragments are cut when they are first sent, by the
/// lengths in force then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DataOut {
    pub(super) tag: Tag,
    pub(super) boundary: AclBoundary,
    pub(super) rest: Vec<u8>,
}

/// One direction pair of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    sn: bool,
    nesn: bool,
    pub(super) in_flight: Option<InFlight>,
    pub(super) control: VecDeque<ControlOut>,
    pub(super) data: VecDeque<DataOut>,
}

/// The result of a header with a right CRC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acknowledgement {
    /// The PDU that it acknowledges.
    pub(super) acknowledged: Option<InFlight>,
    /// It is not a repetition.
    pub(super) new: bool,
}

impl Flow {
    /// Handles the header of a packet with a right CRC.
    pub(super) fn hear(&mut self, header: DataHeader) -> Acknowledgement {
        let acknowledged = if header.nesn == self.sn {
            None
        } else {
            // Without anything sent there is nothing to acknowledge.
            let taken = self.in_flight.take();
            // LL-SN-1: sequence number.
            self.sn ^= taken.is_some();
            taken
        };
        // LL-NESN-1: acknowledgement.
        let new = header.sn == self.nesn;
        self.nesn ^= new;
        Acknowledgement { acknowledged, new }
    }

    /// The header with which a PDU of this kind is sent now.
    pub(super) const fn header(&self, llid: Llid, md: bool) -> DataHeader {
        DataHeader { llid, nesn: self.nesn, sn: self.sn, md }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sn: bool, nesn: bool) -> DataHeader {
        DataHeader { llid: Llid::Continuation, sn, nesn, md: false }
    }

    fn sent(flow: &mut Flow) {
        flow.in_flight = Some(InFlight {
            llid: Llid::Continuation,
            pdu: AirPdu::default(),
            tag: 0,
            kind: PduKind::Empty,
            coding: Coding::S8,
        });
    }

    /// LL-SN-1: sequence number.
    /// LL-NESN-1: acknowledgement.
    #[test]
    fn both_bits_follow_the_peer() {
        let mut flow = Flow::default();
        sent(&mut flow);
        let heard = flow.hear(packet(false, true));
        assert!(heard.new && heard.acknowledged.is_some());
        let header = flow.header(Llid::Continuation, false);
        assert!(header.sn && header.nesn);
    }

    #[test]
    fn a_repetition_is_not_new_and_a_lost_packet_is_not_acknowledged() {
        let mut flow = Flow::default();
        sent(&mut flow);
        assert!(flow.hear(packet(false, false)).acknowledged.is_none());
        assert!(flow.in_flight.is_some());
        assert!(!flow.hear(packet(false, true)).new);
        assert!(flow.in_flight.is_none());
    }
}
