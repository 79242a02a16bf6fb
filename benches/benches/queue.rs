//! The simulator's event queue, with what worlds put into it: idle pairs, whose connection events
//! are spread over an interval of 7.5 ms.

use std::hint::black_box;

use ble::time::{Duration, Instant};
use bletwin_sim::queue::{EventQueue, Ticket};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// connInterval: 7.5 ms.
const INTERVAL_US: u64 = 7_500;
/// What follows what in a connection event, and after how many µs: the central prepares, sends, its
/// access address passes, the packet ends, the answer begins, its access address passes, it ends,
/// control runs; the rest of the interval is silent.
const STEPS_US: [u64; 8] = [300, 40, 40, 150, 40, 40, 20, INTERVAL_US - 630];
/// From a packet's end until its sender gives up to listen.
const PATIENCE: Duration = Duration::from_us(200);
/// From one timer of a host to the next: before the authenticated payload timeout.
const PING: Duration = Duration::from_secs(29);

/// An event of the engine is as large.
#[derive(Clone, Copy)]
struct Step {
    pair: u32,
    number: u32,
    /// It is the timer of a host.
    host: bool,
    _rest: u32,
}

/// Pairs of devices, and the receiver of each that waits for a packet.
struct Pairs {
    queue: EventQueue<Step>,
    listening: Vec<Option<Ticket>>,
}

impl Pairs {
    fn new(pairs: u32) -> Self {
        let mut queue = EventQueue::default();
        for pair in 0..pairs {
            let at = Instant::from_us(u64::from(pair) * INTERVAL_US / u64::from(pairs));
            queue.push(at, Instant::ZERO, Step { pair, number: 0, host: false, _rest: 0 });
            queue.push(at + PING, Instant::ZERO, Step { pair, number: 0, host: true, _rest: 0 });
        }
        Self { queue, listening: (0..pairs).map(|_| None).collect() }
    }

    /// The next event, and what it leads to.
    fn step(&mut self) {
        let (at, step) = self.queue.pop().expect("never empty");
        if step.host {
            self.queue.push(at + PING, at, step);
            return self.step();
        }
        let listening = &mut self.listening[step.pair as usize];
        if let Some(ticket) = listening.take() {
            self.queue.cancel(ticket);
        }
        let number = (step.number + 1) % STEPS_US.len() as u32;
        let after = Duration::from_us(STEPS_US[step.number as usize]);
        self.queue.push(at + after, at, black_box(Step { number, ..step }));
        if number == 4 {
            *listening = Some(self.queue.push(at + after + PATIENCE, at, Step { number, ..step }));
        }
    }
}

fn idle_pairs(c: &mut Criterion) {
    let mut group = c.benchmark_group("event queue/an idle connection event");
    group.throughput(Throughput::Elements(1));
    for pairs in [1, 8, 64, 512] {
        group.bench_with_input(BenchmarkId::new("pairs", pairs), &pairs, |b, &pairs| {
            let mut pairs = Pairs::new(pairs);
            b.iter(|| (0..STEPS_US.len()).for_each(|_| pairs.step()));
        });
    }
    group.finish();
}

criterion_group!(benches, idle_pairs);
criterion_main!(benches);
