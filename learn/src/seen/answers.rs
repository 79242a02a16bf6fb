//! What it did about requests of the peripheral's link layer.

use ble::pdu::control::{ControlPdu, Opcode};
use bletwin_explain::why::{Answer, Exchange, How, What};
use bletwin_models::controller::quirk::PeripheralRequest;

use super::Seen;
use crate::looking::Looking;

/// So many events without a word of the central are silence, not a pause.
const SILENCE: u64 = 10;
/// An answer may be among packets that are missing: it is not likely where they are at most one in
/// so many, and nothing later shows that there was one.
const MISSING: usize = 10;

/// What a request met, as far as the air shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Situation {
    /// Pairing or encryption was under way.
    pub pairing: bool,
    /// LL_ENC_REQ was sent, and encryption did not run yet.
    pub encrypting: bool,
    /// The link was encrypted.
    pub encrypted: bool,
    /// The two had been connected before, in these captures.
    pub again: bool,
}

/// A request in its situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenRequest {
    /// What the peripheral asked for.
    pub what: PeripheralRequest,
    /// What the request met.
    pub when: Situation,
}

/// What the central did about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    /// It did what the rules say, so many events later.
    Served(u16),
    /// It did so once encryption ran.
    AfterEncryption,
    /// It said nothing about it and went on.
    Never,
    /// From then on it sent empty packets alone.
    Block,
    /// It sent nothing more behind so many events.
    Silent(u16),
    /// LL_UNKNOWN_RSP came back.
    Unknown,
    /// LL_REJECT_IND with this code.
    Reject(u8),
    /// LL_REJECT_EXT_IND with this code.
    RejectExt(u8),
    /// It served it, and asked for PHYs of its own before the instant.
    ThenPhy,
    /// It served it, and asked for parameters before the instant.
    ThenParameters,
    /// It served it although the instant of another procedure was still to come.
    Overlap,
    /// What it announced it did not do.
    NoSwitch,
}

impl Situation {
    /// The situation in words, but for whether the two had been connected before.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self { encrypting: true, .. } => "while encryption starts",
            Self { pairing: true, .. } => "while pairing",
            Self { encrypted: true, .. } => "encrypted",
            _ => "not encrypted",
        }
    }

    /// All of these words.
    pub(crate) const WORDS: [&'static str; 4] =
        ["not encrypted", "while pairing", "while encryption starts", "encrypted"];
}

impl SeenRequest {
    /// The key of a profile that says what comes of it.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        key(self.what)
    }
}

/// The key of a profile for what comes of a request.
pub(crate) const fn key(what: PeripheralRequest) -> &'static str {
    match what {
        PeripheralRequest::Phy => "phy-req",
        PeripheralRequest::DataLength => "length-req",
        PeripheralRequest::ConnectionParameters => "param-req",
        PeripheralRequest::Features => "feature-req",
        PeripheralRequest::Version => "version-ind",
    }
}

