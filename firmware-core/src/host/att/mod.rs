//! ATT server (Vol 3, Part F): one bearer a connection, one request at a time, which the
//! application may answer later.

mod discovery;
mod permission;
mod prepared;
mod read;
mod response;
mod server;
mod write;

#[cfg(test)]
mod tests;

pub use permission::{NotYet, Security};
pub use server::{Bearer, TRANSACTION_TIMEOUT, is_request, refusal};

/// ATT_MTU before an exchange.
pub const MTU_DEFAULT: u16 = 23;
/// ATT_MTU that this server offers: with L2CAP's header it fills one LL data PDU of 251 octets.
pub const MTU_SERVER: u16 = 247;

/// An ATT PDU to send.
pub type Pdu = heapless::Vec<u8, 247>;

/// Error codes (3.4.1.1 and the common ones of the Core Specification Supplement).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttError(pub u8);

#[allow(missing_docs, reason = "named as the specification names them")]
impl AttError {
    pub const INVALID_HANDLE: Self = Self(0x01);
    pub const READ_NOT_PERMITTED: Self = Self(0x02);
    pub const WRITE_NOT_PERMITTED: Self = Self(0x03);
    pub const INVALID_PDU: Self = Self(0x04);
    pub const INSUFFICIENT_AUTHENTICATION: Self = Self(0x05);
    pub const REQUEST_NOT_SUPPORTED: Self = Self(0x06);
    pub const INVALID_OFFSET: Self = Self(0x07);
    pub const PREPARE_QUEUE_FULL: Self = Self(0x09);
    pub const ATTRIBUTE_NOT_FOUND: Self = Self(0x0A);
    pub const KEY_SIZE_TOO_SHORT: Self = Self(0x0C);
    pub const INVALID_LENGTH: Self = Self(0x0D);
    pub const UNLIKELY: Self = Self(0x0E);
    pub const INSUFFICIENT_ENCRYPTION: Self = Self(0x0F);
    pub const UNSUPPORTED_GROUP_TYPE: Self = Self(0x10);
    pub const OUT_OF_SYNC: Self = Self(0x12);
    pub const VALUE_NOT_ALLOWED: Self = Self(0x13);
    pub const CCCD_IMPROPERLY_CONFIGURED: Self = Self(0xFD);

    /// Never on air, where 0x00 is reserved: see [`NotYet`].
    pub(in crate::host) const NOT_YET: Self = Self(0x00);
}

/// Opcodes: the first octet of each ATT PDU (Vol 3, Part F, 3.4.8).
pub mod opcode {
    #![allow(missing_docs, reason = "named as the specification names them")]
    pub const ERROR_RSP: u8 = 0x01;
    pub const EXCHANGE_MTU_REQ: u8 = 0x02;
    pub const EXCHANGE_MTU_RSP: u8 = 0x03;
    pub const FIND_INFORMATION_REQ: u8 = 0x04;
    pub const FIND_INFORMATION_RSP: u8 = 0x05;
    pub const FIND_BY_TYPE_VALUE_REQ: u8 = 0x06;
    pub const FIND_BY_TYPE_VALUE_RSP: u8 = 0x07;
    pub const READ_BY_TYPE_REQ: u8 = 0x08;
    pub const READ_BY_TYPE_RSP: u8 = 0x09;
    pub const READ_REQ: u8 = 0x0A;
    pub const READ_RSP: u8 = 0x0B;
    pub const READ_BLOB_REQ: u8 = 0x0C;
    pub const READ_BLOB_RSP: u8 = 0x0D;
    pub const READ_MULTIPLE_REQ: u8 = 0x0E;
    pub const READ_MULTIPLE_RSP: u8 = 0x0F;
    pub const READ_BY_GROUP_TYPE_REQ: u8 = 0x10;
    pub const READ_BY_GROUP_TYPE_RSP: u8 = 0x11;
    pub const WRITE_REQ: u8 = 0x12;
    pub const WRITE_RSP: u8 = 0x13;
    pub const PREPARE_WRITE_REQ: u8 = 0x16;
    pub const PREPARE_WRITE_RSP: u8 = 0x17;
    pub const EXECUTE_WRITE_REQ: u8 = 0x18;
    pub const EXECUTE_WRITE_RSP: u8 = 0x19;
    pub const HANDLE_VALUE_NTF: u8 = 0x1B;
    pub const HANDLE_VALUE_IND: u8 = 0x1D;
    pub const HANDLE_VALUE_CFM: u8 = 0x1E;
    pub const READ_MULTIPLE_VARIABLE_REQ: u8 = 0x20;
    pub const READ_MULTIPLE_VARIABLE_RSP: u8 = 0x21;
    pub const MULTIPLE_HANDLE_VALUE_NTF: u8 = 0x23;
    pub const WRITE_CMD: u8 = 0x52;
}
