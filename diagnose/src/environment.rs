//! The surroundings, which are neither firmware nor central: the air, the clocks, the load of the
//! peripheral's processor, the person.

use bletwin_setup::Build;

use super::bench::{Bench, Trial};
use super::outcome::Share;
use super::user::Advice;
use bletwin_setup::Air;

/// Plays with each part of the surroundings made better alone, and all of them together where
/// none alone helps. Empty where there is nothing to make better. `None`: interrupted.
#[must_use]
pub fn try_out(bench: &Bench<'_>, base: &Build, seeds: &[u64]) -> Option<Vec<Advice>> {
    let better = better(bench.air());
    let mut found = Vec::new();
    for (text, air) in better {
        let all = text == ALL;
        if all && found.iter().any(|known: &Advice| known.good.is_all()) {
            continue;
        }
        let trial = |&seed: &u64| Trial { air: Some(air.clone()), ..Trial::new(base, seed) };
        let trials: Vec<Trial> = seeds.iter().map(trial).collect();
        let good = Share::good(&bench.outcomes(&trials)?);
        found.push(Advice { text, good, steps: 1 });
    }
    Some(found)
}

const ALL: &str = "everything around them at its best";

/// The surroundings with each part improved alone, and then all of them, each with its description.
pub(super) fn better(air: &Air) -> Vec<(&'static str, Air)> {
    let best = Air::default();
    [
        (
            "no packets lost",
            Air { loss_ppm: best.loss_ppm, more_loss: best.more_loss, ..air.clone() },
        ),
        ("the devices close together", Air { distance_m: best.distance_m, ..air.clone() }),
        ("exact clocks", Air { clock_ppm: best.clock_ppm, ..air.clone() }),
        (
            "the peripheral's host at work at once (host-latency=0)",
            Air { host_latency_ms: best.host_latency_ms, ..air.clone() },
        ),
        (
            "the peripheral's host never kept from work (host-busy=never)",
            Air { host_busy: best.host_busy, ..air.clone() },
        ),
        ("the devices within reach", Air { out_of_reach: best.out_of_reach, ..air.clone() }),
        (
            "a person who types what is shown, within 3 s",
            Air { person: best.person, reaction: best.reaction, ..air.clone() },
        ),
        (ALL, best),
    ]
    .into_iter()
    .filter(|(_, better)| better != air)
    .collect()
}
