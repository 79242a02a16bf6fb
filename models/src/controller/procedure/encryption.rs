//! Encryption start and pause (Vol 6, Part B, 5.1.3). Only a central starts them.

use ble::crypto::ccm::{Cipher, CipherError, Direction, session_key};
use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, EncReq, EncRsp, FeatureSet, Opcode};
use ble::pdu::data::{Llid, Payload};
use ble::secret::Secret;
use ble::time::Instant;

use super::{ProcedureRow, Step};
use crate::controller::link::Link;
use crate::controller::shared::Shared;

const FEATURE: FeatureSet = FeatureSet::ENCRYPTION;

pub(super) const START: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::ENC_REQ),
    answers: &[
        (Opcode::ENC_RSP, FEATURE),
        (Opcode::START_ENC_REQ, FEATURE),
        (Opcode::START_ENC_RSP, FEATURE),
    ],
    centrals: &[Opcode::ENC_REQ],
    report: Some(report_start),
    ..ProcedureRow::NONE
};

/// Always followed by another start, whose end is reported to the host.
pub(super) const PAUSE: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PAUSE_ENC_REQ),
    answers: &[(Opcode::PAUSE_ENC_RSP, FEATURE)],
    centrals: &[Opcode::PAUSE_ENC_REQ],
    report: Some(report_refresh),
    ..ProcedureRow::NONE
};

/// The key with which the host starts encryption.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Key {
    pub(in crate::controller) rand: u64,
    pub(in crate::controller) ediv: u16,
    pub(in crate::controller) ltk: Secret<16>,
}

/// The ciphers in force, per direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Ciphers {
    tx: Option<Cipher>,
    rx: Option<Cipher>,
    /// PDUs of the peer may have a MIC, from the first encryption on.
    had: bool,
}

impl Ciphers {
    /// Whether encryption is on, or being refreshed and not paused yet.
    pub(in crate::controller) const fn are_in_force(&self) -> bool {
        self.tx.is_some()
    }

    /// Octets of a MIC that a PDU of the peer may have.
    pub(super) const fn mic(&self) -> u16 {
        if self.had { 4 } else { 0 }
    }

    /// Encrypts a PDU that is not empty, if encryption is on.
    pub(in crate::controller) fn encrypt(
        &mut self,
        llid: Llid,
        payload: &mut Payload,
    ) -> Result<(), CipherError> {
        self.tx.as_mut().map_or(Ok(()), |cipher| cipher.encrypt(llid, payload))
    }

    /// Decrypts a PDU that is not empty; whether encryption is on.
    pub(in crate::controller) fn decrypt(
        &mut self,
        llid: Llid,
        payload: &mut Payload,
    ) -> Result<bool, CipherError> {
        match &mut self.rx {
            Some(cipher) => cipher.decrypt(llid, payload).map(|()| true),
            None => Ok(false),
        }
    }
}

/// An encryption start. In a refresh, encryption is paused first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Local {
    /// It has not begun.
    Wanted(Key),
    /// LL_PAUSE_ENC_RSP is awaited.
    PauseRsp(Key),
    /// LL_ENC_RSP is awaited.
    EncRsp {
        /// The central's part of the session key derivation.
        ltk: Secret<16>,
        /// SKD_C: the central's half of the session key diversifier.
        skd_c: [u8; 8],
        /// IV_C: the central's half of the initialization vector.
        iv_c: [u8; 4],
        refresh: bool,
    },
    /// LL_START_ENC_REQ is awaited, upon which these come into force.
    StartReq { ciphers: Box<Ciphers>, refresh: bool },
    /// LL_START_ENC_RSP is awaited.
    StartRsp { refresh: bool },
}

/// LL_ENC_REQ, and the state in which its answer is awaited.
fn request(sh: &mut Shared, key: &Key, refresh: bool) -> (Local, ControlPdu) {
    let &Key { rand, ediv, ref ltk } = key;
    let (skd_c, iv_c) = (sh.encryption.octets(), sh.encryption.octets());
    let state = Local::EncRsp { ltk: ltk.clone(), skd_c, iv_c, refresh };
    (state, ControlPdu::EncReq(EncReq { rand, ediv, skd_c, iv_c }))
}

fn derive(
    ltk: &Secret<16>,
    (skd_c, iv_c): ([u8; 8], [u8; 4]),
    EncRsp { skd_p, iv_p }: EncRsp,
) -> Ciphers {
    let key = session_key(ltk, skd_c, skd_p);
    let cipher = |direction| Some(Cipher::new(key.clone(), iv_c, iv_p, direction));
    Ciphers {
        tx: cipher(Direction::CentralToPeripheral),
        rx: cipher(Direction::PeripheralToCentral),
        had: true,
    }
}

