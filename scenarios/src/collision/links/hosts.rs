//! Three hosts on one air: a peripheral's and those of its two centrals. Their events are read from
//! the record.

use ble::address::{Address, AddressKind};
use ble::hci::codec::encode_command;
use ble::hci::{
    AdvertisingParameters, AdvertisingType, Command, ConnectionParameters, CreateConnection, Event,
    FilterPolicy, Handle,
};
use ble::time::{Duration, Instant};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};

use bletwin_explore::case::Side;

/// connInterval of both links when they are made, units of 1.25 ms.
pub(super) const INTERVAL: u16 = 24;
const SECOND: Duration = Duration::from_secs(1);

/// The world, and the links in it.
pub(super) struct Hosts {
    twin: Twin,
    peripheral: Port,
    centrals: [Port; 2],
    /// By link: the peripheral's handle and the central's.
    links: Vec<[Handle; 2]>,
}

impl Hosts {
    /// All devices present, none connected.
    pub(super) fn new(seed: u64) -> Self {
        let mut twin = Twin::new(seed, Owner { confirms: true });
        let mut add = |name| twin.add_endpoint(name, Endpoint::full());
        let peripheral = add("peripheral");
        let centrals = [add("first central"), add("second central")];
        twin.run_until(Instant::from_us(10));
        let mut hosts = Self { twin, peripheral, centrals, links: Vec::new() };
        for port in [peripheral, centrals[0], centrals[1]] {
            hosts.command(port, &Command::Reset);
            hosts.command(port, &Command::SetEventMask { mask: u64::MAX });
            // All but the enhanced connection complete events.
            hosts.command(port, &Command::LeSetEventMask { mask: !0x0200 });
        }
        hosts
    }

    /// Each central in turn connects and reads the peripheral's features.
    pub(super) fn connect(&mut self) {
        for central in self.centrals {
            self.command(self.peripheral, &advertising(self.address(central)));
            self.command(self.peripheral, &Command::LeSetAdvertisingEnable { enable: true });
            self.command(central, &creation(self.address(self.peripheral)));
            self.pass(SECOND);
            let handle = |port| {
                let events = self.events(port).into_iter().rev();
                events.into_iter().find_map(|event| match event {
                    Event::LeConnectionComplete(complete) => Some(complete.handle),
                    _ => None,
                })
            };
            let Some(handles) = handle(self.peripheral).zip(handle(central)) else { return };
            self.command(central, &Command::LeReadRemoteFeatures { handle: handles.1 });
            self.pass(SECOND);
            self.links.push(handles.into());
        }
    }

    /// Handles of a link, the peripheral's first; `None`: it was never made.
    pub(super) fn link(&self, link: usize) -> Option<[Handle; 2]> {
        self.links.get(link).copied()
    }

    /// LE Connection Update: LL_CONNECTION_PARAM_REQ from either side.
    pub(super) fn ask(&mut self, who: Side, link: usize, interval: u16) {
        let Some((port, handle)) = self.end(who, link) else { return };
        let parameters = parameters(interval);
        self.command(port, &Command::LeConnectionUpdate { handle, parameters });
    }

    /// The host accepts the latest request on this link.
    pub(super) fn agree(&mut self, who: Side, link: usize) {
        let Some((port, own)) = self.end(who, link) else { return };
        let asked = self.events(port).into_iter().rev().find_map(|event| match event {
            Event::LeRemoteConnectionParameterRequest { handle, interval_max, .. }
                if handle == own =>
            {
                Some(interval_max)
            }
            _ => None,
        });
        let Some(interval) = asked else { return };
        let (handle, parameters) = (own, parameters(interval));
        let reply = Command::LeRemoteConnectionParameterRequestReply { handle, parameters };
        self.command(port, &reply);
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        self.twin.run_until(self.twin.now() + time);
    }

    pub(super) const fn now(&self) -> Instant {
        self.twin.now()
    }

    /// Everything that happened.
    pub(super) fn records(&self) -> &[Record] {
        self.twin.world().records()
    }

    /// Names of all nodes, by number.
    pub(super) fn names(&self) -> Vec<String> {
        let world = self.twin.world();
        world.nodes().map(|(id, _)| world.name(id).to_owned()).collect()
    }

    /// The peripheral's node.
    pub(super) fn peripheral(&self) -> NodeId {
        self.node(self.peripheral)
    }

    /// The node of the central of a link.
    pub(super) fn central(&self, link: usize) -> NodeId {
        self.node(self.centrals[link])
    }

    /// Every port has one.
    fn node(&self, port: Port) -> NodeId {
        let world = self.twin.world();
        let node = world.nodes().map(|(id, _)| id).find(|id| self.twin.port_of(*id) == Some(port));
        node.unwrap_or(NodeId(0))
    }

    fn end(&self, who: Side, link: usize) -> Option<(Port, Handle)> {
        let [peripheral, central] = self.link(link)?;
        Some(match who {
            Side::Peripheral => (self.peripheral, peripheral),
            Side::Central => (self.centrals[link], central),
        })
    }

    fn address(&self, port: Port) -> Address {
        let octets = self.twin.endpoint(port).map(|node| node.config().public_address);
        Address::new(AddressKind::Public, octets.unwrap_or_default())
    }

    fn command(&mut self, port: Port, command: &Command) {
        // These can all be represented.
        let Ok(octets) = encode_command(command) else { return };
        self.twin.feed(port, [&[1], &octets[..]].concat());
        self.pass(Duration::from_us(10));
    }

    /// The events to a host so far.
    fn events(&self, port: Port) -> Vec<Event> {
        let node = self.node(port);
        let of = |record: &Record| match &record.kind {
            RecordKind::Note(Note::HciEvent(event)) if record.node == node => Some(event.clone()),
            _ => None,
        };
        self.records().iter().filter_map(of).collect()
    }
}

fn parameters(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
    }
}

fn advertising(peer: Address) -> Command {
    let parameters = AdvertisingParameters {
        interval_min: 32,
        interval_max: 32,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random: false,
        peer,
        channel_map: 7,
        filter: FilterPolicy::default(),
    };
    Command::LeSetAdvertisingParameters { parameters }
}

fn creation(peer: Address) -> Command {
    let request = CreateConnection {
        scan_interval: 16,
        scan_window: 16,
        peer: Some(peer),
        own_address_random: false,
        parameters: parameters(INTERVAL),
    };
    Command::LeCreateConnection { request }
}
