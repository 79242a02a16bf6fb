//! A request that the application answers later.
//!
//! The PDU waits and is processed again when there is an answer. There is one per connection: a
//! client that sends another request before the first is answered breaks a rule (Vol 3, Part F,
//! 3.3.2), and that request is dropped.

use super::att::{AttError, opcode};
use super::gatt::{Answered, Scratch};
use crate::application::Request;
use ble::time::Instant;

/// Octets of a PDU that can wait: a Read By Type Request with a UUID of 128 bits, a Read Multiple
/// Request with eleven handles. Of a Write Request the handle is enough.
const OCTETS: usize = 24;

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    pub(super) pdu: heapless::Vec<u8, OCTETS, u8>,
    /// The first question that the PDU has led to.
    pub(super) first: Request,
    /// The unanswered request.
    request: Request,
    /// When ATT gives up.
    pub(super) until: Instant,
    pub(super) answer: Option<Result<Scratch, AttError>>,
}

impl Waiting {
    /// A PDU of whose questions the last has no answer; `None` if it is too long to wait.
    pub(super) fn new(
        pdu: &[u8],
        first: Request,
        request: Request,
        until: Instant,
    ) -> Option<Self> {
        let pdu = match pdu {
            // The value is with the application, which is not asked again.
            [opcode::WRITE_REQ, low, high, ..] => &[opcode::WRITE_REQ, *low, *high],
            pdu => pdu,
        };
        let pdu = heapless::Vec::from_slice(pdu).ok()?;
        Some(Self { pdu, first, request, until, answer: None })
    }

    /// Takes the application's answer, if it is to this.
    pub(super) fn answered(&mut self, to: Request, answer: Result<Scratch, AttError>) {
        if self.request == to && self.answer.is_none() {
            self.answer = Some(answer);
        }
    }

    /// The answer, if the application has given it.
    pub(super) fn into_answer(self) -> Option<Answered> {
        Some((self.request, self.answer?))
    }
}
