//! Controller to host flow control: data wait until the host has buffers for them.

use std::collections::{BTreeMap, VecDeque};

use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, Command, Handle};
use ble::time::Instant;

use super::{Endpoint, handles};

/// Packets that may wait for a host. A link that brings more is ended.
const WAITING_MAX: usize = 64;
/// Least length of a host's buffers: what every data PDU may hold.
const LENGTH_MIN: u16 = 27;

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct HostFlow {
    on: bool,
    /// Length and number of the host's buffers, if it has told them.
    buffers: Option<(u16, u16)>,
    /// Packets that the host has not done with, by handle.
    given: BTreeMap<u16, u16>,
    waiting: VecDeque<Acl>,
    /// Whose data find no place.
    overflowing: Option<Handle>,
}

impl HostFlow {
    /// Its connection is gone: the host's buffers are free, and what waits is of no use.
    pub(super) fn forget(&mut self, handle: Handle) {
        self.given.remove(&handle.0);
        self.waiting.retain(|acl| acl.handle != handle);
        self.overflowing = self.overflowing.filter(|other| *other != handle);
    }

    fn add(&mut self, acl: Acl) {
        if self.waiting.len() >= WAITING_MAX {
            self.overflowing = Some(acl.handle);
            return;
        }
        let length = self.buffers.map_or(usize::MAX, |(length, _)| usize::from(length));
        let mut boundary = acl.boundary;
        for part in acl.data.chunks(length) {
            let data = part.iter().copied().collect();
            self.waiting.push_back(Acl { handle: acl.handle, boundary, data });
            boundary = AclBoundary::Continuing;
        }
    }

    /// The next packet that the host has a buffer for.
    fn next(&mut self) -> Option<Acl> {
        let given: u32 = self.given.values().map(|count| u32::from(*count)).sum();
        let room = self.buffers.is_none_or(|(_, count)| given < u32::from(count));
        let acl = if room { self.waiting.pop_front() } else { None }?;
        let count = self.given.entry(acl.handle.0).or_default();
        *count = count.saturating_add(1);
        Some(acl)
    }
}

impl Endpoint {
    /// Data of a half, once the host has a buffer for them.
    pub(super) fn acl_to_host(&mut self, acl: Acl) {
        if self.flow.on {
            self.flow.add(acl);
            self.give_data();
        } else {
            self.send_acl(acl);
        }
    }

    pub(super) fn give_data(&mut self) {
        while let Some(acl) = self.flow.next() {
            self.send_acl(acl);
        }
    }

    /// Ends a link whose data the host does not take, as one that lacks memory does.
    pub(super) fn relieve(&mut self, now: Instant) {
        if let Some(handle) = self.flow.overflowing.take() {
            let (side, reason) = (handles::inward(handle).0, ErrorCode::REMOTE_LOW_RESOURCES);
            // A link that ends already refuses.
            let _ = self.ask(now, side, Command::Disconnect { handle, reason });
        }
    }

    pub(super) fn set_host_flow_control(
        &mut self,
        parameters: &[u8],
    ) -> Result<Vec<u8>, ErrorCode> {
        // There are no synchronous data.
        let [wanted @ 0..=3] = *parameters else { return Err(ErrorCode::INVALID_PARAMETERS) };
        if !self.connections.is_empty() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.flow.on = wanted & 1 != 0;
        Ok(Vec::new())
    }

    pub(super) fn host_buffer_size(&mut self, parameters: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let [length_low, length_high, _, count_low, count_high, _, _] = *parameters else {
            return Err(ErrorCode::INVALID_PARAMETERS);
        };
        let length = u16::from_le_bytes([length_low, length_high]);
        let count = u16::from_le_bytes([count_low, count_high]);
        if length < LENGTH_MIN || count == 0 {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        if !self.connections.is_empty() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.flow.buffers = Some((length, count));
        Ok(Vec::new())
    }

    /// All of it counts or nothing.
    pub(super) fn host_completed(&mut self, parameters: &[u8]) -> Result<(), ErrorCode> {
        let invalid = ErrorCode::INVALID_PARAMETERS;
        let (number, rest) = parameters.split_first().ok_or(invalid)?;
        if rest.len() != usize::from(*number) * 4 {
            return Err(invalid);
        }
        if !self.flow.on {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let mut given = self.flow.given.clone();
        for entry in rest.chunks_exact(4) {
            let [handle_low, handle_high, low, high] = *entry else { return Err(invalid) };
            let handle = u16::from_le_bytes([handle_low, handle_high]);
            let count = u16::from_le_bytes([low, high]);
            if !self.connections.contains_key(&handle) {
                return Err(ErrorCode::UNKNOWN_CONNECTION);
            }
            let left = given.entry(handle).or_default();
            *left = left.checked_sub(count).ok_or(invalid)?;
        }
        self.flow.given = given;
        self.give_data();
        Ok(())
    }
}
