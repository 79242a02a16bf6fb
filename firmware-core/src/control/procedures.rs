//! The procedures of a connection: at most one open local procedure, at most one open remote
//! procedure of several PDUs, and a queue of waiting local ones. This file does what all have in
//! common; [`super::procedure`] does what differs.

use super::arbiter::{self, Obstacles, Verdict};
use super::connection::{Connection, Context};
use super::procedure::{
    Local, MinUsedChannels, ProcedureRow, Remote, Step, parameters, row, serve,
};
use crate::config::{BeforeInstant, Refusals};
use ble::armed::{Armed, Tell, What};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::ConnectionParameters;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::queue::Queue;
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure};

/// Procedure response timeout (Vol 6, Part B, 5.2).
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// Local procedures that can wait on one connection.
const WAITING: usize = 8;

/// A procedure that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct OpenProcedure<T> {
    state: T,
    /// By when the peer must have answered.
    deadline: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Procedures {
    local: Option<OpenProcedure<Local>>,
    remote: Option<OpenProcedure<Remote>>,
    waiting: Queue<Local, WAITING>,
}

/// Whether the event `now` is at or after `instant`, modulo 65536.
const fn reached(now: u16, instant: u16) -> bool {
    now == instant || is_past(now, instant)
}

/// Whether an instant that arrives in the event `now` lies in the past (Vol 6, Part B, 5.1).
pub(super) const fn is_past(now: u16, instant: u16) -> bool {
    // LL-INST-2: instants in the past.
    // LL-INST-3: the event under way.
    instant.wrapping_sub(now) >= 32_767
}

/// Queries: what is open, and what waits.
impl Procedures {
    /// The open local procedure.
    pub(super) fn local(&self) -> Option<Local> {
        self.local.map(|open| open.state)
    }

    /// The peer's procedure.
    pub(super) fn remote(&self) -> Option<Remote> {
        self.remote.map(|open| open.state)
    }

    /// Queues a local procedure; `false` if too many wait.
    pub(super) fn request(&mut self, procedure: Local) -> bool {
        self.waiting.push(procedure).is_ok()
    }

    /// Whether the queue of local procedures is full.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.is_full()
    }

    /// Whether such a procedure is open or waits.
    pub(super) fn is_requested(&self, procedure: Procedure) -> bool {
        let same = |local: &Local| local.procedure() == procedure;
        self.local().as_ref().is_some_and(same) || self.waiting.iter().any(same)
    }

    /// Reports open and waiting procedures. A ping recurs and does not count.
    pub(super) fn armed(&self, report: Tell<'_>) {
        if let Some(local) = self.local.filter(|open| open.state != Local::Ping) {
            report(Armed { what: What::Own(local.state.procedure()), until: local.deadline });
        }
        if let Some(remote) = self.remote {
            report(Armed { what: What::Peers(remote.state.procedure()), until: remote.deadline });
        }
        for waiting in self.waiting.iter().filter(|waiting| **waiting != Local::Ping) {
            report(Armed::open(What::Deferred(waiting.procedure())));
        }
    }

    /// When the first response timeout is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let local = self.local.as_ref().and_then(|open| open.deadline);
        let remote = self.remote.as_ref().and_then(|open| open.deadline);
        Instant::earlier(local, remote)
    }
}

