//! What can be told of a capture or a log that somebody else made: each connection, what went
//! wrong in it and why, which rules were broken, and what this evidence does not decide.
//!
//! It is told by the machinery of a run, from a [`View`]: [`Why`] per connection, and the oracle.

mod data;
pub mod logs;
mod naming;
mod pieces;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use ble::time::Instant;
use bletwin_oracle::{Examined, Judged, Stop, examine_sniffed};
use bletwin_sniffer::{AirItem, First, NodeId, RecordId, View, sniff};

use crate::report::{Suspected, decisive_lines, suspected};
use crate::why::air::is_from;
use crate::why::concern::Concern;
use crate::why::timing::Timing;
use crate::why::watched::Around;
use crate::why::{KEY, Pdu, What, Why};
pub use data::{Json, json};
use logs::Logged;
pub use naming::Naming;
pub use pieces::in_pieces;

/// A capture, explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Its connections, in the order of their first packets.
    pub links: Vec<CapturedLink>,
    /// Connections in hosts' logs.
    pub logs: Vec<Logged>,
    /// What the oracle says.
    pub examined: Examined,
    /// All packets, understood as far as possible; of what was explained in pieces, those of
    /// advertising.
    pub items: Vec<AirItem>,
    /// First packets of the ends of connections, where no others are kept.
    firsts: Vec<First>,
}

/// How much of an encrypted connection could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Nothing was encrypted that was seen.
    Never,
    /// All that was encrypted was read.
    Read,
    /// From then on it was not read: the key is not known.
    Opaque(Instant),
}

/// Why nothing is told of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The reason, in words.
    pub why: &'static str,
    /// What further evidence would have it told, as the subject of a sentence.
    pub instead: &'static str,
}

/// One connection of a capture.
#[derive(Clone, Debug)]
pub struct CapturedLink {
    /// Its number, from 1.
    pub number: usize,
    /// The first of its packets.
    pub first: RecordId,
    /// The central, if it was heard.
    pub central: Option<NodeId>,
    /// The peripheral, if it was heard.
    pub peripheral: Option<NodeId>,
    /// First and last packet, counted from the first packet of the capture.
    pub span: [Instant; 2],
    /// Whether it was captured from its beginning on.
    pub from_the_start: bool,
    /// How many of its packets were captured.
    pub packets: usize,
    /// How many at most may have been on air unseen between them.
    pub missing: u32,
    /// How many of them are encrypted and were not read.
    pub unread: usize,
    /// Its parameters in the end, as far as they were seen.
    pub timing: Option<Timing>,
    /// How much of it could be read.
    pub encryption: Encryption,
    /// What went wrong, if anything that was seen did.
    pub concern: Option<Concern>,
    /// How far the oracle judged it; `None`: not by the rules of connections.
    pub judged: Option<Judged>,
    /// Whether its advertiser was not heard, without which it is not judged.
    pub unheard: bool,
    /// Why nothing is told of it; `None`: it is.
    pub set_aside: Option<Aside>,
    /// What is told of it, if something went wrong.
    pub tale: Option<Tale>,
    /// Why, as far as it was seen; of what was explained in pieces, without packets.
    pub why: Why,
}

/// What went wrong in a connection and why, told.
#[derive(Clone, Debug)]
pub struct Tale {
    /// How sure it is, a sentence each.
    pub(crate) sure: Vec<String>,
    /// It in sentences.
    pub(crate) paragraph: String,
    /// The PDUs that decided, a line each.
    pub(crate) lines: String,
    /// What may have been the cause, as data.
    pub(crate) suspected: Vec<Suspected>,
}

/// Explains all that was seen.
#[must_use]
pub fn explain(view: &View) -> Explained {
    let items = sniff(view);
    let examined = examine_sniffed(view, &items);
    let firsts = First::all(&items);
    let around = Around { end: view.end, hci: view.hci(), adverts: &items, firsts: &firsts };
    let links = links(&items, &around).into_iter().map(|link| link.examined(&examined));
    let links = links.collect();
    let (firsts, logs) = (Vec::new(), logs::connections(view));
    Explained { links, logs, examined, items, firsts }
}

/// All connections of which there are packets, in the order of their first ones.
fn links(items: &[AirItem], around: &Around<'_>) -> Vec<CapturedLink> {
    let mut all: BTreeMap<usize, Vec<&AirItem>> = BTreeMap::new();
    for item in items {
        if let Some(number) = item.connection {
            all.entry(number).or_default().push(item);
        }
    }
    all.into_iter().map(|(number, here)| CapturedLink::of(here, around, number)).collect()
}

