//! One connection with its open procedures and the state of its quirks: the one place that assigns
//! a received PDU (Vol 6, Part B, 5).

mod armed;
mod pressed;
mod procedures;
mod quirk_answers;

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::AclBoundary;
use ble::pdu::control::{ControlError, ControlPdu, FeatureSet, Opcode, VersionInd};
use ble::pdu::data::Llid;
use ble::radio::{AirPdu, RadioCommand};
use ble::time::Instant;

use super::config::ControllerConfig;
use super::link::{Gates, Link};
use super::procedure::{Local, Part, encryption, part, terminate};
use super::quirk::{Answer, LinkState, PeripheralRequest, QuirkState};
use super::shared::Shared;
use super::turns::{Mark, Turns};
use procedures::ListPlace;
use procedures::Procedures;
pub(super) use procedures::{HELD, Wanted};

/// Control PDUs that wait for the air; a peer that acknowledges nothing and asks on is cut off.
const CONTROL_QUEUE: usize = 32;

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Served {
    pub(super) link: Link,
    procedures: Procedures,
    quirks: QuirkState,
    /// Of the procedures that the controller starts by itself, and of those that it presses.
    turns: [Turns; 2],
}

impl Served {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            procedures: Procedures::default(),
            quirks: QuirkState::default(),
            turns: Default::default(),
        }
    }

    /// What may leave now.
    fn gates(&self) -> Gates {
        let starting = self.procedures.starting();
        // LL-ENC-1: silence while encryption starts or pauses.
        let data = starting.is_none() && self.link.terminating.is_none();
        Gates {
            control: !self.quirks.blocked,
            data: data && !self.quirks.blocked,
            ciphers_may_change: starting.is_some_and(encryption::Local::may_change_ciphers),
        }
    }

    /// Whether encryption runs, and is not being changed.
    fn encrypted(&self) -> bool {
        self.link.ciphers.are_in_force() && self.procedures.starting().is_none()
    }

    /// Whether the peripheral may send no other than a few PDUs.
    fn must_be_quiet(&self) -> bool {
        self.procedures.starting().is_some_and(encryption::Local::is_quiet)
    }

    /// It has sent another.
    fn broke_encryption_start(&mut self, sh: &mut Shared) {
        // LL-ENC-6: anything else.
        self.link.misbehaved(sh, PeerMisbehaved::NotAllowedWhileEncrypting);
        self.link.disconnect(ErrorCode::MIC_FAILURE);
    }

    /// Ends the connection. A controller whose control queue is blocked cannot send
    /// LL_TERMINATE_IND and just stops.
    pub(super) fn terminate(&mut self, sh: &mut Shared, now: Instant, reason: ErrorCode) {
        if self.link.terminating.is_some() {
            return;
        }
        if self.quirks.blocked {
            self.link.disconnect(ErrorCode::LOCAL_HOST_TERMINATED);
            return;
        }
        terminate::start(&mut self.link, sh, now, reason);
    }
}

/// Time and events.
impl Served {
    /// When [`Self::expire`] is due, events aside.
    pub(super) fn deadline(&self) -> Instant {
        let supervision = self.link.supervision();
        self.other_deadline().map_or(supervision, |other| other.min(supervision))
    }

    /// The same but for the supervision timer.
    pub(super) fn other_deadline(&self) -> Option<Instant> {
        Instant::earlier(self.control_deadline(), self.link.payload_deadline())
    }

    /// Whether the coming events do nothing but count: no procedure has its turn in one, nothing
    /// waits, and the peer has acknowledged all but an Empty PDU.
    pub(super) fn counts_only(&self, config: &ControllerConfig) -> bool {
        let lists = [&config.automatic, &config.quirks.pressed];
        let mut turns = lists.into_iter().zip(&self.turns);
        let happened = &self.link.happened;
        let over = turns.all(|(list, turns)| turns.are_over(list, happened, self.link.events));
        over && self.quirks == QuirkState::default() && self.link.rests()
    }

    /// Acts upon all timers that have run out.
    pub(super) fn expire(&mut self, sh: &mut Shared, now: Instant) {
        if now >= self.link.supervision() {
            return self.link.lose();
        }
        self.expire_procedures(sh, now);
        if self.link.expire_payload_timer(sh, now) {
            self.procedures.want(Wanted::by_itself(Local::Ping));
        }
    }

