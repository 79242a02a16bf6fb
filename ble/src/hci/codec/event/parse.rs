//! Octets → event, with bt-hci's parsers.

use super::returned::{event_phy, parse_returned};
use crate::address::Address;
use crate::error::ErrorCode;
use crate::hci::codec::{CodecError, peer_address};
use crate::hci::{
    AdvertisingReport, ConnectionComplete, Event, Handle, HciOpcode, Return, Role, VendorEvent,
};
use crate::pdu::advertising::AdvertisingData;
use crate::pdu::control::FeatureSet;
use bt_hci::FromHciBytes as _;
use bt_hci::event::le::LeEvent;
use bt_hci::event::{CommandComplete, Event as Wire, le};
use bt_hci::param::{AddrKind, BdAddr, ConnHandle, EncryptionEnabledLevel, LeConnRole, Status};

/// An event from octets, event code first. `own` is the local address that the host last set:
/// connection events carry the local address only if the controller generated it (a resolvable
/// private address).
///
/// # Errors
/// [`CodecError::Framing`] if the length octet and the packet disagree,
/// [`CodecError::Unsupported`] for what is malformed or not carried by this waist.
pub fn parse_event(packet: &[u8], own: Address) -> Result<Event, CodecError> {
    let [_, length, data @ ..] = packet else {
        return Err(CodecError::Framing);
    };
    if data.len() != usize::from(*length) {
        return Err(CodecError::Framing);
    }
    Wire::from_hci_bytes_complete(packet)
        .ok()
        .and_then(|event| general(event, own))
        .ok_or(CodecError::Unsupported)
}

fn general(event: Wire<'_>, own: Address) -> Option<Event> {
    Some(match event {
        Wire::CommandComplete(e) => return command_complete(&e),
        Wire::CommandStatus(e) => Event::CommandStatus {
            opcode: HciOpcode(e.cmd_opcode.to_raw()),
            status: error(e.status),
        },
        // Any other status means that a Disconnect failed, not that a link is lost.
        Wire::DisconnectionComplete(e) if e.status.into_inner() == 0 => {
            Event::DisconnectionComplete { handle: handle(e.handle), reason: error(e.reason) }
        }
        Wire::EncryptionChangeV1(e) => encryption_change(e.handle, e.status, e.enabled),
        Wire::EncryptionChangeV2(e) => encryption_change(e.handle, e.status, e.encryption_enabled),
        Wire::EncryptionKeyRefreshComplete(e) => Event::EncryptionKeyRefreshComplete {
            handle: handle(e.handle),
            status: error(e.status),
        },
        Wire::ReadRemoteVersionInformationComplete(e) => Event::RemoteVersion {
            handle: handle(e.handle),
            status: error(e.status),
            version: e.version.into_inner(),
            company: e.company_id,
            subversion: e.subversion,
        },
        Wire::NumberOfCompletedPackets(e) => {
            let [only] = e.completed_packets else { return None };
            Event::NumberOfCompletedPackets {
                handle: handle(only.handle().ok()?),
                count: only.num_completed_packets().ok()?,
            }
        }
        Wire::AuthenticatedPayloadTimeoutExpired(e) => {
            Event::AuthenticatedPayloadTimeoutExpired { handle: handle(e.handle) }
        }
        Wire::HardwareError(e) => Event::HardwareError { code: e.hardware_code },
        Wire::Vendor(e) => Event::Vendor(VendorEvent::new(&e.params)?),
        Wire::Le(e) => return le_event(e, own),
        _ => return None,
    })
}

fn command_complete(e: &CommandComplete<'_>) -> Option<Event> {
    let opcode = HciOpcode(e.cmd_opcode.to_raw());
    let (status, returned) = match &*e.bytes {
        // "No command": only new credits for the host.
        [] => (ErrorCode::SUCCESS, Return::None),
        // After an error, a controller may omit the remaining return parameters.
        [status] => (ErrorCode(*status), parse_returned(opcode, &[]).unwrap_or(Return::None)),
        [status, rest @ ..] => (ErrorCode(*status), parse_returned(opcode, rest)?),
    };
    let incomplete = returned == Return::None && parse_returned(opcode, &[]).is_none();
    if incomplete && status == ErrorCode::SUCCESS {
        return None;
    }
    Some(Event::CommandComplete { opcode, status, returned })
}

