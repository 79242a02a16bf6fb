//! Speed of the emulated chip, in cycles per second: with the cycle model, wait states and cache of
//! flash, and SysTick's exceptions; beside rsemu, another Cortex-M4 in Rust, on the same program.
//! And what a copy costs, which every branch of a search pays. `BLETWIN_FIRMWARE_TRIAL` names the
//! firmware that is connected (`.ci/cross.sh` builds it); without it that is left out.

#[path = "../examples/chip.rs"]
#[expect(dead_code, reason = "an example is a program of its own")]
mod chip;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ble::time::Duration;
use bletwin_emulator::{Cpu, Memory, Model, NoBus, Outcome, TICKS_PER_CYCLE};
use bletwin_scenarios::stage::Stage;
use bletwin_sim::record::RecordKind;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rsemu::core::space::{AddressSpace, RamStore, Region};
use rsemu::cpu::arm::v7m::{ArmV7m, Config};

/// Cycles per measurement.
const CYCLES: u64 = 1_000_000;
/// Of the slower one.
const FEWER: u64 = CYCLES / 10;
/// Turns of both, of which the best counts: what else the machine does slows some of them.
const TURNS: usize = 200;

/// Loads, stores, arithmetic, a long multiplication, a call, an IT block, without end.
const PROGRAM: [u16; 36] = [
    // 0x100: SysTick every 6,400 cycles: R0 = 0xE000E010; RVR, then CSR.
    0xF24E, 0x0010, 0xF2CE, 0x0000, 0xF641, 0x01FF, 0x6041, 0x2107, 0x6001, // STRs
    // R0 = 0x20000000, R3 = R4 = 1
    0xF240, 0x0000, 0xF2C2, 0x0000, 0x2301, 0x2401, 0xBF00, //
    // 0x120, loop:
    0x6802, // LDR R2, [R0]
    0x18D2, // ADDS R2, R2, R3
    0x4062, // EORS R2, R4
    0x6002, // STR R2, [R0]
    0x3004, // ADDS R0, #4
    0x08D5, // LSRS R5, R2, #3
    0xFBA2, 0x6705, // UMULL R6, R7, R2, R5
    0x199B, // ADDS R3, R3, R6
    0xF420, 0x5080, // BIC R0, R0, #0x1000
    0xF000, 0xF801, // BL 0x13C
    0xE7F2, // B loop
    // 0x13C:
    0xB510, // PUSH {R4, LR}
    0x005C, // LSLS R4, R3, #1
    0xBF28, // IT CS
    0x3301, // ADDCS R3, #1
    0xBD10, // POP {R4, PC}
    // 0x146, SysTick's handler:
    0x4770, // BX LR
];

/// What is flashed: the vectors, and the program at 0x100.
fn image() -> Vec<u8> {
    let mut octets = vec![0xFF; 0x100];
    for (place, word) in [(0, 0x2000_8000_u32), (4, 0x101), (4 * 15, 0x147)] {
        octets[place..place + 4].copy_from_slice(&word.to_le_bytes());
    }
    octets.extend(PROGRAM.iter().flat_map(|half| half.to_le_bytes()));
    octets
}

fn chip() -> Cpu<NoBus> {
    let mut memory = Memory::new(1 << 20, 256 << 10);
    assert!(memory.program(0, &image()), "there is memory");
    let mut cpu = Cpu::new(Model::NRF52840, memory, NoBus);
    cpu.set_flash_cache(true);
    run(&mut cpu);
    cpu
}

fn other() -> ArmV7m {
    let space = AddressSpace::new("cpu", 32);
    for (address, octets, content) in [(0, 1 << 20, image()), (0x2000_0000, 256 << 10, Vec::new())]
    {
        let store = Arc::new(RamStore::new(octets));
        store.write_at(0, &content).expect("there is room");
        space.topology().map(Region::ram("memory", store), address).expect("it is free");
    }
    let cpu = ArmV7m::new(Config::CORTEX_M4);
    cpu.attach_space(Arc::new(space));
    cpu.run(FEWER);
    cpu
}

/// Cycles per second of the best turn, taken in turns.
fn beside() {
    let (mut ours, theirs) = (chip(), other());
    let mut best = [0.0_f64; 2];
    for _ in 0..TURNS {
        let begun = Instant::now();
        run(&mut ours);
        best[0] = best[0].max(CYCLES as f64 / begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let cycles = theirs.run(FEWER);
        best[1] = best[1].max(cycles as f64 / begun.elapsed().as_secs_f64());
    }
    let [ours, theirs] = best.map(|each| each / 1e6);
    let ratio = ours / theirs;
    println!("million cycles a second: {ours:.0}, rsemu {theirs:.1}, ratio {ratio:.1}");
}

/// The firmware of the example, if it is named. Its events are counted before it is measured.
fn connected() -> Option<Stage> {
    let file = std::env::var("BLETWIN_FIRMWARE_TRIAL").ok()?;
    let mut stage = chip::connected(&file);
    let events = |stage: &Stage| {
        let sent = stage.world.records().iter().filter(|record| {
            record.node == stage.peripheral && matches!(record.kind, RecordKind::AirTx(_))
        });
        sent.count()
    };
    let before = events(&stage);
    stage.world.run_until(stage.world.now() + Duration::from_secs(1));
    assert!((130..=136).contains(&(events(&stage) - before)), "an interval of 7.5 ms");
    Some(stage)
}

/// A second of the connected world, by the best of short stretches.
fn against_real_time(stage: &Stage) {
    let mut world = stage.world.clone();
    let mut best = f64::MAX;
    for _ in 0..TURNS {
        let end = world.now() + Duration::from_ms(100);
        let begun = Instant::now();
        world.run_until(end);
        best = best.min(begun.elapsed().as_secs_f64() * 10.0);
    }
    println!("a second beside a phone: {:.1} ms, {:.0} x real time", best * 1e3, 1.0 / best);
}

fn run(cpu: &mut Cpu<NoBus>) {
    let until = (cpu.cycles() + CYCLES) * TICKS_PER_CYCLE;
    let outcome = cpu.run(until);
    assert_eq!(outcome, Outcome::Reached);
}

fn emulator(c: &mut Criterion) {
    let mut group = c.benchmark_group("emulator");
    group.throughput(Throughput::Elements(CYCLES));
    let mut cpu = chip();
    group.bench_function("cycles", |b| b.iter(|| run(black_box(&mut cpu))));
    group.finish();

    let mut group = c.benchmark_group("emulator copy");
    let mut sealed = chip();
    sealed.memory_mut().seal();
    group.bench_function("sealed", |b| {
        b.iter_batched(|| (), |()| black_box(&sealed).clone(), BatchSize::SmallInput);
    });
    group.bench_function("after a run", |b| {
        b.iter_batched(|| (), |()| black_box(&cpu).clone(), BatchSize::SmallInput);
    });
    group.finish();

    if let Some(stage) = connected() {
        let mut group = c.benchmark_group("chip connected at 7.5 ms");
        group.bench_function("copy of the world", |b| b.iter(|| black_box(&stage.world).clone()));
        group.bench_function("a second", |b| {
            let second = |mut world: bletwin_sim::world::World<_>| {
                let end = world.now() + Duration::from_secs(1);
                world.run_until(end);
                world
            };
            b.iter_batched(|| stage.world.clone(), second, BatchSize::SmallInput);
        });
        group.finish();
        against_real_time(&stage);
    }
    beside();
}

criterion_group!(benches, emulator);
criterion_main!(benches);
