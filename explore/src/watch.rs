//! The knowledge of the two hosts of an explored link: their requests without a result, their view
//! of the link, and the time of the last activity.

use std::hash::{Hash, Hasher};

use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::Opcode;
use ble::phy::Phy;
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure, Trace};
use bletwin_sim::hash::RelativeHasher;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{AirTx, Note, Reception, Record, RecordKind};

mod data;

use data::Data;

/// The peripheral's node in every explored world.
pub const PERIPHERAL: NodeId = NodeId(0);
/// The central's node in every explored world.
pub const CENTRAL: NodeId = NodeId(1);

/// A request of a host, until its result is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum OpenRequest {
    Features,
    Version,
    DataLength,
    Phy,
    Parameters,
    Encryption,
    Disconnection,
}

impl OpenRequest {
    const fn by(command: &Command) -> Option<Self> {
        Some(match command {
            Command::LeReadRemoteFeatures { .. } => Self::Features,
            Command::ReadRemoteVersion { .. } => Self::Version,
            Command::LeSetDataLength { .. } => Self::DataLength,
            Command::LeSetPhy { .. } => Self::Phy,
            Command::LeConnectionUpdate { .. } => Self::Parameters,
            Command::LeEnableEncryption { .. } => Self::Encryption,
            Command::Disconnect { .. } => Self::Disconnection,
            _ => return None,
        })
    }

    const fn ended_by(event: &Event) -> Option<Self> {
        Some(match event {
            Event::LeRemoteFeatures { .. } => Self::Features,
            Event::RemoteVersion { .. } => Self::Version,
            Event::LePhyUpdateComplete { .. } => Self::Phy,
            Event::LeConnectionUpdateComplete { .. } => Self::Parameters,
            Event::EncryptionChange { .. } | Event::EncryptionKeyRefreshComplete { .. } => {
                Self::Encryption
            }
            Event::DisconnectionComplete { .. } => Self::Disconnection,
            _ => return None,
        })
    }

    /// The HCI command, for the texts of findings.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Features => "LE Read Remote Features",
            Self::Version => "Read Remote Version Information",
            Self::DataLength => "LE Set Data Length",
            Self::Phy => "LE Set PHY",
            Self::Parameters => "LE Connection Update",
            Self::Encryption => "LE Enable Encryption",
            Self::Disconnection => "Disconnect",
        }
    }
}

/// One host's part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    pub(super) connected: bool,
    pub(super) ended: Option<ErrorCode>,
    pub(super) encrypted: bool,
    /// With the status of its command still to come, or with its end.
    pub(super) open: Vec<OpenRequest>,
    /// Commands whose answer has not come.
    unanswered: Vec<(ble::hci::HciOpcode, OpenRequest)>,
    /// Interval, latency, timeout.
    pub(super) parameters: Option<(u16, u16, u16)>,
    /// To send and to receive with.
    pub(super) phy: (Phy, Phy),
    /// Octets to send and to receive.
    pub(super) octets: (u16, u16),
    /// Octets and time that it asked for last.
    length: (u16, u16),
}

impl Default for End {
    fn default() -> Self {
        Self {
            connected: false,
            ended: None,
            encrypted: false,
            open: Vec::new(),
            unanswered: Vec::new(),
            parameters: None,
            phy: (Phy::Le1M, Phy::Le1M),
            octets: (27, 27),
            length: (27, 328),
        }
    }
}

impl End {
    fn command(&mut self, command: &Command) {
        let Some(asked) = OpenRequest::by(command) else { return };
        if let Command::LeSetDataLength { tx_octets, tx_time, .. } = command
            && std::mem::replace(&mut self.length, (*tx_octets, *tx_time)) == (*tx_octets, *tx_time)
        {
            // An earlier identical request is not repeated on air.
            return;
        }
        self.unanswered.push((command.opcode(), asked));
        self.open.push(asked);
    }

    fn close(&mut self, asked: OpenRequest) {
        self.open.retain(|open| *open != asked);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::CommandStatus { opcode, status }
            | Event::CommandComplete { opcode, status, .. } => {
                let of = |(waiting, _): &(_, OpenRequest)| waiting == opcode;
                if let Some(at) = self.unanswered.iter().position(of) {
                    let (_, asked) = self.unanswered.remove(at);
                    if *status != ErrorCode::SUCCESS {
                        self.close(asked);
                    }
                }
            }
            Event::LeConnectionComplete(complete) if complete.status == ErrorCode::SUCCESS => {
                self.connected = true;
                let (interval, latency) = (complete.interval, complete.latency);
                self.parameters = Some((interval, latency, complete.timeout));
            }
            Event::DisconnectionComplete { reason, .. } => {
                *self = Self { ended: Some(*reason), ..Self::default() };
            }
            Event::LeConnectionUpdateComplete { status, interval, latency, timeout, .. }
                if *status == ErrorCode::SUCCESS =>
            {
                self.parameters = Some((*interval, *latency, *timeout));
            }
            Event::LePhyUpdateComplete { status: ErrorCode::SUCCESS, tx, rx, .. } => {
                self.phy = (*tx, *rx);
            }
            Event::LeDataLengthChange { tx_octets, rx_octets, .. } => {
                self.octets = (*tx_octets, *rx_octets);
                self.close(OpenRequest::DataLength);
            }
            Event::EncryptionChange { status: ErrorCode::SUCCESS, enabled, .. } => {
                self.encrypted = *enabled;
            }
            _ => {}
        }
        if let Some(asked) = OpenRequest::ended_by(event) {
            self.close(asked);
        }
    }
}

