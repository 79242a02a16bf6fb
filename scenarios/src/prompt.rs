//! Actions on a device during a run, beside the story: by its application or by the person at it.

use std::collections::BTreeSet;

use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, Event};
use ble::log::Line;
use ble::time::{Duration, Instant};
pub use bletwin_sim::node::Act;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};

/// The start of a prompt's delay. Each connection has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// World time zero, when the devices are switched on.
    Start,
    /// The peripheral's host learns of a connection.
    Connected,
    /// It receives a Pairing Request.
    PairingBegun,
    /// It learns that the link is encrypted.
    Encrypted,
    /// It has stored a bond, or encrypted with one.
    Secured,
    /// The connection has ended; counted by its number.
    Ended,
}

/// The device that it acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The peripheral: its application, or the person at it.
    Peripheral,
    /// The central: its host, or its user.
    Central,
}

/// Something to be done at a moment that the run itself defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The device to which it is done.
    pub target: Target,
    /// The action on that device.
    pub act: Act,
    /// In which connection, from 1; `None`: in each. Without meaning at [`Milestone::Start`].
    pub connection: Option<u32>,
    /// Counted from when.
    pub since: Milestone,
    /// How long after it. Dropped if the connection ends first, unless it counts from there.
    pub after: Duration,
}

impl Prompt {
    /// This act, so long after the milestone, in each connection.
    #[must_use]
    pub const fn new(target: Target, act: Act, since: Milestone, after: Duration) -> Self {
        Self { target, act, connection: None, since, after }
    }

    /// Only in that connection, counted from 1.
    #[must_use]
    pub fn in_connection(self, number: u32) -> Self {
        Self { connection: Some(number), ..self }
    }
}

/// The queue of prompts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompter {
    prompts: Vec<Prompt>,
    connections: u32,
    reached: BTreeSet<Milestone>,
    bonded: bool,
    /// Indices of prompts that wait for their time.
    waiting: Vec<(Instant, usize)>,
}

impl Prompter {
    pub(crate) fn new(prompts: &[Prompt]) -> Self {
        let mut prompter = Self { prompts: prompts.to_vec(), ..Self::default() };
        prompter.reach(Instant::ZERO, Milestone::Start);
        prompter
    }

    /// Takes in one more record; only the peripheral's own count.
    pub(crate) fn see(&mut self, peripheral: NodeId, record: &Record) {
        if self.prompts.is_empty() || record.node != peripheral {
            return;
        }
        let at = record.at;
        match &record.kind {
            RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(complete)))
                if complete.status == ErrorCode::SUCCESS =>
            {
                self.connections += 1;
                self.reached.clear();
                self.reach(at, Milestone::Connected);
            }
            RecordKind::Note(Note::HciEvent(Event::DisconnectionComplete { .. })) => {
                let prompts = &self.prompts;
                let stays = |index: usize| {
                    let since = prompts.get(index).map(|prompt| prompt.since);
                    matches!(since, Some(Milestone::Start | Milestone::Ended))
                };
                self.waiting.retain(|(_, index)| stays(*index));
                self.reach(at, Milestone::Ended);
            }
            RecordKind::Note(Note::AclIn(acl)) if is_pairing_request(acl) => {
                self.reach(at, Milestone::PairingBegun);
            }
            RecordKind::Note(Note::HciEvent(Event::EncryptionChange { enabled: true, .. })) => {
                self.reach(at, Milestone::Encrypted);
                if self.bonded {
                    self.reach(at, Milestone::Secured);
                }
            }
            RecordKind::Note(Note::Log(log))
                if matches!(log.line, Line::PairingComplete { bonded: true, .. }) =>
            {
                self.bonded = true;
                self.reach(at, Milestone::Secured);
            }
            _ => {}
        }
    }

    fn reach(&mut self, at: Instant, milestone: Milestone) {
        if !self.reached.insert(milestone) {
            return;
        }
        for (index, prompt) in self.prompts.iter().enumerate() {
            let here = milestone == Milestone::Start
                || prompt.connection.is_none_or(|number| number == self.connections);
            if prompt.since == milestone && here {
                self.waiting.push((at + prompt.after, index));
            }
        }
        // A stable sort: prompts of the same time keep their order.
        self.waiting.sort_by_key(|(at, _)| *at);
    }

    /// Whether something waits for its time.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next thing that is to be done by `latest`.
    pub(crate) fn due(&mut self, latest: Instant) -> Option<(Instant, Target, Act)> {
        let (at, index) = *self.waiting.first().filter(|(at, _)| *at <= latest)?;
        self.waiting.remove(0);
        let prompt = self.prompts.get(index)?;
        Some((at, prompt.target, prompt.act.clone()))
    }
}

/// L2CAP channel of the Security Manager, and its Pairing Request.
const PAIRING_REQUEST: (u16, u8) = (6, 1);

fn is_pairing_request(acl: &Acl) -> bool {
    match acl.data.as_slice() {
        [_, _, low, high, code, ..] if acl.boundary == AclBoundary::First => {
            (u16::from_le_bytes([*low, *high]), *code) == PAIRING_REQUEST
        }
        _ => false,
    }
}
