//! Connection handles: each half numbers its connections from zero to 0xFF; a host sees one space.

use ble::hci::{Command, Event, Handle, Return};

use super::arbiter::Side;

/// Handles of connections as central begin here. Zero is left out: some hosts take it for none.
const CENTRAL: u16 = 0x0001;
/// Handles of connections as peripheral begin here.
const PERIPHERAL: u16 = 0x0101;

/// A half's handle as its host knows it.
pub(super) const fn outward(side: Side, Handle(local): Handle) -> Handle {
    Handle(match side {
        Side::Central => CENTRAL.saturating_add(local),
        Side::Peripheral | Side::Extended => PERIPHERAL.saturating_add(local),
    })
}

/// The half that a host's handle belongs to, and the handle within that half. Invalid handles are
/// unknown to the half that is asked.
pub(super) const fn inward(Handle(outer): Handle) -> (Side, Handle) {
    match (outer.checked_sub(PERIPHERAL), outer.checked_sub(CENTRAL)) {
        (Some(local), _) => (Side::Peripheral, Handle(local)),
        (None, Some(local)) => (Side::Central, Handle(local)),
        (None, None) => (Side::Central, Handle(u16::MAX)),
    }
}

/// The connection that a command names.
pub(super) const fn of_command(command: &mut Command) -> Option<&mut Handle> {
    Some(match command {
        Command::Disconnect { handle, .. }
        | Command::ReadRemoteVersion { handle }
        | Command::ReadAuthenticatedPayloadTimeout { handle }
        | Command::WriteAuthenticatedPayloadTimeout { handle, .. }
        | Command::LeConnectionUpdate { handle, .. }
        | Command::LeReadChannelMap { handle }
        | Command::LeReadRemoteFeatures { handle }
        | Command::LeEnableEncryption { handle, .. }
        | Command::LeLongTermKeyRequestReply { handle, .. }
        | Command::LeLongTermKeyRequestNegativeReply { handle }
        | Command::LeRemoteConnectionParameterRequestReply { handle, .. }
        | Command::LeRemoteConnectionParameterRequestNegativeReply { handle, .. }
        | Command::LeSetDataLength { handle, .. }
        | Command::LeReadPhy { handle }
        | Command::LeSetPhy { handle, .. } => handle,
        _ => return None,
    })
}

/// The connection that an event is about.
pub(super) fn of_event(event: &mut Event) -> Option<&mut Handle> {
    Some(match event {
        Event::LeConnectionComplete(complete) => {
            let made = complete.status == ble::error::ErrorCode::SUCCESS;
            return made.then_some(&mut complete.handle);
        }
        Event::CommandComplete {
            returned:
                Return::Handle(handle)
                | Return::ChannelMap { handle, .. }
                | Return::Phy { handle, .. }
                | Return::AuthenticatedPayloadTimeout { handle, .. },
            ..
        }
        | Event::DisconnectionComplete { handle, .. }
        | Event::EncryptionChange { handle, .. }
        | Event::EncryptionKeyRefreshComplete { handle, .. }
        | Event::RemoteVersion { handle, .. }
        | Event::NumberOfCompletedPackets { handle, .. }
        | Event::AuthenticatedPayloadTimeoutExpired { handle }
        | Event::LeConnectionUpdateComplete { handle, .. }
        | Event::LeRemoteFeatures { handle, .. }
        | Event::LeLongTermKeyRequest { handle, .. }
        | Event::LeRemoteConnectionParameterRequest { handle, .. }
        | Event::LeDataLengthChange { handle, .. }
        | Event::LePhyUpdateComplete { handle, .. }
        | Event::LeChannelSelectionAlgorithm { handle, .. } => handle,
        _ => return None,
    })
}
