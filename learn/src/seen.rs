//! What a central was seen to do, in captures: each fact with the packets that show it.

mod answers;
mod connecting;
mod hosts;
mod own;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use bletwin_explain::captured::{CapturedLink, Explained};
use bletwin_models::controller::quirk::PeripheralRequest;
use bletwin_sniffer::{AirItem, NodeId};

use crate::firmware::SeenFirmware;
use crate::looking::{Looking, Shown, Values};

pub(crate) use answers::key;
pub use answers::{Reaction, SeenRequest, Situation};
pub use own::Start;
pub use steps::SeenStep;

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
    /// Of these, those that the packets show.
    sure: BTreeMap<SeenRequest, Values<Reaction>>,
    /// Those that a missing packet may contradict.
    doubtful: BTreeMap<SeenRequest, Values<Reaction>>,
    /// Procedures that it began without being asked, by connection, in their order.
    pub own: Vec<Start>,
    /// Procedures that a connection was long enough to show, and did not, by the name of profiles.
    pub absent: BTreeSet<&'static str>,
    /// What its user and application did, by connection.
    pub steps: Vec<Shown<Vec<SeenStep>>>,
    /// The same of connections that began with the key of a bond, where nobody secures the link.
    pub steps_again: Vec<Shown<Vec<SeenStep>>>,
    /// How long it waited in silence before it gave up while security was set up, ms.
    pub gave_up: Values<u32>,
    /// What its peripheral was seen to do.
    pub firmware: SeenFirmware,
}

impl Seen {
    /// Adds what the central of one capture did; `central`: which, where there are several. Of
    /// several peripherals the last one that it was connected to counts.
    pub fn add(&mut self, explained: &Explained, central: Option<NodeId>) {
        let mine = |link: &&CapturedLink| {
            let other = central.is_some_and(|central| link.central != Some(central));
            link.set_aside.is_none() && link.central.is_some() && !other
        };
        let last = explained.links.iter().filter(mine).rev().find_map(|link| link.peripheral);
        for link in explained.links.iter().filter(mine) {
            self.connections += 1;
            let number = Some(link.number - 1);
            let items = explained.items.iter().filter(|item| item.connection == number);
            let items: Vec<&AirItem> = items.take(link.why.account.pdus.len()).collect();
            let looking = Looking { link, items: &items, number: self.connections };
            looking.look(self);
            if link.peripheral.is_some() && link.peripheral == last {
                self.firmware.look(&looking);
            }
        }
        if let Some(peripheral) = last {
            self.firmware.advertised(explained, peripheral);
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
}
