//! When one of the peripheral's own procedures does harm: it is started at one moment after the
//! other, in a firmware that is good without it; and moved a little if a cure keeps it.

use std::slice;

use ble::time::{Duration, Instant};
use bletwin_setup::Build;
use firmware_core::host::procedures::Request;
use serde::Serialize;

use super::behaviour::first_on_air;
use super::bench::{Bench, Trial};
use super::outcome::{Outcome, Share};
use super::suspect::{HostRequest, ask, mute, replay, schedule};
use bletwin_scenarios::prompt::Milestone;

/// Seeds that each moment is tried with.
const SEEDS: u64 = 3;

/// By how much a procedure is moved, in ms: some connection events, and some more.
const MOVES_MS: [u64; 6] = [15, 40, 90, 180, 350, 800];

/// A moment that a firmware engineer can act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The moment in words, for the report.
    pub text: &'static str,
    /// The milestone that it counts from.
    pub since: Milestone,
    /// Time after the milestone, in ms.
    pub after_ms: u64,
}

const fn moment(text: &'static str, since: Milestone, after_ms: u64) -> Moment {
    Moment { text, since, after_ms }
}

/// The moments that are tried, in the order in which they usually come.
pub const MOMENTS: [Moment; 9] = [
    moment("on connecting", Milestone::Connected, 0),
    moment("0.1 s after connecting", Milestone::Connected, 100),
    moment("0.5 s after connecting", Milestone::Connected, 500),
    moment("2 s after connecting", Milestone::Connected, 2_000),
    moment("on the Pairing Request", Milestone::PairingBegun, 0),
    moment("on encryption", Milestone::Encrypted, 0),
    moment("on bonding", Milestone::Secured, 0),
    moment("1 s after bonding", Milestone::Secured, 1_000),
    moment("5 s after bonding", Milestone::Secured, 5_000),
];

/// A moment and how the runs ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimingRow {
    /// The moment in words: [`Moment::text`].
    pub moment: &'static str,
    /// Good runs with the procedure asked for then.
    pub good: Share,
    /// Runs in which the request came on air.
    pub sent: usize,
}

/// Asks for `request` at each moment, in place of when `config`, which is good, asks for it.
/// `None`: interrupted.
#[must_use]
pub fn rows(
    bench: &Bench<'_>,
    config: &Build,
    request: Request,
    seed: u64,
) -> Option<Vec<TimingRow>> {
    let seeds: Vec<u64> = (seed..).take(SEEDS as usize).collect();
    let mut others = Vec::new();
    for &seed in &seeds {
        others.push(replay(without(bench, config, request, seed)?));
    }
    let config = mute(config);
    let trials: Vec<Trial> = MOMENTS
        .iter()
        .flat_map(|moment| {
            let after = Duration::from_ms(moment.after_ms);
            let prompt = ask(request, moment.since, after);
            // First, so that it comes first where others are asked for at the same time.
            let prompts =
                others.iter().map(|others| [slice::from_ref(&prompt), &others[..]].concat());
            let trial =
                |(seed, prompts): (&u64, Vec<_>)| Trial::new(&config, *seed).prompted(&prompts);
            seeds.iter().zip(prompts.collect::<Vec<_>>()).map(trial).collect::<Vec<_>>()
        })
        .collect();
    let runs =
        bench.read(&trials, |run| (Outcome::of(run).good, first_on_air(run, request).is_some()))?;
    let row = |(moment, runs): (&Moment, &[(bool, bool)])| TimingRow {
        moment: moment.text,
        good: Share { count: runs.iter().filter(|(good, _)| *good).count(), of: runs.len() },
        sent: runs.iter().filter(|(_, sent)| *sent).count(),
    };
    Some(MOMENTS.iter().zip(runs.chunks(seeds.len().max(1))).map(row).collect())
}

/// What `config` asks for in a run, this one excepted.
fn without(
    bench: &Bench<'_>,
    config: &Build,
    request: Request,
    seed: u64,
) -> Option<Vec<HostRequest>> {
    let asked = schedule(&bench.play(&Trial::new(config, seed))?, Instant::MAX).into_iter();
    Some(asked.filter(|asked| asked.request != request).collect())
}

/// Good runs of `config` with the procedure moved a little. Inner `None`: it does not ask for it.
/// `None`: interrupted.
#[must_use]
pub fn moved(
    bench: &Bench<'_>,
    config: &Build,
    request: Request,
    seed: u64,
) -> Option<Option<Share>> {
    let asked = schedule(&bench.play(&Trial::new(config, seed))?, Instant::MAX);
    if !asked.iter().any(|asked| asked.request == request) {
        return Some(None);
    }
    let later = |ms: u64| {
        let by = Duration::from_ms(ms);
        let asked = asked.iter().map(|asked| match asked.request == request {
            true => HostRequest { after: asked.after + by, ..*asked },
            false => *asked,
        });
        Trial::new(&mute(config), seed).prompted(&replay(asked.collect()))
    };
    let trials: Vec<Trial> = MOVES_MS.into_iter().map(later).collect();
    Some(Some(Share::good(&bench.outcomes(&trials)?)))
}
