//! The simulator's event queue: one event taken, one put in later, at several lengths.

use std::hint::black_box;

use ble::time::{Duration, Instant};
use bletwin_sim::queue::EventQueue;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn pop_and_push(c: &mut Criterion) {
    let mut group = c.benchmark_group("event queue/pop and push");
    for pending in [8_u64, 64, 512, 4_096] {
        group.bench_with_input(BenchmarkId::from_parameter(pending), &pending, |b, &pending| {
            let mut queue = EventQueue::default();
            for n in 0..pending {
                queue.push(Instant::from_us(n * 1_250), Instant::ZERO, n);
            }
            // Each event comes again after a time of its own, so that it lands anywhere.
            b.iter(|| {
                let (at, n) = queue.pop().expect("never empty");
                let after = Duration::from_us(1_250 * (1 + n * 7_919 % pending));
                queue.push(at + after, at, black_box(n))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, pop_and_push);
criterion_main!(benches);
