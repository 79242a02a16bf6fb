//! Several connections of one device: its one radio is with one of them at a time, and what lies
//! in an event of another one cannot be asked of it.

use ble::hci::Role;
use ble::time::{Duration, Instant};

use super::link::{Link, UNIT};
use super::timing::Anchors;
use bletwin_sniffer::NodeId;

/// How long before an event a radio is made ready for it, and after its last packet still at it.
pub(super) const LEAD: Duration = Duration::from_ms(1);

/// The events of one connection, as far as they show or must have been.
struct Events {
    /// Start, end and counter. Where there is a transmit window, it is a part of the event: the
    /// peripheral listens from its start. The first is that of the connection.
    seen: Vec<(Instant, Instant, u64)>,
    interval: Duration,
    /// When its peripheral had left it.
    until: Instant,
}

/// The events of all connections that share a device with another one.
pub(super) struct Shared {
    events: Vec<Events>,
    /// For each connection those of its peripheral's others, in `events`.
    others: Vec<Vec<usize>>,
}

/// When the radio of a connection's peripheral was with others of its connections.
pub(super) struct Busy<'a> {
    all: &'a [Events],
    others: &'a [usize],
}

impl Shared {
    pub(super) fn of(links: &[Link<'_>]) -> Self {
        let spans: Vec<_> = links.iter().map(Span::of).collect();
        let mut shared = Self { events: Vec::new(), others: vec![Vec::new(); links.len()] };
        for (number, (link, span)) in links.iter().zip(&spans).enumerate() {
            let place = shared.events.len();
            let others = shared.others.iter_mut().zip(&spans).enumerate();
            let accepted = link.is_accepted();
            let mut hindered = others
                .filter(|(other, (_, theirs))| *other != number && span.hinders(theirs, accepted))
                .peekable();
            if hindered.peek().is_some() {
                hindered.for_each(|(_, (others, _))| others.push(place));
                shared.events.push(Events::of(link));
            }
        }
        shared
    }

    pub(super) fn of_peripheral(&self, link: usize) -> Busy<'_> {
        Busy { all: &self.events, others: self.others.get(link).map_or(&[], Vec::as_slice) }
    }
}

impl Busy<'_> {
    /// From when on the peripheral of this connection listens for each of its events, in order:
    /// from the start of a transmit window if there is one. Empty if it has no other connections.
    pub(super) fn listens_from(&self, link: &Link<'_>) -> Vec<Instant> {
        if self.others.is_empty() {
            return Vec::new();
        }
        // The first is that of the connection, which no packet has shown yet.
        Events::of(link).seen.into_iter().skip(1).map(|(start, ..)| start).collect()
    }

    /// Whether an event of another connection touches this time.
    pub(super) fn touches(&self, from: Instant, until: Instant) -> bool {
        let others = self.others.iter().filter_map(|other| self.all.get(*other));
        others.into_iter().any(|events| events.touch(from, until))
    }
}

impl Events {
    fn of(link: &Link<'_>) -> Self {
        let window = link.window();
        let mut seen = vec![(window.0, window.0 + window.1, 0)];
        let mut anchors = Anchors::new(link);
        // A transmit window recurs until something was heard in it.
        let mut unheard = None;
        for packet in &link.packets {
            let (mut start, mut until) = (packet.item.at, packet.item.end);
            if packet.anchor {
                let (earliest, latest, _) = anchors.place(packet);
                // An anchor point within a connection has one place, a window is longer.
                if latest > earliest {
                    unheard = Some((earliest, latest, packet.event));
                }
                if let Some((earliest, latest, event)) = unheard {
                    let later = anchors.interval().times(packet.event - event);
                    (start, until) = (start.min(earliest + later), until.max(latest + later));
                }
            }
            match seen.last_mut() {
                Some((_, end, _)) if !packet.anchor => *end = until.max(*end),
                _ => seen.push((start, until, packet.event)),
            }
            if packet.by == Role::Central && packet.item.reception.is_some() {
                unheard = None;
            }
            anchors.learn(packet);
        }
        Self {
            seen,
            interval: UNIT.times(u64::from(link.parameters().0)),
            until: link.left(Role::Peripheral),
        }
    }

    fn touch(&self, from: Instant, until: Instant) -> bool {
        let next = self.seen.partition_point(|(start, ..)| *start <= until);
        let Some((start, end, event)) = next.checked_sub(1).and_then(|at| self.seen.get(at)) else {
            return false;
        };
        *end >= from || self.silent(*start, *event, next, until).is_some_and(|at| at >= from)
    }

    /// The last event before `until` in which the central sent nothing: listened to in vain.
    fn silent(&self, start: Instant, event: u64, next: usize, until: Instant) -> Option<Instant> {
        let step = match self.seen.get(next) {
            Some((at, _, later)) => {
                let events = later.checked_sub(event).filter(|events| *events > 1)?;
                at.since(start).divided_by(events)
            }
            None => self.interval,
        };
        let passed = until.min(self.until).since(start).ticks().checked_div(step.ticks())?;
        (passed > 0).then(|| start + step.times(passed))
    }
}

/// When two nodes had a connection.
struct Span {
    nodes: [NodeId; 2],
    from: Instant,
    until: Instant,
}

impl Span {
    fn of(link: &Link<'_>) -> Self {
        let until = link.left(Role::Central).max(link.left(Role::Peripheral));
        Self { nodes: link.nodes, from: link.connect.at, until }
    }

    /// Whether the peripheral of `other` was in this connection as well at the time: as its
    /// central, or as its peripheral if that has accepted it.
    fn hinders(&self, other: &Self, accepted: bool) -> bool {
        let peripheral = other.nodes[Role::Peripheral as usize];
        let [central, accepting] = self.nodes;
        let common = central == peripheral || accepted && accepting == peripheral;
        common && self.from < other.until && other.from < self.until
    }
}
