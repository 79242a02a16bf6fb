//! Event → octets. bt-hci has event codes only, so the fields are written here.

use super::returned::put_returned;
use super::{ConnectionEvent, EVENT_PACKET_MAX};
use crate::hci::codec::{CodecError, wire_address};
use crate::hci::{AdvertisingReport, ConnectionComplete, Event};
use crate::pdu::cursor::Writer;
use bt_hci::event::le::LeEventKind;
use bt_hci::event::{EventKind, le};

pub(super) type Octets = Writer<255>;

/// Commands that a host may have under way: this waist answers each before it takes the next.
const COMMAND_CREDITS: u8 = 1;

/// An event as octets, event code first.
///
/// # Errors
/// [`CodecError::Unrepresentable`] for a channel map beyond five octets.
pub fn encode_event(
    event: &Event,
    form: ConnectionEvent,
) -> Result<heapless::Vec<u8, EVENT_PACKET_MAX>, CodecError> {
    let mut w = Octets::new();
    let code = general(&mut w, event, form).ok_or(CodecError::Unrepresentable)?;
    let octets = w.finish().ok_or(CodecError::Unrepresentable)?;
    let length = u8::try_from(octets.len()).map_err(|_| CodecError::Unrepresentable)?;
    let mut packet = Writer::new();
    packet.u8(code.0).u8(length).bytes(&octets);
    packet.finish().ok_or(CodecError::Unrepresentable)
}

/// Writes the parameters and gives the event code.
fn general(w: &mut Octets, event: &Event, form: ConnectionEvent) -> Option<EventKind> {
    Some(match event {
        Event::CommandComplete { opcode, status, returned } => {
            w.u8(COMMAND_CREDITS).u16(opcode.0).u8(status.0);
            put_returned(w, returned)?;
            EventKind::CommandComplete
        }
        Event::CommandStatus { opcode, status } => {
            w.u8(status.0).u8(COMMAND_CREDITS).u16(opcode.0);
            EventKind::CommandStatus
        }
        Event::DisconnectionComplete { handle, reason } => {
            w.u8(0).u16(handle.0).u8(reason.0);
            EventKind::DisconnectionComplete
        }
        Event::EncryptionChange { handle, status, enabled } => {
            w.u8(status.0).u16(handle.0).u8(u8::from(*enabled));
            EventKind::EncryptionChangeV1
        }
        Event::EncryptionKeyRefreshComplete { handle, status } => {
            w.u8(status.0).u16(handle.0);
            EventKind::EncryptionKeyRefreshComplete
        }
        Event::RemoteVersion { handle, status, version, company, subversion } => {
            w.u8(status.0).u16(handle.0).u8(*version).u16(*company).u16(*subversion);
            EventKind::ReadRemoteVersionInformationComplete
        }
        Event::NumberOfCompletedPackets { handle, count } => {
            w.u8(1).u16(handle.0).u16(*count);
            EventKind::NumberOfCompletedPackets
        }
        Event::AuthenticatedPayloadTimeoutExpired { handle } => {
            w.u16(handle.0);
            EventKind::AuthenticatedPayloadTimeoutExpired
        }
        Event::HardwareError { code } => {
            w.u8(*code);
            EventKind::HardwareError
        }
        Event::Vendor(vendor) => {
            w.bytes(vendor.octets());
            EventKind::Vendor
        }
        Event::LeConnectionComplete(complete) => {
            connection_complete(w, complete, form);
            EventKind::Le
        }
        Event::LeAdvertisingReport(report) => {
            advertising_report(w, report)?;
            EventKind::Le
        }
        _ => {
            of_a_connection(w, event);
            EventKind::Le
        }
    })
}

fn subevent(w: &mut Octets, kind: LeEventKind) -> &mut Octets {
    w.u8(kind.0)
}

