//! Both link layers on one air, with hosts that ask for anything at any time: whatever loss and
//! clocks do, every procedure ends, nobody accuses the other, and both agree in the end.

use bletwin_models::controller::{CentralController, ControllerConfig, ControllerOutput};
use bletwin_sim::clock::ClockConfig;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::node::{Node, NodeInput, NodeOutput, Outbox};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::address::{Address, AddressKind};
use firmware_core::control::ControlConfig;
use firmware_core::controller::{Controller, ControllerOutput as Output};
use firmware_core::error::ErrorCode;
use firmware_core::hci::{
    Acl, AclBoundary, AdvertisingParameters, AdvertisingType, Command, ConnectionParameters,
    CreateConnection, Event, FilterPolicy, Handle, Return,
};
use firmware_core::link::LinkConfig;
use firmware_core::pdu::control::VersionInd;
use firmware_core::phy::{Phy, PhySet};
use firmware_core::random::Entropy;
use firmware_core::secret::Secret;
use firmware_core::time::{Duration, Instant};
use firmware_core::trace::Trace;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PERIPHERAL: [u8; 6] = [1, 2, 3, 4, 5, 6];
/// Requests end here; what follows is for procedures to end.
const BUSY: Duration = Duration::from_secs(4);
/// Both are asked what they use.
const ASKED: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(61);

/// What a host asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wish {
    Features,
    Version,
    Length(u16, u16),
    /// PHY_Options last.
    Phy(u8, u8, u16),
    Parameters {
        interval: u16,
        latency: u16,
    },
    /// Authenticated payload timeout in units of 10 ms.
    Ping(u16),
    Data(u8),
    /// By the central only.
    ChannelMap(u64),
    /// By the central only; a second one refreshes the key.
    Encryption,
}

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    csa2: bool,
    ask_first: bool,
    loss_ppm: u32,
    sleep_ppb: (i32, i32),
    interval: u16,
    latency: u16,
    /// Whether the hosts agree to parameters that the other side wants.
    agreeable: (bool, bool),
    peripheral: Vec<(u32, Wish)>,
    central: Vec<(u32, Wish)>,
}