    /// Queues the procedures that the controller starts by itself in the coming event.
    pub(super) fn queue_automatic(&mut self, sh: &mut Shared, now: Instant) {
        self.watch();
        let here = Mark { event: self.link.events, at: now };
        self.queue_own_procedures(sh, here);
        self.press_due(sh, now, here);
        self.run(sh, now);
    }

    /// Notes what has happened since the last event.
    fn watch(&mut self) {
        let (starting, encrypted) = (self.procedures.starting().is_some(), self.encrypted());
        let pairing = self.link.smp.pending();
        self.link.happened.stands(pairing, starting, encrypted);
    }

    /// Begins the next event: returns the radio command, unless the link layer has stopped.
    pub(super) fn begin_event(&mut self, sh: &mut Shared) -> Option<RadioCommand> {
        self.keep_instants(sh);
        self.link.begin_event();
        // LL-LIVE-3: only a quirk keeps a central from it.
        if self.quirks.silent() {
            return None;
        }
        let command = self.link.first(sh, self.gates());
        self.keep_instants(sh);
        Some(command)
    }

    /// The event is over, or could not take place.
    pub(super) fn end_event(&mut self, sh: &mut Shared, now: Instant) {
        self.link.end_event();
        for (request, answer) in self.quirks.event_ended() {
            self.give(sh, now, request, answer);
        }
        self.procedures_event_ended(sh, now);
    }

    /// Handles a packet received in the event under way. Returns the reply if the event continues;
    /// the reply must end by `limit`, and so must the peer's answer to it.
    pub(super) fn received(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        pdu: &AirPdu,
        crc_ok: bool,
        limit: Instant,
    ) -> Option<RadioCommand> {
        let gates = self.gates();
        let heard = self.link.hear(sh, now, pdu, crc_ok, gates);
        let mut reply = None;
        if heard.goes_on && self.link.end_reason().is_none() {
            reply = self.link.reply(sh, now, limit, gates);
            self.keep_instants(sh);
        }
        if heard.new && self.link.end_reason().is_none() {
            self.deliver(sh, now, pdu);
        }
        reply.filter(|_| self.link.end_reason().is_none())
    }

    /// A new PDU from the peer.
    fn deliver(&mut self, sh: &mut Shared, now: Instant, pdu: &AirPdu) {
        let Some((llid, payload)) = self.link.open(sh, now, pdu) else {
            return;
        };
        match llid {
            Llid::Control => self.receive_control(sh, now, &payload),
            Llid::Start => self.receive_data(sh, AclBoundary::First, &payload),
            Llid::Continuation => self.receive_data(sh, AclBoundary::Continuing, &payload),
            Llid::Reserved => self.link.misbehaved(sh, PeerMisbehaved::ReservedLlid),
        }
    }

    fn receive_data(&mut self, sh: &mut Shared, boundary: AclBoundary, octets: &[u8]) {
        if self.must_be_quiet() {
            self.broke_encryption_start(sh);
        } else {
            self.link.pass_data(sh, boundary, octets);
        }
    }
}

/// Received control PDUs: to which procedure each belongs, and how it is answered.
impl Served {
    fn unknown(&mut self, sh: &mut Shared, opcode: Opcode) {
        self.link.send(sh, ControlPdu::UnknownRsp(opcode));
    }

    fn receive_control(&mut self, sh: &mut Shared, now: Instant, payload: &[u8]) {
        let pdu = match ControlPdu::parse(payload) {
            Ok(pdu) => pdu,
            Err(error) => {
                self.link.misbehaved(sh, PeerMisbehaved::WrongLength);
                if self.must_be_quiet() {
                    self.broke_encryption_start(sh);
                } else {
                    // LL-CTRL-2: what is not understood.
                    let opcode = match error {
                        ControlError::WrongLength(opcode) => opcode,
                        ControlError::Empty => Opcode::NONE,
                    };
                    self.unknown(sh, opcode);
                }
                return;
            }
        };
        if self.must_be_quiet() && !encryption::allows(&pdu) {
            return self.broke_encryption_start(sh);
        }
        if self.link.control_waiting() >= CONTROL_QUEUE {
            self.link.misbehaved(sh, PeerMisbehaved::TooManyRequests);
            return self.terminate(sh, now, ErrorCode::REMOTE_LOW_RESOURCES);
        }
        self.dispatch(sh, now, pdu);
    }

