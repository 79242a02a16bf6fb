//! Plays a run again, and does one thing otherwise at the places that an explanation names.

use std::collections::BTreeSet;

use ble::time::{Duration, Instant};
use bletwin_diagnose::suspect;
use bletwin_explain::why::{Account, Cause, Confidence, Hypothesis, Why};
use bletwin_models::central::Central;
use bletwin_models::profile::Profile;
use bletwin_models::user::UserConfig;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::{Cast, Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::report::names;
use firmware_core::host::procedures::Request;

/// How long before the first place something is done otherwise, so that it is by then.
const BEFORE: Duration = Duration::from_ms(60);
/// How long after the last: answers come within some events.
const AFTER: Duration = Duration::from_ms(1_500);

/// A run, and what its mistakes are known to be.
#[derive(Clone)]
pub(super) struct Planted {
    /// Its parts, for the reader of a failed test.
    pub(super) name: String,
    /// Its scenario.
    pub(super) scenario: &'static str,
    /// Everything as it fails.
    pub(super) setup: Setup,
    /// The same without the mistakes.
    pub(super) clean: Setup,
    /// The scenario without the mistake, where that lies in the story.
    pub(super) clean_scenario: &'static str,
    /// How long the person takes, as it fails.
    pub(super) reaction: Duration,
    /// What is otherwise: what was found out so far.
    pub(super) otherwise: Vec<Otherwise>,
}

/// Something that is otherwise for a while.
#[derive(Clone, Copy)]
pub(super) struct Otherwise {
    what: What,
    /// From and until when.
    window: [Instant; 2],
}

impl Otherwise {
    fn holds(&self, now: Instant) -> bool {
        let [from, until] = self.window;
        from <= now && now < until
    }
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    /// Nothing gets lost.
    Received,
    /// The central keeps the rules.
    Honest,
}

impl Planted {
    /// Who plays in it.
    fn cast(&self, setup: &Setup) -> Cast {
        let scenario = catalogue::by_name(self.scenario).expect("a known scenario");
        Cast { reaction: self.reaction, ..Cast::of(scenario, setup) }
    }

    fn stage(&self, cast: Cast) -> Stage {
        let scenario = catalogue::by_name(self.scenario).expect("a known scenario");
        Stage::with(scenario, cast).unjudged()
    }

    /// The run as it fails.
    pub(super) fn play(&self) -> Finished {
        self.finished(self.stage(self.cast(&self.setup)))
    }

    /// Plays to the end, with everything otherwise that is known to have to be.
    fn finished(&self, mut stage: Stage) -> Finished {
        let moments: BTreeSet<Instant> = self.otherwise.iter().flat_map(|o| o.window).collect();
        let loss = self.setup.air.loss_ppm;
        let mut honest = false;
        for moment in moments {
            if !stage.run_until(moment) {
                break;
            }
            let now = |what: What| self.otherwise.iter().any(|o| o.what == what && o.holds(moment));
            stage.world.set_loss_ppm(if now(What::Received) { 0 } else { loss });
            if honest != now(What::Honest) {
                honest = !honest;
                behave(&mut stage, self.profile(if honest { &self.clean } else { &self.setup }));
            }
        }
        stage.run(|| false);
        stage.finish()
    }

    fn profile(&self, setup: &Setup) -> Profile {
        self.cast(setup).central.profile().clone()
    }

    /// The run without what was planted.
    pub(super) fn play_clean(&self) -> Finished {
        let scenario = catalogue::by_name(self.clean_scenario).expect("a known scenario");
        let mut stage = Stage::with(scenario, Cast::of(scenario, &self.clean)).unjudged();
        stage.run(|| false);
        stage.finish()
    }
}

/// Most places of one run at which something is done otherwise: where three packets in ten are lost
/// and six events end a link, it dies every three seconds.
const ROUNDS: usize = 40;

/// Whether doing something otherwise at the places of this hypothesis, and nowhere else, brings
/// the run to the outcome that its scenario expects. The name of what did, if anything.
///
/// The same may happen again later, on bad air or in the next connection: then that, too, is done
/// otherwise, where the explanation of that run says.
pub(super) fn cures(
    planted: &Planted,
    run: &Finished,
    account: &Account,
    hypothesis: &Hypothesis,
) -> Option<&'static str> {
    cures_in(planted, run, (account, hypothesis), ROUNDS)
}

