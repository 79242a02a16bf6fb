//! The results of a scenario that is over.

use ble::error::ErrorCode;
use ble::time::Instant;
use ble::ui::Ui;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use serde::Serialize;

use super::Stage;
use super::parties::Party;
use crate::judgement::{Judgement, Permit};
use crate::story::Story;
use crate::summary::{Charge, CpuSummary, PeripheralFacts, Summary, Verdict, hci_sha256, hex};

/// L2CAP channel of ATT, and the PDUs by which a server sends a value.
const CID_ATT: u16 = 4;
const NOTIFICATION: u8 = 0x1B;
const INDICATION: u8 = 0x1D;

/// A scenario that is over.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The machine-readable result.
    pub summary: Summary,
    /// The outcome that the scenario expects.
    pub expects: Verdict,
    /// Whether it is the one that was reached.
    pub expected: bool,
    /// The story of person and central.
    pub story: Story,
    /// Everything that happened.
    pub records: Vec<Record>,
    /// Names of the nodes, by number.
    pub node_names: Vec<String>,
    /// The peripheral's node.
    pub peripheral: NodeId,
    /// The central's node.
    pub central: NodeId,
    /// What came of each central of a story with several; empty where there is one.
    pub parties: Vec<Party>,
    /// Facts from the peripheral's part of the record.
    pub facts: PeripheralFacts,
    /// The disconnection that decided the story, and its reason.
    pub ending: Option<(Instant, ErrorCode)>,
    /// Pairings that the central began.
    pub pairing_attempts: u32,
    /// What was still under way when time was up.
    pub busy: Vec<Busy>,
    /// The findings against either link layer.
    pub judgement: Judgement,
    /// Whether the central's quirks were made up by the user.
    pub made_up: bool,
    /// In a collision: the difference from the rules, in a sentence. With a chip: why the emulator
    /// gave up.
    pub difference: Option<String>,
}

