//! One connection: its events from the peripheral's side (Vol 6, Part B, 4.5).

mod changes;
mod idle;
mod missed;

use super::channel::Hopper;
use super::instant::Pending;
use super::message::{LinkReport, Loss, NewParameters};
use super::operation::{T_IFS, shortest};
use super::report::Reports;
use super::sequence::Sequence;
use super::window::{self, Timeline};
use ble::error::PeerMisbehaved;
use ble::link::LinkId;
use ble::pdu::advertising::ConnectInd;
use ble::pdu::data::{DataHeader, Llid, Payload};
use ble::phy::{Coding, Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::schedule::{Hold, Waited};
use ble::time::{Duration, Instant};

/// Unit of connSupervisionTimeout.
const TIMEOUT_UNIT: Duration = Duration::from_ms(10);
/// Events without a packet after which a connection that was never established is given up.
const ESTABLISH_EVENTS: u64 = 6;
/// An event closes at the second packet in a row with a wrong CRC.
const CRC_ERRORS_MAX: u8 = 2;
/// Octets that every device may send.
const LONGEST_AT_FIRST: u8 = 27;
/// Before the window of an event that was to be skipped: how long it takes to change one's mind.
const WAKE_LEAD: Duration = Duration::from_us(500);

/// The event under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
struct Event {
    /// Whether any packet was received.
    heard: bool,
    /// Whether one had a right CRC.
    valid: bool,
    /// Whether an answer has left.
    answered: bool,
    /// Wrong CRCs in a row.
    crc_errors: u8,
    /// Whether the central may have more to send: its MD, or unknown after a wrong CRC.
    more: bool,
}

/// By when the radio must be free for others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// While this event has not been answered.
    pub(super) answer: Instant,
    /// Once it has been.
    pub(super) more: Instant,
}

/// A packet as the radio received it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) start: Instant,
    pub(super) end: Instant,
    pub(super) pdu: &'a AirPdu,
    pub(super) crc_ok: bool,
}

/// A connection as the peripheral keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LinkConnection {
    link: LinkId,
    access_address: u32,
    crc_init: u32,
    hopper: Hopper,
    channel_map: u64,
    tx: TxPhy,
    rx: Phy,
    /// Most octets of a packet of the central, MIC included.
    longest: u8,
    /// Of PDUs that are queued from here on, and of Empty PDUs.
    coding: Coding,
    /// connEventCount of the event under way, else of the next one (skipped or not).
    event: u16,
    timeline: Timeline,
    latency: u16,
    timeout: Duration,
    /// When the supervision timer expires.
    supervision: Instant,
    established: bool,
    /// The central has acknowledged something.
    acknowledged: bool,
    listen_always: bool,
    /// Events from `event` on that are to be skipped.
    skip: u16,
    /// Consecutive events without an answer of this device.
    waited: Waited,
    new_map: Option<Pending<u64>>,
    new_phy: Option<Pending<(TxPhy, Phy)>>,
    new_parameters: Option<Pending<NewParameters>>,
    sequence: Sequence,
    running: Option<Event>,
}

impl LinkConnection {
    /// From a valid CONNECT_IND that ended at `end`.
    pub(super) fn new(
        link: LinkId,
        request: &ConnectInd,
        end: Instant,
        csa2: bool,
        ppm: u16,
    ) -> Self {
        let interval = window::interval(request.interval);
        let both = window::both_ppm(ppm, request.sca);
        // LL-CONN-2: choice of the channel selection algorithm.
        let hopper = if csa2 && request.ch_sel {
            Hopper::two(request.access_address)
        } else {
            Hopper::one(request.hop)
        };
        Self {
            link,
            access_address: request.access_address,
            crc_init: request.crc_init,
            hopper,
            channel_map: request.channel_map,
            tx: TxPhy::Le1M,
            rx: Phy::Le1M,
            longest: LONGEST_AT_FIRST,
            coding: Coding::default(),
            event: 0,
            timeline: Timeline::new(end, interval, request.win_offset, request.win_size, both),
            latency: request.latency,
            timeout: TIMEOUT_UNIT.times(u64::from(request.timeout)),
            // LL-SUP-2: six intervals.
            supervision: end + interval.times(ESTABLISH_EVENTS),
            established: false,
            acknowledged: false,
            listen_always: false,
            skip: 0,
            waited: Waited::NONE,
            new_map: None,
            new_phy: None,
            new_parameters: None,
            sequence: Sequence::new(),
            running: None,
        }
    }

