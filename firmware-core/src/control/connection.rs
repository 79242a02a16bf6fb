//! One connection: its state, and what reaches it.

use crate::link::message::LinkOrder;
use ble::armed::{Armed, Tell, What};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{ACL_MAX, Acl, AclBoundary, Handle};
use ble::link::LinkId;
use ble::pdu::advertising::ConnectInd;
use ble::pdu::control::{ConnectionParam, ControlError, ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::radio::Tag;
use ble::random::Stream;
use ble::time::Instant;
use ble::trace::Procedure;

use super::ControlConfig;
use super::channel_map::ChannelMap;
use super::connection_update::Parameters;
use super::data_length::DataLengths;
use super::encryption::Encryption;
use super::features::Features;
use super::outbox::Outbox;
use super::parameters::AnchorWish;
use super::phy::Phys;
use super::ping::Ping;
use super::procedure::Procedures;
use super::sender::{Sender, Sent};
use super::termination::Termination;
use super::version::Version;

/// What every procedure needs beside its connection.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a ControlConfig,
    /// For own requests for parameters.
    pub(super) anchors: AnchorWish,
    pub(super) out: &'a mut Outbox,
    /// For encryption start.
    pub(super) random: &'a mut Stream,
    /// AES blocks computed in this call.
    pub(super) blocks: u16,
}

impl Context<'_> {
    pub(super) const fn features(&self) -> FeatureSet {
        self.config.own_features()
    }

    /// Those whose PDUs are acted upon.
    const fn served(&self) -> FeatureSet {
        let hollow = self.config.lapses.hollow;
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
    pub(super) parameters: Parameters,
    pub(super) channel_map: ChannelMap,
    pub(super) version: Version,
    pub(super) features: Features,
    pub(super) data_length: DataLengths,
    pub(super) phy: Phys,
    pub(super) encryption: Encryption,
    pub(super) ping: Ping,
    pub(super) sender: Sender,
    pub(super) procedures: Procedures,
    /// The peer's connection parameters request, until it is answered.
    pub(super) asked_parameters: Option<ConnectionParam>,
    pub(super) termination: Option<Termination>,
    /// The peer has been asked for a minimum of channels.
    pub(super) channels_asked: bool,
    /// The host has been told that the connection is over.
    pub(super) gone: bool,
    listening: bool,
    /// Most octets of a packet, as `Link` was told.
    longest: u8,
}

impl Connection {
    pub(super) fn new(
        link: LinkId,
        handle: Handle,
        request: &ConnectInd,
        lengths: DataLengths,
        phy: Phys,
    ) -> Self {
        Self {
            link,
            handle,
            event: 0,
            parameters: Parameters::new(request.interval, request.latency, request.timeout),
            channel_map: ChannelMap::new(request.channel_map),
            version: Version::default(),
            features: Features::default(),
            data_length: lengths,
            phy,
            encryption: Encryption::default(),
            ping: Ping::default(),
            sender: Sender::default(),
            procedures: Procedures::default(),
            asked_parameters: None,
            termination: None,
            channels_asked: false,
            gone: false,
            listening: false,
            longest: lengths.longest(false),
        }
    }

