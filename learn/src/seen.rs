//! What a central was seen to do, in captures: each fact with the packets that show it.

mod answers;
mod connecting;
mod hosts;
mod own;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use bletwin_explain::captured::{CapturedLink, Explained};
use bletwin_explain::why::{Pdu, What};
use bletwin_models::controller::quirk::PeripheralRequest;
use bletwin_sniffer::{AirItem, NodeId};

pub use answers::{Reaction, SeenRequest, Situation};
pub use own::Start;
pub use steps::SeenStep;

/// Most places that are kept of one fact.
const PLACES: usize = 3;

/// A value that was seen, and where: `connection 1, event 2, 0.146 s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T> {
    /// What was seen.
    pub value: T,
    /// The first places that show it.
    pub places: Vec<String>,
}

/// Values that were seen of one thing, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values<T>(pub Vec<Shown<T>>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Values<T> {
    fn add(&mut self, value: T, place: String) {
        match self.0.iter_mut().find(|shown| shown.value == value) {
            Some(shown) if shown.places.len() < PLACES => shown.places.push(place),
            Some(_) => {}
            None => self.0.push(Shown { value, places: vec![place] }),
        }
    }

    /// Whether nothing was seen of it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values alone.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shown| &shown.value)
    }
}

/// Everything that one central was seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Connections that were looked at.
    pub connections: usize,
    /// Keys of a profile whose value a packet says as it is.
    pub plain: BTreeMap<&'static str, Values<i64>>,
    /// Keys of a profile that are words or flags.
    pub words: BTreeMap<&'static str, Values<String>>,
    /// Whether the first packet offers Channel Selection Algorithm #2.
    pub ch_sel: Values<bool>,
    /// Events from an indication to its instant.
    pub instants: Values<u16>,
    /// What it did about requests of the peripheral's link layer.
    pub answers: BTreeMap<SeenRequest, Values<Reaction>>,
    /// Procedures that it began without being asked, by connection, in their order.
    pub own: Vec<Start>,
    /// Procedures that a connection was long enough to show, and did not, by the name of profiles.
    pub absent: BTreeSet<&'static str>,
    /// What its user and application did, by connection.
    pub steps: Vec<Shown<Vec<SeenStep>>>,
    /// How long it waited in silence before it gave up while security was set up, ms.
    pub gave_up: Values<u32>,
}

impl Seen {
    /// Adds what the central of one capture did; `central`: which, where there are several.
    pub fn add(&mut self, explained: &Explained, central: Option<NodeId>) {
        for link in &explained.links {
            let mine = link.set_aside.is_none() && central.is_none_or(|c| link.central == Some(c));
            if mine && link.central.is_some() {
                self.connections += 1;
                let number = Some(link.number - 1);
                let items = explained.items.iter().filter(|item| item.connection == number);
                let items: Vec<&AirItem> = items.take(link.why.account.pdus.len()).collect();
                Looking { link, items: &items, number: self.connections }.look(self);
            }
        }
    }

    fn say(&mut self, key: &'static str, value: impl Into<i64>, place: String) {
        self.plain.entry(key).or_default().add(value.into(), place);
    }

    fn word(&mut self, key: &'static str, value: impl ToString, place: String) {
        self.words.entry(key).or_default().add(value.to_string(), place);
    }

    /// Requests of the peripheral that the central was seen to react to.
    pub fn requests(&self) -> impl Iterator<Item = PeripheralRequest> {
        self.answers.keys().map(|request| request.what)
    }
}

/// One connection that is being looked at.
struct Looking<'a> {
    link: &'a CapturedLink,
    /// What its PDUs were read from, one by one.
    items: &'a [&'a AirItem],
    number: usize,
}

impl Looking<'_> {
    fn look(&self, seen: &mut Seen) {
        self.connecting(seen);
        self.said(seen);
        self.answers(seen);
        self.own(seen);
        self.pairing(seen);
        self.parameters(seen);
        self.ending(seen);
        self.steps(seen);
    }

    fn pdus(&self) -> &[Pdu] {
        &self.link.why.account.pdus
    }

    /// Where a PDU is, for a comment.
    fn place(&self, index: usize) -> String {
        let pdu = self.pdus().get(index);
        let what = pdu.map_or_else(String::new, |pdu| format!("{} ({})", pdu.name(), pdu.place()));
        format!("connection {}: {what}", self.number)
    }

    /// PDUs of the central or of the peripheral that say something new, with their places.
    fn news(&self, central: bool) -> impl Iterator<Item = (usize, &Pdu)> {
        let all = self.pdus().iter().enumerate();
        all.filter(move |(_, pdu)| {
            pdu.is_news() && pdu.from_central == central && pdu.event.is_some()
        })
    }

    /// Whether packets are missing between two PDUs.
    fn hidden(&self, from: usize, to: usize) -> bool {
        self.link.why.account.sight.hidden(from, to) > 0
    }

    /// Octets of an SMP command or of a signalling packet.
    fn frame(&self, index: usize, cid: u16) -> Option<&[u8]> {
        let (channel, octets) = self.items.get(index)?.frame()?;
        (channel == cid).then_some(octets)
    }

    /// The first PDU behind which nothing can be read any more.
    fn readable(&self) -> usize {
        let all = self.pdus();
        all.iter().position(|pdu| pdu.what == What::Unreadable).unwrap_or(all.len())
    }
}
