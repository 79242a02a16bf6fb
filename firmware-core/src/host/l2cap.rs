//! L2CAP fixed channels of an LE link (Vol 3, Part A): basic headers, recombination,
//! fragmentation, LE signalling.
//!
//! A frame on a channel that this host does not serve is dropped without a word.

pub mod fragment;
pub mod recombine;
pub mod signalling;

#[cfg(test)]
mod tests;

use ble::hci::{ACL_MAX, AclData};

/// CID of the Attribute Protocol.
pub const CID_ATT: u16 = 0x0004;
/// CID of LE signalling.
pub const CID_SIGNALLING: u16 = 0x0005;
/// CID of the Security Manager Protocol.
pub const CID_SMP: u16 = 0x0006;

/// Octets of the basic header: length, then CID.
pub const HEADER: usize = 4;
/// Longest frame either way, header included: one LL data PDU of full length.
pub const FRAME_MAX: usize = ACL_MAX;
/// Longest payload of a frame: the largest MTU of the channels served, ATT's 247.
pub const MTU: usize = FRAME_MAX - HEADER;

/// An L2CAP frame with its basic header.
pub type Frame = AclData;

/// Puts the basic header in front of a payload; `None` if it is longer than [`MTU`].
#[must_use]
pub fn frame(cid: u16, payload: &[u8]) -> Option<Frame> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut frame = Frame::new();
    frame.extend_from_slice(&length.to_le_bytes()).ok()?;
    frame.extend_from_slice(&cid.to_le_bytes()).ok()?;
    frame.extend_from_slice(payload).ok()?;
    Some(frame)
}

/// CID and payload of a whole frame.
#[must_use]
pub fn split(frame: &[u8]) -> Option<(u16, &[u8])> {
    let (&[_, _, low, high], payload) = frame.split_first_chunk::<HEADER>()?;
    Some((u16::from_le_bytes([low, high]), payload))
}
