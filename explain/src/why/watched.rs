//! What was watched of two devices, by whatever means: a run tells all of it, a capture what was
//! on air, and of hosts what was logged.

use std::collections::{BTreeMap, BTreeSet};

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::advertising::AdvertisingPdu;
use ble::time::Instant;
use bletwin_scenarios::stage::{Finished, Party};
use bletwin_sim::sniffer::AirItem;
use bletwin_sniffer::{Decoded, First, Hci, NodeId, Said};

use super::air::is_from;
use super::hosts::Hosts;

/// Whom it is about, and what is known beside their packets.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The connection that counts; `None`: there was none.
    pub connection: Option<usize>,
    /// The peripheral, whose advertising counts.
    pub peripheral: Option<NodeId>,
    /// When the peripheral's host was told that the link is over, and the reason that it was told;
    /// `None`: it was not, or nobody knows.
    pub told: Option<(Instant, ErrorCode)>,
    /// What hosts and people did.
    pub hosts: Hosts,
    /// When watching ended.
    pub until: Instant,
    /// The peripheral's `Security failed … err`, if its host printed one.
    pub security_err: Option<u8>,
    /// Whether packets may have been on air that were not seen, or that did not arrive.
    pub in_part: bool,
    /// Whether the peripheral went on advertising while the central believed in the connection.
    pub advertised_on: bool,
}

impl Watched {
    /// A run: the connection whose end decided it, or the last one.
    #[must_use]
    pub fn run(run: &Finished, items: &[AirItem]) -> Self {
        let until = run.records.last().map_or(Instant::ZERO, |record| record.at);
        let at = run.ending.map_or(Instant::MAX, |(at, _)| at);
        let before = items.iter().take_while(|i| i.at <= at);
        let connection = before.filter_map(|item| item.connection).last();
        let central = connection.and_then(|number| parties(run, items).remove(&number));
        let ends = [run.peripheral, central.map_or(run.central, |party| party.node)];
        Self {
            connection,
            peripheral: Some(run.peripheral),
            told: run.ending,
            hosts: Hosts::of(&run.records, ends, at.min(until)),
            until,
            security_err: run.facts.security_err,
            in_part: false,
            advertised_on: false,
        }
    }

    /// One of several centrals of a run: its connection whose end decided, or its last one.
    #[must_use]
    pub fn party(run: &Finished, items: &[AirItem], party: &Party) -> Self {
        let at = party.ending.map_or(Instant::MAX, |(at, _)| at);
        let whose = parties(run, items);
        let theirs = |number: &usize| whose.get(number).is_some_and(|one| *one == party);
        let before = items.iter().take_while(|item| item.at <= at);
        let connection = before.filter_map(|item| item.connection).filter(theirs).last();
        let until = run.records.last().map_or(Instant::ZERO, |record| record.at);
        Self {
            connection,
            peripheral: Some(run.peripheral),
            told: party.ending,
            hosts: Hosts::of(&run.records, [run.peripheral, party.node], at.min(until)),
            until,
            security_err: party.security_err,
            in_part: false,
            advertised_on: false,
        }
    }

    /// One connection of what somebody else has captured or logged, by its packets.
    #[must_use]
    pub fn captured(here: &[&AirItem], around: &Around<'_>, connection: usize) -> Self {
        let here = || here.iter().copied();
        let end = |central: bool| here().find(|item| is_from(item, central)).map(|i| i.from);
        let ends = [end(false), end(true)];
        let [peripheral, central] = ends;
        let asked = peripheral.or_else(|| Some(advertising(here(), around).next()?.from));
        let begin = here().next().map_or(Instant::ZERO, |item| item.at);
        let over = here().next_back().map_or(begin, |item| item.at);
        let begun = here().next().map(|item| item.record);
        // What comes after the next connection of this peripheral is not about this one.
        let later = |first: &&First| Some(first.begun) > begun && Some(first.from) == peripheral;
        let next = around.firsts.iter().filter(later).min_by_key(|first| first.record);
        let until = next.map_or(around.end, |first| first.at).max(begin);
        let logged = || around.hci.iter().filter(|hci| hci.at >= begin && hci.at <= until);
        let told = logged().find_map(|hci| match hci.said {
            Said::Event(Event::DisconnectionComplete { reason, .. })
                if Some(hci.node) == peripheral =>
            {
                Some((hci.at, reason))
            }
            _ => None,
        });
        Self {
            connection: Some(connection),
            peripheral,
            told,
            hosts: Hosts::logged(logged(), [asked, central]),
            until,
            security_err: None,
            in_part: true,
            advertised_on: advertising(here(), around)
                .any(|item| item.at > begin && item.at < over),
        }
    }
}

/// Connectable advertising by the address that a connection was asked of: its device may never have
/// said a word in it.
fn advertising<'a>(
    mut here: impl Iterator<Item = &'a AirItem>,
    around: &Around<'a>,
) -> impl Iterator<Item = &'a AirItem> {
    let asked = here.next().and_then(|item| match &item.decoded {
        Decoded::Advertising(AdvertisingPdu::ConnectInd(asked)) => Some(asked.advertiser),
        _ => None,
    });
    around.adverts.iter().filter(move |item| {
        matches!(&item.decoded, Decoded::Advertising(
            AdvertisingPdu::AdvInd { advertiser, .. }
            | AdvertisingPdu::AdvDirectInd { advertiser, .. },
        ) if Some(*advertiser) == asked)
    })
}

/// What was captured around one connection.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// When watching ended.
    pub end: Instant,
    /// What hosts' logs have.
    pub hci: &'a [Hci],
    /// Packets with all of advertising among them.
    pub adverts: &'a [AirItem],
    /// First packets of the ends of all connections.
    pub firsts: &'a [First],
}

/// Whose each connection is, where a run has several centrals.
#[must_use]
pub fn parties<'a>(run: &'a Finished, items: &[AirItem]) -> BTreeMap<usize, &'a Party> {
    let mut whose = BTreeMap::new();
    if run.parties.is_empty() {
        return whose;
    }
    let mut known = BTreeSet::new();
    for item in items {
        // The first packet of each is its CONNECT_IND, which the central sends.
        if let Some(number) = item.connection.filter(|number| known.insert(*number)) {
            whose.extend(run.party(item, item.from).map(|party| (number, party)));
        }
    }
    whose
}
