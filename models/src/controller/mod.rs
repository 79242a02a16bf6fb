//! The link layer of a central, below the HCI waist: scanning, initiating, connections and all
//! control procedures of the central's role.
//!
//! Written from the rules and independent of `firmware-core`'s state machines. It is sans-IO like
//! the core: commands, ACL data, radio events and the time go in, [`ControllerOutput`]s come out.
//! The machine itself is honest; [`quirk`] holds the rules by which a profile departs from it, and
//! they act at four points only: when a request of the peripheral is answered, when the next PDU
//! is picked, when an event begins, and when an instant comes.

mod access;
pub mod arbiter;
mod channel;
mod config;
mod flow;
mod hci;
mod idle;
mod link;
mod procedure;
pub mod quirk;
pub mod scan;
mod served;
mod shared;
mod smp;
mod turns;

#[cfg(test)]
mod tests;

use ble::address::Address;
use ble::armed::Tell;
use ble::error::ErrorCode;
use ble::hci::{Acl, Command, ConnectionComplete, Event, Handle, Role};
use ble::invariant::Invariant;
use ble::link::LinkId;
use ble::pdu::control::FeatureSet;
use ble::phy::T_IFS_US;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::schedule::{Claim, Hold};
use ble::time::{Duration, Instant};
use ble::trace::Trace;

pub use config::{AutomaticProcedure, ControllerConfig, OwnProcedure};
use link::Link;
pub use quirk::ControllerQuirks;
use scan::{Around, Connecting, ScannedPacket, Scanner};
use served::Served;
pub use shared::ControllerOutput;
use shared::Shared;
pub use smp::SmpWatch;
pub use turns::{Span, StartMoment};

const T_IFS: Duration = Duration::from_us(T_IFS_US as u64);

/// Whose event the radio serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Activity {
    Idle,
    /// A scan window or an exchange with an advertiser, for the [`Scanner`].
    Scan,
    /// A connection event of the link in this slot.
    Event(usize),
}

/// A central's link layer. See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CentralController {
    shared: Shared,
    scanner: Scanner,
    /// As many places as were ever needed at a time. All are gone through again and again.
    links: Vec<Option<Box<Served>>>,
    /// Number of connections that each place has had, for their handles.
    generations: Vec<u8>,
    /// Most places that there can be.
    places: usize,
    activity: Activity,
}

impl CentralController {
    /// A controller that has just been switched on.
    #[must_use]
    pub fn new(config: ControllerConfig, entropy: &Entropy) -> Self {
        let places = usize::from(config.max_connections.max(1)).min(LinkId::MAX);
        Self {
            shared: Shared::new(config, entropy),
            scanner: Scanner::default(),
            links: Vec::new(),
            generations: Vec::new(),
            places,
            activity: Activity::Idle,
        }
    }

    /// Behaves by this configuration from now on; procedures under way continue.
    pub fn behave_as(&mut self, config: &ControllerConfig) {
        self.shared.configure(config);
    }

    /// Gives the device another public address. It counts from the next use.
    pub const fn set_public_address(&mut self, address: [u8; 6]) {
        self.shared.set_public_address(address);
    }

    /// Connects to each of these peers, by identity, from a private address of its own.
    pub fn connect_as(&mut self, addresses: Vec<(Address, [u8; 6])>) {
        self.scanner.local = addresses;
    }

    /// Scans from a private address instead of that of its parameters.
    pub const fn scan_as(&mut self, address: Option<[u8; 6]>) {
        self.scanner.scans_as = address;
    }

