//! What a host has requested of its controller, as far as it concerns advertising: a command counts
//! from when it is sent, unless it is refused.

use std::collections::VecDeque;

use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, Command, HciOpcode};
use ble::time::Instant;

use super::privacy::Resolving;

/// Unanswered commands. A host has few at a time; beyond this number the oldest is taken to have
/// succeeded, because its answer is not in the record.
const PENDING_MAX: usize = 8;

/// See the [module](self).
#[derive(Clone, Default)]
pub(super) struct HostSettings {
    pub(super) parameters: Option<AdvertisingParameters>,
    pub(super) random: Option<[u8; 6]>,
    pub(super) enabled: bool,
    /// When the host ended it.
    pub(super) ended: Option<Instant>,
    pub(super) resolving: Resolving,
    /// It scans, or initiates: its radio may be at that when an event is due.
    pub(super) scans: bool,
    pub(super) initiates: bool,
}

impl HostSettings {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Octets(h4) => self.octets(h4),
            Step::Command(at, command) => self.command(*at, command),
        }
    }

    /// A command in octets of H4.
    fn octets(&mut self, h4: &[u8]) {
        let [1, low, high, _, parameters @ ..] = h4 else { return };
        match u16::from_le_bytes([*low, *high]) {
            0x200C | 0x2042 => self.scans = parameters.first() == Some(&1),
            0x200D | 0x2043 => self.initiates = true,
            _ => {}
        }
        self.resolving.octets(h4);
    }

    fn command(&mut self, at: Instant, command: &Command) {
        match command {
            Command::LeSetAdvertisingParameters { parameters } => {
                self.parameters = Some(parameters.clone());
            }
            Command::LeSetRandomAddress { address } => self.random = Some(*address),
            Command::LeSetAdvertisingEnable { enable } => {
                self.enabled = *enable;
                self.ended = (!enable).then_some(at);
            }
            Command::Reset => *self = Self { ended: Some(at), ..Self::default() },
            other => self.resolving.command(other),
        }
    }
}

enum Step {
    Octets(Vec<u8>),
    Command(Instant, Command),
}

/// A command, in each form that the record has it in.
struct Pending {
    opcode: HciOpcode,
    steps: Vec<Step>,
    obeyed: Option<bool>,
}

/// The commands of one host.
#[derive(Default)]
pub(super) struct Commands {
    /// By all commands before those that wait.
    settled: HostSettings,
    pending: VecDeque<Pending>,
    now: HostSettings,
}

impl Commands {
    /// The settings in force, if no unanswered command is refused.
    pub(super) const fn asked(&self) -> &HostSettings {
        &self.now
    }

    /// A command in octets of H4; the same follows in its typed form, if it has one.
    pub(super) fn octets(&mut self, h4: &[u8]) {
        let [1, low, high, ..] = h4 else { return };
        let opcode = HciOpcode(u16::from_le_bytes([*low, *high]));
        self.begin(opcode, Step::Octets(h4.to_vec()));
    }

    pub(super) fn command(&mut self, at: Instant, command: &Command) {
        let (opcode, step) = (command.opcode(), Step::Command(at, command.clone()));
        let same = |last: &&mut Pending| {
            last.opcode == opcode && matches!(last.steps.as_slice(), [Step::Octets(_)])
        };
        match self.pending.back_mut().filter(same) {
            Some(last) => {
                self.now.take(&step);
                last.steps.push(step);
            }
            None => self.begin(opcode, step),
        }
    }

    fn begin(&mut self, opcode: HciOpcode, step: Step) {
        self.now.take(&step);
        self.pending.push_back(Pending { opcode, steps: vec![step], obeyed: None });
        if self.pending.len() > PENDING_MAX {
            self.settle_first();
        }
    }

    fn settle_first(&mut self) {
        let Some(first) = self.pending.pop_front() else { return };
        if first.obeyed != Some(false) {
            first.steps.iter().for_each(|step| self.settled.take(step));
        }
    }

    /// The answer to the first of the commands with this opcode.
    pub(super) fn answer(&mut self, opcode: HciOpcode, status: ErrorCode) {
        let mut all = self.pending.iter_mut();
        let asked = all.find(|it| it.opcode == opcode && it.obeyed.is_none());
        let Some(asked) = asked else { return };
        asked.obeyed = Some(status == ErrorCode::SUCCESS);
        while self.pending.front().is_some_and(|first| first.obeyed.is_some()) {
            self.settle_first();
        }
        if status != ErrorCode::SUCCESS {
            self.now = self.settled.clone();
            let rest = self.pending.iter().filter(|it| it.obeyed != Some(false));
            rest.flat_map(|it| &it.steps).for_each(|step| self.now.take(step));
        }
    }

    /// The connection that was asked for has been made.
    pub(super) fn initiated(&mut self) {
        (self.settled.initiates, self.now.initiates) = (false, false);
    }
}
