//! What it did about requests of the central.

use ble::pdu::control::Opcode;
use bletwin_explain::why::{Answer, Exchange, What};

use super::SeenFirmware;
use crate::looking::Looking;

/// So many of its packets without an answer are none, not a late one.
const SILENCE: usize = 40;
const PAIRING_REQUEST: u8 = 0x01;
/// Parameters that were refused by its host.
const UNACCEPTABLE: u8 = 0x3B;

impl Looking<'_> {
    pub(super) fn peripheral_answers(&self, seen: &mut SeenFirmware) {
        let clear = self.clear();
        for exchange in self.link.why.account.exchanges.iter().filter(|e| e.from_central) {
            let at = exchange.request;
            match exchange.answer {
                None if self.is_ignored(at, clear) => {
                    if let Some(name) = unanswered(exchange.opcode) {
                        seen.unanswered.add(name, self.place(at));
                    }
                }
                Some(Answer::Refused { pdu, error: None }) => {
                    if let Some(name) = feature(exchange) {
                        seen.hollow.add(name, self.place(pdu));
                    }
                }
                _ if exchange.opcode == Opcode::CONNECTION_PARAM_REQ => {
                    self.parameters_asked(seen, exchange);
                }
                _ => {}
            }
        }
        let pairs = self.news(true).find(|(_, pdu)| pdu.what == What::Smp(PAIRING_REQUEST));
        if let Some((at, _)) = pairs.filter(|(at, _)| self.is_ignored(*at, clear)) {
            let answers = |what: &What| {
                matches!(what, What::Smp(_) | What::SmpPart(_) | What::PairingFailed(_))
            };
            if !self.news(false).any(|(index, pdu)| index > at && answers(&pdu.what)) {
                seen.unanswered.add("pairing", self.place(at));
            }
        }
    }

    /// Whether it was there for long behind a request, and all that it sent was captured.
    fn is_ignored(&self, at: usize, clear: usize) -> bool {
        let behind = self.pdus().iter().take(clear).skip(at + 1);
        behind.filter(|pdu| !pdu.from_central && pdu.event.is_some()).count() >= SILENCE
            && clear >= self.pdus().len()
    }

    fn parameters_asked(&self, seen: &mut SeenFirmware, exchange: &Exchange) {
        let place = || self.place(exchange.last());
        match exchange.answer {
            Some(Answer::Refused { error: Some(error), .. }) if error.0 == UNACCEPTABLE => {
                seen.word("param-requests", "refuse", place());
            }
            Some(Answer::Answered(_) | Answer::Scheduled { .. }) => {
                seen.word("param-requests", "accept", place());
            }
            _ => {}
        }
    }
}

/// The word that a firmware's key has for a request.
const fn unanswered(opcode: Opcode) -> Option<&'static str> {
    Some(match opcode {
        Opcode::FEATURE_REQ => "features",
        Opcode::VERSION_IND => "version",
        Opcode::LENGTH_REQ => "length",
        Opcode::PHY_REQ => "phy",
        Opcode::CONNECTION_PARAM_REQ => "parameters",
        Opcode::PING_REQ => "ping",
        Opcode::ENC_REQ => "encryption",
        _ => return None,
    })
}

/// The feature that a request takes.
const fn feature(exchange: &Exchange) -> Option<&'static str> {
    Some(match exchange.opcode {
        Opcode::LENGTH_REQ => "data-length",
        Opcode::PHY_REQ => "2m",
        Opcode::CONNECTION_PARAM_REQ => "param-request",
        Opcode::PING_REQ => "ping",
        _ => return None,
    })
}
