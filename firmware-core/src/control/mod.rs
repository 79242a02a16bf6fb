//! The upper half of the peripheral's link layer: procedures after the event, and the controller
//! side of HCI.
//!
//! Sans-IO: [`Control::report`], [`Control::command`], [`Control::acl`] and [`Control::timer`] take
//! inputs, [`Control::poll`] gives outputs. Poll until `None` after each call: the output queue
//! holds what one call can cause. Outputs that are not polled are lost, and a Hardware Error event
//! reports the loss.
//!
//! A procedure is a value (`procedure`: one file and one table row each); one table, [`arbiter`],
//! decides who may start and who yields.

pub mod arbiter;

mod advertising;
mod commands;
mod config;
mod connection;
mod encryption;
mod link_commands;
mod outbox;
mod pause;
mod procedure;
mod procedures;
mod resolving;
mod sender;
mod served;
mod termination;

#[cfg(test)]
mod tests;

use crate::link::extended::Who;
use crate::link::message::{LinkOrder, LinkReport, Loss};
use ble::address::Address;
use ble::armed::Tell;
use ble::crypto::aes::Aes;
use ble::error::ErrorCode;
use ble::hci::{Acl, Command, ConnectionComplete, Event, Handle, Role};
use ble::invariant::Invariant;
use ble::link::LinkId;
use ble::pdu::advertising::ConnectInd;
use ble::pdu::control::FeatureSet;
use ble::random::{Entropy, Purpose, Stream};
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use ble::work::{Level, Work};

use advertising::Advertiser;
pub use config::ControlConfig;
use connection::{Connection, Context};
pub use outbox::ControlOutput;
use outbox::Outbox;
use procedure::Local;
pub use procedure::MinUsedChannels;
use procedure::data_length::{self, DataLengths, Length};
use procedure::phy::{self, Phys};
use resolving::ResolvingList;
pub(crate) use sender::ACL_BUFFERS;
use served::Served;

/// This device's role in all its connections.
const ROLE: Role = Role::Peripheral;

/// The link layer's procedures and the controller side of HCI, for up to `LINKS` connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Control<const LINKS: usize> {
    config: ControlConfig,
    /// Session key diversifiers and initialization vectors.
    random: Stream,
    /// Random numbers that LE Rand gives to the host.
    hci_random: Stream,
    aes: Aes,
    out: Outbox,
    advertiser: Advertiser,
    resolving: ResolvingList,
    /// Length to start connections with.
    default_length: Length,
    /// PHYs that the host prefers on new connections.
    default_phys: Phys,
    connections: [Option<Served>; LINKS],
    /// Number of connections that each place has had. It is part of their handles, so that a late
    /// command or packet of the host never reaches the next connection.
    generations: [u8; LINKS],
}

impl<const LINKS: usize> Control<LINKS> {
    /// A controller as after power-on.
    #[must_use]
    pub fn new(config: ControlConfig, entropy: &Entropy) -> Self {
        const { assert!(LINKS <= LinkId::MAX) }
        let phys = phy::supported(config.own_features());
        Self {
            config,
            random: entropy.stream(Purpose::Encryption),
            hci_random: entropy.stream(Purpose::Hci),
            aes: Aes::SOFTWARE,
            out: Outbox::default(),
            advertiser: Advertiser::default(),
            resolving: ResolvingList::default(),
            default_length: Length::MIN,
            default_phys: Phys::new(phys, phys),
            connections: [const { None }; LINKS],
            generations: [0; LINKS],
        }
    }

    /// As after a reset: drops all state that the host has set.
    fn forget_all(&mut self) {
        self.connections = [const { None }; LINKS];
        self.advertiser = Advertiser::default();
        self.resolving = ResolvingList::default();
        self.default_length = Length::MIN;
        let phys = phy::supported(self.config.own_features());
        self.default_phys = Phys::new(phys, phys);
    }

    const fn set_default_length(&mut self, length: Length) {
        self.default_length = length;
    }

    const fn set_default_phys(&mut self, phys: Phys) {
        self.default_phys = phys;
    }

    /// Has AES computed by another than software from here on.
    pub const fn lend_aes(&mut self, aes: Aes) {
        self.aes = aes;
    }

    /// Gives the device another public address. It counts from the next use.
    pub const fn set_public_address(&mut self, address: [u8; 6]) {
        self.config.public_address = address;
    }

    /// Names the target of directed advertising by this private address, made of its key, from the
    /// next start of advertising on; `None`: by the address that the host has given.
    pub const fn show_target(&mut self, address: Option<Address>) {
        self.advertiser.show_target(address);
    }

    /// Advertises under this private address instead of the address in the parameters, from the
    /// next LE Set Advertising Enable on; advertising under way changes to it. `None`: as in the
    /// parameters.
    pub const fn show_own(&mut self, address: Option<[u8; 6]>) {
        self.advertiser.show_own(address);
    }

    /// Whether advertising is enabled.
    #[must_use]
    pub const fn is_advertising(&self) -> bool {
        self.advertiser.enabled
    }