impl Looking<'_> {
    pub(super) fn answers(&self, seen: &mut Seen) {
        let again = self.number > 1;
        for exchange in self.link.why.account.exchanges.iter().filter(|e| !e.from_central) {
            let Some(What::Control(pdu)) = self.pdus().get(exchange.request).map(|p| &p.what)
            else {
                continue;
            };
            let Some(what) = PeripheralRequest::of(pdu) else { continue };
            let Some((reaction, missing)) = self.reaction(exchange) else { continue };
            let when = Situation { again, ..self.situation(exchange.request) };
            let place = self.place(exchange.request);
            let place = match missing {
                0 => place,
                1 => format!("{place}, if one missing packet was no answer"),
                n => format!("{place}, if none of {n} missing packets was an answer"),
            };
            let of = if missing == 0 { &mut seen.sure } else { &mut seen.doubtful };
            of.entry(SeenRequest { what, when }).or_default().add(reaction, place);
        }
        // What was shown counts more than what may have been hidden, in the same situation.
        let alike = |one: &SeenRequest, other: &SeenRequest| {
            (one.what, one.when.words()) == (other.what, other.when.words())
        };
        seen.answers.clone_from(&seen.sure);
        for (request, reactions) in &seen.doubtful {
            if !seen.sure.keys().any(|sure| alike(sure, request)) {
                seen.answers.insert(*request, reactions.clone());
            }
        }
    }

    fn situation(&self, at: usize) -> Situation {
        let before = self.pdus().get(..at).unwrap_or_default();
        let mut now =
            Situation { pairing: false, encrypting: false, encrypted: false, again: false };
        for pdu in before.iter().filter(|pdu| pdu.is_news()) {
            match &pdu.what {
                What::Smp(0x01) | What::SmpPart(_) => now.pairing = true,
                What::PairingFailed(_) => now.pairing = false,
                What::Control(ControlPdu::EncReq(_)) => now.encrypting = true,
                What::Control(ControlPdu::StartEncRsp) if !pdu.from_central => {
                    (now.pairing, now.encrypting, now.encrypted) = (false, false, true);
                }
                What::Control(ControlPdu::RejectInd(_) | ControlPdu::RejectExtInd { .. })
                    if !pdu.from_central && now.encrypting =>
                {
                    now.encrypting = false;
                }
                _ => {}
            }
        }
        now.encrypted |= self.pdus().get(at).is_some_and(|pdu| pdu.encrypted);
        now.pairing |= now.encrypting;
        now
    }

    /// What it did, and how many missing packets may have said otherwise.
    fn reaction(&self, exchange: &Exchange) -> Option<(Reaction, usize)> {
        let request = self.pdus().get(exchange.request)?;
        let readable = self.readable();
        let answered = match exchange.answer {
            Some(Answer::Refused { pdu, error }) => {
                let short =
                    matches!(self.pdus().get(pdu)?.what, What::Control(ControlPdu::RejectInd(_)));
                match error {
                    None => Reaction::Unknown,
                    Some(error) if short => Reaction::Reject(error.0),
                    Some(error) => Reaction::RejectExt(error.0),
                }
            }
            Some(Answer::Answered(pdu) | Answer::Scheduled { pdu, .. }) => {
                let answer = self.pdus().get(pdu)?;
                if self.hidden(exchange.request, pdu) {
                    return None;
                }
                if answer.encrypted && !request.encrypted {
                    return Some((Reaction::AfterEncryption, 0));
                }
                let delay = answer.event?.wrapping_sub(request.event?);
                let overlaps = exchange.instant().is_some() && self.overlaps(pdu);
                let served = if overlaps { Reaction::Overlap } else { Reaction::Served(delay) };
                self.then(exchange, pdu).unwrap_or(served)
            }
            None if readable < self.pdus().len() => return None,
            None => {
                let missing = self.may_be_missing(exchange)?;
                return Some((self.unanswered(exchange.request)?, missing));
            }
        };
        Some((answered, 0))
    }

    /// How many packets of the central are missing that could have answered; `None`: too many, or
    /// something later shows that there was an answer.
    fn may_be_missing(&self, exchange: &Exchange) -> Option<usize> {
        let account = &self.link.why.account;
        let gaps = account.sight.gaps();
        let behind = gaps.filter(|gap| gap.central && gap.until > exchange.request);
        let missing: usize = behind.map(|gap| gap.count as usize).sum();
        if missing == 0 {
            return Some(0);
        }
        let own = self.pdus().iter().skip(exchange.request + 1).filter(|pdu| pdu.from_central);
        let heard = own.clone().filter(|pdu| pdu.event.is_some()).count();
        let request = self.pdus().get(exchange.request)?;
        // Whoever begins another procedure has got an answer to the one before, and whoever is on
        // another PHY has agreed on it.
        let next = |other: &&Exchange| !other.from_central && other.request > exchange.request;
        let goes_on = account.exchanges.iter().any(|other| next(&other));
        let changes = own.clone().any(|pdu| pdu.phy.phy() != request.phy.phy());
        (missing * MISSING <= heard && !goes_on && !changes).then_some(missing)
    }

    /// Whether something announced before a PDU was still to come.
    fn overlaps(&self, at: usize) -> bool {
        let Some(event) = self.pdus().get(at).and_then(|pdu| pdu.event) else { return false };
        let mut before =
            self.link.why.account.announcements.iter().filter(|announced| announced.pdu < at);
        before.any(|announced| matches!(announced.instant.wrapping_sub(event), 1..0x8000))
    }

    /// What it did between its answer and the instant, or at the instant.
    fn then(&self, exchange: &Exchange, answer: usize) -> Option<Reaction> {
        let instant = exchange.instant()?;
        let behind = self.pdus().get(answer + 1..)?;
        let before = |event: u16| event.wrapping_sub(instant) > 0x8000;
        for pdu in behind.iter().filter(|pdu| pdu.from_central && pdu.is_news()) {
            let What::Control(control) = &pdu.what else { continue };
            if pdu.event.is_some_and(before) {
                match control.opcode() {
                    Opcode::PHY_REQ => return Some(Reaction::ThenPhy),
                    Opcode::CONNECTION_PARAM_REQ => return Some(Reaction::ThenParameters),
                    _ => {}
                }
            }
        }
        let What::Control(ControlPdu::PhyUpdateInd { c_to_p, .. }) = self.pdus().get(answer)?.what
        else {
            return None;
        };
        let wanted = c_to_p.single()?;
        let later = behind.iter().filter(|p| p.from_central && !p.event.is_some_and(before));
        let mut later = later.peekable();
        later.peek()?;
        let stays = later.all(|pdu| pdu.phy.phy() != wanted);
        stays.then_some(Reaction::NoSwitch)
    }

    /// What it did where it gave no answer; `None`: the capture ends too soon.
    fn unanswered(&self, request: usize) -> Option<Reaction> {
        let end = self.pdus().len().checked_sub(1)?;
        let from = self.pdus().get(request)?;
        let behind = self.pdus().get(request + 1..)?;
        let last = self.pdus().get(end)?.event?;
        let own = || behind.iter().filter(|pdu| pdu.from_central);
        let own_last = own().filter_map(|pdu| pdu.event).next_back().unwrap_or(from.event?);
        let heard = own_last.wrapping_sub(from.event?);
        let says = |what: &What| *what != What::Empty;
        let mut news = own().filter(|pdu| says(&pdu.what) && !pdu.repeated);
        let word = news.next_back().and_then(|pdu| pdu.event);
        let goodbye =
            own().any(|pdu| matches!(pdu.what, What::Control(ControlPdu::TerminateInd(_))));
        let ending = self.link.why.account.ending.as_ref();
        // Whoever says goodbye does not fall silent.
        let fell_silent = ending.is_some_and(|end| matches!(end.how, How::Silence { .. }));
        // Words that were queued when the request came are still sent.
        let quiet_for = own_last.wrapping_sub(word.unwrap_or(from.event?));
        match () {
            () if goodbye && u64::from(heard) > SILENCE => Some(Reaction::Never),
            () if u64::from(quiet_for) >= SILENCE => Some(Reaction::Block),
            () if u64::from(heard) < SILENCE && fell_silent && last == own_last => {
                Some(Reaction::Silent(heard))
            }
            () if u64::from(heard) > 2 * SILENCE => Some(Reaction::Never),
            () => None,
        }
    }
}
