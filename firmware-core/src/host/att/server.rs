//! The server's end of one bearer.

use super::prepared::Prepared;
use super::response::{Refusal, Response};
use super::{AttError, MTU_DEFAULT, MTU_SERVER, NotYet, Pdu, Security, opcode};
use crate::host::gatt::Database;
use ble::pdu::cursor::Reader;
use ble::time::{Duration, Instant};

/// How long a request may stay unanswered, or an indication unconfirmed, before the bearer is of no
/// more use (3.3.3).
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// State of one ATT bearer, server's side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bearer {
    mtu: u16,
    pub(super) prepared: Prepared,
    /// The value that the client has not confirmed, and until when it can.
    indicated: Option<(u16, Instant)>,
    /// A transaction was not completed in time.
    dead: bool,
}

impl Default for Bearer {
    fn default() -> Self {
        Self { mtu: MTU_DEFAULT, prepared: Prepared::default(), indicated: None, dead: false }
    }
}

impl Bearer {
    /// ATT_MTU in force.
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// Takes a PDU from the client and gives the response, if one is due: exactly one for a
    /// request, none for a command.
    ///
    /// # Errors
    /// [`NotYet`]: it is to be given once more when security has settled, or when the application
    /// has answered.
    pub fn received<D: Database>(
        &mut self,
        db: &mut D,
        security: Security,
        pdu: &[u8],
    ) -> Result<Option<Pdu>, NotYet> {
        let Some((&code, body)) = pdu.split_first() else { return Ok(None) };
        Ok(match code {
            opcode::HANDLE_VALUE_CFM => {
                self.indicated = None;
                None
            }
            // There is no client here, but an unconfirmed indication would block the peer's server
            // forever.
            opcode::HANDLE_VALUE_IND => {
                Some(Response::new(opcode::HANDLE_VALUE_CFM, self.mtu).finish())
            }
            opcode::WRITE_CMD => {
                // A command is carried out or not, without an answer.
                if let Err(refusal) = self.write(db, security, body) {
                    refusal.decided()?;
                }
                None
            }
            // ATT-RSP-2: no answer without a question.
            code if is_response(code) || code & 0x40 != 0 => None,
            // ATT-PDU-2: invalid requests.
            code if pdu.len() > usize::from(self.mtu) => Some(Refusal::MALFORMED.response(code)),
            // ATT-RSP-1: the response fits its request.
            // ATT-RSP-3: every request is answered.
            code => Some(match self.request(db, security, code, body) {
                Ok(response) => response,
                Err(refusal) => refusal.decided()?.response(code),
            }),
        })
    }

    fn request<D: Database>(
        &mut self,
        db: &mut D,
        security: Security,
        code: u8,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        match code {
            opcode::EXCHANGE_MTU_REQ => self.exchange_mtu(body),
            opcode::FIND_INFORMATION_REQ => self.find_information(db, body),
            opcode::FIND_BY_TYPE_VALUE_REQ => self.find_by_type_value(db, body),
            opcode::READ_BY_TYPE_REQ => self.read_by_type(db, security, body),
            opcode::READ_REQ => self.read(db, security, body),
            opcode::READ_BLOB_REQ => self.read_blob(db, security, body),
            opcode::READ_MULTIPLE_REQ => self.read_multiple(db, security, body),
            opcode::READ_MULTIPLE_VARIABLE_REQ => self.read_multiple_variable(db, security, body),
            opcode::READ_BY_GROUP_TYPE_REQ => self.read_by_group_type(db, body),
            opcode::WRITE_REQ => {
                self.write(db, security, body)?;
                Ok(Response::new(opcode::WRITE_RSP, self.mtu).finish())
            }
            opcode::PREPARE_WRITE_REQ => self.prepare_write(db, security, body),
            opcode::EXECUTE_WRITE_REQ => self.execute_write(db, body),
            // ATT-PDU-3: unsupported requests.
            _ => Err(AttError::REQUEST_NOT_SUPPORTED.at(0)),
        }
    }

