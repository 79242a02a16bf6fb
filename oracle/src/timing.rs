//! T_IFS, anchor points and transmit windows.

use ble::hci::Role;
use ble::pdu::control::{ConnectionUpdate, ControlPdu};
use ble::phy::T_IFS_US;
use ble::time::{Duration, Instant};
use bletwin_rules::connection::{
    LL_ANCHOR_1, LL_EVENT_4, LL_TIFS_1, LL_TIFS_2, LL_TIFS_3, LL_WIN_1,
};

use super::Findings;
use super::link::{Link, Packet, UNIT};
use super::shared_radio::{Busy, LEAD};

/// Permitted deviation of the second packet's start, and of its sender's clock.
const T_IFS_TOLERANCE: Duration = Duration::from_us(2);
const ACTIVE_CLOCK_PPM: u32 = 50;
/// How far two times of a sniffer may be off that counts microseconds.
const STAMPS: Duration = Duration::from_us(3);
/// How far an anchor may be off its place by the jitter of the sleep clock.
pub(super) const JITTER: Duration = Duration::from_us(16);

pub(super) fn check(link: &Link<'_>, busy: &Busy<'_>, findings: &mut Findings) {
    let mut anchors = Anchors::new(link);
    let mut before: Option<&Packet<'_>> = None;
    let captured = link.is_captured();
    for (index, packet) in link.packets.iter().enumerate() {
        let inside = before.filter(|before| before.event == packet.event);
        let former = before.map(|before| before.item.record);
        let evidence = former.as_slice();
        match (packet.by, inside) {
            (Role::Peripheral, None) => {
                let text = format!("{} is no answer to a packet", packet.name());
                link.report(findings, LL_TIFS_2.id, packet, evidence, text);
            }
            (Role::Peripheral, Some(asked)) if asked.item.reception.is_none() => {
                let text = format!("{} answers what was not received", packet.name());
                link.report(findings, LL_TIFS_2.id, packet, evidence, text);
            }
            (_, Some(former)) => {
                let stamps = if captured { STAMPS } else { Duration::ZERO };
                if let Some(off) = t_ifs_error(former.until(), packet.item.at, stamps) {
                    let text = format!("{} began {off} after the packet before", packet.name());
                    link.report(findings, LL_TIFS_1.id, packet, evidence, text);
                }
            }
            (Role::Central, None) => {
                if let Some((rule, text)) = anchors.anchor(packet) {
                    link.report(findings, rule, packet, evidence, text);
                }
            }
        }
        if ignored(link, index) && !no_time(link, index, busy) {
            let peripheral = link.node(Role::Peripheral);
            findings.add(super::Finding {
                rule: LL_TIFS_3.id,
                culprit: peripheral,
                at: packet.item.end,
                record: packet.item.record,
                evidence: Vec::new(),
                text: format!("{} was received and not answered", packet.name()),
            });
        }
        anchors.learn(packet);
        before = Some(packet);
    }
}

/// Events that the central has not closed in time: it knows the maximum length of an answer. An
/// answer that breaks a rule does not count against it, nor does what it has not asked for.
pub(super) fn room(link: &Link<'_>, findings: &mut Findings) {
    let drift = link.longest_interval().ppm(link.central_ppm());
    for (index, pair) in link.packets.windows(2).enumerate() {
        let [before, anchor] = pair else { continue };
        let asked = index.checked_sub(1).and_then(|index| link.packets.get(index));
        let asked = asked.is_some_and(|asked| {
            asked.by == Role::Central
                && asked.event == before.event
                && asked.item.reception.is_some()
        });
        let wrong = before.by == Role::Peripheral
            && (!asked || findings.is_wrong(before) || findings.is_misplaced(before));
        if anchor.by == Role::Central && !wrong && overruns(before, anchor, drift) {
            let text = format!("{} runs into the next anchor point", before.name());
            let evidence = [anchor.item.record];
            link.accuse(findings, LL_EVENT_4.id, Role::Central, before, &evidence, text);
        }
    }
}

/// How far after the end of a packet another one began, if that is not T_IFS. `stamps`: by how much
/// its observer may be wrong.
pub(super) fn t_ifs_error(end: Instant, start: Instant, stamps: Duration) -> Option<String> {
    let t_ifs = Duration::from_us(u64::from(T_IFS_US));
    let gap = start.since(end);
    let tolerance = T_IFS_TOLERANCE + t_ifs.ppm(ACTIVE_CLOCK_PPM) + stamps;
    let off = distance(gap, t_ifs);
    (off > tolerance).then(|| format!("{}.{} µs", gap.as_us(), gap.ticks() % 64_000 / 6_400))
}

