//! Peripheral latency.

use super::*;

/// Latency 4 at 30 ms, established by event 0 and acknowledged by event 1.
fn sleepy() -> Bench<1> {
    let mut b = established(|c| (c.latency, c.timeout) = (4, 400));
    b.event(&empty(1, 1));
    b
}

/// LL-LAT-1: peripheral latency.
/// LL-EVENT-2: event counter.
#[test]
fn events_are_skipped_and_counted() {
    let mut b = sleepy();
    let anchor = b.now.before(Duration::from_us(80 + 150 + 80));
    assert_eq!(b.ended(), (1, 6, true));
    let listen = b.listens();
    assert_eq!(listen.middle(), anchor + INTERVAL.times(5));
    // Five intervals of drift, and seven hops from 0.
    assert_eq!(listen.from, listen.middle().before(Duration::from_us(15 + 16)));
    assert_eq!(listen.channel, 35);
    let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(0, 0), true).unwrap();
    b.replies(&reply);
    assert_eq!(b.ended(), (6, 11, true));
}

/// LL-LAT-1: peripheral latency.
#[test]
fn nothing_is_skipped_before_the_connection_is_established() {
    let mut b = Bench::<1>::new();
    b.connect(ConnectInd { latency: 4, timeout: 400, ..request() });
    b.silence();
    assert_eq!(b.ended(), (0, 1, false));
}

/// LL-LAT-3: events that are not left out.
#[test]
fn nothing_is_skipped_before_an_acknowledgement() {
    let mut b = established(|c| (c.latency, c.timeout) = (4, 400));
    assert_eq!(b.ended(), (0, 1, true));
    // The answer has not arrived.
    b.event(&empty(0, 0));
    assert_eq!(b.ended(), (1, 2, true));
    b.event(&empty(1, 1));
    assert_eq!(b.ended(), (2, 7, true));
}

#[test]
fn nothing_is_skipped_after_a_missed_event() {
    let mut b = sleepy();
    b.silence();
    assert_eq!(b.ended(), (6, 7, false));
    b.event(&empty(0, 0));
    assert_eq!(b.ended(), (7, 12, true));
}

#[test]
fn a_queued_pdu_wakes_for_the_next_event() {
    let mut b = sleepy();
    let anchor = b.now.before(Duration::from_us(80 + 150 + 80));
    // In the middle of event 3's interval.
    b.run(anchor + INTERVAL.times(2) + Duration::from_ms(15));
    b.order(send(1, 1));
    let listen = b.listens();
    assert_eq!(listen.middle(), anchor + INTERVAL.times(3));
    assert_eq!(listen.channel, 25);
    // Until it is acknowledged, every event counts.
    let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(0, 0), true).unwrap();
    b.replies(&reply);
    assert_eq!(b.ended(), (4, 5, true));
    b.event(&empty(1, 1));
    assert_eq!(b.ended(), (5, 10, true));
}

#[test]
fn listening_always_suspends_latency() {
    let mut b = sleepy();
    b.order(LinkOrder::ListenAlways { link: LINK, on: true });
    b.event(&empty(0, 0));
    assert_eq!(b.ended(), (2, 3, true));
    b.order(LinkOrder::ListenAlways { link: LINK, on: false });
    b.event(&empty(1, 1));
    assert_eq!(b.ended(), (3, 8, true));
}

#[test]
fn an_order_without_effect_does_not_wake_the_link() {
    let mut b = sleepy();
    let anchor = b.now.before(Duration::from_us(80 + 150 + 80));
    b.order(LinkOrder::ListenAlways { link: LINK, on: false });
    assert_eq!(b.listens().middle(), anchor + INTERVAL.times(5));
}

/// LL-LAT-2: latency and instants.
#[test]
fn a_pending_instant_suspends_latency() {
    let mut b = sleepy();
    let channel_map = CHANNEL_MAP_ALL;
    b.order(LinkOrder::ChannelMap { link: LINK, instant: 4, channel_map });
    for (n, next) in [(2, 3), (3, 4)] {
        b.event(&empty(n % 2, n % 2));
        assert_eq!(b.ended().1, next as u16);
    }
    b.event(&empty(0, 0));
    assert_eq!(b.ended(), (4, 9, true));
}
