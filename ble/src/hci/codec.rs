//! The waist as bytes: HCI packets ⇄ owned values, without the packet indicator of a transport.
//!
//! bt-hci is made for hosts: it gives the opcodes, the layout of parameters and parsers for
//! events, but no dispatch for commands and no writer for events. Those are here. Its parameter
//! types serve both directions wherever they have a fixed layout; masks, PHY sets, octet strings
//! and all events on their way out are written with [`crate::pdu::cursor`]. Two of its types are
//! avoided on purpose: `PhyOptions`, whose check sees the low octet only, and
//! `ConnHandle::new` (behind `AclPacket::handle`), which panics above 0x0EFF.
//!
//! What the wire cannot carry, and what is made of it:
//!
//! * own address types 2 and 3 (a private address of the controller's making) are refused;
//! * connection event lengths are sent as 0 and ignored;
//! * an event about several connections or with several advertising reports is refused: this
//!   waist's controllers send one each;
//! * without privacy's enhanced event, a peer's on-air address gives way to its identity.

mod acl;
mod command;
mod event;

pub use acl::{ACL_PACKET_MAX, encode_acl, parse_acl};
pub use command::{COMMAND_PACKET_MAX, encode_command, parse_command};
pub use event::{ConnectionEvent, EVENT_PACKET_MAX, encode_event, parse_event};

use super::HciOpcode;
use crate::address::{Address, AddressKind};
use crate::error::ErrorCode;
use bt_hci::param::{AddrKind, BdAddr};

/// Why octets are no packet, or a value has no octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecError {
    /// Shorter or longer than the header says: a stream transport has lost its place.
    Framing,
    /// A known command with parameters of a wrong length or with a forbidden value.
    Parameters(HciOpcode),
    /// An event (or ACL packet) that is malformed or that this waist does not carry.
    Unsupported,
    /// A value that the wire has no room for.
    Unrepresentable,
}

impl CodecError {
    /// What a controller answers to a command that gave this error.
    #[must_use]
    pub const fn status(self) -> ErrorCode {
        ErrorCode::INVALID_PARAMETERS
    }
}

/// An address of a peer. Identity types (2, 3) count as what they are identities of.
fn peer_address(kind: AddrKind, address: BdAddr) -> Option<Address> {
    let kind = match kind.into_inner() {
        0 | 2 => AddressKind::Public,
        1 | 3 => AddressKind::Random,
        _ => return None,
    };
    Some(Address::new(kind, address.into_inner()))
}

const fn wire_address(address: Address) -> (AddrKind, BdAddr) {
    (AddrKind(address.kind as u8), BdAddr(address.octets))
}

/// Channel maps are five octets; `None` if a higher bit is set.
fn wire_channel_map(map: u64) -> Option<[u8; 5]> {
    match map.to_le_bytes() {
        [a, b, c, d, e, 0, 0, 0] => Some([a, b, c, d, e]),
        _ => None,
    }
}

const fn channel_map([a, b, c, d, e]: [u8; 5]) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
}

/// The waist holds AES blocks most significant octet first, the wire carries them the other way.
fn reversed(mut block: [u8; 16]) -> [u8; 16] {
    block.reverse();
    block
}

#[cfg(test)]
mod tests;
