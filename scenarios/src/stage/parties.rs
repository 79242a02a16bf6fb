//! What came of each central of a scenario with several.
//!
//! A connection of the peripheral is that of the central from whose address it came; where two
//! systems share a machine, of the one that is booted then.

use ble::address::Address;
use ble::hci::Event;
use ble::log::Line;
use ble::time::Instant;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};
use serde::Serialize;

use super::Stage;
use crate::participant::Participant;
use crate::story::Story;
use crate::summary::{PeripheralFacts, Verdict};
use ble::error::ErrorCode;
use ble::hci::Role;

/// One of several centrals, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its name, alone among them.
    pub central: String,
    /// How it ended for this one.
    pub outcome: Verdict,
    /// Connections that the peripheral had with it.
    pub connections: u32,
    /// The peripheral's security level in the last one, 1–4.
    pub security_level: Option<u8>,
    /// Last `Security failed` of the peripheral's log in them, as `bt_security_err`.
    pub security_err: Option<u8>,
    /// Reason of the disconnection that decided it, as in the event to the peripheral's host.
    pub disconnect_reason: Option<u8>,
    /// The disconnection that decided it.
    #[serde(skip)]
    pub ending: Option<(Instant, ErrorCode)>,
    /// Its node in the world.
    #[serde(skip)]
    pub node: NodeId,
    /// Its connections: times of the connection and disconnection events to the peripheral's host.
    #[serde(skip)]
    pub spans: Vec<(Instant, Option<Instant>)>,
}

/// What belongs to one of them.
#[derive(Clone, Debug, Default)]
struct Part {
    facts: PeripheralFacts,
    spans: Vec<(Instant, Option<Instant>)>,
}

/// Sorts the peripheral's records by the central that they concern.
struct Sorter {
    peripheral: NodeId,
    nodes: [NodeId; 2],
    /// Addresses under which each has connected.
    addresses: [Vec<Address>; 2],
    /// Whose connection there is.
    owner: Option<usize>,
    /// Which of them has connected last, and since when a chip is connected to whom its log has yet
    /// to say.
    latest: Option<usize>,
    unknown: Option<Instant>,
    /// The peripheral is a chip, which tells of itself in its log alone.
    is_chip: bool,
    parts: [Part; 2],
    connections: usize,
}

impl Sorter {
    fn new(peripheral: NodeId, nodes: [NodeId; 2], records: &[Record], is_chip: bool) -> Self {
        let mut addresses = [Vec::new(), Vec::new()];
        for record in records {
            if let RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(complete))) =
                &record.kind
                && complete.role == Role::Central
                && let Some(at) = nodes.iter().position(|node| *node == record.node)
            {
                addresses[at].push(complete.local);
            }
        }
        let parts = Default::default();
        Self {
            peripheral,
            nodes,
            addresses,
            owner: None,
            latest: None,
            unknown: None,
            is_chip,
            parts,
            connections: 0,
        }
    }

    /// Whose a new connection is.
    fn whose(&self, peer: Address) -> Option<usize> {
        let [first, second] = self.nodes;
        match first == second {
            // The second system is booted for the second connection alone.
            true => Some(usize::from(self.connections == 1)),
            false => self.addresses.iter().position(|known| known.contains(&peer)),
        }
    }

    fn add(&mut self, record: &Record) {
        if record.node != self.peripheral {
            return self.add_other(record);
        }
        if let (true, RecordKind::Note(Note::Log(log))) = (self.is_chip, &record.kind) {
            return self.add_logged(record.at, &log.line);
        }
        if let RecordKind::Note(Note::HciEvent(event)) = &record.kind {
            self.event(record.at, event);
        }
        if let Some(part) = self.owner.and_then(|at| self.parts.get_mut(at)) {
            part.facts.add(self.peripheral, record);
        }
    }

    /// A record of the other end, by which it is known whom a chip is connected to.
    fn add_other(&mut self, record: &Record) {
        let whose = self.nodes.iter().position(|node| *node == record.node);
        if let (Some(whose), RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(one)))) =
            (whose, &record.kind)
            && one.role == Role::Central
        {
            let [first, second] = self.nodes;
            // The second system of a machine is booted for the second connection alone.
            let same = usize::from(self.connections == 1);
            self.latest = Some(if first == second { same } else { whose });
        }
    }

    /// A line of a chip's log. Whom it is connected to, one of the next lines says; who connected
    /// last may have been too late.
    fn add_logged(&mut self, at: Instant, line: &Line) {
        let peer = match line {
            Line::Connected => {
                self.unknown = Some(at);
                return;
            }
            Line::SecurityChanged { peer, .. }
            | Line::SecurityFailed { peer, .. }
            | Line::Passkey { peer, .. }
            | Line::PairingComplete { peer, .. } => Some(*peer),
            _ => None,
        };
        let ends = matches!(line, Line::Disconnected(_));
        if let Some(since) = self.unknown.take_if(|_| peer.is_some() || ends) {
            let told = peer.and_then(|peer| self.whose(peer));
            self.begin(since, told.or(self.latest));
            self.add_fact(since, &Line::Connected);
        }
        self.add_fact(at, line);
        if let Line::Disconnected(reason) = line {
            self.end(at, *reason);
        }
    }

    fn add_fact(&mut self, at: Instant, line: &Line) {
        if let Some(part) = self.owner.and_then(|at| self.parts.get_mut(at)) {
            part.facts.add_logged(at, line);
        }
    }

    fn event(&mut self, at: Instant, event: &Event) {
        match event {
            Event::LeConnectionComplete(complete) if complete.status == ErrorCode::SUCCESS => {
                self.begin(at, self.whose(complete.peer));
            }
            Event::DisconnectionComplete { reason, .. } => self.end(at, *reason),
            _ => {}
        }
    }

    fn begin(&mut self, at: Instant, owner: Option<usize>) {
        self.owner = owner;
        self.connections += 1;
        if let Some(part) = self.owner.and_then(|at| self.parts.get_mut(at)) {
            part.spans.push((at, None));
        }
    }

    fn end(&mut self, at: Instant, reason: ErrorCode) {
        if crate::summary::never_established(reason) {
            self.connections = self.connections.saturating_sub(1);
        }
        let part = self.owner.and_then(|at| self.parts.get_mut(at));
        if let Some((_, end)) = part.and_then(|part| part.spans.last_mut()) {
            *end = Some(at);
        }
    }
}

