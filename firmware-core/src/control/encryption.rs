//! Encryption start, peripheral's side (Vol 6, Part B, 5.1.3.1). For the pause see
//! [`super::pause`].
//!
//! PDUs are encrypted when they are handed to `Link` and decrypted after the event. Reception is
//! decrypted from the acknowledgement of LL_START_ENC_REQ on: a peer that has acknowledged it sends
//! no more clear text.

use ble::crypto::ccm::{Cipher, Direction, session_key_by};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, EncReq, EncRsp, FeatureSet, Opcode};
use ble::pdu::data::{Llid, Payload};
use ble::secret::Secret;
use ble::time::Instant;
use ble::trace::{Initiator, Procedure};

use super::connection::{Connection, Context};
use super::procedure::ProcedureRow;
use super::procedures::RESPONSE_TIMEOUT;

/// Its state is [`Encryption`]: it may be under way beside others.
pub(super) const ROW: ProcedureRow = ProcedureRow {
    hears: &[
        // Without encryption it is rejected, not unknown.
        (Opcode::ENC_REQ, FeatureSet(0)),
        (Opcode::START_ENC_RSP, FeatureSet::ENCRYPTION),
    ],
    peripherals: &[Opcode::ENC_RSP, Opcode::START_ENC_REQ],
    ..ProcedureRow::NONE
};

/// How far encryption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) enum Phase {
    /// The link is in the clear, and no start is under way.
    #[default]
    Off,
    /// LL_ENC_REQ has been answered; the host looks for the key.
    AwaitKey(Halves),
    /// The host has no key; the reject is on its way.
    Refused,
    /// LL_START_ENC_REQ is on its way.
    Starting,
    /// LL_START_ENC_RSP is received and answered: both directions are encrypted.
    On,
    /// LL_PAUSE_ENC_RSP is on its way.
    Pausing,
    /// In the clear again; LL_ENC_REQ must follow.
    Paused,
}

/// Both halves of the session key diversifier and of the initialization vector, as on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Halves {
    skd_c: [u8; 8],
    skd_p: [u8; 8],
    iv_c: [u8; 4],
    iv_p: [u8; 4],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Encryption {
    pub(super) phase: Phase,
    pub(super) rx: Option<Cipher>,
    pub(super) tx: Option<Cipher>,
    /// Ciphers of the session that starts.
    next: Option<(Cipher, Cipher)>,
    /// The connection was encrypted before: this is a refresh.
    refresh: bool,
    pub(super) deadline: Option<Instant>,
}

impl Encryption {
    /// LL_PAUSE_ENC_RSP has been queued, the last PDU that is encrypted. The peer's is awaited.
    pub(super) const fn pausing(&mut self, deadline: Instant) {
        self.phase = Phase::Pausing;
        self.refresh = true;
        self.deadline = Some(deadline);
    }

    /// Both directions are in the clear. LL_ENC_REQ is awaited.
    pub(super) fn paused(&mut self, deadline: Instant) {
        self.tx = None;
        self.rx = None;
        self.phase = Phase::Paused;
        self.deadline = Some(deadline);
    }

    /// Whether encryption is being started or paused: no data, and few PDUs are tolerated.
    pub(super) const fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Off | Phase::Refused | Phase::On)
    }

    /// Whether PDUs of the peer may have a MIC.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.next.is_some() || self.rx.is_some()
    }

    /// Whether few PDUs are permitted from the peer. This device continues after its reject, the
    /// peer only after receiving it.
    pub(super) const fn is_narrow(&self) -> bool {
        self.is_busy() || matches!(self.phase, Phase::Refused)
    }

    /// Whether a PDU may be received while encryption is being started or paused.
    pub(super) const fn tolerates(&self, pdu: &ControlPdu) -> bool {
        // LL-ENC-5: what a peripheral tolerates.
        match pdu {
            ControlPdu::TerminateInd(_)
            | ControlPdu::RejectInd(_)
            | ControlPdu::RejectExtInd { .. }
            | ControlPdu::UnknownRsp(_) => true,
            // In the clear it is no answer to anything.
            ControlPdu::StartEncRsp => matches!(self.phase, Phase::Starting) && self.rx.is_some(),
            // Nor is it one before the peer has our LL_PAUSE_ENC_RSP, from which on it sends in the
            // clear.
            ControlPdu::PauseEncRsp => matches!(self.phase, Phase::Pausing) && self.rx.is_none(),
            ControlPdu::EncReq(_) => matches!(self.phase, Phase::Paused),
            _ => false,
        }
    }

    /// Whether a PDU may be sent while encryption is being started or paused.
    pub(super) fn permits(&self, opcode: Opcode) -> bool {
        // LL-ENC-1: silence while encryption starts or pauses.
        const PERMITTED: [Opcode; 6] = [
            Opcode::ENC_RSP,
            Opcode::START_ENC_REQ,
            Opcode::START_ENC_RSP,
            Opcode::REJECT_IND,
            Opcode::REJECT_EXT_IND,
            Opcode::PAUSE_ENC_RSP,
        ];
        // From LL_START_ENC_REQ and LL_PAUSE_ENC_RSP on, the peer takes what follows for the other
        // kind, encrypted or not, than it would be sent as until the peer has answered.
        let turning = matches!(self.phase, Phase::Starting | Phase::Pausing);
        let leaving = opcode == Opcode::TERMINATE_IND && !turning;
        !self.is_busy() || leaving || PERMITTED.contains(&opcode)
    }

    /// The peer has acknowledged a control PDU.
    pub(super) fn acknowledged(&mut self, opcode: Opcode) {
        match opcode {
            Opcode::START_ENC_REQ => self.rx = self.next.as_ref().map(|(rx, _)| rx.clone()),
            Opcode::PAUSE_ENC_RSP => self.rx = None,
            Opcode::REJECT_IND | Opcode::REJECT_EXT_IND if self.phase == Phase::Refused => {
                self.phase = Phase::Off;
            }
            _ => {}
        }
    }
}