    /// Whether it scans for advertisers.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.scanner.scanning()
    }

    /// Whether it tries to connect.
    #[must_use]
    pub const fn is_initiating(&self) -> bool {
        self.scanner.initiating.is_some()
    }

    /// The connection whose event is under way: reports of the radio concern it.
    #[must_use]
    pub fn serves(&self) -> Option<Handle> {
        let Activity::Event(slot) = self.activity else { return None };
        self.links.get(slot)?.as_ref().map(|served| served.link.handle)
    }

    /// The next thing that it wants done.
    pub fn poll(&mut self) -> Option<ControllerOutput> {
        self.shared.poll()
    }

    /// A command from the host.
    pub fn command(&mut self, now: Instant, command: Command) {
        self.execute(now, command);
        self.settle(now);
    }

    /// Starts a procedure on every connection, even against the rules; see
    /// [`ControllerQuirks::pressed`].
    pub fn press(&mut self, now: Instant, procedure: AutomaticProcedure) {
        for served in self.links.iter_mut().flatten() {
            served.press(&mut self.shared, now, procedure);
        }
        self.settle(now);
    }

    /// Whether it takes another packet of ACL data for this connection.
    #[must_use]
    pub fn takes_acl(&self, handle: Handle) -> bool {
        let credits = usize::from(self.shared.config.acl_buffers);
        let mut links = self.links.iter().flatten().map(|served| &served.link);
        links.find(|link| link.handle == handle).is_some_and(|link| link.outstanding() < credits)
    }

    /// ACL data from the host. Beyond the credits it is dropped.
    pub fn acl(&mut self, now: Instant, acl: Acl) {
        let credits = usize::from(self.shared.config.acl_buffers);
        let (links, shared) = (&mut self.links, &mut self.shared);
        let mut links = links.iter_mut().flatten().map(|served| &mut served.link);
        let link = links.find(|link| link.handle == acl.handle);
        if let Some(link) = link.filter(|_| !acl.data.is_empty()) {
            if link.outstanding() < credits {
                link.send_data(shared, &acl);
            } else {
                shared.trace(Trace::HostOverrun { link: link.id });
            }
        }
        self.settle(now);
    }

    /// A report of the radio.
    pub fn radio(&mut self, now: Instant, event: RadioEvent) {
        match self.activity {
            Activity::Idle => {}
            Activity::Scan => self.scanner_radio(event),
            Activity::Event(slot) => self.link_radio(now, slot, event),
        }
        self.settle(now);
    }

    /// The deadline is reached.
    pub fn timer(&mut self, now: Instant) {
        for served in self.links.iter_mut().flatten() {
            served.expire(&mut self.shared, now);
        }
        self.settle(now);
    }

    /// When [`Self::timer`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let mut earliest = match self.activity {
            Activity::Idle => self.scanner.deadline(),
            Activity::Scan | Activity::Event(_) => None,
        };
        for (slot, served) in self.links.iter().enumerate() {
            let Some(served) = served else { continue };
            let mut due = served.deadline();
            if self.activity != Activity::Event(slot) {
                due = due.min(served.link.preparation());
            }
            earliest = Some(earliest.map_or(due, |e| e.min(due)));
        }
        earliest
    }

    /// Reports what is under way on all connections; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        let live = self.links.iter().flatten().filter(|served| served.link.end_reason().is_none());
        live.for_each(|served| served.armed(&self.shared.config, report));
    }

    /// Whether local procedures recur on a connection for as long as it lives.
    #[must_use]
    pub fn recurs(&self) -> bool {
        let mut live =
            self.links.iter().flatten().filter(|served| served.link.end_reason().is_none());
        live.any(|served| served.recurs())
    }

    /// The host shows a dialog of a pairing.
    pub(crate) fn dialog(&mut self) {
        self.links.iter_mut().flatten().for_each(|served| served.link.happened.dialog());
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        let live = self.links.iter().flatten().map(|served| &served.link);
        live.filter(|link| link.end_reason().is_none()).map(|link| link.parameters.timeout()).max()
    }

    /// Does all that is due.
    fn settle(&mut self, now: Instant) {
        self.reap();
        for slot in 0..self.links.len() {
            self.begin_events(now, slot);
        }
        self.reap();
        if self.activity == Activity::Idle {
            let limit = self.next_event();
            if let Some(command) = self.scanner.step(now, limit) {
                self.activity = Activity::Scan;
                self.shared.radio(command);
            }
        }
    }

    /// Earliest moment at which a connection wants the radio.
    fn next_event(&self) -> Instant {
        let not_running = |slot: usize| self.activity != Activity::Event(slot);
        self.links
            .iter()
            .enumerate()
            .filter(|(slot, _)| not_running(*slot))
            .filter_map(|(_, served)| served.as_ref())
            .map(|served| served.link.preparation())
            .min()
            .unwrap_or(Instant::MAX)
    }

    /// Begins the event of a connection that is due. An event for which the radio is not free is
    /// skipped.
    fn begin_events(&mut self, now: Instant, slot: usize) {
        if self.activity == Activity::Event(slot) {
            return;
        }
        let free = !matches!(self.activity, Activity::Event(_));
        // Ends: each round moves the anchor point by an interval, and supervision ends a
        // connection that has been left alone for long.
        loop {
            let place = self.links.get(slot).and_then(Option::as_ref);
            if place.is_none_or(|s| s.link.end_reason().is_some() || now < s.link.preparation()) {
                return;
            }
            let gives_way = self.gives_way(slot);
            let Some(served) = self.links.get_mut(slot).and_then(Option::as_mut) else {
                return;
            };
            served.queue_automatic(&mut self.shared, now);
            let command = served.begin_event(&mut self.shared);
            // A change of parameters has just moved the anchor point: not yet.
            if free
                && !gives_way
                && now <= served.link.anchor
                && let Some(command) = command
            {
                served.link.waited.serve();
                self.scanner.release();
                self.activity = Activity::Event(slot);
                self.shared.radio(command);
                return;
            }
            served.link.waited.miss();
            served.end_event(&mut self.shared, now);
            served.expire(&mut self.shared, now);
        }
    }

    /// Whether the next event of this link would take the radio from a link that has missed more
    /// events: links whose anchor points collide take turns.
    fn gives_way(&self, slot: usize) -> bool {
        let Some(Served { link: own, .. }) = self.links.get(slot).and_then(Option::as_deref) else {
            return false;
        };
        let end = own.anchor + own.longest_exchange() + T_IFS.times(2);
        let during = own.preparation()..end;
        let others = self.links.iter().flatten().map(|served| &served.link);
        let others = others.filter(|other| other.id != own.id);
        let mut colliding = others.filter(|other| during.contains(&other.preparation()));
        colliding.any(|other| Claim::Event(other.waited).wins(Hold::Event(own.waited)))
    }

    fn link_radio(&mut self, now: Instant, slot: usize, event: RadioEvent) {
        let limit = self.next_event();
        let Some(served) = self.links.get_mut(slot).and_then(Option::as_mut) else {
            self.shared.shout(Invariant::OwnerExists);
            self.activity = Activity::Idle;
            return;
        };
        match event {
            RadioEvent::Transmitted { .. } => served.link.transmitted(),
            RadioEvent::Received { pdu, crc_ok, .. } => {
                match served.received(&mut self.shared, now, &pdu, crc_ok, limit) {
                    Some(reply) => self.shared.radio(reply),
                    None => self.end_event(now, slot),
                }
            }
            RadioEvent::Missed { .. } => self.end_event(now, slot),
        }
    }

    fn end_event(&mut self, now: Instant, slot: usize) {
        self.activity = Activity::Idle;
        if let Some(served) = self.links.get_mut(slot).and_then(Option::as_mut) {
            served.end_event(&mut self.shared, now);
        }
    }

    fn scanner_radio(&mut self, event: RadioEvent) {
        match event {
            RadioEvent::Transmitted { end, .. } => {
                if let Some(connecting) = self.scanner.transmitted(end) {
                    self.activity = Activity::Idle;
                    self.connected(end, &connecting);
                }
            }
            RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm } => {
                let others: Vec<u32> =
                    self.links.iter().flatten().map(|served| served.link.access_address).collect();
                let heard = ScannedPacket { start, end, pdu: &pdu, crc_ok, rssi: rssi_dbm };
                let around = Around { others: &others, limit: self.next_event() };
                match self.scanner.received(&mut self.shared, &heard, &around) {
                    Some(command) => self.shared.radio(command),
                    None => self.activity = Activity::Idle,
                }
                if let Some((at, connecting)) = self.scanner.made() {
                    self.connected(at, &connecting);
                }
            }
            RadioEvent::Missed { .. } => {
                self.scanner.missed(&mut self.shared);
                self.activity = Activity::Idle;
            }
        }
    }

    /// CONNECT_IND has left: there is a connection, as far as this end can know.
    fn connected(&mut self, at: Instant, connecting: &Connecting) {
        let free = self.links.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.links.len());
        if slot >= self.places {
            return self.shared.shout(Invariant::PlaceIsFree);
        }
        if free.is_none() {
            self.links.push(None);
            self.generations.push(0);
        }
        let request = &connecting.request;
        let id = LinkId(u8::try_from(slot).unwrap_or(u8::MAX));
        let generation = self.generations.get(slot).copied().unwrap_or(0);
        let handle = id.handle(generation);
        let link = Link::new(&self.shared, at, id, handle, connecting);
        if let Some(next) = self.generations.get_mut(slot) {
            *next = generation.wrapping_add(1);
        }
        self.shared.note_connection();
        // LL-CONN-3: created, which says nothing of the peer.
        self.shared.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::SUCCESS,
            handle: link.handle,
            role: Role::Central,
            peer: link.peer,
            peer_identity: (link.identity != link.peer).then_some(link.identity),
            local: request.initiator,
            interval: request.interval,
            latency: request.latency,
            timeout: request.timeout,
            sca: 0,
        }));
        if self.shared.has(FeatureSet::CSA2) {
            let (handle, second) = (link.handle, connecting.csa2);
            self.shared.event(Event::LeChannelSelectionAlgorithm { handle, second });
        }
        if let Some(place) = self.links.get_mut(slot) {
            *place = Some(Box::new(Served::new(link)));
        }
    }

    /// Removes connections that are over and notifies the host.
    fn reap(&mut self) {
        if !self.links.iter().flatten().any(|served| served.link.end_reason().is_some()) {
            return;
        }
        for slot in 0..self.links.len() {
            let Some(place) = self.links.get_mut(slot) else { continue };
            let Some(reason) = place.as_ref().and_then(|served| served.link.end_reason()) else {
                continue;
            };
            let Some(served) = place.take() else { continue };
            let handle = served.link.handle;
            served.lost(&mut self.shared, reason);
            self.shared.event(Event::DisconnectionComplete { handle, reason });
            if self.activity == Activity::Event(slot) {
                self.activity = Activity::Idle;
                self.shared.radio(RadioCommand::Stop);
            }
        }
    }
}
