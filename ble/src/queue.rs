//! A bounded first-in first-out queue that is `Clone + Eq + Hash`.

use core::hash::{Hash, Hasher};

/// At most `N` items, oldest first. Equality and hash look at the items in order, not at where
/// they happen to lie in memory.
#[derive(Clone, Debug)]
pub struct Queue<T, const N: usize>(heapless::Deque<T, N>);

impl<T, const N: usize> Queue<T, N> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self(heapless::Deque::new())
    }

    /// Appends, or gives the item back when the queue is full.
    ///
    /// # Errors
    /// The item itself, when `N` items are waiting.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), T> {
        self.0.push_back(item)
    }

    /// Takes the oldest item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// Looks at the oldest item.
    #[must_use]
    pub fn front(&self) -> Option<&T> {
        self.0.front()
    }

    /// Looks at the oldest item, to change it.
    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.0.front_mut()
    }

    /// Appends; when `N` items are waiting, the oldest is dropped.
    pub fn push_dropping_oldest(&mut self, item: T) {
        const { assert!(N > 0) };
        if self.is_full() {
            self.pop();
        }
        let pushed = self.push(item);
        debug_assert!(pushed.is_ok(), "there is room: an item has just been taken out");
    }

    /// The waiting items, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// Oldest first, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `N` wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Drops all items.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps only the items that `keep` approves of, in order.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for _ in 0..self.0.len() {
            if let Some(item) = self.0.pop_front()
                && keep(&item)
            {
                let pushed = self.0.push_back(item);
                debug_assert!(pushed.is_ok(), "there is room: an item has just been taken out");
            }
        }
    }
}

impl<T, const N: usize> Default for Queue<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Queue<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().eq(other.0.iter())
    }
}

impl<T: Eq, const N: usize> Eq for Queue<T, N> {}

impl<T: Hash, const N: usize> Hash for Queue<T, N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.0.len());
        for item in self.0.iter() {
            item.hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_ignores_where_items_lie() {
        let mut a: Queue<u8, 3> = Queue::new();
        let mut b = a.clone();
        for round in 0..7 {
            a.push(round).unwrap();
            a.pop();
        }
        a.push(1).unwrap();
        b.push(1).unwrap();
        assert_eq!(a, b);
    }

    #[test]
    fn the_oldest_goes_for_the_newest() {
        let mut q: Queue<u8, 2> = Queue::new();
        (0..4).for_each(|n| q.push_dropping_oldest(n));
        q.iter_mut().for_each(|n| *n += 10);
        assert_eq!((q.pop(), q.pop(), q.pop()), (Some(12), Some(13), None));
    }

    #[test]
    fn retain_keeps_order() {
        let mut q: Queue<u8, 4> = Queue::new();
        for n in 0..4 {
            q.push(n).unwrap();
        }
        q.retain(|n| n % 2 == 1);
        assert_eq!((q.pop(), q.pop(), q.pop()), (Some(1), Some(3), None));
    }
}
