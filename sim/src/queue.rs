//! Totally ordered events: by time, then by when they were put in, then by the order of that.

use std::collections::BTreeMap;

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

/// So many events that are due next are kept in a vector at most.
const NEXT: usize = 64;

/// Events to come. Cancelled events leave no trace, so that equal futures are equal.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    /// Those that are due next, latest first, so that the next one is popped from the end. A world
    /// has a few dozen events pending, and there a sorted vector beats every tree and wheel.
    next: Vec<(Ticket, T)>,
    /// All behind them, where hundreds of devices have more; empty if `next` is.
    later: BTreeMap<Ticket, T>,
    next_sequence: u64,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self { next: Vec::new(), later: BTreeMap::new(), next_sequence: 0 }
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
        let behind = |(last, _): &(Ticket, T)| ticket.is_behind(*last);
        if !self.later.is_empty() && self.next.first().is_some_and(behind) {
            self.later.insert(ticket, event);
            return;
        }
        // What is put in is due soon, more often than not.
        let near = self.next.len().saturating_sub(NEAR);
        let later = |(other, _): &(Ticket, T)| other.is_behind(ticket);
        let place = match self.next[near..].iter().rposition(later) {
            Some(last) => near + last + 1,
            None => self.next[..near].partition_point(later),
        };
        self.next.insert(place, (ticket, event));
        if self.next.len() > NEXT {
            self.later.extend(self.next.drain(..NEXT / 2));
        }
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(Instant, T)> {
        let (ticket, event) = self.next.pop()?;
        self.refill();
        Some((ticket.at, event))
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.next.last().map(|(ticket, _)| ticket.at)
    }

    /// Takes an event out, unless it has happened or was cancelled already.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        match self.next.binary_search_by(|(other, _)| ticket.cmp(other)) {
            Ok(place) => {
                let (_, event) = self.next.remove(place);
                self.refill();
                Some(event)
            }
            Err(_) => self.later.remove(&ticket),
        }
    }

    /// All events in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &T)> {
        let next = self.next.iter().rev().map(|(ticket, event)| (ticket.at, event));
        next.chain(self.later.iter().map(|(ticket, event)| (ticket.at, event)))
    }

    /// Takes of those behind when those that are due next have been used up.
    fn refill(&mut self) {
        if self.next.is_empty() && !self.later.is_empty() {
            let first = std::iter::from_fn(|| self.later.pop_first());
            self.next.extend(first.take(NEXT / 2));
            self.next.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use ble::time::Duration;

    use super::*;
    use crate::random::{Purpose, Stream};

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

    /// As a list that is sorted anew each time, with few events and with many.
    #[test]
    fn a_queue_of_any_length_is_a_sorted_list() {
        for most in [3, 60, 70, 1_000] {
            let mut random = Stream::new(most, 0, Purpose::Noise);
            let (mut queue, mut list) = (EventQueue::default(), Vec::<(Ticket, u64)>::new());
            let (mut now, mut happened) = (at(0), at(0));
            for number in 0..10_000 {
                let soon = if random.below(4) == 0 { 100_000 } else { 300 };
                let few = list.len() < most as usize;
                match random.below(8) {
                    0..4 if few => {
                        let due = now + Duration::from_us(u64::from(random.below(soon)));
                        list.push((queue.push(due, now, number), number));
                    }
                    4 if !list.is_empty() => {
                        let place = random.below(list.len() as u32) as usize;
                        let (ticket, event) = list.swap_remove(place);
                        assert_eq!(queue.cancel(ticket), Some(event));
                        assert_eq!(queue.cancel(ticket), None);
                    }
                    _ => {
                        list.sort_unstable_by(|a, b| b.cmp(a));
                        let next = list.pop().map(|(ticket, event)| (ticket.at, event));
                        assert_eq!(queue.next_at(), next.map(|(due, _)| due));
                        assert_eq!(queue.pop(), next);
                        now = next.map_or(now, |(due, _)| due);
                        assert!(now >= happened);
                        happened = now;
                    }
                }
                if number % 500 == 0 {
                    list.sort_unstable();
                    let all: Vec<_> =
                        list.iter().map(|(place, event)| (place.at, *event)).collect();
                    let queued: Vec<_> = queue.iter().map(|(due, event)| (due, *event)).collect();
                    assert_eq!(queued, all);
                }
            }
        }
    }
}
