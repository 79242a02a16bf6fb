//! A user's host programs against centrals: each is started for each run, and meets one of them.
//!
//! Its timers run on its own clock, so simulated time follows real time unless an option says
//! otherwise, for all hosts or for one, and a run in which the host was served late is void: it is
//! played again, alone.

use std::time::Duration;

use bletwin_bridge::serve::{Time, Watching};
use bletwin_explain::report;
use bletwin_models::controller::ControllerConfig;
use bletwin_scenarios::guest::Guest;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::{Cell, DISTURBED, Kept, Matrix, Pair, Plan, kept, quoted, wanted};
use crate::guest::Program;
use crate::meeting::{Invitation, Met, meet, nobody_came};
use crate::program;

/// A host that is served later than this is disturbed.
const LATE: Duration = Duration::from_millis(5);
/// How often a run in which the host was disturbed is played again.
const AGAIN: u32 = 3;

/// A program with a host in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Host {
    /// Its name, and that of its column.
    pub name: String,
    /// As a shell takes it.
    pub command: String,
    /// How time passes for it.
    #[serde(serialize_with = "in_words")]
    pub time: Time,
}

fn in_words<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&kind(time))
}

/// A kind of time, in words.
fn kind(time: &Time) -> String {
    match time {
        Time::Times(factor) if (factor - 1.0).abs() < f64::EPSILON => "real time".into(),
        Time::Times(factor) => format!("{factor} times real time"),
        Time::Max => "as fast as the host answers".into(),
        Time::Controlled(_) => "controlled time".into(),
    }
}

impl Host {
    /// `NAME=COMMAND`, or a command alone, which is then called `unnamed`. A name is of letters,
    /// digits, `-` and `.`, one of them a small letter at least: `PORT=1 ./host` has none. Its time
    /// is real.
    #[must_use]
    pub fn named(text: &str, unnamed: &str) -> Self {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        let is_name =
            |name: &str| name.chars().all(fits) && name.chars().any(|c| c.is_ascii_lowercase());
        let (name, command) = match text.split_once('=') {
            Some((name, command)) if is_name(name) => (name, command),
            _ => (unnamed, text),
        };
        Self { name: name.into(), command: command.into(), time: Time::Times(1.0) }
    }

    /// Time passes so for it from now on.
    pub fn set_time(&mut self, time: Time) {
        self.time = time;
    }

    /// Which kind of time its cells have, in words.
    #[must_use]
    pub fn kind(&self) -> String {
        kind(&self.time)
    }

    /// The same as an option; empty: real time.
    fn time_option(&self) -> Option<String> {
        match self.time {
            Time::Times(factor) if (factor - 1.0).abs() < f64::EPSILON => None,
            Time::Times(factor) => Some(factor.to_string()),
            Time::Max => Some("max".into()),
            Time::Controlled(_) => Some("controlled".into()),
        }
    }
}

/// The programs, and the known properties of their hosts.
#[derive(Clone, Debug)]
pub struct Guests {
    /// Each is a column.
    pub hosts: Vec<Host>,
    /// The controller that each is lent.
    pub controller: ControllerConfig,
    /// The security level that a bond must have to count.
    pub level: u8,
    /// The passkey that they show, if that is known.
    pub passkey: Option<u32>,
}

/// What came of a run.
enum Run {
    Kept(Kept),
    /// The host was served so late.
    Disturbed(Duration),
    Interrupted,
}

impl Guests {
    fn play(&self, host: &Host, pair: &Pair, seed: u64) -> anyhow::Result<Run> {
        let setup = Setup { seed, ..pair.setup.clone() };
        let invitation = Invitation {
            scenario: pair.scenario,
            setup: &setup,
            guest: Guest {
                name: host.name.clone(),
                controller: self.controller.clone(),
                level: self.level,
                passkey: self.passkey,
            },
            endpoint: ("tcp:0".parse().map_err(anyhow::Error::msg)?, host.name.clone()),
            time: host.time.clone(),
            watching: Watching::default(),
            keyboard: false,
            program: Some(Program { command: host.command.clone(), seed, prints: false }),
        };
        Ok(match meet(invitation, &mut None, &mut std::io::sink())? {
            Met::Interrupted => Run::Interrupted,
            Met::NobodyCame(why) => {
                let why = format!("{why} (with {}, seed {seed})", pair.central);
                let BadInput { what, help } = nobody_came(why);
                let see = format!(
                    "`{} serve --central … --host …` shows what it prints",
                    program::name()
                );
                return Err(BadInput { what, help: format!("{help}; {see}") }.into());
            }
            Met::Played(_, late) if late > LATE => Run::Disturbed(late),
            Met::Played(finished, _) => {
                // The host may not do the same again: what there is to learn is kept.
                let why = report::why(&finished).filter(|_| !finished.expected);
                let mut kept = kept(&finished);
                kept.why.extend(why);
                // Otherwise the host's own clock affects the run.
                let controlled = matches!(host.time, Time::Controlled(_));
                let trace = finished.summary.trace_sha256.clone().filter(|_| controlled);
                Run::Kept(kept.traced(trace))
            }
        })
    }

