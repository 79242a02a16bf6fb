//! Says in words what was found on air.

use ble::phy::Phy;
use ble::time::Instant;
use bletwin_scenarios::judgement::seconds;

use super::air::{Pdu, What};
use super::ending::{Ending, How};
use super::pairing::Pairing;
use super::procedures::{Answer, Exchange};

/// Everything that the words are made of.
pub struct Found<'a> {
    /// What was on air.
    pub pdus: &'a [Pdu],
    /// Requests and answers.
    pub exchanges: &'a [Exchange],
    /// The last pairing.
    pub pairing: Option<Pairing>,
    /// How the link ended, if it did.
    pub ending: Option<&'a Ending>,
    /// The peripheral's host's `Security failed … err`, if it printed one.
    pub security_err: Option<u8>,
}

impl Found<'_> {
    /// All that is to be said, as one paragraph; empty if there is nothing.
    #[must_use]
    pub fn paragraph(&self) -> String {
        let sentences = [
            self.unanswered_sentence(),
            self.decisive_sentence(),
            self.ending_sentence(),
            self.pairing_sentence(),
            self.error_sentence(),
        ];
        sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn pdu(&self, index: usize) -> Option<&Pdu> {
        self.pdus.get(index)
    }

    /// A peripheral that never said a word in the connection that the central believes in.
    fn unanswered_sentence(&self) -> Option<String> {
        let (first, rest) = self.pdus.split_first()?;
        let last = rest.last()?;
        let alone = first.event.is_none() && rest.iter().all(|pdu| pdu.from_central);
        alone.then(|| {
            format!(
                "The peripheral did not take the central's {} ({}): the central went on until {}, \
                 and nothing answered it.",
                first.name(),
                first.place(),
                last.place()
            )
        })
    }

    fn decisive_sentence(&self) -> Option<String> {
        let decisive = self.ending?.decisive.as_ref()?;
        let request = self.pdu(decisive.request)?;
        let who = side(decisive.from_central);
        let pending = self.pairing.is_some_and(|p| p.pending_at(decisive.request));
        let meanwhile = if pending { " while pairing was under way" } else { "" };
        let own = if decisive.from_central { "" } else { ", of its own accord," };
        let first =
            format!("The {who}{own} sent {} ({}){meanwhile}.", request.name(), request.place());
        Some(match decisive.answer {
            None => format!("{first} It was never answered{}.", self.what_came_after(decisive)),
            Some(Answer::Scheduled { pdu, instant }) => {
                let answer = self.pdu(pdu)?;
                format!(
                    "{first} {} ({}) set the instant to event {instant}.",
                    answer.name(),
                    answer.place()
                )
            }
            Some(Answer::Answered(pdu)) => {
                let answer = self.pdu(pdu)?;
                format!("{first} {} ({}) answered it.", answer.name(), answer.place())
            }
            Some(Answer::Refused { pdu, .. }) => {
                let answer = self.pdu(pdu)?;
                let why = match decisive.is_without_key() {
                    true => ": the peripheral has no key for the central",
                    false => "",
                };
                format!("{first} {} ({}) refused it{why}.", answer.name(), answer.place())
            }
        })
    }

    /// What the other side sent after an unanswered request: often nothing but empty PDUs.
    fn what_came_after(&self, open: &Exchange) -> String {
        let after = self.pdus.iter().skip(open.request + 1);
        let theirs: Vec<&Pdu> = after.filter(|p| p.from_central != open.from_central).collect();
        let them = side(!open.from_central);
        let Some(last_news) = theirs.iter().rposition(|p| p.is_news()) else {
            return match theirs.len() {
                0 => format!(", and the {them} sent nothing after it"),
                n => format!(": from then on the {them} sent {n} PDUs, all of them empty"),
            };
        };
        let empties = theirs.len() - last_news - 1;
        let (name, place) = (theirs[last_news].name(), theirs[last_news].place());
        match empties {
            0 => format!(", although the {them} went on until {name} ({place})"),
            n => format!(
                ": {name} ({place}) was the last that the {them} said, and {n} empty \
                          PDUs followed"
            ),
        }
    }

    fn ending_sentence(&self) -> Option<String> {
        let ending = self.ending?;
        let reason = ending.reason;
        let end = format!("reason {} ({}) at {}", reason.0, reason.name(), seconds(ending.at));
        Some(match &ending.how {
            How::Silence { last_heard } => {
                let last = self.pdu(*last_heard)?;
                format!(
                    "The central's last packet came at {}; it left without LL_TERMINATE_IND, and \
                     {} later the peripheral's supervision timeout ended the link: {end}.",
                    last.place(),
                    span(last.at, ending.at),
                )
            }
            How::Deaf { last_heard, first_unheard } => {
                self.deaf(*last_heard, *first_unheard, &end)?
            }
            How::Collision { open, offending } => self.collision(open, *offending, &end)?,
            How::Terminated { pdu } => {
                let goodbye = self.pdu(*pdu)?;
                format!(
                    "The {} ended the link with LL_TERMINATE_IND ({}): {end}.",
                    side(goodbye.from_central),
                    goodbye.place()
                )
            }
            How::NoResponse { open } => {
                let request = self.pdu(open.request)?;
                format!(
                    "40 s after {} the procedure response timeout ended the link: {end}.",
                    request.name()
                )
            }
            How::Other => format!("The link ended with {end}."),
        })
    }

    fn deaf(&self, last_heard: usize, first_unheard: usize, end: &str) -> Option<String> {
        let (heard, unheard) = (self.pdu(last_heard)?, self.pdu(first_unheard)?);
        let later = self.pdus.get(first_unheard..)?;
        let sent = later.iter().filter(|p| p.from_central).count();
        let phy = match self.expected_phy(first_unheard) {
            Some(expected) if expected != unheard.phy.phy() => format!(
                " It was still sending on {} when the peripheral had switched to {}.",
                phy_name(unheard.phy.phy()),
                phy_name(expected)
            ),
            _ => String::new(),
        };
        Some(format!(
            "After {} the peripheral heard nothing more, although the central sent {sent} more \
             packets.{phy} After {} without a valid packet the link ended with {end}.",
            heard.place(),
            span(heard.at, self.ending?.at),
        ))
    }

    /// The PHY that the last PDU with an instant before `index` obliges the central to send on.
    fn expected_phy(&self, index: usize) -> Option<Phy> {
        use ble::pdu::control::ControlPdu;
        let event = self.pdu(index)?.event?;
        self.pdus.get(..index)?.iter().rev().find_map(|p| match &p.what {
            What::Control(ControlPdu::PhyUpdateInd { c_to_p, instant, .. })
                if event.wrapping_sub(*instant) < 0x8000 =>
            {
                c_to_p.single()
            }
            _ => None,
        })
    }

    fn collision(&self, open: &Exchange, offending: usize, end: &str) -> Option<String> {
        let offence = self.pdu(offending)?;
        let instant = open.instant().map_or_else(String::new, |i| format!(", before instant {i}"));
        Some(format!(
            "The {} started {} ({}){instant}: after answering a procedure with an instant no other \
             such procedure may be started until it is over, and the peripheral has to leave: \
             {end}.",
            side(offence.from_central),
            offence.name(),
            offence.place(),
        ))
    }

    fn pairing_sentence(&self) -> Option<String> {
        let pairing = self.pairing?;
        let (begun, last) = (self.pdu(pairing.begun)?, self.pdu(pairing.last)?);
        if let Some(failed) = pairing.failed.and_then(|f| self.pdu(f)) {
            let who = side(failed.from_central);
            return Some(format!(
                "The {who} ended pairing with {} ({}).",
                failed.name(),
                failed.place()
            ));
        }
        if pairing.encrypted.is_some() {
            return None;
        }
        Some(format!(
            "Pairing had begun with {} ({}) and got no further than {} ({}).",
            begun.name(),
            begun.place(),
            last.name(),
            last.place()
        ))
    }

    fn error_sentence(&self) -> Option<String> {
        let unspecified = self.security_err? == 9;
        let pending = self.pairing.is_some_and(|p| p.failed.is_none() && p.encrypted.is_none());
        (unspecified && pending && self.ending.is_some()).then(|| {
            "\"Security failed … err 9\" is no code from the central: it is what the host says \
             when a link dies while pairing is still open."
                .to_owned()
        })
    }
}

const fn phy_name(phy: Phy) -> &'static str {
    match phy {
        Phy::Le1M => "1M",
        Phy::Le2M => "2M",
        Phy::LeCoded => "Coded",
    }
}

const fn side(central: bool) -> &'static str {
    if central { "central" } else { "peripheral" }
}

fn span(from: Instant, to: Instant) -> String {
    let ms = to.since(from).as_us() / 1000;
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}
