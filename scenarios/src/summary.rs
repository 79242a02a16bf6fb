//! What came out of a run, read from its record.

mod charge;
mod cpu;
mod hci;

use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, Event, Handle};
use ble::log::{Line, Log};
use ble::time::Instant;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};
use serde::Serialize;

use crate::judgement::{Observed, ReportedFinding};
pub use charge::{Charge, Share, StateCharge};
pub use cpu::CpuSummary;
pub use hci::hci_sha256;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both ends stored the bond, at the security level that was demanded.
    Bonded,
    /// The same, and then the link died: neither user nor application had ended it.
    BondedThenLost,
    /// The same, but at the end the central's steps on attributes failed.
    Unserved,
    /// The link died before.
    Disconnected,
    /// Pairing failed and the link lived on.
    PairingFailed,
    /// Paired and encrypted at the level that was demanded, and a side keeps no bond.
    Paired,
    /// Nothing of that in the time that the scenario allows.
    Timeout,
    /// All requests of the central were served, without pairing.
    Served,
    /// Procedures that met ended as the rules say.
    Resolved,
    /// They ended in another way.
    Unresolved,
}

impl Verdict {
    /// As in `--json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bonded => "bonded",
            Self::BondedThenLost => "bonded-then-lost",
            Self::Unserved => "unserved",
            Self::Disconnected => "disconnected",
            Self::PairingFailed => "pairing-failed",
            Self::Paired => "paired",
            Self::Timeout => "timeout",
            Self::Served => "served",
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
        }
    }
}

/// PHYs of the peripheral's link when the run ended (or when the link did), as HCI numbers them:
/// 1 = 1M, 2 = 2M, 3 = Coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phys {
    /// Peripheral to central.
    pub tx: u8,
    /// Central to peripheral.
    pub rx: u8,
}

/// The machine-readable result of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the firmware configuration.
    pub peripheral: String,
    /// Name of the central.
    pub central: String,
    /// Seed of all randomness.
    pub seed: u64,
    /// How it ended.
    pub outcome: Verdict,
    /// The peripheral's security level, 1–4, when the link ended or the run did.
    pub security_level: Option<u8>,
    /// Last `Security failed` of the peripheral's log, as `bt_security_err`.
    pub security_err: Option<u8>,
    /// First disconnection in the events to the peripheral's host; if the central failed after
    /// reconnecting, the second.
    pub disconnect_reason: Option<u8>,
    /// PHYs at the end.
    pub phy: Option<Phys>,
    /// Simulated time when the run ended, in seconds.
    pub sim_seconds: f64,
    /// Hash of every bit and time on air; `None` where it was forgone.
    pub trace_sha256: Option<String>,
    /// Digest of every HCI packet on both sides and its time, hexadecimal.
    pub hci_sha256: String,
    /// Violations of the link layer's rules, those first that no profile declares.
    pub findings: Vec<ReportedFinding>,
    /// Recommendations of the link layer that were not followed. They fail no run.
    pub observations: Vec<Observed>,
    /// Processor use of a chip's program; absent without a chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuSummary>,
    /// What the peripheral took of its supply; absent where a host from outside plays it, and where
    /// procedures meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
}

/// Facts from the peripheral's part of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeripheralFacts {
    /// When its host got the last connection event.
    pub connected: Option<Instant>,
    /// Connections so far.
    pub connections: u32,
    /// First disconnection and its reason. One that was never established (0x3E) counts only as
    /// long as no other connection follows: a central tries again.
    pub disconnected: Option<(Instant, ErrorCode)>,
    /// Disconnections, less those of connections that were never established.
    pub endings: Vec<(Instant, ErrorCode)>,
    /// Whether the peer or this device had given up pairing before that.
    pub failed_before_disconnect: bool,
    /// Security level of the present connection.
    pub level: Option<u8>,
    /// Security level of the present connection, or of the last one when it ended.
    pub last_level: Option<u8>,
    /// Last `Security failed`.
    pub security_err: Option<u8>,
    /// Whether pairing was reported to have failed.
    pub pairing_failed: bool,
    /// Whether anything of SMP crossed HCI.
    pub smp: bool,
    /// When a pairing completed with a bond.
    pub bonded: Option<Instant>,
    /// PHYs of the last connection.
    pub phy: Option<Phys>,
    /// Of a chip: whether its log says what happens to it.
    pub logs: bool,
}

