//! The procedures that are open on a connection: at most one of its own, at most one of the
//! peer's that takes several PDUs, and the own ones that wait their turn.

use ble::armed::{Armed, Tell, What};
use ble::error::ErrorCode;
use ble::hci::{ConnectionParameters, Event};
use ble::phy::PhySet;
use ble::queue::Queue;
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure, Trace};

use super::arbiter::{self, Obstacles, Verdict};
use super::connection::{Connection, Context};
use super::min_used_channels::MinUsedChannels;

/// Procedure response timeout (Vol 6, Part B, 5.2).
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// Own procedures that can wait on one connection.
const WAITING: usize = 8;

/// An own procedure with what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Version,
    Features,
    DataLength,
    Phy { tx: PhySet, rx: PhySet },
    Parameters(ConnectionParameters),
    Ping,
    MinUsedChannels(MinUsedChannels),
}

impl Request {
    pub(super) const fn procedure(self) -> Procedure {
        match self {
            Self::Version => Procedure::VersionExchange,
            Self::Features => Procedure::FeatureExchange,
            Self::DataLength => Procedure::DataLengthUpdate,
            Self::Phy { .. } => Procedure::PhyUpdate,
            Self::Parameters(_) => Procedure::ConnectionParametersRequest,
            Self::Ping => Procedure::LePing,
            Self::MinUsedChannels(_) => Procedure::MinUsedChannels,
        }
    }
}

/// How far an own procedure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The peer's answer is awaited.
    Asked,
    /// The peer started an incompatible procedure, which goes first.
    Yielded,
    /// The answer has come; it takes effect at this event.
    Instant(u16),
}

/// The own procedure that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Own {
    pub(super) request: Request,
    pub(super) stage: Stage,
    pub(super) deadline: Option<Instant>,
}

/// How far a procedure of the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PeerStage {
    /// The own host's answer is awaited.
    Host,
    /// The peer's next PDU is awaited.
    Indication,
    /// It takes effect at this event.
    Instant(u16),
}

/// The peer's procedure that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peers {
    pub(super) procedure: Procedure,
    pub(super) stage: PeerStage,
    pub(super) deadline: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Procedures {
    pub(super) own: Option<Own>,
    pub(super) peers: Option<Peers>,
    waiting: Queue<Request, WAITING>,
}

impl Procedures {
    /// Queues an own procedure; false if too many wait.
    pub(super) fn request(&mut self, request: Request) -> bool {
        self.waiting.push(request).is_ok()
    }

    /// Whether no more own procedures can be asked for.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.is_full()
    }

    /// Whether such a procedure is open or waits.
    pub(super) fn is_requested(&self, procedure: Procedure) -> bool {
        self.own.is_some_and(|own| own.request.procedure() == procedure)
            || self.waiting.iter().any(|r| r.procedure() == procedure)
    }

    /// The own procedure, if it is this one and an answer to it may come now.
    pub(super) fn asked(&self, procedure: Procedure) -> Option<Request> {
        let own = self.own.filter(|own| own.request.procedure() == procedure)?;
        (!matches!(own.stage, Stage::Instant(_))).then_some(own.request)
    }

    /// How far the peer's procedure of this kind is, if one is open.
    pub(super) fn peer_stage(&self, procedure: Procedure) -> Option<PeerStage> {
        self.peers.filter(|peers| peers.procedure == procedure).map(|peers| peers.stage)
    }

    /// Tells what is open and what waits. A ping recurs and does not count.
    pub(super) fn armed(&self, tell: Tell<'_>) {
        if let Some(own) = self.own.filter(|own| own.request != Request::Ping) {
            tell(Armed { what: What::Own(own.request.procedure()), until: own.deadline });
        }
        if let Some(peers) = self.peers {
            tell(Armed { what: What::Peers(peers.procedure), until: peers.deadline });
        }
        for request in self.waiting.iter().filter(|request| **request != Request::Ping) {
            tell(Armed::open(What::Deferred(request.procedure())));
        }
    }

    /// When the first response timeout is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let own = self.own.and_then(|own| own.deadline);
        let peers = self.peers.and_then(|peers| peers.deadline);
        own.into_iter().chain(peers).min()
    }
}

