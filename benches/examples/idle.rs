//! Idle encrypted connections at 7.5 ms, for `scripts/speed.sh`, which counts the instructions.
//!
//! `idle PAIRS MILLISECONDS [records]`: pairs in one room are connected, and then idle for so long.
//! Prints the number of their connection events.

use ble::address::Address;
use ble::hci::ConnectionParameters;
use ble::security::IoCapability;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::host::{OwnAddress, Step};
use bletwin_models::profile::Profile;
use bletwin_scenarios::participant::Participant;
use bletwin_sim::node::Act;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::config::Config;
use led_button::LedButton;

/// connInterval of 7.5 ms.
const INTERVAL: u16 = 6;
const fn parameters(interval: u16) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 400,
    }
}
/// From the start of a pair until it is encrypted and has nothing left to do.
const SETTLING: Duration = Duration::from_secs(12);
/// One pair after the other, so that nobody takes another's partner.
const APART: Duration = Duration::from_secs(1);

fn peripheral(n: u16, interval: u16) -> Participant {
    let [low, high] = n.to_le_bytes();
    // Without a display nobody has to type: Just Works, the strongest that this allows.
    let config = Config {
        address: Address::static_random([low, high, 0, 0, 0, 0xC1]),
        preferred: parameters(interval),
        io: IoCapability::NoInputNoOutput,
        required_level: 2,
        ..Config::recommended()
    };
    let build = Build::new(config, LedButton::default());
    Participant::Peripheral(Box::new(PeripheralNode::new(build, CpuConfig::default())))
}

fn central(n: u16, interval: u16) -> Participant {
    let [low, high] = n.to_le_bytes();
    let mut profile = Profile::honest();
    profile.host.address = OwnAddress::StaticRandom([low, high, 0, 0, 0, 0xC2]);
    profile.host.parameters = parameters(interval);
    profile.host.steps.retain(|step| !matches!(step, Step::Stay(_)));
    profile.host.steps.push(Step::Stay(Duration::from_secs(1_000_000)));
    Participant::Central(Box::new(Central::new(profile)))
}

pub(crate) fn is_encrypted(node: &Participant) -> bool {
    let Participant::Peripheral(node) = node else { return false };
    node.device().is_some_and(|device| device.levels().into_iter().any(|level| level >= 2))
}

/// Pairs at 7.5 ms that are encrypted and have nothing left to do, and when that is.
///
/// # Panics
/// If a pair does not come that far.
pub(crate) fn idle_pairs(pairs: u8, recording: bool) -> (World<Participant>, Instant) {
    crowd(pairs.into(), INTERVAL, recording)
}

/// The same at an interval, in units of 1.25 ms.
///
/// # Panics
/// If a pair does not come that far.
pub(crate) fn crowd(pairs: u16, interval: u16, recording: bool) -> (World<Participant>, Instant) {
    let mut world = World::new(WorldConfig { seed: 1, recording, ..WorldConfig::default() });
    let mut settled = Instant::ZERO + SETTLING;
    for n in 0..pairs {
        let start_after = APART.times(n.into());
        let place = |y| {
            let position_m = (i32::from(n) * 2, y);
            Placement { position_m, start_after, ..Placement::default() }
        };
        let peripheral = world.add("peripheral", peripheral(n, interval), place(0));
        world.act(peripheral, Instant::ZERO + start_after, Act::press("pairing"));
        world.add("central", central(n, interval), place(2));
        settled = Instant::ZERO + start_after + SETTLING;
    }
    world.run_until(settled);
    let encrypted = world.nodes().filter(|(_, node)| is_encrypted(node)).count();
    assert_eq!(encrypted, usize::from(pairs), "not every pair is encrypted");
    (world, settled)
}

/// What is measured, under a name of its own, so that `scripts/flame.sh` finds it.
#[inline(never)]
fn idle_stretch(world: &mut World<Participant>, until: Instant) {
    world.run_until(until);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let (Some(pairs), Some(span_ms)) = (number(0), number(1)) else {
        panic!("idle PAIRS MILLISECONDS [records]");
    };
    let recording = words.iter().any(|word| word == "records");
    let few = u8::try_from(pairs).expect("255 pairs at most");
    let (mut world, settled) = idle_pairs(few, recording);
    let mut records = Vec::new();
    world.drain_records(&mut records);
    idle_stretch(&mut world, settled + Duration::from_ms(span_ms));
    println!("{}", pairs * span_ms * 4 / 5 / u64::from(INTERVAL));
}
