//! Local procedures: their turn, their answers, their end.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::{Duration, Instant};
use ble::trace::{Initiator, Procedure};

use super::{ListPlace, OpenProcedure, Served, Wanted};
use crate::controller::arbiter::{self, Obstacles, Verdict};
use crate::controller::config::{AutomaticProcedure, OwnProcedure};
use crate::controller::procedure::{Local, ProcedureRow, Step, has_one_of, row};
use crate::controller::shared::{DEFAULT_LENGTH, Shared};
use crate::controller::turns::Mark;

/// The procedure response timeout.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

impl Served {
    /// Whether such a procedure is open or waits.
    pub(in crate::controller) fn is_requested(&self, procedure: Procedure) -> bool {
        let same = |local: &Local| local.procedure() == procedure;
        self.procedures.local.as_ref().is_some_and(|open| same(&open.local))
            || self.procedures.waits(same)
    }

    /// Queues a local procedure, which starts as soon as the rules allow.
    pub(in crate::controller) fn want(&mut self, sh: &mut Shared, now: Instant, wanted: Wanted) {
        self.procedures.want(wanted);
        self.run(sh, now);
    }

    /// As [`Self::want`], instead of those of the same procedure that wait.
    pub(in crate::controller) fn want_instead(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        wanted: Wanted,
    ) {
        let procedure = wanted.local.procedure();
        self.procedures.waiting.retain(|waiting| waiting.local.procedure() != procedure);
        self.want(sh, now, wanted);
    }

    /// Queues the procedures that the configuration starts in this event.
    pub(in crate::controller::served) fn queue_own_procedures(&mut self, sh: &Shared, here: Mark) {
        // LL-LEN-10: what is started by itself in any case is not started twice.
        let own_length = |own: &OwnProcedure| own.procedure == AutomaticProcedure::DataLength;
        if here.event == 0
            && sh.config.length_from_default
            && sh.default_length != DEFAULT_LENGTH
            && !sh.config.automatic.iter().any(own_length)
        {
            self.procedures.want(Wanted::by_itself(Local::Length));
        }
        let [turns, _] = &mut self.turns;
        for at in turns.due(&sh.config.automatic, &self.link.happened, here) {
            let place = ListPlace { pressed: false, at };
            let Some(own) = sh.config.automatic.get(at) else { continue };
            let asked = own.procedure.procedure().is_some_and(|p| self.link.happened.is_asked(p));
            let local = Local::automatic(own.procedure, sh);
            match local.filter(|_| !(own.unless_asked && asked)) {
                // One that recurs faster than it ends is skipped until it has ended.
                Some(_) if self.procedures.has_place(place) => {}
                Some(local) => {
                    if own_length(own) {
                        self.link.lengths.want(sh.config.max_octets, sh.config.max_time);
                    }
                    self.procedures.want(Wanted::of_list(local, Some(place), own.ahead));
                }
                None => self.turn_ended(place),
            }
        }
    }

    /// Starts local procedures as far as the rules allow.
    pub(in crate::controller::served) fn run(&mut self, sh: &mut Shared, now: Instant) {
        self.answer_when_known(sh);
        if self.procedures.is_free()
            && self.link.terminating.is_none()
            && let Some(local) = self.quirks.next_pressed()
        {
            self.start(sh, now, Wanted::by_itself(local));
        }
        for _ in 0..self.procedures.waiting.len() {
            if self.link.end_reason().is_some() {
                return;
            }
            let obstacles = Obstacles {
                terminating: self.link.terminating.is_some(),
                own: !self.procedures.is_free(),
                instant: self.procedures.remote.is_some() || self.link.schedule.any(),
            };
            // LL-PROC-1: one procedure at a time.
            let startable = |wanted: &Wanted| {
                let situation = arbiter::own_starts(wanted.local.procedure(), obstacles);
                arbiter::decide(situation).verdict == Verdict::Proceed
            };
            let Some(at) = self.procedures.waiting.iter().position(startable) else {
                return;
            };
            if let Some(wanted) = self.procedures.waiting.remove(at) {
                self.start(sh, now, wanted);
            }
        }
    }

