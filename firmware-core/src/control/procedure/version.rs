//! Version exchange (Vol 6, Part B, 5.1.5): LL_VERSION_IND once in each direction.

use super::{ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode, VersionInd};
use ble::trace::Procedure;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::VERSION_IND),
    hears: &[(Opcode::VERSION_IND, FeatureSet(0))],
    started_by: |command| matches!(command, Command::ReadRemoteVersion { .. }),
    report: Some(report),
    ..ProcedureRow::NONE
};

/// What has been exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(in crate::control) struct Version {
    sent: bool,
    peer: Option<VersionInd>,
}

impl Version {
    /// Stores the peer's version; `false`: it was received before.
    pub(super) fn learn(&mut self, version: VersionInd) -> bool {
        self.peer.replace(version).is_none()
    }
}

pub(super) fn start(c: &mut Connection, cx: &mut Context<'_>) -> Step<()> {
    if c.version.peer.is_some() {
        Step::End(ErrorCode::SUCCESS)
    } else if core::mem::replace(&mut c.version.sent, true) {
        // LL-VERS-1: one LL_VERSION_IND.
        // Said once and refused: there will be no answer.
        Step::End(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
    } else {
        c.send(cx, ControlPdu::VersionInd(cx.config.version));
        Step::Next(())
    }
}

/// LL_VERSION_IND that is no answer.
pub(super) fn serve(c: &mut Connection, cx: &mut Context<'_>, version: VersionInd) {
    // LL-VERS-2: answering LL_VERSION_IND.
    // A second one says nothing new and is not answered.
    let first = c.version.learn(version);
    if first && !core::mem::replace(&mut c.version.sent, true) {
        c.trace_served(cx, Procedure::VersionExchange);
        c.send(cx, ControlPdu::VersionInd(cx.config.version));
    }
}

fn report(c: &Connection, cx: &mut Context<'_>, status: ErrorCode) {
    let unknown = VersionInd { version: 0, company: 0, subversion: 0 };
    let VersionInd { version, company, subversion } = c.version.peer.unwrap_or(unknown);
    cx.out.event(Event::RemoteVersion { handle: c.handle, status, version, company, subversion });
}
