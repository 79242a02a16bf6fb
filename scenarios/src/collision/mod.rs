//! Scenarios in which procedures of both ends collide, played by whole devices on air: both hosts
//! start their procedures at the right moment, and the result is compared with the rules.
//!
//! [`table`] is the data; the world is that of [`bletwin_explore`].

pub mod links;
mod script;
mod seen;
pub mod table;

use ble::time::Instant;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordKind};
use sha2::{Digest, Sha256};

use crate::judgement::{Judgement, Permit};
use crate::stage::Finished;
use crate::story::{Scenario, Story};
use crate::summary::{PeripheralFacts, Summary, Verdict, hci_sha256, hex};
use bletwin_explore::{self as explore, Case, case};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
pub use script::Collision;
use seen::{Seen, View};

/// What to play a collision with, beside the collision itself.
#[derive(Clone, Debug)]
pub struct Company<'a> {
    /// Firmware preset, or a TOML file.
    pub peripheral: &'a str,
    /// Central by name.
    pub central: &'a str,
    /// Changes of firmware and central, `KEY=VALUE` as in `--set`.
    pub set: &'a [String],
    /// Seed of all randomness.
    pub seed: u64,
}

impl Default for Company<'_> {
    /// The firmware that does nothing by itself, and the central that keeps every rule.
    fn default() -> Self {
        Self { peripheral: "recommended", central: "honest", set: &[], seed: 1 }
    }
}

/// Plays a scenario that is a collision.
///
/// # Errors
/// [`BadInput`] for names, keys and values that do not exist, or if the two do not connect.
pub fn play(
    scenario: &Scenario,
    collision: &'static Collision,
    company: &Company<'_>,
) -> Result<Finished, BadInput> {
    let mut setup = Setup::new(company.peripheral, company.central, company.seed)?;
    for assignment in company.set {
        setup.set(assignment)?;
    }
    let features = case::Procedure::new(case::Side::Central, case::What::Features, 0);
    let ppm = i16::try_from(setup.air.clock_ppm).unwrap_or(i16::MAX);
    let case = Case {
        peripheral: company.peripheral.into(),
        central: company.central.into(),
        set: company.set.to_vec(),
        seed: company.seed,
        loss_ppm: setup.air.loss_ppm,
        clocks: case::Clocks { peripheral: ppm, central: ppm.saturating_neg() },
        procedures: [std::slice::from_ref(&features), collision.asks].concat(),
        ..Case::default()
    };
    let outcome = explore::run(&case)?;
    Ok(finished(scenario, collision, company, &setup, outcome))
}

/// The peripheral's node in explored worlds, and the central's.
const NODES: [NodeId; 2] = [NodeId(0), NodeId(1)];

fn finished(
    scenario: &Scenario,
    collision: &'static Collision,
    company: &Company<'_>,
    setup: &Setup,
    outcome: explore::Outcome,
) -> Finished {
    let [peripheral, central] = NODES;
    let records = outcome.records;
    let mut facts = PeripheralFacts::default();
    for record in &records {
        facts.add(peripheral, record);
    }
    let permit = match setup.made_up {
        true => Permit::MadeUp,
        false => Permit::Declared(setup.central.breaks.clone()),
    };
    let judgement = Judgement::of(&records, &[(central, permit)]);
    let from = records.get(outcome.start).map_or(Instant::ZERO, |record| record.at);
    let view = View { from, nodes: NODES, link: None };
    let difference = Seen::of(&records, &view).difference(&collision.expects());
    let result = verdict(&facts, difference.as_ref());
    let summary = Summary {
        scenario: scenario.name.into(),
        peripheral: company.peripheral.into(),
        central: company.central.into(),
        seed: company.seed,
        outcome: result,
        security_level: facts.last_level,
        security_err: facts.security_err,
        disconnect_reason: facts.disconnected.map(|(_, reason)| reason.0),
        phy: facts.phy,
        sim_seconds: outcome.end.as_us() as f64 / 1e6,
        trace_sha256: Some(hex(&air_sha256(&records))),
        hci_sha256: hci_sha256(&records),
        findings: judgement.reported(peripheral),
        observations: judgement.observations(peripheral),
        cpu: None,
        charge: None,
    };
    Finished {
        expects: scenario.expects,
        expected: result == scenario.expects,
        story: Story::Collision(collision),
        summary,
        difference,
        ending: facts.disconnected,
        node_names: vec!["peripheral".into(), "central".into()],
        peripheral,
        central,
        parties: Vec::new(),
        pairing_attempts: 0,
        busy: Vec::new(),
        made_up: setup.made_up,
        records,
        judgement,
        facts,
    }
}

fn verdict(facts: &PeripheralFacts, difference: Option<&String>) -> Verdict {
    match (facts.disconnected.is_some(), difference.is_none()) {
        (true, _) => Verdict::Disconnected,
        (false, true) => Verdict::Resolved,
        (false, false) => Verdict::Unresolved,
    }
}

/// Of every bit and time on air, as far as the records go back.
fn air_sha256(records: &[Record]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for record in records {
        if let RecordKind::AirTx(tx) = &record.kind {
            hash.update(record.at.ticks().to_le_bytes());
            hash.update(tx.end.ticks().to_le_bytes());
            hash.update([tx.channel]);
            hash.update(tx.access_address.to_le_bytes());
            hash.update(tx.pdu.octets());
            hash.update(tx.crc.to_le_bytes());
        }
    }
    hash.finalize().into()
}
