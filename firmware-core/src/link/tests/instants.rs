//! Changes at an instant: not an event earlier, not an event later.

use super::*;
use crate::link::message::{Loss, NewParameters};
use ble::phy::Coding;

const FAST: NewParameters =
    NewParameters { win_size: 2, win_offset: 4, interval: 12, latency: 0, timeout: 100 };
const FAST_INTERVAL: Duration = Duration::from_us(15_000);

fn anchor_of(listen: &Listen) -> Instant {
    listen.middle()
}

/// LL-MAP-1: from the instant on.
/// LL-CHAN-1: channel sequence.
#[test]
fn a_channel_map_is_used_from_its_instant_on() {
    let mut b = established(|_| ());
    // Hop 5: events 1, 2, 3, 4 would use 10, 15, 20, 25. Without 15 and 20, the 21st used is 22.
    let channel_map = CHANNEL_MAP_ALL & !(1 << 15) & !(1 << 20);
    b.order(LinkOrder::ChannelMap { link: LINK, instant: 3, channel_map });
    let channels: Vec<u8> = (0..4).map(|_| b.silence().channel).collect();
    // Event 3: 20 mod 35 = 20, and used channel number 20 is 21 (15 left out, 20 left out: 22).
    assert_eq!(channels, [10, 15, 22, 25]);
}

/// LL-PHY-1: PHY in force.
#[test]
fn phys_change_at_their_instant_each_for_its_direction() {
    let mut b = established(|_| ());
    b.order(LinkOrder::Phy { link: LINK, instant: 2, tx: TxPhy::Le2M, rx: Phy::Le1M });
    let before = b.event(&empty(1, 1));
    assert_eq!(before.phy, TxPhy::Le1M);
    let listen = b.listens();
    assert_eq!(listen.phy, Phy::Le1M);
    let at = b.receives(listen.middle(), TxPhy::Le1M, &empty(0, 0), true).unwrap();
    assert_eq!(at.phy, TxPhy::Le2M);
    b.replies(&at);
    b.order(LinkOrder::Phy { link: LINK, instant: 3, tx: TxPhy::Le2M, rx: Phy::Le2M });
    assert_eq!(b.listens().phy, Phy::Le2M);
}

#[test]
fn an_instant_that_is_the_event_already_prepared_is_kept() {
    let mut b = established(|_| ());
    assert_eq!(b.listens().phy, Phy::Le1M);
    b.order(LinkOrder::Phy { link: LINK, instant: 1, tx: TxPhy::Le2M, rx: Phy::Le2M });
    let listen = b.listens();
    assert_eq!((listen.phy, listen.channel), (Phy::Le2M, 10));
    b.misses(listen.until);
    assert_eq!(b.ended(), (1, 2, false));
}

/// The radio listens already, or the first packet is there: only what takes effect in an event
/// that has not begun is a reason to prepare it again.
#[test]
fn what_is_prepared_or_has_begun_goes_on() {
    let orders = |instant| {
        [
            LinkOrder::ChannelMap { link: LINK, instant, channel_map: CHANNEL_MAP_ALL >> 1 },
            LinkOrder::Phy { link: LINK, instant, tx: TxPhy::Le2M, rx: Phy::Le2M },
            LinkOrder::Update { link: LINK, instant, parameters: FAST },
        ]
    };
    for (instant, begun) in [(2, false), (1, true), (2, true)] {
        for order in orders(instant) {
            let mut b = established(|_| ());
            let anchor = b.listens().middle();
            let exchange = |b: &mut Bench<1>| {
                let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true);
                reply.expect("an answer")
            };
            let reply = begun.then(|| exchange(&mut b));
            b.order(order.clone());
            assert_eq!(b.command, None, "{order:?} {begun}");
            let reply = reply.unwrap_or_else(|| exchange(&mut b));
            assert_eq!(reply.phy, TxPhy::Le1M);
            b.replies(&reply);
            assert_eq!(b.ended(), (1, 2, true));
        }
    }
}

/// LL-UPD-1: new parameters from the instant on.
#[test]
fn a_connection_update_opens_its_window_at_the_instant() {
    let mut b = established(|_| ());
    b.order(LinkOrder::Update { link: LINK, instant: 2, parameters: FAST });
    let listen = b.listens();
    let anchor = anchor_of(&listen);
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
    b.replies(&reply);
    let window = b.listens();
    // From the old schedule's anchor, 5 ms offset, 2.5 ms size; 100 ppm of 37.5 ms.
    let widening = Duration::from_us(37_500).ppm(100) + Duration::from_us(16);
    assert_eq!(window.from, (anchor + INTERVAL + Duration::from_us(5_000)).before(widening));
    assert_eq!(window.until, anchor + INTERVAL + Duration::from_us(7_500) + widening);
    let anchor = window.from + Duration::from_us(600);
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(0, 0), true).unwrap();
    b.replies(&reply);
    assert_eq!(anchor_of(&b.listens()), anchor + FAST_INTERVAL);
}

