//! The cause of a failure: the PDU at which the failing and the cured run diverge, with the proof
//! that it is no coincidence.

use ble::time::Instant;
use bletwin_setup::Build;
use bletwin_sim::sniffer::sniff;
use firmware_core::host::procedures::Request;
use serde::Serialize;

use super::behaviour;
use super::bench::{Bench, Trial};
use super::candidates::Candidate;
use super::divergence::{Difference, Parting, Spot, lacked, part, part_at, spots};
use super::outcome::Share;
use super::suspect::{self, HostRequest};
use bletwin_explain::why::Account;
use bletwin_scenarios::stage::Finished;

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

/// The PDU at which the failing and the cured run part, and the proof that it is the cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The PDU's name as the specification writes it.
    pub pdu: String,
    /// How the two runs differ in it.
    pub difference: Difference,
    /// The PDU of the other run in its place.
    pub instead: Option<String>,
    /// Connection, from 1.
    pub connection: usize,
    /// connEventCount of the event in which it was sent, where that is known.
    pub event: Option<u16>,
    /// World time of its first bit, µs.
    pub at_us: u64,
    /// Whether pairing was under way.
    pub while_pairing: bool,
    /// PDUs of the peripheral that both runs have before it.
    pub common: usize,
    /// How the proof was made.
    pub means: Means,
    /// The change that heals, as for `--set`, where the proof was made by the configuration.
    pub set: Vec<String>,
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

impl Cause {
    /// Whether taking it out alone heals always, and putting it back alone fails always.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        self.put_back.is_all() && self.removed.is_all()
    }
}

/// The proof by a procedure.
struct Proof {
    removed: Share,
    put_back: Share,
    /// Where it was put back, from 0; `None`: into every connection that had it.
    connection: Option<usize>,
}

/// The inputs of the search for a cause.
pub struct Case<'a> {
    /// Where runs are played.
    pub bench: &'a Bench<'a>,
    /// The failing firmware.
    pub base: &'a Build,
    /// A cured one, and its changes.
    pub cured: &'a Candidate,
    /// Seeds with which the former fails; the report is about the first.
    pub seeds: &'a [u64],
}

