//! Waiting after failed pairings (Vol 3, Part H, 2.3.6): each failure of a peer doubles the time
//! for which its next attempt is refused.

use ble::address::Address;
use ble::time::{Duration, Instant};

/// How many peers are remembered. More than that, and the one whose wait ends first is forgotten.
const PEERS: usize = 4;
/// Wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// Most doublings: the longest wait is 128 s.
const DOUBLINGS: u8 = 7;
/// A peer that kept quiet for so long after its wait begins anew.
const FORGET: Duration = Duration::from_secs(256);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Penalty {
    peer: Address,
    failures: u8,
    until: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BackOff(heapless::Vec<Penalty, PEERS>);

impl BackOff {
    pub(super) const fn new() -> Self {
        Self(heapless::Vec::new())
    }

    /// Whether a request of this peer comes too early.
    pub(super) fn refuses(&self, now: Instant, peer: Address) -> bool {
        // SMP-REP-1: repeated attempts.
        self.0.iter().any(|penalty| penalty.peer == peer && now < penalty.until)
    }

    /// An attempt of this peer failed to authenticate.
    pub(super) fn failed(&mut self, now: Instant, peer: Address) {
        self.0.retain(|penalty| now < penalty.until + FORGET);
        let before = match self.0.iter().position(|penalty| penalty.peer == peer) {
            Some(index) => self.0.swap_remove(index).failures,
            None => 0,
        };
        let wait = FIRST.times(1 << before.min(DOUBLINGS));
        let penalty = Penalty { peer, failures: before.saturating_add(1), until: now + wait };
        if let Err(penalty) = self.0.push(penalty)
            && let Some(earliest) = self.0.iter_mut().min_by_key(|entry| entry.until)
        {
            *earliest = penalty;
        }
    }

    /// An attempt of this peer succeeded.
    pub(super) fn succeeded(&mut self, peer: Address) {
        self.0.retain(|penalty| penalty.peer != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn peer(n: u8) -> Address {
        Address::public([n; 6])
    }

    #[test]
    fn waits_double_and_end() {
        // SMP-REP-1: repeated attempts.
        let mut back_off = BackOff::new();
        let mut now = Instant::ZERO;
        for wait_s in [1, 2, 4, 8, 16, 32, 64, 128, 128] {
            back_off.failed(now, peer(1));
            assert!(back_off.refuses(now + Duration::from_us(wait_s * 1_000_000 - 1), peer(1)));
            now += Duration::from_secs(wait_s);
            assert!(!back_off.refuses(now, peer(1)), "{wait_s} s");
            assert!(!back_off.refuses(now, peer(2)));
        }
    }

    #[test]
    fn success_and_time_forgive() {
        let mut back_off = BackOff::new();
        back_off.failed(Instant::ZERO, peer(1));
        back_off.failed(Instant::ZERO, peer(1));
        back_off.succeeded(peer(1));
        assert!(!back_off.refuses(Instant::ZERO, peer(1)));
        back_off.failed(Instant::ZERO, peer(1));
        let later = Instant::ZERO + Duration::from_secs(300);
        back_off.failed(later, peer(1));
        assert!(!back_off.refuses(later + Duration::from_secs(1), peer(1)));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut back_off = BackOff::new();
        for n in 0..20 {
            back_off.failed(Instant::from_us(u64::from(n)), peer(n));
        }
        assert_eq!(back_off.0.len(), PEERS);
        assert!(back_off.refuses(Instant::from_us(20), peer(19)));
    }
}
