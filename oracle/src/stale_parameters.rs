//! A change of the connection parameters that the central announces and does not make. What comes
//! after it is not judged: the two ends are no longer in one connection.

use ble::hci::Role;
use ble::pdu::control::{ConnectionUpdate, ControlPdu};
use ble::time::{Duration, Instant};
use bletwin_rules::connection_update::LL_UPD_1;

use super::Findings;
use super::link::{Link, UNIT};
use super::timing::{JITTER, distance};
use bletwin_sniffer::RecordId;

/// Between two packets of one event there is less.
const PAUSE: Duration = Duration::from_us(400);

/// Finds the packet from which on the central uses parameters that a later update has replaced.
pub(super) fn kept(link: &Link<'_>) -> Option<(usize, RecordId)> {
    let mut old = Old { ppm: link.central_ppm(), interval: link.interval(), last: None };
    let mut update: Option<Announced> = None;
    for (index, packet) in link.packets.iter().enumerate() {
        if packet.by == Role::Peripheral {
            continue;
        }
        if packet.anchor {
            if let Some(new) = update.take_if(|update| packet.event >= update.instant) {
                if old.goes_on(link, index, &new) {
                    return Some((index, new.record));
                }
                old.interval = new.interval();
            }
            old.last = Some((packet.item.at, packet.event));
        }
        if let (true, Some(ControlPdu::ConnectionUpdateInd(new))) = (packet.new, packet.control()) {
            let ahead = new.instant.wrapping_sub(packet.event as u16);
            // An earlier update announced in the event of its instant is in force.
            if let Some(before) = update.filter(|update| update.at_once) {
                old.interval = before.interval();
            }
            update = Some(Announced {
                new: *new,
                instant: packet.event + u64::from(ahead),
                at_once: ahead == 0,
                record: packet.item.record,
            });
        }
    }
    None
}

/// Parameters that an LL_CONNECTION_UPDATE_IND has announced, until they are in force.
#[derive(Clone, Copy)]
struct Announced {
    new: ConnectionUpdate,
    instant: u64,
    /// It was announced in the event of its instant: there is no transmit window (LL-UPD-2).
    at_once: bool,
    record: RecordId,
}

impl Announced {
    const fn interval(&self) -> Duration {
        UNIT.times(self.new.interval as u64)
    }

    /// Where the window begins, counted from where the old parameters have the instant, and how
    /// long it is.
    const fn window(&self) -> (Duration, Duration) {
        match self.at_once {
            true => (Duration::ZERO, Duration::ZERO),
            false => (UNIT.times(self.new.win_offset as u64), UNIT.times(self.new.win_size as u64)),
        }
    }
}

/// Reports the finding.
pub(super) fn report(link: &Link<'_>, index: usize, update: RecordId, findings: &mut Findings) {
    let packet = &link.packets[index];
    let text = format!("event {} came by the old connection parameters", packet.event);
    link.report(findings, LL_UPD_1.id, packet, &[update], text);
}

struct Old {
    ppm: u32,
    interval: Duration,
    /// Last anchor and its event.
    last: Option<(Instant, u64)>,
}

impl Old {
    /// Whether the packet at `index`, and if that fits both ways the next anchor, is where the
    /// old parameters have it and the new ones have not.
    fn goes_on(&self, link: &Link<'_>, index: usize, update: &Announced) -> bool {
        let Some((last, event)) = self.last else { return false };
        let packet = &link.packets[index];
        let (new, (offset, size)) = (update.interval(), update.window());
        let at = packet.item.at;
        if !self.fits(at.since(last), self.interval) {
            return false;
        }
        let start = last
            + self.interval.times(update.instant.saturating_sub(event))
            + offset
            + new.times(packet.event.saturating_sub(update.instant));
        let end = start + size;
        let tolerance = self.tolerance(at.since(last));
        if start.since(at) > tolerance || at.since(end) > tolerance {
            return true;
        }
        let rest = link.packets.get(index..).unwrap_or_default();
        let next = rest.windows(2).find(|pair| {
            pair[1].by == Role::Central && pair[1].item.at.since(pair[0].item.end) > PAUSE
        });
        next.is_some_and(|pair| {
            let since = pair[1].item.at.since(at);
            !self.fits(since, new) && self.fits(since, self.interval)
        })
    }

    fn tolerance(&self, since: Duration) -> Duration {
        JITTER.times(2) + since.ppm(self.ppm)
    }

    /// Whether a span is a whole number of intervals.
    fn fits(&self, span: Duration, interval: Duration) -> bool {
        let half = interval.divided_by(2);
        let events = (span + half).ticks().checked_div(interval.ticks()).unwrap_or(0);
        events > 0 && distance(span, interval.times(events)) <= self.tolerance(span)
    }
}
