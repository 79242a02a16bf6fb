//! What `Control` has to say, in order: the queue that [`Control::poll`](super::Control::poll)
//! empties, with the event masks in front of it.

use crate::link::message::LinkOrder;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, Event, HciOpcode, Return};
use ble::invariant::Broken;
use ble::link::LinkId;
use ble::queue::Queue;
use ble::radio::Tag;
use ble::trace::Trace;

/// Orders of one call. The largest batch is a reset: connections, lists, cached addresses.
const ORDERS: usize = 16;

/// Other outputs of one call. The largest batch is the end of a busy connection.
const OUTPUTS: usize = 32;

/// ACL packets among them. One report brings one at most.
const ACLS: usize = 2;

/// Code of the Hardware Error event for outputs that were lost because the runner did not poll.
const OUTPUTS_LOST: u8 = 1;

/// An output of `Control`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControlOutput {
    /// To `Link`, ahead of all other outputs that wait.
    Order(LinkOrder),
    /// To the host.
    Event(Event),
    /// To the host.
    Acl(Acl),
    /// To the record.
    Trace(Trace),
}

/// Set Event Mask and LE Set Event Mask (Vol 4, Part E, 7.3.1 and 7.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Masks {
    pub(super) events: u64,
    pub(super) le_events: u64,
}

impl Default for Masks {
    /// The values after a reset. LE Meta events are off until the host asks for them.
    fn default() -> Self {
        Self { events: 0x0000_1FFF_FFFF_FFFF, le_events: 0x1F }
    }
}

impl Masks {
    /// Set Event Mask.
    pub(super) const fn set(&mut self, events: u64) {
        self.events = events;
    }

    /// LE Set Event Mask.
    pub(super) const fn set_le(&mut self, events: u64) {
        self.le_events = events;
    }

    /// As after a reset.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    const LE_META: u64 = 1 << 61;

    /// LE subevent code minus one, for LE Meta events.
    const fn le_bits(event: &Event) -> Option<u64> {
        Some(match event {
            // Bits 0 and 9: either form of the event will do.
            Event::LeConnectionComplete(_) => 0x0201,
            Event::LeAdvertisingReport(_) => 1 << 1,
            Event::LeConnectionUpdateComplete { .. } => 1 << 2,
            Event::LeRemoteFeatures { .. } => 1 << 3,
            Event::LeLongTermKeyRequest { .. } => 1 << 4,
            Event::LeRemoteConnectionParameterRequest { .. } => 1 << 5,
            Event::LeDataLengthChange { .. } => 1 << 6,
            Event::LePhyUpdateComplete { .. } => 1 << 11,
            Event::LeChannelSelectionAlgorithm { .. } => 1 << 19,
            _ => return None,
        })
    }

    /// Whether the host wants this event.
    pub(super) const fn allow(&self, event: &Event) -> bool {
        if let Some(bits) = Self::le_bits(event) {
            return self.events & Self::LE_META != 0 && self.le_events & bits != 0;
        }
        let bit = match event {
            Event::DisconnectionComplete { .. } => 4,
            Event::EncryptionChange { .. } => 7,
            Event::RemoteVersion { .. } => 11,
            Event::HardwareError { .. } => 15,
            Event::EncryptionKeyRefreshComplete { .. } => 47,
            // Cannot be masked, or (authenticated payload timeout) only by a command that this
            // waist does not carry.
            _ => return true,
        };
        self.events & (1 << bit) != 0
    }

    /// Whether the host may be asked for a long term key.
    pub(super) const fn key_request(&self) -> bool {
        self.events & Self::LE_META != 0 && self.le_events & (1 << 4) != 0
    }

    /// Whether the host may be asked about connection parameters.
    pub(super) const fn parameter_request(&self) -> bool {
        self.events & Self::LE_META != 0 && self.le_events & (1 << 5) != 0
    }
}

/// An output that is not an order. Octets have a separate queue, or each slot here would be as
/// large as the largest packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Waiting {
    Event(Event),
    /// The oldest of [`Outbox::acls`].
    Acl,
    Trace(Trace),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Outbox {
    orders: Queue<LinkOrder, ORDERS>,
    queue: Queue<Waiting, OUTPUTS>,
    acls: Queue<Acl, ACLS>,
    pub(super) masks: Masks,
    last_tag: Tag,
    lost: bool,
    /// Faults of this level.
    pub(super) broken: Broken,
}

impl Outbox {
    fn push(&mut self, output: Waiting) {
        self.lost |= self.queue.push(output).is_err();
    }

    /// Whether all that a report can cause fits.
    pub(super) fn has_room(&self) -> bool {
        self.orders.is_empty() && self.queue.len() <= OUTPUTS / 2 && !self.acls.is_full()
    }

    pub(super) fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    pub(super) fn pop_order(&mut self) -> Option<LinkOrder> {
        self.orders.pop()
    }

    /// Orders come first: the radio does not wait.
    pub(super) fn pop(&mut self) -> Option<ControlOutput> {
        if let Some(order) = self.pop_order() {
            return Some(ControlOutput::Order(order));
        }
        match self.queue.pop() {
            Some(Waiting::Event(event)) => Some(ControlOutput::Event(event)),
            Some(Waiting::Acl) => self.acls.pop().map(ControlOutput::Acl),
            Some(Waiting::Trace(trace)) => Some(ControlOutput::Trace(trace)),
            None => core::mem::take(&mut self.lost)
                .then_some(ControlOutput::Event(Event::HardwareError { code: OUTPUTS_LOST })),
        }
    }

    pub(super) fn order(&mut self, order: LinkOrder) {
        self.lost |= self.orders.push(order).is_err();
    }

    pub(super) fn event(&mut self, event: Event) {
        if self.masks.allow(&event) {
            self.push(Waiting::Event(event));
        }
    }

    pub(super) fn acl(&mut self, acl: Acl) {
        if self.queue.is_full() || self.acls.push(acl).is_err() {
            self.lost = true;
        } else {
            self.push(Waiting::Acl);
        }
    }

    pub(super) fn trace(&mut self, trace: Trace) {
        self.push(Waiting::Trace(trace));
    }

    pub(super) fn misbehaved(&mut self, link: LinkId, violation: PeerMisbehaved) {
        self.trace(Trace::Misbehaved { link: Some(link), violation });
    }

    /// Queues a Command Complete event (Vol 4, Part E, 7.7.14).
    pub(super) fn complete(&mut self, opcode: HciOpcode, status: ErrorCode, returned: Return) {
        self.event(Event::CommandComplete { opcode, status, returned });
    }

    /// Queues a Command Status event (Vol 4, Part E, 7.7.15).
    pub(super) fn status(&mut self, opcode: HciOpcode, status: ErrorCode) {
        self.event(Event::CommandStatus { opcode, status });
    }

    /// A tag that no PDU had in a long time; never zero.
    pub(super) fn fresh_tag(&mut self) -> Tag {
        self.last_tag = self.last_tag.checked_add(1).unwrap_or(1);
        self.last_tag
    }
}