    /// Starts a local procedure, whether or not the rules allow it.
    pub(in crate::controller::served) fn start(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        Wanted { local, host, place, ahead }: Wanted,
    ) {
        let &ProcedureRow { needs, report, .. } = row(local.procedure());
        let peer_may = self.link.features.is_none_or(|peer| has_one_of(peer, needs));
        let begun = if has_one_of(sh.config.features, needs) && peer_may {
            local.start(&mut self.link, sh)
        } else {
            Err(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
        };
        match begun {
            Ok((local, pdu)) => {
                self.link.ahead = ahead;
                self.link.started(sh, local.procedure(), Initiator::Local);
                let deadline = response_deadline(&local, now);
                self.procedures.local = Some(OpenProcedure {
                    local,
                    host,
                    place,
                    answered: false,
                    deadline,
                    events: 0,
                });
                self.link.send(sh, pdu);
            }
            Err(outcome) => {
                place.into_iter().for_each(|place| self.turn_ended(place));
                if let Some(report) = report.filter(|_| host) {
                    report(&self.link, sh, outcome);
                }
            }
        }
    }

    /// Handles an answer of the peripheral.
    pub(in crate::controller::served) fn answered(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: &ControlPdu,
    ) {
        match &self.procedures.local {
            Some(open) if open.local.is_answered_by(pdu) => {
                let step = open.local.answered(pdu, &mut self.link, sh, now);
                self.local_goes_on(sh, now, step);
            }
            _ if self.must_be_quiet() => self.broke_encryption_start(sh),
            _ => self.link.misbehaved(sh, PeerMisbehaved::UnexpectedResponse),
        }
    }

    /// LL_UNKNOWN_RSP, LL_REJECT_IND or LL_REJECT_EXT_IND.
    pub(in crate::controller::served) fn refused(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        opcode: Option<Opcode>,
        error: ErrorCode,
        unknown: bool,
    ) {
        let awaits = |local: &Local| {
            local.awaits().is_some_and(|awaited| opcode.is_none_or(|opcode| opcode == awaited))
        };
        let Some(open) = self.procedures.local.as_ref().filter(|open| awaits(&open.local)) else {
            // LL-RSP-2: answers to nothing.
            return self.link.misbehaved(sh, PeerMisbehaved::UnexpectedResponse);
        };
        let step = if unknown && row(open.local.procedure()).any_answer {
            Step::End(ErrorCode::SUCCESS)
        } else {
            if let Some(how) = sh.config.quirks.on_unknown.filter(|_| unknown) {
                self.quirks.stall(how);
            }
            open.local.refused(&mut self.link, error)
        };
        self.local_goes_on(sh, now, step);
    }

    fn local_goes_on(&mut self, sh: &mut Shared, now: Instant, step: Step<Local>) {
        match step {
            Step::Next(local) => {
                if let Some(open) = &mut self.procedures.local {
                    open.deadline = response_deadline(&local, now);
                    (open.local, open.answered, open.events) = (local, true, 0);
                }
            }
            Step::End(outcome) => {
                self.end_local(sh, outcome);
            }
            Step::Terminate(reason) => {
                self.end_local(sh, reason);
                self.terminate(sh, now, reason);
            }
            Step::Instead(outcome, local) => {
                if let Some(open) = self.procedures.local.take() {
                    let procedure = open.local.procedure();
                    self.link.ended(sh, procedure, Initiator::Local, outcome);
                    let (host, place, ahead) = (open.host, open.place, self.link.ahead);
                    self.start(sh, now, Wanted { local, host, place, ahead });
                }
            }
        }
    }

    /// The local procedure is over; reports to the host if it requested the procedure, and returns
    /// whether it did.
    pub(super) fn end_local(&mut self, sh: &mut Shared, outcome: ErrorCode) -> bool {
        let Some(OpenProcedure { local, host, place, .. }) = self.procedures.local.take() else {
            return false;
        };
        self.link.ahead = None;
        place.into_iter().for_each(|place| self.turn_ended(place));
        self.link.ended(sh, local.procedure(), Initiator::Local, outcome);
        // LL-LIVE-4: hosts are told.
        if let Some(report) = row(local.told_as()).report.filter(|_| host) {
            report(&self.link, sh, outcome);
        }
        if matches!(local, Local::Encryption(_)) {
            self.answer_held(sh);
        }
        host
    }

    /// The connection is over.
    pub(in crate::controller) fn lost(&self, sh: &mut Shared, reason: ErrorCode) {
        if let Some(open) = &self.procedures.local {
            self.link.ended(sh, open.local.procedure(), Initiator::Local, reason);
        }
    }
}

/// By when the peripheral must have answered.
fn response_deadline(local: &Local, now: Instant) -> Option<Instant> {
    // LL-LIVE-1: answers within 40 s.
    // LL-TIME-1: 40 seconds.
    // LL-TIME-2: what is timed.
    (!local.is_announced()).then(|| now + RESPONSE_TIMEOUT)
}
