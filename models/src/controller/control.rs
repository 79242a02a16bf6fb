//! Control procedures of one connection: one own procedure at a time, one queue of those that
//! wait, and the one place that decides what a received PDU belongs to (Vol 6, Part B, 5).

mod bent;
mod outcome;
mod pressed;
mod understood;

use std::collections::VecDeque;

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::ConnectionParameters;
use ble::pdu::control::{
    ConnectionParam, ControlError, ControlPdu, FeatureSet, Opcode, VersionInd,
};
use ble::phy::PhySet;
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure, Trace};

use super::arbiter::{self, Obstacles, Verdict};
use super::config::{AutomaticProcedure, OwnProcedure};
use super::link::Link;
use super::procedure::encryption::Starting;
use super::procedure::parameters::RemoteParameters;
use super::quirk::{Answer, PeripheralRequest, View};
use super::shared::{DEFAULT_LENGTH, Shared};
use understood::{allowed_while_encrypting, understands};

/// The procedure response timeout.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// Requests of the peer that are held while encryption starts; more is a flood.
const HELD: usize = 16;

/// Control PDUs that wait for the air; a peer that acknowledges nothing and asks on is cut off.
const CONTROL_QUEUE: usize = 32;

/// An own procedure that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Features { host: bool },
    Version { host: bool },
    Length,
    Phy { tx: PhySet, rx: PhySet, host: bool },
    Parameters { wanted: ConnectionParameters, host: bool, ask: bool },
    ChannelMap(u64),
    Encryption { rand: u64, ediv: u16, ltk: Secret<16> },
    Ping,
}

impl Request {
    pub(super) const fn procedure(&self) -> Procedure {
        match self {
            Self::Features { .. } => Procedure::FeatureExchange,
            Self::Version { .. } => Procedure::VersionExchange,
            Self::Length => Procedure::DataLengthUpdate,
            Self::Phy { .. } => Procedure::PhyUpdate,
            Self::Parameters { ask: true, .. } => Procedure::ConnectionParametersRequest,
            Self::Parameters { .. } => Procedure::ConnectionUpdate,
            Self::ChannelMap(_) => Procedure::ChannelMapUpdate,
            Self::Encryption { .. } => Procedure::EncryptionStart,
            Self::Ping => Procedure::LePing,
        }
    }
}

/// What the own procedure waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// The answer to this PDU.
    Response(Opcode),
    /// The instant.
    Instant,
    /// See [`Starting`].
    Encryption(Starting),
}

/// The own procedure that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Own {
    pub(super) request: Request,
    pub(super) step: Step,
    /// The peer has sent a PDU of this procedure.
    pub(super) answered: bool,
    pub(super) deadline: Option<Instant>,
    /// Events since the step began.
    pub(super) events: u16,
}

/// A procedure of the peer that is not over when it has been answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Remote {
    Phy,
    Parameters(RemoteParameters),
}