impl Finished {
    /// Whether the outcome is the expected one, without undeclared violations, and nothing was
    /// under way at the end that neither scenario nor profile declares.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.expected && self.judgement.unexpected.is_empty() && self.is_at_rest()
    }

    /// What the peripheral took of its supply; `None` where a host from outside plays it, and where
    /// procedures meet.
    ///
    /// ```
    /// use bletwin_scenarios::{catalogue, stage::Stage};
    /// use bletwin_setup::Setup;
    ///
    /// let mut setup = Setup::new("zephyr-2024", "phone", 1)?;
    /// setup.set("phy-update=after-bonding")?;
    /// let run = Stage::new(catalogue::by_name("pairing")?, &setup).play();
    /// let charge = run.charge().expect("a peripheral of bletwin's own");
    /// assert!(charge.connected.average_microamperes < 1_500.0, "{charge:?}");
    /// # Ok::<(), bletwin_setup::error::BadInput>(())
    /// ```
    #[must_use]
    pub const fn charge(&self) -> Option<&Charge> {
        self.summary.charge.as_ref()
    }

    /// The outputs of the peripheral's application, as text, oldest first.
    #[must_use]
    pub fn shown(&self) -> Vec<&str> {
        self.peripheral_records()
            .filter_map(|kind| match kind {
                RecordKind::Shown(Ui::Output(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The lines that the peripheral's application has logged, oldest first.
    #[must_use]
    pub fn said(&self) -> Vec<&str> {
        self.peripheral_records()
            .filter_map(|kind| match kind {
                RecordKind::Note(Note::Said(_, text)) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The values of this attribute that the peripheral has notified or indicated on air, each
    /// once, oldest first.
    #[must_use]
    pub fn sent(&self, handle: u16) -> Vec<Vec<u8>> {
        let value = |item: AirItem| match item.decoded {
            Decoded::L2cap { cid: CID_ATT, bytes, complete: true } if !item.retransmission => {
                match bytes.as_slice() {
                    [NOTIFICATION | INDICATION, low, high, value @ ..]
                        if u16::from_le_bytes([*low, *high]) == handle =>
                    {
                        Some(value.to_vec())
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        sniff(&self.records).into_iter().filter_map(value).collect()
    }

    fn peripheral_records(&self) -> impl Iterator<Item = &RecordKind> {
        let own = |record: &&Record| record.node == self.peripheral;
        self.records.iter().filter(own).map(|record| &record.kind)
    }

    /// Which of several centrals this packet of a connection is to or from.
    #[must_use]
    pub fn party(&self, item: &AirItem, initiator: NodeId) -> Option<&Party> {
        let of_node = |party: &&Party| party.node == initiator;
        let mut all = self.parties.iter().filter(of_node);
        let (first, another) = (all.next()?, all.next());
        let Some(another) = another else { return Some(first) };
        // Two systems of one machine: whose connection is over next.
        let over = |party: &&Party| {
            let ends = party.spans.iter().map(|(_, end)| end.unwrap_or(Instant::MAX));
            ends.filter(|end| *end >= item.at).min()
        };
        [first, another].into_iter().filter(|party| over(party).is_some()).min_by_key(over)
    }

    /// Whether nothing was under way at the end, except for what may be.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.busy.iter().all(|busy| busy.declared)
    }
}

/// Something that was still under way when a run was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Busy {
    /// The node, `peripheral`, `central` or `user`, or `story`.
    pub who: String,
    /// What, as a word for programs ([`What::kind`](ble::armed::What::kind)).
    pub kind: &'static str,
    /// The same for people.
    pub what: String,
    /// When its timer would have ended it, in simulated microseconds; `None` without a timer.
    pub until_us: Option<u64>,
    /// Whether the scenario or the central's profile says that this may be.
    pub declared: bool,
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.who, self.what)?;
        match self.until_us {
            Some(us) => write!(f, " (until {}.{:03} s)", us / 1_000_000, us / 1_000 % 1_000),
            None => Ok(()),
        }
    }
}

impl Stage {
    /// The result so far, judged by the oracle.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        let outcome = self.verdict();
        let ending = self.decisive_ending(outcome);
        let parties = self.parties();
        let [peripheral, alone] = self.names.clone();
        let central = self.parties.as_ref().map_or(alone, |names| names.join(" and "));
        let (pairing_attempts, busy, void) = (self.attempts(), self.busy(), self.void());
        let mut records = Vec::new();
        self.world.drain_records(&mut records);
        let facts = &self.facts;
        let nodes = [self.peripheral, self.central];
        let judgement = match self.judged {
            true => Judgement::of(&records, &self.permitted()),
            false => Judgement::unjudged(&records),
        };
        let summary = Summary {
            scenario: self.scenario.name.into(),
            peripheral,
            central,
            seed: self.seed,
            outcome,
            security_level: facts.last_level,
            security_err: facts.security_err,
            disconnect_reason: ending.map(|(_, reason)| reason.0),
            phy: facts.phy,
            sim_seconds: self.world.now().as_us() as f64 / 1e6,
            trace_sha256: self.hashed.then(|| hex(&self.world.trace_sha256())),
            hci_sha256: hci_sha256(&records),
            findings: judgement.reported(self.peripheral),
            observations: judgement.observations(self.peripheral),
            cpu: self.chip().and_then(|chip| CpuSummary::of(chip, &records, nodes)),
            charge: self.charge(),
        };
        let node_names = self.world.nodes().map(|(id, _)| self.world.name(id).to_owned()).collect();
        Finished {
            expects: self.scenario.expects,
            expected: outcome == self.scenario.expects && void.is_none(),
            story: self.scenario.story,
            summary,
            node_names,
            peripheral: self.peripheral,
            central: self.central,
            parties,
            pairing_attempts,
            busy,
            made_up: self.permits.contains(&Permit::MadeUp),
            difference: void,
            ending,
            records,
            judgement,
            facts: self.facts,
        }
    }
}
