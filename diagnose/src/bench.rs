//! Where a diagnosis plays its runs.
//!
//! The central under suspicion is [`Unknown`]: a way to put one into a world, and nothing else. A
//! run shows what an engineer has at hand: its packets, its screen and its user's actions.
//! Everything that only its own host or link layer knows is removed from the record.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ble::time::Duration;
use bletwin_models::central::Central;
use bletwin_models::profile::Profile;
use bletwin_setup::Build;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::remembered::Remembered;
use firmware_core::host::procedures::Request;
use rayon::prelude::*;

use super::cost::TAIL;
use super::outcome::Outcome;
use super::requests;
use bletwin_scenarios::catalogue::Scenario;
use bletwin_scenarios::judgement::Permit;
use bletwin_scenarios::prompt::Prompt;
use bletwin_scenarios::stage::{Cast, Finished, Stage};
use bletwin_setup::error::BadInput;
use bletwin_setup::{Air, Setup};

/// Makes a new central for each run, which is opaque.
pub struct Unknown(Box<dyn Fn() -> Central + Send + Sync>);

impl Unknown {
    /// One that `make` makes.
    pub fn new(make: impl Fn() -> Central + Send + Sync + 'static) -> Self {
        Self(Box::new(make))
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unknown")
    }
}

/// The central beside the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    /// The central under suspicion.
    Suspect,
    /// One that keeps every rule, for comparison.
    Honest,
}

/// A run that is to be played.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The firmware configuration.
    pub config: Build,
    /// Seed of all randomness.
    pub seed: u64,
    /// Actions during the run.
    pub prompts: Vec<Prompt>,
    /// The central that the firmware meets.
    pub partner: Partner,
    /// On which air; `None`: on that of the question.
    pub air: Option<Air>,
    /// How long the person takes to act; `None`: as usual.
    pub reaction: Option<Duration>,
}

impl Trial {
    /// This firmware with the suspect, and nothing else.
    #[must_use]
    pub fn new(config: &Build, seed: u64) -> Self {
        Self {
            config: config.clone(),
            seed,
            prompts: Vec::new(),
            partner: Partner::Suspect,
            air: None,
            reaction: None,
        }
    }

    /// With these prompts.
    #[must_use]
    pub fn prompted(self, prompts: &[Prompt]) -> Self {
        Self { prompts: prompts.to_vec(), ..self }
    }
}

/// A caller that can stop early, and sees progress.
pub struct Watcher<'a> {
    /// Whether to stop; asked between simulated events.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Another run is over.
    pub tick: &'a (dyn Fn() + Sync),
}

impl Watcher<'_> {
    /// No watcher: runs continue to their end, and no progress is shown.
    pub const NONE: Watcher<'static> = Watcher { stop: &|| false, tick: &|| {} };
}

/// Plays runs of one scenario with one central.
pub struct Bench<'a> {
    scenario: Scenario,
    suspect: Unknown,
    honest: Unknown,
    /// The second central of a story with two, as the story needs it, and its name.
    other: Option<(String, Profile)>,
    air: Air,
    wishes: Vec<Request>,
    watcher: Watcher<'a>,
    runs: AtomicUsize,
    /// Most runs are of one seed, and compute the same keys.
    keys: Mutex<Remembered>,
}

impl<'a> Bench<'a> {
    /// For this scenario, with the central and the air of a setup.
    ///
    /// # Errors
    /// [`BadInput`] if there is no honest central to compare with.
    pub fn of(scenario: &Scenario, setup: &Setup, watcher: Watcher<'a>) -> Result<Self, BadInput> {
        let unknown = |setup: &Setup| {
            let central = Cast::of(scenario, setup).central;
            Unknown::new(move || central.clone())
        };
        let honest = Setup::new("recommended", "honest", setup.seed)?;
        let other = Cast::of(scenario, setup).other;
        let bench = Self::new(scenario, [unknown(setup), unknown(&honest)], &setup.air, watcher);
        Ok(Self { other, ..bench })
    }