/// Whether a packet runs into the next anchor, if the next event has one. Clocks may differ by
/// `drift` over an interval.
fn overruns(before: &Packet<'_>, anchor: &Packet<'_>, drift: Duration) -> bool {
    let close = Duration::from_us(u64::from(T_IFS_US)) - JITTER.times(2);
    anchor.event == before.event + 1 && anchor.item.at + drift < before.item.end + close
}

/// Whether the peripheral left a packet without an answer that it had received, and was there
/// later.
fn ignored(link: &Link<'_>, index: usize) -> bool {
    let packet = &link.packets[index];
    if packet.by != Role::Central || !packet.heard() {
        return false;
    }
    let Some(next) = link.packets.get(index + 1) else {
        return false;
    };
    let answered = next.by == Role::Peripheral && next.event == packet.event;
    !answered && link.last_of(Role::Peripheral).is_some_and(|last| last > index)
}

/// Whether the answer to a packet would have lasted into an event of another connection of the
/// peripheral. An unacknowledged PDU must be repeated; otherwise an Empty PDU is enough.
fn no_time(link: &Link<'_>, index: usize, busy: &Busy<'_>) -> bool {
    let packet = &link.packets[index];
    let own = link.packets[..index].iter().rev().find(|own| own.by == Role::Peripheral);
    let answer = own.map_or(Duration::ZERO, |own| {
        let again = own.header.sn == packet.header.nesn;
        own.item.phy.air_time(if again { own.tx.pdu.payload_len() } else { 0 })
    });
    let start = packet.item.end + Duration::from_us(u64::from(T_IFS_US));
    busy.touches(packet.item.at, start + answer + LEAD)
}

pub(super) fn distance(a: Duration, b: Duration) -> Duration {
    (a - b) + (b - a)
}

/// Where the central's anchor points must be.
#[derive(Clone)]
pub(super) struct Anchors {
    ppm: u32,
    interval: Duration,
    /// Last anchor and its event.
    last: Option<(Instant, u64)>,
    /// Earliest start and length of the first transmit window.
    window: (Instant, Duration),
    update: Option<(u64, ConnectionUpdate)>,
}

impl Anchors {
    pub(super) fn new(link: &Link<'_>) -> Self {
        Self {
            ppm: link.central_ppm(),
            interval: link.interval(),
            last: None,
            window: link.window(),
            update: None,
        }
    }

    /// connInterval as it was at the last anchor.
    pub(super) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Takes any packet, after [`Self::place`] if it is an anchor.
    pub(super) fn learn(&mut self, packet: &Packet<'_>) {
        if let (Role::Central, true, Some(ControlPdu::ConnectionUpdateInd(update))) =
            (packet.by, packet.new, packet.control())
        {
            match update.instant.wrapping_sub(packet.event as u16) {
                // LL-UPD-2: this event has the new anchor point, and there is no window.
                0 => (self.interval, self.update) = (UNIT.times(u64::from(update.interval)), None),
                ahead => self.update = Some((packet.event + u64::from(ahead), *update)),
            }
        }
    }

    /// Takes an anchor and returns the earliest and latest permitted start, and the rule.
    pub(super) fn place(&mut self, packet: &Packet<'_>) -> (Instant, Instant, &'static str) {
        let place = match (self.last, self.update) {
            (Some((last, event)), Some((instant, update))) if packet.event >= instant => {
                let old = self.interval.times(instant.saturating_sub(event));
                self.interval = UNIT.times(u64::from(update.interval));
                self.update = None;
                let later = self.interval.times(packet.event - instant);
                let start = last + old + UNIT.times(u64::from(update.win_offset)) + later;
                (start, start + UNIT.times(u64::from(update.win_size)), LL_WIN_1.id)
            }
            (Some((last, event)), _) => {
                let start = last + self.interval.times(packet.event - event);
                (start, start, LL_ANCHOR_1.id)
            }
            (None, _) => {
                let start = self.window.0 + self.interval.times(packet.event);
                (start, start + self.window.1, LL_WIN_1.id)
            }
        };
        self.last = Some((packet.item.at, packet.event));
        place
    }

    /// Takes an anchor and returns its fault, if any.
    pub(super) fn anchor(&mut self, packet: &Packet<'_>) -> Option<(&'static str, String)> {
        let at = packet.item.at;
        let since = self.last.map_or(self.window.0, |(last, _)| last);
        let (earliest, latest, rule) = self.place(packet);
        let tolerance = JITTER.times(2) + at.since(since).ppm(self.ppm);
        let early = earliest.since(at) > tolerance;
        let late = at.since(latest) > tolerance;
        (early || late).then(|| {
            let off = if early { earliest.since(at) } else { at.since(latest) };
            let how = if early { "early" } else { "late" };
            (rule, format!("event {} began {} µs too {how}", packet.event, off.as_us()))
        })
    }
}
