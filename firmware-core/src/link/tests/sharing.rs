//! One radio for connections and advertising.

use super::*;

const SECOND: LinkId = LinkId(1);

#[test]
fn advertising_gives_way_to_a_connection() {
    let mut b = established(|c| c.interval = 6);
    let quiet = Advertising { kind: AdvertisingType::NonConnectable, ..advertising() };
    b.order(LinkOrder::Advertise(Advertising { interval: 0x20, ..quiet }));
    let (mut events, mut advertisements, mut n, mut free) = (0, 0, 1, b.now);
    while events < 200 {
        match b.next_command() {
            RadioCommand::Receive { from, until, .. } => {
                assert!(from >= free);
                let middle = Instant::from_ticks((from.ticks() + until.ticks()) / 2);
                let reply = b.receives(middle, TxPhy::Le1M, &empty(n, n), true).unwrap();
                free = b.replies(&reply);
                (events, n) = (events + 1, 1 - n);
            }
            RadioCommand::Transmit { at, phy, pdu, .. } => {
                assert!(at >= free);
                free = at + phy.air_time(pdu.payload_len());
                b.radio(free, RadioEvent::Transmitted { start: at, end: free });
                advertisements += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(b.ended().0, 200);
    assert!(advertisements > 40, "{advertisements}");
}

/// Two connections at 30 ms, both established; the second one's anchor comes `apart` later.
fn two(apart: Duration) -> Bench<2> {
    let mut b = Bench::<2>::new();
    b.connect(request());
    let listen = b.listens();
    let first = listen.from + Duration::from_us(100);
    let reply = b.receives(first, TxPhy::Le1M, &empty(0, 0), true).unwrap();
    b.replies(&reply);
    b.order(LinkOrder::Advertise(advertising()));
    b.advertises();
    // A window around the anchor wanted: it begins one to two units before.
    let (unit, end) = (Duration::from_us(1_250), b.now + T_IFS + TxPhy::Le1M.air_time(34));
    let mut anchor = first + apart;
    while anchor < end + unit.times(2) {
        anchor += INTERVAL;
    }
    let units = anchor.since(end).ticks() / unit.ticks();
    let win_offset = u16::try_from(units - 2).unwrap();
    b.requests(connect(ConnectInd { access_address: 0x7192_3456, win_offset, ..request() }));
    loop {
        let listen = b.listens();
        if listen.access_address != request().access_address {
            assert!(listen.from < anchor && anchor < listen.until);
            let reply = b.receives(anchor, TxPhy::Le1M, &empty(0, 0), true);
            b.replies(&reply.unwrap());
            return b;
        }
        let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), true);
        b.replies(&reply.unwrap());
    }
}

/// Each place has 16 handles, one after another; no two connections that can be there at the same
/// time share one, and 0x0100 and above are for others.
#[test]
fn handles_distinguish_places_and_generations() {
    let mut handles = std::collections::BTreeSet::new();
    for place in 0..16 {
        for generation in 0..16 {
            let handle = LinkId(place).handle(generation);
            assert_eq!(LinkId::of(handle), LinkId(place));
            assert_eq!(LinkId(place).handle(generation + 16), handle);
            assert!(handle.0 < 0x0100);
            handles.insert(handle);
        }
    }
    assert_eq!(handles.len(), 256);
    assert_eq!(usize::from(LinkId(15).0) + 1, LinkId::MAX);
}

/// Reports of the radio concern the connection whose event is under way, and no connection between
/// events or while advertising.
#[test]
fn it_is_known_who_is_served() {
    let mut b = two(Duration::from_ms(9));
    for _ in 0..4 {
        let listen = b.listens();
        let first = listen.access_address == request().access_address;
        assert_eq!(b.link.serves(), Some(if first { LINK } else { SECOND }));
        let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), true).unwrap();
        b.replies(&reply);
        assert_eq!(b.link.serves(), None);
    }
    let mut b = Bench::<1>::new();
    b.advertise(advertising());
    assert_eq!(b.link.serves(), None);
}

