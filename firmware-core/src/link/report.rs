//! Reports on their way to `Control`.

use super::message::{LinkReport, TX_QUEUE};
use ble::queue::Queue;

/// Reports that a peer can cause at will: received PDUs above all.
const FROM_AIR: usize = 4;

/// Reports that follow from what `Control` ordered or that come once an event: of each queued
/// PDU that it was sent and acknowledged, and the beginning and end of things.
const RESERVED: usize = 2 * TX_QUEUE + 4;

/// At most so many reports wait for [`super::Link::report`], which is to be asked at least once
/// between two events. What a peer causes is flow controlled: without [`Reports::has_room`] a
/// PDU is left unacknowledged, and the peer repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Reports(Queue<LinkReport, { FROM_AIR + RESERVED }>);

impl Reports {
    /// Whether something that a peer causes can be taken without touching the reserve.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < FROM_AIR
    }

    /// Appends a report.
    pub(super) fn push(&mut self, report: LinkReport) {
        // Nobody has asked for several events if this fails; there is nobody to tell.
        let _ = self.0.push(report);
    }

    /// Appends a report that says nothing new when it comes often, if there is room.
    pub(super) fn mention(&mut self, report: LinkReport) {
        if self.has_room() {
            self.push(report);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<LinkReport> {
        self.0.pop()
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
    /// still fit: 4 PDUs sent and acknowledged, and four ends and beginnings. Not more.
    #[test]
    fn what_a_peer_causes_leaves_the_reserve_alone() {
        let mut reports = Reports::default();
        assert!(reports.is_empty());
        (0..9).for_each(|n| reports.mention(report(n)));
        assert!(!reports.has_room() && !reports.is_empty());
        (4..20).for_each(|n| reports.push(report(n)));
        for n in 0..16 {
            assert_eq!(reports.pop(), Some(report(n)));
            assert_eq!(reports.has_room(), n >= 12, "{n}");
        }
        assert_eq!(reports.pop(), None);
    }
}
