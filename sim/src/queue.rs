//! Totally ordered events: by time, then by the order in which they were put in.

use ble::time::Instant;

/// Names one scheduled event. Never used again, so a ticket of an event that has happened or was
/// cancelled is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    at: Instant,
    sequence: u64,
}

impl Ticket {
    /// When the event is due.
    #[must_use]
    pub const fn at(self) -> Instant {
        self.at
    }
}

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
    /// Schedules an event; among those of the same time it comes last.
    pub fn push(&mut self, at: Instant, event: T) -> Ticket {
        let ticket = Ticket { at, sequence: self.next_sequence };
        self.next_sequence += 1;
        let place = self.events.partition_point(|(other, _)| *other > ticket);
        self.events.insert(place, (ticket, event));
        ticket
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
            queue.push(at(time), name);
        }
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, name)| name)).collect();
        assert_eq!(order, "abcd");
    }

    #[test]
    fn a_ticket_works_once() {
        let mut queue = EventQueue::default();
        let a = queue.push(at(1), 'a');
        let b = queue.push(at(1), 'b');
        assert_eq!(queue.cancel(a), Some('a'));
        assert_eq!(queue.cancel(a), None);
        assert_eq!(queue.pop(), Some((at(1), 'b')));
        queue.push(at(1), 'c');
        assert_eq!(queue.cancel(b), None);
        assert_eq!(queue.pop(), Some((at(1), 'c')));
    }
}
