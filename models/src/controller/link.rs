//! One connection: the state that belongs to no single procedure.

mod events;

use std::collections::VecDeque;

use ble::address::Address;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, AclBoundary, AclData, Handle};
use ble::link::LinkId;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::schedule::Waited;
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure, Trace};

use super::channel::Hopping;
use super::flow::{ControlOut, DataOut, Flow, InFlight, PduKind};
use super::procedure::channels::Minimum;
use super::procedure::encryption::Ciphers;
use super::procedure::instants::Schedule;
use super::procedure::length::Lengths;
use super::procedure::parameters::{Parameters, Wish};
use super::procedure::phy::Phys;
use super::procedure::ping::PayloadTimer;
use super::procedure::version::Versions;
use super::scan::Connecting;
use super::shared::Shared;
use super::smp::{SmpWatch, Way};
use super::turns::Happened;
use events::EventState;
pub(super) use events::Gates;

/// How long before an anchor point the event is handed to the radio.
pub(super) const LEAD: Duration = Duration::from_us(300);

/// `n` units of 1.25 ms.
pub(super) const fn units(n: u16) -> Duration {
    Duration::from_us(1_250).times(n as u64)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) handle: Handle,
    /// As on air.
    pub(super) peer: Address,
    /// The identity under which the peer's features are remembered.
    pub(super) identity: Address,
    pub(super) access_address: u32,
    crc_init: u32,
    hopping: Hopping,
    pub(super) channel_map: u64,
    /// The minimum that the peripheral has requested.
    pub(super) minimum: Minimum,
    /// connEventCount of the event that is under way or comes next.
    pub(super) counter: u16,
    /// Events since the connection was made; does not wrap.
    pub(super) events: u32,
    /// Anchor point of that event.
    pub(super) anchor: Instant,
    pub(super) parameters: Parameters,
    /// Where the peer wants its anchor points after the connection update that is to be sent.
    pub(super) wish: Option<Wish>,
    established: bool,
    /// Last packet with a right CRC, or creation.
    heard: Instant,
    pub(super) phys: Phys,
    flow: Flow,
    pub(super) lengths: Lengths,
    pub(super) features: Option<FeatureSet>,
    pub(super) features_cached: bool,
    pub(super) first_connection: bool,
    pub(super) versions: Versions,
    pub(super) ciphers: Ciphers,
    pub(super) payload_timer: PayloadTimer,
    pub(super) schedule: Schedule,
    pub(super) smp: SmpWatch,
    pub(super) happened: Happened,
    /// Events from the last PDU of the open local procedure to its instant.
    pub(super) ahead: Option<i16>,
    event: EventState,
    /// Events in a row that did not take place, because the radio was not free.
    pub(super) waited: Waited,
    /// LL_TERMINATE_IND waits for its acknowledgement until then.
    pub(super) terminating: Option<Instant>,
    /// The peer has terminated for this reason.
    pub(super) terminated: Option<ErrorCode>,
    /// The packet on its way acknowledges the peer's LL_TERMINATE_IND.
    leaving: bool,
    /// The connection is over for this reason.
    end_reason: Option<ErrorCode>,
}

impl Link {
    /// A connection made by a CONNECT_IND that ended at `now`.
    pub(super) fn new(
        sh: &Shared,
        now: Instant,
        id: LinkId,
        handle: Handle,
        connecting: &Connecting,
    ) -> Self {
        // LL-WIN-1: transmit window.
        let Connecting { request, identity, csa2, phy } = connecting;
        // Well inside the transmit window, whichever way the clocks err.
        let window = units(u16::from(request.win_size)).divided_by(2);
        Self {
            id,
            handle,
            peer: request.advertiser,
            identity: *identity,
            access_address: request.access_address,
            crc_init: request.crc_init,
            // LL-CONN-2: `csa2` is ChSel of both.
            hopping: if *csa2 {
                Hopping::two(request.access_address)
            } else {
                Hopping::one(request.hop)
            },
            channel_map: request.channel_map,
            minimum: Minimum::default(),
            counter: 0,
            events: 0,
            anchor: now + connecting.window_delay() + units(request.win_offset) + window,
            parameters: Parameters {
                interval: request.interval,
                latency: request.latency,
                timeout: request.timeout,
            },
            wish: None,
            established: false,
            heard: now,
            phys: Phys::new(phy.unwrap_or_default()),
            // LL-SN-2: first numbers.
            flow: Flow::default(),
            lengths: Lengths::new(sh),
            features: None,
            features_cached: sh.known_features(*identity).is_some(),
            first_connection: !sh.connected_before,
            versions: Versions::default(),
            ciphers: Ciphers::default(),
            payload_timer: PayloadTimer::default(),
            schedule: Schedule::default(),
            smp: SmpWatch::default(),
            happened: Happened::default(),
            ahead: None,
            event: EventState::default(),
            waited: Waited::NONE,
            terminating: None,
            terminated: None,
            leaving: false,
            end_reason: None,
        }
    }

    /// When the radio must be given the next event.
    pub(super) fn preparation(&self) -> Instant {
        self.anchor.before(LEAD)
    }

    /// When the connection is lost unless something is heard.
    pub(super) fn supervision(&self) -> Instant {
        // LL-SUP-2: six intervals.
        let patience = if self.established {
            self.parameters.timeout()
        } else {
            self.parameters.interval().times(6)
        };
        self.heard + patience
    }

    /// Nothing has been heard for too long.
    pub(super) fn lose(&mut self) {
        let reason = if !self.established {
            // A connection that was never established has nothing to terminate.
            ErrorCode::FAILED_TO_ESTABLISH
        } else if self.terminating.is_some() {
            ErrorCode::LOCAL_HOST_TERMINATED
        } else {
            ErrorCode::CONNECTION_TIMEOUT
        };
        self.disconnect(reason);
    }