impl Explained {
    /// Tells nothing of the connection that a packet belongs to, and blames nobody in it: for what
    /// whoever read it found out.
    pub fn set_aside(&mut self, packet: RecordId, aside: Aside) {
        for link in &mut self.links {
            if link.why.account.pdus.iter().any(|pdu| pdu.id == packet) {
                let here: BTreeSet<RecordId> =
                    link.why.account.pdus.iter().map(|pdu| pdu.id).collect();
                let examined = &mut self.examined;
                for list in [&mut examined.findings, &mut examined.observations] {
                    list.retain(|finding| !here.contains(&finding.record));
                }
                *link = link.clone().aside(aside);
            }
        }
    }

    /// Names of all devices; `shown`: with their addresses.
    #[must_use]
    pub fn names(&self, shown: bool) -> Naming {
        Naming::with(&self.items, &self.firsts, shown)
    }
}

impl CapturedLink {
    fn of(here: Vec<&AirItem>, around: &Around<'_>, number: usize) -> Self {
        let why = Why::of_captured(here.clone(), around, number);
        let here = || here.iter().copied();
        let end = |central: bool| {
            let of_side = |item: &&AirItem| is_from(item, central);
            here().find(of_side).map(|item| item.from)
        };
        let pdus = &why.account.pdus;
        let unread = |pdu: &&Pdu| pdu.what == What::Unreadable;
        let encrypted = here().any(|item| item.decrypted == Some(true));
        let at = |item: Option<&AirItem>| item.map_or(Instant::ZERO, |item| item.at);
        let concern = Concern::of(&why);
        let tale = concern.map(|_| Tale {
            sure: why.sure(),
            paragraph: why.paragraph(),
            lines: decisive_lines(here(), &why.wanted()),
            suspected: suspected(&why),
        });
        Self {
            number: number + 1,
            first: here().next().map_or(RecordId(0), |item| item.record),
            central: end(true),
            peripheral: end(false),
            span: [at(here().next()), at(here().next_back())],
            from_the_start: pdus.first().is_some_and(|pdu| matches!(pdu.what, What::Connect(..))),
            packets: here().count(),
            missing: why.account.sight.gaps().map(|gap| gap.count).sum(),
            unread: why.account.sight.unread(),
            timing: why.account.timing(),
            encryption: match pdus.iter().find(unread) {
                Some(pdu) => Encryption::Opaque(pdu.at),
                None if encrypted => Encryption::Read,
                None => Encryption::Never,
            },
            concern,
            judged: None,
            unheard: false,
            set_aside: None,
            tale,
            why,
        }
    }

    /// With what the oracle says of it, unless nothing shall be told.
    fn examined(self, examined: &Examined) -> Self {
        if self.set_aside.is_some() {
            return self;
        }
        let of = |link: &&Judged| link.connection == self.first;
        let judged = examined.links.iter().find(of).cloned();
        let unheard = examined.unjudged.contains(&self.first);
        Self { judged, unheard, ..self }
    }

    /// The same, of which nothing is told.
    fn aside(self, aside: Aside) -> Self {
        Self { concern: None, judged: None, set_aside: Some(aside), ..self }
    }

    /// The same without its packets.
    fn without_packets(self) -> Self {
        let Why { account, hypotheses } = self.why;
        Self { why: Why { account: account.without_packets(), hypotheses }, ..self }
    }

    /// The one further piece of evidence that would decide what this one leaves open, as the
    /// subject of a sentence; `None`: nothing went wrong, or it is shown why.
    #[must_use]
    pub fn would_decide(&self) -> Option<String> {
        if let Some(aside) = self.set_aside {
            return Some(aside.instead.to_owned());
        }
        self.concern?;
        match self.why.hypotheses.first() {
            Some(first) => first.would_decide.clone(),
            None => Some("a log of either end's host".into()),
        }
    }

    /// The further evidence that would have more of it judged by the rules; `None`: no capture
    /// would, or its end says what would.
    #[must_use]
    pub fn would_judge(&self) -> Option<&'static str> {
        if self.set_aside.is_some() {
            return None;
        }
        let Some(judged) = &self.judged else {
            return match (self.from_the_start, self.unheard) {
                (false, _) => Some("a capture that begins before they connect"),
                (true, true) => {
                    Some("a capture of all three advertising channels, from before they connect")
                }
                (true, false) => None,
            };
        };
        match judged.stop? {
            (_, Stop::Gap | Stop::Window) => Some("a capture in which no packet is missing there"),
            (_, Stop::Sealed) => Some(KEY),
            // Of its last packets no capture shows whether they were received.
            (_, Stop::Unacknowledged) if judged.rest <= LAST => None,
            (_, Stop::Unacknowledged) => Some("a capture in which no packet behind it is missing"),
        }
    }
}

/// So many packets of an end need no place.
const LAST: usize = 6;
