//! Mistakes to be planted, drawn by number: quirks of the catalogue, answers against the rules,
//! procedures at a bad moment, faults of other firmware, lost keys, bad air, slow people.

use ble::time::Duration;
use bletwin::quirks::{self, Trial};
use bletwin_models::profile::catalogue;
use bletwin_models::user::UserConfig;
use bletwin_setup::Setup;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::again::{HONEST, MENDED, Planted, QUICK, RECEIVED};

/// Draws one plant.
pub(super) struct Plants {
    preset: &'static str,
    number: u64,
    rng: ChaCha8Rng,
}

const CENTRALS: [&str; 8] =
    ["honest", "phone", "ios", "android-16", "bluez", "windows-10", "windows-11", "esp32"];
const REQUESTS: [&str; 5] = ["phy-req", "length-req", "param-req", "feature-req", "version-ind"];
const CONDITIONS: [&str; 5] = ["always", "pairing", "encrypting", "plain", "first"];

impl Plants {
    pub(super) fn new(preset: &'static str, number: u64) -> Self {
        Self { preset, number, rng: ChaCha8Rng::seed_from_u64(number) }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.rng.next_u32()).expect("32 bits fit") % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The plant of this number.
    pub(super) fn draw(mut self) -> Planted {
        match self.below(8) {
            0 | 1 => self.quirk(),
            2 | 3 => self.answer(),
            4 => self.press(),
            5 => self.firmware(),
            6 => self.key(),
            _ => self.surroundings(),
        }
    }