impl PeripheralFacts {
    /// Takes in one more record; records of other nodes do not count.
    pub fn add(&mut self, peripheral: NodeId, record: &Record) {
        if record.node != peripheral {
            return;
        }
        match &record.kind {
            RecordKind::Note(Note::HciEvent(event)) => self.add_event(record.at, event),
            RecordKind::Note(Note::Log(Log { line, .. })) => self.add_line(record.at, line),
            RecordKind::Note(Note::AclIn(acl) | Note::AclOut(acl)) => self.smp |= is_smp(acl),
            _ => {}
        }
    }

    /// Takes in one more line of the log of a chip, of whose host nothing else is known. The other
    /// end may have told of the connection before.
    pub(crate) fn add_logged(&mut self, at: Instant, line: &Line) {
        match line {
            Line::Connected if !self.is_open() => self.begin(at),
            Line::PhyUpdated { tx, rx } => self.phy = Some(Phys { tx: *tx, rx: *rx }),
            Line::Disconnected(reason) if self.is_open() => {
                let (handle, reason) = (Handle(0), *reason);
                self.add_event(at, &Event::DisconnectionComplete { handle, reason });
            }
            // It is said before the disconnection that it may come from; whether the pairing had
            // failed before, the central knows.
            Line::SecurityFailed { error, .. } => self.security_err = Some(*error as u8),
            line => self.add_line(at, line),
        }
    }

    /// Takes in one more record of the other end, for a peripheral without a record: the events
    /// that its host must have had. `reports_end`: it does report disconnections.
    pub fn add_other(&mut self, central: NodeId, reports_end: bool, record: &Record) {
        let RecordKind::Note(Note::HciEvent(event)) = &record.kind else { return };
        if record.node != central {
            return;
        }
        let mut event = event.clone();
        match &mut event {
            Event::DisconnectionComplete { .. } if reports_end => return,
            Event::LeConnectionComplete(_) if reports_end && self.is_open() => return,
            Event::DisconnectionComplete { reason, .. } => {
                *reason = match *reason {
                    ErrorCode::LOCAL_HOST_TERMINATED => ErrorCode::REMOTE_USER_TERMINATED,
                    ErrorCode::REMOTE_USER_TERMINATED => ErrorCode::LOCAL_HOST_TERMINATED,
                    same => same,
                }
            }
            Event::LePhyUpdateComplete { tx, rx, .. } => std::mem::swap(tx, rx),
            _ => {}
        }
        self.add_event(record.at, &event);
    }

    pub(crate) fn add_event(&mut self, at: Instant, event: &Event) {
        match event {
            Event::LeConnectionComplete(c) if c.status == ErrorCode::SUCCESS => self.begin(at),
            Event::DisconnectionComplete { reason, .. } => {
                if never_established(*reason) {
                    self.connections = self.connections.saturating_sub(1);
                } else {
                    self.endings.push((at, *reason));
                }
                if self.disconnected.is_none() {
                    self.failed_before_disconnect = self.pairing_failed;
                }
                self.disconnected.get_or_insert((at, *reason));
                self.level = None;
            }
            Event::LePhyUpdateComplete { status: ErrorCode::SUCCESS, tx, rx, .. } => {
                self.phy = Some(Phys { tx: *tx as u8, rx: *rx as u8 });
            }
            _ => {}
        }
    }

    /// Whether a connection has begun that has not ended.
    fn is_open(&self) -> bool {
        self.endings.len() < self.connections as usize
    }

    /// A connection has begun.
    fn begin(&mut self, at: Instant) {
        self.connected = Some(at);
        self.connections += 1;
        self.disconnected.take_if(|(_, reason)| never_established(*reason));
        self.set_level(1);
        self.phy = Some(Phys { tx: 1, rx: 1 });
    }

    pub(crate) const fn set_level(&mut self, level: u8) {
        self.level = Some(level);
        self.last_level = Some(level);
    }

    fn add_line(&mut self, at: Instant, line: &Line) {
        match line {
            Line::SecurityChanged { level, .. } => self.set_level(*level),
            Line::SecurityFailed { error, .. } => {
                self.security_err = Some(*error as u8);
                self.pairing_failed = true;
            }
            Line::PairingComplete { bonded: true, .. } => {
                self.bonded.get_or_insert(at);
            }
            _ => {}
        }
    }
}

/// Whether a frame of the Security Manager begins in a packet.
fn is_smp(acl: &Acl) -> bool {
    acl.boundary != AclBoundary::Continuing && acl.data.get(2..4) == Some(&[6, 0])
}

/// Whether a connection that ended for this reason was none.
#[must_use]
pub fn never_established(reason: ErrorCode) -> bool {
    reason == ErrorCode::FAILED_TO_ESTABLISH
}

/// Octets in lower-case hexadecimal, in their order, two digits each.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02x}")).collect()
}
