//! Procedures that it begins by itself, and when.

use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use bletwin_explain::why::{Exchange, Pdu, What};

use super::calm::CALM;
use super::{Fact, SeenFirmware};
use crate::looking::{Looking, SIGNALLING};

const SECURITY_REQUEST: u8 = 0x0B;
const PAIRING_REQUEST: u8 = 0x01;
/// So long a Security Manager waits at least before it gives up, ms.
const SMP_MS: u32 = 25_000;
/// LL_TERMINATE_IND of whoever does not get its parameters.
const UNACCEPTABLE: u8 = 0x3B;
/// What is begun on connecting is on air within so many events.
const SOON: u16 = 24;
/// So many events of its own in which nothing was in its way.
const LONG: usize = 3 * CALM;

impl Looking<'_> {
    fn asked(&self, opcode: Opcode) -> Option<usize> {
        let own = |e: &&Exchange| !e.from_central && e.opcode == opcode;
        self.link.why.account.exchanges.iter().find(own).map(|e| e.request)
    }

    /// LL_ENC_REQ, if the central sent one.
    fn encryption(&self) -> Option<&Exchange> {
        self.link.why.account.exchanges.iter().find(|e| e.opcode == Opcode::ENC_REQ)
    }

    /// Index of the first PDU that has to do with encryption.
    fn unencrypted(&self) -> usize {
        let encrypted = |pdu: &Pdu| pdu.encrypted || pdu.what == What::Unreadable;
        let encrypted = self.pdus().iter().position(encrypted);
        let encrypted = encrypted.unwrap_or_else(|| self.pdus().len());
        self.encryption().map_or(encrypted, |e| e.request.min(encrypted))
    }

    pub(super) fn begins(&self, seen: &mut SeenFirmware) {
        if !self.link.from_the_start {
            return;
        }
        let clear = self.clear();
        let before = self.unencrypted();
        for (key, opcode, feature) in [
            ("phy-update", Opcode::PHY_REQ, FeatureSet::LE_2M),
            ("data-length", Opcode::LENGTH_REQ, FeatureSet::DATA_LENGTH_EXTENSION),
        ] {
            match self.asked(opcode) {
                Some(at) if at < before && self.follows_at_once(at) => {
                    seen.word(key, "on-connect", self.place(at));
                }
                Some(at) if at > before && self.calm(0, before) >= CALM => {
                    seen.word(key, "after-bonding", self.place(at));
                }
                Some(_) => {}
                None if self.could_ask(feature) => self.not_begun(seen, key, before, clear),
                None => {}
            }
        }
        self.features(seen, clear);
        self.version(seen, clear);
        self.security(seen, clear);
        self.channels(seen, clear);
    }

    /// Whether a request came soon after connecting, or after the one before, and so on: one
    /// waits for another, none for a person.
    fn follows_at_once(&self, at: usize) -> bool {
        let own = |e: &&Exchange| !e.from_central && e.request < at;
        let before = self.link.why.account.exchanges.iter().rfind(own);
        let Some(event) = self.pdus().get(at).and_then(|pdu| pdu.event) else { return false };
        let Some(before) = before else { return event <= SOON };
        let end = before.instant().or_else(|| self.pdus().get(before.last())?.event);
        // An answer may overtake: what has begun before the other is over is no later.
        let soon = end.is_some_and(|end| matches!(event.wrapping_sub(end), 0..=SOON | 0x8000..));
        soon && self.follows_at_once(before.request)
    }

    /// Whether it has a feature, as it says, and the central is not known to lack it.
    fn could_ask(&self, feature: FeatureSet) -> bool {
        let mut has = false;
        for (_, pdu) in self.news(true).chain(self.news(false)) {
            match (&pdu.what, pdu.from_central) {
                (
                    What::Control(ControlPdu::FeatureReq(set) | ControlPdu::FeatureRsp(set)),
                    true,
                ) if !set.has(feature) => return false,
                (
                    What::Control(
                        ControlPdu::PeripheralFeatureReq(set) | ControlPdu::FeatureRsp(set),
                    ),
                    false,
                ) => has |= set.has(feature),
                _ => {}
            }
        }
        has
    }

    /// What it did not ask for, although it could have.
    fn not_begun(&self, seen: &mut SeenFirmware, key: &'static str, before: usize, clear: usize) {
        if self.calm(0, before.min(clear)) < CALM {
            return;
        }
        let secured = self.encryption().map_or(usize::MAX, |e| self.encrypted_from(e));
        let bonded = clear > secured && self.is_bonded(secured);
        let left = match bonded && self.calm(secured, clear) >= LONG {
            true => vec!["never"],
            false => vec!["after-bonding", "never"],
        };
        let last = clear.min(self.pdus().len()).saturating_sub(1);
        seen.fact(key, Fact::OneOf(left), format!("its absence up to {}", self.place(last)));
    }

    /// Whether what is encrypted from there on is the link of a bond.
    fn is_bonded(&self, secured: usize) -> bool {
        let pairs = |pdu: &What| *pdu == What::Smp(PAIRING_REQUEST);
        let paired = self.news(true).any(|(at, pdu)| at < secured && pairs(&pdu.what));
        let without = self.pdus().iter().any(|pdu| pdu.no_bond.is_some());
        // Keys are distributed at the end, and the central's identity comes last.
        let identity = self.news(true).any(|(_, pdu)| pdu.what == What::Smp(0x09));
        !paired || identity && !without
    }

    fn features(&self, seen: &mut SeenFirmware, clear: usize) {
        let theirs = |pdu: &What| matches!(pdu, What::Control(ControlPdu::FeatureReq(_)));
        let theirs = self.news(true).find(|(_, pdu)| theirs(&pdu.what)).map(|(index, _)| index);
        let until = theirs.unwrap_or(usize::MAX).min(clear);
        let before = self.unencrypted();
        match self.asked(Opcode::PERIPHERAL_FEATURE_REQ) {
            Some(at)
                if at < before
                    && self.follows_at_once(at)
                    && self.calm(0, at) < CALM
                    && !self.is_for_parameters(at) =>
            {
                seen.word("feature-exchange", "always", self.place(at));
            }
            Some(at) if self.calm(0, at.min(clear)) >= CALM => {
                seen.word("feature-exchange", "cached", self.place(at));
            }
            // It can have known them before it would have asked.
            None if self.calm(0, until) >= CALM => {
                let last = until.min(self.pdus().len()).saturating_sub(1);
                let place = format!("its absence up to {}", self.place(last));
                seen.word("feature-exchange", "cached", place);
            }
            _ => {}
        }
    }

    /// Whether what it asks for next are parameters, for which it has to know the features.
    fn is_for_parameters(&self, at: usize) -> bool {
        let exchanges = self.link.why.account.exchanges.iter();
        let next =
            exchanges.filter(|e| !e.from_central && e.request > at).map(|e| e.request).next();
        let wishes = |(index, pdu): (usize, &Pdu)| {
            index > at && self.wish(index, &pdu.what).is_some() && next.is_none_or(|n| index <= n)
        };
        self.news(false).any(wishes)
    }

    fn version(&self, seen: &mut SeenFirmware, clear: usize) {
        let says = |pdu: &What| matches!(pdu, What::Control(ControlPdu::VersionInd(_)));
        let theirs = self.news(true).find(|(_, pdu)| says(&pdu.what)).map(|(index, _)| index);
        let until = theirs.unwrap_or(usize::MAX).min(clear);
        match self.asked(Opcode::VERSION_IND) {
            // What could answer one that is missing says nothing.
            Some(at) if at < clear && self.follows_at_once(at) => {
                seen.word("version-exchange", "on-connect", self.place(at));
            }
            None if self.calm(0, until) >= LONG => {
                let last = until.min(self.pdus().len()).saturating_sub(1);
                let place = format!("its absence up to {}", self.place(last));
                seen.word("version-exchange", "never", place);
            }
            _ => {}
        }
    }

    fn security(&self, seen: &mut SeenFirmware, clear: usize) {
        let asks = self.news(false).find(|(_, p)| p.what == What::Smp(SECURITY_REQUEST));
        if let Some((index, _)) = asks {
            seen.word("security-request", "true", self.place(index));
            return;
        }
        let pairs = self.news(true).find(|(_, pdu)| pdu.what == What::Smp(PAIRING_REQUEST));
        let encrypts = self.encryption().map(|e| e.request);
        let begun = pairs.map(|(index, _)| index).or(encrypts).unwrap_or(usize::MAX);
        let begun = begun.min(encrypts.unwrap_or(usize::MAX)).min(clear);
        // It is no procedure of the link layer, which nothing keeps waiting.
        let sent = self.pdus().iter().take(begun);
        let mut events: Vec<u16> =
            sent.filter(|pdu| !pdu.from_central).filter_map(|pdu| pdu.event).collect();
        events.dedup();
        if events.len() >= CALM {
            let last = begun.min(self.pdus().len()).saturating_sub(1);
            let place = format!("its absence up to {}", self.place(last));
            seen.word("security-request", "false", place);
        }
    }

    fn channels(&self, seen: &mut SeenFirmware, clear: usize) {
        let wants = self.news(false).find_map(|(index, pdu)| match pdu.what {
            What::Control(ControlPdu::MinUsedChannelsInd { min_used_channels, .. }) => {
                Some((index, min_used_channels))
            }
            _ => None,
        });
        match wants {
            Some((index, channels)) => {
                let fact = Fact::Is(channels.to_string());
                seen.fact("min-used-channels", fact, self.place(index));
            }
            None => {
                // It asks only whom it knows to understand it.
                let told = |pdu: &What| {
                    matches!(pdu, What::Control(
                        ControlPdu::FeatureReq(set) | ControlPdu::FeatureRsp(set)
                    ) if set.has(FeatureSet::MIN_USED_CHANNELS))
                };
                let told = self.news(true).find(|(_, pdu)| told(&pdu.what));
                if let Some((at, _)) = told.filter(|(at, _)| self.calm(*at, clear) >= CALM) {
                    let place = format!("its absence behind {}", self.place(at));
                    seen.fact("min-used-channels", Fact::Is("0".into()), place);
                }
            }
        }
    }

    /// The connection parameters that it asks for, when, and how often.
    pub(super) fn parameters_wanted(&self, seen: &mut SeenFirmware) {
        let asked: Vec<(usize, [u16; 4])> = self
            .news(false)
            .filter_map(|(index, pdu)| Some((index, self.wish(index, &pdu.what)?)))
            .collect();
        let Some((first, wish)) = asked.first().copied() else { return };
        let value = wish.map(|number| number.to_string()).join(",");
        seen.fact("preferred", Fact::Is(value), self.place(first));
        self.moment(seen, first);
        let leaves = self.news(false).find_map(|(index, pdu)| match pdu.what {
            What::Control(ControlPdu::TerminateInd(reason)) => Some((index, reason.0)),
            _ => None,
        });
        let left = leaves.filter(|(_, reason)| *reason == UNACCEPTABLE).map(|(index, _)| index);
        let Some((last, _)) = asked.last().copied() else { return };
        if let Some(left) = left {
            seen.word("param-not-granted", "leave", self.place(left));
        }
        if self.hidden(first, left.unwrap_or(last)) {
            return;
        }
        let tries = u32::try_from(asked.len()).unwrap_or(100).clamp(1, 100);
        if left.is_some() {
            seen.fact("param-tries", Fact::Is(tries.to_string()), self.place(last));
        } else if tries > 1 {
            seen.fact("param-tries", Fact::Between(tries, 100), self.place(last));
        }
        let next = asked.get(1).map(|(index, _)| *index).or(left);
        if let Some(fact) = next.and_then(|next| self.wait(first, next)) {
            seen.fact("param-period", fact, self.place(next.unwrap_or(last)));
        }
    }

    /// What it asks for, if a PDU does.
    fn wish(&self, index: usize, what: &What) -> Option<[u16; 4]> {
        match what {
            What::Signalling(octets) if octets.first() == Some(&0x12) => {
                let [_, _, _, _, fields @ ..] = self.frame(index, SIGNALLING)? else { return None };
                let (words, []) = fields.as_chunks::<2>() else { return None };
                <[[u8; 2]; 4]>::try_from(words).ok().map(|words| words.map(u16::from_le_bytes))
            }
            What::Control(ControlPdu::ConnectionParamReq(wish)) => {
                Some([wish.interval_min, wish.interval_max, wish.latency, wish.timeout])
            }
            _ => None,
        }
    }

    /// How long after connecting it asked first, and whether it let a pairing pass.
    fn moment(&self, seen: &mut SeenFirmware, at: usize) {
        let place = || self.place(at);
        if !self.link.from_the_start || self.hidden(0, at) {
            return;
        }
        let Some(Fact::Between(least, most)) = self.wait(0, at) else { return };
        let pairing = self.link.why.account.pairing.filter(|pairing| pairing.begun < at);
        let begun = pairing.map(|pairing| pairing.begun);
        let ended = pairing.filter(|pairing| {
            let over = pairing.encrypted.or(pairing.failed).is_some_and(|end| end < at);
            // A Security Manager that hears nothing gives up, and nothing shows it.
            let quiet = self.wait(pairing.last, at);
            over || matches!(quiet, Some(Fact::Between(low, _)) if low > SMP_MS)
        });
        let since = match (begun, ended) {
            (None, _) => least,
            (Some(_), None) => {
                seen.word("param-update", "at-once", place());
                least
            }
            // It may have come due before, and been held back until all keys were there.
            (Some(begun), Some(_)) => match self.wait(0, begun) {
                Some(Fact::Between(low, _)) => low,
                _ => 0,
            },
        };
        seen.fact("param-update-ms", Fact::Between(since, most), place());
    }

    /// How long it had waited since a PDU, in ms: what is due is on air a few events later.
    fn wait(&self, from: usize, to: usize) -> Option<Fact> {
        let (from, to) = (self.pdus().get(from)?, self.pdus().get(to)?);
        let timing = bletwin_explain::why::timing::Timing::at(self.pdus(), self.pdus().len() - 1)?;
        let waited = to.at.since(from.at).as_us() / 1_000;
        let late = timing.interval.as_us().saturating_mul(5) / 1_000 + 10;
        let ms = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Some(Fact::Between(ms(waited.saturating_sub(late)), ms(waited)))
    }
}