    /// Queues a control PDU. What must not be sent now is held back, and nothing follows
    /// LL_TERMINATE_IND.
    pub(super) fn send(&mut self, cx: &mut Context<'_>, pdu: ControlPdu) {
        // LL-TERM-3.
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

    /// Encryption is on or off for good: what was held back may go.
    pub(super) fn release_held(&mut self, cx: &mut Context<'_>) {
        while let Some(pdu) = self.sender.release() {
            self.queue(cx, pdu);
        }
    }

    /// A PDU has come. Anything is possible in it.
    pub(super) fn received(&mut self, cx: &mut Context<'_>, llid: Llid, mut payload: Payload) {
        if matches!(self.termination, Some(Termination::Remote { .. })) {
            return;
        }
        // A PDU of length zero has no MIC.
        if let Some(cipher) = self.encryption.rx.as_mut().filter(|_| !payload.is_empty()) {
            cx.blocks = cx.blocks.saturating_add(ble::crypto::ccm::Cipher::blocks(payload.len()));
            if cipher.decrypt(llid, &mut payload).is_err() {
                // LL-MIC-2.
                self.misbehaved(cx, PeerMisbehaved::BadMic);
                return self.leave(cx, ErrorCode::MIC_FAILURE);
            }
            // LL-PING-2: it had a MIC. The first one starts the timer.
            self.ping.start(cx.now);
        }
        match llid {
            Llid::Control => self.control(cx, &payload),
            Llid::Start => self.data(cx, AclBoundary::First, &payload),
            Llid::Continuation => self.data(cx, AclBoundary::Continuing, &payload),
            Llid::Reserved => self.misbehaved(cx, PeerMisbehaved::ReservedLlid),
        }
    }

    fn data(&mut self, cx: &mut Context<'_>, boundary: AclBoundary, payload: &[u8]) {
        if self.encryption.is_narrow() {
            return self.forbidden_while_encrypting(cx);
        }
        match heapless::Vec::from_slice(payload) {
            Ok(data) if !data.is_empty() => {
                cx.out.acl(Acl { handle: self.handle, boundary, data });
            }
            // Nothing in it after decryption, or more than [`ACL_MAX`] octets.
            _ => self.misbehaved(cx, PeerMisbehaved::WrongLength),
        }
        const { assert!(ACL_MAX == 251) };
    }

    fn control(&mut self, cx: &mut Context<'_>, payload: &[u8]) {
        let parsed = ControlPdu::parse(payload);
        let tolerated = matches!(&parsed, Ok(pdu) if self.encryption.tolerates(pdu));
        if self.encryption.is_narrow() && !tolerated {
            return self.forbidden_while_encrypting(cx);
        }
        match parsed {
            Ok(pdu) if understands(cx.served(), pdu.opcode()) => self.serve(cx, pdu),
            Ok(pdu) => {
                if wrong_role(pdu.opcode()) {
                    self.misbehaved(cx, PeerMisbehaved::WrongRole);
                }
                self.on_unknown(cx, pdu.opcode());
            }
            Err(ControlError::WrongLength(opcode)) => {
                self.misbehaved(cx, PeerMisbehaved::WrongLength);
                self.on_unknown(cx, opcode);
            }
            Err(ControlError::Empty) => {
                self.misbehaved(cx, PeerMisbehaved::WrongLength);
                self.on_unknown(cx, Opcode::NONE);
            }
        }
    }

    fn forbidden_while_encrypting(&mut self, cx: &mut Context<'_>) {
        // LL-ENC-6.
        self.misbehaved(cx, PeerMisbehaved::NotAllowedWhileEncrypting);
        self.leave(cx, ErrorCode::MIC_FAILURE);
    }

    fn serve(&mut self, cx: &mut Context<'_>, pdu: ControlPdu) {
        // LL-RSP-1: whatever answers is sent from here on, upon a request.
        match pdu {
            ControlPdu::ConnectionUpdateInd(update) => self.on_connection_update(cx, update),
            ControlPdu::ChannelMapInd { channel_map, instant } => {
                self.on_channel_map(cx, channel_map, instant);
            }
            ControlPdu::TerminateInd(reason) => self.on_terminate(cx, reason),
            ControlPdu::EncReq(request) => self.on_enc_req(cx, request),
            ControlPdu::StartEncRsp => self.on_start_enc_rsp(cx),
            ControlPdu::UnknownRsp(opcode) => self.on_unknown_rsp(cx, opcode),
            ControlPdu::FeatureReq(features) => self.on_feature_req(cx, features),
            ControlPdu::FeatureRsp(features) => self.on_feature_rsp(cx, features),
            ControlPdu::PauseEncReq => self.on_pause_enc_req(cx),
            ControlPdu::PauseEncRsp => self.on_pause_enc_rsp(cx),
            ControlPdu::VersionInd(version) => self.on_version(cx, version),
            ControlPdu::RejectInd(error) => self.on_reject(cx, None, error),
            ControlPdu::RejectExtInd { opcode, error } => self.on_reject(cx, Some(opcode), error),
            ControlPdu::ConnectionParamReq(request) => self.on_parameters_req(cx, request),
            ControlPdu::PingReq => self.on_ping_req(cx),
            ControlPdu::PingRsp => self.on_ping_rsp(cx),
            ControlPdu::LengthReq(length) => self.on_length_req(cx, length),
            ControlPdu::LengthRsp(length) => self.on_length_rsp(cx, length),
            ControlPdu::PhyReq { rx, .. } => self.on_phy_req(cx, rx),
            ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                self.on_phy_update(cx, c_to_p, p_to_c, instant);
            }
            other => self.on_unknown(cx, other.opcode()),
        }
    }

    /// A queued PDU has been acknowledged.
    pub(super) fn acknowledged(&mut self, cx: &mut Context<'_>, tag: Tag) {
        match self.sender.acknowledged(cx.out, tag) {
            Some(Sent::Control(opcode)) => {
                self.encryption.acknowledged(opcode);
                self.channels_acknowledged(cx, opcode);
                self.terminated(cx, opcode);
            }
            Some(Sent::LastFragment) => {
                cx.out.event(ble::hci::Event::NumberOfCompletedPackets {
                    handle: self.handle,
                    count: 1,
                });
            }
            Some(Sent::Fragment) | None => {}
        }
    }

