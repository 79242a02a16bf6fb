//! Where runs begin: a link in its start state, reached by really getting there, kept to be
//! copied.

use std::sync::Arc;

use ble::address::{Address, AddressKind};
use ble::hci::{Command, ConnectionParameters, Handle};
use ble::pdu::control::FeatureSet;
use ble::phy::{Phy, PhySet};
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{CpuConfig, PeripheralNode};
use bletwin_models::controller::ControllerConfig;
use bletwin_sim::clock::ClockConfig;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::node::Act;
use bletwin_sim::record::Record;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::host::bonds::Bond;

use super::beginning::Beginning;
use super::case::{Case, Clocks, Csa, Refusal, Side, Start, Switch, What};
use super::live::{Live, Tape};
use super::node::{Actor, AskingCentral};
use super::watch::{CENTRAL, PERIPHERAL};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

#[cfg(test)]
mod tests;
mod wrap;

/// The only connection's handle at either end.
pub(super) const HANDLE: Handle = Handle(0);
/// LTK of the bond that both ends have.
const LTK: [u8; 16] = [0x5A; 16];
/// connSupervisionTimeout, units of 10 ms.
const TIMEOUT: u16 = 400;
/// Simulated time after which a start state must have been reached, the long wait aside.
const PATIENCE: Duration = Duration::from_secs(20);

/// What of a case decides where it begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BaseKey {
    case: Case,
    /// The central's controller sends LL_CONNECTION_PARAM_REQ before it changes parameters.
    asks_first: bool,
}

impl BaseKey {
    pub(super) fn of(case: &Case) -> Self {
        let asks = |what: &What| matches!(what, What::ParameterRequest { .. });
        let asks_first = case.procedures.iter().any(|p| p.who == Side::Central && asks(&p.what));
        let case = Case {
            procedures: Vec::new(),
            losses: Vec::new(),
            until: None,
            suppress: Vec::new(),
            ..case.clone()
        };
        Self { case, asks_first }
    }
}

/// A link in its start state.
#[derive(Clone, Debug)]
pub struct Base {
    pub(super) live: Live,
    /// What happened until then. Of a long wait, which was judged when the base was made, only
    /// an excerpt.
    pub(super) tape: Arc<[Record]>,
    pub(super) seen: Beginning,
    /// Anchor point of event 0.
    pub(super) start: Instant,
    /// connInterval of the link in its start state.
    pub(super) interval: Duration,
    /// Rules that the central is known to break.
    pub(super) breaks: Vec<String>,
}

impl Base {
    /// Gets to where a case begins.
    ///
    /// # Errors
    /// [`BadInput`] if the case names what does not exist, or its start state cannot be reached.
    pub fn new(case: &Case) -> Result<Self, BadInput> {
        let key = BaseKey::of(case);
        let setup = case.setup()?;
        let controller = controller(&setup, case.csa, key.asks_first, case.clocks);
        let mut tape = Tape::new();
        let mut live = Live::new(world(case, &setup, &controller));
        let reached = connect(&mut live, &mut tape, case.encryption)
            && match case.start {
                Start::Fresh => true,
                Start::Latency4 => settle(&mut live, &mut tape),
                Start::Le2M => on_phy(&mut live, &mut tape, Phy::Le2M),
                Start::Coded => on_phy(&mut live, &mut tape, Phy::LeCoded),
                Start::NearWrap => {
                    settle(&mut live, &mut tape) && wrap::wait(&mut live, &mut tape, case.clocks)
                }
            };
        // A panic on the way is found by the first run from here.
        if !reached && live.panicked.is_none() {
            return Err(BadInput {
                what: format!(
                    "the start state `{}` is not reached by {} with {}",
                    case.start.name(),
                    case.peripheral,
                    case.central
                ),
                help: "choose another `start`, or a central and firmware that can do it".into(),
            });
        }
        end_event(&mut live, &mut tape);
        let interval = live.watch.interval();
        let start = live.watch.anchor + interval;
        live.sent = [0; 2];
        live.trace = bletwin_sim::explore::digest::Tracer::new(live.world.now());
        let breaks = setup.central.breaks;
        let seen = Beginning::new(&tape);
        Ok(Self { live, tape: tape.into(), seen, start, interval, breaks })
    }

    /// Anchor point of an event, were the interval to stay.
    #[must_use]
    pub fn event(&self, event: u32) -> Instant {
        self.start + self.interval.times(event.into())
    }
}

