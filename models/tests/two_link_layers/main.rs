//! The peripheral's link layer of firmware-core and the central's of this crate, written apart
//! from each other, on one air: connect, all procedures, encryption, data, and goodbye.

mod outputs;

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{
    Acl, AclBoundary, AclData, AdvertisingParameters, AdvertisingType, Command,
    ConnectionParameters, CreateConnection, Event, FilterPolicy, Handle,
};
use ble::pdu::control::{FeatureSet, VersionInd};
use ble::phy::{Coding, Phy, PhySet};
use ble::random::Entropy;
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use bletwin_models::controller::{CentralController, ControllerConfig};
use bletwin_sim::clock::ClockConfig;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::node::{Node, NodeInput, NodeOutput, Outbox};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::control::ControlConfig;
use firmware_core::controller::{Controller, ControllerOutput as PeripheralOutput};
use firmware_core::link::LinkConfig;
use outputs::as_the_peripherals;

const PERIPHERAL: [u8; 6] = [1, 2, 3, 4, 5, 6];
const LTK: [u8; 16] = [0x5A; 16];

/// A host of few words above each of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum End {
    Peripheral { config: LinkConfig, controller: Option<Controller<2>>, host: Host },
    Central { config: ControllerConfig, controller: Option<CentralController>, host: Host },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Host {
    handle: Option<Handle>,
    connections: usize,
    /// What the central does next.
    step: usize,
    events: Vec<Event>,
    echoes: usize,
    /// Octets of the echo that is coming in.
    received: usize,
    violations: Vec<Trace>,
    plan: Plan,
}

/// What differs from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Plan {
    /// The PHY to change to, and PHY_Options.
    phy: (Phy, u16),
    /// connMaxTxTime of both, and whether the peripheral sends long PDUs too.
    time: u16,
    both_long: bool,
    /// connInterval to change to.
    interval: u16,
    /// How many centrals there are.
    centrals: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { phy: (Phy::Le2M, 0), time: 2_120, both_long: false, interval: 12, centrals: 1 }
    }
}

enum Say {
    Command(Command),
    Acl(Acl),
}

fn peripheral_start() -> Vec<Say> {
    let parameters = AdvertisingParameters {
        interval_min: 0x20,
        interval_max: 0x20,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random: false,
        peer: Address::public([0; 6]),
        channel_map: 7,
        filter: FilterPolicy::Any,
    };
    vec![
        Say::Command(Command::LeSetEventMask { mask: u64::MAX }),
        Say::Command(Command::SetEventMask { mask: u64::MAX }),
        Say::Command(Command::LeSetAdvertisingParameters { parameters }),
        Say::Command(Command::LeSetAdvertisingEnable { enable: true }),
    ]
}

fn central_start() -> Vec<Say> {
    vec![Say::Command(Command::LeCreateConnection {
        request: CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: Some(Address::new(AddressKind::Public, PERIPHERAL)),
            own_address_random: false,
            parameters: parameters(24),
        },
    })]
}

fn parameters(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 200,
    }
}

fn peripheral_host(host: &mut Host, event: &Event) -> Vec<Say> {
    match *event {
        Event::LeLongTermKeyRequest { handle, .. } => {
            let ltk = Secret::new(LTK);
            vec![Say::Command(Command::LeLongTermKeyRequestReply { handle, ltk })]
        }
        Event::LeConnectionComplete(ref complete) => {
            host.handle = Some(complete.handle);
            host.connections += 1;
            let more = host.connections < host.plan.centrals;
            let advertise = Command::LeSetAdvertisingEnable { enable: true };
            more.then_some(Say::Command(advertise)).into_iter().collect()
        }
        // The central has begun: now its features are known.
        Event::LeDataLengthChange { handle, tx_octets: 27, .. } if host.plan.both_long => {
            let (tx_octets, tx_time) = (251, host.plan.time);
            vec![Say::Command(Command::LeSetDataLength { handle, tx_octets, tx_time })]
        }
        _ => vec![],
    }
}

const ECHOES: usize = 20;

/// Goes to the next step when the event of the last one has come.
fn central_host(host: &mut Host, event: &Event) -> Vec<Say> {
    if let Event::LeConnectionComplete(complete) = event {
        host.handle = Some(complete.handle);
    }
    let Some(handle) = host.handle else { return vec![] };
    let done = matches!(
        (host.step, event),
        (0, Event::LeConnectionComplete(_))
            | (1, Event::LeRemoteFeatures { status: ErrorCode::SUCCESS, .. })
            | (2, Event::RemoteVersion { status: ErrorCode::SUCCESS, .. })
            | (3, Event::LeDataLengthChange { .. })
            | (4 | 10, Event::LePhyUpdateComplete { .. })
            | (5, Event::EncryptionChange { enabled: true, .. })
            | (6, Event::LeConnectionUpdateComplete { .. })
            | (7, Event::CommandComplete { .. })
            | (9, Event::EncryptionKeyRefreshComplete { status: ErrorCode::SUCCESS, .. })
    );
    if !done {
        return vec![];
    }
    next_step(host, handle)
}