    fn exchange_mtu(&mut self, body: &[u8]) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let (Some(client), Some(())) = (r.u16(), r.end()) else {
            return Err(Refusal::MALFORMED);
        };
        // ATT-MTU-2: ATT_MTU is 23 or more.
        if client < MTU_DEFAULT {
            return Err(Refusal::MALFORMED);
        }
        // The response still belongs to the old MTU; it is three octets long anyway.
        let mut response = Response::new(opcode::EXCHANGE_MTU_RSP, self.mtu);
        // ATT-MTU-4: one ATT_MTU for client and server.
        response.cut(&MTU_SERVER.to_le_bytes());
        self.mtu = client.min(MTU_SERVER);
        Ok(response.finish())
    }

    /// A Handle Value Notification; the value is cut to fit.
    #[must_use]
    pub fn notification(&self, handle: u16, value: &[u8]) -> Pdu {
        let mut pdu = Response::new(opcode::HANDLE_VALUE_NTF, self.mtu);
        pdu.cut(&handle.to_le_bytes()).cut(value);
        pdu.finish()
    }

    /// A Handle Value Indication, or `None` while the client has not confirmed the one before.
    pub fn indication(&mut self, now: Instant, handle: u16, value: &[u8]) -> Option<Pdu> {
        // ATT-SEQ-2: one indication at a time.
        if !self.can_indicate() {
            return None;
        }
        self.indicated = Some((handle, now + TRANSACTION_TIMEOUT));
        let mut pdu = Response::new(opcode::HANDLE_VALUE_IND, self.mtu);
        pdu.cut(&handle.to_le_bytes()).cut(value);
        Some(pdu.finish())
    }

    /// Whether the client has confirmed the last indication.
    #[must_use]
    pub const fn can_indicate(&self) -> bool {
        self.indicated.is_none()
    }

    /// The value that was indicated and is not confirmed.
    #[must_use]
    pub fn indicated(&self) -> Option<u16> {
        self.indicated.map(|(handle, _)| handle)
    }

    /// When an unconfirmed indication makes the bearer useless.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.indicated.map(|(_, at)| at)
    }

    /// A transaction has timed out: nothing is taken or sent on this bearer any more (3.3.3). A
    /// new connection has a new one.
    // ATT-TIME-1: 30 seconds.
    pub fn die(&mut self) {
        self.dead = true;
        self.indicated = None;
        self.prepared.clear();
    }

    /// Whether nothing is taken or sent any more.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.dead
    }
}

/// An Error Response to a request, about no attribute.
#[must_use]
pub fn refusal(request: &[u8], error: AttError) -> Pdu {
    error.at(0).response(request.first().copied().unwrap_or(0))
}

/// Whether a PDU is a request: the client sends no other before it is answered.
#[must_use]
pub const fn is_request(pdu: &[u8]) -> bool {
    match pdu {
        [code, ..] => {
            !is_response(*code)
                && *code & 0x40 == 0
                && *code != opcode::HANDLE_VALUE_CFM
                && *code != opcode::HANDLE_VALUE_IND
        }
        [] => false,
    }
}

/// What only a server sends; a client that does gets no answer.
const fn is_response(code: u8) -> bool {
    matches!(
        code,
        opcode::ERROR_RSP
            | opcode::EXCHANGE_MTU_RSP
            | opcode::FIND_INFORMATION_RSP
            | opcode::FIND_BY_TYPE_VALUE_RSP
            | opcode::READ_BY_TYPE_RSP
            | opcode::READ_RSP
            | opcode::READ_BLOB_RSP
            | opcode::READ_MULTIPLE_RSP
            | opcode::READ_BY_GROUP_TYPE_RSP
            | opcode::WRITE_RSP
            | opcode::PREPARE_WRITE_RSP
            | opcode::EXECUTE_WRITE_RSP
            | opcode::HANDLE_VALUE_NTF
            | opcode::READ_MULTIPLE_VARIABLE_RSP
            | opcode::MULTIPLE_HANDLE_VALUE_NTF
    )
}
