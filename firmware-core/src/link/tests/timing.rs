//! Whether there is time: for an answer, for more of an event, for an event that begins late.

use super::*;
use crate::link::message::NewParameters;

/// The finest step of time.
const TICK: Duration = Duration::from_ticks(1);
/// Air time of an Empty PDU.
const EMPTY: Duration = Duration::from_us(80);

fn us(us: u64) -> Duration {
    Duration::from_us(us)
}

/// At 7.5 ms, in event 1, after a packet of the central with MD set and its answer. Gives when
/// the last answer of the event must have ended: T_IFS before the window of the next event, which
/// is widened by 100 ppm of 7.5 ms and 16 µs (LL-EVENT-4).
fn in_an_event(queued: &[&[u8]]) -> (Bench<1>, Instant) {
    let mut b = established(|c| c.interval = 6);
    let anchor = b.listens().middle();
    let reply = b.receives(anchor, TxPhy::Le1M, &packet(1, 1, 1, Llid::Start, &[1]), true);
    b.replies(&reply.unwrap());
    for (tag, octets) in (1..).zip(queued) {
        let payload = Payload::from_slice(octets).unwrap();
        b.order(LinkOrder::Send { link: LINK, llid: Llid::Start, payload, tag });
    }
    let widening = Duration::from_ticks(750 * 64) + us(16);
    (b, (anchor + us(7_500)).before(widening + T_IFS))
}

/// LL-EVENT-4, LL-TIFS-3: a queued PDU waits if it would end too late, and an Empty PDU answers in
/// its place as long as that is in time.
#[test]
fn an_answer_is_sent_if_it_ends_t_ifs_before_the_next_window() {
    let queued = [[7; 20].as_slice()];
    let long = TxPhy::Le1M.air_time(20);
    for (own, late, octets) in [
        (long, Duration::ZERO, Some(20)),
        (long, TICK, Some(0)),
        (EMPTY, Duration::ZERO, Some(0)),
        (EMPTY, TICK, None),
    ] {
        let (mut b, limit) = in_an_event(&queued);
        let start = limit.before(own + T_IFS + EMPTY) + late;
        let reply = b.receives(start, TxPhy::Le1M, &empty(0, 0), true);
        assert_eq!(reply.map(|reply| reply.payload.len()), octets, "{own:?} {late:?}");
    }
}

/// LL-RETX-1: what was on air comes again as it is, or nothing does.
#[test]
fn a_repetition_that_would_end_too_late_is_not_replaced() {
    for (late, octets) in [(Duration::ZERO, Some(20)), (TICK, None)] {
        let (mut b, limit) = in_an_event(&[[7; 20].as_slice()]);
        let more = packet(0, 0, 1, Llid::Start, &[2]);
        let start = b.now + T_IFS;
        let reply = b.receives(start, TxPhy::Le1M, &more, true).unwrap();
        assert_eq!((reply.payload.len(), reply.goes_on()), (20, true));
        b.replies(&reply);
        // The central heard nothing of it and repeats itself.
        let long = TxPhy::Le1M.air_time(20);
        let start = limit.before(long + T_IFS + TxPhy::Le1M.air_time(1)) + late;
        let reply = b.receives(start, TxPhy::Le1M, &more, true);
        assert_eq!(reply.map(|reply| reply.payload.len()), octets, "{late:?}");
    }
}

/// After the answer there must be time for the shortest packet of the central and one more answer.
#[test]
fn an_event_goes_on_if_another_exchange_fits() {
    for (late, goes_on) in [(Duration::ZERO, true), (TICK, false)] {
        let (mut b, limit) = in_an_event(&[]);
        let exchange = T_IFS + EMPTY + T_IFS + EMPTY;
        let start = limit.before(exchange + EMPTY + T_IFS + EMPTY) + late;
        // The central has more.
        let more = packet(0, 0, 1, Llid::Continuation, &[]);
        let reply = b.receives(start, TxPhy::Le1M, &more, true).unwrap();
        assert_eq!((reply.goes_on(), reply.bits().2), (goes_on, 0), "{late:?}");
    }
}

/// MD promises a packet: it is set if there is one, and if it will fit.
#[test]
fn md_is_set_if_the_next_packet_fits() {
    for (late, md) in [(Duration::ZERO, 1), (TICK, 0)] {
        let (mut b, limit) = in_an_event(&[[7; 10].as_slice(), &[8; 30]]);
        let (first, second) = (TxPhy::Le1M.air_time(10), TxPhy::Le1M.air_time(30));
        let exchange = T_IFS + EMPTY + T_IFS + second;
        let start = limit.before(exchange + first + T_IFS + EMPTY) + late;
        let reply = b.receives(start, TxPhy::Le1M, &empty(0, 0), true).unwrap();
        assert_eq!((reply.bits().2, reply.goes_on()), (md, md == 1), "{late:?}");
        assert_eq!(reply.payload.len(), 10);
    }
    // Nothing follows, and the central has nothing either.
    let (mut b, limit) = in_an_event(&[&[7; 10]]);
    let reply = b.receives(limit.before(us(3_000)), TxPhy::Le1M, &empty(0, 0), true).unwrap();
    assert_eq!((reply.bits().2, reply.goes_on()), (0, false));
}