    /// The same again and alone, until the host was served in time. If it never is, nothing is said
    /// of it: neither that it passed nor that it failed.
    fn play_alone(&self, host: &Host, pair: &Pair, seed: u64) -> anyhow::Result<Option<Kept>> {
        let mut latest = Duration::ZERO;
        for _ in 0..AGAIN {
            match self.play(host, pair, seed)? {
                Run::Kept(kept) => return Ok(Some(kept)),
                Run::Interrupted => return Ok(None),
                Run::Disturbed(late) => latest = late,
            }
        }
        let why = format!(
            "this machine is too busy for real time: {} times the host was served late, at last by \
             {} ms. Let the machine alone, or give --time max",
            AGAIN + 1,
            latest.as_millis()
        );
        Ok(Some(Kept {
            outcome: DISTURBED.into(),
            passed: false,
            why: vec![why],
            sim_seconds: 0.0,
            trace: None,
        }))
    }

    fn command(&self, host: &Host, pair: &Pair, cell: &Cell, seed: u64) -> String {
        let mut words = vec![format!("{} serve --scenario {}", program::name(), cell.scenario)];
        words.push(format!("--central {} --endpoint tcp:0", quoted(&pair.central)));
        words.push(format!("--host {}", quoted(&host.command)));
        words.extend(host.time_option().map(|time| format!("--time {time}")));
        words.extend(self.passkey.map(|passkey| format!("--passkey {passkey:06}")));
        words.push(format!("--level {}", self.level));
        words.extend(pair.set.iter().map(|set| format!("--set {}", quoted(set))));
        words.push(format!("--seed {seed}"));
        words.join(" ")
    }
}

impl Plan {
    /// Fills a table with a column for each host. `tick` is called after each run; `None`: Ctrl-C.
    /// Runs go on side by side as the threads of rayon allow, those that were disturbed again and
    /// alone.
    ///
    /// # Errors
    /// If the plan names what does not exist, or a program does not come.
    pub fn run_guests(
        &self,
        guests: &Guests,
        tick: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Option<Matrix>> {
        let mut pairs = self.pairs()?;
        for pair in &mut pairs {
            // The catalogue's expectations apply to firmware, not to these hosts.
            pair.expected = wanted(pair.scenario);
        }
        let places: Vec<(&Host, &Pair)> = pairs
            .iter()
            .flat_map(|pair| guests.hosts.iter().map(move |host| (host, pair)))
            .collect();
        let (first, count) = self.seeds;
        let runs: Vec<(&Host, &Pair, u64)> = places
            .iter()
            .flat_map(|(host, pair)| {
                (0..count).map(move |n| (*host, *pair, first.saturating_add(n)))
            })
            .collect();
        let played: anyhow::Result<Vec<Run>> = runs
            .par_iter()
            .map(|(host, pair, seed)| {
                let run = guests.play(host, pair, *seed);
                tick();
                run
            })
            .collect();
        let mut all = Vec::new();
        for (run, (host, pair, seed)) in played?.into_iter().zip(&runs) {
            all.push(match run {
                Run::Kept(kept) => kept,
                Run::Interrupted => return Ok(None),
                Run::Disturbed(_) => match guests.play_alone(host, pair, *seed)? {
                    Some(kept) => kept,
                    None => return Ok(None),
                },
            });
        }
        let size = usize::try_from(count).unwrap_or(usize::MAX);
        let cells = places.iter().zip(all.chunks(size)).map(|((host, pair), kept)| {
            let cell = pair.cell(first, kept);
            let failed = kept.iter().position(|run| !run.passed).unwrap_or(0) as u64;
            let command = guests.command(host, pair, &cell, first.saturating_add(failed));
            Cell { firmware: host.name.clone(), time: Some(host.kind()), command, ..cell }
        });
        Ok(Some(Matrix { cells: cells.collect(), hosts: guests.hosts.clone() }))
    }
}