/// Whether the event `now` is at or after `instant`, modulo 65536.
pub(super) const fn reached(now: u16, instant: u16) -> bool {
    now == instant || is_past(now, instant)
}

/// Whether an instant that arrives in the event `now` lies in the past (Vol 6, Part B, 5.1).
pub(super) const fn is_past(now: u16, instant: u16) -> bool {
    // LL-INST-2, LL-INST-3.
    instant.wrapping_sub(now) >= 32_767
}

impl Connection {
    fn trace_start(&self, cx: &mut Context<'_>, procedure: Procedure, initiator: Initiator) {
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

    /// Starts own procedures in the order in which they were asked for, as far as the arbiter
    /// lets them. Some end at once (known answers), so there is a loop.
    pub(super) fn start_waiting(&mut self, cx: &mut Context<'_>) {
        while let Some(&request) = self.procedures.waiting.front() {
            let obstacles = Obstacles {
                terminating: self.termination.is_some(),
                encrypting: self.encryption.is_busy(),
                own_open: self.procedures.own.is_some(),
                peers: self.procedures.peers.map(|peers| peers.procedure),
            };
            // LL-PROC-1.
            let situation = arbiter::own_starts(request.procedure(), obstacles);
            if arbiter::decide(situation).verdict != Verdict::Proceed {
                return;
            }
            self.procedures.waiting.pop();
            // LL-LIVE-1, LL-TIME-1.
            let deadline = Some(cx.now + RESPONSE_TIMEOUT);
            self.procedures.own = Some(Own { request, stage: Stage::Asked, deadline });
            self.trace_start(cx, request.procedure(), Initiator::Local);
            match request {
                Request::Version => self.start_version(cx),
                Request::Features => self.start_features(cx),
                Request::DataLength => self.start_data_length(cx),
                Request::Phy { tx, rx } => self.start_phy(cx, tx, rx),
                Request::Parameters(parameters) => self.start_parameters(cx, parameters),
                Request::Ping => self.start_ping(cx),
                Request::MinUsedChannels(wanted) => self.start_min_used_channels(cx, wanted),
            }
        }
    }

    /// Ends the own procedure and tells the host how, if it was the host that asked.
    pub(super) fn end_own(&mut self, cx: &mut Context<'_>, outcome: ErrorCode) {
        let Some(own) = self.procedures.own.take() else {
            return;
        };
        self.trace_end(cx, own.request.procedure(), Initiator::Local, outcome);
        let handle = self.handle;
        // LL-LIVE-4.
        match own.request {
            Request::Version => self.tell_version(cx, outcome),
            Request::Features => self.tell_features(cx, outcome),
            Request::Phy { .. } => {
                // LL-PHY-8: as they are, whatever the outcome.
                let (tx, rx) = (self.phy.tx, self.phy.rx);
                cx.out.event(Event::LePhyUpdateComplete { handle, status: outcome, tx, rx });
            }
            Request::Parameters(_) => self.tell_parameters(cx, outcome),
            Request::DataLength | Request::Ping | Request::MinUsedChannels(_) => {}
        }
    }

    /// The peer has answered the own procedure; it takes effect at `instant`.
    pub(super) fn own_answered(&mut self, instant: u16) {
        if let Some(own) = &mut self.procedures.own {
            own.stage = Stage::Instant(instant);
            // LL-TIME-2.
            own.deadline = None;
        }
    }

    /// Asks the arbiter whether a procedure that the peer starts is served. If not, what the
    /// arbiter says has been done.
    pub(super) fn admit(&mut self, cx: &mut Context<'_>, procedure: Procedure) -> bool {
        let own = self
            .procedures
            .own
            .map(|own| (own.request.procedure(), matches!(own.stage, Stage::Instant(_))));
        let peers = self.procedures.peers.map(|peers| peers.procedure);
        // LL-PROC-2: what is compatible finds nothing in its way.
        let situation = arbiter::peer_starts(procedure, own, peers);
        let row = arbiter::decide(situation);
        match row.verdict {
            Verdict::Proceed => {}
            Verdict::Yield => {
                if let Some(own) = &mut self.procedures.own {
                    // LL-COLL-3.
                    own.stage = Stage::Yielded;
                }
            }
            Verdict::Wait | Verdict::Disconnect => {
                let sin = ble::error::PeerMisbehaved::ProcedureBeforeInstant;
                cx.out.misbehaved(self.link, sin);
                // LL-COLL-4.
                self.leave(cx, row.error);
                return false;
            }
        }
        true
    }

    /// Opens a procedure of the peer that takes several PDUs.
    pub(super) fn open_peers(
        &mut self,
        cx: &mut Context<'_>,
        procedure: Procedure,
        stage: PeerStage,
    ) {
        self.trace_start(cx, procedure, Initiator::Remote);
        self.procedures.peers = Some(Peers { procedure, stage, deadline: None });
        self.peers_at(cx, stage);
    }

    /// Moves the peer's procedure on.
    pub(super) fn peers_at(&mut self, cx: &Context<'_>, stage: PeerStage) {
        if let Some(peers) = &mut self.procedures.peers {
            peers.stage = stage;
            let awaits = stage == PeerStage::Indication;
            peers.deadline = awaits.then(|| cx.now + RESPONSE_TIMEOUT);
        }
    }

    /// Ends the peer's procedure.
    pub(super) fn end_peers(&mut self, cx: &mut Context<'_>, outcome: ErrorCode) {
        if let Some(peers) = self.procedures.peers.take() {
            self.parameters.granted = None;
            self.trace_end(cx, peers.procedure, Initiator::Remote, outcome);
        }
    }

    /// The connection is at `event`: what waited for an instant up to it takes effect.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>, event: u16) {
        self.event = event;
        if let Some(Own { request, stage: Stage::Instant(instant), .. }) = self.procedures.own
            && reached(event, instant)
        {
            self.take_effect(request.procedure());
            self.end_own(cx, ErrorCode::SUCCESS);
        }
        if let Some(Peers { procedure, stage: PeerStage::Instant(instant), .. }) =
            self.procedures.peers
            && reached(event, instant)
        {
            // LL-AGREE-1, LL-AGREE-2: the host is told what is in force, at the instant.
            let changed = self.take_effect(procedure);
            self.end_peers(cx, ErrorCode::SUCCESS);
            // LL-UPD-4.
            if changed {
                self.tell_change(cx, procedure);
            }
        }
    }

    /// Applies what was agreed; says whether anything changed of which the host hears.
    fn take_effect(&mut self, procedure: Procedure) -> bool {
        match procedure {
            Procedure::PhyUpdate => self.phy.take_effect(),
            Procedure::ConnectionUpdate | Procedure::ConnectionParametersRequest => {
                self.parameters.take_effect()
            }
            Procedure::ChannelMapUpdate => {
                self.channel_map.take_effect();
                false
            }
            _ => false,
        }
    }

    fn tell_change(&mut self, cx: &mut Context<'_>, procedure: Procedure) {
        let handle = self.handle;
        match procedure {
            Procedure::PhyUpdate => {
                let (status, tx, rx) = (ErrorCode::SUCCESS, self.phy.tx, self.phy.rx);
                cx.out.event(Event::LePhyUpdateComplete { handle, status, tx, rx });
            }
            Procedure::ConnectionUpdate | Procedure::ConnectionParametersRequest => {
                self.tell_parameters(cx, ErrorCode::SUCCESS);
            }
            _ => {}
        }
    }
}