impl Case<'_> {
    /// The cause; where each of several is enough to fail, all of them. Empty: the runs part at
    /// nothing that is proven. `None`: interrupted.
    #[must_use]
    pub fn causes(&self) -> Option<Vec<Cause>> {
        let Some(&seed) = self.seeds.first() else { return Some(Vec::new()) };
        let (mut firmware, mut cured) = (self.base.clone(), self.cured.config.clone());
        let mut causes = Vec::new();
        while causes.len() < CAUSES_MAX {
            let cured_run = self.bench.play(&Trial::new(&cured, seed))?;
            let failing = self.bench.play(&Trial::new(&firmware, seed))?;
            let Some(parting) = part(&failing, &cured_run) else { break };
            let Some(cause) = self.cause(&firmware, [&failing, &cured_run], parting)? else {
                break;
            };
            let (healed, request) = (cause.removed.is_all(), cause.request);
            causes.push(cause);
            let Some(request) = request.filter(|_| !healed) else { break };
            let without = suspect::without(&firmware, request);
            if without == firmware {
                break;
            }
            // Remove it from both to see what is behind it.
            (firmware, cured) = (without, suspect::without(&cured, request));
        }
        Some(causes)
    }

    /// Inner `None`: it is not proven that what they part at is one.
    fn cause(
        &self,
        firmware: &Build,
        [failing, cured]: [&Finished; 2],
        mut parting: Parting,
    ) -> Option<Option<Cause>> {
        let here = parting.difference != Difference::OnlyInCured;
        let request = parting.spot.request.filter(|_| here);
        let procedure = match request {
            Some(request) => self.procedure(firmware, failing, request)?,
            None => None,
        };
        let (means, removed, put_back) = match procedure {
            // Put back it must fail each time: what does no harm then is no cause.
            Some(Proof { removed, put_back, connection }) if put_back.is_all() => {
                // The PDU at which the runs diverge may be harmless, and the same PDU in a later
                // connection not.
                let elsewhere = connection.filter(|n| *n != parting.spot.connection).zip(request);
                if let Some((connection, request)) = elsewhere {
                    parting = part_at(failing, cured, connection, request).unwrap_or(parting);
                }
                (Means::Procedure, removed, put_back)
            }
            _ => {
                if procedure.is_some() {
                    // It is sent at another time, and no more than that.
                    let Some(lacked) = lacked(failing, cured) else { return Some(None) };
                    parting = lacked;
                }
                if !self.is_shown_by(firmware, &parting)? {
                    return Some(None);
                }
                (Means::Configuration, self.good(&self.cured.config)?, self.bad(firmware)?)
            }
        };
        if means == Means::Configuration && !(removed.is_all() && put_back.is_all()) {
            return Some(None);
        }
        let set = match means {
            Means::Procedure => Vec::new(),
            Means::Configuration => self.cured.assignments(),
        };
        let here = parting.difference != Difference::OnlyInCured;
        let (spot, parting) = (&parting.spot, &parting);
        Some(Some(Cause {
            pdu: spot.name.clone(),
            difference: parting.difference,
            instead: parting.other.as_ref().map(|other| other.name.clone()),
            connection: spot.connection + 1,
            event: spot.event,
            at_us: spot.at.as_us(),
            while_pairing: here && while_pairing(failing, parting),
            common: parting.common,
            means,
            set,
            removed,
            put_back,
            reaction: reaction(failing, parting),
            record: spot.record.0,
            request: request.filter(|_| means == Means::Procedure),
        }))
    }

    /// Whether a change of the configuration shows in this PDU: it is there in one of the runs and
    /// not in the other, with every seed, and it does more than report.
    fn is_shown_by(&self, firmware: &Build, parting: &Parting) -> Option<bool> {
        let one_sided =
            matches!(parting.difference, Difference::OnlyInFailing | Difference::OnlyInCured);
        if !one_sided || parting.spot.reports {
            return Some(false);
        }
        for &seed in self.seeds {
            let failing = self.bench.play(&Trial::new(firmware, seed))?;
            let cured = self.bench.play(&Trial::new(&self.cured.config, seed))?;
            let same = |other: Parting| {
                other.difference == parting.difference && other.spot.name == parting.spot.name
            };
            let both = [part(&failing, &cured), lacked(&failing, &cured)];
            if !both.into_iter().flatten().any(same) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Takes the procedure out of the failing firmware, and puts it back into the cured one where
    /// each failing run had it: into one connection, the last first, or else into all of them.
    /// Inner `None`: it cannot be taken out, or was not the host's wish.
    fn procedure(
        &self,
        firmware: &Build,
        failing: &Finished,
        request: Request,
    ) -> Option<Option<Proof>> {
        let without = suspect::without(firmware, request);
        if without == *firmware {
            return Some(None);
        }
        let asks = |spots: &Vec<Spot>| spots.iter().any(|spot| spot.request == Some(request));
        let asking = (0..).zip(spots(failing)).filter(|(_, spots)| asks(spots));
        let connections: Vec<usize> = asking.map(|(connection, _)| connection).collect();
        let removed = self.good(&without)?;
        let mut all = None;
        for connection in connections.iter().rev().copied().map(Some).chain([None]) {
            let Some(put_back) = self.put_back(firmware, request, connection)? else {
                return Some(None);
            };
            all = Some(Proof { removed, put_back, connection });
            if put_back.is_all() {
                break;
            }
        }
        Some(all)
    }

    /// Bad runs with the procedure put back. Inner `None`: it was not the host's wish.
    fn put_back(
        &self,
        firmware: &Build,
        request: Request,
        connection: Option<usize>,
    ) -> Option<Option<Share>> {
        let mut trials = Vec::new();
        for &seed in self.seeds {
            let failing = self.bench.play(&Trial::new(firmware, seed))?;
            let cured = self.bench.play(&Trial::new(&self.cured.config, seed))?;
            let asked = decisive(&failing, request, connection);
            if asked.is_empty() {
                return Some(None);
            }
            let others = suspect::schedule(&cured, Instant::MAX)
                .into_iter()
                .filter(|a| a.request != request);
            // First: where another is asked for at the same time, it was there before.
            let prompts = suspect::replay(asked.into_iter().chain(others).collect());
            trials.push(Trial::new(&suspect::mute(&self.cured.config), seed).prompted(&prompts));
        }
        Some(Some(Share::bad(&self.bench.outcomes(&trials)?)))
    }

    fn good(&self, config: &Build) -> Option<Share> {
        Some(Share::good(&self.bench.outcomes(&self.trials(config))?))
    }

    fn bad(&self, config: &Build) -> Option<Share> {
        Some(Share::bad(&self.bench.outcomes(&self.trials(config))?))
    }

    fn trials(&self, config: &Build) -> Vec<Trial> {
        self.seeds.iter().map(|&seed| Trial::new(config, seed)).collect()
    }
}

/// The central's reaction to the PDU, or its request before it.
fn reaction(failing: &Finished, parting: &Parting) -> Option<String> {
    if parting.difference == Difference::OnlyInCured {
        return None;
    }
    if parting.spot.name.starts_with("SMP ") {
        return behaviour::offer(failing);
    }
    behaviour::reaction(failing, parting.spot.record)
}

/// When the host requested what was first on air in this connection, or in each connection.
fn decisive(failing: &Finished, request: Request, connection: Option<usize>) -> Vec<HostRequest> {
    let on_air =
        |spots: &Vec<Spot>| spots.iter().find(|spot| spot.request == Some(request)).cloned();
    let firsts = spots(failing).iter().filter_map(on_air).collect::<Vec<_>>();
    let wanted = firsts.iter().filter(|spot| connection.is_none_or(|n| n == spot.connection));
    let asked = wanted.filter_map(|spot| {
        let mut until = suspect::schedule(failing, spot.at).into_iter();
        until.rfind(|asked| asked.request == request)
    });
    asked.collect()
}

fn while_pairing(failing: &Finished, parting: &Parting) -> bool {
    let account = Account::of(failing, &sniff(&failing.records));
    let index = account.pdus.iter().position(|pdu| pdu.id == parting.spot.record);
    account.pairing.zip(index).is_some_and(|(pairing, index)| pairing.pending_at(index))
}
