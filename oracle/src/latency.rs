//! Peripheral latency: how many events a peripheral may leave out, and which ones it may not.

use ble::hci::Role;
use ble::pdu::control::{ConnectionUpdate, ControlPdu};
use ble::time::{Duration, Instant};
use bletwin_rules::connection::{LL_LAT_1, LL_LAT_2, LL_LAT_3};

use super::Findings;
use super::link::{Link, Packet};
use super::procedure::{PAST, instant};
use super::shared_radio::{Busy, LEAD};
use super::window::Closed;
use bletwin_sniffer::RecordId;

/// A receiver that was closed this far from an anchor was not open for it.
const FAR: Duration = Duration::from_ms(20);

/// A change that was announced to the peripheral.
struct Watch {
    instant: u64,
    /// Of parameters: the event before the instant and the instant itself are listened to.
    parameters: bool,
    /// SN of the PDU: another one says that its acknowledgement has arrived.
    sn: bool,
    confirmed: bool,
    record: RecordId,
}

pub(super) fn check(link: &Link<'_>, closed: &Closed, busy: &Busy<'_>, findings: &mut Findings) {
    if !link.is_accepted() {
        return;
    }
    let node = link.node(Role::Peripheral);
    let closed = closed.get(&node).map_or(&[][..], Vec::as_slice);
    let (left, parted) = (link.left(Role::Peripheral), link.parted(findings));
    let timeout = link.longest_timeout();
    let mut state = Awake {
        latency: [link.request.latency; 2],
        acknowledged: false,
        next: None,
        watch: Vec::new(),
        skipped: 0,
        last: None,
        heard: None,
    };
    let mut listens_from = busy.listens_from(link).into_iter();
    for packet in link.packets.iter().filter(|packet| packet.by == Role::Central) {
        if packet.item.at >= left || parted.is_some_and(|event| packet.event >= event) {
            return;
        }
        if packet.anchor {
            let near = FAR.min(link.interval().divided_by(2));
            let at = packet.item.at;
            let from = listens_from.next().map_or(at, |from| from.min(at));
            // A record that ends before the receiver closes does not say that it was open.
            let listened = packet.item.reception.is_some()
                || findings.is_misplaced(packet)
                || at + near > link.end
                || open(closed, at, near)
                || busy.touches(from.before(LEAD), packet.item.end + LEAD);
            if let Some((rule, evidence, text)) = state.event(packet, listened, timeout) {
                link.accuse(findings, rule, Role::Peripheral, packet, &evidence, text);
            }
        }
        if packet.heard() {
            state.hear(packet);
        }
    }
}

/// Whether a receiver that saw nothing was closed near an anchor.
fn open(closed: &[(Instant, RecordId)], at: Instant, near: Duration) -> bool {
    let from = closed.partition_point(|(moment, _)| *moment < at.before(near));
    closed.get(from).is_some_and(|(moment, _)| *moment <= at + near)
}

struct Awake {
    /// Before and after the last change: either may be meant around its instant.
    latency: [u16; 2],
    /// An acknowledgement of the central was heard: before that there is no latency (4.5.5).
    acknowledged: bool,
    next: Option<(u64, ConnectionUpdate)>,
    watch: Vec<Watch>,
    /// Events left out in a row.
    skipped: u16,
    last: Option<u64>,
    /// When it listened last.
    heard: Option<Instant>,
}

impl Awake {
    fn event(
        &mut self,
        packet: &Packet<'_>,
        listened: bool,
        timeout: Duration,
    ) -> Option<(&'static str, Vec<RecordId>, String)> {
        let event = packet.event;
        self.change(|instant| event > instant);
        self.watch.retain(|watch| watch.instant >= event);
        let in_a_row = self.last == event.checked_sub(1);
        self.last = Some(event);
        let heard = *self.heard.get_or_insert(packet.item.at);
        if listened {
            (self.skipped, self.heard) = (0, Some(packet.item.at));
            return None;
        }
        self.skipped = if in_a_row { self.skipped.saturating_add(1) } else { 1 };
        let due = self.watch.iter().find(|watch| {
            let near = event + 1 >= watch.instant;
            if watch.parameters && near { true } else { !watch.confirmed && event < watch.instant }
        });
        if let Some(watch) = due {
            let text = format!("event {event} was left out before instant {}", watch.instant);
            return Some((LL_LAT_2.id, vec![watch.record], text));
        }
        if !self.acknowledged {
            let text = format!("event {event} was left out before anything was acknowledged");
            return Some((LL_LAT_3.id, Vec::new(), text));
        }
        if packet.item.at.since(heard) > timeout {
            let text = format!("has not listened for {} ms", timeout.as_us() / 1_000);
            return Some((LL_LAT_3.id, Vec::new(), text));
        }
        let pending = self.next.as_ref().map_or(0, |(_, update)| update.latency);
        let allowed = self.latency[0].max(self.latency[1]).max(pending);
        (self.skipped > allowed).then(|| {
            let text = format!("{} events left out in a row, up to event {event}", self.skipped);
            (LL_LAT_1.id, Vec::new(), text)
        })
    }

    /// Applies a change whose instant is reached.
    fn change(&mut self, has_come: impl Fn(u64) -> bool) {
        if let Some((_, update)) = self.next.take_if(|(instant, _)| has_come(*instant)) {
            self.latency = [self.latency[1], update.latency];
        }
    }

    fn hear(&mut self, packet: &Packet<'_>) {
        self.acknowledged |= packet.header.nesn;
        for watch in &mut self.watch {
            watch.confirmed |= packet.header.sn != watch.sn;
        }
        let Some(instant) = instant(packet).filter(|_| packet.taken) else { return };
        let ahead = instant.wrapping_sub(packet.event as u16);
        if ahead >= PAST {
            return;
        }
        let instant = packet.event + u64::from(ahead);
        let update = match packet.control() {
            Some(ControlPdu::ConnectionUpdateInd(update)) => Some(*update),
            _ => None,
        };
        if ahead > 0 {
            self.watch.push(Watch {
                instant,
                parameters: update.is_some(),
                sn: packet.header.sn,
                confirmed: false,
                record: packet.item.record,
            });
        }
        if let Some(update) = update {
            // A change announced in the event of its instant is in force, regardless of later ones.
            self.change(|instant| packet.event >= instant);
            self.next = Some((instant, update));
        }
    }
}
