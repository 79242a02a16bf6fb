//! Endpoints and firmware peripherals in one air, steered from outside. Sans-IO: octets and the
//! passing of time go in, octets and records come out.

use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_emulator::nrf52840::Revision;
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::controller::ControllerConfig;
use bletwin_models::profile::Profile;
use bletwin_sim::node::{Act, Node, NodeId, NodeInput, NodeOutput, Outbox};
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Live};
use bletwin_sim::world::{Placement, World, WorldConfig};

use crate::node::EndpointNode;
use crate::raw::{RawPacket, RawSender};

/// How long the owner of a peripheral looks at a number before answering.
const REACTION: Duration = Duration::from_ms(500);

/// Number of an endpoint, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub usize);

/// The person at the peripherals: answers numeric comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Confirms numbers, or refuses them.
    pub confirms: bool,
}

impl Node for Owner {
    fn handle(&mut self, _: Instant, input: NodeInput, out: &mut Outbox) {
        if let NodeInput::Saw { node, ui: Ui::CompareNumber(_) } = input {
            let act = Act::Confirm(self.confirms);
            out.push(NodeOutput::Act { node, after: REACTION, act });
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn watches(&self) -> bool {
        true
    }
}

/// A node of the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resident {
    /// Firmware with its application, on a model of its processor.
    Peripheral(Box<PeripheralNode>),
    /// A chip with the file that is flashed.
    Chip(Box<ChipNode>),
    /// A controller for a host outside.
    Endpoint(Box<EndpointNode>),
    /// A model of a central, host and all.
    Central(Box<Central>),
    /// The person who answers numeric comparisons.
    Owner(Owner),
    /// A test program's transmitter.
    Sender(RawSender),
}

impl Node for Resident {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Peripheral(node) => node.handle(now, input, out),
            Self::Chip(node) => node.handle(now, input, out),
            Self::Endpoint(node) => node.handle(now, input, out),
            Self::Central(node) => node.handle(now, input, out),
            Self::Owner(node) => node.handle(now, input, out),
            Self::Sender(node) => node.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral(node) => node.deadline(),
            Self::Chip(node) => node.deadline(),
            Self::Endpoint(node) => node.deadline(),
            Self::Central(node) => node.deadline(),
            Self::Owner(node) => node.deadline(),
            Self::Sender(node) => node.deadline(),
        }
    }

    fn watches(&self) -> bool {
        matches!(self, Self::Owner(_))
    }

    fn halted(&self) -> bool {
        matches!(self, Self::Chip(node) if node.halted())
    }
}

/// See the [module](self).
pub struct Twin {
    world: World<Resident>,
    sender: NodeId,
    ports: Vec<NodeId>,
    live: Live,
}

impl Twin {
    /// An air without devices, only with the peripherals' owner.
    #[must_use]
    pub fn new(seed: u64, owner: Owner) -> Self {
        let config =
            WorldConfig { seed, recording: true, air_hash: true, ..WorldConfig::default() };
        Self::with(config, owner)
    }

    /// The same without a record: [`Self::settled`] gives nothing.
    #[must_use]
    pub fn unrecorded(seed: u64, owner: Owner) -> Self {
        Self::with(WorldConfig { seed, recording: false, ..WorldConfig::default() }, owner)
    }

    fn with(config: WorldConfig, owner: Owner) -> Self {
        let mut world = World::new(config);
        let place = Placement::default();
        world.add("owner", Resident::Owner(owner), place);
        let sender = world.add("sender", Resident::Sender(RawSender::default()), place);
        Self { world, sender, ports: Vec::new(), live: Live::default() }
    }

    /// Everybody sits a metre from the next.
    fn place(&self) -> Placement {
        let metres = i32::try_from(self.world.nodes().count()).unwrap_or(i32::MAX);
        Placement { position_m: (metres, 0), ..Placement::default() }
    }

    /// Puts firmware into the air.
    pub fn add_peripheral(&mut self, name: &str, build: Build) -> NodeId {
        let node = PeripheralNode::new(build, CpuConfig::default());
        self.world.add(name, Resident::Peripheral(Box::new(node)), self.place())
    }

    /// Puts a chip of some revision into the air. FICR's address and id count up from chip to chip.
    pub fn add_chip(&mut self, name: &str, image: Image, revision: Revision) -> NodeId {
        let id = self.world.nodes().count() as u64;
        let node = ChipNode::new(image, 0xC1C0_FFEE_0000 + id, id).of_revision(revision);
        self.world.add(name, Resident::Chip(Box::new(node)), self.place())
    }

    /// Puts an endpoint into the air. Two of the same address get different ones.
    pub fn add_endpoint(&mut self, name: &str, mut config: ControllerConfig) -> Port {
        while self.endpoints().any(|node| node.config().public_address == config.public_address) {
            for octet in &mut config.public_address {
                *octet = octet.wrapping_add(1);
                if *octet != 0 {
                    break;
                }
            }
        }
        let node = EndpointNode::new(config);
        let id = self.world.add(name, Resident::Endpoint(Box::new(node)), self.place());
        self.ports.push(id);
        Port(self.ports.len() - 1)
    }

    /// Puts a model of a central into the air.
    pub fn add_central(&mut self, profile: Profile) -> NodeId {
        let name = profile.name.clone();
        let central = Resident::Central(Box::new(Central::new(profile)));
        self.world.add(&name, central, self.place())
    }

    fn endpoints(&self) -> impl Iterator<Item = &EndpointNode> {
        self.world.nodes().filter_map(|(_, node)| match node {
            Resident::Endpoint(node) => Some(&**node),
            _ => None,
        })
    }

