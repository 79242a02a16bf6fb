//! The state of a connection that belongs to no single procedure: agreed parameters, PDUs to send,
//! encryption, termination.

use crate::link::message::LinkOrder;
use ble::crypto::aes::Aes;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Handle;
use ble::link::LinkId;
use ble::pdu::advertising::ConnectInd;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::random::Stream;
use ble::time::Instant;
use ble::trace::{Initiator, Procedure, Trace};

use super::ControlConfig;
use super::encryption::Encryption;
use super::outbox::Outbox;
use super::procedure::connection_update::Timing;
use super::procedure::data_length::DataLengths;
use super::procedure::features::Features;
use super::procedure::phy::Phys;
use super::procedure::ping::Ping;
use super::procedure::version::Version;
use super::procedures::is_past;
use super::sender::Sender;
use super::termination::Termination;
use crate::config::SecondUnknown;

/// What every procedure needs beside its connection.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a ControlConfig,
    pub(super) out: &'a mut Outbox,
    /// For encryption start.
    pub(super) random: &'a mut Stream,
    pub(super) aes: Aes,
    /// AES blocks computed in this call.
    pub(super) blocks: u16,
}

impl Context<'_> {
    /// This many further AES blocks have been computed.
    pub(super) const fn charge(&mut self, blocks: u16) {
        self.blocks = self.blocks.saturating_add(blocks);
    }

    pub(super) const fn features(&self) -> FeatureSet {
        self.config.own_features()
    }

    /// Those whose PDUs are acted upon.
    pub(super) const fn served(&self) -> FeatureSet {
        let hollow = self.config.lapses.made().hollow;
        let phys = FeatureSet::LE_2M.with(FeatureSet::LE_CODED);
        // LL_PHY_REQ stands for both.
        let phys = if hollow.and(phys).0 == 0 { FeatureSet(0) } else { phys };
        self.features().without(hollow.with(phys))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connection {
    pub(super) link: LinkId,
    pub(super) handle: Handle,
    /// connEventCount of the latest report.
    pub(super) event: u16,
    pub(super) timing: Timing,
    /// Bit n = data channel n.
    pub(super) channel_map: u64,
    pub(super) version: Version,
    pub(super) features: Features,
    pub(super) data_length: DataLengths,
    pub(super) phy: Phys,
    pub(super) encryption: Encryption,
    pub(super) ping: Ping,
    pub(super) sender: Sender,
    pub(super) termination: Option<Termination>,
    /// The peer has been asked for a minimum of channels.
    pub(super) channels_asked: bool,
    /// The connection is over for this reason, and `Link` has been ordered to drop it.
    pub(super) ended: Option<ErrorCode>,
}

impl Connection {
    pub(super) fn new(
        link: LinkId,
        handle: Handle,
        request: &ConnectInd,
        lengths: DataLengths,
        phy: Phys,
    ) -> Self {
        let ConnectInd { interval, latency, timeout, .. } = *request;
        Self {
            link,
            handle,
            event: 0,
            timing: Timing { interval, latency, timeout },
            channel_map: request.channel_map,
            version: Version::default(),
            features: Features::default(),
            data_length: lengths,
            phy,
            encryption: Encryption::default(),
            ping: Ping::default(),
            sender: Sender::default(),
            termination: None,
            channels_asked: false,
            ended: None,
        }
    }

    /// Whether the peer has been asked for a minimum of channels, from here on.
    pub(super) const fn note_channels_asked(&mut self, asked: bool) {
        self.channels_asked = asked;
    }

    /// The connection is at this event, by its connEventCount.
    pub(super) const fn enter(&mut self, event: u16) {
        self.event = event;
    }

    /// Data channels from here on.
    pub(super) const fn change_channel_map(&mut self, channel_map: u64) {
        self.channel_map = channel_map;
    }

    /// Interval, latency and timeout from here on. Whether they are others than before.
    pub(super) fn change_timing(&mut self, timing: Timing) -> bool {
        core::mem::replace(&mut self.timing, timing) != timing
    }

    /// Only the end of the connection follows.
    pub(super) const fn begin_termination(&mut self, termination: Termination) {
        self.termination = Some(termination);
    }

    /// Queues a control PDU. What must not be sent now is held back, and nothing follows
    /// LL_TERMINATE_IND.
    pub(super) fn send(&mut self, cx: &mut Context<'_>, pdu: ControlPdu) {
        // LL-TERM-3: at any time.
        if self.termination.is_some() && pdu.opcode() != Opcode::TERMINATE_IND {
            return;
        }
        if self.encryption.permits(pdu.opcode()) {
            self.queue(cx, pdu);
        } else if !self.sender.hold(pdu) {
            self.misbehaved(cx, PeerMisbehaved::TooManyRequests);
        }
    }

    fn queue(&mut self, cx: &mut Context<'_>, pdu: ControlPdu) {
        if !self.sender.control(cx.out, self.link, pdu) {
            self.misbehaved(cx, PeerMisbehaved::TooManyRequests);
        }
    }

    /// An encryption start or pause is complete: held PDUs may be sent.
    pub(super) fn release_held(&mut self, cx: &mut Context<'_>) {
        while let Some(pdu) = self.sender.release() {
            self.queue(cx, pdu);
        }
    }

    /// Rejects, in the extended form if both sides are known to have it.
    pub(super) fn reject(&mut self, cx: &mut Context<'_>, opcode: Opcode, error: ErrorCode) {
        // LL-REJ-1: form of a reject.
        let pdu = if self.features.common(cx.features(), FeatureSet::EXTENDED_REJECT) {
            ControlPdu::RejectExtInd { opcode, error }
        } else {
            ControlPdu::RejectInd(error)
        };
        self.send(cx, pdu);
    }

    pub(super) fn unknown(&mut self, cx: &mut Context<'_>, opcode: Opcode) {
        let second = self.sender.holds(Opcode::UNKNOWN_RSP);
        if second && cx.config.lapses.made().second_unknown == SecondUnknown::Leave {
            return self.disconnect(cx, ErrorCode::DIFFERENT_TRANSACTION_COLLISION);
        }
        // LL-CTRL-2: what is not understood.
        self.send(cx, ControlPdu::UnknownRsp(opcode));
    }

    /// Disconnects immediately: `Link` drops the connection, and the host gets its event at the end
    /// of the call.
    pub(super) fn disconnect(&mut self, cx: &mut Context<'_>, reason: ErrorCode) {
        if self.ended.is_none() {
            // LL-END-1: permitted reasons.
            cx.out.order(LinkOrder::Drop(self.link));
            self.ended = Some(reason);
        }
    }

    /// Whether an instant that has just arrived lies in the past.
    pub(super) fn is_past(&self, cx: &mut Context<'_>, instant: u16) -> bool {
        let past = is_past(self.event, instant);
        if past {
            self.misbehaved(cx, PeerMisbehaved::InstantPassed);
        }
        past
    }

    /// An answer to nothing: recorded, and ignored.
    pub(super) fn unexpected(&self, cx: &mut Context<'_>) {
        // LL-RSP-2: answers to nothing.
        self.misbehaved(cx, PeerMisbehaved::UnexpectedResponse);
    }

    pub(super) fn misbehaved(&self, cx: &mut Context<'_>, violation: PeerMisbehaved) {
        cx.out.misbehaved(self.link, violation);
    }

    pub(super) fn trace_start(
        &self,
        cx: &mut Context<'_>,
        procedure: Procedure,
        initiator: Initiator,
    ) {
        cx.out.trace(Trace::ProcedureStarted { link: self.link, procedure, initiator });
    }

    pub(super) fn trace_end(
        &self,
        cx: &mut Context<'_>,
        procedure: Procedure,
        initiator: Initiator,
        outcome: ErrorCode,
    ) {
        cx.out.trace(Trace::ProcedureEnded { link: self.link, procedure, initiator, outcome });
    }

    /// A procedure of the peer that one PDU and its answer make up.
    pub(super) fn trace_served(&self, cx: &mut Context<'_>, procedure: Procedure) {
        self.trace_start(cx, procedure, Initiator::Remote);
        self.trace_end(cx, procedure, Initiator::Remote, ErrorCode::SUCCESS);
    }
}
