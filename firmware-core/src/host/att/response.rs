//! Building responses that never exceed ATT_MTU.

use super::{AttError, NotYet, Pdu, opcode};

/// A response that grows up to the bearer's ATT_MTU.
#[derive(Clone, Debug)]
pub(super) struct Response {
    // ATT-PDU-1: no longer than ATT_MTU.
    pdu: Pdu,
    limit: usize,
}

impl Response {
    /// Starts with the opcode.
    // ATT-PDU-4: the format of each PDU.
    pub(super) fn new(opcode: u8, mtu: u16) -> Self {
        let mut response = Self { pdu: Pdu::new(), limit: usize::from(mtu) };
        response.cut(&[opcode]);
        response
    }

    /// Octets that still fit.
    pub(super) fn room(&self) -> usize {
        self.limit.min(self.pdu.capacity()).saturating_sub(self.pdu.len())
    }

    /// Appends as much as fits.
    pub(super) fn cut(&mut self, octets: &[u8]) -> &mut Self {
        let fits = octets.get(..octets.len().min(self.room())).unwrap_or(&[]);
        // What fits was measured.
        let _ = self.pdu.extend_from_slice(fits);
        self
    }

    /// Lets nothing more in.
    pub(super) fn close(&mut self) {
        self.limit = self.pdu.len();
    }

    /// The PDU as built so far, at most ATT_MTU octets.
    pub(super) fn finish(self) -> Pdu {
        self.pdu
    }
}

/// Why a request is refused: the code, and the attribute it is about (0: none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) handle: u16,
    pub(super) error: AttError,
}

impl Refusal {
    /// The PDU itself is wrong.
    pub(super) const MALFORMED: Self = Self { handle: 0, error: AttError::INVALID_PDU };

    /// This refusal if it is final, to be sent to the client; otherwise [`NotYet`].
    pub(super) fn decided(self) -> Result<Self, NotYet> {
        if self.error == AttError::NOT_YET { Err(NotYet) } else { Ok(self) }
    }

    /// An Error Response to `request`.
    pub(super) fn response(self, request: u8) -> Pdu {
        let [low, high] = self.handle.to_le_bytes();
        let mut response = Response::new(opcode::ERROR_RSP, super::MTU_DEFAULT);
        response.cut(&[request, low, high, self.error.0]);
        response.finish()
    }
}

impl AttError {
    /// This error, about an attribute.
    pub(super) const fn at(self, handle: u16) -> Refusal {
        // ATT-ERR-1: which handle an error names.
        let handle = if self.0 == Self::UNLIKELY.0 { 0 } else { handle };
        Refusal { handle, error: self }
    }
}