impl Remote {
    pub(super) const fn procedure(&self) -> Procedure {
        match self {
            Self::Phy => Procedure::PhyUpdate,
            Self::Parameters(_) => Procedure::ConnectionParametersRequest,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Control {
    pub(super) queue: VecDeque<Request>,
    pub(super) own: Option<Own>,
    pub(super) remote: Option<Remote>,
    /// The peer's request for parameters that is open.
    pub(super) asked_parameters: Option<ConnectionParam>,
    /// The peer's requests that came while encryption starts.
    held: VecDeque<ControlPdu>,
    pub(super) version_sent: bool,
    pub(super) peer_version: Option<VersionInd>,
    /// LL_TERMINATE_IND waits for its acknowledgement until then.
    pub(super) terminating: Option<Instant>,
}

impl Control {
    pub(super) fn terminating(&self) -> bool {
        self.terminating.is_some()
    }

    /// Whether requests of the peer wait for the end of the own encryption start, or for the
    /// host's answer.
    pub(super) fn holds_requests(&self) -> bool {
        !self.held.is_empty() || self.asked_parameters.is_some()
    }

    /// The own encryption start, if one is under way.
    pub(super) fn starting(&self) -> Option<&Starting> {
        match &self.own {
            Some(Own { step: Step::Encryption(starting), .. }) => Some(starting),
            _ => None,
        }
    }
}

impl Link {
    /// Whether both ends are known to have a feature.
    pub(super) fn agreed(&self, sh: &Shared, feature: FeatureSet) -> bool {
        // LL-FEAT-6: for rejects only; requests are answered by own capability.
        sh.has(feature) && self.features.is_some_and(|peer| peer.has(feature))
    }

    /// Whether the peer is known to lack a feature.
    pub(super) fn lacks(&self, feature: FeatureSet) -> bool {
        self.features.is_some_and(|peer| !peer.has(feature))
    }

    // Own procedures.

    /// Queues what the configuration starts at this event.
    pub(super) fn queue_own_procedures(&mut self, sh: &Shared, event: u16) {
        // LL-LEN-10: what is started by itself in any case is not started twice.
        let own_length = |own: &OwnProcedure| own.procedure == AutomaticProcedure::DataLength;
        if event == 0
            && sh.config.length_from_default
            && sh.default_length != DEFAULT_LENGTH
            && !sh.config.automatic.iter().any(own_length)
        {
            self.control.queue.push_back(Request::Length);
        }
        for own in sh.config.automatic.iter().filter(|own| own.at_event == event) {
            let ask = sh.config.request_parameters;
            self.control.queue.push_back(match own.procedure {
                AutomaticProcedure::Features => Request::Features { host: false },
                AutomaticProcedure::Version => Request::Version { host: false },
                AutomaticProcedure::DataLength => {
                    self.lengths.want(sh.config.max_octets, sh.config.max_time);
                    Request::Length
                }
                AutomaticProcedure::Phy => {
                    Request::Phy { tx: sh.default_tx, rx: sh.default_rx, host: false }
                }
                AutomaticProcedure::Ping => Request::Ping,
                AutomaticProcedure::ChannelMap(map) => Request::ChannelMap(map),
                AutomaticProcedure::Parameters(wanted) => {
                    Request::Parameters { wanted, host: false, ask }
                }
                AutomaticProcedure::MinUsedChannels => continue,
            });
        }
    }

    /// Starts own procedures as far as the rules allow.
    pub(super) fn run(&mut self, sh: &mut Shared, now: Instant) {
        self.answer_parameters(sh);
        if self.control.own.is_none()
            && !self.control.terminating()
            && let Some(request) = self.quirks.pressing.pop_front()
        {
            self.start(sh, now, request);
        }
        for _ in 0..self.control.queue.len() {
            if self.gone.is_some() {
                return;
            }
            let obstacles = Obstacles {
                terminating: self.control.terminating(),
                own: self.control.own.is_some(),
                instant: self.control.remote.is_some() || self.scheduled.any(),
            };
            // LL-PROC-1: one procedure at a time.
            let startable = |request: &Request| {
                let situation = arbiter::own_starts(request.procedure(), obstacles);
                arbiter::decide(situation).verdict == Verdict::Proceed
            };
            let Some(at) = self.control.queue.iter().position(startable) else {
                return;
            };
            if let Some(request) = self.control.queue.remove(at) {
                self.start(sh, now, request);
            }
        }
    }

    /// Starts an own procedure, whether the rules allow it or not.
    pub(super) fn start(&mut self, sh: &mut Shared, now: Instant, request: Request) {
        match request {
            // LL-FEAT-4: features of the device.
            // LL-FEAT-7: each role has its request.
            Request::Features { .. } => {
                self.begin(sh, now, request, ControlPdu::FeatureReq(sh.config.features));
            }
            Request::Version { host } => self.start_version(sh, now, host),
            Request::Length => self.start_length(sh, now),
            Request::Phy { tx, rx, host } => self.start_phy(sh, now, tx, rx, host),
            Request::Parameters { wanted, host, ask } => {
                self.start_parameters(sh, now, wanted, host, ask);
            }
            Request::ChannelMap(map) => self.start_channel_map(sh, now, map),
            Request::Encryption { .. } => self.start_encryption(sh, now, request),
            Request::Ping => self.begin(sh, now, request, ControlPdu::PingReq),
        }
    }

    /// Makes `request` the own procedure, sends its first PDU and waits for the answer.
    pub(super) fn begin(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        request: Request,
        pdu: ControlPdu,
    ) {
        self.started(sh, request.procedure(), Initiator::Local);
        self.control.own = Some(Own {
            request,
            step: Step::Response(pdu.opcode()),
            answered: false,
            // LL-LIVE-1: answers within 40 s.
            // LL-TIME-1: 40 seconds.
            deadline: Some(now + RESPONSE_TIMEOUT),
            events: 0,
        });
        self.send(sh, pdu);
    }

    /// The own procedure has no more to ask: it ends at its instant.
    pub(super) fn await_instant(&mut self) {
        if let Some(own) = &mut self.control.own {
            own.step = Step::Instant;
            // LL-TIME-2: what is timed.
            own.deadline = None;
        }
    }

    /// The own procedure waits for the next answer.
    pub(super) fn next_step(&mut self, now: Instant, step: Step) {
        if let Some(own) = &mut self.control.own {
            own.step = step;
            own.answered = true;
            own.deadline = Some(now + RESPONSE_TIMEOUT);
            own.events = 0;
        }
    }

    /// The own procedure is over.
    pub(super) fn end_own(&mut self, sh: &mut Shared, outcome: ErrorCode) -> Option<Request> {
        let own = self.control.own.take()?;
        self.ended(sh, own.request.procedure(), Initiator::Local, outcome);
        Some(own.request)
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

    /// The peer's procedure with an instant is over.
    pub(super) fn end_remote(&mut self, sh: &mut Shared, outcome: ErrorCode) {
        if let Some(remote) = self.control.remote.take() {
            self.ended(sh, remote.procedure(), Initiator::Remote, outcome);
        }
    }

    // Received PDUs.

    pub(super) fn receive_control(&mut self, sh: &mut Shared, now: Instant, payload: &[u8]) {
        let pdu = match ControlPdu::parse(payload) {
            Ok(pdu) => pdu,
            Err(error) => {
                sh.misbehaved(Some(self.id), PeerMisbehaved::WrongLength);
                if self.must_be_quiet() {
                    self.broke_encryption_start(sh);
                } else {
                    // LL-CTRL-2: what is not understood.
                    let opcode = match error {
                        ControlError::WrongLength(opcode) => opcode,
                        ControlError::Empty => Opcode::NONE,
                    };
                    self.send(sh, ControlPdu::UnknownRsp(opcode));
                }
                return;
            }
        };
        if self.must_be_quiet() && !allowed_while_encrypting(&pdu) {
            return self.broke_encryption_start(sh);
        }
        if self.flow.control.len() >= CONTROL_QUEUE {
            sh.misbehaved(Some(self.id), PeerMisbehaved::TooManyRequests);
            return self.terminate(sh, now, ErrorCode::REMOTE_LOW_RESOURCES);
        }
        self.dispatch(sh, now, pdu);
    }

    fn dispatch(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        if !understands(sh.config.features, &pdu) {
            return self.send(sh, ControlPdu::UnknownRsp(pdu.opcode()));
        }
        match pdu {
            ControlPdu::TerminateInd(reason) => {
                // LL-TERM-2: the next packet acknowledges it.
                self.terminated = Some(reason);
                self.forget_queues();
            }
            ControlPdu::PhyReq { .. }
            | ControlPdu::LengthReq(_)
            | ControlPdu::ConnectionParamReq(_)
            | ControlPdu::PeripheralFeatureReq(_) => self.request(sh, now, pdu),
            ControlPdu::VersionInd(version) => self.receive_version(sh, now, version),
            ControlPdu::PingReq => self.honest(sh, now, pdu),
            ControlPdu::FeatureRsp(features) => self.receive_features(sh, features),
            ControlPdu::PhyRsp { tx, rx } => self.receive_phy_rsp(sh, tx, rx),
            ControlPdu::LengthRsp(lengths) => self.receive_length_rsp(sh, lengths),
            ControlPdu::ConnectionParamRsp(p) => self.receive_param_rsp(sh, p),
            ControlPdu::PingRsp => self.receive_ping_rsp(sh),
            ControlPdu::EncRsp(_)
            | ControlPdu::StartEncReq
            | ControlPdu::StartEncRsp
            | ControlPdu::PauseEncRsp => self.receive_encryption(sh, now, pdu),
            ControlPdu::UnknownRsp(opcode) => {
                // LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
                self.refused(sh, now, Some(opcode), ErrorCode::UNSUPPORTED_REMOTE_FEATURE, true);
            }
            // LL-REJ-2: both forms of a reject.
            ControlPdu::RejectInd(error) => self.refused(sh, now, None, error, false),
            ControlPdu::RejectExtInd { opcode, error } => {
                self.refused(sh, now, Some(opcode), error, false);
            }
            ControlPdu::MinUsedChannelsInd { phys, min_used_channels } => {
                self.receive_min_used_channels(sh, phys, min_used_channels);
            }
            // LL-ROLE-1: these are ours alone.
            ControlPdu::ConnectionUpdateInd(_)
            | ControlPdu::ChannelMapInd { .. }
            | ControlPdu::EncReq(_)
            | ControlPdu::FeatureReq(_)
            | ControlPdu::PauseEncReq
            | ControlPdu::PhyUpdateInd { .. } => {
                sh.misbehaved(Some(self.id), PeerMisbehaved::WrongRole);
                self.send(sh, ControlPdu::UnknownRsp(pdu.opcode()));
            }
            ControlPdu::Unknown(opcode) => self.send(sh, ControlPdu::UnknownRsp(opcode)),
        }
    }

    /// A request of the peripheral, to which a rule of behaviour may have an answer of its own.
    pub(super) fn request(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        let Some(request) = PeripheralRequest::of(&pdu) else {
            return;
        };
        let encryption_starting = self.control.starting().is_some();
        let waiting = self.control.queue.iter().any(|r| matches!(r, Request::Encryption { .. }));
        let view = View {
            smp_or_encryption: self.smp.pending() || encryption_starting || waiting,
            encryption_starting,
            encrypted: self.encrypted(),
            features_cached: self.features_cached,
            first_connection: self.first_connection,
        };
        match sh.config.quirks.answer(request, &view) {
            (answer, 0) => self.give(sh, now, pdu, answer),
            (answer, events) if self.quirks.delayed.len() < HELD => {
                self.quirks.delayed.push_back((events, pdu, answer));
            }
            _ => sh.misbehaved(Some(self.id), PeerMisbehaved::TooManyRequests),
        }
    }

    /// Answers by the rules: now, or after the own encryption start.
    fn honest(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        // LL-ENC-7: requests of the peripheral meanwhile.
        if self.control.starting().is_none() {
            self.answer(sh, pdu);
        } else if self.control.held.len() < HELD {
            self.control.held.push_back(pdu);
        } else {
            sh.misbehaved(Some(self.id), PeerMisbehaved::TooManyRequests);
            self.terminate(sh, now, ErrorCode::REMOTE_LOW_RESOURCES);
        }
    }

    fn answer(&mut self, sh: &mut Shared, pdu: ControlPdu) {
        // LL-RSP-1: responses are sent from here on, upon a request.
        match pdu {
            ControlPdu::PhyReq { tx, rx } => self.answer_phy_req(sh, tx, rx),
            ControlPdu::LengthReq(lengths) => self.answer_length_req(sh, lengths),
            ControlPdu::ConnectionParamReq(asked) => self.answer_param_req(sh, asked),
            ControlPdu::PeripheralFeatureReq(features) => self.answer_features(sh, features),
            ControlPdu::VersionInd(_) => self.answer_version(sh),
            ControlPdu::PingReq if sh.has(FeatureSet::PING) => {
                // LL-PING-1: answers to a ping.
                self.send(sh, ControlPdu::PingRsp);
                self.served(sh, Procedure::LePing);
            }
            other => self.send(sh, ControlPdu::UnknownRsp(other.opcode())),
        }
    }
}
