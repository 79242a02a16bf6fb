//! What radio events and the passing of time do to advertiser and connections.

use super::Link;
use super::advertising::Reaction;
use super::connection::{Limits, LinkConnection, Packet};
use super::gap::EARLY;
use super::message::LinkReport;
use super::operation::Operation;
use super::schedule::{self, Owner, Wish};
use ble::address::Address;
use ble::invariant::Invariant;
use ble::link::LinkId;
use ble::pdu::advertising::ConnectInd;
use ble::phy::Phy;
use ble::radio::{RadioCommand, RadioEvent};
use ble::schedule::{Claim, Hold};
use ble::time::Instant;

impl<const LINKS: usize> Link<LINKS> {
    /// The next event of each user of the radio, except of one that is in an event.
    pub(super) fn wishes(&self) -> impl Iterator<Item = Wish> {
        let connections = self.connections.iter().zip(0u8..).filter_map(|(slot, n)| {
            let connection = slot.as_ref()?;
            let from = connection.next_event()?;
            let claim = Claim::Event(connection.waited());
            Some(Wish { owner: Owner::Link(LinkId(n)), from, claim })
        });
        let advertising = self.advertiser.next_event().map(|from| Wish {
            owner: Owner::Advertising,
            from,
            claim: Claim::Anybody,
        });
        connections.chain(advertising)
    }

    pub(super) fn connection_event(&mut self, now: Instant, link: LinkId, event: &RadioEvent) {
        let owner = Owner::Link(link);
        let hold = self.hold().unwrap_or(Hold::Served);
        let more = match self.has_waited(now, EARLY) {
            true => now,
            false => schedule::limit(self.wishes(), owner, Hold::Served),
        };
        let limits = Limits { answer: schedule::limit(self.wishes(), owner, hold), more };
        let slot = self.connections.get_mut(usize::from(link.0)).and_then(Option::as_mut);
        let Some(connection) = slot else {
            return self.reports.broken.shout(Invariant::OwnerExists);
        };
        let replies = match *event {
            RadioEvent::Transmitted { .. } => {
                connection.transmitted(&mut self.reports);
                false
            }
            RadioEvent::Received { start, end, ref pdu, crc_ok, .. } => {
                let packet = Packet { start, end, pdu, crc_ok };
                connection.receive(now, packet, limits, &mut self.reports, &mut self.command)
            }
            RadioEvent::Missed { .. } => false,
        };
        if replies {
            self.issued(now);
        } else if self.operation == Operation::Idle {
            self.end_event(now);
        }
    }

    pub(super) fn advertising_event(&mut self, now: Instant, event: &RadioEvent) {
        if let RadioEvent::Received { end, ref pdu, crc_ok: true, .. } = *event {
            match self.advertiser.hear(pdu, &self.accept) {
                Reaction::Reply(command) => return self.issue(now, command),
                Reaction::Connect { request, identity, provisional } => {
                    if self.connect(request, identity, provisional, end) {
                        return;
                    }
                }
                Reaction::Unresolved(address) => {
                    self.reports.mention(LinkReport::Unresolved(address));
                }
                Reaction::Misbehaved(violation) => {
                    self.reports.mention(LinkReport::Misbehaved { link: None, violation });
                }
                Reaction::Nothing => {}
            }
        }
        if self.operation == Operation::Idle {
            self.advertise_on(now);
        }
    }

    /// The next channel of the advertising event, or its end.
    fn advertise_on(&mut self, now: Instant) {
        let limit = schedule::limit(self.wishes(), Owner::Advertising, Hold::Anybody);
        match self.advertiser.next_channel(now, limit) {
            Some(command) => self.issue(now, command),
            None => self.owner = None,
        }
    }

    /// Creates a connection; `false` if there is no room for one.
    fn connect(
        &mut self,
        request: ConnectInd,
        identity: Option<Address>,
        provisional: bool,
        at: Instant,
    ) -> bool {
        let Some(link) = self.free_place() else {
            return false;
        };
        let config = self.config;
        let connection =
            LinkConnection::new(link, &request, at, config.csa2, config.sleep_clock_ppm);
        if let Some(slot) = self.connections.get_mut(usize::from(link.0)) {
            *slot = Some(connection);
        }
        self.advertiser.connected();
        self.owner = None;
        self.reports.push(LinkReport::Connected { link, request, identity, provisional, at });
        true
    }

