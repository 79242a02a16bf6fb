//! Version exchange (Vol 6, Part B, 5.1.5): LL_VERSION_IND once in each direction.

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, VersionInd};
use ble::trace::Procedure;

use super::connection::{Connection, Context};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Version {
    sent: bool,
    peer: Option<VersionInd>,
}

impl Connection {
    pub(super) fn start_version(&mut self, cx: &mut Context<'_>) {
        if self.version.peer.is_some() {
            self.end_own(cx, ErrorCode::SUCCESS);
        } else if core::mem::replace(&mut self.version.sent, true) {
            // LL-VERS-1.
            // Said once and refused: there will be no answer.
            self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        } else {
            self.send(cx, ControlPdu::VersionInd(cx.config.version));
        }
    }

    pub(super) fn on_version(&mut self, cx: &mut Context<'_>, version: VersionInd) {
        // LL-VERS-2.
        // A second one says nothing new and is not answered.
        if self.version.peer.replace(version).is_some() {
            return;
        }
        if self.procedures.asked(Procedure::VersionExchange).is_some() {
            self.end_own(cx, ErrorCode::SUCCESS);
        } else if !core::mem::replace(&mut self.version.sent, true) {
            self.trace_served(cx, Procedure::VersionExchange);
            self.send(cx, ControlPdu::VersionInd(cx.config.version));
        }
    }

    pub(super) fn tell_version(&self, cx: &mut Context<'_>, status: ErrorCode) {
        let peer =
            self.version.peer.unwrap_or(VersionInd { version: 0, company: 0, subversion: 0 });
        cx.out.event(Event::RemoteVersion {
            handle: self.handle,
            status,
            version: peer.version,
            company: peer.company,
            subversion: peer.subversion,
        });
    }
}
