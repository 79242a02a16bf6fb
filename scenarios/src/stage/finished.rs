//! What is left of a scenario that is over.

use ble::error::ErrorCode;
use ble::time::Instant;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::Record;
use serde::Serialize;

use crate::judgement::Judgement;
use crate::story::Story;
use crate::summary::{PeripheralFacts, Summary, Verdict};

/// A scenario that is over.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The machine-readable result.
    pub summary: Summary,
    /// The outcome that the scenario expects.
    pub expects: Verdict,
    /// Whether it is the one that was reached.
    pub expected: bool,
    /// What the person and the central did.
    pub story: Story,
    /// Everything that happened.
    pub records: Vec<Record>,
    /// Names of the nodes, by number.
    pub node_names: Vec<String>,
    /// The peripheral's node.
    pub peripheral: NodeId,
    /// The central's node.
    pub central: NodeId,
    /// What the peripheral's part of the record tells.
    pub facts: PeripheralFacts,
    /// The disconnection that decided the story, and its reason.
    pub ending: Option<(Instant, ErrorCode)>,
    /// Pairings that the central began.
    pub pairing_attempts: u32,
    /// What was still under way when time was up; empty where nothing was.
    pub busy: Vec<Busy>,
    /// What the oracle found against either link layer.
    pub judgement: Judgement,
    /// Whether the central's quirks were made up by the user.
    pub made_up: bool,
    /// In a collision: where it departs from what the rules say, in a sentence. With a chip: why
    /// the emulator gave up.
    pub difference: Option<String>,
}

impl Finished {
    /// Whether the outcome is the expected one, nobody broke a rule unannounced, and nothing was
    /// under way in the end that neither scenario nor profile declares.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.expected && self.judgement.unexpected.is_empty() && self.is_at_rest()
    }

    /// Whether nothing was under way in the end, but for what may be.
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