/// What happens to them.
impl Procedures {
    /// Starts local procedures in the order of the requests, as far as the arbiter permits. Some
    /// end immediately (the answer is known), hence the loop.
    pub(super) fn start_waiting(&mut self, c: &mut Connection, cx: &mut Context<'_>) {
        while let Some(&local) = self.waiting.front() {
            let procedure = local.procedure();
            let obstacles = Obstacles {
                terminating: c.termination.is_some(),
                encrypting: c.encryption.is_busy(),
                own_open: self.local.is_some(),
                peers: self.remote().map(Remote::procedure),
            };
            // LL-PROC-1: one procedure at a time.
            let situation = arbiter::own_starts(procedure, obstacles);
            if arbiter::decide(situation).verdict != Verdict::Proceed {
                return;
            }
            self.waiting.pop();
            c.trace_start(cx, procedure, Initiator::Local);
            let &ProcedureRow { needs, has_answer, .. } = row(procedure);
            let step = if c.features.lacks(needs) {
                Step::End(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
            } else {
                local.start(c, cx)
            };
            // LL-LIVE-1: answers within 40 s.
            // LL-TIME-1: 40 seconds.
            let deadline = has_answer.then(|| cx.now + RESPONSE_TIMEOUT);
            self.local_goes_on(c, cx, procedure, step, deadline);
        }
    }

    /// Handles a PDU of a procedure, of several PDUs or of one request and one answer.
    pub(super) fn received(&mut self, c: &mut Connection, cx: &mut Context<'_>, pdu: &ControlPdu) {
        if let Some(remote) = self.remote()
            && let Some(step) = remote.go_on(pdu, c, cx)
        {
            self.remote_goes_on(c, cx, remote.procedure(), step);
        } else if let Some(open) = self.answered_by(c, pdu) {
            let procedure = open.state.procedure();
            // This device may have yielded to another procedure of the peer: if the peer grants the
            // local one before that is over, two instants are pending.
            let starts = Remote::opened_by(pdu).unwrap_or(procedure);
            if self.admit(c, cx, starts) {
                let step = open.state.answered(pdu, c, cx);
                self.local_goes_on(c, cx, procedure, step, open.deadline);
            }
        } else if let Some(procedure) = Remote::opened_by(pdu) {
            if self.admit(c, cx, procedure) {
                c.trace_start(cx, procedure, Initiator::Remote);
                if let Some(step) = Remote::open(pdu, c, cx) {
                    self.remote_goes_on(c, cx, procedure, step);
                }
            }
        } else if !serve(pdu, c, cx) {
            c.unexpected(cx);
        }
    }

    /// Whether a PDU is an answer to the local procedure.
    pub(super) fn are_answered_by(&self, c: &Connection, pdu: &ControlPdu) -> bool {
        self.answered_by(c, pdu).is_some()
    }

    /// The local procedure, if a PDU answers it. A PDU that arrives before the peer can have the
    /// request is no answer, unless both sides send the same PDU.
    fn answered_by(&self, c: &Connection, pdu: &ControlPdu) -> Option<OpenProcedure<Local>> {
        let open = self.local.filter(|open| open.state.is_answered_by(pdu))?;
        let same = row(open.state.procedure()).starts_with == Some(pdu.opcode());
        (same || self.awaits_answer(c, None)).then_some(open)
    }

    /// Asks the arbiter whether to serve a procedure that the peer starts. If not, carries out the
    /// verdict.
    fn admit(&self, c: &mut Connection, cx: &mut Context<'_>, procedure: Procedure) -> bool {
        let local = self.local().map(|local| (local.procedure(), local.instant().is_some()));
        let remote = self.remote().map(Remote::procedure);
        // LL-PROC-2: what is compatible finds nothing in its way.
        let decision = arbiter::decide(arbiter::peer_starts(procedure, local, remote));
        match decision.verdict {
            // LL-COLL-3: whoever yields only waits for the rejection.
            Verdict::Proceed | Verdict::Yield => true,
            _ if cx.config.lapses.made().before_instant == BeforeInstant::Serve => true,
            Verdict::Wait | Verdict::Disconnect => {
                c.misbehaved(cx, PeerMisbehaved::ProcedureBeforeInstant);
                // LL-COLL-4: a forbidden procedure is not served.
                c.disconnect(cx, decision.error);
                false
            }
        }
    }

    /// A control PDU is acknowledged: with that, procedures without an answer are over.
    pub(super) fn acknowledged(&mut self, c: &Connection, cx: &mut Context<'_>, opcode: Opcode) {
        if let Some(local) = self.local() {
            let row = row(local.procedure());
            if !row.has_answer && row.starts_with == Some(opcode) {
                self.end_local(c, cx, local.procedure(), ErrorCode::SUCCESS);
            }
        }
    }

    /// The connection is at an event: what waited for an instant up to it takes effect.
    pub(super) fn advance(&mut self, c: &mut Connection, cx: &mut Context<'_>) {
        if let Some(local) = self.local()
            && local.instant().is_some_and(|instant| reached(c.event, instant))
        {
            local.take_effect(c);
            self.end_local(c, cx, local.procedure(), ErrorCode::SUCCESS);
        }
        if let Some(remote) = self.remote()
            && remote.instant().is_some_and(|instant| reached(c.event, instant))
        {
            self.end_remote(c, cx, remote.procedure(), ErrorCode::SUCCESS);
            // LL-AGREE-1, LL-AGREE-2: the host gets the values in force, at the instant.
            remote.take_effect(c, cx);
        }
    }

    fn local_goes_on(
        &mut self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        procedure: Procedure,
        step: Step<Local>,
        deadline: Option<Instant>,
    ) {
        match step {
            Step::Next(state) => {
                // LL-TIME-2: nobody is waited for but the instant.
                let deadline = deadline.filter(|_| state.instant().is_none());
                self.local = Some(OpenProcedure { state, deadline });
            }
            Step::End(outcome) => self.end_local(c, cx, procedure, outcome),
            Step::Disconnect(reason) => {
                self.local = None;
                c.trace_end(cx, procedure, Initiator::Local, reason);
                c.disconnect(cx, reason);
            }
        }
    }

    /// The remote procedure continues, by a PDU of the peer or an answer of the local host.
    pub(super) fn remote_goes_on(
        &mut self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        procedure: Procedure,
        step: Step<Remote>,
    ) {
        match step {
            Step::Next(state) => {
                let deadline = state.awaits_peer().then(|| cx.now + RESPONSE_TIMEOUT);
                self.remote = Some(OpenProcedure { state, deadline });
            }
            Step::End(outcome) => self.end_remote(c, cx, procedure, outcome),
            Step::Disconnect(reason) => {
                self.end_remote(c, cx, procedure, reason);
                c.disconnect(cx, reason);
            }
        }
    }

    /// Ends the local procedure and reports its result to the host, if the host requested it.
    fn end_local(
        &mut self,
        c: &Connection,
        cx: &mut Context<'_>,
        procedure: Procedure,
        outcome: ErrorCode,
    ) {
        self.local = None;
        c.trace_end(cx, procedure, Initiator::Local, outcome);
        // LL-LIVE-4: hosts are told.
        if let Some(report) = row(procedure).report {
            report(c, cx, outcome);
        }
    }

    fn end_remote(
        &mut self,
        c: &Connection,
        cx: &mut Context<'_>,
        procedure: Procedure,
        outcome: ErrorCode,
    ) {
        self.remote = None;
        c.trace_end(cx, procedure, Initiator::Remote, outcome);
    }

    /// Whether the host has been asked about the peer's request and has not answered yet.
    pub(super) fn parameters_await_host(&self) -> bool {
        matches!(self.remote(), Some(Remote::Parameters(parameters::Remote::Host(_))))
    }

    /// The host answers the peer's request for parameters.
    pub(super) fn answer_parameters(
        &mut self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        answer: Result<ConnectionParameters, ErrorCode>,
    ) {
        if let Some(Remote::Parameters(remote)) = self.remote() {
            let step = remote.answered_by_host(c, cx, answer).map(Remote::Parameters);
            self.remote_goes_on(c, cx, Procedure::ConnectionParametersRequest, step);
        }
    }

    /// Requests a minimum of channels from the central, once, as soon as it is known to have the
    /// procedure.
    pub(super) fn want_channels(
        &mut self,
        c: &mut Connection,
        cx: &Context<'_>,
        wanted: MinUsedChannels,
    ) {
        // LL-MAP-3: minimum number of used channels.
        let feature = FeatureSet::MIN_USED_CHANNELS;
        if !c.channels_asked && c.features.common(cx.features(), feature) {
            c.note_channels_asked(self.request(Local::MinUsedChannels(wanted)));
        }
    }

    /// The connection is over, and all that was open on it.
    pub(super) fn lost(&mut self, c: &Connection, cx: &mut Context<'_>, reason: ErrorCode) {
        if let Some(open) = self.local.take() {
            c.trace_end(cx, open.state.procedure(), Initiator::Local, reason);
        }
        if let Some(open) = self.remote.take() {
            c.trace_end(cx, open.state.procedure(), Initiator::Remote, reason);
        }
    }
}

/// Refusals of the peer.
impl Procedures {
    /// Whether a local procedure with this first PDU (any, for `None`) awaits an answer. A PDU that
    /// arrives before the peer can have the request is no answer.
    fn awaits_answer(&self, c: &Connection, of: Option<Opcode>) -> bool {
        // LL-RSP-2: answers to nothing.
        self.local().is_some_and(|local| {
            let request = row(local.procedure()).starts_with;
            local.instant().is_none()
                && (of.is_none() || of == request)
                && !request.is_some_and(|request| c.sender.holds(request))
        })
    }

