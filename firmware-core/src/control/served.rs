//! A connection together with its procedures: its inputs, and what follows each call.

use super::connection::{Connection, Context};
use super::procedure::Local;
use super::procedure::{may_send_on, phy, ping, row, shortest_interval};
use super::procedures::Procedures;
use super::sender::Sent;
use super::termination::Termination;
use crate::link::message::LinkOrder;
use ble::armed::{Armed, Tell, What};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{ACL_MAX, Acl, AclBoundary, AclData, Event};
use ble::pdu::control::{ControlError, ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::{Llid, Payload};
use ble::radio::Tag;
use ble::time::Instant;
use ble::trace::Procedure;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Served {
    pub(super) connection: Connection,
    pub(super) procedures: Procedures,
    /// Latency is suspended.
    listening: bool,
    /// Largest receive length, as last ordered from `Link`.
    longest: u8,
}

impl Served {
    pub(super) fn new(connection: Connection) -> Self {
        let longest = connection.data_length.longest(false);
        Self { connection, procedures: Procedures::default(), listening: false, longest }
    }

    /// Handles a received PDU, whose content may be anything.
    pub(super) fn received(&mut self, cx: &mut Context<'_>, llid: Llid, mut payload: Payload) {
        let c = &mut self.connection;
        if matches!(c.termination, Some(Termination::Remote { .. })) {
            return;
        }
        if !c.decrypt(cx, llid, &mut payload) {
            // LL-MIC-2: wrong MIC.
            c.misbehaved(cx, PeerMisbehaved::BadMic);
            return c.disconnect(cx, ErrorCode::MIC_FAILURE);
        }
        match llid {
            Llid::Control => self.control(cx, &payload),
            Llid::Start => self.data(cx, AclBoundary::First, &payload),
            Llid::Continuation => self.data(cx, AclBoundary::Continuing, &payload),
            Llid::Reserved => c.misbehaved(cx, PeerMisbehaved::ReservedLlid),
        }
    }

    fn data(&mut self, cx: &mut Context<'_>, boundary: AclBoundary, payload: &[u8]) {
        let c = &mut self.connection;
        if c.encryption.is_narrow() {
            return c.forbidden_while_encrypting(cx);
        }
        match AclData::from_slice(payload) {
            Ok(data) if !data.is_empty() => {
                cx.out.acl(Acl { handle: c.handle, boundary, data });
            }
            // Nothing in it after decryption, or more than [`ACL_MAX`] octets.
            _ => c.misbehaved(cx, PeerMisbehaved::WrongLength),
        }
        const { assert!(ACL_MAX == 251) };
    }

    fn control(&mut self, cx: &mut Context<'_>, payload: &[u8]) {
        let c = &mut self.connection;
        let parsed = ControlPdu::parse(payload);
        let tolerated = matches!(&parsed, Ok(pdu) if c.encryption.tolerates(pdu));
        if c.encryption.is_narrow() && !tolerated {
            return c.forbidden_while_encrypting(cx);
        }
        match parsed {
            Ok(pdu) if understands(cx.served(), pdu.opcode()) => self.serve(cx, pdu),
            Ok(pdu) => {
                // LL-ROLE-1: PDUs of a role.
                let peripherals = |procedure: Procedure| row(procedure).peripherals;
                if Procedure::ALL.into_iter().any(|p| peripherals(p).contains(&pdu.opcode())) {
                    c.misbehaved(cx, PeerMisbehaved::WrongRole);
                }
                c.unknown(cx, pdu.opcode());
            }
            Err(ControlError::WrongLength(opcode)) => {
                c.misbehaved(cx, PeerMisbehaved::WrongLength);
                c.unknown(cx, opcode);
            }
            Err(ControlError::Empty) => {
                c.misbehaved(cx, PeerMisbehaved::WrongLength);
                c.unknown(cx, Opcode::NONE);
            }
        }
    }

    fn serve(&mut self, cx: &mut Context<'_>, pdu: ControlPdu) {
        let c = &mut self.connection;
        let unanswered = cx.config.lapses.made().unanswered;
        if unanswered.request(pdu.opcode()) && !self.procedures.are_answered_by(c, &pdu) {
            return;
        }
        // LL-RSP-1: whatever answers is sent from here on, upon a request.
        match pdu {
            ControlPdu::TerminateInd(reason) => c.on_terminate(cx, reason),
            ControlPdu::EncReq(request) => c.on_enc_req(cx, request),
            ControlPdu::StartEncRsp => c.on_start_enc_rsp(cx),
            ControlPdu::PauseEncReq => c.on_pause_enc_req(cx),
            ControlPdu::PauseEncRsp => c.on_pause_enc_rsp(cx),
            ControlPdu::UnknownRsp(opcode) => self.procedures.unknown(c, cx, opcode),
            ControlPdu::RejectInd(error) => self.procedures.rejected(c, cx, None, error),
            ControlPdu::RejectExtInd { opcode, error } => {
                self.procedures.rejected(c, cx, Some(opcode), error);
            }
            pdu => self.procedures.received(c, cx, &pdu),
        }
    }

    /// The connection is at `event`.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>, event: u16) {
        self.connection.enter(event);
        self.procedures.advance(&mut self.connection, cx);
    }

    /// A queued PDU has been acknowledged.
    pub(super) fn acknowledged(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let c = &mut self.connection;
        match c.sender.acknowledged(cx.out, tag) {
            Some(Sent::Control(opcode)) => {
                c.encryption.acknowledged(opcode);
                self.procedures.acknowledged(c, cx, opcode);
                c.terminated(cx, opcode);
            }
            Some(Sent::LastFragment) => {
                let (handle, count) = (c.handle, 1);
                cx.out.event(Event::NumberOfCompletedPackets { handle, count });
            }
            Some(Sent::Fragment) | None => {}
        }
    }

    /// After each call: starts what may start, hands over what may be sent, suspends latency
    /// while an answer or an instant is awaited. `false`: the connection is over.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) -> bool {
        if self.connection.ended.is_none() {
            self.go_on(cx);
        }
        let Some(reason) = self.connection.ended else {
            return true;
        };
        self.procedures.lost(&self.connection, cx, reason);
        let handle = self.connection.handle;
        cx.out.event(Event::DisconnectionComplete { handle, reason });
        false
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        let c = &mut self.connection;
        if let Some(wanted) = cx.config.min_used_channels {
            self.procedures.want_channels(c, cx, wanted);
        }
        self.procedures.start_waiting(c, cx);
        // Before the PDU is sent that permits the peer to send more.
        let longest = c.data_length.longest(c.encryption.is_encrypted());
        if longest > self.longest {
            self.longest = longest;
            cx.out.order(LinkOrder::Longest { link: c.link, octets: longest });
        }
        let flows = !c.encryption.is_busy() && c.termination.is_none();
        let (local, remote) = (self.procedures.local(), self.procedures.remote());
        let fragment = flows.then(|| {
            let interval = shortest_interval(c, local, remote);
            phy::fragment_octets(c, may_send_on(local, remote), interval)
        });
        match c.sender.pump(cx.out, c.link, cx.aes, &mut c.encryption.tx, fragment) {
            Ok(blocks) => cx.charge(blocks),
            // Out of packet counters: the key cannot be used any longer.
            Err(_) => return c.disconnect(cx, ErrorCode::MIC_FAILURE),
        }
        let open = local.is_some() || remote.is_some();
        let on = open || c.encryption.is_busy() || c.termination.is_some();
        if core::mem::replace(&mut self.listening, on) != on {
            cx.out.order(LinkOrder::ListenAlways { link: c.link, on });
        }
    }

    /// When [`Self::timer`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let c = &self.connection;
        let termination = c.termination.as_ref().and_then(Termination::deadline);
        let procedures = Instant::earlier(self.procedures.deadline(), c.encryption.deadline);
        Instant::earlier(procedures, Instant::earlier(termination, c.ping.deadline()))
    }

    /// Reports what is under way; see [`ble::armed`].
    pub(super) fn armed(&self, report: Tell<'_>) {
        let c = &self.connection;
        self.procedures.armed(report);
        if c.encryption.is_busy() {
            let what = What::Peers(Procedure::EncryptionStart);
            report(Armed { what, until: c.encryption.deadline });
        }
        if let Some(termination) = c.termination {
            let what = match termination {
                Termination::Local { .. } => What::Own(Procedure::Termination),
                Termination::Remote { .. } => What::Peers(Procedure::Termination),
            };
            report(Armed { what, until: termination.deadline() });
        }
        if c.sender.outstanding() > 0 {
            report(Armed::open(What::Data));
        }
    }

    pub(super) fn timer(&mut self, cx: &mut Context<'_>) {
        let c = &mut self.connection;
        let response = self.procedures.deadline().into_iter().chain(c.encryption.deadline);
        if c.termination.and_then(|t| t.deadline()).is_some_and(|at| at <= cx.now) {
            c.terminated(cx, Opcode::TERMINATE_IND);
        } else if response.min().is_some_and(|at| at <= cx.now) {
            c.misbehaved(cx, PeerMisbehaved::NoResponse);
            c.disconnect(cx, ErrorCode::LL_RESPONSE_TIMEOUT);
        } else if ping::timer(c, cx) && !self.procedures.is_requested(Procedure::LePing) {
            // A full queue means that PDUs will flow without a ping.
            self.procedures.request(Local::Ping);
        }
    }
}

/// Whether a peripheral with these features acts on a PDU. All others are LL_UNKNOWN_RSP's.
fn understands(features: FeatureSet, opcode: Opcode) -> bool {
    // LL-FEAT-2: behaviour follows the bits that are shown.
    match opcode {
        Opcode::UNKNOWN_RSP | Opcode::REJECT_IND => true,
        Opcode::REJECT_EXT_IND => features.has(FeatureSet::EXTENDED_REJECT),
        _ => {
            let mut heard = Procedure::ALL.into_iter().flat_map(|procedure| row(procedure).hears);
            heard.any(|(heard, one_of)| {
                let known = *one_of == FeatureSet(0) || features.and(*one_of) != FeatureSet(0);
                *heard == opcode && known
            })
        }
    }
}