    fn endpoint_mut(&mut self, port: Port) -> Option<&mut EndpointNode> {
        match self.world.node_mut(*self.ports.get(port.0)?) {
            Resident::Endpoint(node) => Some(node),
            _ => None,
        }
    }

    /// The ports of all endpoints, in the order in which they were added.
    pub fn ports(&self) -> impl Iterator<Item = Port> + use<> {
        (0..self.ports.len()).map(Port)
    }

    /// The world itself, to look at.
    #[must_use]
    pub const fn world(&self) -> &World<Resident> {
        &self.world
    }

    /// The port of a node, if it is an endpoint's.
    #[must_use]
    pub fn port_of(&self, node: NodeId) -> Option<Port> {
        self.ports.iter().position(|id| *id == node).map(Port)
    }

    /// The endpoint of a port.
    #[must_use]
    pub fn endpoint(&self, port: Port) -> Option<&EndpointNode> {
        match self.world.node(*self.ports.get(port.0)?) {
            Resident::Endpoint(node) => Some(node),
            _ => None,
        }
    }

    /// World time, from zero when the twin was made.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.world.now()
    }

    /// When something happens next.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.world.next_event()
    }

    /// Passes octets of a host to its endpoint now, and does what is due at this instant.
    pub fn feed(&mut self, port: Port, octets: Vec<u8>) {
        if let Some(node) = self.ports.get(port.0) {
            self.world.octets(*node, octets);
        }
        self.run_until(self.now());
    }

    /// Octets for a host.
    pub fn take(&mut self, port: Port) -> Vec<u8> {
        self.endpoint_mut(port).map(EndpointNode::take_octets).unwrap_or_default()
    }

    /// The host of an endpoint has disconnected: its links drop, and the endpoint restarts.
    pub fn leave(&mut self, port: Port) {
        if let Some(node) = self.ports.get(port.0) {
            self.world.act(*node, self.now(), Act::PowerCycle);
        }
        self.run_until(self.now());
    }

    /// The first of the peripherals, as they were added.
    #[must_use]
    pub fn first_peripheral(&self) -> Option<NodeId> {
        let is_one = |node: &Resident| matches!(node, Resident::Peripheral(_) | Resident::Chip(_));
        self.world.nodes().find(|(_, node)| is_one(node)).map(|(id, _)| id)
    }

    /// The first of the chips, as they were added.
    pub fn first_chip(&mut self) -> Option<&mut ChipNode> {
        let chip = |node: &Resident| matches!(node, Resident::Chip(_));
        let first = self.world.nodes().find(|(_, node)| chip(node)).map(|(id, _)| id)?;
        match self.world.node_mut(first) {
            Resident::Chip(chip) => Some(chip),
            _ => None,
        }
    }

    /// The words of a peripheral's buttons; `None` if unknown: a chip, another node.
    #[must_use]
    pub fn buttons(&self, node: NodeId) -> Option<Vec<&'static str>> {
        self.world.nodes().find(|(id, _)| *id == node).and_then(|(_, resident)| match resident {
            Resident::Peripheral(peripheral) => Some(peripheral.buttons()),
            _ => None,
        })
    }

    /// A person does something to a device now.
    pub fn act(&mut self, node: NodeId, act: Act) {
        self.world.act(node, self.now(), act);
    }

    /// A person does something to a device after a while.
    pub fn act_after(&mut self, node: NodeId, after: Duration, act: Act) {
        self.world.act(node, self.now() + after, act);
    }

    /// Gives an endpoint another public address. `false`: there is no such endpoint.
    pub fn set_address(&mut self, port: Port, address: [u8; 6]) -> bool {
        self.endpoint_mut(port).map(|node| node.set_public_address(address)).is_some()
    }

    /// Puts a raw packet on the air later.
    ///
    /// # Errors
    /// Why it cannot be sent.
    pub fn transmit(&mut self, packet: RawPacket) -> Result<(), &'static str> {
        if packet.at < self.now() {
            return Err("its time has passed");
        }
        let Resident::Sender(sender) = self.world.node_mut(self.sender) else {
            return Err("there is no transmitter");
        };
        if !sender.plan(packet) {
            return Err("it overlaps another raw packet");
        }
        // It looks at its plans.
        self.world.octets(self.sender, Vec::new());
        self.run_until(self.now());
        Ok(())
    }

    /// Does everything up to and including `until`.
    pub fn run_until(&mut self, until: Instant) {
        self.world.run_until(until);
    }

    /// Does everything up to and including `until`, or to the first instant at which octets wait
    /// for some host. Whether some do.
    pub fn run_until_octets(&mut self, until: Instant) -> bool {
        let quiet = |world: &World<Resident>| {
            !world
                .nodes()
                .any(|(_, node)| matches!(node, Resident::Endpoint(node) if node.has_octets()))
        };
        self.world.run_while(until, quiet);
        self.run_until(self.now());
        !quiet(&self.world)
    }

    /// Records that are settled by now, with their packets parsed.
    pub fn settled(&mut self) -> Vec<(Record, Option<AirItem>)> {
        let mut records = Vec::new();
        self.world.drain_records(&mut records);
        self.live.add(records);
        self.live.settled(self.world.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;

    #[test]
    fn more_endpoints_than_an_octet_counts_have_an_address_each() {
        let mut twin = Twin::new(1, Owner { confirms: true });
        for _ in 0..300 {
            twin.add_endpoint("endpoint", Endpoint::full());
        }
        let mut addresses: Vec<[u8; 6]> =
            twin.endpoints().map(|node| node.config().public_address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 300);
    }
}