#[test]
fn a_missed_window_of_an_update_comes_again_after_the_new_interval() {
    let mut b = established(|_| ());
    b.order(LinkOrder::Update { link: LINK, instant: 1, parameters: FAST });
    let first = b.silence();
    let second = b.silence();
    assert!(second.from < first.from + FAST_INTERVAL);
    assert!(second.until > first.until + FAST_INTERVAL);
    assert_eq!(second.middle(), first.middle() + FAST_INTERVAL);
}

/// LL-SUP-3: supervision at an instant.
#[test]
fn supervision_restarts_at_the_instant() {
    let mut b = established(|_| ());
    let anchor = b.listens().middle();
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
    b.replies(&reply);
    b.order(LinkOrder::Update { link: LINK, instant: 2, parameters: FAST });
    let expiry = anchor + INTERVAL + Duration::from_us(5_000) + Duration::from_ms(1_000);
    while b.run(expiry.before(Duration::from_us(1))).is_some() {}
    assert_eq!(b.reports(), []);
    while b.run(expiry).is_some() {}
    let loss = Loss::SupervisionTimeout;
    assert_eq!(b.reports(), [LinkReport::Lost { link: LINK, loss }]);
}

/// LL-UPD-2: received at the instant.
#[test]
fn an_update_first_received_in_its_instant_makes_that_packet_the_anchor() {
    // Ordered during the event, and after it.
    for during in [true, false] {
        let mut b = established(|_| ());
        let anchor = b.listens().middle();
        let update = LinkOrder::Update { link: LINK, instant: 1, parameters: FAST };
        let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
        if during {
            b.order(update.clone());
        }
        b.replies(&reply);
        if !during {
            b.order(update);
        }
        let listen = b.listens();
        assert_eq!(anchor_of(&listen), anchor + FAST_INTERVAL);
        assert!(listen.until.since(listen.from) < Duration::from_us(50));
    }
}

/// LL-EVENT-2: event counter.
#[test]
fn instants_are_counted_across_the_wrap() {
    let mut b = established(|c| (c.latency, c.timeout) = (499, 3_200));
    // Sleep through the counter's range; every 500th event is heard.
    let mut n = 1;
    while b.ended().1 < 65_000 {
        b.event(&empty(n, n));
        n = 1 - n;
    }
    let next = b.ended().1;
    let instant = next.wrapping_add(600);
    assert!(instant < 600);
    b.order(LinkOrder::Phy { link: LINK, instant, tx: TxPhy::Le2M, rx: Phy::Le2M });
    while (1..0x8000).contains(&instant.wrapping_sub(b.ended().1)) {
        let listen = b.listens();
        assert_eq!(listen.phy, Phy::Le1M);
        let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(n, n), true).unwrap();
        b.replies(&reply);
        n = 1 - n;
    }
    assert_eq!(b.listens().phy, Phy::Le2M);
    assert_eq!(b.ended().0, instant.wrapping_sub(1));
}

#[test]
fn a_pdu_on_le_coded_keeps_the_coding_it_was_queued_with() {
    let mut b = established(|_| ());
    b.order(LinkOrder::Coding { link: LINK, coding: Coding::S2 });
    b.order(LinkOrder::Phy { link: LINK, instant: 1, tx: TxPhy::CodedS2, rx: Phy::LeCoded });
    b.order(send(1, 1));
    b.order(LinkOrder::Coding { link: LINK, coding: Coding::S8 });
    for (n, from, phy, octets) in
        [(1, TxPhy::CodedS8, TxPhy::CodedS2, 1), (0, TxPhy::CodedS2, TxPhy::CodedS8, 0)]
    {
        let listen = b.listens();
        assert_eq!(listen.phy, Phy::LeCoded);
        // The central may code as it likes.
        let reply = b.receives(listen.middle(), from, &empty(n, n), true).unwrap();
        assert_eq!((reply.phy, reply.payload.len()), (phy, octets));
        b.replies(&reply);
    }
}

/// LL-TIFS-3, LL-EVENT-4: 251 octets at S=8 last 17 ms. An interval of 20 ms has room for one such
/// packet and a short answer; in one of 15 ms an Empty PDU answers, or nothing if the long one was
/// on air before and can only be repeated.
#[test]
fn a_packet_that_would_run_into_the_next_anchor_is_not_sent() {
    for (interval, octets) in [(12, 0), (16, 255)] {
        let mut b = established(|c| c.interval = interval);
        b.order(LinkOrder::Phy { link: LINK, instant: 1, tx: TxPhy::CodedS8, rx: Phy::LeCoded });
        let payload = Payload::from_slice(&[7; 255]).unwrap();
        b.order(LinkOrder::Send { link: LINK, llid: Llid::Start, payload, tag: 1 });
        let listen = b.listens();
        let reply = b.receives(listen.middle(), TxPhy::CodedS8, &empty(1, 1), true).unwrap();
        assert_eq!(reply.payload.len(), octets, "{interval}");
        b.replies(&reply);
        if octets > 0 {
            // The central heard nothing, and takes so long that no time is left.
            let (start, long) = (b.listens().middle(), packet(1, 1, 0, Llid::Start, &[1; 100]));
            assert!(b.receives(start, TxPhy::CodedS8, &long, true).is_none());
        }
    }
}
