//! Everything that an explanation is made of, from a run or a capture.

use ble::time::{Duration, Instant};
use bletwin_sim::sniffer::AirItem;

use super::air::{Pdu, What, pdu};
use super::ending::{Ending, ending, seen};
use super::hosts::Hosts;
use super::pairing::Pairing;
use super::procedures::Exchange;
use super::procedures::{Announcement, announcements, exchanges};
use super::sight::{self, Sight};
use super::timing::Timing;
use super::transactions::{Transaction, transactions};
use super::watched::Watched;
use bletwin_scenarios::stage::Finished;

/// What was found of the connection that decided a run.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its PDUs, in the order of their first bits.
    pub pdus: Vec<Pdu>,
    /// Requests and answers of the link layers.
    pub exchanges: Vec<Exchange>,
    /// Everything that sets an instant.
    pub announcements: Vec<Announcement>,
    /// Requests and answers of ATT.
    pub transactions: Vec<Transaction>,
    /// The last pairing.
    pub pairing: Option<Pairing>,
    /// How the link ended, if it did.
    pub ending: Option<Ending>,
    /// What hosts and people did.
    pub hosts: Hosts,
    /// Advertising PDUs of the peripheral since the connection was over, or all where there was
    /// none.
    pub adverts: Vec<Pdu>,
    /// When watching ended.
    pub until: Instant,
    /// The peripheral's `Security failed … err`, if its host printed one.
    pub security_err: Option<u8>,
    /// What may have been on air beside the PDUs.
    pub sight: Sight,
}

impl Account {
    /// Reads it out of a run whose air was sniffed.
    #[must_use]
    pub fn of(run: &Finished, items: &[AirItem]) -> Self {
        Self::watched(Watched::run(run, items), items)
    }

    /// Reads it out of whatever was watched.
    #[must_use]
    pub fn watched(watched: Watched, items: &[AirItem]) -> Self {
        let number = watched.connection;
        let here = items.iter().filter(|i| i.connection.is_some() && i.connection == number);
        Self::among(watched, here.collect(), items)
    }

    /// The same of packets that are those of the connection; the peripheral's advertising is among
    /// `items`.
    #[must_use]
    pub fn among(watched: Watched, mut here: Vec<&AirItem>, items: &[AirItem]) -> Self {
        let Watched { connection, peripheral, told, hosts, until, security_err, .. } = watched;
        let Watched { in_part, advertised_on, .. } = watched;
        let at = told.map_or(Instant::MAX, |(at, _)| at);
        here.retain(|item| item.at <= at);
        let pdus: Vec<Pdu> = here.iter().map(|item| pdu(item)).collect();
        let left = match in_part {
            false => told.map(|(at, _)| at),
            true => pdus.last().map(|last| last.at),
        };
        // A connection that its user has ended is not what decides; what follows it may.
        let left = left.or_else(|| goodbye(&pdus).and_then(|index| pdus.get(index)).map(|p| p.at));
        let left = left.filter(|_| connection.is_some());
        let adverts: Vec<Pdu> = items
            .iter()
            .filter(|i| i.connection.is_none() && Some(i.from) == peripheral && i.at <= until)
            .filter(|i| connection.is_none() || left.is_some_and(|at| i.at > at))
            .map(pdu)
            .collect();
        let ending = match told {
            Some((at, reason)) => Some(ending(&pdus, at, reason)),
            None if in_part => seen(&pdus, until, &adverts, |own| sight::is_unheeded(&here, own)),
            None => None,
        };
        // A sniffer that has lost a connection goes on without it: behind its last packet nothing
        // is known, and no silence.
        let last = pdus.last().filter(|_| in_part && ending.is_none()).map(|last| last.at);
        let until = last.unwrap_or(until);
        Self {
            exchanges: exchanges(&pdus),
            announcements: announcements(&pdus),
            transactions: transactions(&pdus),
            pairing: Pairing::last_of(&pdus),
            sight: if in_part { Sight::of(&here, advertised_on) } else { Sight::whole() },
            pdus,
            ending,
            hosts,
            adverts,
            until,
            security_err,
        }
    }

    /// Index of the LL_TERMINATE_IND with which a connection was over that did not decide.
    #[must_use]
    pub fn over_before(&self) -> Option<usize> {
        goodbye(&self.pdus).filter(|_| self.ending.is_none() && !self.sight.is_partial())
    }

    /// The same without its packets, and without all that names them.
    #[must_use]
    pub fn without_packets(self) -> Self {
        Self {
            pdus: Vec::new(),
            exchanges: Vec::new(),
            announcements: Vec::new(),
            transactions: Vec::new(),
            pairing: None,
            ending: None,
            adverts: Vec::new(),
            sight: Sight::whole(),
            ..self
        }
    }

    /// When the link was over for the peripheral's host; of one that is not, when watching ended.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.ending.as_ref().map_or(self.until, |ending| ending.at)
    }

    /// The PDU at this index.
    #[must_use]
    pub fn pdu(&self, index: usize) -> Option<&Pdu> {
        self.pdus.get(index)
    }

    /// How long before the end the PDU at this index was on air.
    #[must_use]
    pub fn age(&self, index: usize) -> Duration {
        self.pdu(index).map_or(Duration::ZERO, |pdu| self.end().since(pdu.at))
    }

    /// Index of the last PDU of a side.
    #[must_use]
    pub fn last_of(&self, central: bool) -> Option<usize> {
        self.pdus.iter().rposition(|p| p.from_central == central && p.event.is_some())
    }

    /// Index of the last PDU of a side that carried anything for the first time.
    #[must_use]
    pub fn last_news(&self, central: bool) -> Option<usize> {
        self.pdus.iter().rposition(|p| p.from_central == central && p.is_news())
    }

    /// The request that this PDU set an instant for, if one was asked.
    #[must_use]
    pub fn asked_for(&self, announced: usize) -> Option<&Exchange> {
        self.exchanges.iter().find(|e| e.instant().is_some() && e.last() == announced)
    }

    /// Indices of a PDU of the central and of its repetitions, in order.
    pub fn copies(&self, first: usize) -> impl Iterator<Item = usize> {
        let what = self.pdu(first).map(|pdu| &pdu.what);
        let same = move |p: &Pdu| p.from_central && Some(&p.what) == what;
        let behind = self.pdus.iter().enumerate().skip(first);
        behind.filter(move |(_, p)| same(p)).map(|(index, _)| index)
    }

    /// The connection's parameters at the end.
    #[must_use]
    pub fn timing(&self) -> Option<Timing> {
        Timing::at(&self.pdus, self.pdus.len().checked_sub(1)?)
    }

    /// Name and place of a PDU: `LL_PHY_REQ (event 2, 0.146 s)`.
    #[must_use]
    pub fn named(&self, index: usize) -> String {
        self.pdu(index).map_or_else(String::new, |pdu| format!("{} ({})", pdu.name(), pdu.place()))
    }
}

fn goodbye(pdus: &[Pdu]) -> Option<usize> {
    use ble::pdu::control::ControlPdu;
    let goodbye = |p: &Pdu| matches!(p.what, What::Control(ControlPdu::TerminateInd(_)));
    pdus.iter().rposition(|p| p.heard && goodbye(p))
}