fn next_step(host: &mut Host, handle: Handle) -> Vec<Say> {
    let ltk = Secret::new(LTK);
    host.step += 1;
    vec![Say::Command(match host.step {
        1 => Command::LeReadRemoteFeatures { handle },
        2 => Command::ReadRemoteVersion { handle },
        3 => Command::LeSetDataLength { handle, tx_octets: 251, tx_time: host.plan.time },
        4 => {
            let (phy, coded_options) = host.plan.phy;
            let set = PhySet::only(phy);
            Command::LeSetPhy { handle, tx: set, rx: set, coded_options }
        }
        10 => {
            let one = PhySet::LE_1M;
            let coded_options = host.plan.phy.1;
            Command::LeSetPhy { handle, tx: one, rx: one, coded_options }
        }
        5 | 9 => Command::LeEnableEncryption { handle, rand: 0, ediv: 0, ltk },
        6 => {
            let parameters = parameters(host.plan.interval);
            Command::LeConnectionUpdate { handle, parameters }
        }
        7 => Command::LeSetHostChannelClassification { channel_map: 0x1F_FF00_0000 },
        8 => return echo(handle, 0),
        _ => Command::Disconnect { handle, reason: ErrorCode::REMOTE_USER_TERMINATED },
    })]
}

fn echo(handle: Handle, n: usize) -> Vec<Say> {
    let octets = vec![u8::try_from(n).unwrap(); 30 + 11 * n];
    let data = AclData::from_slice(&octets).unwrap();
    vec![Say::Acl(Acl { handle, boundary: AclBoundary::First, data })]
}

impl End {
    fn say(&mut self, now: Instant, said: Vec<Say>, out: &mut Outbox) {
        for say in said {
            if let Say::Command(command) = &say {
                out.note(Note::HciCommand(command.clone()));
            }
            match (&mut *self, say) {
                (Self::Peripheral { controller: Some(c), .. }, Say::Command(command)) => {
                    let _ = c.command(now, command);
                }
                (Self::Peripheral { controller: Some(c), .. }, Say::Acl(acl)) => {
                    let _ = c.acl(now, acl);
                }
                (Self::Central { controller: Some(c), .. }, Say::Command(command)) => {
                    c.command(now, command);
                }
                (Self::Central { controller: Some(c), .. }, Say::Acl(acl)) => c.acl(now, acl),
                _ => {}
            }
        }
    }

    fn heard(&mut self, acl: &Acl) -> Vec<Say> {
        match self {
            Self::Peripheral { .. } => vec![Say::Acl(acl.clone())],
            Self::Central { host, .. } => {
                // Data that the peripheral does not send in one PDU come in fragments.
                assert_eq!(acl.boundary == AclBoundary::First, host.received == 0);
                assert!(acl.data.iter().all(|octet| usize::from(*octet) == host.echoes));
                host.received += acl.data.len();
                if host.received < 30 + 11 * host.echoes {
                    return vec![];
                }
                host.received = 0;
                host.echoes += 1;
                if host.echoes == ECHOES {
                    next_step(host, acl.handle)
                } else {
                    echo(acl.handle, host.echoes)
                }
            }
        }
    }

    fn output(&mut self, now: Instant, output: PeripheralOutput, out: &mut Outbox) {
        match output {
            PeripheralOutput::Radio(command) => out.push(NodeOutput::Radio(command)),
            PeripheralOutput::Trace(trace) => {
                if let (
                    Trace::Misbehaved { .. } | Trace::HostOverrun { .. },
                    Self::Peripheral { host, .. } | Self::Central { host, .. },
                ) = (&trace, &mut *self)
                {
                    host.violations.push(trace.clone());
                }
                out.note(Note::Trace(trace));
            }
            PeripheralOutput::Acl(acl) => {
                let said = self.heard(&acl);
                self.say(now, said, out);
            }
            PeripheralOutput::Event(event) => {
                out.note(Note::HciEvent(event.clone()));
                let said = match self {
                    Self::Peripheral { host, .. } => peripheral_host(host, &event),
                    Self::Central { host, .. } => central_host(host, &event),
                };
                let (Self::Peripheral { host, .. } | Self::Central { host, .. }) = self;
                host.events.push(event);
                self.say(now, said, out);
            }
        }
    }

