//! Everything that an explanation is made of, from the record of a run.

use ble::time::{Duration, Instant};
use bletwin_sim::sniffer::AirItem;

use super::air::Pdu;
use super::air::pdu;
use super::ending::{Ending, ending};
use super::hosts::Hosts;
use super::pairing::Pairing;
use super::procedures::Exchange;
use super::procedures::{Announcement, announcements, exchanges};
use super::timing::Timing;
use super::transactions::{Transaction, transactions};
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
}

impl Account {
    /// Reads it out of a run whose air was sniffed.
    #[must_use]
    pub fn of(run: &Finished, items: &[AirItem]) -> Self {
        let until = run.records.last().map_or(Instant::ZERO, |record| record.at);
        let at = run.ending.map_or(Instant::MAX, |(at, _)| at);
        let connection =
            items.iter().take_while(|i| i.at <= at).filter_map(|i| i.connection).last();
        let pdus: Vec<Pdu> = items
            .iter()
            .filter(|i| i.connection.is_some() && i.connection == connection && i.at <= at)
            .map(pdu)
            .collect();
        let left = connection.and_then(|_| run.ending.map(|(at, _)| at));
        let adverts = items
            .iter()
            .filter(|i| i.connection.is_none() && i.from == run.peripheral)
            .filter(|i| connection.is_none() || left.is_some_and(|at| i.at > at))
            .map(pdu)
            .collect();
        let exchanges = exchanges(&pdus);
        let pairing = Pairing::last_of(&pdus);
        let ending = run.ending.map(|(at, reason)| ending(&pdus, at, reason));
        Self {
            announcements: announcements(&pdus),
            transactions: transactions(&pdus),
            hosts: Hosts::of(&run.records, [run.peripheral, run.central], at.min(until)),
            security_err: run.facts.security_err,
            pdus,
            exchanges,
            pairing,
            ending,
            adverts,
            until,
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
