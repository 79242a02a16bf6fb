//! One radio, many wishes: who gets it when, and who must have left by then.
//!
//! Connections come before advertising. A connection that has answered its central leaves in
//! time for the next one's window. Where there is no time even for one answer each, the
//! connection that has gone without for more events wins, so that they take turns.

use ble::link::LinkId;
use ble::time::{Duration, Instant};

/// How long before its start an event is prepared, if the radio is free. Orders that come later
/// do not find their way into the event; after a connection event `Control` has at least until
/// then, or until the radio interrupt is over where the interval leaves less.
pub(super) const PREPARE_LEAD: Duration = Duration::from_ms(1);

/// What the radio needs between two events: the time of one on the air ends this much before
/// the next begins.
pub(super) const TURNAROUND: Duration = Duration::from_us(200);

/// Who uses the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// The advertiser.
    Advertising,
    /// A connection.
    Link(LinkId),
}

/// A wish for the radio: the next event of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// Whose.
    pub(super) owner: Owner,
    /// Start of listening or sending.
    pub(super) from: Instant,
    /// Events in a row in which it could not answer.
    pub(super) missed: u16,
}

impl Claim {
    /// When the claim is to be settled: ahead of time, or while somebody has the radio as late as
    /// can be, for by then it may be free.
    pub(super) fn due(&self, busy: bool) -> Instant {
        self.from.before(if busy { TURNAROUND } else { PREPARE_LEAD })
    }
}

/// How firmly somebody holds the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// An advertising event.
    Advertising,
    /// A connection that has not answered yet, nor in so many events before.
    Waiting { missed: u16 },
    /// A connection that has answered in this event.
    Served,
}

/// Whether `claim` takes the radio away from who holds it.
pub(super) fn wins(claim: &Claim, hold: Hold) -> bool {
    match (claim.owner, hold) {
        (Owner::Advertising, _) => false,
        (Owner::Link(_), Hold::Advertising | Hold::Served) => true,
        (Owner::Link(_), Hold::Waiting { missed }) => claim.missed > missed,
    }
}

/// By when `owner` must have left the radio if it holds it like that.
pub(super) fn limit(claims: impl Iterator<Item = Claim>, owner: Owner, hold: Hold) -> Instant {
    claims
        .filter(|claim| claim.owner != owner && wins(claim, hold))
        .map(|claim| claim.from.before(TURNAROUND))
        .min()
        .unwrap_or(Instant::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Owner = Owner::Link(LinkId(0));
    const B: Owner = Owner::Link(LinkId(1));

    fn claim(owner: Owner, from_us: u64, missed: u16) -> Claim {
        Claim { owner, from: Instant::from_us(from_us), missed }
    }

    #[test]
    fn connections_come_before_advertising() {
        assert!(wins(&claim(A, 0, 0), Hold::Advertising));
        assert!(!wins(&claim(Owner::Advertising, 0, 0), Hold::Served));
        assert!(!wins(&claim(Owner::Advertising, 0, 0), Hold::Waiting { missed: 0 }));
    }

    #[test]
    fn the_connection_that_missed_more_wins() {
        assert!(wins(&claim(B, 0, 2), Hold::Waiting { missed: 1 }));
        assert!(!wins(&claim(B, 0, 1), Hold::Waiting { missed: 1 }));
        assert!(wins(&claim(B, 0, 0), Hold::Served));
    }

    /// Ahead of time, or as late as can be while somebody has the radio.
    #[test]
    fn an_event_is_settled_later_while_the_radio_is_busy() {
        let claim = claim(A, 5_000, 0);
        assert_eq!(claim.due(false), Instant::from_us(4_000));
        assert_eq!(claim.due(true), Instant::from_us(4_800));
    }

    #[test]
    fn only_others_that_would_win_set_a_limit() {
        let claims = [claim(Owner::Advertising, 100, 9), claim(A, 1_000, 0), claim(B, 5_000, 1)];
        let by = |owner, hold| limit(claims.into_iter(), owner, hold);
        assert_eq!(by(Owner::Advertising, Hold::Advertising), Instant::from_us(800));
        assert_eq!(by(A, Hold::Served), Instant::from_us(4_800));
        assert_eq!(by(A, Hold::Waiting { missed: 0 }), Instant::from_us(4_800));
        assert_eq!(by(A, Hold::Waiting { missed: 1 }), Instant::MAX);
    }
}
