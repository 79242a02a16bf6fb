//! Version exchange (Vol 6, Part B, 5.1.5).

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, Opcode, VersionInd};
use ble::trace::Procedure;

use super::ProcedureRow;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// The one PDU of it is request and answer.
pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::VERSION_IND),
    report: Some(report),
    ..ProcedureRow::NONE
};

/// Which ends have sent their version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Versions {
    sent: bool,
    peer: Option<VersionInd>,
}

impl Versions {
    /// Whether nothing is left to be asked for: LL_VERSION_IND is sent once a connection.
    pub(in crate::controller) const fn is_settled(&self) -> bool {
        self.sent || self.peer.is_some()
    }

    /// Whether the local LL_VERSION_IND has been sent.
    pub(in crate::controller) const fn is_sent(&self) -> bool {
        self.sent
    }

    /// The peer's LL_VERSION_IND; false if it is one too many.
    pub(in crate::controller) fn learn(&mut self, version: VersionInd) -> bool {
        let first = self.peer.is_none();
        self.peer.get_or_insert(version);
        first
    }
}

/// # Errors
/// The known version of the peer is reported again.
pub(super) fn start(link: &mut Link, sh: &Shared) -> Result<ControlPdu, ErrorCode> {
    // LL-VERS-1: one LL_VERSION_IND.
    if link.versions.is_settled() {
        return Err(ErrorCode::SUCCESS);
    }
    link.versions.sent = true;
    Ok(ControlPdu::VersionInd(sh.config.version))
}

/// LL_VERSION_IND, though perhaps for the second time.
pub(super) const fn again(link: &mut Link, sh: &Shared) -> ControlPdu {
    link.versions.sent = link.versions.is_settled();
    ControlPdu::VersionInd(sh.config.version)
}

/// LL_VERSION_IND of the peripheral that does not answer a local one.
pub(super) fn serve(link: &mut Link, sh: &mut Shared) {
    // LL-VERS-1: one LL_VERSION_IND.
    // LL-VERS-2: answering LL_VERSION_IND.
    if !link.versions.sent {
        link.versions.sent = true;
        link.send(sh, ControlPdu::VersionInd(sh.config.version));
        link.served(sh, Procedure::VersionExchange);
    }
}

fn report(link: &Link, sh: &mut Shared, status: ErrorCode) {
    let none = VersionInd { version: 0, company: 0, subversion: 0 };
    let VersionInd { version, company, subversion } = link.versions.peer.unwrap_or(none);
    let handle = link.handle;
    sh.event(Event::RemoteVersion { handle, status, version, company, subversion });
}
