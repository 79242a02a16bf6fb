//! Plays a scenario: puts the devices and the person into a world and lets time pass.

mod direction;
mod ending;
mod finished;
mod outside;
mod parties;
mod silicon;
mod story;
pub(crate) mod tour;

use ble::phy::Phy;
use ble::time::{Duration, Instant};
use bletwin_bridge::node::EndpointNode;
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_firmware_node::{CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::profile::Profile;
use bletwin_models::user::{Typing, User, UserConfig};
use bletwin_sim::clock::ClockConfig;
use bletwin_sim::medium::{MediumConfig, MoreLoss};
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::RecordKind;
use bletwin_sim::remembered::Remembered;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::config::Passkey;

use crate::guest::Guest;
use crate::judgement::Permit;
use crate::participant::Participant;
use crate::prompt::{Prompt, Prompter, Target};
use crate::story::{Scenario, Story};
use crate::summary::PeripheralFacts;
use bletwin_setup::chip;
use bletwin_setup::{Air, Build, Person, Setup, Tenant, applications};
pub use finished::{Busy, Finished};
pub use parties::Party;

/// Path loss across which nothing arrives, dB.
const NO_REACH_DB: i32 = 300;

/// A scenario under way.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The world with its record.
    pub world: World<Participant>,
    /// The peripheral's node.
    pub peripheral: NodeId,
    /// The central's node.
    pub central: NodeId,
    /// The other central, in a story with two devices.
    beside: Option<NodeId>,
    /// The names of the centrals, in a story with two.
    parties: Option<[String; 2]>,
    scenario: Scenario,
    names: [String; 2],
    seed: u64,
    required_level: u8,
    /// The peripheral's application after an update of its firmware.
    update: Option<Tenant>,
    /// Whether a person presses the pairing button.
    needs_button: bool,
    permits: [Permit; 2],
    facts: PeripheralFacts,
    seen: usize,
    /// How often a device had been told something when it was asked last what is under way.
    asked: u64,
    settled: Option<Instant>,
    /// When it began; `None`: it waits until a host from outside advertises.
    begun: Option<Instant>,
    /// Connections that are over.
    over: usize,
    /// Since when nothing has been under way but what recurs; `None`: something is.
    quiet: Option<Instant>,
    /// Whether anything recurs, and whether that is under way.
    recurs: [bool; 2],
    /// Minimum duration once nothing is under way.
    rest: Duration,
    /// How late the peripheral's host gets to work at most.
    host_latency: Duration,
    /// When the two get out of each other's reach.
    out_of_reach: Option<Instant>,
    judged: bool,
    /// Whether what was on air is hashed.
    hashed: bool,
    prompter: Prompter,
}

/// The devices, their air, and the seed.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Names of peripheral and central, for reports.
    pub names: [String; 2],
    /// The firmware; for a chip, the known properties of its file.
    pub peripheral: Build,
    /// The file that a chip runs in its place.
    pub chip: Option<Image>,
    /// A host from outside in its place; whose `peripheral` then says nothing.
    pub guest: Option<Guest>,
    /// The central, as the story needs it.
    pub central: Central,
    /// The second central of a story with two, and its name, if it is of another kind.
    pub other: Option<(String, Profile)>,
    /// The permitted findings against each central.
    pub permits: [Permit; 2],
    /// Air and clocks.
    pub air: Air,
    /// How long the person takes from seeing to acting.
    pub reaction: Duration,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Cast {
    /// The cast of a scenario, as a setup wants it.
    #[must_use]
    pub fn of(scenario: &Scenario, setup: &Setup) -> Self {
        let profile = direction::directed(scenario.story, setup);
        let attacked = scenario.story == Story::StaticPasskey;
        let permit = |setup: &Setup, profile: &Profile| match setup.made_up && !attacked {
            true => Permit::MadeUp,
            false => Permit::Declared(profile.breaks.clone()),
        };
        let first = permit(setup, &profile);
        let other = setup.of_other().filter(|_| scenario.story.centrals() > 1);
        let mut permits = [first.clone(), first];
        let other = other.map(|setup| {
            let central = direction::directed(scenario.story, &setup);
            permits[1] = permit(&setup, &central);
            (central.name.clone(), central)
        });
        Self {
            names: [setup.peripheral_name.clone(), profile.name.clone()],
            peripheral: setup.peripheral.clone(),
            chip: setup.chip.clone(),
            guest: None,
            central: Central::new(profile),
            other,
            permits,
            air: setup.air.clone(),
            reaction: setup.air.reaction,
            seed: setup.seed,
        }
    }
}