fn world(case: &Case, setup: &Setup, controller: &ControllerConfig) -> World<Actor> {
    let medium = MediumConfig { loss_ppm: case.loss_ppm, ..MediumConfig::default() };
    let mut world = World::new(WorldConfig {
        seed: case.seed,
        recording: true,
        medium,
        ..WorldConfig::default()
    });
    let place = |metres, ppm: i16| Placement {
        position_m: (metres, 0),
        clocks: ClockConfig { sleep_ppb: i32::from(ppm) * 1000, ..ClockConfig::default() },
        ..Placement::default()
    };
    let mut build = setup.peripheral.clone();
    let config = &mut build.config;
    config.sleep_clock_ppm = config.sleep_clock_ppm.max(case.clocks.peripheral.unsigned_abs());
    let address = config.address;
    let database = build.application.gatt().digest();
    let mut peripheral = PeripheralNode::new(build, CpuConfig::default());
    let bond = Bond {
        identity: Address::new(AddressKind::Public, controller.public_address),
        ltk: Secret::new(LTK),
        irk: None,
        level: 4,
        key_size: 16,
        slot: 0,
        // Notifications of the Button are wanted.
        cccd: u16::MAX,
        configured: database,
        known: database,
        number: 1,
    };
    let kept = !case.refuse.contains(&Refusal::PeripheralKey);
    if let Some(record) = bond.to_record().filter(|_| kept) {
        peripheral.storage_mut().put(0, record);
    }
    let latency = if case.start == Start::Latency4 { 4 } else { 0 };
    let parameters = ConnectionParameters {
        interval_min: case.interval,
        interval_max: case.interval,
        latency,
        timeout: timeout(case.interval, latency),
    };
    let agrees = !case.refuse.contains(&Refusal::CentralParameters);
    let central = AskingCentral::new(controller.clone(), address, parameters, agrees);
    let nodes = [
        (Actor::Peripheral(Box::new(peripheral)), 0, case.clocks.peripheral),
        (Actor::Central(Box::new(central)), 2, case.clocks.central),
    ];
    for (name, (node, metres, ppm)) in ["peripheral", "central"].into_iter().zip(nodes) {
        world.add(name, node, place(metres, ppm));
    }
    world
}

/// Four seconds, or more where so long an interval needs more.
fn timeout(interval: u16, latency: u16) -> u16 {
    let eight_waits = u32::from(interval) * (u32::from(latency) + 1);
    u16::try_from(eight_waits.max(TIMEOUT.into())).unwrap_or(3200).min(3200)
}

fn controller(setup: &Setup, csa: Csa, asks_first: bool, clocks: Clocks) -> ControllerConfig {
    let mut controller = setup.central.controller.clone();
    if csa == Csa::One {
        controller.features = FeatureSet(controller.features.0 & !FeatureSet::CSA2.0);
    }
    controller.request_parameters |= asks_first;
    controller.sleep_clock_ppm = controller.sleep_clock_ppm.max(clocks.central.unsigned_abs());
    controller
}

/// Lets time pass until something holds.
fn wait(live: &mut Live, tape: &mut Tape, holds: impl Fn(&Live) -> bool) -> bool {
    let latest = live.world.now() + PATIENCE;
    while live.next_event().is_some_and(|next| next < latest) {
        live.step(tape);
        if holds(live) {
            return true;
        }
    }
    false
}

fn connect(live: &mut Live, tape: &mut Tape, encryption: Switch) -> bool {
    let connected = |live: &Live| live.watch.ends.iter().all(|end| end.connected);
    if !wait(live, tape, connected) {
        return false;
    }
    if encryption == Switch::Off {
        // Both have been heard.
        return wait(live, tape, |live| live.watch.established);
    }
    let now = live.world.now();
    live.world.act(CENTRAL, now, Act::Command(encrypt()));
    wait(live, tape, |live| live.watch.ends.iter().all(|end| end.encrypted))
}

pub(super) fn encrypt() -> Command {
    Command::LeEnableEncryption { handle: HANDLE, rand: 0, ediv: 0, ltk: Secret::new(LTK) }
}

/// Until all that the firmware starts by itself has ended.
fn settle(live: &mut Live, tape: &mut Tape) -> bool {
    wait(live, tape, |live| live.is_quiet() && !live.watch.is_open()) && !live.watch.is_over()
}

fn on_phy(live: &mut Live, tape: &mut Tape, phy: Phy) -> bool {
    let there = |live: &Live| live.watch.ends[0].phy == (phy, phy);
    if !settle(live, tape) {
        return false;
    }
    let ask = |live: &mut Live, whom, set| {
        let ask = Command::LeSetPhy { handle: HANDLE, tx: set, rx: set, coded_options: 0 };
        let now = live.world.now();
        live.world.act(whom, now, Act::Command(ask));
    };
    // Firmware that has asked for another PHY by itself answers with that one alone, until its
    // host asks for any.
    for any_first in [false, true] {
        if there(live) {
            return true;
        }
        if any_first {
            ask(live, PERIPHERAL, PhySet::LE_1M.union(PhySet::LE_2M).union(PhySet::CODED));
            if !settle(live, tape) {
                return false;
            }
        }
        ask(live, CENTRAL, PhySet::only(phy));
        if !settle(live, tape) {
            return false;
        }
    }
    there(live)
}

/// To the middle between two events.
fn end_event(live: &mut Live, tape: &mut Tape) {
    let middle = live.watch.anchor + live.watch.interval().divided_by(2);
    let next = if middle < live.world.now() { middle + live.watch.interval() } else { middle };
    live.run_until(next, tape);
}
