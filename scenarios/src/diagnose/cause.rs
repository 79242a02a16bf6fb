//! What it is that makes the run fail: the PDU at which the failing and the cured run part, with
//! the proof that it is the cause and no coincidence.

use bletwin_sim::sniffer::sniff;
use firmware_core::config::Config;
use firmware_core::host::procedures::Request;
use firmware_core::time::Instant;
use serde::Serialize;

use super::behaviour;
use super::bench::{Bench, Trial};
use super::outcome::Share;
use super::part::{Difference, Parting, part};
use super::suspect::{self, Asked};
use crate::stage::Finished;
use crate::why::Told;

/// Causes that are looked for one behind the other, where each is enough to fail.
const CAUSES_MAX: usize = 3;

/// How the proof was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The procedure alone was taken out, and asked for again at the same moment by an application.
    Procedure,
    /// The configuration was changed, and changed back.
    Configuration,
}

/// A cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The PDU's name as the specification writes it.
    pub pdu: String,
    /// How the two runs differ in it.
    pub difference: Difference,
    /// What the other run has in its place.
    pub instead: Option<String>,
    /// Connection, from 1.
    pub connection: usize,
    /// connEventCount.
    pub event: Option<u16>,
    /// World time of its first bit, µs.
    pub at_us: u64,
    /// Whether pairing was under way.
    pub while_pairing: bool,
    /// PDUs of the peripheral that both runs have before it.
    pub common: usize,
    /// How the proof was made.
    pub means: Means,
    /// Good runs with it taken out.
    pub removed: Share,
    /// Bad runs with it put back.
    pub put_back: Share,
    /// How the central took it.
    pub reaction: Option<String>,
    /// Number of the PDU's record in the failing run, or in the cured one if only that has it.
    pub record: u64,
    /// The procedure that it asks for.
    #[serde(skip)]
    pub request: Option<Request>,
}

/// What a cause is looked for with.
pub struct Case<'a> {
    /// Where runs are played.
    pub bench: &'a Bench<'a>,
    /// The failing firmware.
    pub base: &'a Config,
    /// A cured one.
    pub cured: &'a Config,
    /// Seeds with which the former fails; the first is told about.
    pub seeds: &'a [u64],
}

impl Case<'_> {
    /// The cause; where each of several is enough to fail, all of them. `None`: interrupted.
    #[must_use]
    pub fn causes(&self) -> Option<Vec<Cause>> {
        let Some(&seed) = self.seeds.first() else { return Some(Vec::new()) };
        let (mut firmware, mut cured) = (self.base.clone(), self.cured.clone());
        let mut causes = Vec::new();
        while causes.len() < CAUSES_MAX {
            let cured_run = self.bench.play(&Trial::new(&cured, seed))?;
            let failing = self.bench.play(&Trial::new(&firmware, seed))?;
            let Some(parting) = part(&failing, &cured_run) else { break };
            let cause = self.cause(&firmware, &failing, &parting)?;
            let (healed, request) = (cause.removed.is_all(), cause.request);
            causes.push(cause);
            let Some(request) = request.filter(|_| !healed) else { break };
            let without = suspect::without(&firmware, request);
            if without == firmware {
                break;
            }
            // What is behind it shows when it is gone from both.
            (firmware, cured) = (without, suspect::without(&cured, request));
        }
        Some(causes)
    }

    fn cause(&self, firmware: &Config, failing: &Finished, parting: &Parting) -> Option<Cause> {
        let spot = &parting.spot;
        let here = parting.difference != Difference::OnlyInCured;
        let request = spot.request.filter(|_| here);
        let procedure = match request {
            Some(request) => self.procedure(firmware, request)?,
            None => None,
        };
        let (means, removed, put_back) = match procedure {
            Some((removed, put_back)) => (Means::Procedure, removed, put_back),
            None => (Means::Configuration, self.good(self.cured)?, self.bad(firmware)?),
        };
        Some(Cause {
            pdu: spot.name.clone(),
            difference: parting.difference,
            instead: parting.other.as_ref().map(|other| other.name.clone()),
            connection: spot.connection + 1,
            event: spot.event,
            at_us: spot.at.as_us(),
            while_pairing: here && while_pairing(failing, parting),
            common: parting.common,
            means,
            removed,
            put_back,
            reaction: reaction(failing, parting),
            record: spot.record.0,
            request,
        })
    }

    /// Takes the procedure out of the failing firmware, and puts it back into the cured one where
    /// each failing run had it. Inner `None`: it cannot be taken out, or was not the host's wish.
    fn procedure(&self, firmware: &Config, request: Request) -> Option<Option<(Share, Share)>> {
        let without = suspect::without(firmware, request);
        if without == *firmware {
            return Some(None);
        }
        let mut trials = Vec::new();
        for &seed in self.seeds {
            let failing = self.bench.play(&Trial::new(firmware, seed))?;
            let cured = self.bench.play(&Trial::new(self.cured, seed))?;
            let Some(asked) = decisive(&failing, request) else { return Some(None) };
            let others = suspect::schedule(&cured, Instant::MAX)
                .into_iter()
                .filter(|a| a.request != request);
            // First: where another is asked for at the same time, it was there before.
            let prompts = suspect::replay([asked].into_iter().chain(others).collect());
            trials.push(Trial::new(&suspect::mute(self.cured), seed).prompted(&prompts));
        }
        let put_back = Share::bad(&self.bench.outcomes(&trials)?);
        Some(Some((self.good(&without)?, put_back)))
    }

    fn good(&self, config: &Config) -> Option<Share> {
        Some(Share::good(&self.bench.outcomes(&self.trials(config))?))
    }

    fn bad(&self, config: &Config) -> Option<Share> {
        Some(Share::bad(&self.bench.outcomes(&self.trials(config))?))
    }

    fn trials(&self, config: &Config) -> Vec<Trial> {
        self.seeds.iter().map(|&seed| Trial::new(config, seed)).collect()
    }
}

/// What the central did about the PDU, or asked for before it.
fn reaction(failing: &Finished, parting: &Parting) -> Option<String> {
    if parting.difference == Difference::OnlyInCured {
        return None;
    }
    if parting.spot.name.starts_with("SMP ") {
        return behaviour::offer(failing);
    }
    behaviour::reaction(failing, parting.spot.record)
}

/// When the host asked for what was first on air.
fn decisive(failing: &Finished, request: Request) -> Option<Asked> {
    let until = behaviour::first_on_air(failing, request)?;
    let mut asked = suspect::schedule(failing, until).into_iter();
    asked.rfind(|asked| asked.request == request)
}

fn while_pairing(failing: &Finished, parting: &Parting) -> bool {
    let told = Told::of(failing, &sniff(&failing.records));
    let index = told.pdus.iter().position(|pdu| pdu.id == parting.spot.record);
    told.pairing.zip(index).is_some_and(|(pairing, index)| pairing.pending_at(index))
}