#[test]
fn reports_are_there_until_they_are_fetched() {
    let mut b = Bench::<1>::new();
    b.connect(request());
    assert!(!b.link.has_reports());
    let deadline = b.link.connections[0].as_ref().unwrap().supervision();
    let _ = b.link.timer(deadline);
    assert!(b.link.has_reports());
    while b.link.report().is_some() {}
    assert!(!b.link.has_reports());
}

#[test]
fn two_connections_are_both_served() {
    let mut b = two(Duration::from_ms(9));
    b.reports.clear();
    for _ in 0..10 {
        let listen = b.listens();
        let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), true).unwrap();
        b.replies(&reply);
    }
    for link in [LINK, SECOND] {
        let heard = b.reports.iter().filter(|report| match report {
            LinkReport::EventEnded { link: of, heard, .. } => *of == link && *heard,
            _ => false,
        });
        assert_eq!(heard.count(), 5);
    }
}

/// How often each of two connections answers its central in as many intervals, with the timer
/// called when it is due.
fn answers(b: &mut Bench<2>, intervals: u64) -> [u64; 2] {
    let end = b.now + INTERVAL.times(intervals);
    let mut answers = [0; 2];
    while b.now < end {
        let listen = b.listens();
        let which = usize::from(listen.access_address != request().access_address);
        let heard = listen.middle() + TxPhy::Le1M.air_time(0);
        if !b.passes(heard) {
            continue;
        }
        if let Some(reply) = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), true) {
            assert!(b.passes(reply.end + T_IFS + reply.len), "an answer is finished");
            b.replies(&reply);
            answers[which] += 1;
        }
    }
    answers
}

/// There is no time for both where the second packet comes before the first is answered, or less
/// than 0.2 ms after that: then each connection has every other event.
#[test]
fn connections_that_collide_take_turns() {
    for (apart, collide) in
        [(10, true), (100, true), (300, true), (500, true), (540, false), (9_000, false)]
    {
        let mut b = two(Duration::from_us(apart));
        b.reports.clear();
        let answers = answers(&mut b, 20);
        let each = if collide { 9..=11 } else { 19..=21 };
        assert!(answers.iter().all(|n| each.contains(n)), "{apart} µs: {answers:?}");
        assert_eq!(b.reports(), []);
    }
}

/// It still listens for more of its central when the other one's window comes.
#[test]
fn a_connection_that_has_answered_makes_way() {
    let apart = Duration::from_ms(2);
    let mut b = two(apart);
    let first = b.listens();
    assert_eq!(first.access_address, request().access_address);
    let more = packet(1, 1, 1, Llid::Continuation, &[]);
    let reply = b.receives(first.middle(), TxPhy::Le1M, &more, true).unwrap();
    assert!(reply.goes_on());
    b.replies(&reply);
    let second = b.listens();
    assert_ne!(second.access_address, request().access_address);
    assert_eq!(second.middle(), first.middle() + apart);
}

/// `Control` may still order something for a connection that it does not know to be lost.
#[test]
fn the_place_of_a_lost_connection_stays_empty_until_it_is_given_back() {
    for (dropped, place) in [(false, SECOND), (true, LINK)] {
        let mut b = Bench::<2>::new();
        b.connect(request());
        while !b.reports.iter().any(|report| matches!(report, LinkReport::Lost { .. })) {
            if let Some(RadioCommand::Receive { until, .. }) = b.run(b.now + INTERVAL) {
                b.misses(until + Duration::from_us(40));
            }
        }
        if dropped {
            b.order(LinkOrder::Drop(LINK));
        }
        b.reports.clear();
        b.order(LinkOrder::Advertise(advertising()));
        b.advertises();
        b.requests(connect(ConnectInd { access_address: 0x7192_3456, ..request() }));
        let link = b.reports.iter().find_map(|report| match report {
            LinkReport::Connected { link, .. } => Some(*link),
            _ => None,
        });
        assert_eq!(link, Some(place));
    }
}