    /// After each call: starts what may start, hands over what may be sent, suspends latency
    /// while an answer or an instant is awaited.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) {
        if self.gone {
            return;
        }
        self.start_waiting(cx);
        // Before the PDU leaves that lets the peer send more.
        let longest = self.data_length.longest(self.encryption.is_encrypted());
        if longest > self.longest {
            self.longest = longest;
            cx.out.order(LinkOrder::Longest { link: self.link, octets: longest });
        }
        let flows = !self.encryption.is_busy() && self.termination.is_none();
        let fragment = flows.then(|| self.fragment_octets());
        match self.sender.pump(cx.out, self.link, &mut self.encryption.tx, fragment) {
            Ok(blocks) => cx.blocks = cx.blocks.saturating_add(blocks),
            // Out of packet counters: no key is left to go on with.
            Err(_) => return self.leave(cx, ErrorCode::MIC_FAILURE),
        }
        let on = self.procedures.own.is_some()
            || self.procedures.peers.is_some()
            || self.encryption.is_busy()
            || self.termination.is_some();
        if on != self.listening {
            self.listening = on;
            cx.out.order(LinkOrder::ListenAlways { link: self.link, on });
        }
    }

    /// When [`Self::timer`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let termination = self.termination.and_then(|t| t.deadline());
        [self.procedures.deadline(), self.encryption.deadline, termination, self.ping.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Tells what is under way; see [`ble::armed`].
    pub(super) fn armed(&self, tell: Tell<'_>) {
        if self.gone {
            return;
        }
        self.procedures.armed(tell);
        if self.encryption.is_busy() {
            let what = What::Peers(Procedure::EncryptionStart);
            tell(Armed { what, until: self.encryption.deadline });
        }
        if let Some(termination) = self.termination {
            let what = match termination {
                Termination::Local { .. } => What::Own(Procedure::Termination),
                Termination::Remote { .. } => What::Peers(Procedure::Termination),
            };
            tell(Armed { what, until: termination.deadline() });
        }
        if self.sender.outstanding() > 0 {
            tell(Armed::open(What::Data));
        }
    }

    pub(super) fn timer(&mut self, cx: &mut Context<'_>) {
        let response = self.procedures.deadline().into_iter().chain(self.encryption.deadline);
        if self.termination.and_then(|t| t.deadline()).is_some_and(|at| at <= cx.now) {
            self.terminated(cx, Opcode::TERMINATE_IND);
        } else if response.min().is_some_and(|at| at <= cx.now) {
            self.misbehaved(cx, PeerMisbehaved::NoResponse);
            self.leave(cx, ErrorCode::LL_RESPONSE_TIMEOUT);
        } else {
            self.ping_timer(cx);
        }
    }
}

/// Whether a peripheral with these features acts on a PDU. All others are LL_UNKNOWN_RSP's.
fn understands(features: FeatureSet, opcode: Opcode) -> bool {
    // LL-FEAT-2: behaviour follows the bits that are shown.
    match opcode {
        Opcode::CONNECTION_UPDATE_IND
        | Opcode::CHANNEL_MAP_IND
        | Opcode::TERMINATE_IND
        | Opcode::UNKNOWN_RSP
        | Opcode::FEATURE_REQ
        | Opcode::VERSION_IND
        | Opcode::REJECT_IND => true,
        // Without encryption it is rejected, not unknown.
        Opcode::ENC_REQ => true,
        Opcode::START_ENC_RSP | Opcode::PAUSE_ENC_REQ | Opcode::PAUSE_ENC_RSP => {
            features.has(FeatureSet::ENCRYPTION)
        }
        Opcode::FEATURE_RSP => features.has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE),
        Opcode::REJECT_EXT_IND => features.has(FeatureSet::EXTENDED_REJECT),
        Opcode::CONNECTION_PARAM_REQ => features.has(FeatureSet::CONNECTION_PARAMETERS_REQUEST),
        Opcode::PING_REQ | Opcode::PING_RSP => features.has(FeatureSet::PING),
        Opcode::LENGTH_REQ | Opcode::LENGTH_RSP => features.has(FeatureSet::DATA_LENGTH_EXTENSION),
        Opcode::PHY_REQ | Opcode::PHY_UPDATE_IND => {
            features.and(FeatureSet::LE_2M.with(FeatureSet::LE_CODED)) != FeatureSet(0)
        }
        _ => false,
    }
}

/// PDUs that only a peripheral may send.
fn wrong_role(opcode: Opcode) -> bool {
    // LL-ROLE-1.
    const PERIPHERALS: [Opcode; 6] = [
        Opcode::ENC_RSP,
        Opcode::START_ENC_REQ,
        Opcode::PERIPHERAL_FEATURE_REQ,
        Opcode::CONNECTION_PARAM_RSP,
        Opcode::PHY_RSP,
        Opcode::MIN_USED_CHANNELS_IND,
    ];
    PERIPHERALS.contains(&opcode)
}