/// LE events about an existing connection.
fn of_a_connection(w: &mut Octets, event: &Event) {
    match event {
        Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout } => {
            subevent(w, LeEventKind::LeConnectionUpdateComplete).u8(status.0).u16(handle.0);
            w.u16(*interval).u16(*latency).u16(*timeout);
        }
        Event::LeRemoteFeatures { handle, status, features } => {
            subevent(w, LeEventKind::LeReadRemoteFeaturesComplete).u8(status.0);
            w.u16(handle.0).u64(features.0);
        }
        Event::LeLongTermKeyRequest { handle, rand, ediv } => {
            subevent(w, LeEventKind::LeLongTermKeyRequest).u16(handle.0).u64(*rand).u16(*ediv);
        }
        Event::LeRemoteConnectionParameterRequest {
            handle,
            interval_min,
            interval_max,
            latency,
            timeout,
        } => {
            subevent(w, LeEventKind::LeRemoteConnectionParameterRequest).u16(handle.0);
            w.u16(*interval_min).u16(*interval_max).u16(*latency).u16(*timeout);
        }
        Event::LeDataLengthChange { handle, tx_octets, tx_time, rx_octets, rx_time } => {
            subevent(w, LeEventKind::LeDataLengthChange).u16(handle.0);
            w.u16(*tx_octets).u16(*tx_time).u16(*rx_octets).u16(*rx_time);
        }
        Event::LePhyUpdateComplete { handle, status, tx, rx } => {
            subevent(w, LeEventKind::LePhyUpdateComplete).u8(status.0).u16(handle.0);
            w.u8(*tx as u8).u8(*rx as u8);
        }
        Event::LeChannelSelectionAlgorithm { handle, second } => {
            subevent(w, LeEventKind::LeChannelSelectionAlgorithm).u16(handle.0);
            w.u8(u8::from(*second));
        }
        // Written by `general`.
        _ => {}
    }
}

fn connection_complete(w: &mut Octets, complete: &ConnectionComplete, form: ConnectionEvent) {
    let shown = complete.peer_identity.unwrap_or(complete.peer);
    let (kind, address) = wire_address(shown);
    // Types 2 and 3 say that the address is an identity that the controller resolved.
    let resolved = u8::from(complete.peer_identity.is_some()) << 1;
    match form {
        ConnectionEvent::Plain => {
            subevent(w, LeEventKind::LeConnectionComplete).u8(complete.status.0);
            w.u16(complete.handle.0).u8(complete.role as u8).u8(kind.into_inner());
            w.bytes(address.raw());
        }
        ConnectionEvent::Enhanced => {
            subevent(w, LeEventKind::LeEnhancedConnectionComplete).u8(complete.status.0);
            w.u16(complete.handle.0).u8(complete.role as u8).u8(kind.into_inner() | resolved);
            w.bytes(address.raw());
            let local = complete.local;
            w.bytes(if local.is_resolvable() { &local.octets } else { &[0; 6] });
            w.bytes(if resolved != 0 { &complete.peer.octets } else { &[0; 6] });
        }
    }
    w.u16(complete.interval).u16(complete.latency).u16(complete.timeout).u8(complete.sca);
}

fn advertising_report(w: &mut Octets, report: &AdvertisingReport) -> Option<()> {
    let (kind, address) = wire_address(report.address);
    subevent(w, LeEventKind::LeAdvertisingReport).u8(1).u8(report.event_type);
    w.u8(kind.into_inner() | u8::from(report.resolved) << 1).bytes(address.raw());
    w.u8(u8::try_from(report.data.len()).ok()?).bytes(&report.data);
    w.bytes(&report.rssi.to_le_bytes());
    Some(())
}

// The subevent codes above are those of the parsers: the two halves of bt-hci cannot disagree.
const _: () = {
    use le::LeEventParams as _;
    assert!(LeEventKind::LeLongTermKeyRequest.0 == le::LeLongTermKeyRequest::SUBEVENT_CODE);
};
