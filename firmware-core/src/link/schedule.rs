//! When requests for the radio are decided, and when it must be released. Who gets it is decided in
//! [`ble::schedule`]: connections come before advertising, a connection that has answered its
//! central ends its event in time for the window of the next, and where there is no time for one
//! answer each they take turns.

use ble::link::LinkId;
use ble::schedule::{self, Claim, Hold};
use ble::time::{Duration, Instant};

/// How long before its start an event is prepared, if the radio is free. Later orders have no
/// effect on the event; after a connection event `Control` has at least until then, or until the
/// end of the radio interrupt if the interval is too short for that.
pub(super) const PREPARE_LEAD: Duration = Duration::from_ms(1);

/// The time that the radio needs between two events: one ends on air this long before the next
/// begins.
pub(super) const TURNAROUND: Duration = Duration::from_us(200);

/// A user of the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// The advertiser, for an advertising event.
    Advertising,
    /// A connection, for a connection event.
    Link(LinkId),
}

/// A request for the radio: the next event of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// The owner of the event.
    pub(super) owner: Owner,
    /// Start of listening or sending.
    pub(super) from: Instant,
    /// What the event is for, and how long its owner has waited.
    pub(super) claim: Claim,
}

impl Wish {
    /// When to decide the request: ahead of time, or, while the radio is in use, as late as
    /// possible, since it may be free by then.
    pub(super) fn due(&self, busy: bool) -> Instant {
        due(self.from, busy)
    }
}

/// The same of an event that starts at `from`.
pub(super) const fn due(from: Instant, busy: bool) -> Instant {
    from.before(if busy { TURNAROUND } else { PREPARE_LEAD })
}

/// By when `owner` must have left the radio if it holds it like that.
pub(super) fn limit(wishes: impl Iterator<Item = Wish>, owner: Owner, hold: Hold) -> Instant {
    let others = wishes.filter(|wish| wish.owner != owner);
    schedule::limit(others.map(|wish| (wish.from.before(TURNAROUND), wish.claim)), hold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ble::schedule::Waited;

    const A: Owner = Owner::Link(LinkId(0));

    fn wish(owner: Owner, from_us: u64, claim: Claim) -> Wish {
        Wish { owner, from: Instant::from_us(from_us), claim }
    }

    /// Ahead of time, or as late as possible while the radio is in use.
    #[test]
    fn an_event_is_settled_later_while_the_radio_is_busy() {
        let wish = wish(A, 5_000, Claim::Event(Waited::NONE));
        assert_eq!(wish.due(false), Instant::from_us(4_000));
        assert_eq!(wish.due(true), Instant::from_us(4_800));
    }

    #[test]
    fn the_radio_is_left_in_time_to_turn_it_around_for_others() {
        let event = Claim::Event(Waited::NONE);
        let wishes = [wish(Owner::Advertising, 100, Claim::Anybody), wish(A, 1_000, event)];
        let by = |owner, hold| limit(wishes.into_iter(), owner, hold);
        assert_eq!(by(Owner::Advertising, Hold::Anybody), Instant::from_us(800));
        assert_eq!(by(A, Hold::Served), Instant::MAX);
        assert_eq!(by(Owner::Link(LinkId(1)), Hold::Event(Waited::NONE)), Instant::MAX);
    }
}