fn cures_in(
    planted: &Planted,
    run: &Finished,
    (account, hypothesis): (&Account, &Hypothesis),
    rounds: usize,
) -> Option<&'static str> {
    let again = Again { planted, run, account, hypothesis };
    if let Some(way) = again.cures() {
        return Some(way);
    }
    // The same run with that place as it should be: it lives longer, and dies of the next.
    let longer = again.as_it_should().filter(|_| rounds > 0)?;
    let next = longer.play();
    let later = next.ending.map(|(at, _)| at) > run.ending.map(|(at, _)| at);
    let (account, hypothesis) = first(&next);
    let hypothesis = hypothesis.filter(|_| later)?;
    cures_in(&longer, &next, (&account, &hypothesis), rounds - 1)
}

/// A run in which something is done otherwise; `None`: not at these places.
type Way = fn(&Again<'_>) -> Option<Finished>;

/// What may be done otherwise.
const WAYS: [(&str, Way); 8] = [
    ("the peripheral does not ask", |a| a.without_request()),
    (HONEST, |a| a.with_an_honest_central()),
    (RECEIVED, |a| a.without_loss()),
    (MENDED, |a| a.with_a_mended_peripheral()),
    (QUICK, |a| a.with_a_quick_host()),
    ("the key is there", |a| a.with_the_key()),
    ("the person acts", |a| a.with_a_quick_person()),
    ("the peripheral asks for security", |a| a.with_a_security_request()),
];

pub(super) const HONEST: &str = "the central does as the rules say";
pub(super) const RECEIVED: &str = "what was lost is received";
pub(super) const MENDED: &str = "the peripheral does as the rules say";
pub(super) const QUICK: &str = "the peripheral's host answers at once";

/// Everything that cures at the places of this hypothesis.
pub(super) fn ways(
    planted: &Planted,
    run: &Finished,
    (account, hypothesis): (&Account, &Hypothesis),
) -> Vec<&'static str> {
    Again { planted, run, account, hypothesis }.ways().collect()
}

struct Again<'a> {
    planted: &'a Planted,
    run: &'a Finished,
    account: &'a Account,
    hypothesis: &'a Hypothesis,
}

