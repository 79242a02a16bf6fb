//! Statistics on the processor's time. They do not take part in equality.

/// How long handlers took.
#[derive(Clone, Default, Debug)]
pub(crate) struct Usage {
    /// Handlers that are being run: their numbers and the cycle of their entry.
    running: Vec<(u8, u64)>,
    longest: Option<Longest>,
}

/// The handler that took longest from entry to return, with all that preempted it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Longest {
    /// Its exception number.
    pub(crate) number: u8,
    /// Cycles from its entry to its return.
    pub(crate) cycles: u64,
}

/// Handlers in each other that are kept.
const DEPTH: usize = 80;

impl Usage {
    pub(crate) fn entered(&mut self, number: u8, cycle: u64) {
        if self.running.len() < DEPTH {
            self.running.push((number, cycle));
        }
    }

    pub(crate) fn left(&mut self, number: u8, cycle: u64) {
        let Some(place) = self.running.iter().rposition(|(running, _)| *running == number) else {
            return;
        };
        let (_, entered) = self.running[place];
        self.running.truncate(place);
        let cycles = cycle.saturating_sub(entered);
        if self.longest.is_none_or(|longest| longest.cycles < cycles) {
            self.longest = Some(Longest { number, cycles });
        }
    }

    /// The processor is reset: no handler runs any more.
    pub(crate) fn reset(&mut self) {
        self.running.clear();
    }

    pub(crate) fn longest(&self) -> Option<Longest> {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler's time has in it what preempted it, and no other's.
    #[test]
    fn the_longest_handler_is_kept() {
        let mut usage = Usage::default();
        assert_eq!(usage.longest(), None);
        usage.entered(20, 100);
        usage.entered(17, 150);
        usage.left(17, 180);
        usage.left(20, 300);
        assert_eq!(usage.longest(), Some(Longest { number: 20, cycles: 200 }));
        usage.entered(17, 1_000);
        usage.left(17, 1_100);
        assert_eq!(usage.longest(), Some(Longest { number: 20, cycles: 200 }));
        // One that a reset has ended does not return.
        usage.entered(18, 2_000);
        usage.reset();
        usage.left(18, 9_000);
        assert_eq!(usage.longest(), Some(Longest { number: 20, cycles: 200 }));
    }
}
