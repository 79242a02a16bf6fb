//! Encryption start and pause (Vol 6, Part B, 5.1.3). Only a central starts them.

use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, EncReq, EncRsp, Opcode};
use ble::time::Instant;
use ble::trace::Procedure;

use crate::controller::control::{Request, Step};
use crate::controller::link::{Ciphers, Link};
use crate::controller::shared::Shared;

/// What the encryption start waits for. In a refresh, encryption is paused first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Starting {
    /// LL_PAUSE_ENC_RSP.
    PauseRsp,
    /// LL_ENC_RSP.
    EncRsp { skd_c: [u8; 8], iv_c: [u8; 4], refresh: bool },
    /// LL_START_ENC_REQ, upon which these come into force.
    StartReq { ciphers: Box<Ciphers>, refresh: bool },
    /// LL_START_ENC_RSP.
    StartRsp { refresh: bool },
}

impl Starting {
    /// The PDU whose answer is awaited.
    pub(in crate::controller) const fn last_sent(&self) -> Opcode {
        match self {
            Self::PauseRsp => Opcode::PAUSE_ENC_REQ,
            Self::EncRsp { .. } | Self::StartReq { .. } => Opcode::ENC_REQ,
            Self::StartRsp { .. } => Opcode::START_ENC_RSP,
        }
    }

    const fn refresh(&self) -> bool {
        match self {
            Self::PauseRsp => true,
            Self::EncRsp { refresh, .. }
            | Self::StartReq { refresh, .. }
            | Self::StartRsp { refresh } => *refresh,
        }
    }
}

impl Link {
    /// Whether encryption runs, and is not being changed.
    pub(in crate::controller) fn encrypted(&self) -> bool {
        self.ciphers.tx.is_some() && self.control.starting().is_none()
    }

    /// Whether ACL data may be sent.
    pub(in crate::controller) fn data_flows(&self) -> bool {
        // LL-ENC-1: silence while encryption starts or pauses.
        self.control.starting().is_none() && !self.control.terminating()
    }

    /// Whether the peripheral, having sent LL_ENC_RSP, may send no other than a few PDUs.
    pub(in crate::controller) fn must_be_quiet(&self) -> bool {
        matches!(
            self.control.starting(),
            Some(Starting::StartReq { .. } | Starting::StartRsp { .. })
        )
    }

    /// Whether the peripheral's next PDU can be the one with which the ciphers change.
    pub(in crate::controller) fn ciphers_may_change(&self) -> bool {
        matches!(self.control.starting(), Some(Starting::PauseRsp | Starting::StartReq { .. }))
    }

    /// It has sent another.
    pub(in crate::controller) fn broke_encryption_start(&mut self, sh: &mut Shared) {
        // LL-ENC-6: anything else.
        sh.misbehaved(Some(self.id), PeerMisbehaved::NotAllowedWhileEncrypting);
        self.gone = Some(ErrorCode::MIC_FAILURE);
    }

    pub(in crate::controller) fn start_encryption(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        request: Request,
    ) {
        let refresh = self.ciphers.tx.is_some();
        let pdu = if refresh { Some(ControlPdu::PauseEncReq) } else { self.enc_req(sh, &request) };
        let Some(pdu) = pdu else {
            return;
        };
        self.begin(sh, now, request, pdu);
        let step = match pdu {
            ControlPdu::EncReq(EncReq { skd_c, iv_c, .. }) => {
                Starting::EncRsp { skd_c, iv_c, refresh }
            }
            _ => Starting::PauseRsp,
        };
        self.next_step(now, Step::Encryption(step));
    }

    fn enc_req(&self, sh: &mut Shared, request: &Request) -> Option<ControlPdu> {
        let Request::Encryption { rand, ediv, .. } = *request else {
            return None;
        };
        let (skd_c, iv_c) = (sh.encryption.octets(), sh.encryption.octets());
        Some(ControlPdu::EncReq(EncReq { rand, ediv, skd_c, iv_c }))
    }

