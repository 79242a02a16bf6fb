//! One central with two peripherals whose connection events keep colliding.

use std::collections::BTreeMap;

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{
    Acl, AclBoundary, AclData, AdvertisingParameters, AdvertisingType, Command,
    ConnectionParameters, CreateConnection, Event, FilterPolicy, Handle,
};
use ble::pdu::control::VersionInd;
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use bletwin_models::controller::{CentralController, ControllerConfig, ControllerOutput};
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::node::{Node, NodeId, NodeInput, NodeOutput, Outbox};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::control::ControlConfig;
use firmware_core::controller::{Controller, ControllerOutput as PeripheralOutput};
use firmware_core::link::LinkConfig;

/// The central sends a word on each link as soon as the last one came back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum End {
    Off { address: u8 },
    Peripheral(Box<Controller<1>>),
    Central { controller: Option<Box<CentralController>>, intervals: Vec<u16>, host: Host },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Host {
    connections: usize,
    echoes: BTreeMap<u16, u32>,
    reasons: Vec<ErrorCode>,
}

fn address(n: u8) -> [u8; 6] {
    [n, 2, 3, 4, 5, 6]
}

fn word(handle: Handle) -> Acl {
    let data = AclData::from_slice(&[0xAB; 20]).unwrap();
    Acl { handle, boundary: AclBoundary::First, data }
}

fn create(peer: u8, interval: u16) -> Command {
    let parameters = ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 100,
    };
    Command::LeCreateConnection {
        request: CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: Some(Address::new(AddressKind::Public, address(peer))),
            own_address_random: false,
            parameters,
        },
    }
}

fn peripheral(now: Instant, n: u8, entropy: [u8; 32]) -> Controller<1> {
    let control = ControlConfig {
        public_address: address(n),
        features: ControlConfig::SUPPORTED,
        version: VersionInd { version: 12, company: 0x59, subversion: 1 },
        max_tx_octets: 251,
        max_tx_time: 17_040,
        min_used_channels: None,
        length_from_default: false,
        lapses: Default::default(),
    };
    let link = LinkConfig { sleep_clock_ppm: 50, csa2: true };
    let mut controller = Controller::new(link, control, &Entropy::new(entropy));
    let parameters = AdvertisingParameters {
        interval_min: 0x20,
        interval_max: 0x20,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random: false,
        peer: Address::public([0; 6]),
        channel_map: 7,
        filter: FilterPolicy::Any,
    };
    let _ = controller.command(now, Command::LeSetAdvertisingParameters { parameters });
    let _ = controller.command(now, Command::LeSetAdvertisingEnable { enable: true });
    controller
}

fn drain_peripheral(controller: &mut Controller<1>, now: Instant, out: &mut Outbox) {
    loop {
        match controller.poll() {
            Some(PeripheralOutput::Radio(command)) => out.push(NodeOutput::Radio(command)),
            Some(PeripheralOutput::Acl(acl)) => {
                let _ = controller.acl(now, acl);
            }
            Some(_) => {}
            None if controller.control_pending() => {
                let _ = controller.run_control(now);
            }
            None => return,
        }
    }
}

fn drain_central(
    controller: &mut CentralController,
    host: &mut Host,
    intervals: &[u16],
    now: Instant,
    out: &mut Outbox,
) {
    while let Some(output) = controller.poll() {
        match output {
            ControllerOutput::Radio(command) => out.push(NodeOutput::Radio(command)),
            ControllerOutput::Acl(acl) => {
                *host.echoes.entry(acl.handle.0).or_default() += 1;
                controller.acl(now, word(acl.handle));
            }
            ControllerOutput::Event(Event::LeConnectionComplete(complete)) => {
                host.connections += 1;
                controller.acl(now, word(complete.handle));
                if let Some(interval) = intervals.get(host.connections) {
                    let next = u8::try_from(host.connections).unwrap();
                    controller.command(now, create(next, *interval));
                }
            }
            ControllerOutput::Event(Event::DisconnectionComplete { reason, .. }) => {
                host.reasons.push(reason);
            }
            ControllerOutput::Event(_)
            | ControllerOutput::Trace(_)
            | ControllerOutput::Extended(_) => {}
        }
    }
}

impl Node for End {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match (&mut *self, input) {
            (Self::Off { address }, NodeInput::Start { entropy }) => {
                *self = Self::Peripheral(Box::new(peripheral(now, *address, entropy)));
            }
            (Self::Central { controller, intervals, .. }, NodeInput::Start { entropy }) => {
                let config = ControllerConfig::default();
                let mut central = CentralController::new(config, &Entropy::new(entropy));
                central.command(now, create(0, intervals[0]));
                *controller = Some(Box::new(central));
            }
            (Self::Peripheral(c), NodeInput::Radio(event)) => {
                let _ = c.radio(now, event);
            }
            (Self::Peripheral(c), NodeInput::Timer) => {
                let _ = c.timer(now);
            }
            (Self::Central { controller: Some(c), .. }, NodeInput::Radio(event)) => {
                c.radio(now, event);
            }
            (Self::Central { controller: Some(c), .. }, NodeInput::Timer) => c.timer(now),
            _ => {}
        }
        match self {
            Self::Peripheral(c) => drain_peripheral(c, now, out),
            Self::Central { controller: Some(c), host, intervals } => {
                drain_central(c, host, intervals, now, out);
            }
            Self::Central { .. } | Self::Off { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral(c) => c.deadline(),
            Self::Central { controller, .. } => controller.as_ref()?.deadline(),
            Self::Off { .. } => None,
        }
    }
}

fn run(seed: u64, intervals: &[u16]) -> Host {
    let medium = MediumConfig::default();
    let mut world =
        World::new(WorldConfig { seed, recording: true, medium, ..WorldConfig::default() });
    for address in 0..u8::try_from(intervals.len()).unwrap() {
        world.add("peripheral", End::Off { address }, Placement::default());
    }
    let central =
        End::Central { controller: None, intervals: intervals.to_vec(), host: Host::default() };
    let central: NodeId = world.add("central", central, Placement::default());
    world.run_until(Instant::ZERO + Duration::from_secs(12));
    let found = bletwin_oracle::judge(&bletwin_sim::view(world.records()));
    assert_eq!(found, [], "seed {seed} {intervals:?}");
    match world.node(central) {
        End::Central { host, .. } => host.clone(),
        other => panic!("{other:?}"),
    }
}

/// Supervision timeout 1 s; the same interval collides always or never, 30 ms and 31.25 ms now and
/// then.
#[test]
fn links_that_collide_take_turns_and_both_live() {
    for seed in 0..12 {
        for intervals in [[24, 24], [24, 25], [6, 6]] {
            let host = run(seed, &intervals);
            assert_eq!(host.reasons, [], "seed {seed} {intervals:?}");
            assert_eq!(host.echoes.len(), 2, "seed {seed} {intervals:?}");
            // An echo takes two events: 12 s have 400 of 30 ms, half of them each at worst.
            assert!(host.echoes.values().all(|n| *n > 60), "{seed} {intervals:?}: {host:?}");
        }
    }
}