    /// What `Link` reports.
    pub fn report(&mut self, now: Instant, report: LinkReport) -> Work {
        let blocks = match report {
            LinkReport::Connected { link, request, identity, provisional, .. } => {
                let blocks = self.connected(link, &request, identity, provisional);
                blocks.saturating_add(self.announce_length(now, link))
            }
            LinkReport::OnPhy { link, phy } => self.on(now, link, |served, _| {
                served.connection.phy.take_effect((phy, phy));
            }),
            LinkReport::Unresolved(rpa) => self.resolving.announce(self.aes, &mut self.out, rpa).1,
            LinkReport::Established(_) => 0,
            LinkReport::Received { link, event, llid, payload, .. } => {
                self.on(now, link, |served, cx| {
                    served.advance(cx, event);
                    served.received(cx, llid, payload);
                })
            }
            LinkReport::Sent { link, event, .. } => {
                self.on(now, link, |served, cx| served.advance(cx, event))
            }
            LinkReport::Acknowledged { link, event, tag } => self.on(now, link, |served, cx| {
                served.advance(cx, event);
                served.acknowledged(cx, tag);
            }),
            LinkReport::EventEnded { link, event, owes, .. } => self.on(now, link, |served, cx| {
                served.advance(cx, event);
                if !owes {
                    served.connection.event_ended(cx);
                }
            }),
            // `Link` keeps the place until Control confirms the loss.
            LinkReport::Lost { link, loss } => self.on(now, link, |served, cx| {
                let reason = match loss {
                    Loss::FailedToEstablish => ErrorCode::FAILED_TO_ESTABLISH,
                    Loss::SupervisionTimeout => ErrorCode::CONNECTION_TIMEOUT,
                };
                served.connection.disconnect(cx, reason);
            }),
            LinkReport::AdvertisingTimeout => {
                self.advertising_timeout();
                0
            }
            LinkReport::Misbehaved { link, violation } => {
                self.out.trace(Trace::Misbehaved { link, violation });
                0
            }
        };
        Work { level: Level::Control, items: 1, aes_blocks: blocks }
    }

    /// Who uses an address; advertising sets beside this controller ask for it.
    #[must_use]
    pub fn who(&self, address: Address) -> Who {
        let (identity, _) = self.resolving.resolve(self.aes, address);
        Who {
            identity,
            listed: self.advertiser.lists(identity.unwrap_or(address)),
            hides: self.resolving.must_hide(address),
        }
    }

    /// ACL data from the host. Beyond its credits (LE Read Buffer Size) it is dropped, and the
    /// record says so.
    pub fn acl(&mut self, now: Instant, acl: Acl) -> Work {
        let outstanding: usize = self.live().map(|c| c.sender.outstanding()).sum();
        let Some(link) = self.link_of(acl.handle) else {
            return Work::one(Level::Control);
        };
        let blocks = self.on(now, link, |Served { connection, .. }, cx| {
            if outstanding >= ACL_BUFFERS {
                cx.out.trace(Trace::HostOverrun { link: connection.link });
            } else {
                connection.accept_acl(cx, acl);
            }
        });
        Work { level: Level::Control, items: 1, aes_blocks: blocks }
    }

    fn live(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().flatten().map(|served| &served.connection)
    }

    /// The connection that has this handle.
    fn link_of(&self, handle: Handle) -> Option<LinkId> {
        self.live().find(|c| c.handle == handle).map(|c| c.link)
    }

    /// Handle of the connection in this place.
    pub(crate) fn handle_of(&self, link: LinkId) -> Option<Handle> {
        let place = self.connections.get(usize::from(link.0))?;
        place.as_ref().map(|served| served.connection.handle)
    }

    /// To be called at [`Control::deadline`]; earlier it does nothing.
    pub fn timer(&mut self, now: Instant) -> Work {
        let mut blocks = 0_u16;
        for index in 0..u8::try_from(LINKS).unwrap_or(u8::MAX) {
            let cost = self.on(now, LinkId(index), |served, cx| served.timer(cx));
            blocks = blocks.saturating_add(cost);
        }
        Work { level: Level::Control, items: 1, aes_blocks: blocks }
    }

