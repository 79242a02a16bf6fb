//! The place of a debugger, who halts the first chip and the whole air with it.

use std::fmt;
use std::task::Context;

use bletwin_emulator::gdb::{Session, Wish};
use bletwin_emulator::node::ChipNode;

use super::line::{Change, Line};
use super::net::Listener;

/// The debugger's line, and what it wants.
pub(super) struct Debugger {
    line: Line,
    /// `None`: it has not come yet, or wants nothing more.
    session: Option<Session>,
    /// It has come and is not attached yet.
    enters: bool,
    /// Time stands still: for the first that comes, and while the chip is halted.
    holds: bool,
}

impl fmt::Debug for Debugger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debugger").field("holds", &self.holds).finish_non_exhaustive()
    }
}

impl Debugger {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { line: Line::new(listener), session: None, enters: false, holds: true }
    }

    /// Whether anything has come from it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let changes = self.line.poll(cx);
        self.enters |= changes.contains(&Change::Came);
        !changes.is_empty()
    }

    /// Whether another one waits and the place is free: poll again soon.
    pub(super) fn has_next(&self) -> bool {
        self.line.has_next()
    }

    /// Whether time stands still for it.
    pub(super) const fn holds(&self) -> bool {
        self.holds
    }

    /// Gives its octets to the chip, and the chip's news to it. `false`: it wants all to end.
    pub(super) fn attend(&mut self, chip: &mut ChipNode) -> bool {
        if std::mem::take(&mut self.enters) {
            self.session = Some(Session::new(chip));
            // It halts where it stands; before it is switched on, at its first instruction.
            if chip.cpu().is_some() {
                chip.halt_now();
            }
        }
        let mut octets = Vec::new();
        while let more = self.line.take()
            && !more.is_empty()
        {
            octets.extend(more);
        }
        let left = self.line.take_left();
        let Some(session) = &mut self.session else { return true };
        session.report(chip);
        session.receive(chip, &octets);
        if left {
            session.leave(chip);
        }
        self.line.send(&session.take());
        let wish = session.wish();
        self.holds = wish == Wish::Halt && chip.halt().is_some();
        if matches!(wish, Wish::Alone | Wish::Kill) {
            self.session = None;
        }
        wish != Wish::Kill
    }

    /// All is over.
    pub(super) fn end(&mut self, chip: &mut ChipNode) {
        if let Some(session) = &mut self.session {
            session.end(chip);
            self.line.send(&session.take());
        }
    }
}