    /// Whether the remote procedure has been answered with this PDU (any, for `None`) and could be
    /// ended by a refusal of the answer.
    fn has_answered(&self, of: Option<Opcode>) -> bool {
        let Some(remote) = self.remote().filter(|remote| remote.awaits_peer()) else {
            return false;
        };
        of.is_none_or(|of| row(remote.procedure()).answers.contains(&of))
    }

    /// LL_UNKNOWN_RSP to our PDU `of`: ends the procedure in which that was sent.
    pub(super) fn unknown(&mut self, c: &mut Connection, cx: &mut Context<'_>, of: Opcode) {
        let error = ErrorCode::UNSUPPORTED_REMOTE_FEATURE;
        if cx.config.lapses.made().refusals == Refusals::ExtendedOnly {
            c.unexpected(cx);
        } else if self.awaits_answer(c, Some(of)) {
            self.refused(c, cx, |row| if row.any_answer { ErrorCode::SUCCESS } else { error });
        } else if self.has_answered(Some(of)) {
            self.give_up(c, cx, error);
        } else {
            c.unexpected(cx);
        }
    }

    /// LL_REJECT_IND and LL_REJECT_EXT_IND. Both forms are accepted, regardless of the exchanged
    /// features: old centrals send the short form even to requests that were specified later.
    pub(super) fn rejected(
        &mut self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        of: Option<Opcode>,
        error: ErrorCode,
    ) {
        // LL-REJ-2: both forms of a reject.
        // A refusal with the code for success would be reported to the host as a success.
        let error = if error == ErrorCode::SUCCESS { ErrorCode::UNSPECIFIED } else { error };
        if of.is_none() && cx.config.lapses.made().refusals == Refusals::ExtendedOnly {
            c.unexpected(cx);
        } else if self.awaits_answer(c, of) {
            self.refused(c, cx, |_| error);
        } else if self.has_answered(of) {
            // LL-PAR-5: a response that is refused.
            self.give_up(c, cx, error);
        } else if !self.update_was_the_centrals(c, cx, of, error) && !c.encryption.is_busy() {
            c.unexpected(cx);
        }
    }

