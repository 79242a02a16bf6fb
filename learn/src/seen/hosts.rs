//! What its host did: how it pairs, which parameters it grants, why it leaves.

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Duration;
use bletwin_explain::why::{How, What};

use super::Seen;
use crate::looking::{IO, Looking, SIGNALLING, SMP, WANTING};

const PAIRING_REQUEST: u8 = 0x01;
const SECURITY_REQUEST: u8 = 0x0B;
const PAIRING_NOT_SUPPORTED: u8 = 0x05;
const AUTHENTICATION_REQUIREMENTS: u8 = 0x03;
/// Who does nothing for so long does not mean to.
const PATIENCE: Duration = Duration::from_secs(2);

impl Looking<'_> {
    fn asks_for_security(&self, central: bool) -> Option<usize> {
        let begins = |what: &What| match central {
            true => {
                matches!(what, What::Smp(PAIRING_REQUEST) | What::Control(ControlPdu::EncReq(_)))
            }
            false => *what == What::Smp(SECURITY_REQUEST),
        };
        self.news(central).find(|(_, pdu)| begins(&pdu.what)).map(|(index, _)| index)
    }

    pub(super) fn pairing(&self, seen: &mut Seen) {
        let account = &self.link.why.account;
        for (index, pdu) in self.news(true) {
            let place = || self.place(index);
            match &pdu.what {
                What::Smp(PAIRING_REQUEST) => {
                    let Some([_, io, _, auth, size, ..]) = self.frame(index, SMP) else { continue };
                    if let Some(io) = IO.get(usize::from(*io)) {
                        seen.word("io", io, place());
                    }
                    seen.word("bonding", auth & 0x03 == 1, place());
                    seen.word("mitm", auth & 0x04 != 0, place());
                    seen.word("secure-connections", auth & 0x08 != 0, place());
                    seen.say("max-key-size", *size, place());
                }
                What::PairingFailed(AUTHENTICATION_REQUIREMENTS) => {
                    seen.word("require-mitm", true, place());
                }
                What::Att(octets) => {
                    if let [0x02, low, high, ..] = octets[..] {
                        seen.say("mtu", u16::from_le_bytes([low, high]), place());
                    }
                }
                _ => {}
            }
        }
        let (own, theirs) = (self.asks_for_security(true), self.asks_for_security(false));
        if let Some(asked) = theirs {
            let refused = self.news(true).find(|(index, pdu)| {
                *index > asked && pdu.what == What::PairingFailed(PAIRING_NOT_SUPPORTED)
            });
            let follows = own.is_some_and(|own| own > asked);
            if let Some((index, _)) = refused {
                seen.word("pair-on-security-request", false, self.place(index));
            } else if follows && !self.has_step_before(asked) {
                seen.word("pair-on-security-request", true, self.place(asked));
            }
        } else {
            let wanting = |t: &&bletwin_explain::why::transactions::Transaction| {
                t.from_central && t.error.is_some_and(|error| WANTING.contains(&error))
            };
            if let Some(refused) = account.transactions.iter().find(wanting) {
                let at = refused.answer.unwrap_or(refused.request);
                let pairs = own.is_some_and(|own| own > at);
                let long = account.age(at) > PATIENCE;
                let earlier = own.is_some_and(|own| own < at);
                if pairs || long && !earlier && !self.hidden(at, self.pdus().len()) {
                    seen.word("pair-on-att-error", pairs, self.place(at));
                }
            }
        }
        self.bonded(seen);
    }

    /// Whether it had begun to pair before by itself.
    fn has_step_before(&self, at: usize) -> bool {
        self.asks_for_security(true).is_some_and(|own| own < at)
    }

    /// How it comes back with a bond, and what it does where the peripheral has lost its key.
    fn bonded(&self, seen: &mut Seen) {
        let account = &self.link.why.account;
        let Some(enc) = account.exchanges.iter().find(|e| e.opcode == Opcode::ENC_REQ) else {
            return;
        };
        let paired = account.pairing.filter(|pairing| pairing.begun < enc.request);
        let own_pairing = paired.is_some_and(|p| {
            self.pdus().get(p.begun).is_some_and(|pdu| pdu.what == What::Smp(PAIRING_REQUEST))
        });
        if own_pairing {
            return;
        }
        let place = self.place(enc.request);
        let asks = |what: &What| matches!(what, What::Att(_) | What::Signalling(_));
        let before = self.news(true).any(|(at, pdu)| at < enc.request && asks(&pdu.what));
        let refused = account
            .transactions
            .iter()
            .any(|t| t.error.is_some_and(|e| WANTING.contains(&e)) && t.request < enc.request);
        let how = match (refused, before) {
            (true, _) => "on-demand",
            (false, true) => "encrypt-alongside",
            (false, false) => "encrypt-first",
        };
        seen.word("bonded-start", how, place);
        if enc.is_without_key() {
            let at = enc.last();
            let goodbye = self.goodbye();
            let again =
                self.news(true).any(|(i, p)| i > at && p.what == What::Smp(PAIRING_REQUEST));
            let goes_on = self.news(true).any(|(i, p)| i > at && asks(&p.what));
            let what = match (again, goodbye) {
                (true, _) => "pair-again",
                (false, Some((_, reason))) => {
                    let reason = format!("{:#04x}", reason.0);
                    seen.word("key-missing-reason", reason, self.place(at));
                    "disconnect"
                }
                (false, None) if goes_on => "ignore",
                (false, None) => return,
            };
            seen.word("key-missing", what, self.place(at));
        }
    }

    /// LL_TERMINATE_IND of the central.
    fn goodbye(&self) -> Option<(usize, ErrorCode)> {
        self.news(true).find_map(|(index, pdu)| match pdu.what {
            What::Control(ControlPdu::TerminateInd(reason)) => Some((index, reason)),
            _ => None,
        })
    }

    /// What became of requests for other connection parameters.
    pub(super) fn parameters(&self, seen: &mut Seen) {
        let updates: Vec<(usize, (u16, u16, u16))> = self
            .news(true)
            .filter_map(|(index, pdu)| match &pdu.what {
                What::Control(ControlPdu::ConnectionUpdateInd(u)) => {
                    Some((index, (u.interval, u.latency, u.timeout)))
                }
                _ => None,
            })
            .collect();
        for (index, pdu) in self.news(false) {
            if !is_signal(&pdu.what, 0x12) {
                continue;
            }
            let Some([_, id, _, _, fields @ ..]) = self.frame(index, SIGNALLING) else { continue };
            let words: Vec<u16> =
                fields.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
            let [min, max, latency, timeout] = words[..] else { continue };
            let answer = self.news(true).find_map(|(at, pdu)| {
                let octets = self.frame(at, SIGNALLING).filter(|_| at > index)?;
                let response = is_signal(&pdu.what, 0x13) && octets.get(1) == Some(id);
                response.then(|| (at, octets.get(4).copied()))
            });
            let Some((at, result)) = answer else { continue };
            if result != Some(0) {
                let asked = format!("{min}:{max}:{latency}:{timeout}");
                seen.word("parameters-rejected", asked, self.place(at));
                continue;
            }
            let set = updates.iter().find(|(update, _)| *update > index);
            let late = self.link.why.account.age(at) > PATIENCE;
            match set {
                Some((update, (interval, l, t))) => {
                    let told = format!("{min}:{max}:{latency}:{timeout}>{interval}:{l}:{t}");
                    seen.word("parameters-granted", told, self.place(*update));
                }
                None if late && !self.hidden(at, self.pdus().len()) => {
                    seen.word("parameters-kept", format!("{min}:{max}"), self.place(at));
                }
                None => {}
            }
        }
    }

    /// Why it left, or after how much silence.
    pub(super) fn ending(&self, seen: &mut Seen) {
        let account = &self.link.why.account;
        let Some(ending) = &account.ending else { return };
        let waits = account.pairing.filter(|p| p.failed.is_none() && p.encrypted.is_none());
        let key = account.exchanges.iter().any(bletwin_explain::why::Exchange::is_without_key);
        if let Some((index, reason)) = self.goodbye()
            && waits.is_none()
            && !key
        {
            seen.word("disconnect-reason", format!("{:#04x}", reason.0), self.place(index));
        }
        let left = match ending.how {
            How::Silence { last_heard } => Some(last_heard),
            How::Terminated { pdu } => {
                self.goodbye().filter(|(at, _)| *at == pdu).map(|(at, _)| at)
            }
            _ => None,
        };
        let Some((pairing, left)) = waits.zip(left) else { return };
        // Whatever moved last: the peripheral's last word of SMP.
        let moved = self
            .news(false)
            .filter(|(at, pdu)| *at < left && matches!(pdu.what, What::Smp(_) | What::SmpPart(_)));
        let moved = moved.map(|(at, _)| at).last().unwrap_or(pairing.begun);
        let (Some(from), Some(to)) = (self.pdus().get(moved), self.pdus().get(left)) else {
            return;
        };
        if !self.hidden(moved, left) {
            let ms = to.at.since(from.at).as_us() / 1_000;
            let ms = u32::try_from(ms).unwrap_or(u32::MAX);
            if ms > 1_000 {
                seen.gave_up.add(ms, self.place(left));
            }
        }
    }
}

/// Whether it is a packet of L2CAP's signalling channel with this code.
fn is_signal(what: &What, code: u8) -> bool {
    matches!(what, What::Signalling(octets) if octets.first() == Some(&code))
}
