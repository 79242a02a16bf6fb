//! Whole worlds: idle encrypted connections at 7.5 ms with and without records, several pairs in
//! one room, and the founding case from power-on to bonded.

use std::time::Duration as WallTime;

use ble::address::Address;
use ble::hci::ConnectionParameters;
use ble::security::IoCapability;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::host::{OwnAddress, Step};
use bletwin_models::profile::Profile;
use bletwin_oracle::judge;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::Act;
use bletwin_sim::record::RecordKind;
use bletwin_sim::world::{Placement, World, WorldConfig};
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime as Clock,
};
use firmware_core::config::Config;
use led_button::LedButton;

/// connInterval of 7.5 ms.
const FASTEST: ConnectionParameters =
    ConnectionParameters { interval_min: 6, interval_max: 6, latency: 0, timeout: 400 };
/// Within this, every pair has found each other, paired, and done what follows.
const SETTLED: Instant = Instant::from_us(20_000_000);
/// Simulated time of one measured step.
const SPAN: Duration = Duration::from_secs(1);

fn peripheral(n: u8) -> Participant {
    // Without a display no passkey is typed: Just Works, the strongest method that this allows.
    let config = Config {
        address: Address::static_random([n, 0, 0, 0, 0, 0xC1]),
        preferred: FASTEST,
        io: IoCapability::NoInputNoOutput,
        required_level: 2,
        ..Config::recommended()
    };
    Participant::Peripheral(Box::new(PeripheralNode::new(
        Build::new(config, LedButton::default()),
        CpuConfig::default(),
    )))
}

fn central(n: u8) -> Participant {
    let mut profile = Profile::honest();
    profile.host.address = OwnAddress::StaticRandom([n, 0, 0, 0, 0, 0xC2]);
    profile.host.parameters = FASTEST;
    profile.host.steps.retain(|step| !matches!(step, Step::Stay(_)));
    profile.host.steps.push(Step::Stay(Duration::from_secs(1_000_000)));
    Participant::Central(Box::new(Central::new(profile)))
}

/// Pairs in one room, two metres from each other, connected, encrypted and idle.
fn idle(pairs: u8, recording: bool) -> World<Participant> {
    let mut world = World::new(WorldConfig { seed: 1, recording, ..WorldConfig::default() });
    for n in 0..pairs {
        // One pair after the other, so that no central connects to another pair's peripheral.
        let start_after = Duration::from_secs(n.into());
        let place = |y| {
            let position_m = (i32::from(n) * 2, y);
            Placement { position_m, start_after, ..Placement::default() }
        };
        let peripheral = world.add("peripheral", peripheral(n), place(0));
        let act = Act::press("pairing");
        world.act(peripheral, Instant::ZERO + start_after, act);
        world.add("central", central(n), place(2));
    }
    world.run_until(SETTLED);
    let encrypted = world.nodes().filter(|(_, node)| is_encrypted(node)).count();
    assert_eq!(encrypted, usize::from(pairs), "not every pair is encrypted");
    world
}

fn is_encrypted(node: &Participant) -> bool {
    let Participant::Peripheral(node) = node else { return false };
    node.device().is_some_and(|device| device.levels().into_iter().any(|level| level >= 2))
}

fn packets_in_span(world: &World<Participant>) -> usize {
    let mut world = world.clone();
    let before = world.records().len();
    world.run_until(SETTLED + SPAN);
    let news = world.records().iter().skip(before);
    news.filter(|record| matches!(record.kind, RecordKind::AirTx(_))).count()
}

/// Every step begins with the same world, so that records do not pile up.
fn measure(group: &mut BenchmarkGroup<'_, Clock>, id: BenchmarkId, world: &World<Participant>) {
    // Criterion then prints elements per second: simulated milliseconds per wall second.
    group.throughput(Throughput::Elements(SPAN.as_us() / 1_000));
    group.bench_function(id, |b| {
        b.iter_batched_ref(
            || world.clone(),
            |world| world.run_until(SETTLED + SPAN),
            BatchSize::LargeInput,
        );
    });
}

fn recording(c: &mut Criterion) {
    let mut group = c.benchmark_group("idle second at 7.5 ms");
    for (name, recording) in [("without records", false), ("with records", true)] {
        let world = idle(1, recording);
        let packets = packets_in_span(&world);
        // 133 or 134 connection events, each with an Empty PDU both ways.
        let expected = if recording { 266..=268 } else { 0..=0 };
        assert!(expected.contains(&packets), "{packets} packets");
        measure(&mut group, BenchmarkId::from_parameter(name), &world);
    }
    group.finish();
}

fn crowd(c: &mut Criterion) {
    let mut group = c.benchmark_group("idle second at 7.5 ms, pairs in one room");
    for pairs in [1, 2, 4, 8] {
        measure(&mut group, BenchmarkId::from_parameter(pairs), &idle(pairs, false));
    }
    group.finish();
}

/// One run of the founding case: cured, and as it was.
fn pairing(c: &mut Criterion) {
    let scenario = catalogue::by_name("pairing").expect("in the catalogue");
    let mut group = c.benchmark_group("founding case");
    for (config, central) in [("recommended", "windows-intel"), ("zephyr-2024", "windows-intel")] {
        let setup = Setup::new(config, central, 1).expect("built in");
        let id = BenchmarkId::new(config, central);
        group.bench_function(id, |b| b.iter(|| Stage::new(scenario, &setup).play()));
    }
    group.finish();
}

/// The same runs, and what it costs on top to ask the oracle about them.
fn judged(c: &mut Criterion) {
    let scenario = catalogue::by_name("pairing").expect("in the catalogue");
    let mut group = c.benchmark_group("oracle");
    for central in ["phone", "windows-intel"] {
        let setup = Setup::new("zephyr-2024", central, 1).expect("built in");
        group.bench_function(BenchmarkId::new("run without", central), |b| {
            b.iter(|| {
                let mut stage = Stage::new(scenario, &setup);
                stage.run(|| false);
                stage
            });
        });
        let mut stage = Stage::new(scenario, &setup);
        stage.run(|| false);
        let records = stage.world.records().to_vec();
        group.bench_function(BenchmarkId::new("oracle alone", central), |b| {
            b.iter(|| judge(&bletwin_sim::view(&records)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(WallTime::from_secs(4));
    targets = recording, crowd, pairing, judged
}
criterion_main!(benches);
