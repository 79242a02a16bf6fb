//! The queue of reports to `Control`.

use super::message::{LinkReport, TX_QUEUE};
use ble::invariant::{Broken, Invariant};
use ble::queue::Queue;

/// Reports that a peer can cause at will: received PDUs above all.
const FROM_AIR: usize = 4;

/// Reports that follow from what `Control` ordered or that come once an event: of each queued
/// PDU that it was sent and acknowledged, and the beginning and end of things.
const RESERVED: usize = 2 * TX_QUEUE + 4;

/// Reports that wait for [`super::Link::report`], which must be polled at least once between two
/// events. Reports that a peer causes are flow controlled: without [`Reports::has_room`] a PDU is
/// not acknowledged, and the peer repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Reports {
    queue: Queue<LinkReport, { FROM_AIR + RESERVED }>,
    /// Faults of this level.
    pub(super) broken: Broken,
}

impl Reports {
    /// Whether something that a peer causes can be taken without touching the reserve.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < FROM_AIR
    }

    /// Appends a report.
    // Inlined: it is written where it stays, and most are short.
    #[inline(always)]
    pub(super) fn push(&mut self, report: LinkReport) {
        // Asked first, or what does not fit would have to be somewhere else before.
        let fits = !self.queue.is_full();
        self.broken.check(Invariant::ReportsFit, fits);
        if fits {
            let _ = self.queue.push(report);
        }
    }

    /// Appends a report of which repetitions carry no information, if there is room.
    pub(super) fn mention(&mut self, report: LinkReport) {
        if self.has_room() {
            self.push(report);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<LinkReport> {
        self.queue.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ble::link::LinkId;

    fn report(n: u8) -> LinkReport {
        LinkReport::Established(LinkId(n))
    }

    /// The peer has said as much as it may; then what each queued PDU and one event bring must
    /// still fit: 4 PDUs sent and acknowledged, and four ends and beginnings.
    #[test]
    fn what_a_peer_causes_leaves_the_reserve_alone() {
        let mut reports = Reports::default();
        assert!(reports.is_empty());
        (0..9).for_each(|n| reports.mention(report(n)));
        assert!(!reports.has_room() && !reports.is_empty());
        (4..16).for_each(|n| reports.push(report(n)));
        for n in 0..16 {
            assert_eq!(reports.pop(), Some(report(n)));
            assert_eq!(reports.has_room(), n >= 12, "{n}");
        }
        assert_eq!((reports.pop(), reports.broken), (None, Broken::NONE));
    }

    /// More do not fit: the runner has not polled for several events. That panics with debug
    /// assertions; without, it is counted, and the earliest reports are kept.
    #[test]
    fn one_report_too_many_breaks_an_invariant() {
        let shouted = std::panic::catch_unwind(|| {
            let mut reports = Reports::default();
            (0..17).for_each(|n| reports.push(report(n)));
            (reports.broken.take(), core::iter::from_fn(|| reports.pop()).count())
        });
        if let Ok(counted) = shouted {
            assert_eq!(counted, (Some((Invariant::ReportsFit, 1)), 16));
        }
    }
}