    fn drain(&mut self, now: Instant, out: &mut Outbox) {
        loop {
            let output = match self {
                Self::Peripheral { controller: Some(c), .. } => match c.poll() {
                    None if c.control_pending() => {
                        let _ = c.run_control(now);
                        continue;
                    }
                    other => other,
                },
                Self::Central { controller: Some(c), .. } => c.poll().and_then(as_the_peripherals),
                _ => None,
            };
            let Some(output) = output else { return };
            self.output(now, output, out);
        }
    }
}

impl Node for End {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match (&mut *self, input) {
            (Self::Peripheral { config, controller, .. }, NodeInput::Start { entropy }) => {
                let control = ControlConfig {
                    public_address: PERIPHERAL,
                    features: ControlConfig::SUPPORTED,
                    version: VersionInd { version: 12, company: 0x59, subversion: 1 },
                    max_tx_octets: 251,
                    max_tx_time: 17_040,
                    min_used_channels: None,
                    length_from_default: false,
                    lapses: Default::default(),
                };
                *controller = Some(Controller::new(*config, control, &Entropy::new(entropy)));
                self.say(now, peripheral_start(), out);
            }
            (Self::Central { config, controller, .. }, NodeInput::Start { entropy }) => {
                let central = CentralController::new(config.clone(), &Entropy::new(entropy));
                *controller = Some(central);
                self.say(now, central_start(), out);
            }
            (Self::Peripheral { controller: Some(c), .. }, NodeInput::Radio(event)) => {
                let _ = c.radio(now, event);
            }
            (Self::Peripheral { controller: Some(c), .. }, NodeInput::Timer) => {
                let _ = c.timer(now);
            }
            (Self::Central { controller: Some(c), .. }, NodeInput::Radio(event)) => {
                c.radio(now, event);
            }
            (Self::Central { controller: Some(c), .. }, NodeInput::Timer) => c.timer(now),
            _ => {}
        }
        self.drain(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral { controller, .. } => controller.as_ref()?.deadline(),
            Self::Central { controller, .. } => controller.as_ref()?.deadline(),
        }
    }
}

struct Air {
    seed: u64,
    csa2: bool,
    sleep_ppb: (i32, i32),
    loss_ppm: u32,
    plan: Plan,
}

fn run(air: &Air) -> (Host, Vec<Host>) {
    let medium = MediumConfig { loss_ppm: air.loss_ppm, ..MediumConfig::default() };
    let config = WorldConfig { recording: true, medium, ..WorldConfig::default() };
    let mut world = World::new(WorldConfig { seed: air.seed, ..config });
    let place = |metres, sleep_ppb: i32| Placement {
        position_m: (metres, 0),
        clocks: ClockConfig { sleep_ppb, ..ClockConfig::default() },
        ..Placement::default()
    };
    let link = LinkConfig { sleep_clock_ppm: 50, csa2: air.csa2 };
    let host = Host { plan: air.plan, ..Host::default() };
    let peripheral = End::Peripheral { config: link, controller: None, host: host.clone() };
    let features = ControlConfig::SUPPORTED.with(FeatureSet(0x59FF));
    let config = ControllerConfig { features, ..ControllerConfig::default() };
    let p = world.add("peripheral", peripheral, place(0, air.sleep_ppb.0));
    let centrals: Vec<_> = (0..air.plan.centrals)
        .map(|n| {
            let public_address = [u8::try_from(n).unwrap(), 0, 0, 0, 0xC0, 0];
            let config = ControllerConfig { public_address, ..config.clone() };
            let central = End::Central { config, controller: None, host: host.clone() };
            let start_after = Duration::from_ms(300).times(n as u64);
            world.add("central", central, Placement { start_after, ..place(2, air.sleep_ppb.1) })
        })
        .collect();
    let seconds = Duration::from_secs(if air.plan.centrals > 1 { 120 } else { 30 });
    world.run_until(Instant::ZERO + seconds);
    heard_on(&world, air.plan);
    assert_eq!(bletwin_oracle::judge(&bletwin_sim::view(world.records())), [], "seed {}", air.seed);
    let host = |id| {
        let (End::Peripheral { host, .. } | End::Central { host, .. }) = world.node(id);
        host.clone()
    };
    (host(p), centrals.into_iter().map(host).collect())
}

/// Data of both sides was on air on the PHY of the plan and with its coding, in packets as long
/// as the plan lets them be.
fn heard_on(world: &World<End>, plan: Plan) {
    let (phy, options) = plan.phy;
    let records = world.records();
    let sent = records.iter().filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) if tx.phy.phy() == phy => Some((record.node, tx)),
        _ => None,
    });
    let mut longest = [0, 0];
    for (node, tx) in sent {
        // The peripheral's host has not said what it prefers: S=8.
        let coding = Coding::preferred(if node.0 == 0 { 0 } else { options });
        assert_eq!(tx.phy, phy.sent_with(coding));
        let longest = &mut longest[usize::from(node.0 > 0)];
        *longest = tx.pdu.payload_len().max(*longest);
    }
    let all = 239 + 4;
    let (peripheral, central) = if plan.both_long { (200, all) } else { (27 + 4, all) };
    assert!(longest[0] >= peripheral && longest[1] >= central, "{longest:?}");
}