    fn refused(
        &mut self,
        c: &Connection,
        cx: &mut Context<'_>,
        outcome: impl FnOnce(&ProcedureRow) -> ErrorCode,
    ) {
        if let Some(local) = self.local() {
            let procedure = local.procedure();
            self.end_local(c, cx, procedure, outcome(row(procedure)));
        }
    }

    fn give_up(&mut self, c: &Connection, cx: &mut Context<'_>, outcome: ErrorCode) {
        if let Some(remote) = self.remote() {
            self.end_remote(c, cx, remote.procedure(), outcome);
        }
    }

    /// The central rejects the request that its indication seemed to answer, so the indication
    /// belonged to its own procedure. `false` if no indication seemed to answer the request.
    fn update_was_the_centrals(
        &mut self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        of: Option<Opcode>,
        error: ErrorCode,
    ) -> bool {
        let Some((local, remote)) = self.local().and_then(|l| Some((l, l.as_the_peers()?))) else {
            return false;
        };
        let procedure = local.procedure();
        if of.is_some() && of != row(procedure).starts_with {
            return false;
        }
        self.end_local(c, cx, procedure, error);
        c.trace_start(cx, remote.procedure(), Initiator::Remote);
        self.remote_goes_on(c, cx, remote.procedure(), Step::Next(remote));
        true
    }
}
