//! Same seed, same bits; another seed, other bits, same verdict.

use std::collections::BTreeSet;

use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_scenarios::summary::{Summary, Verdict};
use bletwin_setup::Setup;
use rayon::prelude::*;

/// The four runs of the demo: central, changed keys, expected verdict.
const RUNS: [(&str, &str, Verdict); 4] = [
    ("phone", "phy-update=on-connect", Verdict::Bonded),
    ("windows-intel", "phy-update=on-connect", Verdict::Disconnected),
    ("windows-intel", "phy-update=never", Verdict::Bonded),
    ("windows-intel", "phy-update=after-bonding", Verdict::Bonded),
];

fn play(central: &str, set: &[&str], seed: u64) -> Summary {
    let mut setup = Setup::new("zephyr-2024", central, seed).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play().summary
}

/// Slow and fast peripherals by turns.
const fn clocks(seed: u64) -> &'static str {
    if seed.is_multiple_of(2) { "clock-ppm=50" } else { "clock-ppm=-50" }
}

#[test]
fn a_hundred_runs_on_several_threads_are_identical() {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    let traces: BTreeSet<String> = threads.install(|| {
        (0..100)
            .into_par_iter()
            .map(|_| play("phone", &["loss=1"], 7).trace_sha256.unwrap())
            .collect()
    });
    assert_eq!(traces.len(), 1, "{traces:?}");
}

#[test]
fn seeds_change_the_trace_and_not_the_verdict() {
    let some = 200 / crate::one_in(8) as u64;
    let seeds = std::env::var("BLETWIN_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(some);
    for (central, set, expected) in RUNS {
        let runs: Vec<Summary> = (1..=seeds)
            .into_par_iter()
            .map(|seed| play(central, &[set, "loss=1", clocks(seed)], seed))
            .collect();
        for run in &runs {
            assert_eq!(run.outcome, expected, "{central} {set} seed {}: {run:?}", run.seed);
        }
        let traces: BTreeSet<&str> =
            runs.iter().filter_map(|r| r.trace_sha256.as_deref()).collect();
        assert_eq!(traces.len(), runs.len(), "{central} {set}");
    }
}

/// With this seed CONNECT_IND is lost: no connection comes to be, and the central tries again.
#[test]
fn a_lost_connect_ind_is_not_the_end() {
    for (central, set, expected) in RUNS {
        let run = play(central, &[set, "loss=1", clocks(173)], 173);
        assert_eq!(run.outcome, expected, "{central} {set}: {run:?}");
    }
}

#[test]
fn clocks_as_bad_as_announced_and_a_bad_air_change_no_verdict() {
    let air = ["loss=3", "sleep-clock-ppm=250", "central.clock-ppm=250"];
    for (central, set, expected) in RUNS {
        (1..=50 / crate::one_in(2) as u64).into_par_iter().for_each(|seed| {
            let ppm = if seed.is_multiple_of(2) { "clock-ppm=250" } else { "clock-ppm=-250" };
            let run = play(central, &[&[set, ppm], &air[..]].concat(), seed);
            assert_eq!(run.outcome, expected, "{central} {set} seed {seed}: {run:?}");
        });
    }
}