fn le_event(event: LeEvent<'_>, own: Address) -> Option<Event> {
    Some(match event {
        LeEvent::LeConnectionComplete(e) => plain_connection(&e, own)?,
        LeEvent::LeEnhancedConnectionComplete(e) => enhanced_connection(&e, own)?,
        LeEvent::LeAdvertisingReport(e) => advertising_report(&e)?,
        LeEvent::LeConnectionUpdateComplete(e) => Event::LeConnectionUpdateComplete {
            handle: handle(e.handle),
            status: error(e.status),
            interval: e.conn_interval.as_u16(),
            latency: e.peripheral_latency,
            timeout: e.supervision_timeout.as_u16(),
        },
        LeEvent::LeReadRemoteFeaturesComplete(e) => Event::LeRemoteFeatures {
            handle: handle(e.handle),
            status: error(e.status),
            features: FeatureSet(u64::from_le_bytes(e.le_features.into_inner())),
        },
        LeEvent::LeLongTermKeyRequest(e) => Event::LeLongTermKeyRequest {
            handle: handle(e.handle),
            rand: u64::from_le_bytes(e.random_number),
            ediv: e.encrypted_diversifier,
        },
        LeEvent::LeRemoteConnectionParameterRequest(e) => {
            Event::LeRemoteConnectionParameterRequest {
                handle: handle(e.handle),
                interval_min: e.interval_min.as_u16(),
                interval_max: e.interval_max.as_u16(),
                latency: e.max_latency,
                timeout: e.timeout.as_u16(),
            }
        }
        LeEvent::LeDataLengthChange(e) => Event::LeDataLengthChange {
            handle: handle(e.handle),
            tx_octets: e.max_tx_octets,
            tx_time: e.max_tx_time,
            rx_octets: e.max_rx_octets,
            rx_time: e.max_rx_time,
        },
        LeEvent::LePhyUpdateComplete(e) => Event::LePhyUpdateComplete {
            handle: handle(e.handle),
            status: error(e.status),
            tx: event_phy(e.tx_phy)?,
            rx: event_phy(e.rx_phy)?,
        },
        LeEvent::LeChannelSelectionAlgorithm(e) => Event::LeChannelSelectionAlgorithm {
            handle: handle(e.handle),
            second: e.channel_selection_algorithm == 1,
        },
        _ => return None,
    })
}

fn error(status: Status) -> ErrorCode {
    ErrorCode(status.into_inner())
}

const fn handle(handle: ConnHandle) -> Handle {
    Handle(handle.0)
}

fn encryption_change(at: ConnHandle, status: Status, level: EncryptionEnabledLevel) -> Event {
    Event::EncryptionChange {
        handle: handle(at),
        status: error(status),
        enabled: level != EncryptionEnabledLevel::Off,
    }
}

const fn role(role: LeConnRole) -> Role {
    match role {
        LeConnRole::Central => Role::Central,
        LeConnRole::Peripheral => Role::Peripheral,
    }
}

fn plain_connection(e: &le::LeConnectionComplete, own: Address) -> Option<Event> {
    Some(Event::LeConnectionComplete(ConnectionComplete {
        status: error(e.status),
        handle: handle(e.handle),
        role: role(e.role),
        peer: peer_address(e.peer_addr_kind, e.peer_addr)?,
        peer_identity: None,
        local: own,
        interval: e.conn_interval.as_u16(),
        latency: e.peripheral_latency,
        timeout: e.supervision_timeout.as_u16(),
        sca: e.central_clock_accuracy as u8,
    }))
}

fn enhanced_connection(e: &le::LeEnhancedConnectionComplete, own: Address) -> Option<Event> {
    let shown = peer_address(e.peer_addr_kind, e.peer_addr)?;
    let resolved = matches!(e.peer_addr_kind.into_inner(), 2 | 3);
    Some(Event::LeConnectionComplete(ConnectionComplete {
        status: error(e.status),
        handle: handle(e.handle),
        role: role(e.role),
        peer: if resolved { private(e.peer_resolvable_private_addr)? } else { shown },
        peer_identity: resolved.then_some(shown),
        local: match e.local_resolvable_private_addr {
            BdAddr([0, 0, 0, 0, 0, 0]) => own,
            address => private(address)?,
        },
        interval: e.conn_interval.as_u16(),
        latency: e.peripheral_latency,
        timeout: e.supervision_timeout.as_u16(),
        sca: e.central_clock_accuracy as u8,
    }))
}

fn private(address: BdAddr) -> Option<Address> {
    peer_address(AddrKind::RANDOM, address)
}

fn advertising_report(e: &le::LeAdvertisingReport<'_>) -> Option<Event> {
    if e.reports.len() != 1 {
        return None;
    }
    let report = e.reports.iter().next()?.ok()?;
    // The iterator does not say whether it left octets over.
    let expected = report.data.len().checked_add(10)?;
    if e.reports.bytes.len() != expected {
        return None;
    }
    Some(Event::LeAdvertisingReport(AdvertisingReport {
        event_type: report.event_kind as u8,
        address: peer_address(report.addr_kind, report.addr)?,
        resolved: matches!(report.addr_kind.into_inner(), 2 | 3),
        data: AdvertisingData::from_slice(report.data).ok()?,
        rssi: report.rssi,
    }))
}