    /// The connection is over, unless it already is for another reason.
    pub(super) fn disconnect(&mut self, reason: ErrorCode) {
        self.end_reason.get_or_insert(reason);
    }

    /// Why the connection is over; `None`: it is not.
    pub(super) const fn end_reason(&self) -> Option<ErrorCode> {
        self.end_reason
    }

    /// Other parameters are in force from the coming event on, whose anchor point lies later by
    /// this much.
    pub(super) fn change_parameters(&mut self, new: Parameters, later: Duration) {
        // LL-UPD-1: new parameters from the instant on.
        // LL-WIN-1: transmit window.
        self.anchor += later;
        self.parameters = new;
        // LL-SUP-3: supervision at an instant.
        self.heard = self.heard.max(self.anchor);
    }

    // Features.

    /// Whether both ends are known to have a feature.
    pub(super) fn agreed(&self, sh: &Shared, feature: FeatureSet) -> bool {
        // LL-FEAT-6: for rejects only; requests are answered by own capability.
        sh.has(feature) && self.features.is_some_and(|peer| peer.has(feature))
    }

    /// Whether the peer is known to lack a feature.
    pub(super) fn lacks(&self, feature: FeatureSet) -> bool {
        self.features.is_some_and(|peer| !peer.has(feature))
    }

    // For the record.

    pub(super) fn misbehaved(&self, sh: &mut Shared, violation: PeerMisbehaved) {
        sh.misbehaved(Some(self.id), violation);
    }

    pub(super) fn started(&self, sh: &mut Shared, procedure: Procedure, initiator: Initiator) {
        sh.trace(Trace::ProcedureStarted { link: self.id, procedure, initiator });
    }

    pub(super) fn ended(
        &self,
        sh: &mut Shared,
        procedure: Procedure,
        initiator: Initiator,
        outcome: ErrorCode,
    ) {
        sh.trace(Trace::ProcedureEnded { link: self.id, procedure, initiator, outcome });
    }

    /// A procedure of the peer that began and ended with one answer.
    pub(super) fn served(&self, sh: &mut Shared, procedure: Procedure) {
        self.started(sh, procedure, Initiator::Remote);
        self.ended(sh, procedure, Initiator::Remote, ErrorCode::SUCCESS);
    }

    /// Whether nothing waits to be sent or is to change, and the peer listens.
    pub(super) fn rests(&self) -> bool {
        let flow = &self.flow;
        let empty = |sent: &InFlight| sent.kind == PduKind::Empty;
        let sent = flow.in_flight.as_ref().is_none_or(empty);
        let ends = self.terminating.is_some() || self.terminated.is_some() || self.leaving;
        let settled = self.established && !ends && !self.schedule.any();
        settled
            && sent
            && flow.control.is_empty()
            && flow.data.is_empty()
            && self.waited == Waited::NONE
            && self.parameters.latency == 0
    }

    /// So many events are over: Empty PDUs, all of which arrived.
    pub(super) fn leap(&mut self, events: u16) {
        let by = self.parameters.interval().times(events.into());
        self.counter = self.counter.wrapping_add(events);
        self.events = self.events.saturating_add(events.into());
        self.hopping.leap(events);
        self.anchor += by;
        self.heard += by;
    }

    // What waits to be sent.

    /// ACL data from the host. Empty packets are refused by HCI, so there is always something
    /// to send.
    pub(super) fn send_data(&mut self, sh: &mut Shared, acl: &Acl) {
        let tag = sh.tag();
        sh.queued(self.id, tag, None);
        self.smp.pass(Way::Out, acl.boundary, &acl.data);
        self.happened.pass(Way::Out, acl.boundary, &acl.data);
        let rest = acl.data.to_vec();
        self.flow.data.push_back(DataOut { tag, boundary: acl.boundary, rest });
    }

    /// ACL data from the peer.
    pub(super) fn pass_data(&mut self, sh: &mut Shared, boundary: AclBoundary, octets: &[u8]) {
        match AclData::from_slice(octets) {
            Ok(data) => {
                self.smp.pass(Way::In, boundary, &data);
                self.happened.pass(Way::In, boundary, &data);
                sh.acl(Acl { handle: self.handle, boundary, data });
            }
            Err(_) => self.misbehaved(sh, PeerMisbehaved::WrongLength),
        }
    }

    /// Packets of the host that are not acknowledged.
    pub(super) fn outstanding(&self) -> usize {
        let in_flight = matches!(
            self.flow.in_flight,
            Some(InFlight { kind: PduKind::Data { last: true }, .. })
        );
        self.flow.data.len() + usize::from(in_flight)
    }

    /// Control PDUs that wait.
    pub(super) fn control_waiting(&self) -> usize {
        self.flow.control.len()
    }

    /// Queues a control PDU.
    pub(super) fn send(&mut self, sh: &mut Shared, pdu: ControlPdu) {
        let tag = sh.tag();
        sh.queued(self.id, tag, Some(pdu.opcode()));
        self.flow.control.push_back(ControlOut { tag, pdu, ahead: self.ahead });
    }

    /// Rejects a request in the form that both ends know.
    pub(super) fn reject(&mut self, sh: &mut Shared, opcode: Opcode, error: ErrorCode) {
        // LL-REJ-1: form of a reject.
        let pdu = if self.agreed(sh, FeatureSet::EXTENDED_REJECT) {
            ControlPdu::RejectExtInd { opcode, error }
        } else {
            ControlPdu::RejectInd(error)
        };
        self.send(sh, pdu);
    }

    /// Drops all that waits to be sent.
    pub(super) fn forget_queues(&mut self) {
        self.flow.control = VecDeque::new();
        self.flow.data = VecDeque::new();
    }
}
