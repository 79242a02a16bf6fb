//! The program's log as people read it: lines that are known are values in the record, as those of
//! a node without a chip, and a passkey is read where it is printed.

use ble::log::{Line, Log, split};
use ble::text::{TEXT_MAX, Text};
use ble::ui::Ui;
use bletwin_sim::node::{NodeOutput, Outbox};
use bletwin_sim::record::Note;

use super::ChipNode;

/// The module of lines that an application logs.
const APPLICATION: &str = "app";

/// A printed line as a note for the record.
pub(super) fn note(line: String) -> Note {
    if let Some(log) = Log::read(&line) {
        return Note::Log(log);
    }
    match split(&line) {
        Some((severity, APPLICATION, text)) if text.len() <= TEXT_MAX => {
            Note::Said(severity, Text::of(text))
        }
        // The record has a time of its own.
        Some((severity, module, text)) => {
            Note::Printed(format!("<{}> {module}: {text}", severity.short()))
        }
        None => Note::Printed(line),
    }
}

impl ChipNode {
    /// A line was printed.
    pub(super) fn printed(&mut self, note: Note, out: &mut Outbox) {
        let dialog = match &note {
            Note::Log(log) => self.dialog(&log.line),
            _ => None,
        };
        out.note(note);
        if let Some(dialog) = dialog {
            self.shows = dialog != Ui::Clear;
            out.push(NodeOutput::Show(dialog));
        }
    }

    /// What somebody who reads a line knows from then on.
    fn dialog(&self, line: &Line) -> Option<Ui> {
        match line {
            Line::Passkey { passkey, .. } => Some(Ui::ShowPasskey(*passkey)),
            Line::ConfirmPasskey { passkey, .. } => Some(Ui::CompareNumber(*passkey)),
            // The pairing that it was for is over.
            Line::PairingComplete { .. }
            | Line::PairingFailed { .. }
            | Line::PairingCancelled(_)
            | Line::SecurityFailed { .. }
            | Line::Disconnected(_)
                if self.shows =>
            {
                Some(Ui::Clear)
            }
            _ => None,
        }
    }
}
