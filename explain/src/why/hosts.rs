//! What hosts and people did, as far as HCI was logged and screens were seen.

use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::time::Instant;
use ble::ui::Ui;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sniffer::{Hci, Said};

/// LE Create Connection.
const CREATE_CONNECTION: u16 = 0x200D;

/// A dialog on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// When it was opened.
    pub at: Instant,
    /// Whether the central shows it (or the peripheral).
    pub central: bool,
    /// Whether somebody has to do something at this device.
    pub asks: bool,
    /// When somebody did, or when it went away.
    pub over: Option<Instant>,
    /// Whether somebody did something.
    pub acted: bool,
    /// Whether that was to cancel it.
    pub cancelled: bool,
}

/// What hosts and people did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The peripheral's host was asked for a key: when, and when it answered.
    pub key: Option<(Instant, Option<Instant>)>,
    /// The central's controller refused LE Create Connection: when, and why.
    pub not_connecting: Option<(Instant, ErrorCode)>,
    /// Dialogs, in order.
    pub dialogs: Vec<Dialog>,
    /// Whether a log of HCI is in evidence, of the peripheral's host and of the central's.
    pub logged: [bool; 2],
    /// Whether the key that the peripheral's host gave last is another one than the central's had
    /// just used; `None`: not both were logged.
    pub keys_differ: Option<bool>,
}

impl Hosts {
    /// What the record of a run tells until then.
    #[must_use]
    pub fn of(records: &[Record], [peripheral, central]: [NodeId; 2], until: Instant) -> Self {
        let mut hosts = Self::default();
        for record in records.iter().take_while(|record| record.at <= until) {
            let of_central = record.node == central;
            if !of_central && record.node != peripheral {
                continue;
            }
            match &record.kind {
                RecordKind::Note(Note::HciCommand(command)) if !of_central => {
                    hosts.command(record.at, command);
                }
                RecordKind::Note(Note::HciEvent(event)) => {
                    hosts.event(record.at, of_central, event);
                }
                RecordKind::Shown(ui) => hosts.shown(record.at, of_central, ui),
                RecordKind::Acted(act) => hosts.acted(record.at, of_central, act),
                _ => {}
            }
        }
        hosts
    }

    /// What a log of HCI tells, of the peripheral and of the central as far as they are known.
    #[must_use]
    pub fn logged<'a>(
        hci: impl Iterator<Item = &'a Hci>,
        [peripheral, central]: [Option<NodeId>; 2],
    ) -> Self {
        let mut hosts = Self::default();
        let mut used = None;
        for Hci { at, node, said, .. } in hci {
            let of_central = Some(*node) == central;
            if !of_central && Some(*node) != peripheral {
                continue;
            }
            hosts.logged[usize::from(of_central)] = true;
            match said {
                Said::Command(Command::LeEnableEncryption { ltk, .. }) => {
                    (used, hosts.keys_differ) = (Some(ltk), None);
                }
                Said::Command(Command::LeLongTermKeyRequestReply { ltk, .. }) => {
                    hosts.keys_differ = used.take().map(|theirs| theirs != ltk);
                }
                _ => {}
            }
            match said {
                Said::Command(command) if !of_central => hosts.command(*at, command),
                Said::Event(event) => hosts.event(*at, of_central, event),
                Said::Command(_) | Said::Octets(_) => {}
            }
        }
        hosts
    }

    fn command(&mut self, at: Instant, command: &Command) {
        let answers = matches!(
            command,
            Command::LeLongTermKeyRequestReply { .. }
                | Command::LeLongTermKeyRequestNegativeReply { .. }
        );
        if let Some((_, answered)) = self.key.as_mut().filter(|_| answers) {
            answered.get_or_insert(at);
        }
    }

    fn event(&mut self, at: Instant, central: bool, event: &Event) {
        match event {
            Event::LeLongTermKeyRequest { .. } if !central => self.key = Some((at, None)),
            Event::CommandStatus { opcode, status }
                if central && opcode.0 == CREATE_CONNECTION && *status != ErrorCode::SUCCESS =>
            {
                self.not_connecting = Some((at, *status));
            }
            Event::LeConnectionComplete(_) if central => self.not_connecting = None,
            _ => {}
        }
    }

    fn shown(&mut self, at: Instant, central: bool, ui: &Ui) {
        let asks = match ui {
            Ui::AskPasskey | Ui::CompareNumber(_) => true,
            Ui::ShowPasskey(_) => false,
            Ui::Clear => return self.close(at, central, false),
            Ui::Output(_) => return,
        };
        self.dialogs.push(Dialog { at, central, asks, over: None, acted: false, cancelled: false });
    }

    fn acted(&mut self, at: Instant, central: bool, act: &Act) {
        if !matches!(act, Act::TypePasskey(_) | Act::Confirm(_) | Act::Cancel) {
            return;
        }
        let open = self.dialogs.iter().rposition(|d| d.central == central && d.over.is_none());
        self.close(at, central, true);
        if let Some(dialog) = open.and_then(|open| self.dialogs.get_mut(open)) {
            dialog.cancelled = *act == Act::Cancel;
        }
    }

    fn close(&mut self, at: Instant, central: bool, acted: bool) {
        let open = self.dialogs.iter_mut().rfind(|d| d.central == central && d.over.is_none());
        if let Some(dialog) = open {
            (dialog.over, dialog.acted) = (Some(at), acted);
        }
    }

    /// The last dialog that asked somebody, if they cancelled it.
    #[must_use]
    pub fn cancelled(&self) -> Option<&Dialog> {
        self.dialogs.iter().rfind(|dialog| dialog.asks).filter(|dialog| dialog.cancelled)
    }

    /// The last dialog that asked somebody, if nobody did anything.
    #[must_use]
    pub fn ignored(&self) -> Option<&Dialog> {
        self.dialogs.iter().rfind(|dialog| dialog.asks).filter(|dialog| !dialog.acted)
    }
}