    /// From a valid AUX_CONNECT_REQ on this PHY that ended at `end`.
    pub(super) fn extended(
        link: LinkId,
        request: &ConnectInd,
        end: Instant,
        ppm: u16,
        phy: Phy,
    ) -> Self {
        let legacy = Self::new(link, request, end, false, ppm);
        // LL-EXT-6: Channel Selection Algorithm #2 always, the PHY of the request, and a transmit
        // window that comes later.
        Self {
            hopper: Hopper::two(request.access_address),
            tx: phy.sent_with(legacy.coding),
            rx: phy,
            timeline: legacy.timeline.later(window::further_delay(phy)),
            ..legacy
        }
    }

    /// When the connection is lost unless something is heard.
    pub(super) const fn supervision(&self) -> Instant {
        self.supervision
    }

    /// How its loss is named if the supervision timer expires.
    pub(super) const fn loss(&self) -> Loss {
        if self.established { Loss::SupervisionTimeout } else { Loss::FailedToEstablish }
    }

    /// Start of the next event that is listened to, unless one is under way.
    pub(super) fn next_event(&self) -> Option<Instant> {
        if self.running.is_some() { None } else { Some(self.timeline.opens(self.skip)) }
    }

    pub(super) const fn waited(&self) -> Waited {
        self.waited
    }

    /// How firmly it holds the radio in its event.
    pub(super) fn hold(&self) -> Hold {
        match self.running {
            Some(Event { answered: true, .. }) => Hold::Served,
            _ => Hold::Event(self.waited),
        }
    }

    /// Whether a packet was received in the event under way.
    pub(super) fn heard(&self) -> bool {
        self.running.is_some_and(|event| event.heard)
    }

    /// Queues a PDU; `false`: there is no room for it.
    #[must_use]
    pub(super) fn send(&mut self, now: Instant, llid: Llid, payload: Payload, tag: Tag) -> bool {
        let queued = self.sequence.push(llid, payload, tag, self.coding);
        self.wake(now);
        queued
    }

    pub(super) fn listen_always(&mut self, now: Instant, on: bool) {
        self.listen_always = on;
        self.wake(now);
    }

    pub(super) fn code(&mut self, coding: Coding) {
        self.coding = coding;
    }

    /// Accepts packets of up to this many octets from here on; the limit never falls.
    pub(super) fn take_up_to(&mut self, octets: u8) {
        self.longest = self.longest.max(octets);
    }

    pub(super) fn change_map(&mut self, now: Instant, instant: u16, map: u64) {
        self.new_map = Some(Pending { instant, change: map });
        self.wake(now);
    }

    pub(super) fn change_phy(&mut self, now: Instant, instant: u16, tx: TxPhy, rx: Phy) {
        self.new_phy = Some(Pending { instant, change: (tx, rx) });
        self.wake(now);
    }

    pub(super) fn change_parameters(&mut self, now: Instant, instant: u16, new: NewParameters) {
        // LL-UPD-2: received at the instant.
        if self.heard() && instant == self.event {
            self.timeline.update_from_anchor(window::interval(new.interval), 0);
            self.take_over(new, now);
        } else {
            self.new_parameters = Some(Pending { instant, change: new });
            self.wake(now);
        }
    }

    /// Applies changes that are due for an event whose first packet has not been received. Returns
    /// whether the event was already prepared and must be prepared again.
    pub(super) fn reconsider(&mut self) -> bool {
        if self.heard() || self.events_to_instant() > 0 {
            return false;
        }
        self.apply_due();
        self.running.take().is_some()
    }

