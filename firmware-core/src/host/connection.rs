//! What the host keeps of one connection.

use super::att::{Bearer, Pdu};
use super::calling::Resolution;
use super::gatt::{Awareness, Client};
use super::held::Held;
use super::l2cap::fragment::Fragmenter;
use super::l2cap::recombine::Recombiner;
use super::l2cap::signalling::Signalling;
use super::l2cap::{CID_ATT, frame};
use super::procedures::AutomaticProcedures;
use super::waiting::Waiting;
use ble::address::Address;
use ble::armed::{Armed, Tell, What};
use ble::hci::{ConnectionComplete, Handle};
use ble::time::Instant;

/// One connection, from LE Connection Complete to Disconnection Complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HostConnection {
    pub(super) handle: Handle,
    /// Identity if known, else the on-air address: what logs show.
    pub(super) peer: Address,
    /// The address that it shows.
    pub(super) on_air: Address,
    /// Whether it resolves the target of directed advertising.
    pub(super) resolution: Resolution,
    /// Security level, 1–4, as last reported.
    pub(super) level: u8,
    /// connInterval, connPeripheralLatency, connSupervisionTimeout.
    pub(super) parameters: (u16, u16, u16),
    pub(super) received: Recombiner,
    pub(super) frames: Fragmenter,
    /// ACL packets that the controller has and has not completed.
    pub(super) in_flight: u16,
    pub(super) signalling: Signalling,
    pub(super) bearer: Bearer,
    /// ATT PDUs held until the identity of the peer is known.
    pub(super) held: Held,
    pub(super) client: Client,
    /// Whether it knows the table.
    pub(super) awareness: Awareness,
    /// The client has configured something in this connection.
    pub(super) configured: bool,
    /// Values that have changed and were not sent yet, one bit for each configuration.
    pub(super) notify: u8,
    pub(super) indicate: u8,
    /// A request that the application has not answered yet.
    pub(super) waiting: Option<Waiting>,
    /// Number of the next question to the application.
    pub(super) next_request: u16,
    pub(super) procedures: AutomaticProcedures,
    /// What waits for a bond is due once all that was sent for it has arrived.
    pub(super) bonding: bool,
    /// When it counts as idle. Nothing that is under way: it begins anew with each use.
    pub(super) idle_at: Option<Instant>,
}

impl HostConnection {
    pub(super) fn new(complete: &ConnectionComplete, procedures: AutomaticProcedures) -> Self {
        Self {
            handle: complete.handle,
            peer: complete.peer_identity.unwrap_or(complete.peer),
            on_air: complete.peer,
            resolution: Resolution::default(),
            level: 1,
            parameters: (complete.interval, complete.latency, complete.timeout),
            received: Recombiner::default(),
            frames: Fragmenter::default(),
            in_flight: 0,
            signalling: Signalling::default(),
            bearer: Bearer::default(),
            held: Held::default(),
            client: Client::default(),
            awareness: Awareness::Aware,
            configured: false,
            notify: 0,
            indicate: 0,
            waiting: None,
            next_request: 0,
            procedures,
            bonding: false,
            idle_at: None,
        }
    }

    /// Reports what is under way; see [`ble::armed`].
    pub(super) fn armed(&self, report: Tell<'_>) {
        self.procedures.armed(report);
        if let Some(at) = self.att_deadline() {
            report(Armed::until(What::Att, at));
        }
        if self.signalling.is_waiting() {
            report(Armed::open(What::Signalling));
        }
        if !self.held.is_empty() {
            report(Armed::open(What::HeldRequest));
        }
        if !self.is_quiet() || self.bonding || self.notify | self.indicate != 0 {
            report(Armed::open(What::Data));
        }
    }

    /// When a request without an answer or an indication without a confirmation makes the bearer
    /// useless.
    pub(super) fn att_deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.until);
        let asked = self.resolution.deadline();
        Instant::earlier(self.bearer.deadline(), Instant::earlier(waiting, asked))
    }

    /// Whether all that was queued has arrived.
    pub(super) fn is_quiet(&self) -> bool {
        self.in_flight == 0 && self.frames.is_empty()
    }

    /// Queues an ATT PDU; `None` if there is no room.
    #[must_use]
    pub(super) fn send_att(&mut self, pdu: &Pdu) -> Option<()> {
        self.send(CID_ATT, pdu)
    }

    /// Queues a payload on a channel; `None` if there is no room.
    #[must_use]
    pub(super) fn send(&mut self, cid: u16, payload: &[u8]) -> Option<()> {
        self.frames.push(frame(cid, payload)?)
    }
}
