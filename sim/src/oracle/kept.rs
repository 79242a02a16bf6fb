//! A change of the connection parameters that the central announces and does not make. What comes
//! after it is not judged: the two ends are no longer in one connection.

use firmware_core::hci::Role;
use firmware_core::pdu::control::{ConnectionUpdate, ControlPdu};
use firmware_core::time::{Duration, Instant};

use super::Findings;
use super::link::{Link, UNIT};
use super::timing::{JITTER, accuracy_ppm, distance};
use crate::record::RecordId;

/// Between two packets of one event there is less.
const PAUSE: Duration = Duration::from_us(400);

/// Finds the packet from which on the central goes by parameters that it has taken back.
pub(super) fn kept(link: &Link<'_>) -> Option<(usize, RecordId)> {
    let mut old =
        Old { ppm: accuracy_ppm(link.request.sca), interval: link.interval(), last: None };
    let mut update: Option<(u64, ConnectionUpdate, RecordId)> = None;
    for (index, packet) in link.packets.iter().enumerate() {
        if packet.by == Role::Peripheral {
            continue;
        }
        if packet.anchor {
            if let Some((instant, new, record)) = update.take_if(|(at, ..)| packet.event >= *at) {
                if old.goes_on(link, index, instant, &new) {
                    return Some((index, record));
                }
                old.interval = UNIT.times(u64::from(new.interval));
            }
            old.last = Some((packet.item.at, packet.event));
        }
        if let (true, Some(ControlPdu::ConnectionUpdateInd(new))) = (packet.new, packet.control()) {
            let ahead = new.instant.wrapping_sub(packet.event as u16);
            update = Some((packet.event + u64::from(ahead), *new, packet.item.record));
        }
    }
    None
}

/// Tells of it.
pub(super) fn report(link: &Link<'_>, index: usize, update: RecordId, findings: &mut Findings) {
    let packet = &link.packets[index];
    let text = format!("event {} came by the old connection parameters", packet.event);
    link.report(findings, "LL-UPD-1", packet, &[update], text);
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
    fn goes_on(
        &self,
        link: &Link<'_>,
        index: usize,
        instant: u64,
        update: &ConnectionUpdate,
    ) -> bool {
        let Some((last, event)) = self.last else { return false };
        let packet = &link.packets[index];
        let new = UNIT.times(u64::from(update.interval));
        let at = packet.item.at;
        if !self.fits(at.since(last), self.interval) {
            return false;
        }
        let start = last
            + self.interval.times(instant.saturating_sub(event))
            + UNIT.times(u64::from(update.win_offset))
            + new.times(packet.event.saturating_sub(instant));
        let end = start + UNIT.times(u64::from(update.win_size));
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
