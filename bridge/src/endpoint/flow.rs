//! Controller to host flow control: data wait until the host has buffers for them.

use std::collections::{BTreeMap, VecDeque};

use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, AclData, Command, Handle};
use ble::time::Instant;

use super::commands::{Call, GRANTED, Parsed, Reply, Verdict};
use super::{Endpoint, handles};

/// Packets that may wait for a host. A link that brings more is ended.
const WAITING_MAX: usize = 64;
/// Least length of a host's buffers: what every data PDU may hold.
const LENGTH_MIN: u16 = 27;

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct HostFlow {
    on: bool,
    /// Length and number of the host's buffers, if it has reported them.
    buffers: Option<(u16, u16)>,
    /// Packets that the host has not done with, by handle.
    given: BTreeMap<Handle, u16>,
    waiting: VecDeque<Acl>,
    /// Whose data find no place.
    overflowing: Option<Handle>,
}

impl HostFlow {
    /// Its connection is over: the host's buffers are free, and waiting data are dropped.
    pub(super) fn forget(&mut self, handle: Handle) {
        self.given.remove(&handle);
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
            // Part of what fitted.
            let Ok(data) = AclData::from_slice(part) else { continue };
            self.waiting.push_back(Acl { handle: acl.handle, boundary, data });
            boundary = AclBoundary::Continuing;
        }
    }

    /// The next packet that the host has a buffer for.
    fn next(&mut self) -> Option<Acl> {
        let given: u32 = self.given.values().map(|count| u32::from(*count)).sum();
        let room = self.buffers.is_none_or(|(_, count)| given < u32::from(count));
        let acl = if room { self.waiting.pop_front() } else { None }?;
        let count = self.given.entry(acl.handle).or_default();
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

    /// Ends a link whose data the host does not take, as a controller without memory does.
    pub(super) fn relieve(&mut self, now: Instant) {
        if let Some(handle) = self.flow.overflowing.take() {
            let (side, reason) = (handles::inward(handle).0, ErrorCode::REMOTE_LOW_RESOURCES);
            // A link that ends already refuses.
            let _ = self.halves.ask(now, side, Command::Disconnect { handle, reason });
            self.pass_on(now);
        }
    }

    pub(super) fn set_host_flow_control(&mut self, _: Instant, on: bool) -> Verdict {
        if !self.connections.are_none() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.flow.on = on;
        GRANTED
    }

    pub(super) fn set_host_buffers(&mut self, _: Instant, buffers: (u16, u16)) -> Verdict {
        if !self.connections.are_none() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.flow.buffers = Some(buffers);
        GRANTED
    }

    /// The command counts as a whole or not at all. Success has no event.
    pub(super) fn host_completed(&mut self, _: Instant, done: Vec<(Handle, u16)>) -> Verdict {
        if !self.flow.on {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let mut given = self.flow.given.clone();
        for (handle, count) in done {
            if !self.connections.contain(handle) {
                return Err(ErrorCode::UNKNOWN_CONNECTION);
            }
            let left = given.entry(handle).or_default();
            *left = left.checked_sub(count).ok_or(ErrorCode::INVALID_PARAMETERS)?;
        }
        self.flow.given = given;
        self.give_data();
        Ok(Reply::Silent)
    }
}

/// Of Set Controller To Host Flow Control: whether ACL data are controlled. There are no
/// synchronous data.
pub(super) const fn wanted(call: &Call<'_>) -> Parsed<bool> {
    match *call.parameters {
        [wanted @ 0..=3] => Ok(wanted & 1 != 0),
        _ => Err(ErrorCode::INVALID_PARAMETERS),
    }
}

/// Of Host Buffer Size: length and number of buffers for ACL data.
pub(super) const fn host_buffers(call: &Call<'_>) -> Parsed<(u16, u16)> {
    let [length_low, length_high, _, count_low, count_high, _, _] = *call.parameters else {
        return Err(ErrorCode::INVALID_PARAMETERS);
    };
    let length = u16::from_le_bytes([length_low, length_high]);
    let count = u16::from_le_bytes([count_low, count_high]);
    if length < LENGTH_MIN || count == 0 {
        return Err(ErrorCode::INVALID_PARAMETERS);
    }
    Ok((length, count))
}

/// Of Host Number Of Completed Packets: connections, and packets of each.
pub(super) fn completed(call: &Call<'_>) -> Parsed<Vec<(Handle, u16)>> {
    let (number, rest) = call.parameters.split_first().ok_or(ErrorCode::INVALID_PARAMETERS)?;
    let (entries, more) = rest.as_chunks::<4>();
    if entries.len() != usize::from(*number) || !more.is_empty() {
        return Err(ErrorCode::INVALID_PARAMETERS);
    }
    let entry = |&[handle_low, handle_high, low, high]: &[u8; 4]| {
        let handle = Handle(u16::from_le_bytes([handle_low, handle_high]));
        (handle, u16::from_le_bytes([low, high]))
    };
    Ok(entries.iter().map(entry).collect())
}