impl Cast {
    /// The same, but a host from outside plays the peripheral.
    #[must_use]
    pub fn with_guest(mut self, guest: Guest) -> Self {
        let [peripheral, _] = &mut self.names;
        peripheral.clone_from(&guest.name);
        Self { chip: None, guest: Some(guest), ..self }
    }
}

impl Stage {
    /// Puts everybody in place; nothing has happened yet.
    #[must_use]
    pub fn new(scenario: &Scenario, setup: &Setup) -> Self {
        Self::with(scenario, Cast::of(scenario, setup))
    }

    /// Puts this cast in place.
    #[must_use]
    pub fn with(scenario: &Scenario, cast: Cast) -> Self {
        let Cast {
            names,
            peripheral: build,
            chip,
            guest,
            central,
            other,
            permits,
            air,
            reaction,
            seed,
        } = cast;
        let [_, name] = &names;
        let parties = (scenario.story.centrals() > 1).then(|| {
            let second = other.as_ref().map_or(name, |(name, _)| name);
            direction::named_apart(scenario.story, [name, second])
        });
        let mut world = World::new(WorldConfig {
            seed,
            recording: true,
            air_hash: true,
            medium: MediumConfig { loss_ppm: air.loss_ppm, ..MediumConfig::default() },
        });
        let place = |metres: u32, ppm: i32| Placement {
            position_m: (i32::try_from(metres).unwrap_or(i32::MAX), 0),
            clocks: ClockConfig { sleep_ppb: ppm * 1000, ..ClockConfig::default() },
            ..Placement::default()
        };
        let config = &build.config;
        let button = build.application.buttons().first().copied().filter(|_| guest.is_none());
        let required_level = guest.as_ref().map_or(config.required_level, |guest| guest.level);
        let needs_button =
            guest.is_none() && scenario.presses_pairing(config) && air.person != Person::Absent;
        let update = applications::updated(&build);
        let mut cpu = CpuConfig::default();
        cpu.host_latency = cpu.host_latency.max(Duration::from_ms(air.host_latency_ms.into()));
        cpu.host_busy = air.host_busy.map(|[from, length]| {
            let from = Instant::ZERO + from;
            [from, from + length]
        });
        let label = match config.passkey {
            Passkey::Static(passkey) if chip.is_some() => Some(passkey),
            _ => None,
        };
        let label = guest.as_ref().map_or(label, |guest| guest.passkey);
        let confirms_alone = guest.is_some();
        let waits = guest.is_some();
        let peripheral = match (chip, guest) {
            (_, Some(guest)) => {
                Participant::Endpoint(Box::new(EndpointNode::new(guest.controller)))
            }
            (Some(image), None) => {
                let [address, id] = chip::IDENTITY;
                let chip = ChipNode::new(image, address, id).of_revision(air.chip);
                Participant::Chip(Box::new(chip))
            }
            (None, None) => Participant::Peripheral(Box::new(PeripheralNode::new(build, cpu))),
        };
        let peripheral = world.add("peripheral", peripheral, place(0, air.clock_ppm));
        let other = other.map(|(_, profile)| profile);
        let (central, other) = direction::company(scenario.story, central, other);
        let central = world.add(
            "central",
            Participant::Central(Box::new(central)),
            place(air.distance_m, -air.clock_ppm),
        );
        let more = &air.more_loss;
        let lost = [
            (Some(peripheral), None, more.to_peripheral),
            (Some(central), None, more.to_central),
            (None, Some(Phy::Le1M), more.le_1m),
            (None, Some(Phy::Le2M), more.le_2m),
            (None, Some(Phy::LeCoded), more.coded),
        ];
        for (to, phy, ppm) in lost.into_iter().filter(|(.., ppm)| *ppm > 0) {
            world.lose_more(MoreLoss { to, phy, ppm });
        }
        let typing = match (air.person, scenario.story) {
            (Person::Right, Story::WrongPasskey) | (Person::Wrong, _) => Typing::Wrong,
            (Person::Right, _) => Typing::Right,
            (Person::Cancels, _) => Typing::Dismiss,
            (Person::Absent, _) => Typing::Nothing,
        };
        let user = User::new(UserConfig {
            reaction,
            typing,
            label,
            confirms_alone,
            ..UserConfig::default()
        });
        world.add("user", Participant::User(user), place(0, 0));
        let beside = other.map(|other| {
            let place = place(air.distance_m.saturating_add(8), -air.clock_ppm);
            world.add("other central", Participant::Central(Box::new(other)), place)
        });
        let mut stage = Self {
            world,
            beside,
            parties,
            peripheral,
            central,
            scenario: *scenario,
            names,
            seed,
            required_level,
            update,
            needs_button,
            permits,
            facts: PeripheralFacts::default(),
            seen: 0,
            asked: 0,
            settled: None,
            begun: (!waits).then_some(Instant::ZERO),
            over: 0,
            quiet: None,
            recurs: [false; 2],
            rest: Duration::ZERO,
            host_latency: Duration::from_ms(air.host_latency_ms.into())
                .max(air.host_busy.map_or(Duration::ZERO, |[_, length]| length)),
            out_of_reach: air.out_of_reach.map(|after| Instant::ZERO + after),
            judged: true,
            hashed: true,
            prompter: Prompter::default(),
        };
        stage.press_pairing_button();
        stage.press_first_button(button);
        stage
    }

