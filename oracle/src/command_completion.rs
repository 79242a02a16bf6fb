//! Every accepted command completes: one that was accepted with Command Status has its event, as
//! long as the connection lives and no other outcome replaces it.

use bletwin_rules::control::LL_LIVE_4;
use std::collections::BTreeMap;

use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, HciOpcode};
use ble::time::{Duration, Instant};

use super::link::Link;
use super::table::{ProcedureKind, kind};
use super::{Finding, Findings};
use bletwin_sniffer::{Hci, NodeId, RecordId, Said, View};

/// After so long without a control PDU the response timeout of any procedure would be over.
const PATIENCE: Duration = Duration::from_secs(45);

/// The event that ends what a command began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Features,
    Version,
    Phy,
    Parameters,
    Encryption,
}

/// A command that was accepted.
struct AcceptedCommand {
    awaited: Awaited,
    handle: Handle,
    at: Instant,
    record: RecordId,
}

const fn awaited(command: &Command) -> Option<(Awaited, Handle)> {
    Some(match command {
        Command::LeReadRemoteFeatures { handle } => (Awaited::Features, *handle),
        Command::ReadRemoteVersion { handle } => (Awaited::Version, *handle),
        Command::LeSetPhy { handle, .. } => (Awaited::Phy, *handle),
        Command::LeConnectionUpdate { handle, .. } => (Awaited::Parameters, *handle),
        Command::LeEnableEncryption { handle, .. } => (Awaited::Encryption, *handle),
        _ => return None,
    })
}

const fn ends(event: &Event) -> Option<(Awaited, Handle)> {
    Some(match event {
        Event::LeRemoteFeatures { handle, .. } => (Awaited::Features, *handle),
        Event::RemoteVersion { handle, .. } => (Awaited::Version, *handle),
        Event::LePhyUpdateComplete { handle, .. } => (Awaited::Phy, *handle),
        Event::LeConnectionUpdateComplete { handle, .. } => (Awaited::Parameters, *handle),
        Event::EncryptionChange { handle, .. }
        | Event::EncryptionKeyRefreshComplete { handle, .. } => (Awaited::Encryption, *handle),
        _ => return None,
    })
}

/// The event masks that a host has set.
#[derive(Clone, Copy)]
struct Masks {
    all: u64,
    le: u64,
}

impl Masks {
    fn pass(self, awaited: Awaited) -> bool {
        let le = |bit: u64| self.all & 1 << 61 != 0 && self.le & 1 << bit != 0;
        match awaited {
            Awaited::Features => le(3),
            Awaited::Version => self.all & 1 << 11 != 0,
            Awaited::Phy => le(11),
            Awaited::Parameters => le(2),
            Awaited::Encryption => self.all & 1 << 7 != 0 && self.all & 1 << 47 != 0,
        }
    }
}

/// Everything between one host and its controller, as far as it matters here.
struct Waist {
    masks: Masks,
    asked: Option<(HciOpcode, Awaited, Handle)>,
    open: Vec<AcceptedCommand>,
}

impl Default for Waist {
    fn default() -> Self {
        // As after a reset.
        let masks = Masks { all: 0x1FFF_FFFF_FFFF, le: 0x1F };
        Self { masks, asked: None, open: Vec::new() }
    }
}

impl Waist {
    fn command(&mut self, command: &Command) {
        match command {
            Command::SetEventMask { mask } => self.masks.all = *mask,
            Command::LeSetEventMask { mask } => self.masks.le = *mask,
            _ => {}
        }
        self.asked = awaited(command).map(|(what, handle)| (command.opcode(), what, handle));
    }

    fn event(&mut self, record: &Hci, event: &Event) {
        if let Event::CommandStatus { opcode, status: ErrorCode::SUCCESS } = event
            && let Some((_, awaited, handle)) = self.asked.take_if(|asked| asked.0 == *opcode)
            && self.masks.pass(awaited)
        {
            self.open.push(AcceptedCommand { awaited, handle, at: record.at, record: record.id });
        } else if let Some(end) = ends(event)
            && let Some(at) = self.open.iter().position(|open| (open.awaited, open.handle) == end)
        {
            self.open.remove(at);
        }
    }
}

/// A command without its event.
pub(super) struct Unfinished {
    node: NodeId,
    open: AcceptedCommand,
    /// When the connection ended, or the record.
    until: Instant,
}

/// All commands without their events.
pub(super) fn unfinished(view: &View) -> Vec<Unfinished> {
    let mut waists: BTreeMap<NodeId, Waist> = BTreeMap::new();
    let mut all = Vec::new();
    for record in view.hci() {
        let node = record.node;
        match &record.said {
            Said::Command(command) => {
                waists.entry(node).or_default().command(command);
            }
            Said::Event(event) => {
                let waist = waists.entry(node).or_default();
                waist.event(record, event);
                if let Event::DisconnectionComplete { handle, .. } = event {
                    let over = waist.open.extract_if(.., |open| open.handle == *handle);
                    all.extend(over.map(|open| Unfinished { node, open, until: record.at }));
                }
            }
            Said::Octets(_) => {}
        }
    }
    let end = view.end;
    for (node, waist) in waists {
        all.extend(waist.open.into_iter().map(|open| Unfinished { node, open, until: end }));
    }
    all
}

pub(super) fn check(link: &Link<'_>, unfinished: &[Unfinished], findings: &mut Findings) {
    for Unfinished { node, open, until } in unfinished {
        if link.nodes.contains(node)
            && lived(link, *node, open.record)
            && until.since(open.at.max(last_control(link))) > PATIENCE
        {
            findings.add(Finding {
                rule: LL_LIVE_4.id,
                culprit: *node,
                at: *until,
                record: open.record,
                evidence: Vec::new(),
                text: format!("the host was never told what came of {:?}", open.awaited),
            });
        }
    }
}

/// Whether a node had this connection when a record was made.
fn lived(link: &Link<'_>, node: NodeId, record: RecordId) -> bool {
    let own = link.hci.iter().filter(|hci| link.node(hci.by) == node && hci.record < record);
    let last = own.rev().find_map(|hci| match hci.event {
        Event::LeConnectionComplete(_) => Some(true),
        Event::DisconnectionComplete { .. } => Some(false),
        _ => None,
    });
    last == Some(true)
}

/// When the last control PDU was sent that moves a procedure on. Pings go on for ever.
fn last_control(link: &Link<'_>) -> Instant {
    let moves = |opcode| kind(opcode) != Some(ProcedureKind::Ping);
    let last = link.packets.iter().rev().find(|p| p.new && p.opcode().is_some_and(moves));
    last.map_or(link.connect.end, |packet| packet.item.at)
}
