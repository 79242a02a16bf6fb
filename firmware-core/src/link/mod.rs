//! The link layer's lower half: what the radio interrupt decides within T_IFS.
//!
//! [`Link`] takes [`LinkOrder`]s from `Control`, [`RadioEvent`]s from the radio and the passing
//! of [`Link::deadline`]; it gives [`RadioCommand`]s and [`LinkReport`]s. An event is prepared
//! ahead of its time, by [`Link::timer`] only, so that orders given after one connection event
//! are in force for the next.
//!
//! The files: `channel` selects channels, `window` says when to listen, `sequence` acknowledges,
//! `instant` keeps changes until their instant, and `connection` joins these; `accept` and
//! `advertising` lead to a connection, and so does `extended`; `operation` matches radio events to
//! commands; `schedule` arbitrates the radio, and `gap` leaves time without it; `leap` lets a
//! simulator count idle events together.

mod accept;
mod advertising;
mod channel;
mod connection;
mod events;
pub mod extended;
mod gap;
mod instant;
mod leap;
pub mod message;
mod operation;
mod report;
mod schedule;
mod sequence;
mod window;

#[cfg(test)]
mod tests;

use ble::invariant::Invariant;
use ble::random::{Entropy, Purpose};
use ble::time::Instant;
use ble::work::{Level, Work};

use accept::AcceptList;
use advertising::Advertiser;
use ble::link::LinkId;
use ble::radio::{RadioCommand, RadioEvent};
use connection::LinkConnection;
pub use gap::{EARLY, GIVES_UP};
pub use leap::IdleLink;
use message::{LinkOrder, LinkReport};
use operation::Operation;
use report::Reports;
use schedule::Owner;

/// The constant properties of a link layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkConfig {
    /// Accuracy of the local sleep clock in ppm (0–500), for window widening.
    pub sleep_clock_ppm: u16,
    /// Whether Channel Selection Algorithm #2 is offered (the ChSel bit).
    pub csa2: bool,
}

/// The lower half of a peripheral's link layer with room for `LINKS` connections.
///
/// After each call, [`Self::command`] and [`Self::report`] are polled until they give `None`, and
/// [`Self::timer`] is called when [`Self::deadline`] is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link<const LINKS: usize> {
    config: LinkConfig,
    accept: AcceptList,
    advertiser: Advertiser,
    connections: [Option<LinkConnection>; LINKS],
    /// Places of connections that were lost, until `Control` knows.
    lost: [bool; LINKS],
    /// Whose event is under way (prepared counts).
    owner: Option<Owner>,
    operation: Operation,
    /// One is enough: a later command replaces what has not started.
    command: Option<RadioCommand>,
    reports: Reports,
    /// Since when somebody waits for time without the radio.
    gap_wanted: Option<Instant>,
}

impl<const LINKS: usize> Link<LINKS> {
    /// Neither advertising nor connected, with an empty filter accept list.
    #[must_use]
    pub fn new(config: LinkConfig, entropy: &Entropy) -> Self {
        Self {
            config,
            accept: AcceptList::default(),
            advertiser: Advertiser::new(config.csa2, entropy.stream(Purpose::Advertising)),
            connections: core::array::from_fn(|_| None),
            lost: [false; LINKS],
            owner: None,
            operation: Operation::Idle,
            command: None,
            reports: Reports::default(),
            gap_wanted: None,
        }
    }

    /// Takes an order of `Control`. An order for a connection that does not exist (any more) is
    /// ignored.
    pub fn order(&mut self, now: Instant, order: LinkOrder) -> Work {
        match order {
            LinkOrder::Advertise(what) => {
                if self.advertiser.start(now, what) {
                    self.release(Owner::Advertising);
                }
            }
            LinkOrder::StopAdvertising => {
                self.release(Owner::Advertising);
                self.advertiser.stop();
            }
            LinkOrder::AcceptListClear => self.accept.clear(),
            LinkOrder::AcceptListAdd(address) => {
                let listed = self.accept.add(address);
                self.reports.broken.check(Invariant::AcceptListFits, listed);
            }
            LinkOrder::AcceptListRemove(address) => self.accept.remove(address),
            LinkOrder::Ignore(identity) => {
                let ignored = self.accept.ignore(identity);
                self.reports.broken.check(Invariant::IgnoredFit, ignored);
            }
            LinkOrder::Heed(identity) => self.accept.heed(identity),
            LinkOrder::HeedAll => self.accept.heed_all(),
            LinkOrder::Resolved { rpa, identity } => self.accept.remember(rpa, identity),
            LinkOrder::Refuse(link) => {
                self.forget(link);
                self.advertiser.resume();
            }
            LinkOrder::Drop(link) => self.forget(link),
            LinkOrder::Send { link, llid, payload, tag } => {
                let queued = self.connection(link).is_none_or(|c| c.send(now, llid, payload, tag));
                self.reports.broken.check(Invariant::TransmitQueueFits, queued);
            }
            LinkOrder::ListenAlways { link, on } => {
                self.with(link, |c| c.listen_always(now, on));
            }
            LinkOrder::ChannelMap { link, instant, channel_map } => {
                self.with(link, |c| c.change_map(now, instant, channel_map));
                self.prepare_anew(link);
            }
            LinkOrder::Phy { link, instant, tx, rx } => {
                self.with(link, |c| c.change_phy(now, instant, tx, rx));
                self.prepare_anew(link);
            }
            LinkOrder::Longest { link, octets } => self.with(link, |c| c.take_up_to(octets)),
            LinkOrder::Coding { link, coding } => self.with(link, |c| c.code(coding)),
            LinkOrder::Update { link, instant, parameters } => {
                self.with(link, |c| c.change_parameters(now, instant, parameters));
                self.prepare_anew(link);
            }
        }
        Work::one(Level::Control)
    }