    /// The same, but the link is observed for at least this long once nothing is under way, to
    /// measure an idle link.
    #[must_use]
    pub fn resting(self, rest: Duration) -> Self {
        Self { rest, ..self }
    }

    /// The same, but the oracle is not asked: where only the outcome counts, it costs too much.
    #[must_use]
    pub fn unjudged(self) -> Self {
        Self { judged: false, ..self }
    }

    /// The same, but what is on air is not hashed: where nobody compares that, it is not worth it.
    #[must_use]
    pub fn unhashed(mut self) -> Self {
        self.world.forgo_air_hash();
        Self { hashed: false, ..self }
    }

    /// The same, but with keys that were computed in other runs: those of the same seed have the
    /// same ones, and need not compute them again.
    #[must_use]
    pub fn knowing(mut self, keys: Remembered) -> Self {
        self.world.remember(keys);
        self
    }

    /// The same, but this is done in the middle of it.
    #[must_use]
    pub fn prompted(self, prompts: &[Prompt]) -> Self {
        Self { prompter: Prompter::new(prompts), ..self }
    }

    /// Plays to the end: a whole run as tests want it.
    ///
    /// # Panics
    /// If the oracle finds a violation of the rules that the central's profile does not declare, or
    /// a button was pressed that the peripheral does not have.
    /// [`Self::run`] and [`Self::finish`] leave it to the caller what to do about that.
    #[must_use]
    pub fn play(mut self) -> Finished {
        self.run(|| false);
        let unknown = self.unknown_button();
        assert!(unknown.is_none(), "{}", unknown.unwrap_or_default());
        let finished = self.finish();
        let unexpected = &finished.judgement.unexpected;
        assert!(
            unexpected.is_empty(),
            "{:?}\n{}",
            finished.summary,
            finished.judgement.violations(finished.peripheral).unwrap_or_default()
        );
        finished
    }