    /// LL_PAUSE_ENC_RSP, LL_ENC_RSP, LL_START_ENC_REQ or LL_START_ENC_RSP.
    pub(in crate::controller) fn receive_encryption(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: ControlPdu,
    ) {
        let Some(starting) = self.control.starting().cloned() else {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        };
        match (starting, pdu) {
            (Starting::PauseRsp, ControlPdu::PauseEncRsp) => self.paused(sh, now),
            (Starting::EncRsp { skd_c, iv_c, refresh }, ControlPdu::EncRsp(response)) => {
                if let Some(ciphers) = self.derive(skd_c, iv_c, response) {
                    let step = Starting::StartReq { ciphers: Box::new(ciphers), refresh };
                    self.next_step(now, Step::Encryption(step));
                }
            }
            (Starting::StartReq { ciphers, refresh }, ControlPdu::StartEncReq) => {
                // LL-ENC-3: our LL_START_ENC_RSP is the first that is encrypted.
                self.ciphers = *ciphers;
                self.had_ciphers = true;
                self.next_step(now, Step::Encryption(Starting::StartRsp { refresh }));
                self.send(sh, ControlPdu::StartEncRsp);
            }
            (Starting::StartRsp { refresh }, ControlPdu::StartEncRsp) => {
                self.encryption_started(sh, now, refresh);
            }
            _ if self.must_be_quiet() => self.broke_encryption_start(sh),
            _ => sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse),
        }
    }

    /// Both directions are in clear from here on, until encryption starts anew.
    fn paused(&mut self, sh: &mut Shared, now: Instant) {
        self.ciphers = Ciphers::default();
        let request = self.control.own.as_ref().map(|own| own.request.clone());
        let Some(ControlPdu::EncReq(req)) = request.and_then(|r| self.enc_req(sh, &r)) else {
            return;
        };
        // LL-ENC-11: pause.
        self.send(sh, ControlPdu::PauseEncRsp);
        self.send(sh, ControlPdu::EncReq(req));
        let step = Starting::EncRsp { skd_c: req.skd_c, iv_c: req.iv_c, refresh: true };
        self.next_step(now, Step::Encryption(step));
    }

    fn derive(&self, skd_c: [u8; 8], iv_c: [u8; 4], response: EncRsp) -> Option<Ciphers> {
        let own = self.control.own.as_ref()?;
        let Request::Encryption { ltk, .. } = &own.request else {
            return None;
        };
        let key = session_key(ltk, skd_c, response.skd_p);
        let cipher = |direction| Some(Cipher::new(key.clone(), iv_c, response.iv_p, direction));
        Some(Ciphers {
            tx: cipher(Direction::CentralToPeripheral),
            rx: cipher(Direction::PeripheralToCentral),
        })
    }

    fn encryption_started(&mut self, sh: &mut Shared, now: Instant, refresh: bool) {
        // LL-ENC-13: done.
        self.end_own(sh, ErrorCode::SUCCESS);
        self.payload_timer.restart(now);
        self.smp.encrypted();
        self.tell_encryption(sh, ErrorCode::SUCCESS, refresh);
        self.answer_held(sh);
    }

    /// The peripheral has refused: the connection goes on in clear, unless it was encrypted.
    pub(in crate::controller) fn encryption_refused(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        error: ErrorCode,
    ) {
        let refresh = self.control.starting().is_some_and(Starting::refresh);
        self.end_own(sh, error);
        self.tell_encryption(sh, error, refresh);
        if refresh {
            // LL-ENC-9: no key for a refresh.
            self.terminate(sh, now, error);
        } else {
            self.answer_held(sh);
        }
    }

    fn tell_encryption(&self, sh: &mut Shared, status: ErrorCode, refresh: bool) {
        let handle = self.handle;
        sh.event(if refresh {
            Event::EncryptionKeyRefreshComplete { handle, status }
        } else {
            Event::EncryptionChange { handle, status, enabled: status == ErrorCode::SUCCESS }
        });
    }

    /// A controller of little patience ends the connection when the peripheral is slow.
    pub(in crate::controller) fn lose_patience(&mut self, sh: &mut Shared, now: Instant) {
        let Some(patience) = sh.config.quirks.encryption_patience_events else {
            return;
        };
        let events = self.control.own.as_ref().map_or(0, |own| own.events);
        if self.control.starting().is_some() && events > patience {
            self.ended(
                sh,
                Procedure::EncryptionStart,
                ble::trace::Initiator::Local,
                ErrorCode::MIC_FAILURE,
            );
            self.control.own = None;
            self.terminate(sh, now, ErrorCode::MIC_FAILURE);
        }
    }
}