/// LL-TIFS-2: the peripheral only answers.
#[test]
fn an_answer_can_be_ordered_until_t_ifs_is_over() {
    for (after, answered) in [(us(0), true), (us(150), true), (us(150) + TICK, false)] {
        let mut b = established(|_| ());
        let start = b.listens().middle();
        b.now = start + EMPTY + after;
        let reply = b.receives(start, TxPhy::Le1M, &empty(1, 1), true);
        assert_eq!(reply.is_some(), answered, "{after:?}");
    }
}

/// A late runner still hears the rest of the window; after the window, the event counts as skipped
/// (LL-EVENT-2).
#[test]
fn an_event_that_begins_late_is_heard_as_far_as_it_is_left() {
    let next = |late: fn(Instant, Instant) -> Instant| {
        let mut b = established(|_| ());
        let prompt = b.foresees();
        b.now = late(prompt.from, prompt.until);
        (prompt, b.now, b.listens())
    };
    let (prompt, now, listen) = next(|from, _| from + TICK);
    assert_eq!((listen.from, listen.until, listen.channel), (now, prompt.until, prompt.channel));
    let (_, now, listen) = next(|_, until| until);
    assert_eq!((listen.from, listen.until, listen.channel), (now, now, 10));
    for (late, events, channel) in
        [(TICK, 1, 15), (us(29_000), 1, 15), (us(31_000), 2, 20), (us(100_000), 4, 30)]
    {
        let mut b = established(|_| ());
        let prompt = b.foresees();
        b.now = prompt.until + late;
        let listen = b.listens();
        assert_eq!(listen.middle(), prompt.middle() + INTERVAL.times(events), "{late:?}");
        assert_eq!(listen.channel, channel);
    }
}

/// Half a millisecond ahead of a window that was to be skipped there is time to change one's mind.
#[test]
fn a_pdu_that_comes_shortly_before_a_skipped_event_waits_for_the_next() {
    for (late, skipped) in [(Duration::ZERO, 0), (TICK, 1)] {
        let mut b = established(|c| (c.latency, c.timeout) = (4, 400));
        b.event(&empty(1, 1));
        let anchor = b.now.before(us(80 + 150 + 80));
        let window = (anchor + INTERVAL).before(WIDENING);
        b.run(window.before(us(500)) + late);
        b.order(send(1, 1));
        assert_eq!(b.listens().middle(), anchor + INTERVAL.times(1 + skipped), "{late:?}");
    }
}

/// LL-UPD-1, LL-UPD-2: an order within an event waits, unless its instant is that event.
#[test]
fn an_update_for_a_later_event_changes_nothing_in_this_one() {
    let new = NewParameters { win_size: 1, win_offset: 0, interval: 12, latency: 0, timeout: 100 };
    for (instant, interval) in [(1, us(15_000)), (2, INTERVAL), (3, INTERVAL)] {
        let mut b = established(|_| ());
        let anchor = b.listens().middle();
        let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
        b.order(LinkOrder::Update { link: LINK, instant, parameters: new });
        b.replies(&reply);
        let from = b.listens().from;
        let expected = anchor + interval;
        assert!(from <= expected && expected.since(from) <= us(20), "{instant}");
    }
}

/// LL-SUP-3: an update gives a new timeout, not a new life.
#[test]
fn an_update_after_the_supervision_timeout_does_not_save_the_connection() {
    // 420 ms are 14 intervals.
    let parameters =
        NewParameters { win_size: 1, win_offset: 0, interval: 24, latency: 0, timeout: 3_200 };
    for (instant, saved) in [(13, true), (15, false)] {
        let mut b = established(|_| ());
        b.order(LinkOrder::Update { link: LINK, instant, parameters });
        for _ in 0..20 {
            if let Some(RadioCommand::Receive { until, .. }) = b.run(b.now + INTERVAL) {
                b.misses(until + us(40));
            }
        }
        let lost = b.reports().iter().any(|report| matches!(report, LinkReport::Lost { .. }));
        assert_eq!(lost, !saved, "{instant}");
    }
}

/// Before a connection's window there must be time for the PDU, the longest request (CONNECT_IND,
/// 34 octets), the longest response (37 octets), T_IFS before each, and 0.2 ms to tune.
#[test]
fn an_advertising_pdu_is_sent_if_all_that_may_follow_fits() {
    let [pdu, request, response] = [9, 34, 37].map(|octets| TxPhy::Le1M.air_time(octets));
    let answered = pdu + T_IFS + request + T_IFS + response;
    for (kind, needs) in [
        (AdvertisingType::ConnectableUndirected, answered),
        (AdvertisingType::ScannableUndirected, answered),
        (AdvertisingType::NonConnectable, pdu),
    ] {
        for (late, sent) in [(Duration::ZERO, true), (TICK, false)] {
            let mut b = established(|_| ());
            let window = b.foresees().from;
            // It begins a millisecond after it was ordered.
            b.run(window.before(us(200) + needs + us(1_000)) + late);
            b.order(LinkOrder::Advertise(Advertising { kind, ..advertising() }));
            let transmits = matches!(b.next_command(), RadioCommand::Transmit { .. });
            assert_eq!(transmits, sent, "{kind:?} {late:?}");
        }
    }
}

/// With a late runner, the PDU is sent as soon as the radio is tuned.
#[test]
fn an_advertising_event_that_begins_late_begins_at_once() {
    let mut b = Bench::<1>::new();
    let ordered = b.now;
    b.order(LinkOrder::Advertise(advertising()));
    assert_eq!(b.link.deadline(), Some(ordered));
    b.now = ordered + us(5_000);
    assert_eq!(b.advertises().0, ordered + us(5_300));
}