    /// Two mistakes, what mends the one and the other, and a run with each alone.
    pub(super) fn draw_two(mut self) -> (Planted, [&'static str; 2], [Planted; 2]) {
        let (both, ways) = match self.below(3) {
            0 => (self.firmware(), [HONEST, MENDED]),
            1 => (self.patience(), [HONEST, QUICK]),
            _ => (self.close_instants(), [HONEST, RECEIVED]),
        };
        let (bent, clean) = (both.setup.clone(), both.clean.clone());
        let of_central = Setup { central: bent.central.clone(), ..clean.clone() };
        let of_the_rest = Setup { central: clean.central, ..bent };
        let alone = [of_central, of_the_rest].map(|setup| Planted { setup, ..both.clone() });
        (both, ways, alone)
    }

    fn setup(&self, central: &str) -> Setup {
        Setup::new(self.preset, central, self.number).expect("known names")
    }

    /// A setup twice: with these assignments, and without.
    fn planted(&self, scenario: &'static str, clean: Setup, set: &[String]) -> Planted {
        let mut setup = clean.clone();
        for assignment in set {
            if let Err(error) = setup.set(assignment) {
                panic!("{assignment}: {error:?}");
            }
        }
        let name = format!(
            "#{} {scenario} {} {} {}",
            self.number,
            self.preset,
            clean.central.name,
            set.join(" ")
        );
        let reaction = UserConfig::default().reaction;
        Planted {
            name,
            scenario,
            setup,
            clean,
            clean_scenario: scenario,
            reaction,
            otherwise: Vec::new(),
        }
    }

    /// One of the catalogue, with another seed and other parameters of the link.
    fn quirk(&mut self) -> Planted {
        let all = catalogue::quirks();
        let entry = &all[self.below(all.len())];
        let quirk = entry.quirk.as_ref().expect("quirks have a table");
        let of = |trial| quirks::setup(entry, quirk, trial, self.number).expect("known keys");
        let [mut setup, mut clean] = [of(Trial::With), of(Trial::Without)];
        let preset = bletwin_setup::preset(self.preset).expect("known");
        for setup in [&mut setup, &mut clean] {
            setup.peripheral = preset.clone();
            for assignment in &quirk.set {
                setup.set(assignment).expect("known keys");
            }
        }
        // What the firmware does wrong is planted, too.
        let faults = ["refusals", "features-hollow", "features-left-out", "debug-key"];
        clean.peripheral = preset;
        for assignment in &quirk.set {
            if !faults.iter().any(|fault| assignment.starts_with(fault)) {
                clean.set(assignment).expect("known keys");
            }
        }
        let interval = self.pick(&["", "15000", "22500", "30000", "45000"]);
        if !interval.is_empty() {
            for setup in [&mut setup, &mut clean] {
                let set = |setup: &mut Setup, key: &str| {
                    setup.set(&format!("central.{key}={interval}")).expect("an interval");
                };
                set(setup, "interval-us");
            }
        }
        let scenario = bletwin_scenarios::catalogue::by_name(&quirk.scenario).expect("known");
        let name = format!("#{} {} {} {interval}", self.number, entry.profile.name, self.preset);
        let reaction = UserConfig::default().reaction;
        let lost = scenario.name == "bond-lost";
        let clean_scenario = if lost { "reconnect" } else { scenario.name };
        Planted {
            name,
            scenario: scenario.name,
            setup,
            clean,
            clean_scenario,
            reaction,
            otherwise: Vec::new(),
        }
    }

    /// An answer against the rules.
    fn answer(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let request = self.pick(&REQUESTS);
        let answer = match self.below(8) {
            0 => "never".to_owned(),
            1 | 2 => "block".to_owned(),
            3 => format!("silent:{}", self.below(20)),
            4 if request == "phy-req" || request == "param-req" => "no-switch".to_owned(),
            5 if request != "version-ind" => "then-phy-req".to_owned(),
            6 if request != "version-ind" => "then-param-req".to_owned(),
            _ => "block".to_owned(),
        };
        let condition = self.pick(&CONDITIONS);
        let scenario = self.pick(&["pairing", "pairing", "stay", "reconnect"]);
        let set = [format!("central.{request}={answer}@{condition}")];
        self.planted(scenario, self.setup(central), &set)
    }

    /// A procedure of the central at a moment at which the rules forbid it.
    fn press(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let procedure = self.pick(&["phy", "parameters", "channel-map"]);
        let event = self.below(40);
        let second = self.pick(&["phy", "parameters"]);
        let gap = 1 + self.below(4);
        let set = [format!("central.press={procedure}@{event},{second}@{}", event + gap)];
        let scenario = self.pick(&["pairing", "stay"]);
        self.planted(scenario, self.setup(central), &set)
    }

    /// A fault of other firmware, and a central that brings it to light.
    fn firmware(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let (peripheral, answer) = match self.below(4) {
            0 => ("refusals=extended-only", "central.phy-req=reject:0x1a"),
            1 => ("refusals=extended-only", "central.length-req=unknown"),
            2 => ("features-hollow=2m,coded", "central.on-unknown-rsp=block"),
            _ => ("features-left-out=param-request", "central.on-unknown-rsp=silent:6"),
        };
        let mut set = vec![peripheral.to_owned(), answer.to_owned()];
        if peripheral.starts_with("features-hollow") {
            let event = 4 + self.below(40);
            set.push(format!("central.own-procedures=phy@{event}"));
            set.push("phy-update=never".to_owned());
        }
        let scenario = self.pick(&["pairing", "stay"]);
        self.planted(scenario, self.setup(central), &set)
    }

    /// The peripheral has lost its bonds.
    fn key(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let clean = self.setup(central);
        let mut planted = self.planted("bond-lost", clean, &[]);
        // Without what was planted the bond is there.
        planted.name.push_str("lost key");
        planted.clean_scenario = "reconnect";
        planted
    }

    /// Bad air, an impatient central, a person who takes too long.
    fn surroundings(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        match self.below(5) {
            4 => self.busy(),
            0 => {
                let timeout = self.pick(&[240, 300, 420]);
                let loss = self.pick(&[20, 25, 30]);
                let set = [format!("loss={loss}"), format!("central.timeout-ms={timeout}")];
                self.planted("stay", self.setup(central), &set)
            }
            1 => self.close_instants(),
            2 => self.patience(),
            _ => {
                let mut planted = self.planted("pairing", self.setup(central), &[]);
                let seconds = 31 + u64::from(self.rng.next_u32() % 20);
                planted.reaction = Duration::from_secs(seconds);
                planted.name.push_str(&format!("person takes {seconds} s"));
                planted
            }
        }
    }

    /// A host that something keeps from work, in the middle of pairing.
    fn busy(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let (from, length) = (500 + self.below(5_000), 20_000 + self.below(25_000));
        self.planted("pairing", self.setup(central), &[format!("host-busy={from}:{length}")])
    }

    /// Instants so close that one lost packet is too many.
    fn close_instants(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let event = 20 + self.below(200);
        let set = [
            format!("loss={}", 10 + self.below(15)),
            "central.instant-events=1".to_owned(),
            format!("central.own-procedures=channel-map@{event}"),
            "param-update=never".to_owned(),
        ];
        self.planted("stay", self.setup(central), &set)
    }

    /// A host that takes its time, and a central that has none.
    fn patience(&mut self) -> Planted {
        let central = self.pick(&CENTRALS);
        let patience = 2 + self.below(3);
        let set = [
            format!("host-latency={}", 10 + self.below(30)),
            format!("central.encryption-patience={patience}"),
        ];
        self.planted("reconnect", self.setup(central), &set)
    }
}