    /// Takes a connection that began with an AUX_CONNECT_REQ, which ended at `at`; `false`: there
    /// is no room for one.
    pub fn adopt(
        &mut self,
        request: ConnectInd,
        identity: Option<Address>,
        phy: Phy,
        at: Instant,
    ) -> bool {
        let Some(link) = self.free_place() else {
            return false;
        };
        // ChSel is reserved in AUX_CONNECT_REQ: algorithm #2 is always used.
        let request = ConnectInd { ch_sel: true, ..request };
        let connection =
            LinkConnection::extended(link, &request, at, self.config.sleep_clock_ppm, phy);
        if let Some(slot) = self.connections.get_mut(usize::from(link.0)) {
            *slot = Some(connection);
        }
        let provisional = false;
        self.reports.push(LinkReport::Connected { link, request, identity, provisional, at });
        self.reports.push(LinkReport::OnPhy { link, phy });
        true
    }

    /// Whether another connection can be taken.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.free_place().is_some()
    }

    fn free_place(&self) -> Option<LinkId> {
        let mut places = self.connections.iter().zip(self.lost).zip(0u8..);
        places.find(|((slot, lost), _)| slot.is_none() && !lost).map(|(_, n)| LinkId(n))
    }

    /// Gives up connections that were not heard for too long.
    pub(super) fn supervise(&mut self, now: Instant) {
        for n in 0..u8::try_from(LINKS).unwrap_or(u8::MAX) {
            let link = LinkId(n);
            let lost = self.connection(link).filter(|c| c.supervision() <= now).map(|c| c.loss());
            if let Some(loss) = lost {
                self.forget(link);
                self.set_lost(link, true);
                self.reports.push(LinkReport::Lost { link, loss });
            }
        }
    }

    /// Gives up an operation that the radio has not answered.
    pub(super) fn watch_radio(&mut self, now: Instant) {
        if self.operation.overdue().is_none_or(|overdue| overdue > now) {
            return;
        }
        self.operation = Operation::Idle;
        self.command = Some(RadioCommand::Stop);
        match self.owner {
            Some(Owner::Advertising) => self.advertise_on(now),
            Some(Owner::Link(_)) => self.end_event(now),
            None => {}
        }
    }

    /// Settles all wishes that are due.
    pub(super) fn start_due(&mut self, now: Instant) {
        for _ in 0..=LINKS {
            let Some(wish) = self.wishes().min_by_key(|wish| wish.from) else {
                return;
            };
            if wish.due(self.owner.is_some()) > now {
                return;
            }
            let is_free = self.hold().is_none() && !self.gives_up(now, wish.owner);
            if is_free || self.hold().is_some_and(|hold| wish.claim.wins(hold)) {
                self.end_event(now);
                self.begin(now, wish.owner);
            } else {
                self.forgo(now, wish.owner);
            }
        }
    }

    fn hold(&mut self) -> Option<Hold> {
        match self.owner? {
            Owner::Advertising => Some(Hold::Anybody),
            Owner::Link(link) => self.connection(link).map(|connection| connection.hold()),
        }
    }

    fn begin(&mut self, now: Instant, owner: Owner) {
        let begins = match owner {
            Owner::Advertising => {
                let limit = schedule::limit(self.wishes(), owner, Hold::Anybody);
                let command = self.advertiser.begin(now, limit);
                command.map(|command| self.command = Some(command)).is_some()
            }
            Owner::Link(link) => {
                let slot = self.connections.get_mut(usize::from(link.0)).and_then(Option::as_mut);
                slot.map(|connection| self.command = Some(connection.begin(now))).is_some()
            }
        };
        if begins {
            self.owner = Some(owner);
            self.issued(now);
        }
    }

    /// Lets an event pass for which the radio is not free.
    fn forgo(&mut self, now: Instant, owner: Owner) {
        match owner {
            Owner::Advertising => self.advertiser.end_event(),
            Owner::Link(link) => {
                let slot = self.connections.get_mut(usize::from(link.0)).and_then(Option::as_mut);
                if let Some(connection) = slot {
                    let _ = connection.begin(now);
                    connection.close(now, &mut self.reports);
                }
            }
        }
    }

    /// Ends the event under way, if there is one, and frees the radio.
    fn end_event(&mut self, now: Instant) {
        match self.owner.take() {
            Some(Owner::Advertising) => self.advertiser.end_event(),
            Some(Owner::Link(link)) => {
                let slot = self.connections.get_mut(usize::from(link.0)).and_then(Option::as_mut);
                if let Some(connection) = slot {
                    connection.close(now, &mut self.reports);
                }
            }
            None => {}
        }
        self.operation = Operation::Idle;
    }

    fn issue(&mut self, now: Instant, command: RadioCommand) {
        self.command = Some(command);
        self.issued(now);
    }

    /// The command that waits was made where it lies.
    fn issued(&mut self, now: Instant) {
        self.operation = self.command.as_ref().map_or(Operation::Idle, |c| Operation::of(now, c));
    }
}