    /// For this scenario: the suspect, an honest central to compare with, and the air.
    #[must_use]
    pub fn new(
        scenario: &Scenario,
        [suspect, honest]: [Unknown; 2],
        air: &Air,
        watcher: Watcher<'a>,
    ) -> Self {
        let runs = AtomicUsize::new(0);
        let keys = Mutex::default();
        let air = air.clone();
        let scenario = *scenario;
        Self {
            scenario,
            suspect,
            honest,
            other: None,
            air,
            wishes: Vec::new(),
            watcher,
            runs,
            keys,
        }
    }

    /// The same, but a run is good only if the central also grants these.
    #[must_use]
    pub fn wishing(self, wishes: Vec<Request>) -> Self {
        Self { wishes, ..self }
    }

    /// The scenario that all runs play.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The air of the question, for trials that have none of their own.
    #[must_use]
    pub const fn air(&self) -> &Air {
        &self.air
    }

    /// Runs so far.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// Plays one, with everything that the record holds. `None`: interrupted.
    #[must_use]
    pub fn evidence(&self, trial: &Trial) -> Option<Finished> {
        let central = match trial.partner {
            Partner::Suspect => (self.suspect.0)(),
            Partner::Honest => (self.honest.0)(),
        };
        let air = trial.air.clone().unwrap_or_else(|| self.air.clone());
        let cast = Cast {
            guest: None,
            names: ["the firmware".into(), "the central".into()],
            peripheral: trial.config.clone(),
            chip: None,
            central,
            other: self.other.clone().filter(|_| trial.partner == Partner::Suspect),
            // The suspect's violations are the question, so they are permitted.
            permits: [Permit::MadeUp, Permit::MadeUp],
            reaction: trial.reaction.unwrap_or(air.reaction),
            air,
            seed: trial.seed,
        };
        let stage = Stage::with(&self.scenario, cast);
        let mut stage = stage
            .resting(TAIL)
            .unjudged()
            .unhashed()
            .prompted(&trial.prompts)
            .knowing(self.keys().clone());
        if !stage.run(self.watcher.stop) {
            return None;
        }
        self.keys().clone_from(stage.world.remembered());
        self.runs.fetch_add(1, Ordering::Relaxed);
        (self.watcher.tick)();
        Some(stage.finish())
    }

    fn keys(&self) -> MutexGuard<'_, Remembered> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays one, without what only the central knows of itself. `None`: interrupted.
    #[must_use]
    pub fn play(&self, trial: &Trial) -> Option<Finished> {
        let mut run = self.evidence(trial)?;
        let others = run.parties.iter().map(|party| party.node);
        let centrals: Vec<NodeId> = others.chain([run.central]).collect();
        let known = |r: &Record| !centrals.contains(&r.node);
        run.records.retain(|r| known(r) || !matches!(r.kind, RecordKind::Note(_)));
        Some(run)
    }

    /// What `read` reads out of each of them, in their order, whatever the number of threads.
    /// `None`: interrupted.
    #[must_use]
    pub fn read<T: Send>(
        &self,
        trials: &[Trial],
        read: impl Fn(&Finished) -> T + Sync,
    ) -> Option<Vec<T>> {
        trials.par_iter().map(|trial| self.play(trial).map(|run| read(&run))).collect()
    }

    /// How one ends. `None`: interrupted.
    #[must_use]
    pub fn outcome(&self, trial: &Trial) -> Option<Outcome> {
        self.play(trial).map(|run| self.judged(&run))
    }

    /// How each of them ends. `None`: interrupted.
    #[must_use]
    pub fn outcomes(&self, trials: &[Trial]) -> Option<Vec<Outcome>> {
        self.read(trials, |run| self.judged(run))
    }

    fn judged(&self, run: &Finished) -> Outcome {
        let outcome = Outcome::of(run);
        let granted = self.wishes.is_empty() || {
            let unmet = requests::unmet(run);
            let asked = requests::asked(run);
            self.wishes.iter().all(|wish| asked.contains(wish) && !unmet.contains(wish))
        };
        Outcome { good: outcome.good && granted, ..outcome }
    }
}
