//! Totally ordered events: by time, then by when they were put in, then by the order of that.

use ble::time::Instant;

/// Names one scheduled event. Never used again, so a ticket of an event that has happened or was
/// cancelled is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    at: Instant,
    /// When it was put in, or is said to have been.
    since: Instant,
    sequence: u64,
}

impl Ticket {
    /// When the event is due.
    #[must_use]
    pub const fn at(self) -> Instant {
        self.at
    }

    /// As `>`, which most often is decided by the time that the events are due.
    fn is_behind(self, other: Self) -> bool {
        if self.at != other.at { self.at > other.at } else { self > other }
    }
}

/// So many events that are due next are gone through one by one.
const NEAR: usize = 8;

/// Events to come. A sorted vector: a world has a few dozen events pending at most, and there it
/// beats every tree and wheel. Cancelled events leave no trace, so that equal futures are equal.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    /// Latest first, so that the next event is popped from the end.
    events: Vec<(Ticket, T)>,
    next_sequence: u64,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self { events: Vec::new(), next_sequence: 0 }
    }
}

impl<T> EventQueue<T> {
    /// Schedules an event, at `since`: among those of the same time it comes behind those that were
    /// put in by then. Where an event would do nothing but put in another one, that is put in at
    /// once instead, as if by then.
    pub fn push(&mut self, at: Instant, since: Instant, event: T) -> Ticket {
        let ticket = self.reserve(at, since);
        self.redeem(ticket, event);
        ticket
    }

    /// A place in the order, for an event that may turn out to be needed.
    pub const fn reserve(&mut self, at: Instant, since: Instant) -> Ticket {
        let ticket = Ticket { at, since, sequence: self.next_sequence };
        self.next_sequence += 1;
        ticket
    }

    /// Schedules an event at a place that was reserved.
    pub fn redeem(&mut self, ticket: Ticket, event: T) {
        // What is put in is due soon, more often than not.
        let near = self.events.len().saturating_sub(NEAR);
        let later = |(other, _): &(Ticket, T)| other.is_behind(ticket);
        let place = match self.events[near..].iter().rposition(later) {
            Some(last) => near + last + 1,
            None => self.events[..near].partition_point(later),
        };
        self.events.insert(place, (ticket, event));
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(Instant, T)> {
        self.events.pop().map(|(ticket, event)| (ticket.at, event))
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.events.last().map(|(ticket, _)| ticket.at)
    }

    /// Takes an event out, unless it has happened or was cancelled already.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        let place = self.events.binary_search_by(|(other, _)| ticket.cmp(other)).ok()?;
        Some(self.events.remove(place).1)
    }

    /// All events in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &T)> {
        self.events.iter().rev().map(|(ticket, event)| (ticket.at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Instant {
        Instant::from_us(us)
    }

    #[test]
    fn order_is_by_time_then_by_order_of_insertion() {
        let mut queue = EventQueue::default();
        for (time, name) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b')] {
            queue.push(at(time), at(0), name);
        }
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, name)| name)).collect();
        assert_eq!(order, "abcd");
    }

    #[test]
    fn what_is_put_in_as_if_later_comes_behind_what_was_put_in_before_that() {
        let mut queue = EventQueue::default();
        queue.push(at(9), at(5), 'c');
        let kept = queue.reserve(at(9), at(1));
        queue.push(at(9), at(2), 'b');
        queue.redeem(kept, 'a');
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, name)| name)).collect();
        assert_eq!(order, "abc");
    }

    #[test]
    fn a_ticket_works_once() {
        let mut queue = EventQueue::default();
        let a = queue.push(at(1), at(0), 'a');
        let b = queue.push(at(1), at(0), 'b');
        assert_eq!(queue.cancel(a), Some('a'));
        assert_eq!(queue.cancel(a), None);
        assert_eq!(queue.pop(), Some((at(1), 'b')));
        queue.push(at(1), at(1), 'c');
        assert_eq!(queue.cancel(b), None);
        assert_eq!(queue.pop(), Some((at(1), 'c')));
    }
}