fn parameters(interval: u16, latency: u16) -> ConnectionParameters {
    ConnectionParameters { interval_min: interval, interval_max: interval, latency, timeout: 600 }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Host {
    agreeable: bool,
    /// At this time after the connection, in ms; the last comes first.
    wishes: Vec<(u64, Wish)>,
    started: Option<Instant>,
    asked: bool,
    handle: Option<Handle>,
    timing: Option<(u16, u16, u16)>,
    /// tx, rx.
    length: Option<((u16, u16), (u16, u16))>,
    phy: Option<(Phy, Phy)>,
    map: Option<u64>,
    encrypted: bool,
    reasons: Vec<ErrorCode>,
    sins: Vec<Trace>,
    open: BTreeMap<String, i32>,
    /// Octets of data that were given to the controller, and that came.
    sent: usize,
    data: usize,
    /// The controller had no buffer for some of it.
    overrun: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Chip {
    Off,
    Peripheral(Box<Controller<1>>),
    Central(Box<CentralController>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct End {
    /// The central's; `None` for the peripheral.
    central: Option<ControllerConfig>,
    csa2: bool,
    interval: u16,
    latency: u16,
    chip: Chip,
    host: Host,
}

fn ltk() -> Secret<16> {
    Secret::new([0x5A; 16])
}

fn command(handle: Handle, wish: &Wish) -> Option<Command> {
    Some(match *wish {
        Wish::Features => Command::LeReadRemoteFeatures { handle },
        Wish::Version => Command::ReadRemoteVersion { handle },
        Wish::Length(tx_octets, tx_time) => Command::LeSetDataLength { handle, tx_octets, tx_time },
        Wish::Phy(tx, rx, coded_options) => {
            Command::LeSetPhy { handle, tx: PhySet(tx), rx: PhySet(rx), coded_options }
        }
        Wish::Parameters { interval, latency } => {
            Command::LeConnectionUpdate { handle, parameters: parameters(interval, latency) }
        }
        Wish::Ping(timeout) => Command::WriteAuthenticatedPayloadTimeout { handle, timeout },
        Wish::ChannelMap(channel_map) => Command::LeSetHostChannelClassification { channel_map },
        Wish::Encryption => Command::LeEnableEncryption { handle, rand: 0, ediv: 0, ltk: ltk() },
        Wish::Data(_) => return None,
    })
}

impl End {
    fn command(&mut self, now: Instant, command: Command) {
        match &mut self.chip {
            Chip::Off => {}
            Chip::Peripheral(chip) => drop(chip.command(now, command)),
            Chip::Central(chip) => chip.command(now, command),
        }
    }

    fn start(&mut self, now: Instant, entropy: &Entropy) {
        let all = u64::MAX;
        if let Some(config) = self.central.clone() {
            self.chip = Chip::Central(Box::new(CentralController::new(config, entropy)));
            self.command(now, Command::SetEventMask { mask: all });
            self.command(now, Command::LeSetEventMask { mask: all });
            let request = CreateConnection {
                scan_interval: 16,
                scan_window: 16,
                peer: Some(Address::new(AddressKind::Public, PERIPHERAL)),
                own_address_random: false,
                parameters: parameters(self.interval, self.latency),
            };
            return self.command(now, Command::LeCreateConnection { request });
        }
        let control = ControlConfig {
            public_address: PERIPHERAL,
            features: ControlConfig::SUPPORTED,
            version: VersionInd { version: 12, company: 0x59, subversion: 1 },
            max_tx_octets: 251,
            max_tx_time: 17_040,
            min_used_channels: None,
            lapses: Default::default(),
        };
        let link = LinkConfig { sleep_clock_ppm: 500, csa2: self.csa2 };
        self.chip = Chip::Peripheral(Box::new(Controller::new(link, control, entropy)));
        let parameters = AdvertisingParameters {
            interval_min: 0x20,
            interval_max: 0x20,
            kind: AdvertisingType::ConnectableUndirected,
            own_address_random: false,
            peer: Address::public([0; 6]),
            channel_map: 7,
            filter: FilterPolicy::Any,
        };
        for command in [
            Command::SetEventMask { mask: all },
            Command::LeSetEventMask { mask: all },
            Command::LeSetAdvertisingParameters { parameters },
            Command::LeSetAdvertisingEnable { enable: true },
        ] {
            self.command(now, command);
        }
    }

    /// What the host does by the clock.
    fn due(&self) -> Option<Instant> {
        let started = self.host.started?;
        match self.host.wishes.last() {
            Some((ms, _)) => Some(started + Duration::from_ms(*ms)),
            None => (!self.host.asked).then_some(started + ASKED),
        }
    }

    fn wish(&mut self, now: Instant) {
        while self.due().is_some_and(|due| due <= now) {
            let Some(handle) = self.host.handle else { return };
            match self.host.wishes.pop() {
                Some((_, Wish::Data(octets))) => {
                    self.host.sent += usize::from(octets);
                    let data = heapless::Vec::from_slice(&vec![7; usize::from(octets)]).unwrap();
                    let acl = Acl { handle, boundary: AclBoundary::First, data };
                    match &mut self.chip {
                        Chip::Off => {}
                        Chip::Peripheral(chip) => drop(chip.acl(now, acl)),
                        Chip::Central(chip) => chip.acl(now, acl),
                    }
                }
                Some((_, wish)) => {
                    let command = command(handle, &wish).unwrap();
                    self.command(now, command);
                }
                None => {
                    self.host.asked = true;
                    self.command(now, Command::LeReadPhy { handle });
                    self.command(now, Command::LeReadChannelMap { handle });
                }
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        let host = &mut self.host;
        match event {
            Event::LeConnectionComplete(complete) => {
                host.handle = Some(complete.handle);
                host.started = Some(now);
                host.timing = Some((complete.interval, complete.latency, complete.timeout));
            }
            Event::DisconnectionComplete { reason, .. } => {
                host.reasons.push(reason);
                host.handle = None;
                host.started = None;
            }
            Event::LeConnectionUpdateComplete {
                status: ErrorCode::SUCCESS,
                interval,
                latency,
                timeout,
                ..
            } => host.timing = Some((interval, latency, timeout)),
            Event::LeDataLengthChange { tx_octets, tx_time, rx_octets, rx_time, .. } => {
                host.length = Some(((tx_octets, tx_time), (rx_octets, rx_time)));
            }
            Event::EncryptionChange { status: ErrorCode::SUCCESS, enabled, .. } => {
                host.encrypted = enabled;
            }
            Event::CommandComplete { returned: Return::Phy { tx, rx, .. }, .. } => {
                host.phy = Some((tx, rx));
            }
            Event::CommandComplete { returned: Return::ChannelMap { channel_map, .. }, .. } => {
                host.map = Some(channel_map);
            }
            Event::LeLongTermKeyRequest { handle, .. } => {
                self.command(now, Command::LeLongTermKeyRequestReply { handle, ltk: ltk() });
            }
            Event::LeRemoteConnectionParameterRequest { handle, interval_max, latency, .. } => {
                let answer = if host.agreeable {
                    Command::LeRemoteConnectionParameterRequestReply {
                        handle,
                        parameters: parameters(interval_max, latency),
                    }
                } else {
                    Command::LeRemoteConnectionParameterRequestNegativeReply {
                        handle,
                        reason: ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS,
                    }
                };
                self.command(now, answer);
            }
            _ => {}
        }
    }

    fn trace(&mut self, trace: Trace) {
        match trace {
            Trace::ProcedureStarted { procedure, initiator, .. } => {
                *self.host.open.entry(format!("{procedure:?} {initiator:?}")).or_default() += 1;
            }
            Trace::ProcedureEnded { procedure, initiator, .. } => {
                *self.host.open.entry(format!("{procedure:?} {initiator:?}")).or_default() -= 1;
            }
            Trace::HostOverrun { .. } => self.host.overrun = true,
            Trace::Misbehaved { .. } => self.host.sins.push(trace),
            _ => {}
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Output> {
        match &mut self.chip {
            Chip::Off => None,
            Chip::Peripheral(chip) => loop {
                match chip.poll() {
                    None if chip.control_pending() => drop(chip.run_control(now)),
                    output => return output,
                }
            },
            Chip::Central(chip) => chip.poll().map(|output| match output {
                ControllerOutput::Radio(command) => Output::Radio(command),
                ControllerOutput::Event(event) => Output::Event(event),
                ControllerOutput::Acl(acl) => Output::Acl(acl),
                ControllerOutput::Trace(trace) => Output::Trace(trace),
            }),
        }
    }
}

impl Node for End {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match (input, &mut self.chip) {
            (NodeInput::Start { entropy }, _) => self.start(now, &Entropy::new(entropy)),
            (NodeInput::Radio(event), Chip::Peripheral(chip)) => drop(chip.radio(now, event)),
            (NodeInput::Radio(event), Chip::Central(chip)) => chip.radio(now, event),
            (NodeInput::Timer, Chip::Peripheral(chip)) => drop(chip.timer(now)),
            (NodeInput::Timer, Chip::Central(chip)) => chip.timer(now),
            _ => {}
        }
        self.wish(now);
        while let Some(output) = self.poll(now) {
            match output {
                Output::Radio(command) => out.push(NodeOutput::Radio(command)),
                Output::Event(event) => self.event(now, event),
                Output::Acl(acl) => self.host.data += acl.data.len(),
                Output::Trace(trace) => self.trace(trace),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let chip = match &self.chip {
            Chip::Off => None,
            Chip::Peripheral(chip) => chip.deadline(),
            Chip::Central(chip) => chip.deadline(),
        };
        chip.into_iter().chain(self.due()).min()
    }
}

fn host(wishes: &[(u32, Wish)], agreeable: bool) -> Host {
    let mut wishes: Vec<_> =
        wishes.iter().map(|(ms, wish)| (u64::from(*ms), wish.clone())).collect();
    wishes.sort_by_key(|(ms, _)| core::cmp::Reverse(*ms));
    Host { wishes, agreeable, ..Host::default() }
}

/// The peripheral's host and the central's, as they are in the end.
fn run(case: &Case) -> (Host, Host) {
    let medium = MediumConfig { loss_ppm: case.loss_ppm, ..MediumConfig::default() };
    let mut world = World::new(WorldConfig { seed: case.seed, recording: false, medium });
    let place = |metres, sleep_ppb| Placement {
        position_m: (metres, 0),
        clocks: ClockConfig { sleep_ppb, ..ClockConfig::default() },
        ..Placement::default()
    };
    let config = ControllerConfig {
        sleep_clock_ppm: 500,
        request_parameters: case.ask_first,
        ..ControllerConfig::default()
    };
    let end = |central, host| End {
        central,
        csa2: case.csa2,
        interval: case.interval,
        latency: case.latency,
        chip: Chip::Off,
        host,
    };
    let p = end(None, host(&case.peripheral, case.agreeable.0));
    let c = end(Some(config), host(&case.central, case.agreeable.1));
    let p = world.add("peripheral", p, place(0, case.sleep_ppb.0));
    let c = world.add("central", c, place(2, case.sleep_ppb.1));
    world.run_until(Instant::ZERO + END);
    (world.node(p).host.clone(), world.node(c).host.clone())
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let (p, c) = run(case);
    if case.loss_ppm > 0 && c.reasons == [ErrorCode::FAILED_TO_ESTABLISH] {
        // CONNECT_IND was lost.
        return Ok(());
    }
    prop_assert_eq!(&p.sins, &[], "of the central");
    prop_assert_eq!(&c.sins, &[], "of the peripheral");
    prop_assert_eq!(&p.reasons, &[]);
    prop_assert_eq!(&c.reasons, &[]);
    for (side, host) in [("peripheral", &p), ("central", &c)] {
        prop_assert!(host.asked && host.phy.is_some(), "{} has nothing to tell", side);
        // A ping is repeated for ever: the end may find one under way.
        let ended =
            |(name, open): (&String, &i32)| *open == 0 || name == "LePing Local" && *open == 1;
        prop_assert!(host.open.iter().all(ended), "{}: {:?}", side, host.open);
    }
    prop_assert!(p.overrun || c.data == p.sent, "{} of {} octets", c.data, p.sent);
    prop_assert!(c.overrun || p.data == c.sent, "{} of {} octets", p.data, c.sent);
    let turned = |(tx, rx): (Phy, Phy)| (rx, tx);
    prop_assert_eq!(p.phy, c.phy.map(turned));
    prop_assert_eq!(p.timing, c.timing);
    let unchanged = ((27, 328), (27, 328));
    let (tx, rx) = c.length.unwrap_or(unchanged);
    prop_assert_eq!(p.length.unwrap_or(unchanged), (rx, tx));
    prop_assert_eq!(p.map, c.map);
    prop_assert_eq!(p.encrypted, c.encrypted);
    let encrypts = case.central.iter().any(|(_, wish)| *wish == Wish::Encryption);
    prop_assert_eq!(p.encrypted, encrypts);
    Ok(())
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Features),
        1 => Just(Wish::Version),
        2 => (27..=251u16, prop_oneof![328..=2120u16, 328..=17_040u16])
            .prop_map(|(octets, time)| Wish::Length(octets, time)),
        3 => (1..=7u8, 1..=7u8, 0..=2u16).prop_map(|(tx, rx, coded)| Wish::Phy(tx, rx, coded)),
        3 => (6..=40u16, 0..=4u16)
            .prop_map(|(interval, latency)| Wish::Parameters { interval, latency }),
        1 => (50..=300u16).prop_map(Wish::Ping),
        3 => (1..=251u8).prop_map(Wish::Data),
    ]
}

fn central_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        6 => wish(),
        1 => (0..1u64 << 37).prop_map(|map| Wish::ChannelMap(map | 0x18_0000_0003)),
        2 => Just(Wish::Encryption),
    ]
}

fn wishes(wish: impl Strategy<Value = Wish>) -> impl Strategy<Value = Vec<(u32, Wish)>> {
    // Several at the same time are likely: collisions are what this is about.
    let time = (0..BUSY.ticks() / Duration::from_ms(50).ticks())
        .prop_map(|step| u32::try_from(step * 50).unwrap());
    proptest::collection::vec((time, wish), 0..10)
}

prop_compose! {
    fn case()(
        seed in any::<u64>(),
        (csa2, ask_first) in any::<(bool, bool)>(),
        loss_ppm in prop_oneof![Just(0), 0..100_000u32],
        sleep_ppb in (-500_000..=500_000i32, -500_000..=500_000i32),
        interval in 6..=40u16,
        latency in 0..=4u16,
        agreeable in any::<(bool, bool)>(),
        peripheral in wishes(wish()),
        central in wishes(central_wish()),
    ) -> Case {
        Case {
            seed, csa2, ask_first, loss_ppm, sleep_ppb, interval, latency, agreeable, peripheral,
            central,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn hosts_may_ask_for_anything_at_any_time(case in case()) {
        check(&case)?;
    }
}

fn quiet() -> Case {
    Case {
        seed: 0,
        csa2: false,
        ask_first: false,
        loss_ppm: 0,
        sleep_ppb: (0, 0),
        interval: 15,
        latency: 3,
        agreeable: (false, false),
        peripheral: vec![],
        central: vec![],
    }
}

/// Found by the property: the central's rejection of our request, which its own update had
/// crossed, was taken for an answer to nothing.
#[test]
fn both_may_want_parameters_at_once() {
    let wish = Wish::Parameters { interval: 6, latency: 0 };
    check(&Case { peripheral: vec![(1050, wish.clone())], central: vec![(1000, wish)], ..quiet() })
        .unwrap();
}

/// Found by the property: the central's host did not hear of a length that it had shortened.
#[test]
fn a_length_may_be_taken_back_at_once() {
    let central = vec![(0, Wish::Length(27, 328)), (0, Wish::Length(27, 329))];
    check(&Case { central, ..quiet() }).unwrap();
}
