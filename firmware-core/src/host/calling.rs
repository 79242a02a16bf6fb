//! Directed advertising to a bonded central, and whether that resolves private addresses (Central
//! Address Resolution).

use super::att::opcode;
use ble::address::Address;
use ble::time::Instant;

/// The target of directed advertising, and how it is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    /// Identity of the bonded central.
    pub(super) peer: Address,
    /// It is addressed by a private address of its own.
    pub(super) private: bool,
    /// When low duty cycle ends; `None`: high duty cycle, which is tried once.
    pub(super) until: Option<Instant>,
}

/// Present and next target of directed advertising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Calls {
    /// The target from the next start of advertising on.
    next: Option<Call>,
    /// Advertising under way is directed.
    running: bool,
}

impl Calls {
    /// The target from the next start of advertising on, if any.
    pub(super) const fn next(&self) -> Option<Call> {
        self.next
    }

    /// Directs advertising to this target from the next start on.
    pub(super) const fn plan(&mut self, call: Option<Call>) {
        self.next = call;
    }

    /// Undirected from the next start on.
    pub(super) const fn end(&mut self) {
        self.next = None;
    }

    /// Notes whether advertising is directed from now on. Returns whether that is unchanged.
    pub(super) const fn start(&mut self, calls: bool) -> bool {
        core::mem::replace(&mut self.running, calls) == calls
    }
}

/// Whether a central resolves the target of directed advertising, as far as it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) enum Resolution {
    #[default]
    Unasked,
    /// The answer is awaited until then.
    Asked(Instant),
    Answered(bool),
}

impl Resolution {
    /// When the answer has to have come.
    pub(super) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Asked(until) => Some(until),
            Self::Unasked | Self::Answered(_) => None,
        }
    }

    /// The question is on its way: the answer has to come by then.
    pub(super) const fn ask(&mut self, until: Instant) {
        *self = Self::Asked(until);
    }

    /// No answer will come any more.
    pub(super) const fn give_up(&mut self) {
        *self = Self::Unasked;
    }

    /// Takes the answer, if this PDU is it.
    // ATT-RSP-1: the response fits its request.
    pub(super) fn answered(&mut self, pdu: &[u8]) -> bool {
        let resolves = match (&self, pdu) {
            (Self::Asked(_), [opcode::ERROR_RSP, opcode::READ_BY_TYPE_REQ, ..]) => false,
            // One octet behind its handle: GAP-NAME-1.
            (Self::Asked(_), [opcode::READ_BY_TYPE_RSP, 3, _, _, value, ..]) => *value == 1,
            (Self::Asked(_), [opcode::READ_BY_TYPE_RSP, ..]) => false,
            _ => return false,
        };
        *self = Self::Answered(resolves);
        true
    }
}
