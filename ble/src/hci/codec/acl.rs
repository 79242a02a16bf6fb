//! ACL data packets (Vol 4, Part E, 5.4.2).

use super::CodecError;
use crate::hci::acl::ACL_MAX;
use crate::hci::{Acl, AclBoundary, AclData, Handle};
use crate::pdu::cursor::Writer;
use bt_hci::FromHciBytes as _;
use bt_hci::data::{AclBroadcastFlag, AclPacket, AclPacketBoundary};

/// Most octets of an ACL packet: handle and flags, length, data.
pub const ACL_PACKET_MAX: usize = 4 + ACL_MAX;

/// Which way an ACL packet goes: the first fragment is flagged differently.
const FIRST_FROM_HOST: u16 = AclPacketBoundary::FirstNonFlushable as u16;
const FIRST_FROM_CONTROLLER: u16 = AclPacketBoundary::FirstFlushable as u16;

/// As octets, from a host (`from_host`) or from a controller.
///
/// # Errors
/// [`CodecError::Unrepresentable`] for a handle above 0x0FFF.
pub fn encode_acl(
    acl: &Acl,
    from_host: bool,
) -> Result<heapless::Vec<u8, ACL_PACKET_MAX>, CodecError> {
    if acl.handle.0 > 0x0FFF {
        return Err(CodecError::Unrepresentable);
    }
    let boundary = match acl.boundary {
        AclBoundary::First if from_host => FIRST_FROM_HOST,
        AclBoundary::First => FIRST_FROM_CONTROLLER,
        AclBoundary::Continuing => AclPacketBoundary::Continuing as u16,
    };
    let length = u16::try_from(acl.data.len()).map_err(|_| CodecError::Unrepresentable)?;
    let mut w = Writer::new();
    w.u16(acl.handle.0 | (boundary << 12)).u16(length).bytes(&acl.data);
    w.finish().ok_or(CodecError::Unrepresentable)
}

/// From octets, whichever side they come from.
///
/// # Errors
/// [`CodecError::Framing`] if the length does not fit, [`CodecError::Unsupported`] for broadcasts,
/// complete L2CAP PDUs (BR/EDR only) and more than [`ACL_MAX`] octets.
pub fn parse_acl(packet: &[u8]) -> Result<Acl, CodecError> {
    let packet = AclPacket::from_hci_bytes_complete(packet).map_err(|_| CodecError::Framing)?;
    if packet.broadcast_flag() != AclBroadcastFlag::PointToPoint {
        return Err(CodecError::Unsupported);
    }
    let boundary = match packet.boundary_flag() {
        AclPacketBoundary::FirstNonFlushable | AclPacketBoundary::FirstFlushable => {
            AclBoundary::First
        }
        AclPacketBoundary::Continuing => AclBoundary::Continuing,
        AclPacketBoundary::Complete => return Err(CodecError::Unsupported),
    };
    let data = AclData::from_slice(packet.data()).map_err(|_| CodecError::Unsupported)?;
    Ok(Acl { handle: Handle(packet.header().handle & 0x0FFF), boundary, data })
}