/// Both hosts' parts, and when something happened last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Watch {
    /// By node: the peripheral's host, then the central's.
    pub(super) ends: [End; 2],
    /// By the node that sends.
    pub(super) data: [Data; 2],
    /// Time of the last request, event, or PDU other than an Empty PDU.
    pub(super) active: Instant,
    /// Hash of requests, events and queued data so far, without times.
    history: u64,
    /// The central has heard the peripheral.
    pub(super) established: bool,
    /// First packet of the central in the last event.
    pub(super) anchor: Instant,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            ends: [End::default(), End::default()],
            data: [Data::default(), Data::default()],
            active: Instant::ZERO,
            history: 0,
            established: false,
            anchor: Instant::ZERO,
        }
    }
}

impl Watch {
    /// Takes note of a record.
    pub(super) fn note(&mut self, record: &Record) {
        let own = usize::from(record.node.0);
        let Some(end) = self.ends.get_mut(own) else { return };
        match &record.kind {
            RecordKind::AirTx(tx) => self.packet(record, tx),
            RecordKind::AirRx { reception: Reception::Ok, .. } => {
                self.established |= end.connected && record.node == CENTRAL;
            }
            RecordKind::Note(Note::HciCommand(command)) => {
                end.command(command);
                self.event_of(record, command.opcode().0);
            }
            RecordKind::Note(Note::AclOut(acl)) if end.connected => self.data[own].sent(acl),
            RecordKind::Note(Note::AclIn(acl)) => self.data[1 - own].arrived(acl),
            RecordKind::Note(Note::Trace(Trace::HostOverrun { .. })) => self.data[own].refused(),
            RecordKind::Note(Note::HciEvent(event)) => {
                end.event(event);
                if end.ended.is_some() {
                    self.data[1 - own].given_up();
                }
                self.event_of(record, event.name());
            }
            RecordKind::Note(Note::Trace(Trace::Queued { opcode: Some(opcode), .. })) => {
                if matches!(*opcode, Opcode::LENGTH_REQ | Opcode::LENGTH_RSP) {
                    end.close(OpenRequest::DataLength);
                }
                self.event_of(record, opcode.0);
            }
            RecordKind::Note(Note::Trace(Trace::ProcedureEnded {
                procedure: Procedure::DataLengthUpdate,
                initiator: Initiator::Local,
                ..
            })) => end.close(OpenRequest::DataLength),
            RecordKind::Acted(_) => self.active = record.at,
            _ => {}
        }
    }

    fn event_of(&mut self, record: &Record, what: impl Hash) {
        self.active = record.at;
        let mut hasher = RelativeHasher::new(Instant::ZERO);
        (self.history, record.node, what).hash(&mut hasher);
        self.history = hasher.finish();
    }

    fn packet(&mut self, record: &Record, tx: &AirTx) {
        if tx.pdu.payload_len() > 0 {
            self.active = record.at;
        }
        let half = self.interval().divided_by(2);
        if record.node == CENTRAL && record.at.since(self.anchor) > half {
            self.anchor = record.at;
        }
    }

    /// connInterval as the central's host knows it.
    pub(super) fn interval(&self) -> Duration {
        let (interval, ..) = self.ends[1].parameters.unwrap_or((6, 0, 0));
        Duration::from_us(1_250).times(interval.into())
    }

    /// How long a link must be silent for nothing to be to come: an instant lies six events ahead
    /// and each may be waited for through latency.
    pub(super) fn patience(&self) -> Duration {
        let (_, latency, _) = self.ends[1].parameters.unwrap_or((6, 0, 0));
        self.interval().times(u64::from(latency) + 1).times(QUIET_EVENTS)
    }

    /// Both ends have left.
    pub(super) fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.ended.is_some())
    }

    /// A host waits for a result or for data, or the views of the two differ.
    pub(super) fn is_open(&self) -> bool {
        let [p, c] = &self.ends;
        let one_left = p.ended.is_some() != c.ended.is_some();
        let waits = self.ends.iter().any(|end| !end.open.is_empty()) || self.misses().is_some();
        one_left || waits || self.disagree().is_some()
    }

    /// Whose data have not arrived although the link is alive.
    pub(super) fn misses(&self) -> Option<NodeId> {
        let alive = self.ends.iter().all(|end| end.ended.is_none());
        [PERIPHERAL, CENTRAL]
            .into_iter()
            .zip(&self.data)
            .find_map(|(node, data)| (alive && !data.is_there()).then_some(node))
    }

    /// Whose data have arrived as something else.
    pub(super) fn mistook(&self) -> Option<NodeId> {
        let nodes = [PERIPHERAL, CENTRAL].into_iter().zip(&self.data);
        nodes.into_iter().find_map(|(node, data)| data.wrong.then_some(node))
    }

    /// The difference between the hosts' views.
    pub(super) fn disagree(&self) -> Option<String> {
        let [p, c] = &self.ends;
        if p.ended.is_some() || c.ended.is_some() {
            return None;
        }
        let turned = |(a, b)| (b, a);
        if p.parameters != c.parameters {
            Some(format!("parameters {:?} and {:?}", p.parameters, c.parameters))
        } else if p.phy != (c.phy.1, c.phy.0) {
            Some(format!("PHYs {:?} and {:?}", p.phy, c.phy))
        } else if p.octets != turned(c.octets) {
            Some(format!("data lengths {:?} and {:?}", p.octets, c.octets))
        } else if p.encrypted != c.encrypted {
            Some(format!("encryption {} and {}", p.encrypted, c.encrypted))
        } else {
            None
        }
    }
}

/// Intervals of silence, each times latency + 1, in [`Watch::patience`].
const QUIET_EVENTS: u64 = 8;
