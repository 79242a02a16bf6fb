//! The connection that a raw central keeps up: anchors, hopping, and where the script is.

use ble::phy::Phy;
use ble::radio::{RadioEvent, Tuning};
use ble::time::{Duration, Instant};
use bletwin_sim::node::Outbox;

use super::event::{Outgoing, RunningEvent};
use super::script::{Script, ScriptChange, ScriptPacket, ScriptStep};
use super::seal::Seals;

/// How long before an anchor point the steps of its event are taken. No anchor point can be moved
/// further back.
const LEAD: Duration = Duration::from_us(1_000);

/// `n` units of 1.25 ms.
fn units(n: u16) -> Duration {
    Duration::from_us(1_250).times(n.into())
}

/// An instant moved by this many µs, either way.
pub(super) fn moved(at: Instant, us: i32) -> Instant {
    let by = Duration::from_us(us.unsigned_abs().into());
    if us < 0 { at.before(by) } else { at + by }
}

/// The next transmission.
#[derive(Clone, Debug)]
pub(super) enum Todo {
    Send(ScriptPacket, usize),
    Repeat,
    Empty,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RawLink {
    access_address: u32,
    crc_init: u32,
    hop: u8,
    unmapped: u8,
    map: u64,
    interval: Duration,
    /// connEventCount of the event under way, else of the next.
    pub(super) counter: u16,
    /// Its anchor point.
    anchor: Instant,
    jitter_us: i32,
    pub(super) tx: Phy,
    pub(super) rx: Phy,
    pub(super) sn: bool,
    pub(super) nesn: bool,
    /// Not acknowledged yet.
    pub(super) flying: Option<Outgoing>,
    /// The latest transmission, with its SN.
    pub(super) last: Option<(Outgoing, bool)>,
    pub(super) seals: Seals,
    /// Opcodes that have come and that no step has waited for.
    pub(super) heard: Vec<u8>,
    /// The instant that was stamped last.
    pub(super) instant: u16,
    pub(super) changes: Vec<(u16, ScriptChange)>,
    pub(super) running: Option<RunningEvent>,
    step: usize,
    /// Events that the step at hand has had.
    spent: u16,
    begun: Vec<u16>,
    pub(super) deaf: u16,
    pub(super) refuse: u16,
    brief: bool,
    /// Steps that waited for a PDU in vain.
    missed: usize,
}

impl RawLink {
    /// Begun by the script's CONNECT_IND, which ended at `end`.
    pub(super) fn new(script: &Script, end: Instant) -> Self {
        let connect = &script.connect;
        let into = Duration::from_us(script.into_window_us.into());
        Self {
            access_address: connect.access_address,
            crc_init: connect.crc_init,
            hop: connect.hop,
            unmapped: 0,
            map: connect.channel_map,
            interval: units(connect.interval.max(1)),
            counter: 0,
            anchor: end + units(1) + units(connect.win_offset) + into,
            jitter_us: 0,
            tx: Phy::Le1M,
            rx: Phy::Le1M,
            sn: false,
            nesn: false,
            flying: None,
            last: None,
            seals: Seals::default(),
            heard: Vec::new(),
            instant: 0,
            changes: Vec::new(),
            running: None,
            step: 0,
            spent: 0,
            begun: Vec::new(),
            deaf: 0,
            refuse: 0,
            brief: false,
            missed: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.deadline().is_none() && self.running.is_none()
    }

    pub(super) const fn missed(&self) -> usize {
        self.missed
    }

    pub(super) fn begun(&self, step: usize) -> Option<u16> {
        self.begun.get(step).copied()
    }

    /// When the next event is prepared: never again once the script is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.running.is_none() && self.step != usize::MAX).then(|| self.anchor.before(LEAD))
    }

    pub(super) fn timer(&mut self, script: &Script, now: Instant, out: &mut Outbox) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        let todo = self.todo(script);
        let tuning = self.tune();
        let at = moved(self.anchor, std::mem::take(&mut self.jitter_us));
        self.running = Some(RunningEvent { end: at, tuning, more: false });
        if !self.send(todo, Some(at), out) {
            self.end_event();
        }
    }

    pub(super) fn radio(&mut self, script: &Script, event: RadioEvent, out: &mut Outbox) {
        if self.running.is_none() {
            return;
        }
        match event {
            RadioEvent::Transmitted { .. } => {}
            RadioEvent::Received { pdu, crc_ok: true, end, .. } if self.deaf == 0 => {
                let peers_more = self.receive(&pdu);
                let own_more = self.running.as_ref().is_some_and(|event| event.more);
                if let Some(event) = &mut self.running {
                    event.end = end;
                }
                let todo = match (own_more, peers_more) {
                    (true, _) => self.follow_up(script),
                    (false, true) if !self.brief => Todo::Empty,
                    (false, _) => Todo::Nothing,
                };
                if !self.send(todo, None, out) {
                    self.end_event();
                }
            }
            RadioEvent::Received { .. } | RadioEvent::Missed { .. } => {
                self.deaf = self.deaf.saturating_sub(1);
                self.end_event();
            }
        }
    }

