//! Requests that meet on different links: a peripheral with two centrals. The devices are
//! controllers as `bletwin serve` lends them, with scripted hosts.

mod hosts;
mod script;

use ble::time::{Duration, Instant};

use super::seen::{Seen, View};
use super::{air_sha256, verdict};
use crate::judgement::{Judgement, Permit};
use crate::stage::Finished;
use crate::story::{Scenario, Story};
use crate::summary::{PeripheralFacts, Summary, hci_sha256, hex};
use bletwin_explore::case::Side;
use hosts::{Hosts, INTERVAL};
pub use script::{Expected, HostStep, Links};

/// Events in which the last change has taken effect.
const SETTLE: u64 = 70;

/// X5. The peripheral's own request is open on one link; the central of the other asks meanwhile.
pub static OWN_REQUEST_ELSEWHERE: Links = Links {
    script: "X5",
    rules: &["LL-PROC-1"],
    steps: &[
        HostStep::Ask(Side::Peripheral, 0, 40),
        HostStep::Ask(Side::Central, 1, 48),
        HostStep::Pass(3),
        HostStep::Agree(Side::Peripheral, 1),
        HostStep::Agree(Side::Central, 0),
        HostStep::Pass(SETTLE),
    ],
    seen: [
        Expected {
            air: &["P LL_CONNECTION_PARAM_REQ", "C LL_CONNECTION_UPDATE_IND"],
            central: &["asked for interval 40", "connection update 0x00: interval 40"],
            peripheral: &["connection update 0x00: interval 40"],
        },
        ASKED_BY_CENTRAL_48,
    ],
};

/// X6. One central has asked and not been answered when the other asks.
pub static REQUEST_ELSEWHERE: Links = Links {
    script: "X6",
    rules: &["LL-PROC-1"],
    steps: &[
        HostStep::Ask(Side::Central, 0, 40),
        HostStep::Pass(3),
        HostStep::Ask(Side::Central, 1, 48),
        HostStep::Pass(3),
        HostStep::Agree(Side::Peripheral, 1),
        HostStep::Pass(1),
        HostStep::Agree(Side::Peripheral, 0),
        HostStep::Pass(SETTLE),
    ],
    seen: [
        Expected {
            air: ASKED_BY_CENTRAL,
            central: &["connection update 0x00: interval 40"],
            peripheral: &["asked for interval 40", "connection update 0x00: interval 40"],
        },
        ASKED_BY_CENTRAL_48,
    ],
};

const ASKED_BY_CENTRAL: &[&str] =
    &["C LL_CONNECTION_PARAM_REQ", "P LL_CONNECTION_PARAM_RSP", "C LL_CONNECTION_UPDATE_IND"];

const ASKED_BY_CENTRAL_48: Expected = Expected {
    air: ASKED_BY_CENTRAL,
    central: &["connection update 0x00: interval 48"],
    peripheral: &["asked for interval 48", "connection update 0x00: interval 48"],
};

/// Plays the steps and compares the result with the expected one.
#[must_use]
pub fn play(scenario: &Scenario, links: &'static Links, seed: u64) -> Finished {
    let mut hosts = Hosts::new(seed);
    hosts.connect();
    let from = hosts.now();
    for step in links.steps {
        match *step {
            HostStep::Ask(who, link, interval) => hosts.ask(who, link, interval),
            HostStep::Agree(who, link) => hosts.agree(who, link),
            HostStep::Pass(events) => {
                hosts.pass(Duration::from_us(1250).times(u64::from(INTERVAL) * events));
            }
        }
    }
    finished(scenario, links, &hosts, from, seed)
}

fn finished(
    scenario: &Scenario,
    links: &'static Links,
    hosts: &Hosts,
    from: Instant,
    seed: u64,
) -> Finished {
    let (peripheral, central) = (hosts.peripheral(), hosts.central(0));
    let records = hosts.records().to_vec();
    let mut facts = PeripheralFacts::default();
    for record in &records {
        facts.add(peripheral, record);
    }
    let judgement = Judgement::of(&records, &[(central, Permit::Declared(Vec::new()))]);
    let difference = (0..2).find_map(|link| {
        let Some(handles) = hosts.link(link) else {
            return Some(format!("Link {} was never made.", link + 1));
        };
        let nodes = [peripheral, hosts.central(link)];
        let view = View { from, nodes, link: Some((link, handles)) };
        let what = Seen::of(&records, &view).difference(&links.seen[link].owned())?;
        Some(format!("Of link {}: {what}", link + 1))
    });
    let outcome = verdict(&facts, difference.as_ref());
    let summary = Summary {
        scenario: scenario.name.into(),
        peripheral: "a controller".into(),
        central: "two controllers".into(),
        seed,
        outcome,
        security_level: facts.last_level,
        security_err: facts.security_err,
        disconnect_reason: facts.disconnected.map(|(_, reason)| reason.0),
        phy: facts.phy,
        sim_seconds: hosts.now().as_us() as f64 / 1e6,
        trace_sha256: Some(hex(&air_sha256(&records))),
        hci_sha256: hci_sha256(&records),
        findings: judgement.reported(peripheral),
        observations: judgement.observations(peripheral),
        cpu: None,
        charge: None,
    };
    Finished {
        expects: scenario.expects,
        expected: outcome == scenario.expects,
        story: Story::Links(links),
        summary,
        difference,
        ending: facts.disconnected,
        node_names: hosts.names(),
        peripheral,
        central,
        parties: Vec::new(),
        pairing_attempts: 0,
        busy: Vec::new(),
        made_up: false,
        records,
        judgement,
        facts,
    }
}

impl Expected {
    fn owned(&self) -> Seen {
        Seen::expected(self.air, self.central, self.peripheral)
    }
}
