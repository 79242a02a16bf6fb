//! How a pairing, or the wait for security, ends without success, and how that is reported.

use super::SmpOutput;
use super::command::{Command, Reason};
use super::link::{Context, Shared, SmpLink};
use super::state::{Failure, State};
use super::storing::Storing;
use crate::host::bonds::Bonds;
use ble::error::ErrorCode;
use ble::log::{Line, SecurityError, Severity};

/// Which side found the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finder {
    /// This side; the peer gets Pairing Failed.
    Local,
    /// The peer, by Pairing Failed.
    Remote,
    /// The controller: encryption did not start.
    Controller(ErrorCode),
}

/// Ends a pairing. `distributing`: keys were on their way when it failed; the state after is given.
pub(super) fn fail<const B: usize>(
    distributing: bool,
    failure: Failure,
    finder: Finder,
    cx: &mut Context<'_, B>,
) -> State {
    let reason = failure.reason;
    if finder == Finder::Local {
        cx.send(&Command::Failed(reason));
    }
    if let Some(violation) = failure.violation {
        cx.misbehaved(violation);
    }
    if is_authentication_failure(reason) {
        let peer = cx.name();
        cx.shared.back_off.failed(cx.now, peer);
    }
    cx.peer.deadline = None;
    let peer = cx.name();
    if cx.clear() && finder == Finder::Remote {
        cx.log(Severity::Info, Line::PairingCancelled(peer));
    }
    let error = match finder {
        Finder::Controller(status) => of_status(status),
        Finder::Local | Finder::Remote => of_reason(reason),
    };
    let handle = cx.peer.handle;
    cx.shared.emit(SmpOutput::SecurityFailed { handle, error });
    cx.log(Severity::Info, Line::PairingFailed { peer, reason: reason.0 });
    cx.shared.emit(SmpOutput::PairingEnded { handle, bonded: false });
    cx.shared.renew_key_pair();
    // Encrypted with a key whose owner is unknown or not acceptable.
    if failure.expels || distributing {
        cx.expel();
        return State::Blocked;
    }
    State::Idle
}

/// The connection is over: what was pending has failed with it. This is reported before the
/// disconnection itself.
pub(super) fn lost(link: &SmpLink, shared: &mut Shared) {
    let handle = link.peer.handle;
    if link.peer.shown {
        shared.emit(SmpOutput::Dialog(ble::ui::Dialog::Clear));
    }
    if link.is_pending() && !link.state.is_distributing() {
        shared.emit(SmpOutput::SecurityFailed { handle, error: SecurityError::Unspecified });
    }
    if link.state.is_pairing() {
        shared.emit(SmpOutput::PairingEnded { handle, bonded: false });
        shared.renew_key_pair();
    }
}

/// The transaction timeout: nothing is sent, and SMP is over on this connection.
pub(super) fn timed_out<const B: usize>(
    link: &mut SmpLink,
    shared: &mut Shared,
    (bonds, storing): (&mut Bonds<B>, &mut Storing<B>),
    now: ble::time::Instant,
) {
    // SMP-TIME-2: silence after a timeout.
    let before = core::mem::replace(&mut link.state, State::Blocked);
    shared.log(Severity::Error, "bt_smp", Line::SmpTimeout);
    let peer = &mut link.peer;
    let mut cx = Context { now, peer, shared, bonds, storing, busy: false, in_use: 0 };
    cx.peer.deadline = None;
    cx.clear();
    let handle = cx.peer.handle;
    let error = SecurityError::Unspecified;
    cx.shared.emit(SmpOutput::SecurityFailed { handle, error });
    if before.is_distributing() {
        cx.expel();
    }
    if before.is_pairing() {
        cx.shared.emit(SmpOutput::PairingEnded { handle, bonded: false });
        cx.shared.renew_key_pair();
    }
}

/// Failures that a guessing attacker causes.
const fn is_authentication_failure(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CONFIRM_VALUE_FAILED
            | Reason::DHKEY_CHECK_FAILED
            | Reason::NUMERIC_COMPARISON_FAILED
            | Reason::PASSKEY_ENTRY_FAILED
    )
}

/// Zephyr's security error for a reason of Pairing Failed.
pub(super) const fn of_reason(reason: Reason) -> SecurityError {
    match reason.0 {
        0x01 | 0x04 | 0x0B | 0x0C => SecurityError::AuthFail,
        0x02 => SecurityError::OobNotAvailable,
        0x03 | 0x06 => SecurityError::AuthRequirement,
        0x05 | 0x07 => SecurityError::PairNotSupported,
        0x09 | 0x0D | 0x0E => SecurityError::PairNotAllowed,
        0x0A => SecurityError::InvalidParam,
        0x0F => SecurityError::KeyRejected,
        _ => SecurityError::Unspecified,
    }
}

/// Zephyr's security error for the status of an HCI event.
pub(super) const fn of_status(status: ErrorCode) -> SecurityError {
    match status {
        ErrorCode::SUCCESS => SecurityError::Success,
        ErrorCode::AUTHENTICATION_FAILURE => SecurityError::AuthFail,
        ErrorCode::PIN_OR_KEY_MISSING => SecurityError::PinOrKeyMissing,
        ErrorCode::PAIRING_NOT_ALLOWED => SecurityError::PairNotAllowed,
        ErrorCode::UNIT_KEY_NOT_SUPPORTED => SecurityError::PairNotSupported,
        ErrorCode::INVALID_PARAMETERS => SecurityError::InvalidParam,
        _ => SecurityError::Unspecified,
    }
}