fn reason(host: &Host) -> Option<ErrorCode> {
    host.events.iter().rev().find_map(|event| match event {
        Event::DisconnectionComplete { reason, .. } => Some(*reason),
        _ => None,
    })
}

/// A central whose host has come to the end of what it wanted.
fn content(c: &Host, p: &Host, seed: u64) {
    assert_eq!(c.violations, [], "seed {seed}: {:?}", c.events);
    assert_eq!((c.step, c.echoes), (11, ECHOES), "seed {seed}: {:?}\n{:?}", c.events, p.events);
    assert_eq!(reason(c), Some(ErrorCode::LOCAL_HOST_TERMINATED), "seed {seed}");
}

fn check(air: &Air) {
    let (p, centrals) = run(air);
    let seed = air.seed;
    assert_eq!(p.violations, [], "seed {seed}: {:?}", p.events);
    for c in &centrals {
        content(c, &p, seed);
    }
    let disconnected = |e: &&Event| matches!(e, Event::DisconnectionComplete { .. });
    assert_eq!(p.events.iter().filter(disconnected).count(), centrals.len());
    assert_eq!(reason(&p), Some(ErrorCode::REMOTE_USER_TERMINATED), "seed {seed}");
    let told = |wanted: &dyn Fn(&Event) -> bool| p.events.iter().any(wanted);
    for phy in [air.plan.phy.0, Phy::Le1M] {
        assert!(told(&|e| matches!(e, Event::LePhyUpdateComplete { tx, .. } if *tx == phy)));
    }
    assert!(told(&|e| matches!(e, Event::EncryptionChange { enabled: true, .. })));
    assert!(told(&|e| matches!(e, Event::LeConnectionUpdateComplete { .. })));
}

#[test]
fn agree_on_an_ideal_air_with_both_channel_selection_algorithms() {
    for csa2 in [false, true] {
        check(&Air { seed: 1, csa2, sleep_ppb: (0, 0), loss_ppm: 0, plan: Plan::default() });
    }
}

#[test]
fn agree_with_clocks_50_ppm_off() {
    for (seed, sleep_ppb) in [(1, (50_000, -50_000)), (2, (-50_000, 50_000)), (3, (50_000, 50_000))]
    {
        check(&Air { seed, csa2: seed != 2, sleep_ppb, loss_ppm: 0, plan: Plan::default() });
    }
}

#[test]
fn agree_when_one_packet_in_a_hundred_is_lost() {
    for seed in 0..12 {
        let csa2 = seed % 2 == 0;
        let sleep_ppb = (-50_000, 50_000);
        check(&Air { seed, csa2, sleep_ppb, loss_ppm: 10_000, plan: Plan::default() });
    }
}

/// A connection on LE Coded with one coding or the other, and back to 1M.
fn coded(options: u16) -> Plan {
    Plan { phy: (Phy::LeCoded, options), time: 17_040, both_long: true, interval: 40, centrals: 1 }
}

#[test]
fn agree_on_le_coded_with_both_codings() {
    for options in [0, 1, 2] {
        let sleep_ppb = (50_000, -50_000);
        check(&Air { seed: 7, csa2: true, sleep_ppb, loss_ppm: 0, plan: coded(options) });
    }
}

#[test]
fn agree_on_le_coded_when_packets_are_lost() {
    for seed in 0..6 {
        let (csa2, plan) = (seed % 2 == 0, coded(1 + u16::from(seed % 3 == 0)));
        check(&Air { seed, csa2, sleep_ppb: (-50_000, 50_000), loss_ppm: 10_000, plan });
    }
}

/// Every pair of procedures of two centrals, the second a little later, over one radio.
#[test]
fn two_centrals_get_what_each_of_them_wants() {
    for seed in 0..4 {
        let plan = Plan { interval: 40, centrals: 2, ..Plan::default() };
        let sleep_ppb = [(0, 0), (50_000, -50_000)][usize::from(seed % 2 == 1)];
        check(&Air { seed, csa2: seed < 2, sleep_ppb, loss_ppm: 0, plan });
    }
}

/// Packets of one central last until after the other one has begun to send.
#[test]
fn long_packets_of_two_centrals_on_le_coded_take_turns() {
    for seed in 0..4 {
        let options = 1 + u16::from(seed % 2 == 1);
        let plan = Plan { both_long: seed > 1, centrals: 2, ..coded(options) };
        check(&Air { seed, csa2: true, sleep_ppb: (0, 0), loss_ppm: 0, plan });
    }
}
