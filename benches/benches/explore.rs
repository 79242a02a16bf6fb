//! The search of pairs: units of the space, from their start state to the last loss.
//!
//! `.ci/run` runs every benchmark once, so that none panics unseen.

use std::time::Duration;

use bletwin_explore::Base;
use bletwin_explore::case::{Start, Switch};
use bletwin_explore::pairs::{Common, MeetingKind, Unit, search, units};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn unit(pair: &str, start: Start, encryption: Switch) -> Unit {
    let common =
        Common { peripheral: "recommended".into(), central: "honest".into(), set: Vec::new() };
    let fits = |unit: &Unit| {
        unit.pair() == pair && unit.case.start == start && unit.case.encryption == encryption
    };
    units(MeetingKind::Pairs, &common, 1..2).into_iter().find(fits).expect("in the space")
}

/// Criterion prints elements per second: runs per second on one core.
fn pairs(c: &mut Criterion) {
    let mut group = c.benchmark_group("runs of a pair");
    for (pair, start, encryption) in [
        ("P phy × C features", Start::Fresh, Switch::Off),
        ("P connection-update × C phy", Start::Fresh, Switch::On),
        ("P data-length × C encryption", Start::Latency4, Switch::Off),
    ] {
        let unit = unit(pair, start, encryption);
        let base = Base::new(&unit.case).expect("built in");
        let once = search(&unit, &base, &|| false).expect("not stopped");
        // How many of the runs differ on air depends on the pair; what is measured must be sound.
        assert!(once.findings.is_empty() && once.traces > 100, "{once:?}");
        group.throughput(Throughput::Elements(once.runs));
        group.bench_function(BenchmarkId::new(pair, start.name()), |b| {
            b.iter(|| search(&unit, &base, &|| false));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(8));
    targets = pairs
}
criterion_main!(benches);
