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
    b.requests(connect(ConnectInd { access_address: 0x7192_3456, win_size: 8, ..request() }));
    let mut anchors = [first, Instant::ZERO];
    let target = |first: Instant| first + apart;
    while anchors[1] == Instant::ZERO {
        let listen = b.listens();
        if listen.access_address == request().access_address {
            anchors[0] = listen.middle();
            let reply = b.receives(anchors[0], TxPhy::Le1M, &empty(1, 1), true);
            b.replies(&reply.unwrap());
        } else {
            let mut at = target(anchors[0]);
            while at < listen.from {
                at += INTERVAL;
            }
            let at = at.min(listen.until);
            b.receives(at, TxPhy::Le1M, &empty(0, 0), true).map(|reply| b.replies(&reply));
            anchors[1] = at;
        }
    }
    b
}

/// Each place has 16 handles, one after another; no two connections that can be there at the same
/// time share one, and 0x0100 and above are for others.
#[test]
fn handles_tell_places_and_generations_apart() {
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

/// What the radio reports is about the connection whose event is under way, and about none
/// between events or while something is advertised.
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

#[test]
fn connections_that_collide_take_turns() {
    // 0.4 ms are not enough for a packet, its answer and the way to the next channel.
    let mut b = two(Duration::from_us(400));
    b.reports.clear();
    let mut answers = [0; 2];
    for _ in 0..20 {
        let listen = b.listens();
        let which = usize::from(listen.access_address != request().access_address);
        if let Some(reply) = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), true) {
            b.replies(&reply);
            answers[which] += 1;
        }
    }
    assert!(answers.iter().all(|answered| *answered >= 6), "{answers:?}");
    assert_eq!(b.told(), []);
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
