//! What waits to be sent on one connection: control PDUs first, then the host's ACL data in
//! fragments, each encrypted when it is handed to `Link`.

use crate::link::message::{LinkOrder, TX_QUEUE};
use ble::crypto::aes::Aes;
use ble::crypto::ccm::{Cipher, CipherError};
use ble::hci::{Acl, AclBoundary};
use ble::invariant::Invariant;
use ble::link::LinkId;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::queue::Queue;
use ble::radio::Tag;
use ble::trace::Trace;

use super::outbox::Outbox;

/// ACL packets that the host may have outstanding on one connection.
pub(crate) const ACL_BUFFERS: usize = 4;

/// Control PDUs that can wait behind the ones `Link` has. A procedure has at most one waiting,
/// so only a peer that acknowledges nothing and asks on and on fills it.
const CONTROL_QUEUE: usize = 8;

/// A control PDU that is held back while encryption starts.
const HELD: usize = 2;

/// The kind of a PDU that `Link` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sent {
    Control(Opcode),
    Fragment,
    LastFragment,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Sender {
    in_flight: Queue<(Tag, Sent), TX_QUEUE>,
    control: Queue<(Tag, ControlPdu), CONTROL_QUEUE>,
    held: Queue<ControlPdu, HELD>,
    acl: Queue<Acl, ACL_BUFFERS>,
    /// Octets of the oldest ACL packet that are in `Link`'s hands already.
    offset: usize,
    /// ACL packets that the host has not got back yet.
    outstanding: usize,
}

impl Sender {
    /// Queues a control PDU; false if there is no room.
    pub(super) fn control(&mut self, out: &mut Outbox, link: LinkId, pdu: ControlPdu) -> bool {
        if self.control.is_full() {
            return false;
        }
        let tag = out.fresh_tag();
        out.trace(Trace::Queued { link, tag, opcode: Some(pdu.opcode()) });
        self.control.push((tag, pdu)).is_ok()
    }

    /// Keeps a control PDU until [`Self::release`]; false if there is no room.
    pub(super) fn hold(&mut self, pdu: ControlPdu) -> bool {
        self.held.push(pdu).is_ok()
    }

    /// Whether a control PDU has not been acknowledged yet: the peer may not know of it.
    pub(super) fn holds(&self, opcode: Opcode) -> bool {
        self.in_flight.iter().any(|(_, sent)| *sent == Sent::Control(opcode))
            || self.control.iter().any(|(_, pdu)| pdu.opcode() == opcode)
    }

    pub(super) fn release(&mut self) -> Option<ControlPdu> {
        self.held.pop()
    }

    /// ACL packets that the host has outstanding.
    pub(super) const fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Takes an ACL packet; false if the host has no credit left.
    pub(super) fn acl(&mut self, acl: Acl) -> bool {
        let taken = self.acl.push(acl).is_ok();
        self.outstanding = self.outstanding.saturating_add(usize::from(taken));
        taken
    }

    /// Drops what will never be sent: data, and held control PDUs.
    pub(super) fn discard(&mut self) {
        self.held.clear();
        self.acl.clear();
        self.offset = 0;
    }

    /// The peer has acknowledged a PDU.
    pub(super) fn acknowledged(&mut self, out: &mut Outbox, tag: Tag) -> Option<Sent> {
        let oldest = self.in_flight.front().filter(|(oldest, _)| *oldest == tag);
        out.broken.check(Invariant::AcknowledgedInOrder, oldest.is_some());
        let &(_, sent) = oldest?;
        self.in_flight.pop();
        if sent == Sent::LastFragment {
            self.outstanding = self.outstanding.saturating_sub(1);
        }
        Some(sent)
    }

    /// Passes as much to `Link` as it has room for: control PDUs, then data in fragments of at most
    /// `fragment` octets (`None`: no data may be sent). One place is kept free for a control PDU.
    /// Returns the number of AES blocks.
    ///
    /// # Errors
    /// [`CipherError`] if a PDU could not be encrypted; the connection cannot continue.
    pub(super) fn pump(
        &mut self,
        out: &mut Outbox,
        link: LinkId,
        aes: Aes,
        cipher: &mut Option<Cipher>,
        fragment: Option<usize>,
    ) -> Result<u16, CipherError> {
        let mut blocks = 0_u16;
        while !self.in_flight.is_full() {
            // LL-LIVE-2: control PDUs go first, so that no answer waits behind data.
            let next = match self.control.pop() {
                Some((tag, pdu)) => {
                    let payload = Payload::from_slice(&pdu.encode());
                    out.broken.check(Invariant::ControlPduFits, payload.is_ok());
                    let payload = payload.unwrap_or_default();
                    Some((tag, Llid::Control, payload, Sent::Control(pdu.opcode())))
                }
                None if self.in_flight.len() >= TX_QUEUE.saturating_sub(1) => None,
                None => fragment.and_then(|octets| self.fragment(out, link, octets)),
            };
            let Some((tag, llid, mut payload, sent)) = next else {
                break;
            };
            // LL-ENC-2: no plain text afterwards.
            // LL-MIC-1: integrity and packet counter.
            if let Some(cipher) = cipher {
                blocks = blocks.saturating_add(Cipher::blocks(payload.len()));
                cipher.encrypt_by(aes, llid, &mut payload)?;
            }
            let kept = self.in_flight.push((tag, sent));
            out.broken.check(Invariant::InFlightFits, kept.is_ok());
            out.order(LinkOrder::Send { link, llid, payload, tag });
        }
        Ok(blocks)
    }

    fn fragment(
        &mut self,
        out: &mut Outbox,
        link: LinkId,
        octets: usize,
    ) -> Option<(Tag, Llid, Payload, Sent)> {
        let acl = self.acl.front()?;
        let first = self.offset == 0 && acl.boundary == AclBoundary::First;
        let llid = if first { Llid::Start } else { Llid::Continuation };
        let rest = acl.data.get(self.offset..).unwrap_or(&[]);
        let take = rest.len().min(octets.max(1));
        let payload = Payload::from_slice(rest.get(..take).unwrap_or(rest)).unwrap_or_default();
        let last = take == rest.len();
        if last {
            self.acl.pop();
            self.offset = 0;
        } else {
            self.offset = self.offset.saturating_add(take);
        }
        let tag = out.fresh_tag();
        out.trace(Trace::Queued { link, tag, opcode: None });
        Some((tag, llid, payload, if last { Sent::LastFragment } else { Sent::Fragment }))
    }
}
