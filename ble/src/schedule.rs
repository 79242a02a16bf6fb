//! One radio with several users: the one that waited longest gets it.
//!
//! Each user of a radio (the connections of a link layer, two link layers of one device) states
//! what it wants the radio for, and how many consecutive events it has missed. Advertising,
//! scanning and initiating yield to events agreed with a peer; so does an event that has served its
//! purpose. When two events exclude each other, the one whose user has missed more wins, so that
//! they take turns. The specification leaves the choice to the device.

use crate::time::Instant;

/// Consecutive events for which a user did not get the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Waited(u16);

impl Waited {
    /// Not at all.
    pub const NONE: Self = Self(0);

    /// One more event was lost.
    pub const fn miss(&mut self) {
        self.0 = self.0.saturating_add(1);
    }

    /// It had its event.
    pub const fn serve(&mut self) {
        self.0 = 0;
    }

    /// An event is over, in which it was served or not.
    pub const fn count(&mut self, served: bool) {
        if served {
            self.serve();
        } else {
            self.miss();
        }
    }
}

/// What a user wants the radio for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// No event agreed with a peer: advertising, scanning, initiating.
    Anybody,
    /// For an event agreed upon with a peer.
    Event(Waited),
}

/// How firmly a user holds the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Advertising, scanning or initiating.
    Anybody,
    /// For an event that has not yet served its purpose.
    Event(Waited),
    /// For an event that has served its purpose: it continues only while no other user wants the
    /// radio.
    Served,
}

impl Claim {
    /// Whether it takes the radio from its present user.
    #[must_use]
    pub const fn wins(self, hold: Hold) -> bool {
        match (self, hold) {
            (Self::Anybody, _) => false,
            (Self::Event(_), Hold::Anybody | Hold::Served) => true,
            (Self::Event(claim), Hold::Event(holder)) => claim.0 > holder.0,
        }
    }
}

/// When the first of these, each with its start, takes the radio from its present user;
/// [`Instant::MAX`] if none does.
pub fn limit(claims: impl Iterator<Item = (Instant, Claim)>, hold: Hold) -> Instant {
    let wins = claims.filter(|(_, claim)| claim.wins(hold));
    wins.map(|(start, _)| start).min().unwrap_or(Instant::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(events: u16) -> Waited {
        let mut waited = Waited::NONE;
        for _ in 0..events {
            waited.miss();
        }
        waited
    }

    fn event(missed: u16) -> Claim {
        Claim::Event(waited(missed))
    }

    #[test]
    fn events_with_a_peer_come_before_what_is_for_anybody() {
        assert!(event(0).wins(Hold::Anybody));
        for hold in [Hold::Anybody, Hold::Served, Hold::Event(Waited::NONE)] {
            assert!(!Claim::Anybody.wins(hold), "{hold:?}");
        }
    }

    #[test]
    fn the_one_that_waited_longer_wins_and_a_served_one_yields() {
        assert!(event(2).wins(Hold::Event(waited(1))));
        assert!(!event(1).wins(Hold::Event(waited(1))));
        assert!(event(0).wins(Hold::Served));
    }

    /// The same two events collide for ever: each has every second one.
    #[test]
    fn two_take_turns() {
        let mut waits = [Waited::NONE; 2];
        let mut had = [0; 2];
        for _ in 0..20 {
            let winner = usize::from(Claim::Event(waits[1]).wins(Hold::Event(waits[0])));
            had[winner] += 1;
            waits[winner].serve();
            waits[1 - winner].miss();
        }
        assert_eq!(had, [10, 10]);
    }

    #[test]
    fn waiting_is_counted_without_end() {
        let mut waited = Waited(u16::MAX);
        waited.miss();
        assert_eq!(waited, Waited(u16::MAX));
        waited.serve();
        assert_eq!(waited, Waited::NONE);
    }

    #[test]
    fn only_who_would_win_sets_a_limit() {
        let at = Instant::from_us;
        let claims = [(at(100), Claim::Anybody), (at(1_000), event(0)), (at(5_000), event(1))];
        let by = |hold| limit(claims.into_iter(), hold);
        assert_eq!(by(Hold::Anybody), at(1_000));
        assert_eq!(by(Hold::Event(waited(0))), at(5_000));
        assert_eq!(by(Hold::Event(waited(1))), Instant::MAX);
    }
}