    /// Takes an event of the radio. An event that does not belong to the operation under way is
    /// a leftover of one that was cancelled, and ignored.
    pub fn radio(&mut self, now: Instant, event: &RadioEvent) -> Work {
        if self.operation.expects(now, event) {
            self.operation.advance(event);
            match self.owner {
                Some(Owner::Advertising) => self.advertising_event(now, event),
                Some(Owner::Link(link)) => self.connection_event(now, link, event),
                None => {}
            }
        }
        Work::one(Level::Radio)
    }

    /// Prepares the next event, ends what has timed out. A call before the deadline has no effect.
    pub fn timer(&mut self, now: Instant) -> Work {
        self.supervise(now);
        self.watch_radio(now);
        if self.advertiser.has_timed_out(now) {
            self.advertiser.stop();
            self.reports.push(LinkReport::AdvertisingTimeout);
        }
        self.start_due(now);
        Work::one(Level::Radio)
    }

    /// When [`Self::timer`] is to be called, on the sleep clock; it may have passed already.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let mut first = Instant::earlier(self.operation.overdue(), self.advertiser.timeout());
        let mut starts = self.advertiser.next_event();
        for connection in self.connections.iter().flatten() {
            first = Instant::earlier(first, Some(connection.supervision()));
            starts = Instant::earlier(starts, connection.next_event());
        }
        let busy = self.owner.is_some();
        Instant::earlier(first, starts.map(|from| schedule::due(from, busy)))
    }

    /// The connection whose event is under way.
    #[must_use]
    pub const fn serves(&self) -> Option<LinkId> {
        match self.owner {
            Some(Owner::Link(link)) => Some(link),
            _ => None,
        }
    }

    /// The next radio command.
    #[inline]
    pub fn command(&mut self) -> Option<RadioCommand> {
        // A packet is long, and taking out nothing would copy one as well.
        if self.command.is_some() { self.command.take() } else { None }
    }

    /// The same where it lies, for a chip, which takes 4 µs to copy a packet, and T_IFS is running:
    /// [`Self::command_taken`] is to follow.
    #[must_use]
    pub const fn waiting_command(&self) -> Option<&RadioCommand> {
        self.command.as_ref()
    }

    /// [`Self::waiting_command`] was obeyed.
    pub fn command_taken(&mut self) {
        self.command = None;
    }

    /// Whether [`Self::report`] would give a report.
    #[must_use]
    pub fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been; see [`ble::invariant`].
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.reports.broken.take()
    }

    /// What `Control` is to know, in the order of the air.
    pub fn report(&mut self) -> Option<LinkReport> {
        self.reports.pop()
    }

    fn connection(&mut self, link: LinkId) -> Option<&mut LinkConnection> {
        self.connections.get_mut(usize::from(link.0))?.as_mut()
    }

    fn with(&mut self, link: LinkId, change: impl FnOnce(&mut LinkConnection)) {
        if let Some(connection) = self.connection(link) {
            change(connection);
        }
    }

    /// An order may affect the next event. If that event is already prepared, it is prepared again,
    /// unless its first packet has been received.
    fn prepare_anew(&mut self, link: LinkId) {
        if self.connection(link).is_some_and(LinkConnection::reconsider) {
            self.release(Owner::Link(link));
        }
    }

    /// Takes the radio away from `owner`, if it has it.
    fn release(&mut self, owner: Owner) {
        if self.owner == Some(owner) {
            self.owner = None;
            self.operation = Operation::Idle;
            self.command = Some(RadioCommand::Stop);
        }
    }

    fn forget(&mut self, link: LinkId) {
        self.release(Owner::Link(link));
        if let Some(slot) = self.connections.get_mut(usize::from(link.0)) {
            *slot = None;
        }
        self.set_lost(link, false);
    }

    fn set_lost(&mut self, link: LinkId, lost: bool) {
        if let Some(place) = self.lost.get_mut(usize::from(link.0)) {
            *place = lost;
        }
    }
}
