//! Speed of the emulated chip, in cycles per second: with the cycle model, wait states and cache of
//! flash, and SysTick's exceptions. And what a copy costs, which every branch of a search pays.

use std::hint::black_box;

use bletwin_emulator::{Cpu, Memory, Model, NoBus, Outcome, TICKS_PER_CYCLE};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Cycles per measurement.
const CYCLES: u64 = 1_000_000;

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

fn chip() -> Cpu<NoBus> {
    let mut memory = Memory::new(1 << 20, 256 << 10);
    let word = |memory: &mut Memory, address: u32, word: u32| {
        assert!(memory.program(address, &word.to_le_bytes()), "there is memory");
    };
    word(&mut memory, 0, 0x2000_8000);
    word(&mut memory, 4, 0x101);
    word(&mut memory, 4 * 15, 0x147);
    for (n, half) in PROGRAM.iter().enumerate() {
        assert!(memory.program(0x100 + 2 * n as u32, &half.to_le_bytes()), "there is memory");
    }
    let mut cpu = Cpu::new(Model::NRF52840, memory, NoBus);
    cpu.set_flash_cache(true);
    run(&mut cpu);
    cpu
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
}

criterion_group!(benches, emulator);
criterion_main!(benches);