    fn dispatch(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        match pdu {
            ControlPdu::TerminateInd(reason) => terminate::received(&mut self.link, reason),
            ControlPdu::VersionInd(version) => self.receive_version(sh, now, version),
            ControlPdu::UnknownRsp(opcode) => {
                // LL-CTRL-3: LL_UNKNOWN_RSP as an answer.
                self.refused(sh, now, Some(opcode), ErrorCode::UNSUPPORTED_REMOTE_FEATURE, true);
            }
            // LL-REJ-2: both forms of a reject.
            ControlPdu::RejectInd(error) => self.refused(sh, now, None, error, false),
            ControlPdu::RejectExtInd { opcode, error } if sh.has(FeatureSet::EXTENDED_REJECT) => {
                self.refused(sh, now, Some(opcode), error, false);
            }
            _ => self.take_part(sh, now, pdu),
        }
    }

    /// A PDU that belongs to a procedure, or an unknown one.
    fn take_part(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        let opcode = pdu.opcode();
        match part(sh.config.features, opcode) {
            Part::Request { answered: true } => self.request(sh, now, pdu),
            Part::Request { answered: false } => self.answer(sh, pdu),
            Part::Answer => self.answered(sh, now, &pdu),
            Part::Centrals => {
                // LL-ROLE-1: these are ours alone.
                self.link.misbehaved(sh, PeerMisbehaved::WrongRole);
                self.unknown(sh, opcode);
            }
            Part::Unknown => self.unknown(sh, opcode),
        }
    }

    /// LL_VERSION_IND: an answer, a request, or one too many.
    fn receive_version(&mut self, sh: &mut Shared, now: Instant, version: VersionInd) {
        let pdu = ControlPdu::VersionInd(version);
        if !self.link.versions.learn(version) {
            self.link.misbehaved(sh, PeerMisbehaved::UnexpectedResponse);
        } else if self.procedures.is_answered_by(&pdu) {
            self.answered(sh, now, &pdu);
        } else if !self.link.versions.is_sent() {
            self.request(sh, now, pdu);
        }
    }

    /// A request of the peripheral, which a quirk's rule may answer differently.
    fn request(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        let Some(request) = PeripheralRequest::of(&pdu) else {
            return self.honest(sh, now, pdu);
        };
        self.link.happened.ask(request.procedure());
        let encryption_starting = self.procedures.starting().is_some();
        let waiting = self.procedures.waits(|local| matches!(local, Local::Encryption(_)));
        let view = LinkState {
            smp_or_encryption: self.link.smp.pending() || encryption_starting || waiting,
            encryption_starting,
            encrypted: self.encrypted(),
            features_cached: self.link.features_cached,
            first_connection: self.link.first_connection,
        };
        match sh.config.quirks.answer(request, &view, &mut sh.answers) {
            (answer, 0) => self.give(sh, now, pdu, answer),
            (answer, events) => {
                if !self.quirks.delay(events, pdu, answer) {
                    self.link.misbehaved(sh, PeerMisbehaved::TooManyRequests);
                }
            }
        }
    }

    /// Answers by the rules: now, or after the local encryption start.
    fn honest(&mut self, sh: &mut Shared, now: Instant, pdu: ControlPdu) {
        // LL-ENC-7: requests of the peripheral meanwhile.
        if self.procedures.starting().is_none() {
            self.answer(sh, pdu);
        } else if !self.procedures.hold(pdu) {
            self.link.misbehaved(sh, PeerMisbehaved::TooManyRequests);
            self.terminate(sh, now, ErrorCode::REMOTE_LOW_RESOURCES);
        }
    }

    /// The local encryption start is over: held requests are answered now.
    fn answer_held(&mut self, sh: &mut Shared) {
        for pdu in self.procedures.take_held() {
            self.answer(sh, pdu);
        }
        if self.encrypted() {
            for pdu in self.quirks.take_after_encryption() {
                self.answer(sh, pdu);
            }
        }
    }
}
