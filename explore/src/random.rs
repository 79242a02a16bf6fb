//! Random cases, swarm style: each seed first draws what kind of run it is (how lossy, how well
//! behaved, which procedures at all) and then the run, so that rare mixes come about as well as
//! common ones. A case depends on its seed and on the space alone.

use bletwin_sim::random::{Purpose, Stream};

use bletwin_setup::error::BadInput;

use super::case::{Case, Clocks, Csa, How, Loss, Procedure, Refusal, Side, Start, Switch, What};
use super::pairs::Common;

mod block;

pub use block::{Block, blocks};

/// Firmware, or a central, that is drawn.
pub const ANY: &str = "any";

/// The fixed part of the cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Firmware preset; `None`: any.
    pub peripheral: Option<String>,
    /// Central by name; `None`: an honest one, with features and manners that are drawn.
    pub central: Option<String>,
    /// Settings of all runs.
    pub set: Vec<String>,
}

impl From<&Common> for Space {
    /// [`ANY`] stands for drawn values.
    fn from(common: &Common) -> Self {
        let named = |name: &String| (name != ANY).then(|| name.clone());
        Self {
            peripheral: named(&common.peripheral),
            central: named(&common.central),
            set: common.set.clone(),
        }
    }
}

impl Space {
    /// Makes sure that all that it names is there.
    ///
    /// # Errors
    /// [`BadInput`] if it is not.
    pub fn setup(&self) -> Result<(), BadInput> {
        let mut case = Case { set: self.set.clone(), ..Case::default() };
        case.peripheral = self.peripheral.clone().unwrap_or(case.peripheral);
        case.central = self.central.clone().unwrap_or(case.central);
        case.setup().map(drop)
    }
}

/// Draws the case of a seed.
#[must_use]
pub fn draw(space: &Space, seed: u64) -> Case {
    let mut dice = Dice(Stream::new(seed, u16::MAX, Purpose::Entropy));
    let peripheral = space.peripheral.clone().unwrap_or_else(|| preset(&mut dice));
    let mut case = Case { peripheral, seed, set: space.set.clone(), ..Case::default() };
    dice.link(&mut case);
    dice.procedures(&mut case);
    dice.refusals(&mut case);
    dice.air(&mut case);
    match &space.central {
        Some(central) => case.central.clone_from(central),
        None => dice.central(&mut case),
    }
    if case.start == Start::NearWrap {
        ordinary(&mut case, space);
    }
    case
}

/// It takes long to get near the end of the event counter: all go there by few ways, which are
/// kept.
fn ordinary(case: &mut Case, space: &Space) {
    let plain = Case::default();
    case.set.clone_from(&space.set);
    (case.seed, case.interval, case.loss_ppm) = (plain.seed, plain.interval, plain.loss_ppm);
    (case.csa, case.encryption) = (plain.csa, plain.encryption);
    let central = 500 * case.clocks.central.signum();
    case.clocks = Clocks { peripheral: -central, central };
    case.peripheral = space.peripheral.clone().unwrap_or(plain.peripheral);
    case.quirks.clear();
    case.refuse.clear();
}

fn preset(dice: &mut Dice) -> String {
    let presets = bletwin_setup::PRESETS;
    presets[dice.below(presets.len() as u32) as usize].to_owned()
}

/// Procedures that one side may be asked for; the drawn parameters aside.
const KINDS: u32 = 12;

