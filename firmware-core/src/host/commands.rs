//! The queue of HCI commands, one unanswered at a time.

use ble::hci::{Command, Handle, HciOpcode};
use ble::queue::Queue;

/// Commands that can wait: a whole advertising cycle, and a few for each connection.
const COMMANDS: usize = 38;

/// Commands that wait, and the one that the controller has not answered yet.
///
/// A controller promises room for one command only (Num_HCI_Command_Packets), and the event
/// that gives the room back is the answer. A controller that never answers ends the story; a
/// host can do nothing about it but start anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Commands {
    waiting: Queue<Command, COMMANDS>,
    unanswered: Option<(HciOpcode, Option<Handle>)>,
}

impl Commands {
    /// Whether `count` more commands fit.
    pub(super) fn have_room_for(&self, count: usize) -> bool {
        self.waiting.len().saturating_add(count) <= COMMANDS
    }

    /// Whether nothing waits, neither to go nor for an answer.
    pub(super) fn are_done(&self) -> bool {
        self.waiting.is_empty() && self.unanswered.is_none()
    }

    /// Queues a command; `false` if it finds no room.
    #[must_use]
    pub(super) fn push(&mut self, command: Command) -> bool {
        self.waiting.push(command).is_ok()
    }

    /// Whether such a command waits to go.
    pub(super) fn hold(&self, such: impl Fn(&Command) -> bool) -> bool {
        self.waiting.iter().any(such)
    }

    /// Removes commands that have not been sent yet.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Command) -> bool) {
        self.waiting.retain(keep);
    }

    /// The next command that may go.
    pub(super) fn next(&mut self) -> Option<Command> {
        if self.unanswered.is_some() {
            return None;
        }
        let command = self.waiting.pop()?;
        self.unanswered = Some((command.opcode(), handle_of(&command)));
        Some(command)
    }

    /// The controller has answered; the connection that the command was about, if on one.
    pub(super) fn answered(&mut self, opcode: HciOpcode) -> Option<Handle> {
        let (unanswered, handle) = self.unanswered?;
        if unanswered != opcode {
            return None;
        }
        self.unanswered = None;
        handle
    }
}

/// The connection that a command of the automatic procedures is about. Command Status does not name
/// it.
const fn handle_of(command: &Command) -> Option<Handle> {
    match command {
        Command::LeReadRemoteFeatures { handle }
        | Command::LeSetPhy { handle, .. }
        | Command::LeSetDataLength { handle, .. }
        | Command::LeConnectionUpdate { handle, .. } => Some(*handle),
        _ => None,
    }
}
