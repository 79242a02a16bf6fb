//! The fixed, finite space of `--pairs`: what happens when two procedures meet.
//!
//! Every procedure that the peripheral's host can ask for × every one that the central's can ×
//! the second from three connection events before the first to eight after it × nothing lost,
//! every single packet lost, every two packets lost of the first [`WINDOW`] × both channel
//! selection algorithms × encryption off and on × every start state. `--triples` adds a third
//! procedure.
//!
//! A [`Unit`] of work is all offsets and losses of one pair in one start state. It is searched by
//! one thread in one order, so that its counts depend on nothing else.

use std::fmt;

use ble::pdu::control::FeatureSet;
use firmware_core::control::ControlConfig;
use serde::{Deserialize, Serialize};

use super::case::{Case, Csa, Procedure, Side, Start, Switch, What};

mod search;

pub use search::search;

/// Number of packets from the first request on, both directions together, of which every pair is
/// lost by default.
pub const WINDOW: u32 = 24;

/// Number of packets from the first request on of which each is lost: far more than a run has
/// unless it waits for a link to die.
pub const LAST: u32 = 160;

/// Connection event of the first procedure.
const FIRST: u16 = 3;

/// The kind of meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeetingKind {
    /// Two procedures, up to two losses.
    Pairs,
    /// Three procedures, up to one loss, on a fresh link with the second algorithm.
    Triples,
}

impl MeetingKind {
    const fn losses(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::Triples => 1,
        }
    }
}

/// The options common to all units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Common {
    /// Firmware: a preset, a file that ends in `.toml`, or `any` in a random search.
    pub peripheral: String,
    /// Central: a name, a file that ends in `.toml`, or `any` in a random search.
    pub central: String,
    /// Changes of both, `KEY=VALUE`.
    pub set: Vec<String>,
}

/// A part of the space that is searched by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    kind: MeetingKind,
    /// Seed, start state, algorithm, encryption; no procedures.
    pub case: Case,
    /// The requests, the peripheral's first.
    pub wishes: Vec<(Side, What)>,
    /// Number of packets from the first request on of which every pair is lost, at most [`LAST`].
    pub window: u32,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { start, csa, encryption, seed, .. } = &self.case;
        let encryption = if *encryption == Switch::On { "on" } else { "off" };
        write!(f, "{} start={} csa={}", self.pair(), start.name(), u8::from(*csa))?;
        write!(f, " encryption={encryption} seed={seed}")
    }
}

impl Unit {
    /// What meets: `P phy × C features`, the peripheral's first.
    #[must_use]
    pub fn pair(&self) -> String {
        let name = |(side, what): &(Side, What)| {
            let side = if *side == Side::Central { "C" } else { "P" };
            format!("{side} {}", what.name())
        };
        let names: Vec<String> = self.wishes.iter().map(name).collect();
        names.join(" × ")
    }

    /// The procedures at every offset, in their order.
    #[must_use]
    pub fn meetings(&self) -> Vec<Vec<Procedure>> {
        let at = |index: usize, event: u16| {
            let (who, what) = self.wishes[index].clone();
            Procedure::new(who, what, event)
        };
        match self.kind {
            MeetingKind::Pairs => {
                (0..=FIRST + 8).map(|event| vec![at(0, FIRST), at(1, event)]).collect()
            }
            MeetingKind::Triples => [0, 3, 5, 9]
                .into_iter()
                .flat_map(|second| [1, 3, 6].map(|third| (second, third)))
                .map(|(second, third)| vec![at(0, FIRST), at(1, second), at(2, third)])
                .collect(),
        }
    }
}

/// All units in their order.
#[must_use]
pub fn units(kind: MeetingKind, common: &Common, seeds: std::ops::Range<u64>) -> Vec<Unit> {
    let mut units = Vec::new();
    for seed in seeds {
        for (start, csa, encryption) in links(kind, common) {
            let case = Case {
                peripheral: common.peripheral.clone(),
                central: common.central.clone(),
                set: common.set.clone(),
                seed,
                csa,
                encryption,
                start,
                ..Case::default()
            };
            for wishes in wishes(kind, start, encryption) {
                units.push(Unit { kind, case: case.clone(), wishes, window: WINDOW });
            }
        }
    }
    units
}

fn links(kind: MeetingKind, common: &Common) -> Vec<(Start, Csa, Switch)> {
    let (starts, algorithms): (&[Start], &[Csa]) = match kind {
        MeetingKind::Pairs => (&STARTS, &[Csa::One, Csa::Two]),
        MeetingKind::Triples => (&[Start::Fresh], &[Csa::Two]),
    };
    let features = shared(common);
    let mut links = Vec::new();
    for start in starts.iter().filter(|start| features.has(needed(**start))) {
        for csa in algorithms {
            for encryption in [Switch::Off, Switch::On] {
                links.push((*start, *csa, encryption));
            }
        }
    }
    links
}

const STARTS: [Start; 5] =
    [Start::Fresh, Start::NearWrap, Start::Latency4, Start::Le2M, Start::Coded];

/// The features that both ends have.
fn shared(common: &Common) -> FeatureSet {
    let Common { peripheral, central, set } = common.clone();
    let setup = Case { peripheral, central, set, ..Case::default() }.setup();
    // Unknown names are reported elsewhere.
    setup.map_or(FeatureSet(0), |setup| {
        ControlConfig::SUPPORTED.and(setup.central.controller.features)
    })
}

/// Without which there is no such start state.
const fn needed(start: Start) -> FeatureSet {
    match start {
        Start::Fresh | Start::NearWrap | Start::Latency4 => FeatureSet(0),
        Start::Le2M => FeatureSet::LE_2M,
        Start::Coded => FeatureSet::LE_CODED,
    }
}

fn wishes(kind: MeetingKind, start: Start, encryption: Switch) -> Vec<Vec<(Side, What)>> {
    let of = |side| alone(side, start, encryption).into_iter().map(move |what| (side, what));
    let mut all = Vec::new();
    for local in of(Side::Peripheral) {
        for remote in of(Side::Central) {
            match kind {
                MeetingKind::Pairs => all.push(vec![local.clone(), remote]),
                MeetingKind::Triples => {
                    for third in of(Side::Peripheral).chain(of(Side::Central)) {
                        all.push(vec![local.clone(), remote.clone(), third]);
                    }
                }
            }
        }
    }
    all
}

/// The requests that a side's host can make, with values that change something.
fn alone(side: Side, start: Start, encryption: Switch) -> Vec<What> {
    let phy = if matches!(start, Start::Le2M | Start::Coded) { 1 } else { 2 };
    let mut all = vec![
        What::Features,
        What::Version,
        What::DataLength { octets: 251, time: 2120 },
        What::Phy { tx: phy, rx: phy },
    ];
    match side {
        Side::Peripheral => {
            all.push(What::ConnectionUpdate { interval: 8, latency: 0, timeout: 300 });
            all.push(What::MinUsedChannels { channels: 30 });
        }
        Side::Central => {
            let (interval, latency, timeout) = (10, 1, 350);
            all.push(What::ConnectionUpdate { interval, latency, timeout });
            all.push(What::ParameterRequest { interval, latency, timeout });
            all.push(What::ChannelMap { map: 0x1F_FF00_00FF });
            all.push(What::Encryption);
        }
    }
    if encryption == Switch::On {
        all.push(What::Ping);
    }
    all.extend([What::Data, What::Terminate]);
    all
}

#[cfg(test)]
mod tests;