impl Connection {
    /// Takes the MIC off a PDU, if there is one; `false`: it is wrong.
    pub(super) fn decrypt(
        &mut self,
        cx: &mut Context<'_>,
        llid: Llid,
        payload: &mut Payload,
    ) -> bool {
        // A PDU of length zero has no MIC.
        let Some(cipher) = self.encryption.rx.as_mut().filter(|_| !payload.is_empty()) else {
            return true;
        };
        cx.charge(Cipher::blocks(payload.len()));
        if cipher.decrypt_by(cx.aes, llid, payload).is_err() {
            return false;
        }
        // LL-PING-2: it had a MIC. The first one starts the timer.
        self.ping.start(cx.now);
        true
    }

    pub(super) fn forbidden_while_encrypting(&mut self, cx: &mut Context<'_>) {
        // LL-ENC-6: anything else.
        self.misbehaved(cx, PeerMisbehaved::NotAllowedWhileEncrypting);
        self.disconnect(cx, ErrorCode::MIC_FAILURE);
    }

    /// Whether the host has been asked for the key and has not answered yet.
    pub(super) const fn awaits_key(&self) -> bool {
        matches!(self.encryption.phase, Phase::AwaitKey(_))
    }

    pub(super) fn on_enc_req(&mut self, cx: &mut Context<'_>, request: EncReq) {
        if !cx.features().has(FeatureSet::ENCRYPTION) {
            // LL-ENC-10: no encryption.
            return self.reject(cx, Opcode::ENC_REQ, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        }
        if self.encryption.phase == Phase::On {
            self.misbehaved(cx, PeerMisbehaved::UnexpectedResponse);
            return self.reject(cx, Opcode::ENC_REQ, ErrorCode::LMP_PDU_NOT_ALLOWED);
        }
        self.trace_start(cx, Procedure::EncryptionStart, Initiator::Remote);
        // LL-ENC-4: what was queued before.
        // Sent behind all that is queued already, so that is flushed in the clear.
        let (skd_p, iv_p) = (cx.random.octets(), cx.random.octets());
        let EncReq { rand, ediv, skd_c, iv_c } = request;
        self.encryption.phase = Phase::AwaitKey(Halves { skd_c, skd_p, iv_c, iv_p });
        // LL-TIME-3: the local host is waited for as well.
        self.encryption.deadline = Some(cx.now + RESPONSE_TIMEOUT);
        self.send(cx, ControlPdu::EncRsp(EncRsp { skd_p, iv_p }));
        if cx.out.masks.key_request() {
            cx.out.event(Event::LeLongTermKeyRequest { handle: self.handle, rand, ediv });
        } else {
            self.no_key(cx);
        }
    }

    /// The host has the key.
    pub(super) fn key(&mut self, cx: &mut Context<'_>, ltk: &Secret<16>) {
        let Phase::AwaitKey(Halves { skd_c, skd_p, iv_c, iv_p }) = self.encryption.phase else {
            return;
        };
        let key = session_key_by(cx.aes, ltk, skd_c, skd_p);
        cx.charge(1);
        let rx = Cipher::new(key.clone(), iv_c, iv_p, Direction::CentralToPeripheral);
        let tx = Cipher::new(key, iv_c, iv_p, Direction::PeripheralToCentral);
        self.encryption.next = Some((rx, tx));
        self.encryption.phase = Phase::Starting;
        self.encryption.deadline = Some(cx.now + RESPONSE_TIMEOUT);
        self.send(cx, ControlPdu::StartEncReq);
    }

    /// The host has no key, or is not asked.
    pub(super) fn no_key(&mut self, cx: &mut Context<'_>) {
        let error = ErrorCode::PIN_OR_KEY_MISSING;
        self.encryption.deadline = None;
        self.trace_end(cx, Procedure::EncryptionStart, Initiator::Remote, error);
        if self.encryption.refresh {
            // LL-ENC-9: no key for a refresh.
            // An encrypted connection must not continue in the clear.
            self.terminate(cx, error, error);
        } else {
            // LL-ENC-8: no key.
            self.reject(cx, Opcode::ENC_REQ, error);
            self.encryption.phase = Phase::Refused;
            self.release_held(cx);
        }
    }

    pub(super) fn on_start_enc_rsp(&mut self, cx: &mut Context<'_>) {
        let Some((_, tx)) = self.encryption.next.take() else {
            return self.unexpected(cx);
        };
        // LL-ENC-3: order of PDUs.
        // LL-ENC-13: done.
        self.encryption.tx = Some(tx);
        self.send(cx, ControlPdu::StartEncRsp);
        self.encryption.phase = Phase::On;
        self.encryption.deadline = None;
        let (handle, status) = (self.handle, ErrorCode::SUCCESS);
        self.trace_end(cx, Procedure::EncryptionStart, Initiator::Remote, status);
        if core::mem::take(&mut self.encryption.refresh) {
            cx.out.event(Event::EncryptionKeyRefreshComplete { handle, status });
        } else {
            cx.out.event(Event::EncryptionChange { handle, status, enabled: true });
        }
        // LL-ENC-14: held PDUs are sent now, and waiting procedures may start.
        self.release_held(cx);
    }
}
