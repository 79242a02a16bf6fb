//! Window widening: a peripheral listens until the last moment at which its central may begin.

use bletwin_rules::connection::LL_WIDE_1;
use std::collections::BTreeMap;

use ble::hci::Role;
use ble::phy::T_IFS_US;
use ble::time::{Duration, Instant};

use super::Findings;
use super::link::{Link, Packet};
use super::shared_radio::{Busy, LEAD};
use super::timing::{Anchors, JITTER};
use bletwin_sniffer::{Fact, NodeId, RecordId, View};

/// Worst accuracy of the peripheral's sleep clock.
const OWN_PPM: u32 = 500;
/// A receiver that closed longer before an anchor was not open for it.
const FAR: Duration = Duration::from_ms(10);

/// When each node's receiver was closed without having seen a packet.
pub(super) type Closed = BTreeMap<NodeId, Vec<(Instant, RecordId)>>;

pub(super) fn closed(view: &View) -> Closed {
    let mut closed = Closed::new();
    for record in view.facts(Fact::ReceiverClosed) {
        closed.entry(record.node).or_default().push((record.at, record.id));
    }
    closed
}

pub(super) fn check(link: &Link<'_>, closed: &Closed, busy: &Busy<'_>, findings: &mut Findings) {
    let node = link.node(Role::Peripheral);
    let Some(closed) = closed.get(&node) else { return };
    let (reach, interval) = (Reach::of(link), link.shortest_interval());
    let mut heard = None;
    let mut anchors = Anchors::new(link);
    let mut before: Option<&Packet<'_>> = None;
    // A device that has disconnected no longer listens.
    let (left, parted) = (link.left(Role::Peripheral), link.parted(findings));
    let there = |packet: &&Packet<'_>| {
        packet.item.at < left && parted.is_none_or(|event| packet.event < event)
    };
    let sent = link.packets.iter().filter(|packet| packet.by == Role::Central);
    for packet in sent.take_while(there) {
        let anchor = before.is_none_or(|before| before.event != packet.event);
        before = Some(packet);
        let off = anchor.then(|| anchors.clone().anchor(packet)).flatten();
        if packet.item.reception.is_some() {
            heard = Some(packet.item.at);
            if anchor {
                anchors.place(packet);
            }
        }
        anchors.learn(packet);
        if packet.item.reception.is_some() {
            continue;
        }
        let Some(since) = heard.filter(|_| anchor) else { continue };
        let misplaced = findings.is_misplaced(packet);
        let elsewhere = || busy.touches(packet.item.at.before(LEAD), packet.item.end + LEAD);
        if misplaced || !reach.lasts(packet.item.at.since(since)) || elsewhere() {
            continue;
        }
        if let Some(record) = closed_early(closed, packet, interval) {
            // In small steps it has drifted further than its clock may: the peer does not have to
            // listen there.
            if let Some((rule, text)) = off {
                link.report(findings, rule, packet, &[record], text);
                continue;
            }
            findings.add(super::Finding {
                rule: LL_WIDE_1.id,
                culprit: node,
                at: packet.item.at,
                record: packet.item.record,
                evidence: vec![record],
                text: format!(
                    "the peripheral stopped listening before the anchor of event {}",
                    packet.event
                ),
            });
        }
    }
}

/// How far a window may be widened.
pub(super) struct Reach {
    ppm: u32,
    most: Duration,
}

impl Reach {
    pub(super) fn of(link: &Link<'_>) -> Self {
        let half = link.shortest_interval().divided_by(2);
        let most = half - Duration::from_us(u64::from(T_IFS_US));
        Self { ppm: link.central_ppm() + OWN_PPM, most }
    }

    /// Whether the window is still below half an interval after this time.
    pub(super) fn lasts(&self, since: Duration) -> bool {
        since.ppm(self.ppm) + JITTER < self.most
    }
}

fn closed_early(
    closed: &[(Instant, RecordId)],
    packet: &Packet<'_>,
    interval: Duration,
) -> Option<RecordId> {
    // A receiver closes when an access address that began in time would have passed: on LE 2M
    // after 24 µs, and on which PHY it listened is not known.
    let address = Duration::from_us(24);
    let at = packet.item.at;
    let near = FAR.min(interval.divided_by(3));
    let next = closed.partition_point(|(moment, _)| *moment < at + address);
    // It was open again: what closed before waited for more of the event before.
    if closed.get(next).is_some_and(|(moment, _)| moment.since(at) < near) {
        return None;
    }
    let (moment, record) = *closed.get(next.checked_sub(1)?)?;
    (at.since(moment) < near).then_some(record)
}