    /// Lets time pass until the scenario is over, or `interrupted` says so between two events.
    /// `false`: interrupted.
    pub fn run(&mut self, interrupted: impl Fn() -> bool) -> bool {
        while !interrupted() {
            if !self.advance(Instant::MAX) {
                self.world.run_until(self.end());
                return true;
            }
        }
        false
    }

    /// Lets time pass until this moment, or until the scenario is over. `false`: it is over. To
    /// change the course from then on, change [`Self::world`] and continue.
    pub fn run_until(&mut self, moment: Instant) -> bool {
        while self.advance(moment) {}
        moment < self.end()
    }

    /// Lets time pass until this moment, but not beyond the end of the scenario.
    pub fn pass_until(&mut self, moment: Instant) {
        while self.advance(moment) {}
        self.world.run_until(moment.min(self.end()).max(self.world.now()));
    }

    /// Lets the next event happen, if it is due by then and before the end. `false`: it is not.
    pub(crate) fn advance(&mut self, moment: Instant) -> bool {
        let end = self.end();
        self.prompt(end);
        let due = self.world.next_event().is_some_and(|next| next <= end.min(moment));
        if due {
            self.world.step();
            self.look();
        }
        due
    }

    /// Gives the world the actions that are due before its next event.
    fn prompt(&mut self, end: Instant) {
        let next = self.world.next_event().map_or(end, |next| next.min(end));
        if self.out_of_reach.take_if(|at| *at <= next).is_some() {
            for central in self.beside.into_iter().chain([self.central]) {
                self.world.set_path_loss(self.peripheral, central, NO_REACH_DB);
            }
        }
        while let Some((at, target, act)) = self.prompter.due(next) {
            let node = match target {
                Target::Peripheral => self.peripheral,
                Target::Central => self.central,
            };
            self.world.act(node, at, act);
        }
    }

    /// What may be found against which central. Two systems of one machine are one culprit.
    fn permitted(&self) -> Vec<(NodeId, Permit)> {
        let nodes = [self.central, self.beside.unwrap_or(self.central)];
        nodes.into_iter().zip(self.permits.clone()).collect()
    }

    fn look(&mut self) {
        let records = self.world.records();
        for record in records.get(self.seen..).unwrap_or_default() {
            match self.world.node(self.peripheral) {
                Participant::Chip(chip) => {
                    let nodes = [self.peripheral, self.central];
                    silicon::see(&mut self.facts, chip, nodes, record);
                }
                _ => self.facts.add(self.peripheral, record),
            }
            self.prompter.see(self.peripheral, record);
        }
        let news = records.len() > self.seen;
        let advertises = || {
            let new = records.get(self.seen..).unwrap_or_default();
            new.iter().any(|record| {
                record.node == self.peripheral && matches!(record.kind, RecordKind::AirTx(_))
            })
        };
        let begins = self.begun.is_none() && advertises();
        self.seen = records.len();
        if news {
            self.ask_chip();
            self.ask_central();
        }
        if begins {
            let now = self.world.now();
            self.begun = Some(now);
            self.world.act(self.central, now, Act::Ask("connect".into()));
        }
        if news && self.over < self.facts.endings.len() {
            self.over = self.facts.endings.len();
            self.between_connections(self.over);
        }
        if news && self.settled.is_none() && self.is_settled() {
            self.settled = Some(self.world.now());
        }
        // Devices change when they are told something, and not between; the beginning is a person's
        // act.
        if begins || self.world.told() > self.asked {
            self.asked = self.world.told();
            self.watch();
        }
    }

    /// Whether it has begun: with a host from outside, whether that has advertised.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Why the result is not what the scenario or a test meant, if so.
    fn void(&self) -> Option<String> {
        self.stopped().or_else(|| self.unknown_button())
    }

    fn unknown_button(&self) -> Option<String> {
        match self.world.node(self.peripheral) {
            Participant::Peripheral(node) => node.unknown_button(),
            _ => None,
        }
    }
}
