//! Numbers of the Attribute Protocol (Vol 3, Part F, 3.4.1.1, 3.4.8).

/// Opcodes: the first octet of each PDU (3.4.8).
pub(super) mod code {
    pub(in crate::l2cap) const ERROR_RSP: u8 = 0x01;
    pub(in crate::l2cap) const EXCHANGE_MTU_REQ: u8 = 0x02;
    pub(in crate::l2cap) const EXCHANGE_MTU_RSP: u8 = 0x03;
    pub(in crate::l2cap) const FIND_INFORMATION_REQ: u8 = 0x04;
    pub(in crate::l2cap) const FIND_BY_TYPE_VALUE_REQ: u8 = 0x06;
    pub(in crate::l2cap) const READ_BY_TYPE_REQ: u8 = 0x08;
    pub(in crate::l2cap) const READ_REQ: u8 = 0x0A;
    pub(in crate::l2cap) const READ_RSP: u8 = 0x0B;
    pub(in crate::l2cap) const READ_BLOB_REQ: u8 = 0x0C;
    pub(in crate::l2cap) const READ_BLOB_RSP: u8 = 0x0D;
    pub(in crate::l2cap) const READ_MULTIPLE_REQ: u8 = 0x0E;
    pub(in crate::l2cap) const READ_BY_GROUP_TYPE_REQ: u8 = 0x10;
    pub(in crate::l2cap) const WRITE_REQ: u8 = 0x12;
    pub(in crate::l2cap) const WRITE_RSP: u8 = 0x13;
    pub(in crate::l2cap) const PREPARE_WRITE_REQ: u8 = 0x16;
    pub(in crate::l2cap) const PREPARE_WRITE_RSP: u8 = 0x17;
    pub(in crate::l2cap) const EXECUTE_WRITE_REQ: u8 = 0x18;
    pub(in crate::l2cap) const EXECUTE_WRITE_RSP: u8 = 0x19;
    pub(in crate::l2cap) const NOTIFICATION: u8 = 0x1B;
    pub(in crate::l2cap) const INDICATION: u8 = 0x1D;
    pub(in crate::l2cap) const CONFIRMATION: u8 = 0x1E;
    pub(in crate::l2cap) const READ_MULTIPLE_VARIABLE_REQ: u8 = 0x20;
    pub(in crate::l2cap) const MULTIPLE_NOTIFICATION: u8 = 0x23;
    pub(in crate::l2cap) const WRITE_CMD: u8 = 0x52;
    pub(in crate::l2cap) const SIGNED_WRITE_CMD: u8 = 0xD2;
}

/// Error codes of ATT_ERROR_RSP (3.4.1.1).
pub(super) mod error {
    pub(in crate::l2cap) const INVALID_HANDLE: u8 = 0x01;
    pub(in crate::l2cap) const READ_NOT_PERMITTED: u8 = 0x02;
    pub(in crate::l2cap) const INVALID_PDU: u8 = 0x04;
    pub(in crate::l2cap) const INSUFFICIENT_AUTHENTICATION: u8 = 0x05;
    pub(in crate::l2cap) const REQUEST_NOT_SUPPORTED: u8 = 0x06;
    pub(in crate::l2cap) const INSUFFICIENT_AUTHORIZATION: u8 = 0x08;
    pub(in crate::l2cap) const NOT_FOUND: u8 = 0x0A;
    pub(in crate::l2cap) const KEY_TOO_SHORT: u8 = 0x0C;
    pub(in crate::l2cap) const UNLIKELY: u8 = 0x0E;
    pub(in crate::l2cap) const INSUFFICIENT_ENCRYPTION: u8 = 0x0F;
    pub(in crate::l2cap) const UNSUPPORTED_GROUP: u8 = 0x10;
    pub(in crate::l2cap) const INSUFFICIENT_RESOURCES: u8 = 0x11;
    pub(in crate::l2cap) const OUT_OF_SYNC: u8 = 0x12;

    /// Application errors, and those of profiles and services.
    pub(in crate::l2cap) const fn is_of_application(error: u8) -> bool {
        matches!(error, 0x80..=0x9F | 0xE0..)
    }
}

const REQUESTS: [u8; 12] = [0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0x18, 0x20];
/// Command flag of an opcode.
const COMMAND: u8 = 0x40;

/// The kind of a PDU.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AttKind {
    Request,
    Response,
    Command,
    Notification,
    Indication,
    Confirmation,
    /// Not known: it may be a request.
    Unknown,
}

pub(super) fn kind(opcode: u8) -> AttKind {
    match opcode {
        code::INDICATION => AttKind::Indication,
        code::CONFIRMATION => AttKind::Confirmation,
        code::NOTIFICATION | code::MULTIPLE_NOTIFICATION => AttKind::Notification,
        _ if opcode & COMMAND != 0 => AttKind::Command,
        _ if REQUESTS.contains(&opcode) => AttKind::Request,
        code::ERROR_RSP => AttKind::Response,
        _ if REQUESTS.contains(&opcode.wrapping_sub(1)) => AttKind::Response,
        _ => AttKind::Unknown,
    }
}