struct Dice(Stream);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.below(bound)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// From the first to the last, both included.
    fn range(&mut self, first: u16, last: u16) -> u16 {
        first + self.below(u32::from(last - first) + 1) as u16
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    fn link(&mut self, case: &mut Case) {
        case.csa = self.pick(&[Csa::One, Csa::Two, Csa::Two]);
        case.encryption = self.pick(&[Switch::Off, Switch::Off, Switch::On]);
        case.start = match self.below(32) {
            0 => Start::NearWrap,
            1..=6 => Start::Latency4,
            7..=10 => Start::Le2M,
            11 | 12 => Start::Coded,
            _ => Start::Fresh,
        };
        case.interval = match self.below(3) {
            0 => 6,
            1 => self.range(6, 24),
            _ => self.range(6, 80),
        };
        let settings: [&[&str]; 5] = [
            &["phy-update=on-connect", "phy-update=after-bonding", "phy-update=never"],
            &["data-length=on-connect", "data-length=after-bonding", "data-length=never"],
            &["feature-exchange=always", "feature-exchange=cached"],
            &["param-update=100", "param-update=1000:not-while-pairing", "param-update=never"],
            &["min-used-channels=2", "min-used-channels=20", "min-used-channels=37"],
        ];
        for values in settings {
            if self.one_in(4) {
                case.set.push(self.pick(values).to_owned());
            }
        }
    }

    fn procedures(&mut self, case: &mut Case) {
        // What neither host ever asks for in this run.
        let absent = if self.one_in(2) { self.below(1 << KINDS) } else { 0 };
        let around = self.range(0, 12);
        let spread = self.pick(&[1, 4, 12, 60]);
        for _ in 0..=self.below(7) {
            let who = self.pick(&[Side::Peripheral, Side::Central]);
            let kind = self.below(KINDS);
            let Some(what) = self.what(who, kind).filter(|_| absent >> kind & 1 == 0) else {
                continue;
            };
            let position = if self.one_in(2) { 500 } else { self.range(0, 999) };
            let event = around + self.range(0, spread);
            case.procedures.push(Procedure { position, ..Procedure::new(who, what, event) });
        }
    }

    /// Draws the hosts' refusals. Without the key no link begins encrypted.
    fn refusals(&mut self, case: &mut Case) {
        if self.one_in(6) {
            case.set.push("param-requests=refuse".into());
        }
        if self.one_in(6) {
            case.refuse.push(Refusal::CentralParameters);
        }
        if self.one_in(4) && case.encryption == Switch::Off {
            case.refuse.push(Refusal::PeripheralKey);
        }
    }

    fn what(&mut self, who: Side, kind: u32) -> Option<What> {
        let central = who == Side::Central;
        Some(match kind {
            0 => What::Features,
            1 => What::Version,
            2 => What::DataLength { octets: self.range(27, 251), time: self.range(328, 2120) },
            3 | 4 => What::Phy { tx: self.range(1, 3) as u8, rx: self.range(1, 3) as u8 },
            5 | 6 => {
                let (interval, latency) = (self.range(6, 40), self.pick(&[0, 0, 1, 2, 4, 9]));
                let timeout = self.range(200, 600);
                if central && self.one_in(2) {
                    What::ParameterRequest { interval, latency, timeout }
                } else {
                    What::ConnectionUpdate { interval, latency, timeout }
                }
            }
            7 => What::Ping,
            8 if central => {
                let map = u64::from(self.0.u32()) | u64::from(self.below(32)) << 32;
                What::ChannelMap { map: map | 0x18_0000_0003 }
            }
            9 if central => What::Encryption,
            10 if self.one_in(6) => What::Terminate,
            11 if !central => What::MinUsedChannels { channels: self.range(2, 37) as u8 },
            8..=11 => What::Data,
            _ => return None,
        })
    }

    fn air(&mut self, case: &mut Case) {
        if self.one_in(2) {
            case.clocks = match self.below(3) {
                0 => Clocks { peripheral: self.ppm(), central: self.ppm() },
                1 => Clocks { peripheral: 500, central: -500 },
                _ => Clocks { peripheral: -500, central: 500 },
            };
        }
        if self.one_in(2) {
            for _ in 0..=self.below(3) {
                let of = self.pick(&[Side::Peripheral, Side::Central]);
                let packet = u32::from(self.range(1, 40));
                let how = self.pick(&[How::Lost, How::Lost, How::Corrupted]);
                case.losses.push(Loss { of, packet, how });
            }
        }
        if self.one_in(6) {
            case.loss_ppm = self.pick(&[10_000, 50_000, 200_000]);
        }
    }

    fn ppm(&mut self) -> i16 {
        self.range(0, 1000) as i16 - 500
    }

    /// Features and manners of an honest controller, and sometimes bad ones.
    fn central(&mut self, case: &mut Case) {
        if self.one_in(3) {
            let mut features = bletwin_models::profile::Profile::honest().controller.features.0;
            for _ in 0..=self.below(2) {
                features &= !(1 << self.pick(&[1, 2, 3, 4, 8, 16]));
            }
            case.set.push(format!("{}features={features:x}", bletwin_setup::keys::CENTRAL_PREFIX));
        }
        let manners = self.below(4);
        if manners & 1 == 1 {
            for _ in 0..=self.below(2) {
                let answer = self.answer();
                case.quirks.push(answer);
            }
        }
        if manners & 2 == 2 {
            let central =
                |p: &&mut Procedure| p.who == Side::Central && p.what.forced_name().is_some();
            for procedure in case.procedures.iter_mut().filter(central) {
                procedure.forced = self.one_in(2);
            }
            if self.one_in(4) {
                let what = What::MinUsedChannels { channels: 20 };
                let turned = Procedure::new(Side::Central, what, self.range(0, 20));
                case.procedures.push(Procedure { forced: true, ..turned });
            }
        }
    }

    /// How the central answers one kind of request.
    fn answer(&mut self) -> String {
        let request =
            self.pick(&["phy-req", "length-req", "param-req", "feature-req", "version-ind"]);
        let code = self.pick(&["0x0c", "0x1a", "0x20", "0x23", "0x2a", "0x3b"]);
        let answer = match self.below(9) {
            0 | 1 => "unknown".to_owned(),
            2 | 3 => format!("reject:{code}"),
            4 => format!("reject-ext:{code}"),
            5 => "then-phy-req".to_owned(),
            6 => "then-param-req".to_owned(),
            7 => "now".to_owned(),
            _ => "never".to_owned(),
        };
        let delay = self.pick(&["", "", "+1", "+4"]);
        format!("{request}={answer}@always{delay}")
    }
}
