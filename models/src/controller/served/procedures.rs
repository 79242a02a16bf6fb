//! The procedures of a connection: at most one open local procedure, at most one open remote
//! procedure of several PDUs, and a queue of waiting local ones. These files do what all have in
//! common: local ones start and continue in [`local`], remote ones in [`remote`], and both end in
//! [`instants`]. [`crate::controller::procedure`] does what differs.

mod instants;
mod local;
mod remote;

use std::collections::VecDeque;

use ble::armed::{Armed, Tell, What};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::pdu::control::ControlPdu;
use ble::time::Instant;

use super::Served;
use crate::controller::procedure::{Local, Remote, encryption};
use crate::controller::shared::Shared;

/// Requests of the peer that are held while encryption starts; more is a flood.
pub(in crate::controller) const HELD: usize = 16;

/// A local procedure that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Wanted {
    local: Local,
    /// The host has requested it, and gets its result.
    host: bool,
    /// Where it stands in a list of the configuration, if it is of one.
    place: Option<ListPlace>,
    /// Events to its instant, if they are not those of all others.
    ahead: Option<i16>,
}

/// A place in a list of local procedures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct ListPlace {
    /// In the list of those that are pressed.
    pub(in crate::controller) pressed: bool,
    pub(in crate::controller) at: usize,
}

impl Wanted {
    /// By the host.
    pub(in crate::controller) const fn by_host(local: Local) -> Self {
        Self { local, host: true, place: None, ahead: None }
    }

    /// By the controller.
    pub(in crate::controller) const fn by_itself(local: Local) -> Self {
        Self::of_list(local, None, None)
    }

    /// By the controller, for a list of its configuration.
    pub(in crate::controller) const fn of_list(
        local: Local,
        place: Option<ListPlace>,
        ahead: Option<i16>,
    ) -> Self {
        Self { local, host: false, place, ahead }
    }
}

/// The open local procedure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OpenProcedure {
    local: Local,
    host: bool,
    place: Option<ListPlace>,
    /// The peer has sent a PDU of this procedure.
    answered: bool,
    /// By when it must have answered.
    deadline: Option<Instant>,
    /// Events since the state began.
    events: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Procedures {
    waiting: VecDeque<Wanted>,
    local: Option<OpenProcedure>,
    remote: Option<Remote>,
    /// The peer's requests that came while encryption starts.
    held: VecDeque<ControlPdu>,
}

/// Queries: what is open, and what waits.
impl Procedures {
    /// The local encryption start, if one is under way.
    pub(super) fn starting(&self) -> Option<&encryption::Local> {
        match &self.local.as_ref()?.local {
            Local::Encryption(local) => Some(local),
            _ => None,
        }
    }

    /// Whether no local procedure is open.
    pub(super) const fn is_free(&self) -> bool {
        self.local.is_none()
    }

    /// Whether such a procedure waits.
    pub(super) fn waits(&self, such: impl Fn(&Local) -> bool) -> bool {
        self.waiting.iter().any(|wanted| such(&wanted.local))
    }

    /// Whether a PDU is an answer to the local procedure.
    pub(super) fn is_answered_by(&self, pdu: &ControlPdu) -> bool {
        self.local.as_ref().is_some_and(|open| open.local.is_answered_by(pdu))
    }

    /// Whether a request of the peripheral waits for the answer of the host, or for its turn.
    pub(super) fn awaits_answer(&self) -> bool {
        self.remote.as_ref().is_some_and(Remote::awaits_answer)
    }

    /// Queues a local procedure.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.waiting.push_back(wanted);
    }

    /// Whether the procedure of this place waits or is under way.
    fn has_place(&self, place: ListPlace) -> bool {
        let own = self.local.as_ref().and_then(|open| open.place);
        own == Some(place) || self.waiting.iter().any(|wanted| wanted.place == Some(place))
    }

    /// Queues one that the controller starts by itself, unless such a procedure waits.
    fn want_once(&mut self, local: Local) {
        let procedure = local.procedure();
        if !self.waits(|waiting| waiting.procedure() == procedure) {
            self.want(Wanted::by_itself(local));
        }
    }

    /// Keeps a request of the peripheral until encryption has started; false: these are too many.
    pub(super) fn hold(&mut self, pdu: ControlPdu) -> bool {
        let room = self.held.len() < HELD;
        if room {
            self.held.push_back(pdu);
        }
        room
    }

    pub(super) fn take_held(&mut self) -> VecDeque<ControlPdu> {
        std::mem::take(&mut self.held)
    }

    /// Reports what is not over yet. A ping recurs and does not count.
    pub(super) fn armed(&self, report: Tell<'_>) {
        if let Some(open) = self.local.as_ref().filter(|open| open.local != Local::Ping) {
            report(Armed { what: What::Own(open.local.procedure()), until: open.deadline });
        }
        for wanted in self.waiting.iter().filter(|wanted| wanted.local != Local::Ping) {
            report(Armed::open(What::Deferred(wanted.local.procedure())));
        }
        if let Some(remote) = &self.remote {
            report(Armed::open(What::Peers(remote.procedure())));
        }
        if !self.held.is_empty() || self.awaits_answer() {
            report(Armed::open(What::HeldRequest));
        }
    }
}

impl Served {
    /// The procedure of this place is over, or is not started.
    pub(super) fn turn_ended(&mut self, place: ListPlace) {
        let [own, pressed] = &mut self.turns;
        if place.pressed { pressed } else { own }.ended(place.at);
    }

    pub(super) fn control_deadline(&self) -> Option<Instant> {
        let own = self.procedures.local.as_ref().and_then(|open| open.deadline);
        [own, self.link.terminating].into_iter().flatten().min()
    }

    pub(super) fn expire_procedures(&mut self, sh: &mut Shared, now: Instant) {
        if self.link.terminating.is_some_and(|at| now >= at) {
            self.link.disconnect(ErrorCode::LOCAL_HOST_TERMINATED);
        } else if self.control_deadline().is_some_and(|at| now >= at) {
            self.link.misbehaved(sh, PeerMisbehaved::NoResponse);
            self.link.disconnect(ErrorCode::LL_RESPONSE_TIMEOUT);
        }
    }

    /// An event is over. A controller of little patience ends the connection when encryption does
    /// not get on.
    pub(super) fn procedures_event_ended(&mut self, sh: &mut Shared, now: Instant) {
        let Some(open) = &mut self.procedures.local else { return };
        open.events = open.events.saturating_add(1);
        let patience = sh.config.quirks.encryption_patience_events;
        if matches!(open.local, Local::Encryption(_)) && patience.is_some_and(|p| open.events > p) {
            self.lost(sh, ErrorCode::MIC_FAILURE);
            self.procedures.local = None;
            self.terminate(sh, now, ErrorCode::MIC_FAILURE);
        }
    }
}