impl Local {
    pub(super) fn start(
        self,
        link: &Link,
        sh: &mut Shared,
    ) -> Result<(Self, ControlPdu), ErrorCode> {
        let Self::Wanted(key) = self else { return Err(sh.started_twice()) };
        Ok(if link.ciphers.are_in_force() {
            (Self::PauseRsp(key), ControlPdu::PauseEncReq)
        } else {
            request(sh, &key, false)
        })
    }

    /// The PDU whose answer is awaited.
    pub(super) const fn last_sent(&self) -> Option<Opcode> {
        match self {
            Self::Wanted(_) => None,
            Self::PauseRsp(_) => Some(Opcode::PAUSE_ENC_REQ),
            Self::EncRsp { .. } | Self::StartReq { .. } => Some(Opcode::ENC_REQ),
            Self::StartRsp { .. } => Some(Opcode::START_ENC_RSP),
        }
    }

    pub(super) const fn is_refresh(&self) -> bool {
        match self {
            Self::Wanted(_) => false,
            Self::PauseRsp(_) => true,
            Self::EncRsp { refresh, .. }
            | Self::StartReq { refresh, .. }
            | Self::StartRsp { refresh } => *refresh,
        }
    }

    /// Whether the peripheral, having sent LL_ENC_RSP, may send no other than a few PDUs.
    pub(in crate::controller) const fn is_quiet(&self) -> bool {
        matches!(self, Self::StartReq { .. } | Self::StartRsp { .. })
    }

    /// Whether the peripheral's next PDU can be the one with which the ciphers change.
    pub(in crate::controller) const fn may_change_ciphers(&self) -> bool {
        matches!(self, Self::PauseRsp(_) | Self::StartReq { .. })
    }

    pub(super) const fn is_answered_by(&self, pdu: &ControlPdu) -> bool {
        matches!(
            (self, pdu),
            (Self::PauseRsp(_), ControlPdu::PauseEncRsp)
                | (Self::EncRsp { .. }, ControlPdu::EncRsp(_))
                | (Self::StartReq { .. }, ControlPdu::StartEncReq)
                | (Self::StartRsp { .. }, ControlPdu::StartEncRsp)
        )
    }

    pub(super) fn answered(
        &self,
        link: &mut Link,
        sh: &mut Shared,
        now: Instant,
        pdu: &ControlPdu,
    ) -> Step<Self> {
        match (self, pdu) {
            (Self::PauseRsp(key), _) => {
                // Both directions are in clear from here on, until encryption starts anew.
                (link.ciphers.tx, link.ciphers.rx) = (None, None);
                let (state, request) = request(sh, key, true);
                // LL-ENC-11: pause.
                link.send(sh, ControlPdu::PauseEncRsp);
                link.send(sh, request);
                Step::Next(state)
            }
            (Self::EncRsp { ltk, skd_c, iv_c, refresh }, ControlPdu::EncRsp(response)) => {
                let ciphers = Box::new(derive(ltk, (*skd_c, *iv_c), *response));
                Step::Next(Self::StartReq { ciphers, refresh: *refresh })
            }
            (Self::StartReq { ciphers, refresh }, _) => {
                // LL-ENC-3: our LL_START_ENC_RSP is the first that is encrypted.
                link.ciphers = ciphers.as_ref().clone();
                link.send(sh, ControlPdu::StartEncRsp);
                Step::Next(Self::StartRsp { refresh: *refresh })
            }
            _ => {
                // LL-ENC-13: done.
                link.payload_timer.restart(now);
                link.smp.encrypted();
                Step::End(ErrorCode::SUCCESS)
            }
        }
    }

    /// The connection continues in the clear, unless it was encrypted.
    pub(super) const fn refused(&self, error: ErrorCode) -> Step<Self> {
        // LL-ENC-9: no key for a refresh.
        if self.is_refresh() { Step::Terminate(error) } else { Step::End(error) }
    }
}

/// Whether a peripheral may send a PDU between LL_ENC_RSP and the end of the encryption start.
pub(in crate::controller) const fn allows(pdu: &ControlPdu) -> bool {
    matches!(
        pdu,
        ControlPdu::StartEncReq
            | ControlPdu::StartEncRsp
            | ControlPdu::TerminateInd(_)
            | ControlPdu::RejectInd(_)
            | ControlPdu::RejectExtInd { .. }
    )
}

fn report_start(link: &Link, sh: &mut Shared, status: ErrorCode) {
    let (handle, enabled) = (link.handle, status == ErrorCode::SUCCESS);
    sh.event(Event::EncryptionChange { handle, status, enabled });
}

fn report_refresh(link: &Link, sh: &mut Shared, status: ErrorCode) {
    sh.event(Event::EncryptionKeyRefreshComplete { handle: link.handle, status });
}
