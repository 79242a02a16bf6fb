//! What hosts and controllers exchanged about connections.

use std::collections::BTreeMap;

use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Role};

use super::link::{HciEvent, Link};
use bletwin_sniffer::{Hci, NodeId, Said};

/// Assigns HCI events, farewells and keys to connections by handle.
pub(super) fn listen<'a>(hci: &'a [Hci], links: &mut [Link<'a>]) {
    let mut handles: BTreeMap<(NodeId, Handle), (usize, Role)> = BTreeMap::new();
    for record in hci {
        if let Said::Command(Command::Disconnect { handle, .. }) = &record.said
            && let Some(&(at, by)) = handles.get(&(record.node, *handle))
            && let Some(link) = links.get_mut(at)
        {
            link.farewells[by as usize].get_or_insert(record.at);
        }
        if let Said::Command(
            Command::LeEnableEncryption { handle, ltk, .. }
            | Command::LeLongTermKeyRequestReply { handle, ltk },
        ) = &record.said
            && let Some(&(at, by)) = handles.get(&(record.node, *handle))
            && let Some(link) = links.get_mut(at)
        {
            link.keys[by as usize] = Some((record.at, ltk));
        }
        let Said::Event(event) = &record.said else { continue };
        if let Event::LeConnectionComplete(complete) = event
            && complete.status == ErrorCode::SUCCESS
        {
            let theirs = complete.role == Role::Peripheral;
            let fits = |link: &Link<'_>| {
                let own = link.node(complete.role) == record.node;
                own && link.connect.record < record.id && !(theirs && link.in_vain)
            };
            if let Some(at) = links.iter().rposition(fits) {
                handles.insert((record.node, complete.handle), (at, complete.role));
            }
        }
        let handle = handle(event).map(|handle| (record.node, handle));
        let Some(&(at, by)) = handle.and_then(|handle| handles.get(&handle)) else { continue };
        let hci = HciEvent { by, at: record.at, record: record.id, event };
        if let Some(link) = links.get_mut(at) {
            link.hci.push(hci);
        }
        if let (Event::DisconnectionComplete { .. }, Some(handle)) = (event, handle) {
            handles.remove(&handle);
        }
    }
}

/// The connection of an event about a link.
const fn handle(event: &Event) -> Option<Handle> {
    match event {
        Event::LeConnectionComplete(complete) if complete.status.0 == 0 => Some(complete.handle),
        Event::DisconnectionComplete { handle, .. }
        | Event::EncryptionChange { handle, .. }
        | Event::EncryptionKeyRefreshComplete { handle, .. }
        | Event::LeConnectionUpdateComplete { handle, .. }
        | Event::LeDataLengthChange { handle, .. }
        | Event::LePhyUpdateComplete { handle, .. }
        | Event::AuthenticatedPayloadTimeoutExpired { handle }
        | Event::LeRemoteFeatures { handle, .. }
        | Event::RemoteVersion { handle, .. } => Some(*handle),
        _ => None,
    }
}