    /// Begins the next event: the radio shall listen for its first packet.
    // Inlined: the command is written where it stays.
    #[inline(always)]
    pub(super) fn begin(&mut self, now: Instant) -> RadioCommand {
        // Windows that were not served in time (the radio was elsewhere) have passed.
        let late = now.since(self.timeline.closes(self.skip));
        if late > Duration::ZERO {
            self.skip = self.skip.saturating_add(self.events_in(late));
        }
        self.advance(self.skip);
        self.skip = 0;
        self.running = Some(Event::default());
        let from = self.timeline.opens(0).max(now);
        RadioCommand::Receive {
            from,
            until: self.timeline.closes(0).max(from),
            tuning: Tuning {
                // LL-CHAN-1: channel sequence.
                channel: self.hopper.channel(self.event, self.channel_map),
                access_address: self.access_address,
                crc_init: self.crc_init,
            },
            receiver: self.receiver(),
        }
    }

    const fn receiver(&self) -> Receiver {
        // LL-LEN-9: what a receiver takes.
        Receiver { phy: self.rx, longest: self.longest }
    }

    /// Takes a packet of the event under way, and answers by a command. `false`: no answer, the
    /// event is over.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        limits: Limits,
        reports: &mut Reports,
        command: &mut Option<RadioCommand>,
    ) -> bool {
        let Some(event) = &mut self.running else { return false };
        if !event.heard {
            // LL-WIDE-2: synchronisation.
            // The anchor is the start of the first packet, even with a wrong CRC.
            event.heard = true;
            self.timeline.synchronise(packet.start);
        }
        if packet.crc_ok {
            event.valid = true;
            event.crc_errors = 0;
            self.take(packet, reports);
        } else {
            event.crc_errors = event.crc_errors.saturating_add(1);
            event.more = true;
            // LL-EVENT-3: more data.
            if event.crc_errors >= CRC_ERRORS_MAX {
                return false;
            }
        }
        self.reply(now, packet.end, limits, command)
    }

    /// A packet has been transmitted.
    pub(super) fn transmitted(&mut self, reports: &mut Reports) {
        if let Some(event) = &mut self.running {
            event.answered = true;
        }
        if let Some(tag) = self.sequence.transmitted() {
            reports.push(LinkReport::Sent { link: self.link, event: self.event, tag });
        }
    }

    /// The event under way is over. Plans the next.
    pub(super) fn close(&mut self, now: Instant, reports: &mut Reports) {
        let Some(ended) = self.running.take() else {
            return;
        };
        // LL-WIN-2: the first window as any other; `Timeline` keeps its length.
        self.waited.count(ended.answered);
        // Asked before a change takes effect: the event of the instant is listened to.
        let may_skip = ended.valid && !ended.more && self.may_sleep();
        let event = self.event;
        self.advance(1);
        // LL-LAT-1: peripheral latency.
        self.skip = if may_skip { self.latency } else { 0 };
        let next = self.event.wrapping_add(self.skip);
        let (link, heard) = (self.link, ended.heard);
        let owes = self.sequence.owes();
        reports.push(LinkReport::EventEnded { link, event, next, heard, owes, at: now });
    }

    fn take(&mut self, packet: Packet<'_>, reports: &mut Reports) {
        let (link, event) = (self.link, self.event);
        // LL-SUP-1: supervision.
        self.supervision = packet.end + self.timeout;
        if !self.established {
            self.established = true;
            reports.push(LinkReport::Established(link));
        }
        let header = DataHeader::from_octet(packet.pdu.header());
        self.acknowledged |= header.nesn;
        if let Some(running) = &mut self.running {
            running.more = header.md;
        }
        let payload = packet.pdu.payload();
        // A control PDU without an opcode is answered like any other.
        let is_empty = payload.is_empty() && header.llid != Llid::Control;
        let meaning = self.sequence.receive(header, is_empty || reports.has_room());
        if let Some(tag) = meaning.acknowledged {
            reports.push(LinkReport::Acknowledged { link, event, tag });
        }
        if !meaning.new {
            return;
        }
        // LL-FRAME-1, LL-FRAME-3: what breaks them is acknowledged and not delivered.
        let announced = packet.pdu.octets().get(1).copied().map(usize::from);
        let violation = match header.llid {
            Llid::Reserved => Some(PeerMisbehaved::ReservedLlid),
            _ if announced != Some(payload.len()) => Some(PeerMisbehaved::WrongLength),
            _ => None,
        };
        if let Some(violation) = violation {
            reports.mention(LinkReport::Misbehaved { link: Some(link), violation });
        } else if !is_empty && let Ok(payload) = Payload::from_slice(payload) {
            let (llid, at) = (header.llid, packet.start);
            reports.push(LinkReport::Received { link, event, llid, payload, at });
        }
    }

    /// The answer to a packet that ended at `end`, if there is time for one. It is made where it
    /// stays: a packet is long, and T_IFS is running.
    fn reply(
        &mut self,
        now: Instant,
        end: Instant,
        limits: Limits,
        command: &mut Option<RadioCommand>,
    ) -> bool {
        let answered = self.running.is_some_and(|event| event.answered);
        let others = if answered { limits.more } else { limits.answer };
        // LL-EVENT-4: room before the next anchor.
        let next_anchor = self.timeline.opens(1).before(T_IFS);
        // LL-TIFS-2, LL-TIFS-3: an answer, and only in time.
        let limit = next_anchor.min(others);
        let ends = |phy: TxPhy, octets| end + T_IFS + phy.air_time(octets);
        let (octets, coding) = self.sequence.next_len();
        let mut phy = self.coded(coding.unwrap_or(self.coding));
        let mut own_end = ends(phy, octets);
        if own_end > limit && !self.sequence.repeats() {
            // A PDU that has not been on air can wait; an Empty PDU is an answer, too.
            phy = self.coded(self.coding);
            own_end = ends(phy, 0);
            if own_end <= limit {
                self.sequence.put_off();
            }
        }
        if now > end + T_IFS || own_end > limit {
            return false;
        }
        let more = self.sequence.more_len();
        let (octets, coding) = more.unwrap_or((0, self.coding));
        let exchange = T_IFS + shortest(self.rx) + T_IFS + self.coded(coding).air_time(octets);
        let fits = own_end + exchange <= next_anchor.min(limits.more);
        let md = fits && more.is_some();
        let goes_on = md || (fits && self.running.is_some_and(|event| event.more));
        let next = AfterTransmit::Receive(self.receiver());
        let then = if goes_on { next } else { AfterTransmit::Stop };
        *command = Some(RadioCommand::Reply { phy, pdu: AirPdu::default(), tag: 0, then });
        if let Some(RadioCommand::Reply { pdu, tag, .. }) = command {
            *tag = self.sequence.transmit(md, pdu);
        }
        true
    }

    /// How a PDU with this coding is sent.
    const fn coded(&self, coding: Coding) -> TxPhy {
        self.tx.phy().sent_with(coding)
    }

    /// Whether nothing demands that the next event be listened to.
    fn may_sleep(&self) -> bool {
        // LL-LAT-2: an instant that is known is waited for awake.
        // LL-LAT-3: and so is the first acknowledgement.
        !self.listen_always
            && self.acknowledged
            && self.sequence.is_idle()
            && self.new_map.is_none()
            && self.new_phy.is_none()
            && self.new_parameters.is_none()
    }

    /// Skips no more events than have passed already, if something demands attention now.
    fn wake(&mut self, now: Instant) {
        if !self.may_sleep() {
            let late = (now + WAKE_LEAD).since(self.timeline.opens(0));
            let passed = if late > Duration::ZERO { self.events_in(late) } else { 0 };
            self.skip = self.skip.min(passed);
        }
    }

    /// In how many events' time `late` ends, counted from the event at hand.
    fn events_in(&self, late: Duration) -> u16 {
        let whole = late.ticks().checked_div(self.timeline.interval().ticks()).unwrap_or(0);
        u16::try_from(whole.saturating_add(1)).unwrap_or(u16::MAX)
    }
}
