//! Encryption pause (Vol 6, Part B, 5.1.3.2): what comes before a refresh of the key.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::trace::{Initiator, Procedure};

use super::connection::{Connection, Context};
use super::encryption::Phase;
use super::procedure::ProcedureRow;
use super::procedures::RESPONSE_TIMEOUT;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    hears: &[
        (Opcode::PAUSE_ENC_REQ, FeatureSet::ENCRYPTION),
        (Opcode::PAUSE_ENC_RSP, FeatureSet::ENCRYPTION),
    ],
    ..ProcedureRow::NONE
};

impl Connection {
    pub(super) fn on_pause_enc_req(&mut self, cx: &mut Context<'_>) {
        if self.encryption.phase != Phase::On {
            return self.misbehaved(cx, PeerMisbehaved::NotAllowedWhileEncrypting);
        }
        self.trace_start(cx, Procedure::EncryptionPause, Initiator::Remote);
        // LL-ENC-11: pause.
        // Still encrypted, and behind all that is queued.
        self.send(cx, ControlPdu::PauseEncRsp);
        self.encryption.pausing(cx.now + RESPONSE_TIMEOUT);
    }

    /// The central's answer: both directions are in the clear now.
    pub(super) fn on_pause_enc_rsp(&mut self, cx: &mut Context<'_>) {
        if self.encryption.phase != Phase::Pausing {
            return self.unexpected(cx);
        }
        self.encryption.paused(cx.now + RESPONSE_TIMEOUT);
        let outcome = ErrorCode::SUCCESS;
        self.trace_end(cx, Procedure::EncryptionPause, Initiator::Remote, outcome);
        if self.termination.is_some() {
            self.release_held(cx);
        }
    }
}
