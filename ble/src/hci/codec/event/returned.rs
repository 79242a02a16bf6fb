//! Return parameters of Command Complete: which follow the status depends on the command.

use super::encode::Octets;
use crate::hci::codec::{channel_map, reversed, wire_channel_map};
use crate::hci::{Handle, HciOpcode, Return};
use crate::pdu::control::FeatureSet;
use crate::pdu::cursor::Reader;
use crate::phy::Phy;
use bt_hci::cmd::{Cmd as _, controller_baseband as baseband, info, le};
use bt_hci::param::PhyKind;

pub(super) fn put_returned(w: &mut Octets, returned: &Return) -> Option<()> {
    match returned {
        Return::None => {}
        Return::Handle(handle) => {
            w.u16(handle.0);
        }
        Return::BdAddr(address) => {
            w.bytes(address);
        }
        Return::BufferSize { length, count } => {
            w.u16(*length).u8(*count);
        }
        Return::Features(features) => {
            w.u64(features.0);
        }
        Return::Random(octets) => {
            w.bytes(octets);
        }
        Return::Encrypted(block) => {
            w.bytes(&reversed(*block));
        }
        Return::Size(size) => {
            w.u8(*size);
        }
        Return::ChannelMap { handle, channel_map } => {
            w.u16(handle.0).bytes(&wire_channel_map(*channel_map)?);
        }
        Return::MaximumDataLength { tx_octets, tx_time, rx_octets, rx_time } => {
            w.u16(*tx_octets).u16(*tx_time).u16(*rx_octets).u16(*rx_time);
        }
        Return::Phy { handle, tx, rx } => {
            w.u16(handle.0).u8(*tx as u8).u8(*rx as u8);
        }
        Return::AuthenticatedPayloadTimeout { handle, timeout } => {
            w.u16(handle.0).u16(*timeout);
        }
    }
    Some(())
}

/// What follows the status in the answer to `opcode`; `None` if that is malformed. Commands that
/// return nothing else, and those that the waist does not carry, give [`Return::None`].
pub(super) fn parse_returned(opcode: HciOpcode, octets: &[u8]) -> Option<Return> {
    let mut r = Reader::new(octets);
    let is = |command: bt_hci::cmd::Opcode| opcode.0 == command.to_raw();
    let returned = if is(baseband::ReadAuthenticatedPayloadTimeout::OPCODE) {
        Return::AuthenticatedPayloadTimeout { handle: Handle(r.u16()?), timeout: r.u16()? }
    } else if is(baseband::WriteAuthenticatedPayloadTimeout::OPCODE)
        || is(le::LeLongTermKeyRequestReply::OPCODE)
        || is(le::LeLongTermKeyRequestNegativeReply::OPCODE)
        || is(le::LeRemoteConnectionParameterRequestReply::OPCODE)
        || is(le::LeRemoteConnectionParameterRequestNegativeReply::OPCODE)
        || is(le::LeSetDataLength::OPCODE)
    {
        Return::Handle(Handle(r.u16()?))
    } else if is(info::ReadBdAddr::OPCODE) {
        Return::BdAddr(r.array()?)
    } else if is(le::LeReadBufferSize::OPCODE) {
        Return::BufferSize { length: r.u16()?, count: r.u8()? }
    } else if is(le::LeReadLocalSupportedFeatures::OPCODE) {
        Return::Features(FeatureSet(r.u64()?))
    } else if is(le::LeRand::OPCODE) {
        Return::Random(r.array()?)
    } else if is(le::LeEncrypt::OPCODE) {
        Return::Encrypted(reversed(r.array()?))
    } else if is(le::LeReadFilterAcceptListSize::OPCODE) {
        Return::Size(r.u8()?)
    } else if is(le::LeReadChannelMap::OPCODE) {
        Return::ChannelMap { handle: Handle(r.u16()?), channel_map: channel_map(r.array()?) }
    } else if is(le::LeReadMaxDataLength::OPCODE) {
        Return::MaximumDataLength {
            tx_octets: r.u16()?,
            tx_time: r.u16()?,
            rx_octets: r.u16()?,
            rx_time: r.u16()?,
        }
    } else if is(le::LeReadPhy::OPCODE) {
        Return::Phy { handle: Handle(r.u16()?), tx: phy(r.u8()?)?, rx: phy(r.u8()?)? }
    } else {
        return Some(Return::None);
    };
    r.end()?;
    Some(returned)
}

const fn phy(octet: u8) -> Option<Phy> {
    match octet {
        1 => Some(Phy::Le1M),
        2 => Some(Phy::Le2M),
        3 => Some(Phy::LeCoded),
        _ => None,
    }
}

/// A PHY in an event. `None` for the value of Coded with S=2, which no event of this waist has.
pub(super) const fn event_phy(kind: PhyKind) -> Option<Phy> {
    phy(kind as u8)
}
