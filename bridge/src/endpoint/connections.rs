//! The connections as far as the host knows of them.

use std::collections::BTreeMap;

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{ConnectionComplete, Handle};
use ble::time::Instant;

use super::Endpoint;
use super::commands::{Call, Parsed, Reply, Verdict};
use super::device::TX_POWER;

/// The value of Read RSSI before the first packet.
const NO_RSSI: i8 = 127;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    peer: Address,
    identity: Option<Address>,
    /// ACL packets that wait for their acknowledgement.
    outstanding: u16,
    /// dBm, of the packet that was received last.
    rssi: Option<i8>,
}

/// By handle, as the host knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Connections(BTreeMap<Handle, Known>);

impl Connections {
    pub(super) fn begun(&mut self, complete: &ConnectionComplete) {
        let (peer, identity) = (complete.peer, complete.peer_identity);
        let known = Known { peer, identity, outstanding: 0, rssi: None };
        self.0.insert(complete.handle, known);
    }

    pub(super) fn ended(&mut self, handle: Handle) {
        self.0.remove(&handle);
    }

    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contain(&self, handle: Handle) -> bool {
        self.0.contains_key(&handle)
    }

    /// Whether there is one with this device, by the address on air or by its identity.
    pub(super) fn reach(&self, peer: Address) -> bool {
        self.0.values().any(|known| known.peer == peer || known.identity == Some(peer))
    }

    /// ACL packets of all connections that wait for their acknowledgement.
    pub(super) fn outstanding(&self) -> u32 {
        self.0.values().map(|known| u32::from(known.outstanding)).sum()
    }

    /// The host has given a packet.
    pub(super) fn given(&mut self, handle: Handle) {
        if let Some(known) = self.0.get_mut(&handle) {
            known.outstanding = known.outstanding.saturating_add(1);
        }
    }

    /// This many packets have been acknowledged.
    pub(super) fn completed(&mut self, handle: Handle, count: u16) {
        if let Some(known) = self.0.get_mut(&handle) {
            known.outstanding = known.outstanding.saturating_sub(count);
        }
    }

    /// A packet was received with this strength, in dBm.
    pub(super) fn heard(&mut self, handle: Handle, rssi_dbm: i8) {
        if let Some(known) = self.0.get_mut(&handle) {
            known.rssi = Some(rssi_dbm);
        }
    }

    fn known(&self, handle: Handle) -> Result<&Known, ErrorCode> {
        self.0.get(&handle).ok_or(ErrorCode::UNKNOWN_CONNECTION)
    }
}

/// Of a command that names a connection and nothing else.
pub(super) const fn handle(call: &Call<'_>) -> Parsed<Handle> {
    match *call.parameters {
        [low, high] => Ok(Handle(u16::from_le_bytes([low, high]))),
        _ => Err(ErrorCode::INVALID_PARAMETERS),
    }
}

/// Of Read Transmit Power Level: of the level at present and of the highest, which are the same.
pub(super) const fn level(call: &Call<'_>) -> Parsed<Handle> {
    match *call.parameters {
        [low, high, 0 | 1] => Ok(Handle(u16::from_le_bytes([low, high]))),
        _ => Err(ErrorCode::INVALID_PARAMETERS),
    }
}

impl Endpoint {
    pub(super) fn read_transmit_power_level(&mut self, _: Instant, handle: Handle) -> Verdict {
        self.connections.known(handle)?;
        Ok(about(handle, TX_POWER))
    }

    pub(super) fn read_rssi(&mut self, _: Instant, handle: Handle) -> Verdict {
        let rssi = self.connections.known(handle)?.rssi.unwrap_or(NO_RSSI);
        Ok(about(handle, rssi))
    }
}

/// A connection, and dBm.
fn about(Handle(handle): Handle, dbm: i8) -> Reply {
    Reply::Octets([&handle.to_le_bytes()[..], &dbm.to_le_bytes()].concat())
}