    /// When [`Control::timer`] is due next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = self.connections.iter().flatten().map(Served::deadline);
        deadlines.fold(None, Instant::earlier)
    }

    /// Reports what is under way on all connections; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        self.connections.iter().flatten().for_each(|served| served.armed(report));
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        self.live().map(|c| c.timing.supervision_timeout()).max()
    }

    /// Whether one more report can be taken before [`Self::poll`] empties the queue.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.out.has_room()
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been; see [`ble::invariant`].
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.out.broken.take()
    }

    /// Whether there are orders that [`Self::poll_order`] has not given yet.
    #[must_use]
    pub fn has_orders(&self) -> bool {
        self.out.has_orders()
    }

    /// The next order alone, for a runner that has `Link` at hand.
    pub fn poll_order(&mut self) -> Option<LinkOrder> {
        self.out.pop_order()
    }

    /// The next output: all orders, then the rest as it came about.
    pub fn poll(&mut self) -> Option<ControlOutput> {
        self.out.pop()
    }

    /// A command from the host.
    pub fn command(&mut self, now: Instant, command: Command) -> Work {
        let blocks = self.dispatch(now, command);
        Work { level: Level::Control, items: 1, aes_blocks: blocks }
    }

    /// Acts on a connection, settles it, and forgets it if it is over. Returns the number of AES
    /// blocks.
    fn on(
        &mut self,
        now: Instant,
        link: LinkId,
        act: impl FnOnce(&mut Served, &mut Context<'_>),
    ) -> u16 {
        let Some(place) = self.connections.get_mut(usize::from(link.0)) else {
            return 0;
        };
        let Some(served) = place else {
            return 0;
        };
        let mut cx = Context {
            now,
            config: &self.config,
            out: &mut self.out,
            random: &mut self.random,
            aes: self.aes,
            blocks: 0,
        };
        act(served, &mut cx);
        let lives = served.settle(&mut cx);
        let blocks = cx.blocks;
        if !lives {
            *place = None;
        }
        blocks
    }

    fn connected(
        &mut self,
        link: LinkId,
        request: &ConnectInd,
        identity: Option<Address>,
        provisional: bool,
    ) -> u16 {
        let peer = request.initiator;
        let (identity, blocks) = match identity {
            Some(identity) => (Some(identity), 0),
            None if self.resolving.enabled && peer.is_resolvable() => {
                self.resolving.announce(self.aes, &mut self.out, peer)
            }
            None => (None, 0),
        };
        let known_as = identity.unwrap_or(peer);
        // LL-ADV-6: refused as if it had not been heard.
        let refused = self.resolving.must_hide(peer)
            || (provisional && !self.advertiser.may_connect(Some(known_as)));
        let place = self.connections.get_mut(usize::from(link.0)).filter(|_| !refused);
        let generation = self.generations.get_mut(usize::from(link.0));
        let (Some(place), Some(generation)) = (place, generation) else {
            self.out.order(LinkOrder::Refuse(link));
            return blocks;
        };
        let handle = link.handle(*generation);
        *generation = generation.wrapping_add(1);
        let lengths = DataLengths::new(self.default_length, data_length::longest(&self.config));
        let connection = Connection::new(link, handle, request, lengths, self.default_phys);
        self.out.broken.check(Invariant::PlaceIsFree, place.is_none());
        *place = Some(Served::new(connection));
        self.advertiser.disable(&mut self.out);
        // LL-CONN-3: created; `Link` says when it is established.
        self.out.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::SUCCESS,
            handle,
            role: ROLE,
            peer,
            peer_identity: identity,
            local: request.advertiser,
            interval: request.interval,
            latency: request.latency,
            timeout: request.timeout,
            sca: request.sca,
        }));
        if self.config.own_features().has(FeatureSet::CSA2) {
            // LL-CONN-2: #2 if both have it.
            let second = request.ch_sel;
            self.out.event(Event::LeChannelSelectionAlgorithm { handle, second });
        }
        blocks
    }

    /// Requests this minimum from every present and future central, once per connection, as soon as
    /// the central is known to have the procedure. HCI has no command for it.
    pub fn ask_for_channels(&mut self, now: Instant, wanted: MinUsedChannels) -> Work {
        self.config.min_used_channels = Some(wanted);
        let mut work = Work::one(Level::Control);
        for link in (0..LINKS).filter_map(|place| u8::try_from(place).ok()) {
            let asks = |served: &mut Served, _: &mut Context<'_>| {
                served.connection.note_channels_asked(false);
            };
            let blocks = self.on(now, LinkId(link), asks);
            work.aes_blocks = work.aes_blocks.saturating_add(blocks);
        }
        work
    }

    /// Starts the data length update with a central that has just come, if the length to start with
    /// is another than every device has.
    fn announce_length(&mut self, now: Instant, link: LinkId) -> u16 {
        // LL-LEN-10: initial values.
        let longer = self.config.length_from_default && self.default_length != Length::MIN;
        let able = self.config.own_features().has(FeatureSet::DATA_LENGTH_EXTENSION);
        if !(longer && able) {
            return 0;
        }
        self.on(now, link, |served, cx| {
            // The first procedure of a connection.
            let waits = served.procedures.request(Local::DataLength);
            cx.out.broken.check(Invariant::RequestFits, waits);
        })
    }

    /// High duty cycle directed advertising has ended without a connection.
    fn advertising_timeout(&mut self) {
        self.advertiser.enabled = false;
        let none = Address::new(ble::address::AddressKind::Public, [0; 6]);
        self.out.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::ADVERTISING_TIMEOUT,
            handle: Handle(0),
            role: ROLE,
            peer: none,
            peer_identity: None,
            local: none,
            interval: 0,
            latency: 0,
            timeout: 0,
            sca: 0,
        }));
    }
}

impl Connection {
    fn accept_acl(&mut self, cx: &mut Context<'_>, acl: Acl) {
        if acl.data.is_empty() {
            // It needs no PDU; the host gets its buffer back immediately.
            cx.out.event(Event::NumberOfCompletedPackets { handle: self.handle, count: 1 });
        } else if self.termination.is_none() && !self.sender.acl(acl) {
            cx.out.trace(Trace::HostOverrun { link: self.link });
        }
    }
}