impl Again<'_> {
    fn cures(&self) -> Option<&'static str> {
        self.ways().next()
    }

    /// Everything that brings the run to its outcome.
    fn ways(&self) -> impl Iterator<Item = &'static str> {
        let good = |run: &Finished| run.expected && run.is_at_rest();
        WAYS.into_iter()
            .filter(move |(_, way)| way(self).is_some_and(|run| good(&run)))
            .map(|w| w.0)
    }

    /// The same mistakes, and this is otherwise at these places.
    fn with(&self, what: What) -> Option<Planted> {
        let whole = [Instant::ZERO, self.account.until];
        let never = self.hypothesis.cause == Cause::NobodyConnected;
        let window = if never { whole } else { self.window()? };
        let can = what == What::Honest || self.planted.setup.air.loss_ppm > 0;
        can.then(|| {
            let mut planted = self.planted.clone();
            planted.otherwise.push(Otherwise { what, window });
            planted
        })
    }

    /// What would have been otherwise had the two done as they should.
    fn as_it_should(&self) -> Option<Planted> {
        let lost = [Cause::Loss, Cause::InstantPassed].contains(&self.hypothesis.cause);
        lost.then(|| self.with(What::Received)).flatten().or_else(|| self.with(What::Honest))
    }

    /// From the first of the places to the last.
    fn window(&self) -> Option<[Instant; 2]> {
        let at = |index: &usize| self.account.pdu(*index).map(|pdu| pdu.at);
        let from = self.hypothesis.places.iter().filter_map(at).min()?;
        let until = self.hypothesis.places.iter().filter_map(at).max()?;
        let from = Instant::from_us(from.as_us().saturating_sub(BEFORE.as_us()));
        Some([from, until + AFTER])
    }

    fn without_request(&self) -> Option<Finished> {
        let schedule = suspect::schedule(self.run, Instant::MAX);
        let place = self.hypothesis.places.iter().find_map(|&index| {
            let pdu = self.account.pdu(index).filter(|pdu| !pdu.from_central)?;
            let request = request(&pdu.name())?;
            let asked = suspect::schedule(self.run, pdu.at);
            asked.into_iter().rfind(|asked| asked.request == request)
        })?;
        let replayed = |asked: Vec<_>| {
            let mut cast = self.planted.cast(&self.planted.setup);
            cast.peripheral = suspect::mute(&cast.peripheral);
            let stage = self.planted.stage(cast).prompted(&suspect::replay(asked));
            self.planted.finished(stage)
        };
        // What all of them together do not bring about says nothing of the one.
        if replayed(schedule.clone()).expected {
            return None;
        }
        let others = schedule.into_iter().filter(|asked| *asked != place).collect();
        Some(replayed(others))
    }

    fn with_an_honest_central(&self) -> Option<Finished> {
        self.with(What::Honest).map(|planted| planted.play())
    }

    fn without_loss(&self) -> Option<Finished> {
        self.with(What::Received).map(|planted| planted.play())
    }

    fn with_a_mended_peripheral(&self) -> Option<Finished> {
        let own = |&index: &usize| self.account.pdu(index).is_some_and(|pdu| !pdu.from_central);
        let mut cast = self.planted.cast(&self.planted.setup);
        let takes = self.hypothesis.cause == Cause::ConnectNotTaken;
        if takes {
            let mut setup = self.planted.setup.clone();
            setup.set("accept=anyone").expect("a known key");
            cast = self.planted.cast(&setup);
        } else {
            cast.peripheral = self.planted.clean.peripheral.clone();
        }
        let changed = takes || cast.peripheral != self.planted.setup.peripheral;
        let named = takes || self.hypothesis.places.iter().any(own);
        (changed && named).then(|| self.planted.finished(self.planted.stage(cast)))
    }

    fn with_a_quick_host(&self) -> Option<Finished> {
        let air = &self.planted.setup.air;
        let slow = air.host_latency_ms > 0 || air.host_busy.is_some();
        let waits = matches!(
            self.hypothesis.cause,
            Cause::EncryptionLate | Cause::PairingStuck | Cause::AttributeUnanswered
        );
        (slow && waits).then(|| {
            let mut cast = self.planted.cast(&self.planted.setup);
            (cast.air.host_latency_ms, cast.air.host_busy) = (0, None);
            self.planted.finished(self.planted.stage(cast))
        })
    }

    fn with_the_key(&self) -> Option<Finished> {
        let missing = self.hypothesis.cause == Cause::KeyMissing;
        let lost = self.planted.scenario != self.planted.clean_scenario;
        (missing && lost).then(|| {
            let scenario = catalogue::by_name(self.planted.clean_scenario).expect("known");
            self.planted.finished(Stage::new(scenario, &self.planted.setup).unjudged())
        })
    }

    fn with_a_quick_person(&self) -> Option<Finished> {
        let idle = matches!(self.hypothesis.cause, Cause::PersonIdle | Cause::PairingStuck);
        (idle && self.planted.reaction > UserConfig::default().reaction).then(|| {
            let mut cast = self.planted.cast(&self.planted.setup);
            cast.reaction = UserConfig::default().reaction;
            self.planted.finished(self.planted.stage(cast))
        })
    }

    fn with_a_security_request(&self) -> Option<Finished> {
        let silent =
            matches!(self.hypothesis.cause, Cause::NothingProtected | Cause::AttributeRefused);
        silent.then(|| {
            let mut setup = self.planted.setup.clone();
            setup.set("security-request=true").expect("a known key");
            self.planted.finished(self.planted.stage(self.planted.cast(&setup)))
        })
    }
}

fn behave(stage: &mut Stage, profile: Profile) {
    let central = stage.central;
    if let Participant::Central(central) = stage.world.node_mut(central) {
        Central::behave_as(central, profile);
    }
}

/// The procedure that a PDU of this name asks for.
fn request(name: &str) -> Option<Request> {
    if name == format!("L2CAP {}", names::signalling(0x12)) {
        return Some(Request::Parameters);
    }
    Request::ALL.into_iter().find(|request| suspect::on_air(*request) == name)
}

/// The run's first hypothesis, unless nothing is decided.
pub(super) fn first(run: &Finished) -> (Account, Option<Hypothesis>) {
    let Why { account, hypotheses } = Why::of(run);
    let first = hypotheses.into_iter().next();
    let decided = first.filter(|first| first.confidence < Confidence::Undecided);
    (account, decided)
}