impl Stage {
    /// What came of each central; empty where there is one.
    pub(super) fn parties(&self) -> Vec<Party> {
        let Some(names) = &self.parties else { return Vec::new() };
        let nodes = [self.central, self.beside.unwrap_or(self.central)];
        let records = self.world.records();
        let mut sorter = Sorter::new(self.peripheral, nodes, records, self.chip().is_some());
        for record in records {
            sorter.add(record);
        }
        let parts = sorter.parts.into_iter().zip(names).zip(nodes).enumerate();
        parts.map(|(which, ((part, name), node))| self.party(which, part, name, node)).collect()
    }

    fn party(&self, which: usize, part: Part, name: &str, node: NodeId) -> Party {
        let Part { facts, spans } = part;
        // The other system of a machine bonds, and is not booted again.
        let once = self.scenario.story == Story::DualBoot && which == 1;
        let wanted = if once { 1 } else { 2 };
        let last = facts.endings.get(wanted - 1).copied();
        let bad = facts.endings.iter().find(|(_, reason)| *reason != LEFT).copied();
        let secure = facts.last_level >= Some(self.required_level);
        let reached = facts.connections as usize >= wanted && secure;
        let bonded = facts.bonded.is_some() && self.has_bond(node);
        let outcome = match (bonded, bad.or_else(|| last.filter(|_| !reached))) {
            (true, None) if reached => Verdict::Bonded,
            (true, Some(_)) if reached => Verdict::BondedThenLost,
            (_, Some(_)) if !facts.failed_before_disconnect => Verdict::Disconnected,
            _ if facts.pairing_failed => Verdict::PairingFailed,
            _ => Verdict::Timeout,
        };
        let paired = secure && !bonded && bad.is_none() && !facts.pairing_failed;
        let outcome = if paired { Verdict::Paired } else { outcome };
        let ending = bad.or(last).or(facts.disconnected);
        Party {
            central: name.to_owned(),
            outcome,
            connections: facts.connections,
            security_level: facts.last_level,
            security_err: facts.security_err,
            disconnect_reason: ending.map(|(_, reason)| reason.0),
            ending,
            node,
            spans,
        }
    }

    /// Whether the central at this node has a bond, in whichever of its systems.
    fn has_bond(&self, node: NodeId) -> bool {
        let Participant::Central(central) = self.world.node(node) else { return false };
        let level = |bond: &bletwin_models::host::Bond| bond.level >= self.required_level;
        let has = |host: &bletwin_models::host::CentralHost| {
            host.bonds().iter().chain(host.other_bonds()).any(level)
        };
        central.host().is_some_and(has)
    }
}

/// The reason at the peripheral when the user of its central is done.
const LEFT: ErrorCode = ErrorCode::REMOTE_USER_TERMINATED;