    /// Channel Selection Algorithm #1, to be called once an event.
    fn tune(&mut self) -> Tuning {
        self.unmapped = (self.unmapped + self.hop % 37) % 37;
        let used: Vec<u8> = (0..37).filter(|channel| self.map >> channel & 1 == 1).collect();
        let channel = match used.contains(&self.unmapped) {
            true => self.unmapped,
            false => {
                let index = usize::from(self.unmapped).checked_rem(used.len()).unwrap_or(0);
                used.get(index).copied().unwrap_or(self.unmapped)
            }
        };
        Tuning { channel, access_address: self.access_address, crc_init: self.crc_init }
    }

    fn end_event(&mut self) {
        self.running = None;
        self.refuse = self.refuse.saturating_sub(1);
        // An instant announced in its own event has no transmit window.
        self.apply(false);
        self.counter = self.counter.wrapping_add(1);
        self.anchor += self.interval;
        self.apply(true);
    }

    /// Makes the changes whose instants have been reached; `window`: this event is the first one
    /// with new parameters.
    fn apply(&mut self, window: bool) {
        let counter = self.counter;
        let reached =
            |(instant, _): &mut (u16, ScriptChange)| instant.wrapping_sub(counter) as i16 <= 0;
        for (_, change) in self.changes.extract_if(.., reached).collect::<Vec<_>>() {
            match change {
                ScriptChange::Interval { interval, offset_us } => {
                    self.interval = units(interval.max(1));
                    if window {
                        self.anchor += Duration::from_us(offset_us.into());
                    }
                }
                ScriptChange::ChannelMap(map) => self.map = map,
                ScriptChange::Phy { tx, rx } => (self.tx, self.rx) = (tx, rx),
            }
        }
    }

    /// What follows in an event that the last PDU has said would go on.
    fn follow_up(&mut self, script: &Script) -> Todo {
        match script.steps.get(self.step) {
            Some(ScriptStep::Send(_) | ScriptStep::Repeat) => self.todo(script),
            _ => Todo::Empty,
        }
    }

    /// Takes steps up to one that transmits.
    fn todo(&mut self, script: &Script) -> Todo {
        while let Some(step) = script.steps.get(self.step) {
            if self.begun.len() == self.step {
                self.begun.push(self.counter);
            }
            match step {
                // What flies comes first.
                ScriptStep::Send(_) if self.flying.is_some() => return Todo::Empty,
                ScriptStep::Send(packet) => {
                    self.next();
                    return Todo::Send(packet.clone(), self.step);
                }
                ScriptStep::Repeat => {
                    self.next();
                    return Todo::Repeat;
                }
                ScriptStep::Idle(events) => {
                    if self.spend(*events) {
                        return Todo::Empty;
                    }
                }
                ScriptStep::Silent(events) => {
                    if self.spend(*events) {
                        return Todo::Nothing;
                    }
                }
                ScriptStep::Await(opcode, events) => {
                    if let Some(at) = self.heard.iter().position(|code| *code == opcode.0) {
                        self.heard.remove(at);
                        self.next();
                    } else if self.spend(*events) {
                        return Todo::Empty;
                    } else {
                        self.missed += 1;
                    }
                }
                ScriptStep::UntilInstant(distance) => {
                    let past = self.counter.wrapping_sub(self.instant) as i16;
                    if i32::from(past) < *distance {
                        return Todo::Empty;
                    }
                    self.next();
                }
                ScriptStep::Deaf(events) => {
                    self.deaf = *events;
                    self.next();
                }
                ScriptStep::Refuse(events) => {
                    self.refuse = *events;
                    self.next();
                }
                ScriptStep::Brief(on) => {
                    self.brief = *on;
                    self.next();
                }
                ScriptStep::Key(ltk) => {
                    self.seals.key(*ltk);
                    self.next();
                }
                ScriptStep::SealTx(on) => {
                    self.seals.tx = *on;
                    self.next();
                }
                ScriptStep::SealRx(on) => {
                    self.seals.rx = *on;
                    self.next();
                }
                ScriptStep::Shift(us) => {
                    self.anchor = moved(self.anchor, *us);
                    self.next();
                }
                ScriptStep::Jitter(us) => {
                    self.jitter_us = *us;
                    self.next();
                }
            }
        }
        self.step = usize::MAX;
        Todo::Nothing
    }

    fn next(&mut self) {
        self.step += 1;
        self.spent = 0;
    }

    /// Whether the step at hand has another one of its events.
    fn spend(&mut self, events: u16) -> bool {
        if self.spent >= events {
            self.next();
            return false;
        }
        self.spent += 1;
        true
    }
}
